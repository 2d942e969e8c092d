"""Sine units."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge

__all__ = ["Sine"]


class Sine(Ridge):
    """σ(z) = sin z: σ' = cos z, σ'' = −sin z. Periodic: frequencies are weights, phases are biases."""

    name = "sine"
    rise = (-0.5235987755982988, 0.5235987755982988)
    is_odd = True
    max_order = math.inf
    half_period = 3.141592653589793

    def function(self, z):
        return namespace(z).sin(z)

    def derivative(self, z, value):
        return namespace(z).cos(z)

    def second_derivative(self, z, value, slope):
        return -value

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)]: sin, cos, −sin, −cos and again."""
        self.check_order(order)
        first = [self.function(z)]
        if order >= 1:
            first.append(self.derivative(z, *first))
        turned = [-array for array in first[: order - 1]]
        return [[*first, *turned][r % 4] for r in range(order + 1)]
