"""Linear units, for comparison and for teaching: the network is then a linear model with redundant parameters."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Identity"]


class Identity(Ridge):
    """σ(z) = z: σ' = 1, σ'' = 0."""

    name = "identity"
    is_odd = True
    is_homogeneous = True
    max_order = math.inf

    def function(self, z):
        return z

    def derivative(self, z, value):
        return namespace(z).ones_like(z)

    def second_derivative(self, z, value, slope):
        return namespace(z).zeros_like(z)

    def derivatives(self, z, order):
        """[z, 1, 0, …, 0]."""
        self.check_order(order)
        xp = namespace(z)
        first = [z] if order == 0 else [z, xp.ones_like(z)]
        return first if order < 2 else first + (order - 1) * [xp.zeros_like(z)]
