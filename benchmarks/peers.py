"""scikit-learn models that newtonreg is put beside, with X and y standardized as newtonreg does it inside."""

import time
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["Fit", "gaussian_process", "kernel", "standardized", "timed_fit"]


class Fit(NamedTuple):
    """A fitted model and the seconds its fit took."""

    model: object
    seconds: float


def timed_fit(model, X, y, is_peer=True):
    """`Fit` of `model`. Convergence warnings of peers are hidden; what newtonreg warns of is seen."""
    with warnings.catch_warnings():
        if is_peer:
            warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        model.fit(X, y)
        return Fit(model, time.perf_counter() - start)


def standardized(regressor):
    """`regressor` behind a StandardScaler for X and another one for y."""
    return TransformedTargetRegressor(make_pipeline(StandardScaler(), regressor), transformer=StandardScaler())


def kernel(noisy, n_features=1):
    """Constant × RBF with a length for every input, and white noise where the data are `noisy`."""
    smooth = ConstantKernel(1.0, (1e-3, 1e6)) * RBF(np.ones(n_features), (1e-3, 1e3))
    return smooth + WhiteKernel(0.1, (1e-12, 1e1)) if noisy else smooth


def gaussian_process(random_state, noisy):
    """Constant × RBF of one length, with white noise where the data are `noisy`; two restarts of the optimizer."""
    jitter = 1e-10
    model = GaussianProcessRegressor(kernel(noisy), alpha=jitter, n_restarts_optimizer=2, random_state=random_state)
    return standardized(model)
