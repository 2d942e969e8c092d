"""What a solution is on a longer interval of time before it is known there, and its derivatives of order two."""

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Frozen", "jet"]


class Frozen(NamedTuple):
    """A `solution` up to `last`, and what it is then for ever after, along the variable `axis` from `first` on."""

    solution: Any
    axis: int
    first: float
    last: float

    def fields(self, X, wanted):
        """As `Solution.fields`."""
        time = X[:, self.axis]
        X, later = np.array(X), (time - self.last) * (self.last - self.first) > 0.0
        X[later, self.axis] = self.last
        fields = self.solution.fields(X, wanted)
        for row, (index, _) in zip(fields, wanted, strict=True):
            if index[self.axis]:
                row[later] = 0.0
        return fields


def jet(solution, setting):
    """A function of points Z (n, d) of [−1, 1]^d: u (m, n), ∇u (m, n, d) and ∇²u (m, n, d, d) there, in these coordinates."""
    d, m = len(setting.variables), len(setting.outputs)
    unit = np.eye(d, dtype=int)
    indices = [(0,) * d, *(tuple(row) for row in unit), *(tuple(unit[a] + unit[b]) for a in range(d) for b in range(d))]
    half = 0.5 * setting.width
    scales = np.asarray([np.prod(half ** np.asarray(index)) for index in indices])

    def evaluated(Z):
        X = np.clip(setting.low + half * (Z + 1.0), setting.low, setting.low + setting.width)
        fields = solution.fields(X, [(tuple(map(int, index)), j) for j in range(m) for index in indices])
        fields = fields.reshape(m, len(indices), -1) * scales[:, None]
        slopes, bends = fields[:, 1 : d + 1].swapaxes(1, 2), fields[:, d + 1 :].swapaxes(1, 2)
        return fields[:, 0], slopes, bends.reshape(m, -1, d, d)

    return evaluated
