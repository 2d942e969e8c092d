"""How many digits a default fit reaches on smooth, noise-free functions of one variable, beside what else one would use."""

import numpy as np
from peers import gaussian_process, standardized, timed_fit
from scipy.interpolate import CubicSpline
from sklearn.neural_network import MLPRegressor
from tables import Table

from newtonreg import NewtonMLPRegressor

__all__ = ["run"]

_FUNCTIONS = (
    ("sin(2 pi x)", lambda x: np.sin(2 * np.pi * x), 1e-6),
    ("sin(4 pi x) exp(-x^2)", lambda x: np.sin(4 * np.pi * x) * np.exp(-(x**2)), 1e-5),
    ("1 / (1 + 25 x^2)", lambda x: 1 / (1 + 25 * x**2), 1e-5),
)
"""Name, function, and the median test RMSE asked for of newtonreg."""

_N_TRAIN, _N_TEST = 256, 1000
_WIDTH = 20
_ADAM_EPOCHS = 2000
"""About two seconds: scikit-learn's Adam is given as long as newtonreg takes, not cut short by its tolerance."""

_COLUMNS = (
    ("function", "", 22),
    ("method", "", 40),
    ("median RMSE", ".1e"),
    ("min", ".1e", 8),
    ("max", ".1e", 8),
    ("s", ".3f", 7),
    ("trials", ".0f"),
    ("asked for", ".0e"),
)

_NOTES = (
    f"{_N_TRAIN} equidistant points on [-1, 1]; root mean squared error on {_N_TEST} fresh uniform points in units of std(y).",
    "Median, least and largest over the random states; median seconds and iterations of one fit. MLPRegressor gets standardized",
    "X and y, no penalty, and tolerances that let it run on (lbfgs stops by SciPy's ftol all the same).",
)


def run(options):
    """Print the table."""
    seeds = options.seeds or (2 if options.quick else 10)
    table = Table(f"Noise-free functions of one variable, {seeds} random states", _COLUMNS, _NOTES)
    for name, function, target in _FUNCTIONS:
        for label, method, is_random in _METHODS:
            runs = [_test(function, method, seed) for seed in range(seeds if is_random else 1)]
            errors, seconds, trials = (np.array(column, dtype=float) for column in zip(*runs, strict=True))
            asked = target if method is _newtonreg else None
            count = None if np.isnan(trials).any() else float(np.median(trials))
            spread = (errors.min(), errors.max()) if is_random else (None, None)
            table.row(name, label, float(np.median(errors)), *spread, float(np.median(seconds)), count, asked)
        table.gap()


def _test(function, method, seed):
    """(test RMSE in std(y), seconds, iterations or NaN) of one fit."""
    X = np.linspace(-1.0, 1.0, _N_TRAIN)[:, None]
    y = function(X[:, 0])
    fresh = np.random.default_rng(1000 + seed).uniform(-1.0, 1.0, (_N_TEST, 1))
    predict, seconds, n_iter = method(X, y, seed)
    error = predict(fresh) - function(fresh[:, 0])
    return np.sqrt(np.mean(error**2)) / np.std(y), seconds, n_iter


def _newtonreg(X, y, seed):
    model, seconds = timed_fit(NewtonMLPRegressor(random_state=seed), X, y, is_peer=False)
    return model.predict, seconds, model.n_iter_


def _mlp(X, y, seed, **settings):
    settings = {"alpha": 0.0, "tol": 1e-14, "random_state": seed, **settings}
    mlp = MLPRegressor(hidden_layer_sizes=(_WIDTH,), activation="tanh", **settings)
    model, seconds = timed_fit(standardized(mlp), X, y)
    return model.predict, seconds, model.regressor_[-1].n_iter_


def _lbfgs(X, y, seed):
    return _mlp(X, y, seed, solver="lbfgs", max_iter=100_000, max_fun=10**7)


def _adam(X, y, seed):
    return _mlp(X, y, seed, solver="adam", max_iter=_ADAM_EPOCHS, n_iter_no_change=_ADAM_EPOCHS)


def _gaussian_process(X, y, seed):
    model, seconds = timed_fit(gaussian_process(seed, noisy=False), X, y)
    return model.predict, seconds, np.nan


class _Spline:
    """Cubic spline through the points."""

    def fit(self, X, y):
        self._curve = CubicSpline(X[:, 0], y)
        return self

    def predict(self, X):
        return self._curve(X[:, 0])


class _Chebyshev:
    """Least squares by Chebyshev polynomials; of the degrees 4, 8, … 100 the one with the least leave-one-out error."""

    def fit(self, X, y):
        basis = np.polynomial.chebyshev.chebvander(X[:, 0], 100)
        degrees = range(4, 101, 4)
        self._degree = min(degrees, key=lambda degree: self._left_out(basis[:, : degree + 1], y))
        self._coefs = np.linalg.lstsq(basis[:, : self._degree + 1], y, rcond=None)[0]
        return self

    @staticmethod
    def _left_out(basis, y):
        orthonormal = np.linalg.qr(basis)[0]
        leverage = np.sum(orthonormal**2, axis=1)
        return np.sum(((y - orthonormal @ (orthonormal.T @ y)) / (1.0 - leverage)) ** 2)

    def predict(self, X):
        return np.polynomial.chebyshev.chebval(X[:, 0], self._coefs)


class _RandomFeatures:
    """Least squares in fixed tanh units: knots at random data points, slopes log-uniform; nothing nonlinear is fitted."""

    def __init__(self, n_units, seed):
        self._n_units, self._rng = n_units, np.random.default_rng(seed)

    def fit(self, X, y):
        self._knots = self._rng.choice(X[:, 0], self._n_units)
        self._slopes = 10 ** self._rng.uniform(np.log10(0.3), np.log10(10.0), self._n_units)
        self._coefs = np.linalg.lstsq(self._basis(X), y, rcond=None)[0]
        return self

    def _basis(self, X):
        hidden = np.tanh(self._slopes * (X - self._knots))
        return np.column_stack([hidden, np.ones(len(X))])

    def predict(self, X):
        return self._basis(X) @ self._coefs


def _linear(make):
    """A method from a function of the seed that makes a model without iterations."""

    def method(X, y, seed):
        model, seconds = timed_fit(make(seed), X, y)
        return model.predict, seconds, np.nan

    return method


_METHODS = (
    ("NewtonMLPRegressor()", _newtonreg, True),
    ("MLPRegressor lbfgs, tightest", _lbfgs, True),
    (f"MLPRegressor adam, {_ADAM_EPOCHS} epochs", _adam, True),
    ("GaussianProcessRegressor(RBF)", _gaussian_process, True),
    ("cubic spline", _linear(lambda seed: _Spline()), False),
    ("Chebyshev least squares", _linear(lambda seed: _Chebyshev()), False),
    ("least squares in 20 random tanh units", _linear(lambda seed: _RandomFeatures(20, seed)), True),
    ("least squares in 200 random tanh units", _linear(lambda seed: _RandomFeatures(200, seed)), True),
)
"""Label, method (X, y, seed) -> (predict, seconds, iterations), and whether it depends on the random state."""
