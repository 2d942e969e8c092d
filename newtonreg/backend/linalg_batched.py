"""Stacks of small problems: Cholesky factors of which some may fail, rows taken out and put back, columns of numbers fetched.

NumPy factorizes a stack of matrices in one call and raises for all of them where one fails, so LAPACK is called for one after the
other (measured at 61 parameters: 7 µs a matrix, and 9 in NumPy's call). CuPy does it in one call, without raising.
"""

import numpy as np
from scipy.linalg import lapack

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, is_cupy_array, is_numpy_array, namespace, to_host

__all__ = ["cholesky", "fetch", "put_rows", "take_rows"]


def cholesky(matrices, damping):
    """Factors L Lᵀ of `matrices`[i] + `damping`[i] I.

    Parameters
    ----------
    matrices : array of shape (t, p, p), symmetric
    damping : sequence of t Python floats

    Returns
    -------
    object
        With `solve(rhs)` and `half_solve(rhs)` for `rhs` (t, p): (L Lᵀ)⁻¹ rhs and L⁻¹ rhs, NaN for a matrix that is not
        numerically positive definite. t p³/3 flops, and t p² for half a solve.
    """
    if is_numpy_array(matrices):
        return _LapackFactors(matrices, damping)
    return _CupyFactors(matrices, damping) if is_cupy_array(matrices) else _MemberFactors(matrices, damping)


class _LapackFactors:
    """One call of LAPACK a matrix; None stands for a matrix that has failed."""

    def __init__(self, matrices, damping):
        damped = np.array(matrices, order="C")
        damped.reshape(damped.shape[0], -1)[:, :: damped.shape[-1] + 1] += np.asarray(damping)[:, None]
        # the transpose of a symmetric matrix is itself, in the order that LAPACK overwrites
        factored = [lapack.dpotrf(matrix.T, lower=1, clean=0, overwrite_a=1) for matrix in damped]
        # LAPACK lets NaN through: every later pivot is then NaN, so the last one tells
        self._factors = [lower if info == 0 and lower[-1, -1] > 0.0 else None for lower, info in factored]

    def solve(self, rhs):
        return self._each(lapack.dpotrs, rhs)

    def half_solve(self, rhs):
        return self._each(lapack.dtrtrs, rhs)

    def _each(self, routine, rhs):
        answers = np.full_like(rhs, np.nan)
        for i, lower in enumerate(self._factors):
            if lower is not None:
                answers[i] = routine(lower, rhs[i], lower=1)[0]
        return answers


class _CupyFactors:
    """One batched call of cuSOLVER, and one of cuBLAS for half a solve."""

    def __init__(self, matrices, damping):
        import cupy

        damped = matrices.copy(order="C")
        damped.reshape(damped.shape[0], -1)[:, :: damped.shape[-1] + 1] += cupy.asarray(damping)[:, None]
        self._lower = cupy.linalg.cholesky(damped)
        # a root of a negative number is NaN here, and so are all later pivots
        self._lower[~(self._lower[:, -1, -1] > 0.0)] = cupy.nan

    def solve(self, rhs):
        return self._triangular(self.half_solve(rhs), "T")

    def half_solve(self, rhs):
        return self._triangular(rhs, "N")

    def _triangular(self, rhs, trans):
        from cupyx.scipy.linalg import solve_triangular

        return solve_triangular(self._lower, rhs, trans=trans, lower=True)


class _MemberFactors:
    """One `linalg.Cholesky` after the other, for the libraries that are there for tests."""

    def __init__(self, matrices, damping):
        eye = namespace(matrices).eye(matrices.shape[-1], dtype=matrices.dtype, device=device_of(matrices))
        self._factors = [linalg.cholesky(matrices[i, ...] + value * eye) for i, value in enumerate(damping)]

    def solve(self, rhs):
        return self._each("solve", rhs)

    def half_solve(self, rhs):
        return self._each("half_solve", rhs)

    def _each(self, method, rhs):
        answers = []
        for i, factor in enumerate(self._factors):
            row = rhs[i, ...]
            answers.append(row * np.nan if factor is None else getattr(factor, method)(row))
        return namespace(rhs).stack(answers)


def take_rows(array, rows):
    """`array`[rows], rows a list of distinct integers in ascending order; the array itself where that is all of it."""
    if len(rows) == array.shape[0]:
        return array
    xp = namespace(array)
    return xp.take(array, xp.asarray(rows, dtype=xp.int64, device=device_of(array)), axis=0)


def put_rows(array, rows, values):
    """`array`[rows] = `values`, in place; rows as in `take_rows`."""
    if not rows:
        return
    if is_numpy_array(array) or is_cupy_array(array):
        array[rows] = values
        return
    # the array API standard has no assignment by lists
    for position, row in enumerate(rows):
        array[row, ...] = values[position, ...]


def fetch(*columns):
    """Lists of the numbers in arrays (t,) of one library, brought to the host in one transfer."""
    return to_host(namespace(columns[0]).stack(columns)).tolist()
