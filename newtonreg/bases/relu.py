"""Rectified linear units."""

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge
from newtonreg.components import check_integer

__all__ = ["Relu"]


class Relu(Ridge):
    """σ(z) = max(z, 0), with the convention σ'(0) = 0, and σ'' = 0 where it exists.

    The second derivative is a Dirac mass at the kinks, which no pointwise formula sees: "exact" curvature of a ReLU network is
    the curvature of its linear pieces, and a point where it looks stationary may sit on a kink.
    """

    name = "relu"
    rise = (0.0, 1.0)
    is_smooth = False
    max_order = 1
    is_homogeneous = True

    def function(self, z):
        xp = namespace(z)
        return xp.where(z > 0.0, z, xp.zeros_like(z))

    def derivative(self, z, value):
        xp = namespace(z)
        return xp.astype(z > 0.0, z.dtype)

    def second_derivative(self, z, value, slope):
        return namespace(z).zeros_like(z)

    def derivatives(self, z, order):
        """[σ(z), σ'(z), 0, …, 0], beyond `max_order` too: there they are what derivatives in the parameters take."""
        check_integer("order", order, low=0)
        first = super().derivatives(z, min(order, 1))
        return first if order < 2 else first + (order - 1) * [namespace(z).zeros_like(z)]
