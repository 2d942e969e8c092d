"""What all terms of a physics problem share: names, domain, and how the solution comes from the network."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.networks.channels import Channels
from newtonreg.physics.terms import Lift, PointSet

__all__ = ["Setting"]


class Setting(NamedTuple):
    """Names and domain of a problem.

    The network sees inputs that the domain maps to [−1, 1]. `variables` d names, `outputs` m names, `domain` d pairs
    (low, high), `hard`: a `HardOutput`, or None where the solution is the network's output.
    """

    variables: tuple
    outputs: tuple
    domain: tuple
    hard: Any = None

    @property
    def low(self):
        """Lower ends, (d,)."""
        return np.asarray([low for low, _ in self.domain])

    @property
    def width(self):
        """High less low, (d,)."""
        return np.asarray([high - low for low, high in self.domain])

    def inputs(self, X):
        """Points X (n, d) as the network takes them, (d, n)."""
        return np.ascontiguousarray((2.0 * (X - self.low) / self.width - 1.0).T)

    def observe(self, X, fields):
        """What a network has to be asked at X (n, d) for derivatives of the solution.

        Parameters
        ----------
        X : array of shape (n, d)
        fields : sequence of (multi-index, output)
            C derivatives ∂^α u_j.

        Returns
        -------
        PointSet
            Its `lift` maps the channels of the network, all outputs of each multi-index, to the C fields.
        """
        parts = [self._terms(index, output, X) for index, output in fields]
        indices = sorted({index for terms, _ in parts for index in terms}, key=lambda index: (sum(index), index))
        m, c = len(self.outputs), len(fields)
        n = X.shape[0] if self.hard is not None else 1
        matrix, offset = np.zeros((c, len(indices) * m, n)), np.zeros((c, n))
        for row, ((_, output), (terms, shift)) in enumerate(zip(fields, parts, strict=True)):
            offset[row] = shift
            for index, coefficient in terms.items():
                scale = np.prod((2.0 / self.width) ** np.asarray(index))
                matrix[row, indices.index(index) * m + output] = coefficient * scale
        return PointSet(self.inputs(X), Channels(indices), Lift(matrix, offset))

    def _terms(self, index, output, X):
        """∂^α u_j as coefficients of ∂^β N_j, and what is left."""
        if self.hard is None:
            return {tuple(index): 1.0}, 0.0
        return self.hard.terms(tuple(index), output, X)
