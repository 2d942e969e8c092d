"""The absolute value of the Hessian."""

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.curvatures.model import CurvaturePoint

__all__ = ["SaddleFree"]


class SaddleFree(BaseEstimator):
    """B = |∇²F| = V diag(max(|w|, floor max |w|)) Vᵀ: a saddle repels along its negative directions instead of attracting.

    Parameters
    ----------
    floor : float in [0, 1), default=0.0
        Least absolute eigenvalue, relative to the largest.

    Notes
    -----
    An eigendecomposition, about 9 p³ flops a point. Where the gradient vanishes exactly the step is zero, saddle or not.

    References
    ----------
    Dauphin, Pascanu, Gulcehre, Cho, Ganguli & Bengio, *Identifying and attacking the saddle point problem in high-dimensional
    non-convex optimization* (2014), §4, there in a Krylov space; here with all eigenvalues.
    """

    name = "saddle-free"
    is_exact = False
    requires = ("hessian",)

    def __init__(self, floor=0.0):
        self.floor = floor

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("floor", self.floor, low=0.0, high=1.0, with_low=True)

    def at(self, evaluation, previous=None):
        """`CurvaturePoint` at `evaluation`; `previous` is not looked at."""
        return CurvaturePoint(lambda: self._absolute(evaluation.hessian))

    def _absolute(self, matrix):
        xp = namespace(matrix)
        if not bool(xp.all(xp.isfinite(matrix))):
            return matrix
        values, vectors = linalg.eigh(matrix)
        size = xp.abs(values)
        size = xp.maximum(size, self.floor * xp.max(size))
        root = vectors * xp.sqrt(size)
        return linalg.matmul(root, xp.matrix_transpose(root))
