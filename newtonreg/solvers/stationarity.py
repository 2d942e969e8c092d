"""Is a run that found no further step at a stationary point, or is it stuck?"""

import math

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
_FALLEN = 1e-6
"""Of the steepest gradient of a run."""


def is_stationary(solver, objective, point, history):
    """Whether the gradient at `point` is small in the best unit that there is.

    That is the objective's own, where it has one (a positive `gtol`), else what a step could still change F by, which is compared
    with F and with its change since the start.

    Parameters
    ----------
    solver : Solver
        Its `requires` says whether a Hessian is to be had.
    objective : Objective
    point : Evaluation
    history : sequence of IterationRecord
        Of the run.

    Notes
    -----
    At most an eigendecomposition of the Hessian, about 9 p³ flops.
    """
    gained, has_hessian = abs(history[0].value - point.value), "hessian" in getattr(solver, "requires", ())
    if getattr(objective, "gtol", 1e-8) > 0.0:
        if point.criticality <= _NEARLY or "square_root" not in getattr(objective, "provides", ()):
            return point.criticality <= _NEARLY
        return _is_orthogonal(point) and (not has_hessian or _is_at_end_of_newton_step(point, gained))
    if has_hessian:
        return _is_at_end_of_newton_step(point, gained)
    return _has_fallen(point, max(record.gradient_norm for record in history))


def _is_orthogonal(point):
    """Whether r is orthogonal to every column of the Jacobian.

    At a minimum with r ≠ 0 where the Jacobian loses rank, r stays in its range until the last digit, and `criticality` near 1.
    """
    r, gradient, xp = point.square_root.r, point.gradient, namespace(point.gradient)
    norms = xp.linalg.vector_norm(r, axis=0)
    (cosine,) = to_floats(xp.max(xp.abs(gradient) / xp.where(norms > 0.0, norms, 1.0)))
    return cosine <= _ORTHOGONAL * math.sqrt(2.0 * point.value)


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


def _has_fallen(point, steepest):
    """The same without a Hessian: whether the gradient is a rest of what it was, or F does not change with x in relative terms."""
    size = to_floats(linalg.norm(point.params))[0]
    return point.gradient_norm <= max(_FALLEN * steepest, _NEARLY * abs(point.value) / size if size > 0.0 else 0.0)


def _rounding(point, gained, size):
    """What F may change by at a stationary point that is known to rounding; `size` is that of x in units of F^½."""
    return max(_NEARLY * _NEARLY * abs(point.value), _GAINED * gained, _MOVED * size * size)
