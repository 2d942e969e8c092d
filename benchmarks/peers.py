"""What the comparisons with scikit-learn share."""

import time
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

__all__ = ["Fit", "kernel", "timed_fit"]


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


def kernel(noisy, n_features=1):
    """Constant × RBF with a length for every input, and white noise where the data are `noisy`."""
    smooth = ConstantKernel(1.0, (1e-3, 1e6)) * RBF(np.ones(n_features), (1e-3, 1e3))
    return smooth + WhiteKernel(0.1, (1e-12, 1e1)) if noisy else smooth
