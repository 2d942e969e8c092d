"""The cubic problem in the eigenbasis of its matrix, where it is one equation in one unknown; on host vectors."""

import math

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace
from newtonreg.subproblems.secular import SecularSolution, completed, divided, without_noise

__all__ = ["minimize_cubic"]

_EPS = 2.220446049250313e-16
_MAX_ITER = 100
"""Newton takes 3 to 8."""
_LARGEST = 1e300
"""A reduction that float64 can still say."""


def minimize_cubic(values, coefficients, sigma):
    """Minimize Σ c_i y_i + ½ w_i y_i² + σ/3 ‖y‖³.

    Parameters
    ----------
    values : host array of shape (p,)
        w, ascending; of any sign.
    coefficients : host array of shape (p,)
        c.
    sigma : float > 0

    Returns
    -------
    SecularSolution or None
        λ = σ ‖y‖ is its multiplier. `undirected` in the hard case, as with `minimize_in_ball`, and coefficients count as zero
        as they do there. None where σ is so small that the reduction could overflow.

    Notes
    -----
    y_i = −c_i / (w_i + λ) with w + λ ≥ 0, so λ = σ ‖y(λ)‖. The unknown is u = λ − max(0, −w_1), which keeps its digits in the
    nearly hard case, and Newton's method solves √(λ / ‖y(λ)‖) = √σ. Both λ and 1 / ‖y(λ)‖ are concave and increasing, hence so is
    the square root of their product: from the left Newton climbs without overshooting. It starts at the largest of p + 1 lower
    bounds: one for each coordinate alone, and σ ‖y‖ at an upper bound. Cost 10 p flops an iteration.

    References
    ----------
    Cartis, Gould & Toint, *Adaptive cubic regularisation methods for unconstrained optimization, part I* (2011), §6.1. Deviation:
    the equation, which is linear for small σ and for large λ alike.
    """
    xp = namespace(values)
    length = _longest(float(values[0]), float(linalg.norm(coefficients)), sigma)
    scale = max(float(xp.max(xp.abs(values))), sigma * length)
    if scale == 0.0 or length == 0.0:
        return SecularSolution(xp.zeros_like(values), xp.maximum(values, 0.0), 0.0, False, False)
    if not max(scale, 1.0) * length * length < _LARGEST:
        return None
    # in units of the longest y possible and of the largest curvature everything is about 1 at most
    values, coefficients = without_noise(values / scale, coefficients / scale / length)
    sigma = sigma * length / scale
    origin = max(0.0, -float(values[0]))
    floor = values + origin
    beyond, y = _root(floor, coefficients, sigma, origin)
    undirected = beyond == 0.0 < origin
    if undirected:
        y = completed(y, origin / sigma)
    return SecularSolution(length * y, scale * (floor + beyond), scale * (origin + beyond), False, undirected)


def _longest(lowest, size, sigma):
    """An upper bound of ‖y‖: with all of c on the lowest eigenvalue, λ (w_1 + λ) = σ ‖c‖."""
    root = math.hypot(lowest, 2.0 * math.sqrt(sigma) * math.sqrt(size))
    if lowest > 0.0:
        return 2.0 * size / (lowest + root)
    return 0.5 * (root - lowest) / sigma


def _root(floor, coefficients, sigma, origin):
    """u and y; u = 0 in the hard case, with the first coordinate still free."""
    xp = namespace(floor)
    size = float(linalg.norm(coefficients))
    left = float(xp.max(_alone(floor, xp.abs(coefficients), sigma * (1.0 - 8.0 * _EPS), origin)))
    right = float(_alone(floor[:1], xp.full_like(floor[:1], size), sigma * (1.0 + 8.0 * _EPS), origin)[0])
    if left <= 0.0:
        y = divided(xp.where(floor > 0.0, coefficients, 0.0), floor)
        if sigma * float(linalg.norm(y)) <= origin:
            return 0.0, y
    # λ decreases with ‖y‖: at an upper bound σ ‖y‖ is a lower one
    shift = max(left, sigma * float(linalg.norm(divided(coefficients, floor + right))) * (1.0 - 8.0 * _EPS) - origin)
    for _ in range(_MAX_ITER):
        y = divided(coefficients, floor + shift)
        length, multiplier = float(linalg.norm(y)), origin + shift
        if abs(sigma * length - multiplier) <= 4.0 * _EPS * multiplier:
            break
        left, right = (shift, right) if sigma * length > multiplier else (left, shift)
        bend = float(xp.sum(xp.where(y == 0.0, 0.0, y * y / xp.where(y == 0.0, 1.0, floor + shift)))) / length / length
        trial = shift + 2.0 * (math.sqrt(sigma * length / multiplier) - 1.0) / (1.0 / multiplier + bend)
        if not left < trial < right:
            trial = math.sqrt(left) * math.sqrt(right) if left > 0.0 else 0.5 * right
        if trial in (left, right):
            break
        shift = trial
    return shift, y


def _alone(floor, sizes, sigma, origin):
    """The root u of (origin + u)(floor_i + u) = σ |c_i| for every coordinate alone, by the form that does not cancel."""
    xp = namespace(floor)
    product = sigma * sizes
    above = product - origin * floor
    root = xp.sqrt((origin - floor) ** 2 + 4.0 * product)
    return xp.where(above > 0.0, 2.0 * above / xp.where(above > 0.0, origin + floor + root, 1.0), 0.0)
