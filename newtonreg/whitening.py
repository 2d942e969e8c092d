"""Whitening: features of unit variance without correlation, which is what second-order methods see."""

import math
import numbers

from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.estimators._input import float_dtypes
from newtonreg.estimators._sklearn import check_same_namespace

__all__ = ["Whitener"]

_METHODS = ("pca", "zca")


class Whitener(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """z = (C + ε I)^(−1/2) (x − μ), C = XᵀX / n of the centered rows that `fit` sees; directions without variance are dropped.

    Of the whitened rows Z that were fitted, ZᵀZ / n = I with ε = 0. Where these are linearly independent (`rank_` = n, with n or
    more features) and not centered, also Z Zᵀ / n = I: each row is at right angles to all others, and nothing that is learned
    from one says anything about another. Hence test rows have no place in `fit`; in a `Pipeline` they never get there.

    Parameters
    ----------
    method : {"pca", "zca"}, default="pca"
        "pca": coordinates along the principal axes, of which there are `rank_`. "zca": turned back to the features, as many as X
        has, the whitened rows nearest to X. Distances and products of rows are the same.
    eps : float >= 0, default=0.0
        ε, in the unit of a variance: axes of much less variance are no longer blown up.
    center : bool, default=True
        Whether the mean is subtracted.

    Attributes
    ----------
    mean_ : array of shape (d,)
        μ, zeros without centering.
    components_ : array of shape (rank_, d)
        Orthonormal principal axes, in rows, by falling variance.
    variances_ : array of shape (rank_,)
        Eigenvalues of C that are not zero to rounding.
    rank_ : int
        Axes with a variance.
    n_features_in_ : int
        d.
    feature_names_in_ : array of shape (d,)
        Where X has feature names that are all strings.

    Notes
    -----
    A singular value decomposition of X, about 6 n d min(n, d) flops; no condition number is squared. Computed in float64;
    float32 rows come out as float32. The sign of an axis is such that its largest entry is positive.

    References
    ----------
    Wadia, Duckworth, Schoenholz, Dyer & Sohl-Dickstein, *Whitening and second order optimization both make information in the
    dataset unusable during training, and can reduce or prevent generalization* (2021), arXiv 2008.07545: for a linear model
    Newton's method is gradient descent on whitened rows. Kessy, Lewin & Strimmer, *Optimal whitening and decorrelation* (2018),
    for the two methods.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Whitener
    >>> X = np.random.default_rng(0).normal(size=(100, 3)) @ [[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.5, 0.1]]
    >>> np.cov(Whitener().fit_transform(X).T, bias=True).round(9) + 0.0
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 1.]])
    """

    def __init__(self, method="pca", eps=0.0, center=True):
        self.method = method
        self.eps = eps
        self.center = center

    def fit(self, X, y=None):
        """Learn mean and principal axes of X (n, d); `y` is not looked at."""
        self._check_parameters()
        X = self._validated(X, reset=True)
        xp, eps = namespace(X), float(namespace(X).finfo(X.dtype).eps)
        X = xp.astype(X, xp.float64)
        self.mean_ = xp.mean(X, axis=0) if self.center else xp.zeros_like(X[0, :])
        _, values, axes = linalg.svd(X - self.mean_)
        # subtracting the mean leaves rounding of the mean's size
        (size,) = to_floats(xp.max(xp.abs(X)))
        tolerance = max(X.shape) * eps * max(to_floats(values[0])[0], size * math.sqrt(X.shape[0]) if self.center else 0.0)
        self.rank_ = int(to_floats(xp.sum(xp.astype(values > tolerance, xp.int64)))[0])
        self.components_ = _with_signs(axes[: self.rank_, :])
        self.variances_ = values[: self.rank_] ** 2 / X.shape[0]
        return self

    def transform(self, X):
        """Whitened rows (n, rank_), or (n, d) with "zca"."""
        check_is_fitted(self)
        check_same_namespace(X, self, attribute="components_", method="transform")
        X = self._validated(X, reset=False)
        xp = namespace(X)
        coordinates = linalg.matmul(xp.astype(X, xp.float64) - self.mean_, xp.matrix_transpose(self.components_))
        return xp.astype(self._turned(coordinates / self._scales()), X.dtype, copy=False)

    def inverse_transform(self, X):
        """Rows (n, d) whose whitened rows are X: those that `transform` had, but for what lies along axes without variance."""
        check_is_fitted(self)
        check_same_namespace(X, self, attribute="components_", method="inverse_transform")
        Z = self._checked_rows(X)
        xp = namespace(Z)
        coordinates = xp.astype(Z, xp.float64)
        if self.method == "zca":
            coordinates = linalg.matmul(coordinates, xp.matrix_transpose(self.components_))
        rows = linalg.matmul(coordinates * self._scales(), self.components_) + self.mean_
        return xp.astype(rows, Z.dtype, copy=False)

    def _scales(self):
        """√(variance + ε) along each axis."""
        return (self.variances_ + float(self.eps)) ** 0.5

    def _turned(self, coordinates):
        return linalg.matmul(coordinates, self.components_) if self.method == "zca" else coordinates

    def _checked_rows(self, X):
        """Whitened rows given back, as a float array of the right width."""
        xp = namespace(self.components_)
        Z = xp.asarray(X)
        if not xp.isdtype(Z.dtype, "real floating"):
            Z = xp.astype(Z, xp.float64)
        if Z.ndim != 2 or Z.shape[1] != self._n_features_out:
            raise ValueError(f"X has shape {tuple(Z.shape)}; whitened rows have {self._n_features_out} features.")
        return Z

    def _validated(self, X, reset):
        """X of float64 or float32, checked by scikit-learn; two rows at least to learn from."""
        return validate_data(self, X, reset=reset, dtype=float_dtypes(X), ensure_min_samples=2 if reset else 1)

    def _check_parameters(self):
        if self.method not in _METHODS:
            raise ValueError(f"method={self.method!r} is unknown; pass one of {', '.join(map(repr, _METHODS))}.")
        if not isinstance(self.eps, numbers.Real) or not 0.0 <= self.eps < math.inf:
            raise ValueError(f"eps={self.eps!r} must be a number >= 0.")
        if self.center not in (True, False):
            raise ValueError(f"center={self.center!r} must be True or False.")

    @property
    def _n_features_out(self):
        return self.n_features_in_ if self.method == "zca" else self.rank_

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.array_api_support = True
        return tags


def _with_signs(axes):
    """Rows of `axes` (r, d) with the sign that makes the entry of largest size positive."""
    xp = namespace(axes)
    if axes.shape[0] == 0:
        return axes
    high, low = xp.max(axes, axis=1, keepdims=True), xp.min(axes, axis=1, keepdims=True)
    return xp.where(high >= -low, axes, -axes)
