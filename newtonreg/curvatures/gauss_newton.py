"""The Gauss–Newton matrix."""

from sklearn.base import BaseEstimator

from newtonreg.curvatures.model import CurvaturePoint

__all__ = ["GaussNewton"]


class GaussNewton(BaseEstimator):
    """B = Σ_i J_iᵀ ∂²ℓ_i J_i, positive semidefinite: the Hessian without the curvature of the model."""

    name = "gauss-newton"
    is_exact = False
    requires = ("gauss_newton",)

    def at(self, evaluation, previous=None):
        """`CurvaturePoint` at `evaluation`; `previous` is not looked at."""
        return CurvaturePoint(lambda: evaluation.gauss_newton, evaluation.gnvp)
