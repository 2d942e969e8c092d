"""Multinomial loss with softmax link."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.backend.special import logsumexp, moderation, softmax, xlogy

__all__ = ["Multinomial"]

_SMALLEST_PROPORTION = 2.0**-52
_SUM_TOLERANCE = 1e-9


class Multinomial(BaseEstimator):
    """Softmax cross-entropy with its gauge fixed, ℓ = log Σ_j exp f_j − Σ_j y_j f_j − H(y) + (Σ_j f_j)² / (2m).

    Targets are one-hot columns, or class probabilities, y (m, n) ≥ 0 with Σ_j y_j = 1; the prediction is π = softmax(f). The
    entropy H(y) = −Σ_j y_j log y_j, zero for one-hot y, shifts the minimum to zero. Arrays are (m, n), samples last, m ≥ 2.

    Notes
    -----
    **The gauge.** Adding one number to all m raw predictions of a sample changes neither π nor the cross-entropy, so the plain
    Hessian diag(π) − ππᵀ is singular along 1 = (1, …, 1), everywhere, and a network inherits one flat direction for each column
    of its outer layer (m, k + 1). The last term of ℓ removes them and changes neither the minimum nor what is predicted:
    subtracting from each of those columns its mean over the outputs makes Σ_j f_j = 0 for every input, keeps π and the
    cross-entropy, and never increases ‖coefficients‖². So the minimum of the plain objective, penalized or not, is attained
    with Σ_j f_j = 0, where the term is zero; where it is not zero it only adds. Nor does it add stationary points: along these
    directions the gradient vanishes only where Σ_j f_j = 0 on all samples of positive weight. The Hessian
    diag(π) − ππᵀ + 11ᵀ/m has the eigenvalue 1 along 1 and is positive definite.

    Where Σ_j f_j ≠ 0, ℓ exceeds the cross-entropy by the term; for the plain log loss use `predict`, or center f first.

    References
    ----------
    Hastie, Tibshirani, Friedman (2009), The Elements of Statistical Learning, 2nd ed., §4.4 and exercise 18.3.
    """

    name = "multinomial"
    out_activation = "softmax"
    hessian_structure = "full"
    is_sum_of_squares = False

    def value(self, y, f):
        """Cross-entropy less the entropy of y plus the gauge term, shape (n,)."""
        xp = namespace(f)
        # As Σ_j y_j = 1, f may be measured from its largest entry: a confident right answer keeps its small loss.
        below = f - xp.max(f, axis=-2, keepdims=True)
        divergence = logsumexp(below, axis=-2) + xp.sum(xlogy(y, y) - y * below, axis=-2)
        # The divergence is nonnegative; near its zero, for y inside the simplex, rounding is not.
        divergence = xp.maximum(divergence, 0.0)
        total = xp.sum(f, axis=-2)
        return divergence + total * total / (2.0 * f.shape[-2])

    def gradient(self, y, f):
        """π − y + (Σ_j f_j)/m, shape (m, n)."""
        return softmax(f, axis=-2) - y + namespace(f).mean(f, axis=-2, keepdims=True)

    def hessian(self, y, f):
        """diag(π) − ππᵀ + 11ᵀ/m, exactly symmetric, shape (m, m, n)."""
        xp = namespace(f)
        n_outputs = f.shape[-2]
        probability = softmax(f, axis=-2)
        identity = xp.eye(n_outputs, dtype=f.dtype, device=device_of(f))
        # π_j (δ_jk − π_k): a diagonal entry close to π = 1 keeps its digits, which π − π² would lose.
        # In place, because this is the largest array of a batch.
        hessian = xp.expand_dims(identity, axis=-1) - xp.expand_dims(probability, axis=-3)
        hessian *= xp.expand_dims(probability, axis=-2)
        hessian += 1.0 / n_outputs
        return hessian

    def predict(self, f):
        """π = softmax(f), shape (m, n)."""
        return softmax(f, axis=-2)

    def moderated(self, f, spread):
        """Raw predictions whose `predict` is the mean of softmax over normal raw predictions, by a mean-field approximation.

        With d_ji = f_j − f_i, its variance v_ji, and κ(v) = 1 / √(1 + π v/8) as for two classes,

            π_j ∝ 1 / Σ_i exp(−κ(v_ji) d_ji)

        because softmax_j = 1 / Σ_i exp(−d_ji) = 1 / (1 + Σ_{i≠j} (1 / expit(d_ji) − 1)), where each expit is replaced by its
        mean. Only differences occur: neither a common shift of f nor what the gauge leaves of the variance along 1 matters. For
        two classes it is `Binomial.moderated` of f_1 − f_0, and sums to 1 by itself. The largest π_j need not be that of the
        largest f_j, where the variances of the differences are unequal.

        Parameters
        ----------
        f : array of shape (m, n)
            Means.
        spread : array of shape (m, r, n)
            A square root of their covariance, Cov(f_i, f_j) = Σ_r spread_ir spread_jr; v_ji = Σ_r (spread_jr − spread_ir)².

        Returns
        -------
        array of shape (m, n)
            log π_j, centered: Σ_j = 0.

        References
        ----------
        Daunizeau, *Semi-analytical approximations to statistical moments of sigmoid and softmax mappings of normal variables*
        (2017), arXiv 1703.00091; Lu, Ie & Sha, *Mean-field approximation to Gaussian-softmax integral* (2020), arXiv 2006.07584,
        the variant with full covariance. π/8 is kept in place of a fitted constant, so that two classes agree with MacKay's.
        """
        xp = namespace(f)
        rows = []
        for j in range(f.shape[0]):
            difference = spread - spread[j : j + 1, :, :]
            variance = xp.sum(difference * difference, axis=1)
            rows.append(-logsumexp((f - f[j : j + 1, :]) * moderation(variance), axis=0))
        raw = xp.stack(rows)
        return raw - xp.mean(raw, axis=0, keepdims=True)

    def initial_raw_prediction(self, y, weights):
        """Centered log of the weighted class proportions, y (m, n) with weights (n,) ≥ 0, not all zero; shape (m,).

        A proportion is at least 2⁻⁵²: an absent class gets a large negative raw prediction instead of −inf.
        """
        xp = namespace(y)
        proportion = xp.sum(y * weights, axis=-1) / xp.sum(weights)
        raw = xp.log(xp.maximum(proportion, _SMALLEST_PROPORTION))
        return raw - xp.mean(raw)

    def check_target(self, y):
        """Raise ValueError where y (m, n) has one row only, a value outside [0, 1] or a sample that does not sum to 1."""
        xp = namespace(y)
        if y.shape[-2] < 2:
            raise ValueError(f"y has {y.shape[-2]} class; loss='{self.name}' needs a column for each of 2 or more classes.")
        for extreme in to_floats(xp.min(y), xp.max(y)):
            # Written so that NaN, which survives both extremes, fails too.
            if not 0.0 <= extreme <= 1.0:
                raise ValueError(f"y contains the value {extreme}; loss='{self.name}' needs class probabilities in [0, 1].")
        total = xp.sum(y, axis=-2)
        for extreme in to_floats(xp.min(total), xp.max(total)):
            if abs(extreme - 1.0) > _SUM_TOLERANCE:
                raise ValueError(f"y contains class probabilities that sum to {extreme}; loss='{self.name}' needs a sum of 1.")
