"""Ridge functions h_k(x) = σ(w_k·x + b_k): everything that does not depend on which σ."""

import math
from functools import cached_property

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, outer_rows
from newtonreg.backend.pairs import pairs
from newtonreg.bases.initialization import init_ridge_units
from newtonreg.components import check_integer

__all__ = ["Ridge", "RidgePoint"]


class Ridge(BaseEstimator):
    """A basis of ridge functions h_k(x; w_k, b_k) = σ(w_kᵀ x + b_k), with q = d + 1 parameters a unit.

    A subclass is one activation: a `name` and three functions of the pre-activation z, each given what was computed before it.
    Where σ has more than two derivatives it overrides `max_order` and `derivatives` too, for differential operators.
    """

    name = None
    is_smooth = True
    """σ has two continuous derivatives; a stationary point of a network without them is a weaker statement."""
    max_order = 2
    """Highest derivative of σ that a differential operator may use, an int or `math.inf`; it may be piecewise continuous."""
    rise = (-0.5493061443340549, 0.5493061443340549)
    """Two z between which σ rises by half its range or, where that is infinite, by about one: tanh is ∓½ at ∓½ ln 3."""

    def function(self, z):
        """σ(z)."""
        raise NotImplementedError

    def derivative(self, z, value):
        """σ'(z), given `value` = σ(z)."""
        raise NotImplementedError

    def second_derivative(self, z, value, slope):
        """σ''(z), given `value` = σ(z) and `slope` = σ'(z)."""
        raise NotImplementedError

    def derivatives(self, z, order):
        """σ and its derivatives up to `order`, each computed once.

        Parameters
        ----------
        z : array of float64, any shape
        order : int >= 0
            At most `max_order`.

        Returns
        -------
        list of arrays of the shape of `z`
            [σ(z), σ'(z), …, σ^(order)(z)]. Not to be written into: some may be the same array.

        Raises
        ------
        ValueError
            Where `order` is above `max_order`. `Relu` and its powers go on, with the zeros that their derivatives are where they
            exist: the curvature of an operator takes two orders more than the operator.
        """
        self.check_order(order)
        if order > 2:
            raise NotImplementedError(f"{self!r} says max_order={self.max_order} and must override `derivatives` beyond order 2.")
        results = [self.function(z)]
        if order >= 1:
            results.append(self.derivative(z, *results))
        if order >= 2:
            results.append(self.second_derivative(z, *results))
        return results

    def check_order(self, order):
        """Raise ValueError unless `order` is an integer from 0 to `max_order`, naming both and the activation."""
        check_integer("order", order, low=0)
        if order > self.max_order:
            raise ValueError(
                f"activation={self!r} has derivatives up to max_order={self.max_order}, and order={order} was asked for; "
                "pass a smoother activation, such as 'tanh'."
            )

    def n_params(self, n_features):
        """q = d + 1: a weight a feature and a bias."""
        return n_features + 1

    def penalized(self, n_features):
        """For each of the q parameters, whether the L2 penalty counts it: weights yes, the bias no."""
        return [True] * n_features + [False]

    def init_units(self, inputs, n_units, rng, weights):
        """Random units (d + 1, k), see `newtonreg.bases.initialization.init_ridge_units`."""
        return init_ridge_units(inputs, n_units, rng, weights)

    def at(self, inputs, units):
        """The basis at `inputs` (d, n) and `units` (..., d + 1, k), a `RidgePoint`."""
        return RidgePoint(self, inputs, units)


class RidgePoint:
    """A ridge basis at one batch of inputs: z = Wᵀx + b and what follows from it, each computed on first use.

    Every derivative in the parameters is a derivative of σ times monomials of the extended inputs (x, 1); `slope` and
    `extended_inputs` are public because the assembly of a Hessian exploits this product form.
    """

    def __init__(self, basis, inputs, units):
        self._basis = basis
        self.inputs = inputs
        self.units = units
        xp = namespace(inputs)
        self._xp = xp
        weights, bias = units[..., :-1, :], units[..., -1, :]
        self._z = linalg.matmul(xp.matrix_transpose(weights), inputs) + bias[..., None]
        self.values = basis.function(self._z)

    @cached_property
    def slope(self):
        """σ'(z), shape (..., k, n)."""
        return self._basis.derivative(self._z, self.values)

    @cached_property
    def second_slope(self):
        """σ''(z), shape (..., k, n)."""
        return self._basis.second_derivative(self._z, self.values, self.slope)

    @cached_property
    def extended_inputs(self):
        """(x, 1), shape (d + 1, n)."""
        return self._xp.concat([self.inputs, self._xp.ones_like(self.inputs[:1, :])], axis=0)

    def jacobian(self):
        """∂h_k/∂(w_ak, b_k) = σ'(z_k) (x_a, 1), shape (..., q, k, n)."""
        return self.extended_inputs[:, None, :] * self.slope[..., None, :, :]

    def fill_jacobian(self, out, scale):
        """Write scale_ki ∂h_k(x_i)/∂θ_ak into `out` (q k, n); `scale` (k, n)."""
        outer_rows(out, self.extended_inputs, self.slope * scale)

    def pullback(self, u):
        """Σ_i u_ki σ'(z_ki) (x_ai, 1), shape (..., q, k); 2 n k q flops."""
        return self._moments(u * self.slope)

    def _moments(self, weighted):
        """Σ_i weighted_ki (x_ai, 1), shape (..., q, k)."""
        xp = self._xp
        return linalg.matmul(self.extended_inputs, xp.matrix_transpose(weighted))

    def _directional_z(self, v):
        xp = self._xp
        return linalg.matmul(xp.matrix_transpose(v[..., :-1, :]), self.inputs) + v[..., -1, :][..., None]

    def pushforward(self, v):
        """σ'(z) dz with dz = v_wᵀx + v_b, shape (..., k, n)."""
        return self.slope * self._directional_z(v)

    def second_pushforward(self, v):
        """σ''(z) dz², shape (..., k, n)."""
        return self.second_slope * self._directional_z(v) ** 2

    def curvature(self, u):
        """Σ_i u_ki σ''(z_ki) (x_ai, 1)(x_bi, 1), shape (..., q, q, k); n k q (q + 1) flops by one product with monomials."""
        xp = self._xp
        q = self.extended_inputs.shape[0]
        rows, cols, position = pairs(q, u)
        x = self.extended_inputs
        monomials = xp.take(x, rows, axis=0) * xp.take(x, cols, axis=0)
        sums = linalg.matmul(monomials, xp.matrix_transpose(u * self.second_slope))
        full = xp.take(sums, position, axis=-2)
        return xp.reshape(full, (*full.shape[:-2], q, q, full.shape[-1]))

    def input_derivative(self, *axes):
        """∂^r σ(z)/∂x_a∂x_b… = σ^(r)(z) w_a w_b…, one factor for each of the r >= 1 `axes`; shape (..., k, n)."""
        if not axes:
            raise ValueError("input_derivative() needs at least one input axis, and got none; order 0 is `values`.")
        if len(axes) == 1:
            return self.slope * self.units[..., axes[0], :][..., None]
        if len(axes) == 2:
            product = self.units[..., axes[0], :] * self.units[..., axes[1], :]
            return self.second_slope * product[..., None]
        self._basis.check_order(len(axes))
        product = math.prod(self.units[..., axis, :] for axis in axes)
        return self._basis.derivatives(self._z, len(axes))[-1] * product[..., None]
