"""scikit-learn models that newtonreg is put beside, with X and y standardized as newtonreg does it inside."""

import time
import warnings
from typing import NamedTuple

from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

__all__ = ["Fit", "gaussian_process", "standardized", "timed_fit"]


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


def gaussian_process(random_state, noisy):
    """Constant × RBF, with white noise where the data are `noisy`; two restarts of the optimizer."""
    kernel = ConstantKernel(1.0, (1e-3, 1e6)) * RBF(1.0, (1e-3, 1e3))
    kernel = kernel + WhiteKernel(0.1, (1e-6, 1e1)) if noisy else kernel
    jitter = 1e-10
    return standardized(GaussianProcessRegressor(kernel, alpha=jitter, n_restarts_optimizer=2, random_state=random_state))
