"""The Hessian itself."""

from sklearn.base import BaseEstimator

from newtonreg.curvatures.model import CurvaturePoint

__all__ = ["Exact"]


class Exact(BaseEstimator):
    """B = ∇²F. It may be indefinite: a trust region then sees negative curvature and leaves saddles."""

    name = "exact"
    is_exact = True
    requires = ("hessian",)

    def at(self, evaluation, previous=None):
        """`CurvaturePoint` at `evaluation`; `previous` is not looked at."""
        return CurvaturePoint(lambda: evaluation.hessian, evaluation.hvp)
