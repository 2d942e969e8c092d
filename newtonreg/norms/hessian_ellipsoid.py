"""The ellipsoid of the absolute Hessian."""

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.norms.scaling import Scaling

__all__ = ["HessianEllipsoid"]


class HessianEllipsoid(BaseEstimator):
    """‖p‖² = pᵀ|B|p with |B| = V diag(|w|) Vᵀ: every direction counts by its curvature, whatever the sign.

    Parameters
    ----------
    floor : float in (0, 1), default=1e-8
        Least |w|, relative to the largest: flat directions stay in a bounded region.

    Notes
    -----
    In these variables B is diag(sign w) but for the floor, and where B is positive definite steps do not depend on linear changes
    of the parameters. Costs an eigendecomposition, about 9 p³ flops a point.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000), §6.7 and §7.7 (the absolute-value norm).
    """

    name = "hessian-ellipsoid"
    needs_matrix = True

    def __init__(self, floor=1e-8):
        self.floor = floor

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("floor", self.floor, low=0.0, high=1.0)

    def scaling(self, evaluation, curvature, previous):
        """The `Scaling` for B = `curvature.matrix`; `evaluation` and `previous` are not looked at."""
        matrix = curvature.matrix
        xp = namespace(matrix)
        usable = xp.where(xp.isfinite(matrix), matrix, xp.zeros_like(matrix))
        values, vectors = linalg.eigh(usable)
        size = xp.abs(values)
        top = xp.max(size)
        floored = xp.maximum(size, self.floor * top)
        return Scaling(diagonal=1.0 / xp.sqrt(xp.where(top > 0.0, floored, xp.ones_like(floored))), vectors=vectors)
