"""Poisson loss with log link."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["Poisson"]

# exp overflows at 709.78. From 709 on the answer is inf, and inf is what the exponential is given: exp(inf) raises no warning,
# and a trial that is not finite is a rejected trial.
_LARGEST_EXPONENT = 709.0
_SMALLEST_MEAN = 2.0**-52


def _exp(x):
    """exp(x), inf without a warning where it overflows."""
    xp = namespace(x)
    return xp.exp(xp.where(x > _LARGEST_EXPONENT, math.inf, x))


class Poisson(BaseEstimator):
    """Half the Poisson deviance with log link, ℓ = Σ_j exp(f_j) − y_j f_j + y_j log y_j − y_j.

    Targets are counts or rates y ≥ 0; the prediction is exp(f). ℓ ≥ 0, with equality where exp(f) = y. Raw predictions above
    709 give infinity, never NaN. Arrays are (m, n), samples last.

    References
    ----------
    McCullagh, Nelder (1989), Generalized Linear Models, 2nd ed., table 2.1 and §2.3.
    """

    name = "poisson"
    out_activation = "exp"
    hessian_structure = "diagonal"
    is_sum_of_squares = False

    def value(self, y, f):
        """Σ_j exp(f_j) − y_j f_j + y_j log y_j − y_j, shape (n,).

        With t = f − log y this is y (expm1(t) − t), which keeps its digits where exp(f) is close to y and the plain formula
        subtracts numbers of size y. Far from there, and for y = 0, it is exp(f) − y (1 + t).
        """
        xp = namespace(f)
        positive = y > 0.0
        t = f - xp.log(xp.where(positive, y, 1.0))
        close = y * (xp.expm1(xp.minimum(t, 1.0)) - t)
        far = _exp(f) - y * (1.0 + t)
        return xp.sum(xp.where(positive & (t < 1.0), close, far), axis=-2)

    def gradient(self, y, f):
        """exp(f) − y, shape (m, n)."""
        return _exp(f) - y

    def hessian(self, y, f):
        """exp(f), shape (m, n)."""
        return _exp(f)

    def predict(self, f):
        """exp(f), shape (m, n)."""
        return _exp(f)

    def initial_raw_prediction(self, y, weights):
        """log of the weighted mean of each row of y (m, n) with weights (n,) ≥ 0, not all zero; shape (m,).

        Where all y are 0 the minimizer is −inf; log(2⁻⁵²) = −36 stands for it, where the gradient is down to rounding.
        """
        xp = namespace(y)
        mean = xp.sum(y * weights, axis=-1) / xp.sum(weights)
        return xp.log(xp.where(mean > 0.0, mean, _SMALLEST_MEAN))

    def check_target(self, y):
        """Raise ValueError where y (m, n) is negative or not finite."""
        xp = namespace(y)
        # NaN survives both extremes.
        lowest, highest = to_floats(xp.min(y), xp.max(y))
        if math.isnan(lowest) or math.isinf(highest):
            raise ValueError(f"y contains {highest}; loss='{self.name}' needs finite counts y >= 0.")
        if lowest < 0.0:
            raise ValueError(f"y contains the negative value {lowest}; loss='{self.name}' needs counts y >= 0.")
