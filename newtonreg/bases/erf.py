"""Error function units."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.backend.special import erf
from newtonreg.bases.ridge import Ridge

__all__ = ["Erf"]


class Erf(Ridge):
    """σ(z) = erf z: σ' = 2/√π exp(−z²), σ'' = −2 z σ'."""

    name = "erf"
    rise = (-0.4769362762044699, 0.4769362762044699)
    is_odd = True
    max_order = math.inf

    def function(self, z):
        return erf(z)

    def derivative(self, z, value):
        return (2.0 / math.sqrt(math.pi)) * namespace(z).exp(-z * z)

    def second_derivative(self, z, value, slope):
        return -2.0 * z * slope

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)] by Hermite's recursion σ^(r+1) = −2 (z σ^(r) + (r − 1) σ^(r−1)), r >= 1."""
        self.check_order(order)
        results = [self.function(z)]
        if order >= 1:
            results.append(self.derivative(z, *results))
        if order >= 2:
            results.append(self.second_derivative(z, *results))
        for r in range(2, order):
            results.append(-2.0 * (z * results[r] + (r - 1) * results[r - 1]))
        return results
