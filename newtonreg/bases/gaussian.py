"""Gaussian ridge units: a bump along one direction (for a bump around a point see `newtonreg.bases.radial`)."""

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Gaussian"]


class Gaussian(Ridge):
    """σ(z) = exp(−z²/2): σ' = −z σ, σ'' = (z² − 1) σ."""

    name = "gaussian"
    rise = (-1.5, -0.5)
    is_even = True

    def function(self, z):
        return namespace(z).exp(-0.5 * z * z)

    def derivative(self, z, value):
        return -z * value

    def second_derivative(self, z, value, slope):
        return (z * z - 1.0) * value
