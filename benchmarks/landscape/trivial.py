"""Trivial zeros: their inertia against the formula, and what leaves them."""

import numpy as np

from newtonreg import TrustRegion, minimize
from newtonreg.solvers import SaddleFreeNewton

__all__ = ["RANK", "RESTARTS", "ZERO", "correlation", "inertia", "restart_values"]

ZERO = 1e-13
"""Eigenvalues up to this fraction of the largest count as zero, for which the ends of runs must be converged."""
RANK = 1e-10
"""Singular values of C up to this fraction of the largest count as zero."""
RESTARTS = {
    "t.r. 1e-6": (TrustRegion(), 1e-6),
    "t.r. 1e-3": (TrustRegion(), 1e-3),
    "s.-f. 1e-6": (SaddleFreeNewton(), 1e-6),
    "s.-f. 1e-3": (SaddleFreeNewton(), 1e-3),
}
"""Trust region and saddle-free Newton, with the standard deviation of what disturbs the point."""


def inertia(objective, params):
    """Numbers of positive, negative and zero eigenvalues of the Hessian, and those of [[G, -C], [-C', 0]].

    G (k + 1, k + 1) are products of basis functions and the constant, C_kj = <r, d_j h_k> those of the residual with derivatives
    of a unit: with G of full rank k + 1 positive, rank C negative, the rest zero. C has one nonzero block a unit, so its
    singular values are the lengths of these.
    """
    values = np.linalg.eigvalsh(objective.at(params).hessian)
    zero = ZERO * np.max(np.abs(values))
    counted = [int(np.sum(values > zero)), int(np.sum(values < -zero))]
    blocks = slopes(objective, params)
    rank = int(np.sum(blocks > RANK * np.max(blocks)))
    positive = objective.network.n_units + 1
    return [*counted, len(values) - sum(counted)], [positive, rank, len(values) - positive - rank]


def slopes(objective, params):
    """Lengths of <r, d_j h_k> over j, shape (k,), whatever the coefficients are."""
    network, term = objective.network, objective.terms[0]
    residual = (network.at(term.inputs, params).values - term.targets) * term.weights
    units, outer = network.unpack(params)
    # with coefficients of one the gradient in the units is what is wanted
    unit_coefs = network.at(term.inputs, network.pack(units, np.ones_like(outer)))
    return np.linalg.norm(network.unpack(unit_coefs.pullback(residual)).units, axis=0)


def correlation(objective, params):
    """Largest |<r, h_k>| / (|r| |h_k|) over the units."""
    point, term = objective.network.at(objective.terms[0].inputs, params), objective.terms[0]
    residual, hidden = (point.values - term.targets)[0], point.hidden.values
    lengths = np.linalg.norm(hidden, axis=1) * np.linalg.norm(residual)
    return float(np.max(np.abs(hidden @ residual) / np.maximum(lengths, 1e-300)))


def restart_values(objective, params, seed):
    """Losses after 500 trials from `params` and normal noise, by each method and each size of the noise of `RESTARTS`."""
    values = {}
    for label, (solver, size) in RESTARTS.items():
        start = params + size * np.random.RandomState(seed).standard_normal(params.shape)
        values[label] = minimize(objective, start, solver, max_iter=500, gtol=0.0).fun
    return values
