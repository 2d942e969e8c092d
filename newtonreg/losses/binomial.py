"""Binomial loss with logit link."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.backend.special import expit, log1pexp, moderation, xlogy

__all__ = ["Binomial"]

_SMALLEST_PROPORTION = 2.0**-52


class Binomial(BaseEstimator):
    """Logistic loss, ℓ = Σ_j log(1 + exp f_j) − y_j f_j − H(y_j), H(y) = −y log y − (1 − y) log(1 − y).

    Targets y in [0, 1] are classes 0 and 1 or proportions; the prediction is 1 / (1 + exp(−f)). The entropy H, zero for
    classes, shifts the minimum to zero: ℓ is the Kullback–Leibler divergence of the prediction from y. Arrays are (m, n),
    samples last; m > 1 means m independent labels.

    References
    ----------
    McCullagh, Nelder (1989), Generalized Linear Models, 2nd ed., §4.4.
    """

    name = "binomial"
    out_activation = "logistic"
    hessian_structure = "diagonal"
    is_sum_of_squares = False

    def value(self, y, f):
        """Σ_j (1 − y_j) log(1 + exp f_j) + y_j log(1 + exp(−f_j)) − H(y_j), shape (n,).

        The same loss in terms that do not cancel, and log(1 + exp(±f)) = max(±f, 0) + log(1 + exp(−|f|)).
        """
        xp = namespace(f)
        linear = (1.0 - y) * xp.maximum(f, 0.0) + y * xp.maximum(-f, 0.0)
        negative_entropy = xlogy(y, y) + xlogy(1.0 - y, 1.0 - y)
        divergence = log1pexp(-xp.abs(f)) + linear + negative_entropy
        # The divergence is nonnegative; near its zero, for y strictly between the classes, rounding is not.
        return xp.sum(xp.maximum(divergence, 0.0), axis=-2)

    def gradient(self, y, f):
        """expit(f) − y as (1 − y) expit(f) − y expit(−f), shape (m, n): a confident right answer keeps its small gradient."""
        return (1.0 - y) * expit(f) - y * expit(-f)

    def hessian(self, y, f):
        """expit(f) expit(−f), in (0, ¼], shape (m, n)."""
        smaller = expit(-namespace(f).abs(f))
        return smaller * (1.0 - smaller)

    def predict(self, f):
        """expit(f), the probability of class 1, shape (m, n)."""
        return expit(f)

    def moderated(self, f, spread):
        """Raw predictions whose `predict` is the mean of expit over normal raw predictions, by MacKay's approximation.

        κ(s_j²) f_j with κ(s²) = 1 / √(1 + π s²/8): closer to 0, of the same sign.

        Parameters
        ----------
        f : array of shape (m, n)
            Means.
        spread : array of shape (m, r, n)
            A square root of their covariance, Cov(f_i, f_j) = Σ_r spread_ir spread_jr; s_j² = Σ_r spread_jr².

        Returns
        -------
        array of shape (m, n)

        References
        ----------
        MacKay, *The evidence framework applied to classification networks*, Neural Computation 4 (1992) 720.
        """
        return f * moderation(namespace(f).sum(spread * spread, axis=1))

    def initial_raw_prediction(self, y, weights):
        """Logit of the weighted mean of each row of y (m, n) with weights (n,) ≥ 0, not all zero; shape (m,).

        Both proportions are at least 2⁻⁵²: a single class gives ±36 instead of ±inf, where the gradient is down to rounding.
        """
        xp = namespace(y)
        total = xp.sum(weights)
        ones = xp.sum(y * weights, axis=-1) / total
        zeros = xp.sum((1.0 - y) * weights, axis=-1) / total
        return xp.log(xp.maximum(ones, _SMALLEST_PROPORTION)) - xp.log(xp.maximum(zeros, _SMALLEST_PROPORTION))

    def check_target(self, y):
        """Raise ValueError where y (m, n) is outside [0, 1] or NaN."""
        xp = namespace(y)
        for extreme in to_floats(xp.min(y), xp.max(y)):
            # Written so that NaN, which survives both extremes, fails too.
            if not 0.0 <= extreme <= 1.0:
                raise ValueError(f"y contains the value {extreme}; loss='{self.name}' needs targets in [0, 1].")
