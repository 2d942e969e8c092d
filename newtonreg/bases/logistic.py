"""Logistic units."""

import math

from newtonreg.backend.special import expit
from newtonreg.bases.ridge import Ridge
from newtonreg.bases.sigmoid import slopes_of_logistic

__all__ = ["Logistic"]


class Logistic(Ridge):
    """σ(z) = 1 / (1 + exp(−z)): σ' = σ (1 − σ), σ'' = σ' (1 − 2σ)."""

    name = "logistic"
    rise = (-1.0986122886681098, 1.0986122886681098)
    odd_about = 0.5
    max_order = math.inf

    def function(self, z):
        return expit(z)

    def derivative(self, z, value):
        return value * (1.0 - value)

    def second_derivative(self, z, value, slope):
        return slope * (1.0 - 2.0 * value)

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)], by σ(z) = ½ + ½ tanh(z/2) from the first on; see `newtonreg.bases.sigmoid`."""
        self.check_order(order)
        return [self.function(z), *slopes_of_logistic(z, order)]
