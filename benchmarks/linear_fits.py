"""Fits that are linear in what is fitted: a spline, Chebyshev polynomials, fixed units; no iterations."""

import numpy as np
from scipy.interpolate import CubicSpline

__all__ = ["Chebyshev", "EvenUnits", "RandomUnits", "Spline"]


class Spline:
    """Cubic spline through the points of one variable."""

    def fit(self, X, y):
        """Interpolate."""
        order = np.argsort(X[:, 0])
        self._curve = CubicSpline(X[order, 0], y[order])
        return self

    def predict(self, X):
        """Values at `X` (n, 1)."""
        return self._curve(X[:, 0])


class Chebyshev:
    """Least squares by Chebyshev polynomials; of the degrees 4, 8, … 100 the one with the least leave-one-out error."""

    def fit(self, X, y):
        """Choose the degree and fit; inputs are mapped to [-1, 1]."""
        self._low, self._high = X.min(), X.max()
        basis = np.polynomial.chebyshev.chebvander(self._mapped(X), 100)
        degrees = range(4, min(101, len(y) // 2), 4)
        self._degree = min(degrees, key=lambda degree: self._left_out(basis[:, : degree + 1], y))
        self._coefs = np.linalg.lstsq(basis[:, : self._degree + 1], y, rcond=None)[0]
        return self

    def _mapped(self, X):
        return (2.0 * X[:, 0] - self._low - self._high) / (self._high - self._low)

    @staticmethod
    def _left_out(basis, y):
        orthonormal = np.linalg.qr(basis)[0]
        leverage = np.sum(orthonormal**2, axis=1)
        return np.sum(((y - orthonormal @ (orthonormal.T @ y)) / (1.0 - leverage)) ** 2)

    def predict(self, X):
        """Values at `X` (n, 1)."""
        return np.polynomial.chebyshev.chebval(self._mapped(X), self._coefs)


class RandomUnits:
    """Least squares in fixed tanh units: random directions, knots at random data points, slopes log-uniform in [0.3, 10].

    Nothing nonlinear is fitted. In one dimension slopes are those of x as given; in several they are per standard deviation of
    the projection, and inputs should be of one scale.
    """

    def __init__(self, n_units, seed):
        self._n_units, self._rng = n_units, np.random.default_rng(seed)

    def fit(self, X, y):
        """Draw the units, solve for the coefficients."""
        knots = X[self._rng.choice(len(X), self._n_units)]
        slopes = 10 ** self._rng.uniform(np.log10(0.3), np.log10(10.0), self._n_units)
        self._weights = slopes * self._directions(X)
        self._biases = -np.sum(knots.T * self._weights, axis=0)
        self._coefs = np.linalg.lstsq(self._basis(X), y, rcond=None)[0]
        return self

    def _directions(self, X):
        if X.shape[1] == 1:
            return np.ones((1, self._n_units))
        directions = self._rng.standard_normal((X.shape[1], self._n_units))
        return directions / np.std(X @ directions, axis=0)

    def _basis(self, X):
        hidden = np.tanh(X @ self._weights + self._biases)
        return np.column_stack([hidden, np.ones(len(X))])

    def predict(self, X):
        """Values at `X` (n, d)."""
        return self._basis(X) @ self._coefs


class EvenUnits:
    """Least squares in fixed tanh units of one slope, at evenly spaced knots that reach a tenth of the range beyond the data."""

    def __init__(self, n_units):
        self._n_units = n_units

    def fit(self, X, y):
        """Place the units, solve for the coefficients."""
        halo = 0.1 * np.ptp(X[:, 0])
        self._knots = np.linspace(X.min() - halo, X.max() + halo, self._n_units)
        # steeper units leave gaps, flatter ones look alike
        self._slope = 0.3 / (self._knots[1] - self._knots[0])
        self._coefs = np.linalg.lstsq(self._basis(X), y, rcond=None)[0]
        return self

    def _basis(self, X):
        hidden = np.tanh(self._slope * (X - self._knots))
        return np.column_stack([hidden, np.ones(len(X))])

    def predict(self, X):
        """Values at `X` (n, 1)."""
        return self._basis(X) @ self._coefs
