"""Recycling: the cheapest units of a network that has stalled are replaced by units that the residual asks for."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_host
from newtonreg.initializers.forward_selection import draw_chosen
from newtonreg.training.starts import with_best_outer

__all__ = ["recycle_units"]

_SPREAD = 0.7
_RIDGE = 1e-10
"""Of the total weight: the coefficients are to be nearly optimal, for a basis that is nearly dependent."""


def recycle_units(objective, params, n_units, rng):
    """`params` (p,) with `n_units` cheapest units replaced, and new coefficients.

    The cost of a unit is what least squares on the others would lose, c_k² / [(ΦᵀΦ)⁻¹]_kk, times exp(N(0, 0.7)), so that tries
    differ. New units are selected forward from a pool, beside those kept, against the targets or (every other time) against the
    present residual.
    """
    term, network = objective.terms[0], objective.network
    xp = namespace(params)
    point = network.at(term.inputs, params)
    units, _ = network.unpack(params)
    costs = _deletion_costs(point, term, objective.total_weight) * rng.lognormal(0.0, _SPREAD, network.n_units)
    kept = xp.asarray(sorted(costs.argsort(kind="stable")[n_units:].tolist()), dtype=xp.int64, device=params.device)
    against = term.targets - point.values if rng.uniform() < 0.5 else term.targets
    fresh = draw_chosen(network.basis, term, against, n_units, rng, kept=xp.take(point.hidden.values, kept, axis=0))
    return with_best_outer(objective, xp.concat([xp.take(units, kept, axis=1), fresh], axis=1), _RIDGE)


def _deletion_costs(point, term, total_weight):
    """Σ_j c_jk² / [(ΦᵀΦ)⁻¹]_kk for every unit, on the host."""
    xp = namespace(term.inputs)
    hidden = point.hidden.values
    basis = xp.concat([hidden, xp.ones_like(hidden[:1, :])], axis=0) * xp.sqrt(term.weights)
    gram = index_add_diagonal(linalg.matmul(basis, xp.matrix_transpose(basis)), _RIDGE * total_weight)
    factor = linalg.cholesky(gram)
    squares = xp.sum(point.coefs**2, axis=0)
    if factor is None:
        return to_host(squares)
    inverse = factor.solve(xp.eye(gram.shape[0], dtype=xp.float64, device=gram.device))
    return to_host(squares / xp.linalg.diagonal(inverse)[:-1])
