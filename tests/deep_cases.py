"""Small deep networks whose layers all differ, with data, for the tests."""

from types import SimpleNamespace

import autograd.numpy as anp
import numpy as np

from newtonreg.backend.arrays import to_host
from newtonreg.bases import Identity, Logistic, Softplus, Tanh
from newtonreg.losses import Binomial, Multinomial, SquaredError
from newtonreg.networks import DeepNetwork
from newtonreg.objectives import EmpiricalRisk, Term

__all__ = ["ALPHA", "BASES", "D", "LOSSES", "N", "WIDTHS", "assert_close", "make_case", "make_risk", "naive_values"]

D, N, ALPHA = 2, 13, 0.1
WIDTHS = (4, 3, 5, 2)
BASES = (Tanh(), Logistic(), Softplus(), Identity())
NAIVE_BASES = {
    "tanh": anp.tanh,
    "logistic": lambda z: 1.0 / (1.0 + anp.exp(-z)),
    "softplus": lambda z: anp.log(1.0 + anp.exp(z)),
    "identity": lambda z: z,
}
LOSSES = {
    "squared": (SquaredError(), 1),
    "squared, 3": (SquaredError(), 3),
    "binomial": (Binomial(), 2),
    "multinomial": (Multinomial(), 3),
}


def naive_values(network, params, x):
    """The network from its definition, reading the parameters one layer after the other."""
    at, below = 0, D
    for basis, width in zip(network.bases, network.hidden_sizes, strict=True):
        units = params[at : at + (below + 1) * width].reshape(below + 1, width)
        x = NAIVE_BASES[basis.name](anp.dot(units[:-1].T, x) + units[-1][:, None])
        at, below = at + (below + 1) * width, width
    outer = params[at:].reshape(network.n_outputs, below + 1)
    return anp.dot(outer[:, :-1], x) + outer[:, -1:]


def make_case(depth, loss=None, n_outputs=3, n_samples=N, seed=0):
    """A network whose layers all differ, data, parameters and directions, NumPy all."""
    rng = np.random.default_rng(seed)
    network = DeepNetwork(BASES[:depth], D, WIDTHS[:depth], n_outputs)
    loss = loss or SquaredError()
    labels = np.eye(max(n_outputs, 2))[:n_outputs, rng.integers(2, size=n_samples)]
    return SimpleNamespace(
        network=network,
        loss=loss,
        x=rng.normal(size=(D, n_samples)),
        y=rng.normal(size=(n_outputs, n_samples)) if loss.is_sum_of_squares else labels,
        s=rng.uniform(0.2, 2.0, size=n_samples),
        w=rng.normal(size=network.n_params),
        v=rng.normal(size=network.n_params),
        rng=rng,
    )


def make_risk(xp, case):
    x, y, s = (xp.asarray(array) for array in (case.x, case.y, case.s))
    return EmpiricalRisk([Term(case.network, x, y, case.loss, s)], ALPHA * case.network.penalty_mask(x))


def assert_close(actual, expected, rtol=1e-10):
    """Equal relative to the largest entry."""
    actual, expected = np.asarray(to_host(actual)), np.asarray(to_host(expected))
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=rtol * np.abs(expected).max())
