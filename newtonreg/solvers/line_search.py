"""Step lengths along a direction: backtracking to a sufficient decrease, and bracketing to the strong Wolfe conditions."""

import math
from functools import cached_property
from typing import Any, NamedTuple

from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers.acceptance import rounding_noise

__all__ = ["LineSearchResult", "Ray", "armijo", "strong_wolfe"]

_LEAST_SHRINKING, _MOST_SHRINKING = 0.5, 0.1
"""Bounds of a backtracking factor."""
_LEAST_GROWTH, _MOST_GROWTH, _BLIND_GROWTH = 1.1, 10.0, 4.0
"""Bounds of an extrapolation, and its factor where the slope does not rise."""
_EDGE = 0.02
"""Of a bracket, that an interpolated length keeps away from its ends."""
_TAIL = 1e-8
"""Of F, below which a change of F is read off slopes, as in `acceptance.reduction_ratio`."""
_NARROW = 1e-6
"""Of its length, below which a bracket holds a kink or a wall rather than a Wolfe point."""
_NARROW_TAIL = 1e-3
"""The same where F is constant to 1e-8: there it is quadratic to all digits, and such a bracket holds rounding of the slopes."""


class LineSearchResult(NamedTuple):
    """The point that a line search stopped at.

    Attributes
    ----------
    point : Evaluation
        The objective at params + length × direction, with what the search computed there.
    length : float
        t > 0.
    n_evaluations : int
        Values of F that the search took.
    slope : float
        φ'(0) < 0.
    final_slope : float
        φ'(t).
    """

    point: Any
    length: float
    n_evaluations: int
    slope: float
    final_slope: float

    @property
    def predicted_reduction(self):
        """−½ t (φ'(0) + φ'(t)): the decrease of a quadratic with these slopes, known more exactly than a difference of F."""
        return -0.5 * self.length * (self.slope + self.final_slope)


class Trial:
    """φ at one length; its slope on first use."""

    def __init__(self, point, direction, length):
        self.point = point
        self.length = length
        self.value = point.value
        self._direction = direction

    @cached_property
    def slope(self):
        """φ'(t), a Python float; not finite where the gradient is not."""
        return to_floats(namespace(self._direction).vecdot(self.point.gradient, self._direction))[0]

    @property
    def has_slope(self):
        """Whether the slope was computed."""
        return "slope" in self.__dict__

    @property
    def is_finite(self):
        """Whether all is finite that was computed."""
        return math.isfinite(self.value) and not (self.has_slope and not math.isfinite(self.slope))


class Ray:
    """φ(t) = F(x + t p) for t ≥ 0.

    Parameters
    ----------
    objective : Objective
    point : Evaluation
        The objective at x.
    direction : array of shape (p,)
        p.
    sufficient_decrease : float, default=1e-4
        c₁, see `decreases`.
    """

    def __init__(self, objective, point, direction, sufficient_decrease=1e-4):
        self.start = Trial(point, direction, 0.0)
        self.n_evaluations = 0
        self._objective = objective
        self._direction = direction
        self._share = sufficient_decrease
        self.tail = _TAIL * abs(point.value)

    @property
    def descends(self):
        """Whether φ'(0) is negative and finite."""
        return -math.inf < self.start.slope < 0.0

    def at(self, length):
        """A new `Trial`; what it computes, it keeps."""
        self.n_evaluations += 1
        return Trial(self._objective.at(self.start.point.params + length * self._direction), self._direction, length)

    def decreases(self, trial):
        """φ(t) ≤ φ(0) + c₁ t φ'(0); never where φ(t) is not finite."""
        # a difference on the left, because the sum of φ(0) and a tiny decrease rounds to φ(0)
        rise = trial.value - self.start.value
        return math.isfinite(trial.value) and rise <= self._share * trial.length * self.start.slope

    def decreases_by_slopes(self, trial):
        """The same with ½ t (φ'(0) + φ'(t)) for φ(t) − φ(0), which may be rounding: φ'(t) ≤ (1 − 2 c₁) |φ'(0)|.

        Only where F changes, and was to change, by less than 1e-8 of itself.
        """
        rise, promised = abs(trial.value - self.start.value), trial.length * abs(self.start.slope)
        return max(rise, promised) <= self.tail and trial.slope <= (1.0 - 2.0 * self._share) * abs(self.start.slope)

    def result(self, trial):
        """`LineSearchResult` at `trial`."""
        return LineSearchResult(trial.point, trial.length, self.n_evaluations, self.start.slope, trial.slope)


