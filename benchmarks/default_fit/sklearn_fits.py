"""scikit-learn: networks with lbfgs and adam, a Gaussian process, kernel ridge, boosted trees, ridge regression."""

import contextlib
import time
import warnings

import numpy as np
from peers import kernel
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor

from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.methods import Fitted, Method
from default_fit.networks import Standardized

__all__ = ["JITTERS", "METHODS"]

_UNLIMITED = {"alpha": 0.0, "tol": 0.0, "max_iter": 10**9, "max_fun": 10**9, "n_iter_no_change": 10**9}
_DEFAULT_WIDTH = 20


class _CappedLBFGS(MLPRegressor):
    """Stops at the deadline with the best parameters seen."""

    def _loss_grad_lbfgs(self, packed, *arguments):
        loss, gradient = super()._loss_grad_lbfgs(packed, *arguments)
        self._best.see(packed, loss)
        return loss, gradient

    def fit_within(self, X, y, clock):
        """`fit` until the clock's deadline."""
        self._best = BestPoint(clock)
        with contextlib.suppress(Deadline):
            self.fit(X, y)
        self._unpack(self._best.params)
        return self


class _CappedAdam(MLPRegressor):
    """Stops at the deadline; scikit-learn takes a KeyboardInterrupt for the user's wish to end a fit."""

    def _backprop(self, *arguments):
        self._clock.check()
        return super()._backprop(*arguments)

    def fit_within(self, X, y, clock):
        """`fit` until the clock's deadline."""
        self._clock = clock
        return self.fit(X, y)


def _network(make, **settings):
    def fit(problem, seed, cap):
        data = Standardized(problem)
        width = problem.width or _DEFAULT_WIDTH
        model = make(hidden_layer_sizes=(width,), activation="tanh", random_state=seed, **settings)
        clock = Clock(cap)
        model.fit_within(data.X, data.y, clock)
        return Fitted(data.predictor(model.predict), clock.seconds)

    return fit


# -- Gaussian process

JITTERS = (1e-10, 1e-8)
_MANY_ROWS = 1000
_SUBSET = 400


def _gaussian_process(problem, seed, cap):
    """The better of two jitters by marginal likelihood (one where white noise is in the kernel), two restarts each.

    From 1000 rows on the restarts are made on 400 of them, and the best goes on with all rows: with all rows they take minutes.
    `seconds` is the jitter that was chosen; `seconds_all` includes the other.
    """
    data = Standardized(problem)
    fits, failures, total = [], 0, 0.0
    for jitter in JITTERS[:1] if problem.is_noisy else JITTERS:
        start = time.perf_counter()
        try:
            model, failed = _restarted_process(data, problem.is_noisy, jitter, seed)
            failures += failed
            fits.append((model.log_marginal_likelihood_value_, time.perf_counter() - start, model))
        except np.linalg.LinAlgError:
            failures += 1
        total += time.perf_counter() - start
    if not fits:
        raise np.linalg.LinAlgError("no jitter gives a positive definite kernel matrix")
    _, seconds, model = max(fits, key=lambda fit: fit[0])
    notes = {"jitter": model.alpha, "failed_parts": failures, "seconds_all": total}
    return Fitted(data.predictor(model.predict), seconds, _std_of(model, data), notes)


def _restarted_process(data, is_noisy, jitter, seed):
    """(model, number of failures that were got over)."""
    settings = {"alpha": jitter, "random_state": seed}
    shape = kernel(is_noisy, data.X.shape[1])
    if len(data.y) < _MANY_ROWS:
        return GaussianProcessRegressor(shape, n_restarts_optimizer=2, **settings).fit(data.X, data.y), 0
    rows = np.random.default_rng(seed).choice(len(data.y), _SUBSET, replace=False)
    try:
        first = GaussianProcessRegressor(shape, n_restarts_optimizer=2, **settings).fit(data.X[rows], data.y[rows])
        return GaussianProcessRegressor(first.kernel_, **settings).fit(data.X, data.y), 0
    except np.linalg.LinAlgError:
        return GaussianProcessRegressor(shape, **settings).fit(data.X, data.y), 1


def _std_of(model, data):
    """Predictive standard deviations; with the noise, where white noise is in the kernel."""
    return lambda X: model.predict(data.inputs(X), return_std=True)[1] * data.y_scale


# -- the others


def _plain(make):
    def fit(problem, seed, cap):
        data = Standardized(problem)
        start = time.perf_counter()
        model = make(seed, data).fit(data.X, data.y)
        return Fitted(data.predictor(model.predict), time.perf_counter() - start)

    return fit


def _quiet(fit):
    def quiet(problem, seed, cap):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            # "Training interrupted by user", ill-conditioned kernels, line searches
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            return fit(problem, seed, cap)

    return quiet


def _kernel_ridge(seed, data):
    grid = {"alpha": (1e-12, 1e-9, 1e-6, 1e-3, 1e-1), "gamma": (0.01, 0.1, 1.0, 10.0)}
    return GridSearchCV(KernelRidge(kernel="rbf"), grid, cv=3, scoring="neg_mean_squared_error")


def _boosting(seed, data):
    return HistGradientBoostingRegressor(random_state=seed)


def _ridge(seed, data):
    return RidgeCV(np.logspace(-3, 3, 13))


_FIXED = {"is_random": False, "most_seeds": 2}
METHODS = [
    Method(
        "mlp-lbfgs", "MLPRegressor lbfgs, tightest", _quiet(_network(_CappedLBFGS, solver="lbfgs", **_UNLIMITED)), most_seeds=3
    ),
    Method(
        "mlp-adam", "MLPRegressor adam, no tolerance", _quiet(_network(_CappedAdam, solver="adam", **_UNLIMITED)), most_seeds=3
    ),
    Method("mlp-default", "MLPRegressor(), standardized", _quiet(_plain(lambda seed, data: MLPRegressor(random_state=seed)))),
    Method("gp", "Gaussian process, RBF", _quiet(_gaussian_process), is_random=False, slow_from=2000),
    Method("kernel-ridge", "kernel ridge, 3-fold grid", _quiet(_plain(_kernel_ridge)), **_FIXED),
    Method("boosting", "HistGradientBoostingRegressor", _plain(_boosting), **_FIXED),
    Method("ridge", "RidgeCV (linear)", _plain(_ridge), **_FIXED),
]
