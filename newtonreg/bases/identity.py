"""Linear units, for comparison and for teaching: the network is then a linear model with redundant parameters."""

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Identity"]


class Identity(Ridge):
    """σ(z) = z: σ' = 1, σ'' = 0."""

    name = "identity"
    is_odd = True
    is_homogeneous = True

    def function(self, z):
        return z

    def derivative(self, z, value):
        return namespace(z).ones_like(z)

    def second_derivative(self, z, value, slope):
        return namespace(z).zeros_like(z)
