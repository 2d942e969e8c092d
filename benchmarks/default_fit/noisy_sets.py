"""Noisy data of known and unknown truth, made up or shipped with scikit-learn; no network is needed."""

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.model_selection import train_test_split

from default_fit.functions import CURVES, SURFACES, friedman1, friedman2, friedman3
from default_fit.problems import Problem, Spec

__all__ = ["SETS", "diabetes", "friedman1_set", "sine"]

_N_TEST = 2000


def _made_up(draw_inputs, function, noise, width=None):
    """A draw: `noise` is in standard deviations of the noise-free training targets, or a function of X in units of y."""

    def draw_rows(n_rows, rng, unit):
        X = draw_inputs(n_rows, rng)
        truth = function(X)
        unit = np.std(truth) if unit is None else unit
        size = noise(X) if callable(noise) else noise * unit
        return X, truth, truth + size * rng.standard_normal(n_rows), unit

    def make(n_rows):
        def draw(seed):
            rng = np.random.default_rng(seed)
            X, _, y, unit = draw_rows(n_rows, rng, None)
            X_test, truth, y_test, _ = draw_rows(_N_TEST, rng, unit)
            return Problem(X, y, X_test, y_test, truth, width, is_noisy=True)

        return draw

    return make


def _real(load, test_size=0.25):
    """A draw: a random split; a seed is another split."""

    def draw(seed):
        X, y = load()
        X, X_test, y, y_test = train_test_split(X, y, random_state=seed, test_size=test_size)
        return Problem(X, y, X_test, y_test, y_test, None, is_noisy=True)

    return draw


def _cube(d, low=0.0, high=1.0):
    return lambda n_rows, rng: rng.uniform(low, high, (n_rows, d))


def _on_curve(name):
    return lambda X: CURVES[name].function(X[:, 0])


def sine(noise):
    """sin 2πx on [-1, 1] with noise of this many standard deviations of it: a function of the number of rows to a draw."""
    return _made_up(_cube(1, -1.0), _on_curve("sin2pi"), noise)


friedman1_set = _made_up(_cube(10), friedman1, lambda X: 1.0)
"""Friedman 1 with noise of standard deviation 1 and five inputs that do not matter."""


def _nothing(seed):
    """Noise alone; errors are against the noise, where the best is to predict the mean."""
    problem = _made_up(_cube(3), lambda X: np.zeros(len(X)), lambda X: 1.0)(100)(seed)
    return problem._replace(truth=problem.y_test)


diabetes = _real(lambda: load_diabetes(return_X_y=True))


def _airfoil(X):
    """Sound pressure over log frequency, angle, chord, speed and thickness: a smooth bump and products, like airfoil."""
    frequency, angle, chord, speed, thickness = X.T
    peak = 0.2 + 0.4 * speed - 0.5 * chord
    bump = -6.0 * (frequency - peak) ** 2 * (1.0 + 0.5 * angle)
    return 125.0 + 4.0 * speed + bump - 3.0 * angle * thickness + 2.0 * np.tanh(4.0 * (thickness - 0.3) * frequency)


def _uneven(X):
    """Five times as much noise on the right as on the left."""
    return np.where(X[:, 0] > 0.0, 0.25, 0.05)


def _linear(d):
    return lambda X: X @ np.linspace(1.0, -1.0, d)


def _column(load, target):
    """Real data in which one column is to be told from the others."""

    def loaded():
        X = load().data
        return np.delete(X, target, axis=1), X[:, target]

    return loaded


def _surface(name, noise):
    known = SURFACES[name]
    return _made_up(known.draw, known.function, noise)


_CASES = (
    ("diabetes", "diabetes, 331", diabetes, 331),
    ("diabetes-small", "diabetes, 110", _real(lambda: load_diabetes(return_X_y=True), 0.75), 110),
    ("wine", "wine: alcohol", _real(_column(load_wine, 0)), 133),
    ("iris", "iris: petal width", _real(_column(load_iris, 3)), 112),
    ("cancer", "breast cancer: smoothness", _real(_column(load_breast_cancer, 4)), 426),
    *((f"sin-{p}-{n}", f"sine + {p}%, {n}", sine(p / 100)(n), n) for p in (10, 1, 0.1) for n in (50, 200, 1000)),
    *((f"friedman1-{n}", f"Friedman 1 + 1, {n}", friedman1_set(n), n) for n in (100, 200, 500)),
    ("friedman2", "Friedman 2 + 125, 200", _made_up(SURFACES["friedman2"].draw, friedman2, lambda X: 125.0)(200), 200),
    ("friedman3", "Friedman 3 + 0.1, 200", _made_up(SURFACES["friedman3"].draw, friedman3, lambda X: 0.1)(200), 200),
    ("linear-5", "linear 5-D + 50%, 100", _made_up(_cube(5), _linear(5), 0.5)(100), 100),
    ("linear-10", "linear 10-D + 100%, 300", _made_up(_cube(10), _linear(10), 1.0)(300), 300),
    ("airfoil", "like airfoil + 20%, 500", _made_up(_cube(5), _airfoil, 0.2)(500), 500),
    ("uneven", "sin 4πx, uneven noise, 200", _made_up(_cube(1, -1.0), _on_curve("sin4pi"), _uneven)(200), 200),
    ("step", "tanh 20x + 20%, 150", _made_up(_cube(1, -1.0), _on_curve("tanh20"), 0.2)(150), 150),
    ("peaks", "peaks + 10%, 500", _surface("peaks", 0.1)(500), 500),
    ("piston", "piston + 10%, 300", _surface("piston", 0.1)(300), 300),
    ("borehole", "borehole + 5%, 300", _surface("borehole", 0.05)(300), 300),
    ("otl", "OTL circuit + 1%, 200", _surface("otl", 0.01)(200), 200),
    ("nothing", "noise only, 3-D, 100", _nothing, 100),
)

_CAP = 2.0
SETS = [Spec(name, label, draw, _CAP, n_rows=n_rows) for name, label, draw, n_rows in _CASES]
