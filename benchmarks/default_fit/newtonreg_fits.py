"""newtonreg at its default parameters, with `max_time` set to the cap."""

import inspect
import math
import time

import numpy as np

from default_fit.clock import Clock
from default_fit.methods import Fitted, Method
from newtonreg import NewtonMLPRegressor

__all__ = ["METHODS", "fit_watched", "has_max_time", "has_std", "readout_floor"]


def has_max_time():
    """Whether a fit can be told its seconds; until it can, it ends by its own budget of work and may take longer than the cap."""
    return "max_time" in inspect.signature(NewtonMLPRegressor).parameters


def has_std():
    """Whether predictions come with standard deviations."""
    return "return_std" in inspect.signature(NewtonMLPRegressor.predict).parameters


def _default_estimator(width, seed, cap):
    """The default estimator, told a width (None is its own), a random state and the seconds it may take."""
    settings = {"random_state": seed}
    if width is not None:
        settings["hidden_layer_sizes"] = (width,)
    if has_max_time():
        settings["max_time"] = cap
    return NewtonMLPRegressor(**settings)


def _fit_default(problem, seed, cap):
    """`Fitted` of the default estimator."""
    return _fitted(_default_estimator(problem.width, seed, cap), problem)


def _fitted(model, problem):
    start = time.perf_counter()
    model.fit(problem.X, problem.y)
    seconds = time.perf_counter() - start
    predict_std = (lambda X: model.predict(X, return_std=True)[1]) if has_std() else None
    return Fitted(model.predict, seconds, predict_std, {"trials": model.n_iter_}, model)


class _Watch:
    """A callback of scikit-learn's that notes when each trial ended."""

    def __init__(self):
        self._clock, self.ends = None, []

    def setup(self, estimator, context):
        """The fit begins."""
        self._clock = Clock(math.inf)

    def teardown(self, estimator, context):
        """Nothing to close."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing to note."""

    def on_fit_task_end(self, estimator, context):
        """A trial, or the fit, is over."""
        self.ends.append(self._clock.seconds)
        return False


def fit_watched(problem, seed, cap, errors):
    """(`Fitted` of the default estimator, seconds to each of the training `errors`, infinite where it was not reached).

    Seconds count from the beginning of the fit, the choice among starts included; losses are those of `history_`.
    """
    watch = _Watch()
    fitted = _fitted(_default_estimator(problem.width, seed, cap).set_callbacks(watch), problem)
    losses = np.array([row["loss"] for row in fitted.model.history_[1:]])
    ends = np.array(watch.ends[: len(losses)])
    if len(ends) != len(losses):
        raise RuntimeError(f"{len(losses)} trials in the history, {len(watch.ends)} ends of tasks: they cannot be matched.")
    return fitted, [float(np.min(ends[losses <= 0.5 * error**2], initial=math.inf)) for error in errors]


def readout_floor(problem, model):
    """(test, training) error of least squares in the units that `model` found, by an SVD: what better coefficients would give."""
    hidden, hidden_test = (np.column_stack([model.basis_functions(X), np.ones(len(X))]) for X in (problem.X, problem.X_test))
    scale = np.linalg.norm(hidden, axis=0)
    coefs = np.linalg.lstsq(hidden / scale, problem.y, rcond=None)[0] / scale
    return problem.test_error(hidden_test @ coefs), problem.train_error(hidden @ coefs)


METHODS = [Method("newtonreg", "newtonreg, default", _fit_default)]
