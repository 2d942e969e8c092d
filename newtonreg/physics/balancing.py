"""Weights of conditions beside the equation."""

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["balanced", "influence"]

_EMPHASIS = 10.0
"""Of conditions over the equation, once both count alike: an error on the boundary is an error of the solution, while the
equation divides its own by its eigenvalues."""
_DATA = 0.1
"""The same of measured data, whose noise the solution must not follow: it obeys the equation first. With 1e-3 the misfit of wrong
coefficients is lost beside what a network leaves of a nonlinear equation, with 1 it begins to follow the noise."""


def balanced(objective, weights, units, scalars):
    """`objective` with conditions weighted so that they count like the equation, and the weights, one a term.

    The influence of a term is the mean square of its residuals' derivatives by all coefficients. A condition without a weight of
    its own gets that of the equation over its own, times 10 (a measurement: times 0.1).

    Parameters
    ----------
    objective : PhysicsRisk
        Its first term is the equation, the others have mean squares of weight one.
    weights : list of float, "auto" or "data"
        One a condition.
    units : array of shape (q, k)
        Typical ones.
    scalars : array of shape (S,)
        Starting values of the unknown coefficients of the equation.

    References
    ----------
    Wang, Yu & Perdikaris, *When and why PINNs fail to train* (2022), balance traces of the neural tangent kernel; these are its
    traces over the coefficients.
    """
    network, xp = objective.network, namespace(units)
    outer = xp.zeros((network.n_outputs, network.n_units + 1), dtype=xp.float64, device=units.device)
    params = xp.concat([network.pack(units, outer), scalars])
    equation, *conditions = objective.terms
    level = influence(objective, equation, params)
    found, terms = [], [equation]
    for term, weight in zip(conditions, weights, strict=True):
        if isinstance(weight, str):
            own = influence(objective, term, params)
            emphasis = _DATA if weight == "data" else _EMPHASIS
            weight = emphasis * level / own if own > 0.0 and level > 0.0 else emphasis
        found.append(weight)
        terms.append(term._replace(weights=term.weights * weight))
    return objective.with_terms(terms), found


def influence(objective, term, params):
    """Mean over residuals of the squared length of their derivative by the coefficients, at `params` (p,)."""
    alone = objective.with_terms([term])
    (trace,) = to_floats(namespace(params).sum(alone.at(params).outer_rows() ** 2))
    return trace / alone.total_weight
