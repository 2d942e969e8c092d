"""A fitted solution: the network, what makes the solution of its output, and what can be asked of it."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.backend.arrays import to_device, to_host
from newtonreg.physics.operators import evaluate

__all__ = ["Solution"]

_BLOCK = 2**22
"""Doubles of hidden values that are alive at a time."""


class Solution(NamedTuple):
    """Everything a prediction needs, and nothing of the collocation points.

    `setting`, `network`, `params` (p,) of the network followed by S scalars; `equation`: a list of resolved operators, or an
    `Equation`.
    """

    setting: Any
    network: Any
    params: Any
    equation: Any

    def on_host(self):
        """The same with NumPy arrays."""
        return self._replace(params=to_host(self.params))

    @property
    def scalars(self):
        """Coefficients of the equation, (S,)."""
        return self.params[self.network.n_params :]

    @property
    def units(self):
        """Of the network, (q, k)."""
        return self.network.unpack(self.params[: self.network.n_params]).units

    def fields(self, X, wanted):
        """Derivatives ∂^α u_j, a pair (α, j) each, at X (n, d): (C, n), on the host."""
        size = max(1, _BLOCK // (self.network.n_units * len(wanted)))
        parts = [self._block(X[start : start + size], wanted) for start in range(0, X.shape[0], size)]
        return np.concatenate(parts, axis=1)

    def _block(self, X, wanted):
        one = self.setting.observe(X, wanted)
        own = self.params[: self.network.n_params]
        values = one.channels.at(self.network, to_device(one.inputs, own), own, n_more=0).values
        return one.lift.values(to_host(values))

    def values(self, X):
        """u, (m, n)."""
        d = len(self.setting.variables)
        return self.fields(X, [((0,) * d, j) for j in range(len(self.setting.outputs))])

    def applied(self, operator, X):
        """Σ coefficient ∂^α u_j of a resolved operator, (n,)."""
        terms = evaluate(operator, X)
        fields = self.fields(X, [(index, output) for index, output, _ in terms])
        return sum(coefficient * row for (_, _, coefficient), row in zip(terms, fields, strict=True))

    def equation_values(self, X):
        """𝒩[u](x), (E, n)."""
        if isinstance(self.equation, list):
            return np.stack([self.applied(operator, X) for operator in self.equation])
        fields = self.fields(X, list(self.equation.channels))
        return self.equation.values(X[:, 0] if X.shape[1] == 1 else X, fields, to_host(self.scalars))

    def hidden(self, X):
        """Basis functions h_k(x), (k, n)."""
        own = self.params[: self.network.n_params]
        return to_host(self.network.at(to_device(self.setting.inputs(X), own), own).hidden.values)
