"""Logistic units."""

from newtonreg.backend.special import expit
from newtonreg.bases.ridge import Ridge

__all__ = ["Logistic"]


class Logistic(Ridge):
    """σ(z) = 1 / (1 + exp(−z)): σ' = σ (1 − σ), σ'' = σ' (1 − 2σ)."""

    name = "logistic"
    rise = (-1.0986122886681098, 1.0986122886681098)
    odd_about = 0.5

    def function(self, z):
        return expit(z)

    def derivative(self, z, value):
        return value * (1.0 - value)

    def second_derivative(self, z, value, slope):
        return slope * (1.0 - 2.0 * value)
