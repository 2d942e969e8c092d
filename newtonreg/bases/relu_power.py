"""Powers of rectified linear units: splines."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.bases.ridge import Ridge
from newtonreg.components import check_integer

__all__ = ["ReluPower"]


class ReluPower(Ridge):
    """σ(z) = max(z, 0)^p: σ' = p max(z, 0)^(p−1), σ'' = p (p − 1) max(z, 0)^(p−2).

    In one input a network of these units is a spline of degree p with free knots. p − 1 derivatives are continuous; the p-th is a
    step, with the convention σ^(p)(0) = 0, and differential operators may use it.

    Parameters
    ----------
    power : int >= 2, default=3
        p. Two derivatives are continuous from 3 on. Power 1 is `Relu`.

    Raises
    ------
    ValueError
        By `at`, where `power` is not such a number.
    """

    name = "relu-power"
    rise = (0.0, 1.0)

    def __init__(self, power=3):
        self.power = power

    @property
    def is_smooth(self):
        """Whether σ has two continuous derivatives."""
        return self.power >= 3

    @property
    def max_order(self):
        """p: the last derivative is piecewise constant."""
        return self.power

    def at(self, inputs, units):
        """The basis at `inputs` and `units`."""
        check_integer("power", self.power, low=2)
        return super().at(inputs, units)

    def function(self, z):
        return _positive_power(z, self.power)

    def derivative(self, z, value):
        return self.power * _positive_power(z, self.power - 1)

    def second_derivative(self, z, value, slope):
        return self.power * (self.power - 1) * _positive_power(z, self.power - 2)

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)] with σ^(r) = p! / (p − r)! max(z, 0)^(p−r), then zeros."""
        check_integer("order", order, low=0)
        xp, last = namespace(z), min(order, self.power)
        positive = xp.maximum(z, 0.0)
        powers = [_positive_power(z, self.power - last)]
        for _ in range(last):
            powers.append(powers[-1] * positive)
        results = [math.perm(self.power, r) * power if r else power for r, power in enumerate(reversed(powers))]
        return results if order == last else results + (order - last) * [xp.zeros_like(z)]


def _positive_power(z, power):
    """max(z, 0)^power for an integer `power` >= 0, a step at 0, by products: the library's power of arrays is slow."""
    xp = namespace(z)
    if power == 0:
        return xp.astype(z > 0.0, z.dtype)
    positive = xp.maximum(z, 0.0)
    result = positive
    for _ in range(power - 1):
        result = result * positive
    return result
