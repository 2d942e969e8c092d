"""The quadratic model m(p) = gᵀp + ½ pᵀBp that every subproblem solver minimizes."""

import math
from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.subproblems.krylov_model import KrylovModel

__all__ = ["QuadraticModel", "Spectrum"]


class Spectrum:
    """Eigenvalues (p,), ascending, and orthonormal eigenvectors (p, p) of a model's matrix."""

    def __init__(self, values, vectors):
        self.values = values
        self.vectors = vectors


class QuadraticModel:
    """m(p) = gᵀp + ½ pᵀBp.

    Parameters
    ----------
    gradient : array of shape (p,)
    matrix : array of shape (p, p), symmetric, optional
        B; need not be positive definite.
    product : callable, optional
        v (p,) to B v, for subproblems that need no matrix.
    """

    def __init__(self, gradient, matrix=None, product=None):
        self.gradient = gradient
        self.matrix = matrix
        self._product = product

    @cached_property
    def is_finite(self):
        """Whether gradient and matrix are finite, which is asked before LAPACK is: it may hang on NaN."""
        arrays = [self.gradient] if self.matrix is None else [self.gradient, self.matrix]
        return math.isfinite(sum(to_floats(*[namespace(array).sum(namespace(array).abs(array)) for array in arrays])))

    @cached_property
    def spectrum(self):
        """`Spectrum` of B, computed once: a rejected trial with a smaller radius costs no second factorization."""
        return Spectrum(*linalg.eigh(self.matrix))

    @cached_property
    def factor(self):
        """`Cholesky` of B, computed once; None where B is not numerically positive definite."""
        return linalg.cholesky(self.matrix)

    @cached_property
    def krylov(self):
        """`KrylovModel`, which keeps its products: a rejected trial with a smaller radius costs none."""
        return KrylovModel(self.gradient, self.product)

    def product(self, v):
        """B v."""
        return namespace(v).matmul(self.matrix, v) if self._product is None else self._product(v)

    def reduction(self, p):
        """m(0) − m(p), a Python float."""
        xp = namespace(p)
        linear = xp.vecdot(self.gradient, p)
        quadratic = xp.vecdot(p, self.product(p))
        linear, quadratic = to_floats(linear, quadratic)
        return -(linear + 0.5 * quadratic)
