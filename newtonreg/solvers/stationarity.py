"""Is a run that found no further step at a stationary point, or is it stuck?"""

import math
from dataclasses import replace

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.subproblems.minimum_residual import pseudoinverse_residual

__all__ = ["is_stationary"]

_NEARLY = 1e-4
"""Of the gradient in its unit. A Gauss-Newton step from there promises 1e-8 of F, its square."""
_ORTHOGONAL = 1e-6
"""Cosine between the residuals and a column of the Jacobian: rounding of F leaves about 1e-8."""
_GAINED = 1e-16
"""Of what F has changed by since the start, where F vanishes at the end, perhaps by cancellation."""
_MOVED = 1e-28
"""Of xᵀ|diag ∇²F|x, where a run starts at its end: a step of 1e-14 relative to x."""
_RANK = 1e-14
"""Of the largest eigenvalue: smaller ones are rounding."""
_DIFFERENCE = 1e-4
"""Of x: the length over which a gradient's change shows curvature."""


def is_stationary(solver, objective, point, start_value):
    """Whether the gradient at `point` is small in the best unit that there is.

    That is the objective's own, where it has one (a positive `gtol`), else what a step could still change F by, which is compared
    with F and with its change since the start.

    Parameters
    ----------
    solver : Solver
        Its `requires` says whether it looks at second derivatives; then the Hessian is asked for, where there is one.
    objective : Objective
    point : Evaluation
    start_value : float

    Notes
    -----
    At most an eigendecomposition of the Hessian, about 9 p³ flops; for a bare function without one, a gradient.
    """
    gained, has_hessian = abs(start_value - point.value), _has_hessian(solver, objective)
    if getattr(objective, "gtol", 1e-8) > 0.0:
        if point.criticality <= _NEARLY or not hasattr(point, "column_criticality"):
            return point.criticality <= _NEARLY
        # where the Jacobian loses rank at a minimum with r ≠ 0, r stays in its range to the last digit, and `criticality` near 1
        is_orthogonal = point.column_criticality <= _ORTHOGONAL
        return is_orthogonal and (not has_hessian or _is_at_end_of_newton_step(point, gained))
    return _is_at_end_of_newton_step(point, gained) if has_hessian else _is_at_end_of_gradient_step(objective, point, gained)


def _has_hessian(solver, objective):
    requires = getattr(solver, "requires", ())
    # a solver that multiplies only may be at work where the matrix would be too large
    provides = getattr(objective, "provides", None)
    return "hessian" in requires or ("hessian_product" in requires and (provides is None or "hessian" in provides))


def _is_at_end_of_newton_step(point, gained):
    """Whether Newton's step would change F by no more than rounding, in units in which the Hessian's diagonal is ±1.

    What is left of the gradient in the kernel counts with a curvature of 1.
    """
    xp = namespace(point.gradient)
    diagonal = xp.abs(xp.linalg.diagonal(point.hessian))
    unit = xp.where(diagonal > 0.0, diagonal, 1.0) ** -0.5
    gradient = point.gradient * unit
    found = pseudoinverse_residual(point.hessian * unit[:, None] * unit[None, :], gradient, _RANK)
    if found is None:
        return False
    slope, size = to_floats(xp.vecdot(gradient, found.p), linalg.norm(point.params / unit))
    return abs(slope) + found.residual_norm * found.residual_norm <= _rounding(point, gained, size)


def _is_at_end_of_gradient_step(objective, point, gained):
    """The same of the best step along −∇F, the curvature from a difference of gradients, which is no part of the run's cost."""
    xp, slope = namespace(point.gradient), point.gradient_norm
    if not 0.0 < slope < math.inf:
        return slope == 0.0
    direction = point.gradient / slope
    size, along = to_floats(linalg.norm(point.params), xp.vecdot(xp.abs(direction), xp.abs(point.params)))
    # parameters on their way to zero end in numbers that have no fraction
    length = _DIFFERENCE * (size if size > 1e-290 else 1.0)
    counts, objective.counts = objective.counts, replace(objective.counts)
    ahead = objective.at(point.params + length * direction).gradient
    objective.counts = counts
    bend = abs(to_floats(xp.vecdot(direction, ahead))[0] - slope) / length
    return slope * slope <= bend * _rounding(point, gained, math.sqrt(bend) * along)


def _rounding(point, gained, size):
    """What F may change by at a stationary point that is known to rounding; `size` is that of x in units of F^½."""
    return max(_NEARLY * _NEARLY * abs(point.value), _GAINED * gained, _MOVED * size * size)
