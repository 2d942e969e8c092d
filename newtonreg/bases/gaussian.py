"""Gaussian ridge units: a bump along one direction (for a bump around a point see `newtonreg.bases.radial`)."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Gaussian"]


class Gaussian(Ridge):
    """σ(z) = exp(−z²/2): σ' = −z σ, σ'' = (z² − 1) σ."""

    name = "gaussian"
    rise = (-1.5, -0.5)
    is_even = True
    max_order = math.inf

    def function(self, z):
        return namespace(z).exp(-0.5 * z * z)

    def derivative(self, z, value):
        return -z * value

    def second_derivative(self, z, value, slope):
        return (z * z - 1.0) * value

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)] by Hermite's recursion σ^(r+1) = −z σ^(r) − r σ^(r−1)."""
        self.check_order(order)
        results = [self.function(z)]
        if order >= 1:
            results.append(self.derivative(z, *results))
        for r in range(1, order):
            results.append(-(z * results[r] + r * results[r - 1]))
        return results
