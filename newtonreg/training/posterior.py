"""What the data leave open: the normal approximation of the posterior at a minimum."""

from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_host
from newtonreg.training.evidence import robust_cholesky

__all__ = ["Posterior"]


class Posterior(NamedTuple):
    """Parameters are normal with covariance σ² A⁻¹, A = Gauss–Newton + penalty = D L Lᵀ D.

    `lower` L (p, p), `scale` D (p,), `noise_variance` σ², in the unit of the standardized targets.
    """

    lower: object
    scale: object
    noise_variance: float

    @classmethod
    def at(cls, point, noise_variance, floor=0.0):
        """From an evaluation; None where the matrix is not finite. p³/3 flops.

        `floor` is added to the diagonal of D⁻¹ A D⁻¹: directions with less precision than that count as settled. Two units that
        became one leave such a direction, in which the prediction does not change either: 0/0, which rounding would decide.
        """
        matrix = point.gauss_newton
        if floor:
            matrix = index_add_diagonal(matrix, floor * namespace(matrix).linalg.diagonal(matrix))
        factor, scale = robust_cholesky(matrix)
        return None if factor is None else cls(factor.lower, scale, noise_variance)

    def on_host(self):
        """The same with NumPy arrays."""
        return self._replace(lower=to_host(self.lower), scale=to_host(self.scale))

    def variance(self, jacobian):
        """σ² diag(Jᵀ A⁻¹ J) for `jacobian` (p, n): the variance of the prediction that the parameters leave; p² n flops."""
        half = self.whitened(jacobian)
        return namespace(jacobian).sum(half * half, axis=0)

    def whitened(self, jacobian):
        """σ L⁻¹ D⁻¹ J, (p, n), for `jacobian` (p, n): products of its columns are covariances of predictions; p² n flops."""
        return self.noise_variance**0.5 * linalg.Cholesky(self.lower).half_solve(jacobian / self.scale[:, None])

    def covariance(self):
        """σ² A⁻¹, (p, p)."""
        xp = namespace(self.lower)
        identity = xp.eye(self.lower.shape[0], dtype=xp.float64, device=self.lower.device)
        inverse = linalg.Cholesky(self.lower).solve(identity)
        return self.noise_variance * inverse / self.scale[:, None] / self.scale[None, :]

    def deviations(self, normal):
        """σ D⁻¹ L⁻ᵀ z for standard normal z (p, t): draws of the parameters less their mean."""
        xp = namespace(self.lower)
        upper = xp.matrix_transpose(self.lower)
        return self.noise_variance**0.5 * linalg.solve_upper(upper, normal) / self.scale[:, None]
