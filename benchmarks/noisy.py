"""Noisy regression: what a default fit, and one whose penalty is chosen by a grid search, are worth on fresh data."""

import numpy as np
from default_fit.noisy_sets import diabetes, friedman1_set, sine
from joblib import cpu_count
from peers import gaussian_process, standardized, timed_fit
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from tables import Table

from newtonreg import NewtonMLPRegressor

__all__ = ["run"]

_ALPHAS = (0.0, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2)
_COLUMNS = (
    ("data", "", 20),
    ("method", "", 34),
    ("median RMSE", ".3f"),
    ("min", ".3f", 6),
    ("max", ".3f", 6),
    ("s", ".2f", 6),
    ("alpha chosen", "", 20),
)

_NOTES = (
    "Root mean squared error on data that no fit saw, in units of std(y) of the training targets: 1 is what the mean gives. Test",
    "targets of the made-up problems are free of noise; diabetes holds out a quarter of its rows. A seed is another sample (or",
    "split) and another random state. X and y are standardized for everyone. Grid: alpha in 0, 1e-3, … 100, five folds.",
)


def run(options):
    """Print the table."""
    seeds = options.seeds or (1 if options.quick else 5)
    table = Table(f"Noisy regression, seeds 0 to {seeds - 1}", _COLUMNS, _NOTES)
    for name, draw in _QUICK_DATA if options.quick else _DATA:
        problems = [draw(seed) for seed in range(seeds)]
        for label, make in _METHODS:
            runs = [_test(make(seed), problem) for seed, problem in enumerate(problems)]
            errors, seconds, chosen = zip(*runs, strict=True)
            alphas = "" if chosen[0] is None else " ".join(f"{alpha:g}" for alpha in chosen)
            table.row(name, label, float(np.median(errors)), min(errors), max(errors), float(np.median(seconds)), alphas)
        table.gap()


def _test(model, problem):
    """(test RMSE in std(y), seconds, the penalty chosen or None)."""
    is_peer = not isinstance(getattr(model, "estimator", model), NewtonMLPRegressor)
    model, seconds = timed_fit(model, problem.X, problem.y, is_peer)
    chosen = model.best_params_["alpha"] if isinstance(model, GridSearchCV) else None
    return problem.test_error(model.predict(problem.X_test)), seconds, chosen


# -- data

_DATA = (
    ("diabetes", diabetes),
    ("Friedman 1, n=500", friedman1_set(500)),
    *((f"sin + 10%, n={n}", sine(0.1)(n)) for n in (50, 200, 1000)),
)
_QUICK_DATA = (_DATA[2],)

# -- methods


def _grid(seed):
    estimator = NewtonMLPRegressor(random_state=seed)
    return GridSearchCV(estimator, {"alpha": _ALPHAS}, cv=5, n_jobs=cpu_count(), scoring="neg_mean_squared_error")


_METHODS = (
    ("NewtonMLPRegressor()", lambda seed: NewtonMLPRegressor(random_state=seed)),
    ("NewtonMLPRegressor, grid of alpha", _grid),
    ("MLPRegressor() lbfgs", lambda seed: standardized(MLPRegressor(solver="lbfgs", random_state=seed))),
    ("MLPRegressor() adam", lambda seed: standardized(MLPRegressor(random_state=seed))),
    ("RidgeCV", lambda seed: standardized(RidgeCV(np.logspace(-3, 3, 13)))),
    ("GaussianProcess RBF + white noise", lambda seed: gaussian_process(seed, noisy=True)),
)
