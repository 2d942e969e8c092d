"""What the coefficients of a network can change, beside what is left to change."""

from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace

__all__ = ["OuterColumns", "columns_of_risk"]


class OuterColumns(NamedTuple):
    """Root mean squares over rows that tell whether coefficients c_jk matter.

    `lengths` (m, k) or (1, k): of the change of predictions, or of residuals, for each unit of a coefficient. `needed`, 0-d: of
    the change that Newton's method asks for, for squared error the residuals themselves. `sees_constants`: whether an intercept
    changes anything; not so where all rows take derivatives.
    """

    lengths: Any
    needed: Any
    sees_constants: bool = True


def columns_of_risk(points, total_weight):
    """`OuterColumns` of networks with a loss: rms(h_k), and ‖r‖ with r_j = rms(∂ℓ/∂f_j) / mean(∂²ℓ/∂f_j²).

    Parameters
    ----------
    points : iterable
        Batches, each with its `term` and its `network_point`.
    total_weight : float
        Σ s.

    Returns
    -------
    OuterColumns or None
        None where a network does not show its last hidden layer, or there is no weight.
    """
    sums = None
    for point in points:
        if not hasattr(point.network_point, "hidden"):
            return None
        more = _sums(point.term, point.network_point)
        sums = more if sums is None else [before + new for before, new in zip(sums, more, strict=True)]
    if sums is None or not total_weight > 0.0:
        return None
    squares, slopes, bends = (total / total_weight for total in sums)
    xp = namespace(squares)
    wanted = xp.sqrt(slopes) / xp.where(bends > 0.0, bends, 1.0)
    return OuterColumns(xp.sqrt(squares)[None, :], linalg.norm(wanted))


def _sums(term, point):
    """Σ s h_k² (k,), Σ s (∂ℓ/∂f_j)² (m,) and Σ s ∂²ℓ/∂f_j² (m,)."""
    xp, s, f, y = namespace(term.weights), term.weights, point.values, term.targets
    gradient, hessian = term.loss.gradient(y, f), term.loss.hessian(y, f)
    if hessian.ndim == 3:
        hessian = xp.stack([hessian[j, j, :] for j in range(f.shape[0])])
    hessian = xp.broadcast_to(hessian, f.shape)
    return [xp.sum(array * s, axis=-1) for array in (point.hidden.values**2, gradient**2, hessian)]
