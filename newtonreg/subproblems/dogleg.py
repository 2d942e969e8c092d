"""Powell's dogleg, and a small subspace where the model is not convex."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.protocols import Step
from newtonreg.subproblems.boundary import distance_to_boundary
from newtonreg.subproblems.lowest_ritz import lowest_ritz
from newtonreg.subproblems.safeguards import stay
from newtonreg.subproblems.subspace import minimize_in_span

__all__ = ["Dogleg"]

_RITZ_STEPS = 20
_LEAST_SHIFT = 1e-10
"""Of the largest curvature: what a matrix that is only singular is shifted by."""
_TRIES = 14
"""Shifts, each ten times the one before; from 1e-10 they pass ‖B‖ long before."""


class Dogleg(BaseEstimator):
    """Where B is positive definite, the path from 0 over the minimizer along −g to Newton's step, up to the boundary of the ball.

    Else the minimizer in the ball and in the span of g, of (B + αI)⁻¹g and of an estimate of the lowest eigenvector, with α > 0
    large enough for B + αI to be positive definite.

    Notes
    -----
    One Cholesky factorization, p³/3 flops, kept with the model: another radius costs a few vector operations. Else one more for
    each α that is tried, typically one, and 20 products. Either way the reduction is at least Cauchy's; saddles are left.

    References
    ----------
    Powell (1970); Nocedal & Wright, *Numerical Optimization* (2006), §4.1; for indefinite B, Byrd, Schnabel & Shultz,
    *Approximate solution of the trust region problem by minimization over two-dimensional subspaces* (1988). Deviation: the
    lowest Ritz vector is a third direction, which covers the hard case, instead of a case of its own.
    """

    name = "dogleg"
    control_name = "radius"

    def solve(self, model, control):
        """The step for the radius `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float > 0

        Returns
        -------
        Step
            `multiplier` is 0 for Newton's step, else NaN; `resolve` solves with B where that is positive definite. The zero
            step, which predicts nothing, where the model or the radius is not finite and positive.
        """
        radius, xp = float(control), namespace(model.gradient)
        total = sum(to_floats(xp.sum(xp.abs(model.matrix)), xp.sum(xp.abs(model.gradient))))
        if not (0.0 < radius < math.inf and math.isfinite(total)):
            return stay(model)
        step = None if model.factor is None else _along_path(model, radius)
        return _in_span(model, radius) if step is None else step


def _along_path(model, radius):
    """The dogleg step for positive definite B; None where B is so close to singular that numbers are not finite."""
    gradient, factor = model.gradient, model.factor
    newton = -factor.solve(gradient)
    size, length, half = (linalg.norm(vector) for vector in (gradient, newton, factor.half_solve(gradient)))
    size, length, half = to_floats(size, length, half)
    best = 0.5 * half * half
    if not math.isfinite(length + best):
        return None
    if length <= radius:
        return Step(newton, 0.0, False, best, length, factor.solve)
    unit = gradient / size
    (curvature,) = to_floats(namespace(unit).vecdot(unit, model.product(unit)))
    if not curvature > 0.0:
        return None
    first = size / curvature
    if first >= radius:
        reduction = radius * (size - 0.5 * radius * curvature)
        return Step(-radius * unit, math.nan, True, reduction, radius, factor.solve)
    corner = -first * unit
    leg = newton - corner
    inner, leg_length = to_floats(namespace(leg).vecdot(corner, leg), linalg.norm(leg))
    share = min(distance_to_boundary(inner, leg_length, first, radius), 1.0)
    p = corner + share * leg
    # along the second leg the model is a parabola whose minimum is Newton's step
    gained = 0.5 * first * size
    reduction = gained + share * (2.0 - share) * max(best - gained, 0.0)
    return Step(p, math.nan, True, reduction, to_floats(linalg.norm(p))[0], factor.solve)


def _in_span(model, radius):
    """The step for a B that is not positive definite."""
    lowest = lowest_ritz(model.product, model.gradient, _RITZ_STEPS)
    if lowest is None:
        return stay(model)
    shift = max(lowest.residual - 1.5 * lowest.value, _LEAST_SHIFT * lowest.largest)
    directions = [model.gradient]
    for _ in range(_TRIES):
        factor = linalg.cholesky(index_add_diagonal(model.matrix, shift))
        if factor is not None:
            directions.append(factor.solve(model.gradient))
            break
        shift *= 10.0
    if lowest.value < 0.0:
        directions.append(lowest.vector)
    return minimize_in_span(model, directions, radius)
