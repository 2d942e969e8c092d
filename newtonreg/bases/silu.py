"""Sigmoid-weighted linear units (SiLU, swish)."""

import math

from newtonreg.backend.special import expit
from newtonreg.bases.ridge import Ridge
from newtonreg.bases.sigmoid import slopes_of_logistic

__all__ = ["Silu"]


class Silu(Ridge):
    """σ(z) = z s with s = expit z: σ' = s + z s (1 − s), σ'' = s (1 − s) (2 + z (1 − 2s))."""

    name = "silu"
    rise = (0.0, 1.0)
    max_order = math.inf

    def function(self, z):
        return z * expit(z)

    def derivative(self, z, value):
        s = expit(z)
        return s + value * (1.0 - s)

    def second_derivative(self, z, value, slope):
        s = expit(z)
        return s * (1.0 - s) * (2.0 + z * (1.0 - 2.0 * s))

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)] with σ^(r) = z s^(r) + r s^(r−1)."""
        self.check_order(order)
        logistic = [expit(z), *slopes_of_logistic(z, order)]
        return [z * logistic[0], *(z * logistic[r] + r * logistic[r - 1] for r in range(1, order + 1))]
