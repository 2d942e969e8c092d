"""Separable least squares: which parameters enter linearly, and the linear problem that is left where the others are given."""

import numbers

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace

__all__ = ["Partition", "shortest_solution"]

_EPS = 2.220446049250313e-16


class Partition:
    """p parameters as outer ones, which enter linearly, and inner ones.

    Parameters
    ----------
    outer : slice or sequence of int
        Negative ones count from the end.
    n_params : int
        p.

    Raises
    ------
    ValueError
        Where an index is out of range, is no integer, or occurs twice.
    """

    def __init__(self, outer, n_params):
        every = range(n_params)
        self.outer = list(every[outer]) if isinstance(outer, slice) else _indices(outer, n_params)
        if not self.outer:
            raise ValueError(f"outer={outer!r} selects none of {n_params} parameters.")
        chosen = set(self.outer)
        self.inner = [i for i in every if i not in chosen]
        self._order = self.outer + self.inner
        self._inverse = sorted(every, key=self._order.__getitem__)
        self._arrays = {}

    def join(self, outer, inner):
        """The vector (p,) of its outer and its inner entries."""
        return self._take(namespace(outer).concat([outer, inner]), "_inverse", axis=0)

    def ordered(self, array, axis=0):
        """The entries of `array` along `axis`, the outer ones first."""
        return self._take(array, "_order", axis)

    def outer_part(self, array, axis=0):
        """The outer entries of `array` along `axis`."""
        return self._take(array, "outer", axis)

    def inner_part(self, array, axis=0):
        """The inner entries of `array` along `axis`."""
        return self._take(array, "inner", axis)

    def _take(self, array, name, axis):
        """The entries of `array` that the indices called `name` select; the indices are kept in the library that asks."""
        xp, key = namespace(array), (name, type(array))
        if key not in self._arrays:
            self._arrays[key] = xp.asarray(getattr(self, name), dtype=xp.int64, device=device_of(array))
        return xp.take(array, self._arrays[key], axis=axis)


def _indices(outer, n_params):
    """Indices in [0, n_params) of a sequence of them; a mask is none."""
    indices = [int(i) for i in outer if isinstance(i, numbers.Integral) and not isinstance(i, bool) and -n_params <= i < n_params]
    indices = [i % n_params for i in indices]
    if len(set(indices)) < len(outer):
        raise ValueError(f"outer={outer!r} must be different indices of {n_params} parameters.")
    return indices


def shortest_solution(matrix, rhs, is_scaled=False):
    """The shortest x with ‖A x − b‖ least, for A (t, k) and b (t,): singular values below t eps of the largest count as zero.

    Columns are scaled to unit length first, so that what counts as zero does not depend on their units, unless they are told to
    compare as they are (`is_scaled`). 2 t k² flops by QR where none can be zero, else about 20 k³ more by SVD.
    """
    xp = namespace(matrix)
    norms = xp.linalg.vector_norm(matrix, axis=0)
    norms = xp.ones_like(norms) if is_scaled else xp.where(norms > 0.0, norms, xp.ones_like(norms))
    scaled, tolerance = matrix / norms, max(matrix.shape) * _EPS
    if matrix.shape[0] >= matrix.shape[1]:
        scaled, rhs = linalg.triangularize(scaled, rhs)
        if linalg.has_full_rank(scaled, tolerance):
            return linalg.solve_upper(scaled, rhs) / norms
    left, values, right = linalg.svd(scaled)
    usable = values > tolerance * xp.max(values)
    inverse = xp.where(usable, 1.0 / xp.where(usable, values, xp.ones_like(values)), xp.zeros_like(values))
    along = xp.matmul(xp.matrix_transpose(left), rhs)
    return xp.matmul(xp.matrix_transpose(right), inverse * along) / norms
