"""Starting points: units from an initializer, coefficients by regularized least squares."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, index_add_diagonal, namespace

__all__ = ["draw_start", "with_best_outer"]

_RIDGE = 1e-6
"""Of the total weight, added to the normal equations of the coefficients: random units are nearly collinear."""


def draw_start(objective, initializer, rng):
    """Starting parameters (p,) of the network of an `EmpiricalRisk`."""
    term = objective.terms[0]
    return with_best_outer(objective, initializer.units(term.network.basis, term, term.network.n_units, rng), _RIDGE)


def with_best_outer(objective, units, ridge):
    """Parameters (p,) of given `units` (q, k) with coefficients by least squares, `ridge` Σs added to the normal equations.

    With coefficients zero the objective is quadratic in them to second order, so one damped Newton step in the outer parameters,
    from the best constant, is regularized least squares for squared error and one step of iteratively reweighted least squares
    for any other loss.
    """
    term = objective.terms[0]
    network = term.network
    xp = namespace(units)
    constant = term.loss.initial_raw_prediction(term.targets, term.weights)
    nothing = xp.zeros((network.n_outputs, network.n_units), dtype=units.dtype, device=device_of(units))
    outer = xp.concat([nothing, constant[:, None]], axis=1)
    params = network.pack(units, outer)
    point = objective.at(params)
    block = point.gauss_newton[network.outer, network.outer]
    factor = linalg.cholesky(index_add_diagonal(block, ridge * objective.total_weight))
    if factor is None:
        return params
    step = -factor.solve(point.gradient[network.outer])
    improved = xp.concat([params[network.inner], params[network.outer] + step])
    return improved if objective.at(improved).value <= point.value else params
