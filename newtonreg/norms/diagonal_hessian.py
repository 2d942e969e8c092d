"""The ellipsoid of the diagonal of the model's matrix."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.norms.scaling import Scaling

__all__ = ["DiagonalHessian"]


class DiagonalHessian(BaseEstimator):
    """‖p‖² = Σ_j |B_jj| p_j² at the current point: Marquardt's scaling where B = JᵀJ.

    Parameters
    ----------
    floor : float in (0, 1), default=1e-12
        Least |B_jj|, relative to the largest.

    Notes
    -----
    Unlike "column-scaling" it forgets: a parameter that has lost its influence is free to move far. Costs p flops.

    References
    ----------
    Marquardt, *An algorithm for least-squares estimation of nonlinear parameters* (1963).
    """

    name = "diagonal-hessian"
    needs_matrix = True

    def __init__(self, floor=1e-12):
        self.floor = floor

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("floor", self.floor, low=0.0, high=1.0)

    def scaling(self, evaluation, curvature, previous):
        """The `Scaling` for the `diagonal` of `curvature`; `evaluation` and `previous` are not looked at."""
        xp = namespace(curvature.diagonal)
        size = xp.abs(curvature.diagonal)
        top = xp.max(size)
        floored = xp.maximum(size, self.floor * top)
        return Scaling(diagonal=1.0 / xp.sqrt(xp.where(top > 0.0, floored, xp.ones_like(floored))))
