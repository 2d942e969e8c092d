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

    def function(self, z):
        return erf(z)

    def derivative(self, z, value):
        return (2.0 / math.sqrt(math.pi)) * namespace(z).exp(-z * z)

    def second_derivative(self, z, value, slope):
        return -2.0 * z * slope
