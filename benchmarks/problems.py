"""Objectives of a given size at a point in general position, and the Jacobian a user would form there."""

from typing import NamedTuple

import numpy as np

from newtonreg.bases import Tanh
from newtonreg.losses import Multinomial, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term

__all__ = ["SIZES", "Problem", "jacobian_rows", "make_problem"]

SIZES = ((1, 20, 256), (1, 100, 2000), (8, 50, 10_000), (8, 200, 10_000), (20, 200, 20_000), (8, 300, 200_000))
"""(d, k, n): inputs, units, rows."""

_LOSSES = {"squared error": SquaredError, "multinomial": Multinomial}
_ALPHA = 0.1


class Problem(NamedTuple):
    """Data, samples last, and parameters where residuals are as large as the targets: no term of the Hessian hides."""

    network: ShallowNetwork
    loss: object
    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    penalty: np.ndarray
    params: np.ndarray

    def objective(self):
        """The `EmpiricalRisk` of all rows."""
        return EmpiricalRisk([Term(self.network, self.inputs, self.targets, self.loss, self.weights)], self.penalty)

    def first(self, n_rows):
        """The same network, parameters and penalty on the first `n_rows` rows."""
        if n_rows >= self.weights.shape[0]:
            return self
        inputs, targets = (np.ascontiguousarray(a[:, :n_rows]) for a in (self.inputs, self.targets))
        return self._replace(inputs=inputs, targets=targets, weights=self.weights[:n_rows])


def make_problem(size, n_outputs=1, loss="squared error", seed=0):
    """A `Problem` of `size` (d, k, n) with tanh units."""
    d, k, n = size
    rng = np.random.default_rng(seed)
    network = ShallowNetwork(Tanh(), d, k, n_outputs)
    inputs = rng.standard_normal((d, n))
    targets = rng.standard_normal((n_outputs, n))
    if loss == "multinomial":
        targets = np.eye(n_outputs)[:, np.argmax(targets, axis=0)]
    units = rng.standard_normal((d + 1, k)) / np.sqrt(d)
    outer = rng.standard_normal((n_outputs, k + 1)) / np.sqrt(k)
    params = network.pack(units, outer)
    weights = rng.uniform(0.5, 1.5, n)
    return Problem(network, _LOSSES[loss](), inputs, targets, weights, _ALPHA * network.penalty_mask(params), params)


def jacobian_rows(problem, block=1024):
    """Weighted Jacobian of a network with one output, transposed, (p, n): what a `dsyrk` user has; filled block by block."""
    n = problem.weights.shape[0]
    rows = np.empty((problem.network.n_params, n))
    for start in range(0, n, block):
        part = slice(start, min(start + block, n))
        point = problem.network.at(np.ascontiguousarray(problem.inputs[:, part]), problem.params)
        rows[:, part] = point.jacobian()[0] * np.sqrt(problem.weights[part])
    return rows
