"""Hyperbolic tangent units."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge
from newtonreg.bases.sigmoid import slopes_of_tanh, squared_sech

__all__ = ["Tanh"]


class Tanh(Ridge):
    """σ(z) = tanh z, the default: σ' = 1 − σ², σ'' = −2 σ σ'."""

    name = "tanh"
    is_odd = True
    max_order = math.inf

    def function(self, z):
        return namespace(z).tanh(z)

    def derivative(self, z, value):
        return 1.0 - value * value

    def second_derivative(self, z, value, slope):
        return -2.0 * value * slope

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)], each a polynomial in 1 − σ²; see `newtonreg.bases.sigmoid`."""
        self.check_order(order)
        value = self.function(z)
        return [value] if order == 0 else [value, *slopes_of_tanh(value, squared_sech(z), order)]
