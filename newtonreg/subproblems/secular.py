"""The trust-region problem in the eigenbasis of its matrix, where it is one equation in one unknown; on host vectors."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace

__all__ = ["SecularSolution", "completed", "divided", "minimize_in_ball", "without_noise"]

_EPS = 2.220446049250313e-16
_MAX_ITER = 100
"""Newton takes 3 to 6; bisection, which is what is left where rounding defeats it, halves the exponent."""


class SecularSolution(NamedTuple):
    """Minimizer of Σ c_i y_i + ½ w_i y_i² over ‖y‖ ≤ radius."""

    coordinates: Any
    """y (p,)."""
    shifted: Any
    """w + λ ≥ 0 (p,), with full relative accuracy also where it is tiny."""
    multiplier: float
    """λ."""
    on_boundary: bool
    undirected: bool
    """The hard case: the first coordinate is positive, and its negative would do as well."""

    @property
    def reduction(self):
        """−(Σ c_i y_i + ½ w_i y_i²) = ½ Σ (w_i + λ) y_i² + ½ λ ‖y‖²: no differences, so it keeps its digits."""
        xp = namespace(self.coordinates)
        squares = self.coordinates * self.coordinates
        return 0.5 * float(xp.sum(self.shifted * squares) + self.multiplier * xp.sum(squares))


def minimize_in_ball(values, coefficients, radius):
    """Minimize Σ c_i y_i + ½ w_i y_i² over ‖y‖ ≤ radius.

    Parameters
    ----------
    values : host array of shape (p,)
        w, ascending; of any sign.
    coefficients : host array of shape (p,)
        c.
    radius : float > 0

    Returns
    -------
    SecularSolution
        On an eigenvalue below rounding, p eps max |w|, a coefficient counts as zero that is below rounding, p eps (‖c‖ +
        max |w| ‖y‖) with y the rest of the step: a singular model gets its shortest minimizer, not a step along noise.

    Notes
    -----
    In units of the radius and of the largest curvature everything is at most 1. The unknown is t = λ + w_1, the distance from
    the lowest eigenvalue, so that y_i = −c_i / (w_i − w_1 + t) keeps its digits in the nearly hard case, where t → 0. Newton on
    1/‖y‖ − 1, concave and increasing, climbs from the left without overshooting. Cost 10 p flops an iteration.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000), §7.3; Moré & Sorensen (1983).
    """
    xp = namespace(values)
    scale = max(float(xp.max(xp.abs(values))), float(linalg.norm(coefficients)) / radius)
    if scale == 0.0:
        return SecularSolution(xp.zeros_like(values), xp.zeros_like(values), 0.0, False, False)
    values, coefficients = without_noise(values / scale, coefficients / scale / radius)
    low = float(values[0])
    gaps = values - low
    undirected = False
    shift, y = low, _interior(values, coefficients)
    on_boundary = y is None
    if on_boundary:
        shift, y = _boundary(gaps, coefficients, low)
        if shift == 0.0:
            y, undirected = completed(y), True
    multiplier = scale * max(shift - low, 0.0) if on_boundary else 0.0
    return SecularSolution(radius * y, scale * (gaps + shift), multiplier, on_boundary, undirected)


def without_noise(values, coefficients):
    """`values` and `coefficients` with zeros for what cannot be told from zero."""
    xp = namespace(values)
    noise = values.shape[0] * _EPS
    top = float(xp.max(xp.abs(values)))
    flat = xp.abs(values) <= noise * top
    curved = float(linalg.norm(divided(xp.where(flat, 0.0, coefficients), values)))
    silent = xp.abs(coefficients) <= noise * (float(linalg.norm(coefficients)) + top * min(1.0, curved))
    return xp.where(flat & (values < 0.0), 0.0, values), xp.where(flat & silent, 0.0, coefficients)


def divided(coefficients, shifted):
    """−c / shifted, and 0 where c = 0, whatever is divided by."""
    xp = namespace(coefficients)
    idle = coefficients == 0.0
    return xp.where(idle, 0.0, -coefficients / xp.where(idle, 1.0, shifted))


def _interior(values, coefficients):
    """The unconstrained minimizer where there is one in the unit ball, else None."""
    xp = namespace(values)
    # y_i exceeds 1 already where |c_i| > w_i, zero and negative curvature included: nothing to divide by.
    if float(values[0]) < 0.0 or bool(xp.any(xp.abs(coefficients) > values)):
        return None
    y = divided(coefficients, values)
    return y if float(linalg.norm(y)) <= 1.0 else None


def _boundary(gaps, coefficients, low):
    """t and y with ‖y‖ = 1; t = 0 in the hard case, where ‖y‖ ≤ 1 with the first coordinate still free."""
    xp = namespace(gaps)
    # One coordinate alone is at least 1 up to here.
    left = max(0.0, low, float(xp.max(xp.abs(coefficients) - gaps)))
    right = float(linalg.norm(coefficients))
    if left == 0.0:
        y = divided(coefficients, gaps)
        if float(linalg.norm(y)) <= 1.0:
            return 0.0, y
    shift = min(max(left, _nearly_hard_guess(gaps, coefficients, left)), right)
    for _ in range(_MAX_ITER):
        y = divided(coefficients, gaps + shift)
        length = float(linalg.norm(y))
        if abs(length - 1.0) <= 4.0 * _EPS:
            break
        left, right = (shift, right) if length > 1.0 else (left, shift)
        slope = float(xp.sum(xp.where(y == 0.0, 0.0, y * y / xp.where(y == 0.0, 1.0, gaps + shift))))
        trial = shift + (length - 1.0) * length * length / slope
        if not left < trial < right:
            trial = math.sqrt(left) * math.sqrt(right) if left > 0.0 else 0.5 * right
        if trial in (left, right):
            break
        shift = trial
    return shift, y


def _nearly_hard_guess(gaps, coefficients, left):
    """Upper bound of t from ‖c_low‖² / t² + ‖y_rest‖² = 1, nearly exact in the nearly hard case; 0 where it says nothing."""
    xp = namespace(gaps)
    lowest = gaps == 0.0
    rest = float(linalg.norm(divided(xp.where(lowest, 0.0, coefficients), gaps + left)))
    if rest >= 1.0:
        return 0.0
    return float(linalg.norm(xp.where(lowest, coefficients, 0.0))) / math.sqrt((1.0 - rest) * (1.0 + rest))


def completed(y, radius=1.0):
    """`y` with the first coordinate that makes it as long as `radius`."""
    xp = namespace(y)
    first = xp.arange(y.shape[0]) == 0
    length = float(linalg.norm(xp.where(first, 0.0, y)))
    return xp.where(first, math.sqrt(max(0.0, (radius - length) * (radius + length))), y)