def armijo(objective, point, direction, first=1.0, sufficient_decrease=1e-4, max_evaluations=60):
    """The first of a falling sequence of lengths with φ(t) ≤ φ(0) + c₁ t φ'(0), where φ(t) = F(x + t p).

    Parameters
    ----------
    objective : Objective
    point : Evaluation
        The objective at x.
    direction : array of shape (p,)
        p, with ∇Fᵀp < 0.
    first : float > 0, default=1.0
        Length of the first trial: 1 for a Newton step.
    sufficient_decrease : float in (0, 1/2), default=1e-4
        c₁.
    max_evaluations : int, default=60

    Returns
    -------
    LineSearchResult or None
        None where p is no descent direction, or no trial decreases F by more than rounding.

    Notes
    -----
    A trial costs one value, the accepted one also its gradient. The next length minimizes the quadratic, later the cubic through
    what is known, between 0.1 t and 0.5 t. A trial that is not finite is followed by 0.1 t. Near a minimizer differences of F
    are rounding and cannot tell a good trial from a bad one; the first trial is then judged by slopes, see
    `Ray.decreases_by_slopes`.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), §3.5; Hager & Zhang, *A new conjugate gradient method with guaranteed
    descent and an efficient line search* (2005), (4.1) for the approximate condition.
    """
    ray = Ray(objective, point, direction, sufficient_decrease)
    if not ray.descends:
        return None
    previous, trial = None, ray.at(float(first))
    if ray.decreases_by_slopes(trial):
        return ray.result(trial)
    for _ in range(max_evaluations):
        if ray.decreases(trial) and math.isfinite(trial.slope):
            return ray.result(trial)
        promised = trial.length * abs(ray.start.slope)
        if promised <= rounding_noise(point.value) or ray.n_evaluations >= max_evaluations:
            break
        previous, trial = trial, ray.at(_backtracked(ray.start, trial, previous))
    return None


def _backtracked(start, trial, previous):
    """A length below that of `trial`."""
    t = trial.length
    if not trial.is_finite:
        return _MOST_SHRINKING * t
    # φ(t) = φ(0) + t φ'(0) + t² excess, and excess = b + a t for the cubic
    excess = (trial.value - start.value - t * start.slope) / t / t
    length = -0.5 * start.slope / excess if excess > 0.0 else math.nan
    if previous is not None and math.isfinite(previous.value):
        before = (previous.value - start.value - previous.length * start.slope) / previous.length / previous.length
        a = (before - excess) / (previous.length - t)
        b = excess - a * t
        inside = b * b - 3.0 * a * start.slope
        if b + math.sqrt(max(inside, 0.0)) > 0.0:
            length = -start.slope / (b + math.sqrt(max(inside, 0.0)))
    if not math.isfinite(length):
        return _LEAST_SHRINKING * t
    return min(max(length, _MOST_SHRINKING * t), _LEAST_SHRINKING * t)


