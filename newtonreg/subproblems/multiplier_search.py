"""The search of `MoreSorensen` for the multiplier: one Cholesky factorization a step, a bracket around it that only shrinks."""

import math

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.subproblems.lanczos import estimate_multiplier
from newtonreg.subproblems.safeguards import generic_direction
from newtonreg.subproblems.trial_multiplier import try_multiplier

__all__ = ["MultiplierSearch"]

_NOISE = 2e-15
"""Of ‖B‖∞: the rounding of a factorization."""
_NEGLIGIBLE = 1e-12
"""Of ‖B‖∞: a multiplier that counts as zero. With a singular B it keeps the noise of the gradient, 1e-16, out of the step."""


class MultiplierSearch:
    """Where λ can still be, and where to look next; all scalars are Python floats.

    Parameters
    ----------
    model : QuadraticModel
    radius : float
    rtol : float in (0, 1)
        As in `MoreSorensen`.

    Notes
    -----
    `lower` and `upper` enclose λ: first by ‖g‖ and ‖B‖∞, then by factorizations that fail and steps that are too long
    from below, by Rayleigh quotients from below, by steps that are too short from above (Conn, Gould & Toint 2000, §7.3.8).
    Between them Newton's method decides; where it leaves them, or gives no answer, the distance from the lowest eigenvalue.
    """

    def __init__(self, model, radius, rtol):
        self.model, self.radius, self.rtol = model, radius, rtol
        xp = namespace(model.matrix)
        rows = xp.sum(xp.abs(model.matrix), axis=1)
        bounds = xp.min(xp.linalg.diagonal(model.matrix)), xp.max(rows), xp.sum(rows)
        self.gradient_norm, least, size, total = to_floats(linalg.norm(model.gradient), *bounds)
        force = self.gradient_norm / radius if radius > 0.0 else math.inf
        self.is_well_posed = math.isfinite(force + total) and radius < math.inf
        self.noise = _NOISE * size
        self.negligible = _NEGLIGIBLE * size
        self.lower = max(0.0, -least, force - size)
        self.upper = force + size + 2.0 * self.noise
        self.multiplier = 0.0
        self._estimate = None
        self._margin = 0.0
        self._last = None
        self._bracketed = False
        self._direction = generic_direction(model.gradient)

    def start(self):
        """Choose the first multiplier: 0, unless a bound already excludes it."""
        if self.lower > 0.0:
            self.multiplier = min(self._estimated(), self.upper)

    def advance(self):
        """One factorization: the step where it is good enough or as good as it gets, else None and another multiplier."""
        trial = try_multiplier(self.model, self.multiplier)
        if trial is None:
            self.lower = max(self.lower, self.multiplier)
            self.multiplier = min(self._after_failure(), self.upper)
            return None
        self._last = trial
        if trial.norm <= self.radius and trial.multiplier <= self.negligible:
            return trial.plain_step(False)._replace(multiplier=0.0)
        if abs(trial.norm - self.radius) <= self.rtol * self.radius:
            return trial.plain_step(True)
        step = self._too_short(trial) if trial.norm < self.radius else self._too_long(trial)
        if step is None and self.multiplier == trial.multiplier:
            return self.best()
        return step

    def best(self):
        """A step in the ball from the last factor, or from the upper bound's where there is none; None if even that fails."""
        trial = self._last or try_multiplier(self.model, self.upper)
        if trial is None:
            return None
        if trial.norm > self.radius:
            return trial.shortened_step(self.radius)
        completed = trial.completed_step(trial.complete(self._direction, self.radius), self.radius)
        return max(trial.plain_step(False), completed, key=lambda step: step.predicted_reduction)

    def _too_short(self, trial):
        """After ‖p‖ < radius: in the hard case the lowest eigenvector completes the step; else λ decreases."""
        self._bracketed = True
        self.upper = min(self.upper, trial.multiplier)
        completion = trial.complete(self._direction, self.radius)
        self._direction = completion.direction
        if self._is_good(trial, completion):
            return trial.completed_step(completion, self.radius)
        self.lower = max(self.lower, trial.multiplier - completion.curvature)
        # Not closer to the lowest eigenvalue than its estimate is good for, nor than the completion needs to be accepted.
        distance = max(2.0 * completion.spread, self._hard_distance(trial.multiplier))
        nearest = self.lower + min(distance, 0.25 * (self.upper - self.lower))
        self.multiplier = self._between(max(trial.newton(self.radius), nearest))
        return None

    def _too_long(self, trial):
        """After ‖p‖ > radius: λ increases by Newton's method, which from here does not overshoot."""
        self.lower = max(self.lower, trial.multiplier)
        following = trial.newton(self.radius)
        if following - trial.multiplier <= 10.0 * self._hard_distance(trial.multiplier):
            completion = trial.complete(self._direction, self.radius)
            self._direction = completion.direction
            if self._is_good(trial, completion):
                return trial.completed_step(completion, self.radius)
        if self._estimate is None:
            self._estimated()
        if self._estimate.multiplier < self.upper:
            following = max(following, self._estimate.multiplier)
        self.multiplier = self._between(following)
        return None

    def _is_good(self, trial, completion):
        """Whether p + τz satisfies (B + λI) p = −g to rtol or to rounding, and keeps the reduction; False where τ is NaN."""
        length, radius, multiplier = abs(completion.length), self.radius, trial.multiplier
        tolerance = self.rtol * (self.gradient_norm + multiplier * radius) + 8.0 * self.noise * radius
        lost = length * length * completion.curvature
        return length * completion.residual <= tolerance and lost <= 0.1 * (trial.energy + multiplier * radius * radius)

    def _hard_distance(self, multiplier):
        """Distance of λ from minus the lowest eigenvalue at which a completion of any length is surely accepted."""
        return 0.3 * self.rtol * (self.gradient_norm / self.radius + multiplier) + 4.0 * self.noise

    def _between(self, multiplier):
        """`multiplier` where it is inside the bracket, else the middle."""
        return multiplier if self.lower < multiplier < self.upper else 0.5 * (self.lower + self.upper)

    def _after_failure(self):
        """Where to look after B + λI was not positive definite."""
        if self._bracketed:
            return 0.5 * (self.lower + self.upper)
        if self._estimate is None:
            guess = self._estimated()
            # Perhaps B is only singular, and its minimizer in the ball: the space, not quite the gradient's, cannot know.
            return guess if self._sees_negative_curvature() else self.lower + self.negligible
        if self._sees_negative_curvature():
            self._margin *= 10.0
            return self.lower + self._margin
        # Negative curvature that the Krylov space does not contain: its order of magnitude is all there is to look for.
        return math.sqrt(max(self.lower, self.negligible) * self.upper)

    def _estimated(self):
        """Where the Krylov space says, at a distance from the lowest eigenvalue that makes up for what it does not contain."""
        estimate = self._estimate = estimate_multiplier(self.model, self.gradient_norm, self.radius)
        self.lower = max(self.lower, -estimate.lowest - self.noise)
        self._margin = max(estimate.error if self._sees_negative_curvature() else 0.0, self.negligible)
        return max(estimate.multiplier, self.lower + self._margin)

    def _sees_negative_curvature(self):
        return self._estimate.lowest < -self.negligible
