"""Images of digits as arrays for training and test, in one scale."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from newtonreg.datasets import load_digits_split, load_mnist

__all__ = ["N_MNIST", "Split", "data_folder", "digits", "mnist"]

N_MNIST = 8000
"""Training rows."""
_QUICK_ROWS, _QUICK_TEST_ROWS = 1100, 200


class Split(NamedTuple):
    """Pixels (n, d) from 0 to 1 and labels (n,)."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    def standardized(self):
        """Less the training mean of each pixel, over one standard deviation of all of them: what newtonreg makes of pictures."""
        mean = self.X_train.mean(axis=0)
        scale = np.std(self.X_train - mean)
        return self._replace(X_train=(self.X_train - mean) / scale, X_test=(self.X_test - mean) / scale)

    def cut(self, n_train, n_test):
        """The first rows."""
        return Split(self.X_train[:n_train], self.y_train[:n_train], self.X_test[:n_test], self.y_test[:n_test])


def data_folder(asked):
    """The folder of MNIST's files: `asked`, NEWTONREG_DATA's, or the one beside the checkout; None where there is none."""
    if asked is not None:
        return Path(asked)
    root = os.environ.get("NEWTONREG_DATA")
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folders = [Path(each).expanduser() / "mnist10k" for each in (root, beside) if each]
    return next((folder for folder in folders if folder.is_dir()), None)


def mnist(settings, n_train=N_MNIST):
    """The first `n_train` training rows of MNIST and all its test rows; few of both where it is to be quick."""
    found = load_mnist(settings.data, n_train=N_MNIST)
    return _some(Split(*(found[name] for name in Split._fields)).cut(n_train, None), settings)


def digits(settings, seed=0):
    """scikit-learn's digits, split by `seed`."""
    found = load_digits_split(seed)
    return _some(Split(*(found[name] for name in Split._fields)), settings)


def _some(split, settings):
    return split.cut(_QUICK_ROWS, _QUICK_TEST_ROWS) if settings.quick else split
