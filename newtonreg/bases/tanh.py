"""Hyperbolic tangent units."""

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Tanh"]


class Tanh(Ridge):
    """σ(z) = tanh z, the default: σ' = 1 − σ², σ'' = −2 σ σ'."""

    name = "tanh"
    is_odd = True

    def function(self, z):
        return namespace(z).tanh(z)

    def derivative(self, z, value):
        return 1.0 - value * value

    def second_derivative(self, z, value, slope):
        return -2.0 * value * slope
