"""Starting points: random units, coefficients by regularized least squares."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, index_add_diagonal, namespace

__all__ = ["draw_start"]

_RIDGE = 1e-6
"""Of the total weight, added to the normal equations of the coefficients: random units are nearly collinear."""


def draw_start(objective, rng):
    """Random starting parameters (p,) of a network for an `EmpiricalRisk`.

    The units are the basis's own draw. With coefficients zero the objective is quadratic in them to second order, so one
    damped Newton step in the outer parameters, from the best constant, is regularized least squares for squared error and one
    step of iteratively reweighted least squares for any other loss.
    """
    term = objective.terms[0]
    network = term.network
    xp = namespace(term.inputs)
    units = network.basis.init_units(term.inputs, network.n_units, rng, term.weights)
    constant = term.loss.initial_raw_prediction(term.targets, term.weights)
    nothing = xp.zeros((network.n_outputs, network.n_units), dtype=units.dtype, device=device_of(units))
    outer = xp.concat([nothing, constant[:, None]], axis=1)
    params = network.pack(units, outer)
    point = objective.at(params)
    block = point.gauss_newton[network.outer, network.outer]
    factor = linalg.cholesky(index_add_diagonal(block, _RIDGE * objective.total_weight))
    if factor is None:
        return params
    step = -factor.solve(point.gradient[network.outer])
    improved = xp.concat([params[network.inner], params[network.outer] + step])
    return improved if objective.at(improved).value <= point.value else params
