"""Softplus units."""

from newtonreg.backend.special import expit, log1pexp
from newtonreg.bases.ridge import Ridge

__all__ = ["Softplus"]


class Softplus(Ridge):
    """σ(z) = log(1 + exp z), a smooth ReLU: σ' = expit z, σ'' = σ' (1 − σ')."""

    name = "softplus"
    rise = (0.0, 1.0)

    def function(self, z):
        return log1pexp(z)

    def derivative(self, z, value):
        return expit(z)

    def second_derivative(self, z, value, slope):
        return slope * (1.0 - slope)
