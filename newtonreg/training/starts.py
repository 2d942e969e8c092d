"""Starting points: units from an initializer, coefficients by regularized least squares."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, index_add_diagonal, namespace
from newtonreg.networks import draw_deep

__all__ = ["draw_start", "with_best_outer"]

_RIDGE = 1e-6
"""Of the total weight, added to the normal equations of the coefficients: random units are nearly collinear."""


def draw_start(objective, initializer, rng):
    """Starting parameters (p,) of the network of an `EmpiricalRisk`.

    The units of the only hidden layer come from `initializer`; those of several are uniform, layer by layer (`draw_deep`).
    Coefficients follow by least squares where the objective has a Gauss–Newton matrix; else they are drawn too.
    """
    term = objective.terms[0]
    network = term.network
    if network.is_explicit:
        return with_best_outer(objective, initializer.units(network.basis, term, network.n_units, rng), _RIDGE)
    params = draw_deep(network, term.inputs, rng)
    if len(network.hidden_sizes) == 1:
        inner = _flat(initializer.units(network.bases[0], term, network.n_units, rng))
        params = namespace(params).concat([inner, params[network.outer]])
    if "gauss_newton" in objective.provides:
        return with_best_outer(objective, params[network.inner], _RIDGE)
    return _with_constant(term, params)


def _flat(units):
    return namespace(units).reshape(units, (-1,))


def _with_constant(term, params):
    """`params` (p,) with the best constant prediction as their intercepts."""
    xp, network = namespace(params), term.network
    coefs = network.unpack(params).outer[:, :-1]
    constant = term.loss.initial_raw_prediction(term.targets, term.weights)
    return xp.concat([params[network.inner], _flat(xp.concat([coefs, constant[:, None]], axis=1))])


def with_best_outer(objective, units, ridge):
    """Parameters (p,) of given `units`, all inner ones, with coefficients by least squares, `ridge` Σs in the normal equations.

    With coefficients zero the objective is quadratic in them to second order, so one damped Newton step in the outer parameters,
    from the best constant, is regularized least squares for squared error and one step of iteratively reweighted least squares
    for any other loss.
    """
    term = objective.terms[0]
    network, xp, inner = term.network, namespace(units), _flat(units)
    nothing = xp.zeros((network.n_params - network.n_inner,), dtype=inner.dtype, device=device_of(inner))
    params = _with_constant(term, xp.concat([inner, nothing]))
    point = objective.at(params)
    block = point.gauss_newton[network.outer, network.outer]
    factor = linalg.cholesky(index_add_diagonal(block, ridge * objective.total_weight))
    if factor is None:
        return params
    step = -factor.solve(point.gradient[network.outer])
    improved = xp.concat([inner, params[network.outer] + step])
    return improved if objective.at(improved).value <= point.value else params