def strong_wolfe(objective, point, direction, first=1.0, sufficient_decrease=1e-4, slope_reduction=0.9, max_evaluations=60):
    """A length with φ(t) ≤ φ(0) + c₁ t φ'(0) and |φ'(t)| ≤ c₂ |φ'(0)|, where φ(t) = F(x + t p).

    Parameters
    ----------
    objective : Objective
    point : Evaluation
        The objective at x.
    direction : array of shape (p,)
        p, with ∇Fᵀp < 0.
    first : float > 0, default=1.0
        Length of the first trial: 1 for a quasi-Newton step.
    sufficient_decrease : float, default=1e-4
        c₁, 0 < c₁ < c₂.
    slope_reduction : float, default=0.9
        c₂, c₁ < c₂ < 1; a small one makes the search nearly exact.
    max_evaluations : int, default=60

    Returns
    -------
    LineSearchResult or None
        None where p is no descent direction, or no trial decreases F by more than rounding. Where there is no Wolfe point to be
        found (a kink, a wall of values that are not finite, F unbounded below), a step that only decreases F sufficiently: the
        shortest beyond the kink, or the longest found; `final_slope` tells.

    Notes
    -----
    The lower end of the bracket decreases F sufficiently and is steeper than c₂ downwards; the upper end does not decrease F
    sufficiently, or is steeper than c₂ upwards. Then φ(t) − c₁ t φ'(0) has a minimum inside, which is a Wolfe point, and so
    bisection alone would find one. No two trials are compared with each other. Near a minimizer, where values differ by
    rounding, slopes stand for them (`Ray.decreases_by_slopes`): gradients go on shrinking when F no longer changes.

    A trial costs one value, and a gradient where that decreases F. Lengths are interpolated by cubics in the bracket (by secants
    of the slopes where values are rounding, by quadratics where one slope is unknown), with a bisection after a
    step that did not halve the bracket.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithms 3.5 and 3.6, with the rule for the bracket as above; Hager &
    Zhang, *A new conjugate gradient method with guaranteed descent and an efficient line search* (2005), (4.1), the approximate
    Wolfe conditions.
    """
    ray = Ray(objective, point, direction, sufficient_decrease)
    if not ray.descends:
        return None
    flat = slope_reduction * abs(ray.start.slope)
    low, high, length, before = ray.start, None, float(first), math.inf
    for _ in range(max_evaluations):
        trial = ray.at(length)
        falls = ray.decreases(trial) or ray.decreases_by_slopes(trial)
        if falls and abs(trial.slope) <= flat:
            return ray.result(trial)
        if falls and trial.slope < -flat:
            previous, low = low, trial
            length = _extrapolated(previous, low)
        else:
            high = trial
        if high is not None:
            width = high.length - low.length
            is_tail = high.length * abs(ray.start.slope) <= ray.tail
            if width <= (min(_NARROW_TAIL, slope_reduction) if is_tail else _NARROW) * high.length:
                break
            length = low.length + width * (_interpolated(low, high, ray.tail) if width <= 0.5 * before else 0.5)
            before = width
    # beyond a kink φ may still be lower, and rise: then the pair of slopes tells a secant update of the kink
    best = next(
        (trial for trial in (high, low) if trial not in (None, ray.start) and ray.decreases(trial) and trial.is_finite), None
    )
    return None if best is None else ray.result(best)


def _extrapolated(previous, low):
    """A length beyond `low`, by the secant of the slopes at the last two lengths."""
    rise = low.slope - previous.slope
    if not rise > 0.0:
        return _BLIND_GROWTH * low.length
    target = low.length - (low.length - previous.length) * low.slope / rise
    return min(max(target, _LEAST_GROWTH * low.length), _MOST_GROWTH * low.length)


def _interpolated(low, high, tail):
    """Where to go in a bracket, as a fraction of its width from `low`."""
    if not high.is_finite:
        return 0.1 if low.length == 0.0 else 0.5
    width, rise = high.length - low.length, high.value - low.value
    if not high.has_slope:
        bend = rise - low.slope * width
        fraction = -0.5 * low.slope * width / bend if bend > 0.0 else math.nan
    elif abs(rise) <= tail:
        fraction = low.slope / (low.slope - high.slope)
    else:
        # the minimizer of the cubic through both values and slopes, one of which is negative and one positive
        middle = low.slope + high.slope - 3.0 * rise / width
        root = math.sqrt(middle * middle - low.slope * high.slope)
        fraction = 1.0 - (high.slope + root - middle) / (high.slope - low.slope + 2.0 * root)
    return min(max(fraction, _EDGE), 1.0 - _EDGE) if math.isfinite(fraction) else 0.5
