"""Networks that grow: a larger one starts from the smaller fit, with the units that its residual asks for."""

from newtonreg.backend.arrays import device_of, namespace
from newtonreg.initializers.forward_selection import draw_chosen
from newtonreg.networks import ShallowNetwork
from newtonreg.training.starts import with_best_outer

__all__ = ["add_units", "resized"]

_RIDGE = 1e-6


def resized(objective, n_units):
    """`objective`, an `EmpiricalRisk` of one term, for a network of another width; no penalty."""
    (term,) = objective.terms
    old = term.network
    network = ShallowNetwork(old.basis, old.n_features, n_units, old.n_outputs)
    xp = namespace(term.inputs)
    penalty = xp.zeros((network.n_params,), dtype=xp.float64, device=device_of(term.inputs))
    return type(objective)([term._replace(network=network)], penalty)


def add_units(objective, network, params, rng):
    """Starting parameters for `objective` from those of a narrower `network`: its units, others selected against its residual."""
    (term,) = objective.terms
    xp = namespace(params)
    point = network.at(term.inputs, params)
    n_new = objective.network.n_units - network.n_units
    residual = term.targets - term.loss.predict(point.values)
    fresh = draw_chosen(network.basis, term, residual, n_new, rng, kept=point.hidden.values)
    return with_best_outer(objective, xp.concat([point.units, fresh], axis=1), _RIDGE)
