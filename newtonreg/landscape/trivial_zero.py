"""Trivial zeros: the network is a constant, because its coefficients vanish."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["has_vanishing_coefs"]

_VANISHING = 1e-4
"""Of what a fit would have to move: a network below that explains 1e-8 of what is left of the targets."""


def has_vanishing_coefs(objective, params):
    """Whether all coefficients of a network vanish beside those that what is left of the targets would ask for.

    ‖C‖_F max_k rms(h_k) ≤ 1e-4 ‖r‖, r_j = rms(∂ℓ/∂f_j) / mean(∂²ℓ/∂f_j²): what coefficients of that size can contribute, against
    the change of f that Newton's method asks for, which is the root mean square of the residuals for squared error. Free of the
    scales of targets, basis functions and weights. At a stationary point ∇F = 0 in the coefficients then says that every basis
    function is orthogonal to ∂ℓ/∂f, and with the intercept that N is the best constant.

    Parameters
    ----------
    objective : EmpiricalRisk
        Others have no coefficients: False.
    params : array of shape (p,)

    Returns
    -------
    bool

    Notes
    -----
    Costs a prediction. A penalty that has switched off all units gives such a point, too, and then a minimum.

    References
    ----------
    C. Rowan, arXiv 2510.11987 (2025), where N has no intercept and is zero.
    """
    sums, weight, coefs = None, 0.0, None
    for batch in getattr(objective, "batches", ()):
        point = batch.network.at(batch.inputs, params)
        if not (hasattr(point, "hidden") and hasattr(point, "coefs")):
            return False
        more = _sums(batch, point)
        sums = more if sums is None else [before + new for before, new in zip(sums, more, strict=True)]
        coefs, weight = point.coefs, objective.total_weight
    if sums is None or not weight > 0.0:
        return False
    xp = namespace(params)
    squares, slopes, bends = (total / weight for total in sums)
    wanted = xp.sqrt(slopes) / xp.where(bends > 0.0, bends, 1.0)
    size, length, needed = to_floats(xp.sqrt(xp.max(squares)), linalg.norm(xp.reshape(coefs, (-1,))), linalg.norm(wanted))
    reach = size * length
    # units that are zero at all rows are dead, whatever their coefficients are
    return needed > 0.0 and reach <= _VANISHING * needed and (reach > 0.0 or length == 0.0)


def _sums(batch, point):
    """Σ s h_k² (k,), Σ s (∂ℓ/∂f_j)² (m,) and Σ s ∂²ℓ/∂f_j² (m,)."""
    xp, s = namespace(batch.weights), batch.weights
    f, y = point.values, batch.targets
    gradient, hessian = batch.loss.gradient(y, f), batch.loss.hessian(y, f)
    if hessian.ndim == 3:
        hessian = xp.stack([hessian[j, j, :] for j in range(f.shape[0])])
    hessian = xp.broadcast_to(hessian, f.shape)
    return [xp.sum(array * s, axis=-1) for array in (point.hidden.values**2, gradient**2, hessian)]
