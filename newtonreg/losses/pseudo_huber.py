"""Pseudo-Huber loss."""

import math
from numbers import Real

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["PseudoHuber"]

_MAX_NEWTON_STEPS = 100
_SLOPE_TOLERANCE = 1e-14  # of the sum of the absolute pulls: above the rounding of a pairwise sum, so that it is reached


class PseudoHuber(BaseEstimator):
    """Smooth robust loss, ℓ = Σ_j δ² (√(1 + (r_j/δ)²) − 1) with r = f − y.

    Half the squared error for residuals well below δ, δ |r| beyond: a gross outlier pulls with the force δ at most. Twice
    continuously differentiable and strictly convex, which Huber's own loss is not. Arrays are (m, n), samples last.

    Parameters
    ----------
    delta : float, default=1.0
        δ > 0, the residual at which the loss bends, in the unit of the targets it is given (an estimator that standardizes y
        gives standardized ones).

    References
    ----------
    Charbonnier, Blanc-Féraud, Aubert, Barlaud (1997), IEEE Trans. Image Processing 6(2), 298–311.
    """

    name = "pseudo_huber"
    out_activation = "identity"
    hessian_structure = "diagonal"
    is_sum_of_squares = False

    def __init__(self, delta=1.0):
        self.delta = delta

    def _stretch(self, residual):
        """√(1 + (r/δ)²); by hypot, so that a huge residual is not squared to infinity."""
        return namespace(residual).hypot(residual / float(self.delta), 1.0)

    def value(self, y, f):
        """Σ_j δ² (s_j − 1) with s = √(1 + (r/δ)²), as Σ_j r_j² / (1 + s_j), which does not cancel; shape (n,)."""
        residual = f - y
        return namespace(f).sum(residual * (residual / (1.0 + self._stretch(residual))), axis=-2)

    def gradient(self, y, f):
        """r / s, between −δ and δ, shape (m, n)."""
        residual = f - y
        return residual / self._stretch(residual)

    def hessian(self, y, f):
        """1 / s³, in (0, 1], shape (m, n)."""
        slope = 1.0 / self._stretch(f - y)
        return slope * slope * slope

    def predict(self, f):
        """f itself (not a copy), shape (m, n)."""
        return f

    def initial_raw_prediction(self, y, weights):
        """Minimizer of Σ_i w_i ℓ(y_i, f) for each row of y (m, n) with weights (n,) ≥ 0, not all zero; shape (m,).

        Newton's method from the weighted mean, inside a bracket: where a step leaves it, as it does when the mean lies between
        far clusters and the curvature there is almost zero, the bracket is halved instead. At most 100 steps of cost m n.
        """
        xp = namespace(y)
        lower, upper = xp.min(y, axis=-1), xp.max(y, axis=-1)
        center = xp.sum(y * weights, axis=-1) / xp.sum(weights)
        for _ in range(_MAX_NEWTON_STEPS):
            raw = xp.expand_dims(center, axis=-1)
            pull = self.gradient(y, raw) * weights
            slope = xp.sum(pull, axis=-1)
            settled = xp.abs(slope) <= _SLOPE_TOLERANCE * xp.sum(xp.abs(pull), axis=-1)
            lower, upper = xp.where(slope < 0.0, center, lower), xp.where(slope > 0.0, center, upper)
            trial = center - slope / xp.sum(self.hessian(y, raw) * weights, axis=-1)
            trial = xp.where((trial > lower) & (trial < upper), trial, 0.5 * (lower + upper))
            trial = xp.where(settled, center, trial)
            if bool(xp.all(trial == center)):
                break
            center = trial
        return center

    def check_target(self, y):
        """Raise ValueError where y (m, n) is not finite, or δ is not a positive number."""
        if not (isinstance(self.delta, Real) and 0.0 < self.delta < math.inf):
            raise ValueError(f"delta must be a finite number > 0 in loss='{self.name}', got {self.delta!r}.")
        xp = namespace(y)
        # NaN survives both extremes, infinity survives one of them.
        for extreme in to_floats(xp.min(y), xp.max(y)):
            if not math.isfinite(extreme):
                raise ValueError(f"y contains {extreme}; loss='{self.name}' needs finite targets.")
