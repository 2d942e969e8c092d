"""Dense linear algebra of the hot loop, one BLAS per array library.

NumPy's and SciPy's wheels each bring their own OpenBLAS with its own threads; calling both in one loop makes the two pools
fight (measured: up to 4 times slower). On NumPy arrays everything here therefore goes through SciPy's BLAS and LAPACK. On CuPy
arrays it goes through cuBLAS and cuSOLVER, where a failed Cholesky is silent unless asked for. Other array API libraries
(array-api-strict in the tests) use their own `linalg`.
"""

from functools import lru_cache

import numpy as np
from numpy.linalg import LinAlgError
from scipy.linalg import blas, lapack
from scipy.linalg import eigh as _scipy_eigh
from scipy.linalg import qr as _scipy_qr

from newtonreg.backend.arrays import add_diagonal, device_of, is_cupy_array, is_numpy_array, namespace, to_floats

__all__ = [
    "Cholesky",
    "LinAlgError",
    "SymmetricSum",
    "cholesky",
    "eigh",
    "eigvalsh",
    "matmul",
    "has_full_rank",
    "norm",
    "qr",
    "rank_of",
    "solve_upper",
    "svd",
    "triangularize",
    "triangularize_over",
]


_BLOCK = 64
"""Columns that LAPACK's QR factorization takes at a time; without the room for them it would take three."""

_SMALL_BLOCK = 8
"""The same where a small triangle grows by rows."""


def matmul(a, b):
    """a @ b for matrices, (r, s) and (s, t); leading axes and vectors go to the library's own product."""
    if type(a) is np.ndarray and a.ndim == 2 and b.ndim == 2 and a.dtype == b.dtype == np.float64:
        # BLAS is column-major: (bᵀ aᵀ)ᵀ, every operand passed as the view that is already column-major, so nothing is copied.
        left, left_flag = (b.T, 0) if b.flags.c_contiguous else (b, 1)
        right, right_flag = (a.T, 0) if a.flags.c_contiguous else (a, 1)
        return blas.dgemm(1.0, left, right, trans_a=left_flag, trans_b=right_flag).T
    if a.ndim > 2 and b.ndim > 1 and a.shape[-1] == 1:
        # many small products of one term each: NumPy's loop over them takes 2.6 times as long
        return a * b
    return namespace(a).matmul(a, b)


def norm(vector):
    """Euclidean norm, a 0-d array or a Python float."""
    if type(vector) is np.ndarray:
        return float(blas.dnrm2(vector)) if vector.size else 0.0
    return namespace(vector).linalg.vector_norm(vector)


class SymmetricSum:
    """Running sum of A Aᵀ over batches A of shape (r, b), r fixed, by symmetric rank-b updates.

    Parameters
    ----------
    size : int
        r.
    like : array
        Fixes library, device and dtype (float64).

    Notes
    -----
    Cost r² b flops a batch (half a matrix product); memory r² doubles. `full()` mirrors the triangle.
    """

    def __init__(self, size, like):
        self._xp = namespace(like)
        self._like = like
        self._size = size
        self._sum = None

    def add(self, rows):
        """Add `rows` @ `rows`ᵀ; `rows` (r, b) is C-contiguous."""
        if type(rows) is np.ndarray:
            if self._sum is None:
                self._sum = blas.dsyrk(1.0, rows.T, trans=1, lower=1)
            else:
                self._sum = blas.dsyrk(1.0, rows.T, trans=1, lower=1, beta=1.0, c=self._sum, overwrite_c=1)
        elif is_cupy_array(rows):
            self._add_cupy(rows)
        else:
            product = self._xp.matmul(rows, self._xp.matrix_transpose(rows))
            self._sum = product if self._sum is None else self._sum + product

    def _add_cupy(self, rows):
        from cupy import cublas

        if self._sum is None:
            self._sum = self._xp.zeros((self._size, self._size), dtype=rows.dtype)
        cublas.syrk("N", rows, out=self._sum, alpha=1.0, beta=1.0, lower=True)

    def full(self):
        """The symmetric matrix (r, r)."""
        if self._sum is None:
            return self._xp.zeros((self._size, self._size), dtype=self._xp.float64, device=device_of(self._like))
        if is_numpy_array(self._sum):
            # either order is right for a symmetric matrix, and rows are what it meets elsewhere
            return _mirror_lower(self._sum).T
        if is_cupy_array(self._sum):
            xp = self._xp
            return xp.tril(self._sum) + xp.tril(self._sum, k=-1).T
        return self._sum


