"""The shortest minimizer of ‖H p + g‖: Newton's step where H is singular or indefinite, and how much of g it cannot reach."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_device, to_floats, to_host
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["MinimumResidual", "minimum_residual", "pseudoinverse_residual"]

_LOOK_EVERY = 8
"""Products between two looks at the small problem: each look is a transfer."""


class MinimumResidual(NamedTuple):
    """The shortest minimizer p of ‖H p + g‖. As H p is the projection of −g, pᵀHg = −‖H p‖²: ‖g‖² falls along p, if at all."""

    p: Any
    """(p,)."""
    residual_norm: float
    """‖H p + g‖."""
    image_norm: float
    """‖H p‖."""
    matrix_norm: float
    """‖H‖_2, exact or estimated from below."""
    flatness: float
    """‖H p + g‖ / (‖H‖ ‖p‖ + ‖g‖): 1 where g is in the kernel of H (gradient-flat), 0 where H p = −g; 0 for g = 0."""
    n_products: int
    """Products with H that it took."""


def minimum_residual(product, gradient, rtol=1e-10, max_iter=100, rank_rtol=1e-13):
    """The shortest minimizer of ‖H p + g‖ in a Krylov space of H and g.

    With H V_k = V_{k+1} T_k, T_k (k + 1, k) tridiagonal, p = V_k y and y is the shortest minimizer of ‖T_k y + ‖g‖ e_1‖.

    Parameters
    ----------
    product : callable
        v (p,) to H v, H symmetric.
    gradient : array of shape (p,)
        g.
    rtol : float >= 0, default=1e-10
        The space stops growing where ‖H p + g‖ ≤ rtol (‖H‖ ‖p‖ + ‖g‖), or where g is out of reach and the residual r has
        ‖H r‖ ≤ min(rtol, rank_rtol) ‖H‖ ‖r‖.
    max_iter : int >= 1, default=100
        Largest dimension of the space, products that is; p bounds it, too.
    rank_rtol : float >= 0, default=1e-13
        Singular values of T_k up to this fraction of ‖H‖ count as zero.

    Returns
    -------
    MinimumResidual or None
        None where the numbers are not finite. Once the space holds all that H makes of g, p is −H⁺g.

    Notes
    -----
    k + 1 products, 4 k² p flops for orthogonality, k p numbers; a transfer and an SVD of T_k, some 20 k³ flops on the host, every
    eight products. ‖H‖ is estimated by the largest singular value of T_k, and by one product with a generic unit vector: where g
    is in the kernel but for rounding, its Krylov space knows nothing of H.

    References
    ----------
    Choi, Paige & Saunders, *MINRES-QLP: a Krylov subspace method for indefinite or singular symmetric systems* (2011).
    Deviation: the basis is kept and orthogonal to rounding, and a truncated SVD of the small matrix stands for the QLP
    factorization.
    """
    most = min(max_iter, gradient.shape[0])
    size, norm = to_floats(linalg.norm(gradient), linalg.norm(product(generic_direction(gradient))))
    if not math.isfinite(size + norm):
        return None
    for space in lanczos(product, gradient, most):
        if len(space.diagonal) % _LOOK_EVERY and len(space.diagonal) < most:
            continue
        diagonal, off_diagonal = space.tridiagonal()
        if not math.isfinite(sum(diagonal) + sum(off_diagonal)):
            return None
        small = _Small(diagonal, off_diagonal, size, norm, namespace(to_host(gradient[:1])))
        y, reached = small.solved(rank_rtol)
        if off_diagonal[-1] == 0.0 or small.is_solved(y, rtol) or small.is_out_of_reach(min(rtol, rank_rtol), rank_rtol):
            break
    p = space.combined(to_device(y, like=gradient))
    return _summary(p, small.residual_norm(y), reached, float(linalg.norm(y)), size, small.matrix_norm, len(space.diagonal) + 1)


def pseudoinverse_residual(matrix, gradient, rank_rtol=1e-13):
    """The same for a matrix H (p, p) at hand: p = −H⁺g from its eigenvalues, those up to rank_rtol max |w| taken for zeros.

    Costs an eigendecomposition, about 9 p³ flops, and two transfers. None where the numbers are not finite.
    """
    xp = namespace(matrix)
    # asked before LAPACK is, which may hang on NaN
    if not math.isfinite(sum(to_floats(xp.sum(xp.abs(matrix)), xp.sum(xp.abs(gradient))))):
        return None
    values, vectors = linalg.eigh(matrix)
    rotated = linalg.matmul(xp.matrix_transpose(vectors), gradient)
    largest = xp.max(xp.abs(values))
    kept = xp.abs(values) > rank_rtol * largest
    y = xp.where(kept, -rotated / xp.where(kept, values, 1.0), 0.0)
    lengths = [linalg.norm(v) for v in (xp.where(kept, 0.0, rotated), xp.where(kept, rotated, 0.0), y, gradient)]
    residual, reached, length, size, norm = to_floats(*lengths, largest)
    return _summary(linalg.matmul(vectors, y), residual, reached, length, size, norm, 0)


def _summary(p, residual, reached, length, size, matrix_norm, n_products):
    scale = matrix_norm * length + size
    return MinimumResidual(p, residual, reached, matrix_norm, residual / scale if scale > 0.0 else 0.0, n_products)


class _Small:
    """min ‖T y + size e_1‖ with T (k + 1, k) tridiagonal; on the host."""

    def __init__(self, diagonal, off_diagonal, size, matrix_norm, xp):
        k = len(diagonal)
        rows = [[0.0] * k for _ in range(k + 1)]
        for j in range(k):
            rows[j][j] = diagonal[j]
            rows[j + 1][j] = off_diagonal[j]
            if j + 1 < k:
                rows[j][j + 1] = off_diagonal[j]
        self.xp = xp
        self.matrix = xp.asarray(rows)
        self.size = size
        self._factors = linalg.svd(self.matrix)
        self.matrix_norm = max(matrix_norm, float(self._factors[1][0]))

    def solved(self, rank_rtol):
        """The shortest y and ‖T y‖."""
        return self._shortest(self._factors, rank_rtol)

    def _shortest(self, factors, rank_rtol):
        left, values, right = factors
        kept = values > rank_rtol * self.matrix_norm
        share = self.xp.where(kept, -self.size * left[0, :], 0.0)
        return linalg.matmul(share / self.xp.where(kept, values, 1.0), right), float(linalg.norm(share))

    def _residual(self, y):
        """T y + size e_1 in the rows that y reaches, (len(y) + 1,)."""
        k = y.shape[0]
        image = linalg.matmul(self.matrix[: k + 1, :k], y)
        return image + self.size * self.xp.where(self.xp.arange(k + 1) == 0, 1.0, 0.0)

    def residual_norm(self, y):
        """‖T y + size e_1‖."""
        return float(linalg.norm(self._residual(y)))

    def is_solved(self, y, rtol):
        """Whether H p = −g to the tolerance."""
        return self.residual_norm(y) <= rtol * (self.matrix_norm * float(linalg.norm(y)) + self.size)

    def is_out_of_reach(self, rtol, rank_rtol):
        """Whether ‖H r‖ vanishes beside ‖r‖, r the residual one dimension before: what H makes of it is known only there."""
        k = self.matrix.shape[1] - 1
        if k == 0:
            return False
        residual = self._residual(self._shortest(linalg.svd(self.matrix[: k + 1, :k]), rank_rtol)[0])
        image = float(linalg.norm(linalg.matmul(self.matrix, residual)))
        return image <= rtol * self.matrix_norm * float(linalg.norm(residual))
