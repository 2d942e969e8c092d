"""Sigmoid-weighted linear units (SiLU, swish)."""

from newtonreg.backend.special import expit
from newtonreg.bases.ridge import Ridge

__all__ = ["Silu"]


class Silu(Ridge):
    """σ(z) = z s with s = expit z: σ' = s + z s (1 − s), σ'' = s (1 − s) (2 + z (1 − 2s))."""

    name = "silu"
    rise = (0.0, 1.0)

    def function(self, z):
        return z * expit(z)

    def derivative(self, z, value):
        s = expit(z)
        return s + value * (1.0 - s)

    def second_derivative(self, z, value, slope):
        s = expit(z)
        return s * (1.0 - s) * (2.0 + z * (1.0 - 2.0 * s))
