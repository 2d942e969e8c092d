"""A problem is training data, what a fit is tested on, a width and a cap of seconds; a `Spec` draws it from a seed."""

from typing import NamedTuple

import numpy as np

from default_fit.functions import CURVES, SURFACES

__all__ = ["Problem", "Spec", "curve", "rms", "surface"]

_N_TEST_CURVE, _N_TEST_SURFACE = 1000, 2000
_FRESH = 1_000_000
"""Added to a seed where test inputs are drawn."""


class Problem(NamedTuple):
    """`truth` is what the errors are measured against: noise-free where it is known, else the same as `y_test`."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    truth: np.ndarray
    width: int | None
    is_noisy: bool = False

    def test_error(self, prediction):
        """Root mean squared error on the test inputs in units of std(y) of the training targets."""
        return rms(prediction - self.truth) / np.std(self.y)

    def train_error(self, prediction):
        """The same on the training data."""
        return rms(prediction - self.y) / np.std(self.y)


class Spec(NamedTuple):
    """How a problem is called and drawn, and how long a fit may take; `is_fixed` where a seed changes the test inputs only."""

    name: str
    label: str
    draw: object
    cap: float
    is_fixed: bool = False
    n_rows: int = 0


def rms(values):
    """√mean(values²), of numbers that may be as small as 1e-200 or as large as 1e200."""
    largest = np.max(np.abs(values))
    return float(largest * np.sqrt(np.mean((values / largest) ** 2))) if 0.0 < largest < np.inf else float(largest)


def curve(name, n_rows, width, cap, label=None):
    """`Spec` of a noise-free function in `CURVES`: equidistant points on [-1, 1], fresh uniform test points."""
    known = CURVES[name]

    def draw(seed):
        X = np.linspace(-1.0, 1.0, n_rows)[:, None]
        X_test = np.random.default_rng(_FRESH + seed).uniform(-1.0, 1.0, (_N_TEST_CURVE, 1))
        return _noise_free(X, X_test, lambda rows: known.function(rows[:, 0]), width)

    return Spec(name, label or known.label, draw, cap, is_fixed=True, n_rows=n_rows)


def surface(name, n_rows, width, cap):
    """`Spec` of a noise-free function in `SURFACES`: uniform random inputs, other ones for every seed."""
    known = SURFACES[name]

    def draw(seed):
        X = known.draw(n_rows, np.random.default_rng(seed))
        X_test = known.draw(_N_TEST_SURFACE, np.random.default_rng(_FRESH + seed))
        return _noise_free(X, X_test, known.function, width)

    return Spec(name, known.label, draw, cap, n_rows=n_rows)


def _noise_free(X, X_test, function, width):
    truth = function(X_test)
    return Problem(X, function(X), X_test, truth, truth, width)
