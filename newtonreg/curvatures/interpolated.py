"""Between a curvature matrix and the identity."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import index_add_diagonal
from newtonreg.components import check_number
from newtonreg.curvatures.model import CurvaturePoint
from newtonreg.curvatures.resolve import resolve_curvature

__all__ = ["Interpolated"]


class Interpolated(BaseEstimator):
    """(1 − λ) B + λ I: Newton's method at λ = 0, gradient descent at λ = 1.

    Parameters
    ----------
    strength : float in [0, 1], default=0.1
        λ.
    curvature : str or Curvature, default="exact"
        B.
    scale : float > 0, default=1.0
        The identity's unit: (1 − λ) B + λ scale I. B grows with the number of rows, so for a network pass that number.

    References
    ----------
    Wadia, Duckworth, Schoenholz, Dyer & Sohl-Dickstein, *Whitening and second order optimization both make information in the
    dataset unusable during training, and can reduce or prevent generalization* (2021): λ trades speed for the information that
    whitening loses.
    """

    name = "interpolated"

    def __init__(self, strength=0.1, curvature="exact", scale=1.0):
        self.strength = strength
        self.curvature = curvature
        self.scale = scale

    @property
    def is_exact(self):
        """Whether λ = 0 leaves the Hessian as it is."""
        return self.strength == 0.0 and self._inner().is_exact

    @property
    def requires(self):
        """What B requires."""
        return self._inner().requires

    def _inner(self):
        return resolve_curvature(self.curvature)

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if not 0.0 <= self.strength <= 1.0:
            raise ValueError(f"strength={self.strength!r} must be a number in [0, 1].")
        check_number("scale", self.scale, low=0.0)

    def at(self, evaluation, previous=None):
        """`CurvaturePoint` at `evaluation`; `previous` is B's."""
        self.check_parameters()
        inner, share, shift = self._inner().at(evaluation, previous), 1.0 - self.strength, self.strength * self.scale
        return CurvaturePoint(
            lambda: index_add_diagonal(share * inner.matrix, shift),
            lambda v: share * inner.product(v) + shift * v,
            inner.memory,
        )