def _mirror_lower(matrix, block=256):
    """Fill the upper triangle from the lower one, in place, block by block (a whole-matrix `tril` would take two copies)."""
    size = matrix.shape[0]
    for start in range(0, size, block):
        stop = min(start + block, size)
        square = matrix[start:stop, start:stop]
        np.copyto(square, square.T, where=_above(*square.shape))
        matrix[start:stop, stop:] = matrix[stop:, start:stop].T
    return matrix


@lru_cache(maxsize=8)
def _above(n, p):
    """True above the diagonal of an (n, p) matrix."""
    return np.triu(np.ones((n, p), dtype=bool), 1)


class Cholesky:
    """Factor of a positive definite matrix, L Lᵀ = A; made by `cholesky`.

    `solve(b)` solves A x = b, `half_solve(b)` solves L x = b; b is a vector (p,) or a matrix (p, t). Above the diagonal of
    `lower` there may be anything.
    """

    def __init__(self, lower):
        self.lower = lower

    def solve(self, rhs):
        """x with A x = `rhs`; p² flops a column."""
        if is_numpy_array(self.lower):
            return lapack.dpotrs(self.lower, rhs, lower=1)[0]
        if is_cupy_array(self.lower):
            from cupyx.scipy.linalg import solve_triangular

            half = solve_triangular(self.lower, rhs, lower=True)
            return solve_triangular(self.lower, half, lower=True, trans=1)
        xp = namespace(self.lower)
        return xp.linalg.solve(xp.matrix_transpose(self.lower), self.half_solve(rhs))

    def half_solve(self, rhs):
        """x with L x = `rhs`."""
        if is_numpy_array(self.lower):
            return lapack.dtrtrs(self.lower, rhs, lower=1)[0]
        if is_cupy_array(self.lower):
            from cupyx.scipy.linalg import solve_triangular

            return solve_triangular(self.lower, rhs, lower=True)
        return namespace(self.lower).linalg.solve(self.lower, rhs)


def cholesky(matrix):
    """`Cholesky` of a symmetric matrix (p, p), or None where it is not numerically positive definite or not finite.

    p³/3 flops. On CuPy the library's check is switched on, which costs one synchronization and is the only reliable answer.
    """
    if is_numpy_array(matrix):
        # the transpose of a symmetric matrix in rows is the matrix in columns, which need not be rearranged
        columns = matrix.T if matrix.flags.c_contiguous else matrix
        lower, info = lapack.dpotrf(columns, lower=1, clean=0)
        # LAPACK lets NaN through: every later pivot is then NaN, so the last one tells.
        return Cholesky(lower) if info == 0 and lower[-1, -1] > 0.0 else None
    if is_cupy_array(matrix):
        import cupyx

        try:
            with cupyx.errstate(linalg="raise"):
                lower = namespace(matrix).linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            return None
        return Cholesky(lower) if bool(lower[-1, -1] > 0.0) else None
    try:
        lower = namespace(matrix).linalg.cholesky(matrix)
    except (np.linalg.LinAlgError, RuntimeError):  # some libraries raise their own subclass of RuntimeError
        return None
    return Cholesky(lower) if bool(lower[-1, -1] > 0.0) else None


def eigh(matrix):
    """Eigenvalues (p,) ascending and orthonormal eigenvectors (p, p) of a symmetric matrix; about 9 p³ flops."""
    if is_numpy_array(matrix):
        return _scipy_eigh(matrix, check_finite=False, driver="evd")
    return tuple(namespace(matrix).linalg.eigh(matrix))


def eigvalsh(matrix):
    """Eigenvalues (p,) ascending of a symmetric matrix."""
    if is_numpy_array(matrix):
        return _scipy_eigh(matrix, eigvals_only=True, check_finite=False, driver="evd")
    return namespace(matrix).linalg.eigvalsh(matrix)


def triangularize(matrix, rhs):
    """R (t, p) upper triangular and z = Qᵀ `rhs`, t = min(n, p), of the QR factorization of `matrix` (n, p).

    `rhs` is a vector (n,) or a matrix (n, m), z like it.

    Q is never formed: the triangle of [matrix, rhs] holds R and z. 2 n p² flops for n ≥ p.
    """
    n, p = matrix.shape
    size = min(n, p)
    xp = namespace(matrix)
    columns = rhs[:, None] if rhs.ndim == 1 else rhs
    if is_numpy_array(matrix):
        # dgeqrf wants columns; the copy that makes them is the one it may overwrite
        augmented = np.empty((n, p + columns.shape[1]), order="F")
        augmented[:, :p], augmented[:, p:] = matrix, columns
        factored = lapack.dgeqrf(augmented, lwork=_BLOCK * augmented.shape[1], overwrite_a=1)[0]
        factored = factored[: min(augmented.shape), :]
        triangle = np.where(_above(*factored.shape[::-1]).T, 0.0, factored)
    elif is_cupy_array(matrix):
        import cupy

        # the standard has no mode without Q, and the compatibility layer lets none pass
        triangle = cupy.linalg.qr(xp.concat([matrix, columns], axis=1), mode="r")
    else:
        triangle = xp.linalg.qr(xp.concat([matrix, columns], axis=1))[1]
    return triangle[:size, :p], triangle[:size, p] if rhs.ndim == 1 else triangle[:size, p:]


