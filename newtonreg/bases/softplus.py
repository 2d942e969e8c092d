"""Softplus units."""

import math

from newtonreg.backend.special import expit, log1pexp
from newtonreg.bases.ridge import Ridge
from newtonreg.bases.sigmoid import slopes_of_logistic

__all__ = ["Softplus"]


class Softplus(Ridge):
    """σ(z) = log(1 + exp z), a smooth ReLU: σ' = expit z, σ'' = σ' (1 − σ')."""

    name = "softplus"
    rise = (0.0, 1.0)
    max_order = math.inf

    def function(self, z):
        return log1pexp(z)

    def derivative(self, z, value):
        return expit(z)

    def second_derivative(self, z, value, slope):
        return slope * (1.0 - slope)

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)]: from σ' on those of the logistic function."""
        self.check_order(order)
        results = [self.function(z)]
        return results if order == 0 else [*results, expit(z), *slopes_of_logistic(z, order - 1)]
