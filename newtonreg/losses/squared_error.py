"""Squared error."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace, to_floats

__all__ = ["SquaredError"]


class SquaredError(BaseEstimator):
    """Half the squared error, ℓ = ½ Σ_j (f_j − y_j)².

    Targets y are real. The only loss with residuals, so the only one for QR, Levenberg–Marquardt's geodesic acceleration and
    variable projection. Arrays are (m, n), samples last.

    References
    ----------
    The negative log-likelihood of a normal distribution with unit variance, up to a constant.
    """

    name = "squared_error"
    out_activation = "identity"
    hessian_structure = "shared"
    is_sum_of_squares = True

    def value(self, y, f):
        """½ Σ_j (f_j − y_j)², shape (n,)."""
        residual = f - y
        return 0.5 * namespace(f).sum(residual * residual, axis=-2)

    def gradient(self, y, f):
        """f − y, shape (m, n)."""
        return f - y

    def hessian(self, y, f):
        """Ones, shape (n,): the identity matrix times one number a sample."""
        shape = f.shape[:-2] + f.shape[-1:]
        return namespace(f).ones(shape, dtype=f.dtype, device=device_of(f))

    def predict(self, f):
        """f itself (not a copy), shape (m, n)."""
        return f

    def initial_raw_prediction(self, y, weights):
        """Weighted mean of each row of y (m, n) with weights (n,) ≥ 0, not all zero; shape (m,)."""
        xp = namespace(y)
        return xp.sum(y * weights, axis=-1) / xp.sum(weights)

    def check_target(self, y):
        """Raise ValueError where y (m, n) is not finite."""
        xp = namespace(y)
        # NaN survives both extremes, infinity survives one of them.
        for extreme in to_floats(xp.min(y), xp.max(y)):
            if not math.isfinite(extreme):
                raise ValueError(f"y contains {extreme}; loss='{self.name}' needs finite targets.")
