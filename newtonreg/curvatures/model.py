"""What a curvature answers: a matrix, its diagonal or its product with a vector, each made on first use."""

from functools import cached_property

from newtonreg.backend.arrays import namespace

__all__ = ["CurvaturePoint"]


class CurvaturePoint:
    """B at one point.

    Parameters
    ----------
    make_matrix : callable
        () to B (p, p).
    product : callable, optional
        v to B v, where that is cheaper than the matrix.
    memory : object, optional
        What the curvature needs at the next point: an object whose `state` is its arrays.
    make_diagonal : callable, optional
        () to the diagonal of B (p,), where that is cheaper than the matrix.
    """

    def __init__(self, make_matrix, product=None, memory=None, make_diagonal=None):
        self._make_matrix = make_matrix
        self._product = product
        self._make_diagonal = make_diagonal
        self.memory = memory

    @cached_property
    def matrix(self):
        """B (p, p)."""
        return self._make_matrix()

    @cached_property
    def diagonal(self):
        """Diagonal of B (p,)."""
        return namespace(self.matrix).linalg.diagonal(self.matrix) if self._make_diagonal is None else self._make_diagonal()

    def product(self, v):
        """B v, shape (p,)."""
        return namespace(v).matmul(self.matrix, v) if self._product is None else self._product(v)
