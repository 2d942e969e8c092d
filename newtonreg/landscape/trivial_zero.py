"""Trivial zeros: the network is a constant, because its coefficients vanish."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["has_vanishing_coefs"]

_VANISHING = 1e-4
"""Of what a fit would have to move: a network below that explains 1e-8 of what is left of the targets."""
_FLAT = 1e-4
"""Of the size of a unit: the change along the inputs that makes it no constant."""


def has_vanishing_coefs(objective, point):
    """Whether all coefficients of a network vanish beside those that what is left of the targets would ask for.

    ‖C‖_F max_k length_k ≤ 1e-4 needed, from the `outer_columns` of the evaluation: what coefficients of that size can contribute,
    against the change that Newton's method asks for, which is the root mean square of the residuals for squared error. Free of
    the scales of targets, basis functions and weights.

    - Data: length_k = rms(h_k). At a stationary point ∇F = 0 in the coefficients then says that every basis function is
      orthogonal to ∂ℓ/∂f, and with the intercept that N is the best constant.
    - Differential equations N[u] = f with conditions B u = g: length_k = rms(∂r/∂c_k) over the residuals r of all of them, with
      their weights. ∇F = 0 then says that the basis as all of them together see it is orthogonal to r, ⟨r, D h_k⟩ = 0, and for
      the intercept that N is the constant that suits the conditions best; any constant, where they see its derivatives only. A
      network is a constant there, too, if its units are; that alone is no trivial zero.

    Parameters
    ----------
    objective : Objective
    point : Evaluation
        At parameters (p,). One without `outer_columns` has no coefficients: False.

    Returns
    -------
    bool

    Notes
    -----
    Costs a prediction, or the columns of the coefficients. A penalty that has switched off all units gives such a point, too, and
    then a minimum.

    References
    ----------
    C. Rowan, arXiv 2510.11987 (2025), where N has no intercept and is zero. His condition for differential equations,
    ⟨f, D h_k⟩ = 0, is the case of one linear equation without conditions.
    """
    columns = point.outer_columns() if hasattr(point, "outer_columns") else None
    if columns is None:
        return False
    xp, coefs = namespace(point.params), objective.network.unpack(point.params).outer[:, :-1]
    size, length, needed = to_floats(xp.max(columns.lengths), linalg.norm(xp.reshape(coefs, (-1,))), columns.needed)
    reach = size * length
    if not (needed > 0.0 and reach <= _VANISHING * needed):
        return False
    # units that no row sees are dead, whatever their coefficients are, and so are constants where rows see derivatives only
    return length == 0.0 or (reach > 0.0 and (columns.sees_constants or _has_slopes(objective, point.params)))


def _has_slopes(objective, params):
    """Whether any unit has a slope at any row, Σ_a |∂h/∂x_a| (max x_a − min x_a) > 1e-4 max |h|."""
    return any(_has_slope(point.hidden) for point in objective.network_points(params))


def _has_slope(hidden):
    xp, inputs = namespace(hidden.values), hidden.inputs
    extents = xp.max(inputs, axis=1) - xp.min(inputs, axis=1)
    changes = sum(xp.abs(hidden.input_derivative(a)) * extents[a] for a in range(inputs.shape[0]))
    return bool(xp.any(xp.max(changes, axis=1) > _FLAT * xp.max(xp.abs(hidden.values), axis=1)))
