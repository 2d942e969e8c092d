"""The quadratic model of a sum of squares, kept as a square root."""

from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace
from newtonreg.subproblems.quadratic import QuadraticModel, Spectrum

__all__ = ["SquareRootModel", "column_squares"]


def column_squares(matrix):
    """Squared column norms (p,) of R (t, p), the diagonal of RᵀR."""
    return namespace(matrix).sum(matrix * matrix, axis=0)


class SquareRootModel(QuadraticModel):
    """m(p) = ½ ‖R p + z‖² − ½ ‖z‖², that is, B = RᵀR and g = Rᵀz.

    Parameters
    ----------
    gradient : array of shape (p,)
        g, computed elsewhere with more digits than Rᵀz may have.
    r : array of shape (t, p)
        A triangle, or fewer rows than columns.
    z : array of shape (t,)

    Notes
    -----
    The spectrum comes from the singular values of R, so the condition number is not squared.
    """

    def __init__(self, gradient, r, z):
        self.gradient = gradient
        self.r = r
        self.z = z

    @cached_property
    def matrix(self):
        """B (p, p)."""
        return linalg.matmul(namespace(self.r).matrix_transpose(self.r), self.r)

    def product(self, v):
        """B v."""
        xp = namespace(v)
        return xp.matmul(xp.matrix_transpose(self.r), xp.matmul(self.r, v))

    @cached_property
    def svd(self):
        """U (t, s), singular values (s,) descending, Vᵀ (s, p) with s = min(t, p)."""
        return linalg.svd(self.r)

    @cached_property
    def row_space(self):
        """Q (p, t) orthonormal and T Tᵀ (t, t) of Rᵀ = Q T, for t ≤ p: B restricted to where it is not zero."""
        xp = namespace(self.r)
        basis, triangle = linalg.qr(xp.matrix_transpose(self.r))
        return basis, linalg.matmul(triangle, xp.matrix_transpose(triangle))

    @cached_property
    def spectrum(self):
        """`Spectrum` of B: squares of the singular values of R; with fewer rows than columns from B itself."""
        if self.r.shape[0] < self.r.shape[1]:
            return Spectrum(*linalg.eigh(self.matrix))
        xp = namespace(self.r)
        _, values, rows = self.svd
        return Spectrum(xp.flip(values * values), xp.matrix_transpose(xp.flip(rows, axis=0)))