def triangularize_over(matrix, rhs, below, below_rhs):
    """`triangularize` of `matrix` (t, p) and `rhs` with more rows below: `below` is (s, p), or (p,) for a diagonal matrix.

    Where `matrix` is an upper triangle (which NumPy looks up), 2 s p² flops, or ⅔ p³ for a diagonal matrix; else those of
    `triangularize` for all rows.
    """
    t, p = matrix.shape
    xp, is_diagonal = namespace(matrix), below.ndim == 1
    if not is_numpy_array(matrix) or t != p or matrix[_above(p, p).T].any():
        if is_diagonal:
            below = add_diagonal(xp.zeros((p, p), dtype=matrix.dtype, device=device_of(matrix)), below)
        return triangularize(xp.concat([matrix, below], axis=0), xp.concat([rhs, below_rhs], axis=0))
    m = 1 if rhs.ndim == 1 else rhs.shape[1]
    upper, lower = np.zeros((p + m, p + m), order="F"), np.zeros((below.shape[0], p + m), order="F")
    upper[:p, :p], upper[:p, p:], lower[:, p:] = matrix, rhs.reshape(p, m), below_rhs.reshape(-1, m)
    if is_diagonal:
        add_diagonal(lower[:, :p], below)
    else:
        lower[:, :p] = below
    block = min(_SMALL_BLOCK if p < 128 else _BLOCK // 2, p + m)
    upper = lapack.dtpqrt(p if is_diagonal else 0, block, upper, lower, overwrite_a=1, overwrite_b=1)[0]
    return upper[:p, :p], upper[:p, p] if rhs.ndim == 1 else upper[:p, p:]


def qr(matrix):
    """Q (n, t) with orthonormal columns and R (t, p) upper triangular, t = min(n, p); 4 n p² flops for n ≥ p."""
    if is_numpy_array(matrix):
        return _scipy_qr(matrix, mode="economic", check_finite=False)
    return tuple(namespace(matrix).linalg.qr(matrix))


def has_full_rank(triangle, tolerance):
    """Whether no singular value of an upper triangle R (k, k) can be as small as `tolerance` times the largest; k² flops.

    By LAPACK's estimate of ‖R⁻¹‖₁, which errs to the side of a smaller norm, by a factor that is seldom above 3: 10 are allowed
    for. False means that an SVD has to tell, as it always has to on other arrays than NumPy's.
    """
    if not is_numpy_array(triangle):
        return False
    rcond, _ = lapack.dtrcon(triangle)
    return rcond > 10.0 * triangle.shape[0] * tolerance


def rank_of(values, tolerance):
    """How many of the singular `values` (t,) are above `tolerance` of the largest, a Python integer."""
    xp = namespace(values)
    return int(to_floats(xp.sum(xp.astype(values > tolerance * xp.max(values), xp.float64)))[0])


def solve_upper(triangle, rhs, transposed=False):
    """x with R x = `rhs`, or Rᵀx = `rhs`, for an upper triangle R (p, p); p² flops a column."""
    if is_numpy_array(triangle):
        return lapack.dtrtrs(triangle, rhs, lower=0, trans=int(transposed))[0]
    if is_cupy_array(triangle):
        from cupyx.scipy.linalg import solve_triangular

        return solve_triangular(triangle, rhs, lower=False, trans=int(transposed))
    xp = namespace(triangle)
    return xp.linalg.solve(xp.matrix_transpose(triangle) if transposed else triangle, rhs)


def svd(matrix):
    """U (n, t), singular values (t,) descending and Vᵀ (t, p) with t = min(n, p)."""
    if is_numpy_array(matrix):
        left, values, right, info = lapack.dgesdd(matrix, full_matrices=0)
        if info != 0:
            raise LinAlgError(f"SVD did not converge (LAPACK's dgesdd returned {info}).")
        return left, values, right
    return tuple(namespace(matrix).linalg.svd(matrix, full_matrices=False))
