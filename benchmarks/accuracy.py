"""How many digits a default fit reaches on smooth, noise-free functions of one variable, beside what else one would use."""

import numpy as np
from default_fit.functions import CURVES
from linear_fits import Chebyshev, RandomUnits, Spline
from peers import gaussian_process, standardized, timed_fit
from sklearn.neural_network import MLPRegressor
from tables import Table

from newtonreg import NewtonMLPRegressor

__all__ = ["run"]

_TARGETS = {"sin2pi": 1e-6, "sin4pi": 1e-5, "runge": 1e-5}
"""Function, and the median test RMSE asked for of newtonreg."""

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
    for key, target in _TARGETS.items():
        name, function = CURVES[key]
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
    ("cubic spline", _linear(lambda seed: Spline()), False),
    ("Chebyshev least squares", _linear(lambda seed: Chebyshev()), False),
    ("least squares in 20 random tanh units", _linear(lambda seed: RandomUnits(20, seed)), True),
    ("least squares in 200 random tanh units", _linear(lambda seed: RandomUnits(200, seed)), True),
)
"""Label, method (X, y, seed) -> (predict, seconds, iterations), and whether it depends on the random state."""
