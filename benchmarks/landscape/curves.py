"""One-dimensional regression without a penalty, and random starts of a tanh network for it."""

import numpy as np

from newtonreg import EmpiricalRisk
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

__all__ = ["TARGETS", "draw_params", "make_objective"]

N_ROWS = 64
ROUGHNESS = 0.5
"""Standard deviation of independent noise at each row, which no smooth basis can reach."""
TARGETS = {
    "sin 2 pi x": lambda x, rng: np.sin(2.0 * np.pi * x),
    "Runge": lambda x, rng: 1.0 / (1.0 + 25.0 * x**2),
    "|x|": lambda x, rng: np.abs(x),
    "sin + rough": lambda x, rng: np.sin(2.0 * np.pi * x) + ROUGHNESS * rng.standard_normal(x.shape),
}


def make_objective(target, n_units, seed, n_rows=N_ROWS, center=True):
    """Squared error of a tanh network on x in [-1, 1], rows of weight 1/n; x and y of variance 1, y centered."""
    x = np.linspace(-1.0, 1.0, n_rows)
    y = TARGETS[target](x, np.random.RandomState(seed))
    x, y = x / x.std(), y - y.mean() if center else y
    y = y / np.sqrt(np.mean(y**2))
    network = ShallowNetwork(Tanh(), 1, n_units, 1)
    term = Term(network, x[None, :], y[None, :], SquaredError(), np.full(n_rows, 1.0 / n_rows))
    return EmpiricalRisk([term], np.zeros(network.n_params))


def draw_params(network, rng):
    """Units, biases included, and coefficients uniform within Glorot's bounds; intercepts zero."""
    d, k, m = network.n_features, network.n_units, network.n_outputs
    units = rng.uniform(-1.0, 1.0, (d + 1, k)) * np.sqrt(6.0 / (d + k))
    outer = rng.uniform(-1.0, 1.0, (m, k + 1)) * np.sqrt(6.0 / (k + m))
    outer[:, -1] = 0.0
    return network.pack(units, outer)
