"""A user's own activation, differentiated by autograd."""

import math

from autograd import elementwise_grad

from newtonreg.backend.arrays import is_numpy_array
from newtonreg.bases.ridge import Ridge

__all__ = ["CallableActivation"]


class CallableActivation(Ridge):
    """σ(z) = `function`(z), with its derivatives by automatic differentiation.

    Parameters
    ----------
    function : callable
        Elementwise, written with NumPy ufuncs (or `autograd.numpy`), twice differentiable; for a differential operator as many
        times as its order. Define it in a module, not in a lambda, if the estimator is to be pickled.

    Raises
    ------
    TypeError
        On arrays of another library than NumPy: autograd cannot differentiate them. Subclass `Ridge` with the derivatives
        written out instead.
    """

    name = "callable"
    max_order = math.inf

    def __init__(self, function):
        self.function = function

    def at(self, inputs, units):
        """The basis at `inputs` and `units`; NumPy only."""
        if not is_numpy_array(inputs):
            raise TypeError(
                f"activation={self.function!r} is a Python callable, which autograd differentiates on NumPy arrays only, and the "
                f"inputs are {type(inputs).__module__}.{type(inputs).__name__}. Pass a subclass of newtonreg.bases.Ridge with "
                "its derivatives written out, or NumPy data."
            )
        return super().at(inputs, units)

    def derivative(self, z, value):
        return elementwise_grad(self.function)(z)

    def second_derivative(self, z, value, slope):
        return elementwise_grad(elementwise_grad(self.function))(z)

    def derivatives(self, z, order):
        """[σ(z), σ'(z), …, σ^(order)(z)], one reverse pass more for each: the time an order takes grows geometrically."""
        self.check_order(order)
        results, function = [self.function(z)], self.function
        for _ in range(order):
            function = elementwise_grad(function)
            results.append(function(z))
        return results
