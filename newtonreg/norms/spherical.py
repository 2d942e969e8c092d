"""The Euclidean norm."""

from sklearn.base import BaseEstimator

from newtonreg.norms.scaling import Scaling

__all__ = ["Spherical"]


class Spherical(BaseEstimator):
    """‖p‖: every parameter counts the same, S = I. Costs nothing."""

    name = "spherical"
    needs_matrix = False

    def scaling(self, evaluation, curvature, previous):
        """The identity `Scaling`; the arguments are not looked at."""
        return Scaling()
