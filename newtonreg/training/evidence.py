"""How strongly to regularize: MacKay's evidence for one penalty a group of parameters, and for the noise."""

import math
from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, index_add_diagonal, namespace, to_floats

__all__ = ["Assessment", "Evidence", "robust_cholesky"]

_LEAST_GAMMA = 1e-3
_RANGE = (1e-20, 1e12)
"""Of a penalty, in the unit of the objective on standardized data: below it is nothing, above a parameter is zero."""


class Assessment(NamedTuple):
    """What the evidence says of a minimum.

    `penalties` (one a group, in the unit of the objective: α_g σ²) as the fixed point would have them next; `gamma`, the
    effective number of parameters; `noise_variance` σ²; `log_evidence` of the data under the penalties the point was fitted with;
    `shortfall` ½ ∇Fᵀ A⁻¹ ∇F / σ², what the log posterior lacks of its maximum: where it is not small the rest means little.
    """

    penalties: list
    gamma: float
    noise_variance: float
    log_evidence: float
    shortfall: float = 0.0


class Evidence:
    """Evidence of penalties for an `EmpiricalRisk`.

    The parameters fall into groups, one a row of units (the weights of one input; the biases), two a further hidden layer (its
    weights; its biases) and one of all coefficients; intercepts are free.
    With a Gaussian prior of precision α_g for each group and noise of variance σ², the objective
    F = ½ Σ s r² + ½ Σ R_g ‖θ_g‖², R_g = α_g σ², is minimized by the most probable parameters, and with A = Gauss–Newton + R

        γ_g = n_g − R_g tr_g A⁻¹      σ² = Σ s r² / (N − γ)      R_g ← γ_g σ² / ‖θ_g‖²
        ln p(y) = −½ Σ s r²/σ² − ½ Σ R_g ‖θ_g‖²/σ² + ½ Σ n_g ln(R_g/σ²) − ½ N ln 2πσ² − ½ ln det(A/σ²)

    with N = m Σ s residuals. Losses whose noise is not a free number (Poisson, classification) have σ² = 1, and their own
    log-likelihood in the first place.

    Parameters
    ----------
    objective : EmpiricalRisk
        Of one term; its penalty is of no account.

    References
    ----------
    MacKay, *Bayesian interpolation* (1992); Foresee & Hagan, *Gauss-Newton approximation to Bayesian learning* (1997). A penalty
    for each input is MacKay's automatic relevance determination.
    """

    def __init__(self, objective):
        network = objective.network
        self._network = network
        self._n_residuals = objective.total_weight * network.n_outputs
        self.has_noise = objective.terms[0].loss.out_activation == "identity"
        self._term = objective.terms[0]
        # softmax does not see what is added to all outputs alike: a column of coefficients has one direction less
        self._has_gauge = self._term.loss.out_activation == "softmax"
        self._n_free = network.n_outputs - int(self._has_gauge)
        self.sizes = [place.stop - place.start for place in network.groups] + [network.n_units * self._n_free]

    @property
    def n_groups(self):
        """Those of the units, and the coefficients."""
        return len(self.sizes)

    def penalty(self, penalties, like):
        """The vector (p,) that an `EmpiricalRisk` takes, from a penalty a group."""
        xp, k = namespace(like), self._network.n_units
        *inner, outer = penalties
        values = [value for value, size in zip(inner, self.sizes, strict=False) for _ in range(size)]
        values += ([outer] * k + [0.0]) * self._network.n_outputs
        return xp.asarray(values, dtype=xp.float64, device=device_of(like))

    def groups(self, penalty):
        """A penalty a group, from the vector (p,) of an objective: the inverse of `penalty`."""
        return list(to_floats(*[penalty[place.start] for place in [*self._network.groups, self._network.outer]]))

    def group_sums(self, values):
        """Sums over each group of a vector (p,), on the host."""
        xp = namespace(values)
        sums = [xp.sum(values[place]) for place in self._network.groups]
        return list(to_floats(*sums, xp.sum(self._network.unpack(values).outer[:, :-1])))

    def assess(self, point, penalties):
        """`Assessment` of an evaluation `point` of the objective under `penalties`; p³ flops. None where it is not finite."""
        matrix = point.gauss_newton
        factor, scale = robust_cholesky(matrix)
        if factor is None:
            return None
        xp = namespace(matrix)
        identity = xp.eye(matrix.shape[0], dtype=xp.float64, device=device_of(matrix))
        traces = self.group_sums(xp.sum(factor.half_solve(identity) ** 2, axis=0) / scale**2)
        log_det = 2.0 * float(xp.sum(xp.log(xp.linalg.diagonal(factor.lower)))) + 2.0 * float(xp.sum(xp.log(scale)))
        if self._has_gauge:
            gauge_trace, gauge_log_det = self._gauge(point, penalties[-1])
            traces[-1], log_det = traces[-1] - gauge_trace, log_det - gauge_log_det
        squares = self.group_sums(point.params**2)
        gammas = [max(_LEAST_GAMMA, n - r * t) for n, r, t in zip(self.sizes, penalties, traces, strict=True)]
        n = self._n_residuals
        # weights that sum to less than an observation determine nothing
        gamma = max(0.0, min(sum(gammas) + self._n_free, n - max(1.0, 0.01 * n)))
        prior = sum(r * square for r, square in zip(penalties, squares, strict=True))
        misfit = max(2.0 * point.value - prior, 0.0)
        noise = max(misfit / max(n - gamma, 1e-3 * n), 1e-30) if self.has_noise else 1.0
        updated = [min(max(g * noise / max(s, 1e-300), _RANGE[0]), _RANGE[1]) for g, s in zip(gammas, squares, strict=True)]
        log_evidence = self._log_evidence(misfit, prior, penalties, noise, log_det)
        descent = factor.half_solve((point.gradient / scale)[:, None])
        shortfall = 0.5 * float(xp.sum(descent * descent)) / noise
        return Assessment(updated, gamma, noise, log_evidence, shortfall) if math.isfinite(noise) else None

    def _log_evidence(self, misfit, prior, penalties, noise, log_det):
        if min(penalties) <= 0.0:
            # a group without a penalty has no proper prior, and the data no evidence
            return math.nan
        p = sum(self.sizes) + self._n_free
        occam = sum(n * math.log(r / noise) for n, r in zip(self.sizes, penalties, strict=True)) - (log_det - p * math.log(noise))
        normal = self._n_residuals * math.log(2.0 * math.pi * noise) if self.has_noise else 0.0
        # intercepts have a flat prior, which cancels between networks on the same data
        return 0.5 * (occam - (misfit + prior) / noise - normal + self._n_free * math.log(2.0 * math.pi))

    def _gauge(self, point, penalty):
        """Trace of A⁻¹ over the coefficients, and ln det A, in the directions that softmax does not see.

        There A is what the gauge term of `Multinomial` adds, Σ_i s_i φ_i φ_iᵀ for the extended hidden values φ, and the penalty.
        At a minimum, where the coefficients of a unit sum to zero, it is a block by itself.
        """
        hidden = self._network.at(self._term.inputs, point.params).hidden.values
        xp = namespace(hidden)
        extended = xp.concat([hidden, xp.ones_like(hidden[:1, :])], axis=0)
        matrix = linalg.matmul(extended * self._term.weights, xp.matrix_transpose(extended))
        k = self._network.n_units
        ridge = xp.asarray([penalty] * k + [0.0], dtype=xp.float64, device=device_of(matrix))
        factor, scale = robust_cholesky(index_add_diagonal(matrix, ridge))
        inverse = xp.sum(factor.half_solve(xp.eye(k + 1, dtype=xp.float64, device=device_of(matrix))) ** 2, axis=0) / scale**2
        return float(xp.sum(inverse[:k])), 2.0 * float(xp.sum(xp.log(xp.linalg.diagonal(factor.lower))) + xp.sum(xp.log(scale)))


def robust_cholesky(matrix):
    """`Cholesky` of D⁻¹ A D⁻¹ with D² the diagonal of A, and D (p,); as much of the identity is added as rounding asks for."""
    xp = namespace(matrix)
    diagonal = xp.linalg.diagonal(matrix)
    if not bool(xp.all(xp.isfinite(matrix))):
        return None, diagonal
    least = 1e-30 * xp.max(diagonal)
    scale = xp.sqrt(xp.where(diagonal > least, diagonal, xp.where(least > 0.0, least, xp.ones_like(diagonal))))
    scaled = matrix / scale[:, None] / scale[None, :]
    for jitter in (0.0, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10):
        factor = linalg.cholesky(index_add_diagonal(scaled, jitter) if jitter else scaled)
        if factor is not None:
            return factor, scale
    return None, scale
