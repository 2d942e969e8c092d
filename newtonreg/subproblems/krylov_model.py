"""A quadratic model in a growing Krylov space of its gradient, where its matrix is tridiagonal and small."""

import math
from itertools import islice
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_device, to_floats, to_host
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.safeguards import directed, generic_direction

__all__ = ["KrylovMinimizer", "KrylovModel", "tridiagonal_matrix"]

_SEARCH_RTOL = 1e-4
"""Of the largest curvature: residual of the lowest Ritz pair at which a space from a generic direction has been searched."""


def tridiagonal_matrix(diagonal, off_diagonal, xp):
    """The symmetric matrix (k, k) in the namespace `xp` from lists of floats: k diagonal, at least k − 1 off-diagonal entries."""
    size = len(diagonal)
    rows = [[0.0] * size for _ in range(size)]
    for i in range(size):
        rows[i][i] = diagonal[i]
        if i + 1 < size:
            rows[i][i + 1] = rows[i + 1][i] = off_diagonal[i]
    return xp.asarray(rows)


class KrylovMinimizer(NamedTuple):
    """The minimizer of a model restricted to a Krylov space."""

    solution: Any
    """`SecularSolution` in the eigenbasis of the tridiagonal matrix."""
    coordinates: Any
    """h (k,), on the host: p = V h."""
    residual: float
    """‖(B + λI) p + g‖ = β_k |h_k|: all that is missing lies along one vector."""
    is_searched: bool
    """Whether negative curvature outside the Krylov space of g has been looked for, where that space came to an end."""


class KrylovModel:
    """gᵀp + ½ pᵀBp on span(g, Bg, …), and once that is invariant on a second Krylov space, from a generic direction.

    Parameters
    ----------
    gradient : array of shape (p,)
        g.
    product : callable
        v (p,) to B v.

    Notes
    -----
    The space of g is invariant in the hard case, at a stationary point, or where the problem falls into parts; whatever negative
    curvature it does not contain, a generic vector at right angles to it does. With both, T is block-diagonal and the
    restricted problem is as good as the whole one. The spaces are kept: another radius takes products only where it needs
    larger ones, and gives the same step as if it had come first.
    """

    def __init__(self, gradient, product):
        self.gradient = gradient
        self.gradient_norm = to_floats(linalg.norm(gradient))[0]
        self._product = product
        self._blocks = [_Block(product, gradient if self.gradient_norm > 0.0 else generic_direction(gradient))]
        self._host = namespace(to_host(gradient[:1]))

    @property
    def curvature(self):
        """gᵀBg / ‖g‖², known after the first product."""
        return self._blocks[0].grown(1)[0][0]

    def minimizer(self, size, minimize):
        """The `KrylovMinimizer` for `size` products; None where the numbers are not finite.

        `minimize` maps host eigenvalues (k,), ascending, and coefficients (k,) of g to a `SecularSolution`. Costs an
        eigendecomposition of a k × k matrix on the host.
        """
        diagonal, off_diagonal, generic = self._tridiagonal(size)
        if not math.isfinite(sum(diagonal) + sum(off_diagonal)):
            return None
        values, vectors = linalg.eigh(tridiagonal_matrix(diagonal, off_diagonal, self._host))
        solution = minimize(values, self.gradient_norm * vectors[0, :])
        coordinates = linalg.matmul(vectors, directed(solution, lambda: self.combined(vectors[:, 0])))
        residual = off_diagonal[-1] * abs(float(coordinates[-1]))
        is_searched = self._is_searched(diagonal, off_diagonal, generic, max(abs(float(values[0])), abs(float(values[-1]))))
        return KrylovMinimizer(solution, coordinates, residual, is_searched)

    def combined(self, coordinates):
        """V h (p,) for host coordinates h (k,)."""
        total, start = 0.0, 0
        for block in self._blocks:
            part = coordinates[start : start + block.size]
            if part.shape[0] > 0:
                total = total + block.space.combined(to_device(part, like=self.gradient))
            start += part.shape[0]
        return total

    def _tridiagonal(self, size):
        """Diagonal and off-diagonal of T, and the index from which on its space comes from a generic direction, or None."""
        first = self._blocks[0]
        diagonal, off_diagonal = first.grown(size)
        if self.gradient_norm == 0.0:
            return diagonal, off_diagonal, 0
        if len(diagonal) == size or len(diagonal) == self.gradient.shape[0]:
            return diagonal, off_diagonal, None
        if len(self._blocks) == 1:
            self._blocks.append(_Block(self._product, generic_direction(self.gradient), first.space.basis[: first.size, :]))
        more, more_off = self._blocks[1].grown(size - len(diagonal))
        return diagonal + more, off_diagonal + more_off, len(diagonal)

    def _is_searched(self, diagonal, off_diagonal, generic, largest):
        """Whether the lowest eigenvalue outside the space of g is known, or that space has not come to an end."""
        if generic is None:
            return off_diagonal[-1] > 0.0 or len(diagonal) == self.gradient.shape[0]
        vectors = linalg.eigh(tridiagonal_matrix(diagonal[generic:], off_diagonal[generic:], self._host))[1]
        return off_diagonal[-1] * abs(float(vectors[-1, 0])) <= _SEARCH_RTOL * largest


class _Block:
    """A Krylov space that grows when it has to."""

    def __init__(self, product, start, outside=None):
        self._growing = lanczos(product, start, start.shape[0], outside)
        self._numbers = [], []
        self._is_complete = False
        self.space = None

    @property
    def size(self):
        """Dimension so far."""
        return len(self._numbers[0])

    def grown(self, size):
        """Diagonal and off-diagonal of its T up to `size`, or up to where the space is invariant."""
        wanted = size - self.size
        if wanted > 0 and not self._is_complete:
            for space in islice(self._growing, wanted):
                self.space = space
            self._numbers = self.space.tridiagonal()
            self._is_complete = self.size < size or self._numbers[1][-1] == 0.0
        diagonal, off_diagonal = self._numbers
        return diagonal[:size], off_diagonal[:size]
