"""Noise of measured data, and how sure the coefficients of an equation are."""

from typing import NamedTuple

import numpy as np
from scipy.linalg import solve_triangular

from newtonreg.backend.arrays import to_host

__all__ = ["Uncertainty", "uncertainty"]

_FLOOR = 1e-13
"""Added to the unit diagonal of the scaled matrix: directions that nothing determines."""
_LEAST_LEFT = 0.5
"""Measurements less parameters that they determine, at least."""


class Uncertainty(NamedTuple):
    """`noise` a list of standard deviations, one a set of measurements; `covariance` (S, S) of the coefficients."""

    noise: list
    covariance: np.ndarray


def uncertainty(objective, params, data):
    """How far measurement noise leaves the scalars of a `PhysicsRisk` open.

    The equation and the other conditions hold; only measured values are random, with variance σ_t² in set t. With
    A = Σ_t A_t + rest the Gauss–Newton matrix, to first order

        cov(w) = A⁻¹ (Σ_t s_t σ_t² A_t) A⁻¹        σ_t² = Σ_i r_ti² / (n_t − tr A⁻¹A_t)

    where s_t is the weight of a measurement in the objective; σ_t is not estimated where it is known.

    Parameters
    ----------
    objective : PhysicsRisk
    params : array of shape (p,)
    data : list of (int, array of shape (n,) or None)
        Positions of terms that are measurements, and their noise where known.

    Returns
    -------
    Uncertainty

    Notes
    -----
    p³ flops and the Gauss–Newton matrices. Where the equation counts little beside the data, the standard deviations are those of
    a fit that believes in the equation just as little.
    """
    inverse = _Inverse(to_host(objective.at(params).gauss_newton))
    columns = inverse.times(np.eye(objective.n_params)[:, objective.network.n_params :])
    noise, covariance = [], np.zeros((columns.shape[1],) * 2)
    for place, known in data:
        term = objective.terms[place]
        point = objective.with_terms([term]).at(params)
        own, weights = to_host(point.gauss_newton), to_host(term.weights)
        if known is None:
            left = max(term.n_residuals - np.trace(inverse.times(own)), _LEAST_LEFT)
            variance = 2.0 * point.value / weights.mean() / left
        else:
            # weights are proportional to 1 / noise²
            variance = np.mean(weights * known**2) / weights.mean()
        noise.append(float(variance**0.5))
        covariance += weights.mean() * variance * (columns.T @ own @ columns)
    return Uncertainty(noise, covariance)


class _Inverse:
    """A⁻¹ by a Cholesky factorization of D⁻¹ A D⁻¹, D² the diagonal of A."""

    def __init__(self, matrix):
        diagonal = np.diagonal(matrix)
        self._scale = np.sqrt(np.maximum(diagonal, 1e-30 * diagonal.max()))
        scaled = matrix / self._scale / self._scale[:, None]
        self._factor = np.linalg.cholesky(scaled + _FLOOR * np.eye(len(scaled)))

    def times(self, columns):
        """A⁻¹ B for B (p, t)."""
        half = solve_triangular(self._factor, columns / self._scale[:, None], lower=True)
        return solve_triangular(self._factor, half, lower=True, trans=1) / self._scale[:, None]
