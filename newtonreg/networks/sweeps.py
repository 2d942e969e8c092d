"""Forward and backward sweeps through the layers of a deep network, and their derivatives along a direction.

A layer is a `RidgePoint`: pre-activation z_l = W_lᵀ h_{l−1} + b_l and values h_l = σ_l(z_l), with h_0 = x. Biases enter by
broadcasting and leave as sums, so no row of ones is ever joined to the inputs.
"""

from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace

__all__ = ["BackwardSweep", "Tangent", "affine", "flat", "input_tangents", "outer_moments", "pulled_back"]


def affine(units, inputs):
    """Wᵀh + b, shape (..., width, n), for `units` (..., fan_in + 1, width), bias last, and `inputs` (..., fan_in, n)."""
    return linalg.matmul(namespace(inputs).matrix_transpose(units[..., :-1, :]), inputs) + units[..., -1, :][..., None]


def pulled_back(units, deltas):
    """W δ, shape (..., fan_in, n), for `units` (..., fan_in + 1, width) and `deltas` (..., width, n)."""
    return linalg.matmul(units[..., :-1, :], deltas)


def flat(weights):
    """A matrix (..., r, s) row by row, (..., r s)."""
    return namespace(weights).reshape(weights, (*weights.shape[:-2], -1))


def outer_moments(u, hidden, change=0.0):
    """Σ_i u_ji (h_ki, 1) + (`change`, 0), the gradient by the outer parameters, row by row, (..., m (k + 1))."""
    xp = namespace(u)
    coefs = linalg.matmul(u, xp.matrix_transpose(hidden)) + change
    intercepts = xp.broadcast_to(xp.sum(u, axis=-1, keepdims=True), (*coefs.shape[:-1], 1))
    return flat(xp.concat([coefs, intercepts], axis=-1))


class BackwardSweep:
    """δ_l = ∂(Σ_j u_j f_j)/∂z_l = W_{l+1} δ_{l+1} ∘ σ'_l for every layer: `deltas`, a list of (..., width, n).

    Parameters
    ----------
    layers : list of RidgePoint
    pulled : array of shape (..., k, n)
        Cᵀu, what reaches the last hidden layer.
    """

    def __init__(self, layers, pulled):
        self._layers = layers
        self._pulled, self.deltas = [pulled], [pulled * layers[-1].slope]
        for lower, layer in zip(layers[-2::-1], layers[:0:-1], strict=True):
            pulled = pulled_back(layer.units, self.deltas[0])
            self._pulled.insert(0, pulled)
            self.deltas.insert(0, pulled * lower.slope)

    @cached_property
    def bends(self):
        """W_{l+1} δ_{l+1} ∘ σ''_l: how δ_l changes with z_l, a list of (..., width, n)."""
        return [pulled * layer.second_slope for pulled, layer in zip(self._pulled, self._layers, strict=True)]


class Tangent:
    """A `DeepPoint` along a direction v of its parameters: dz_l = V_lᵀh_{l−1} + c_l + W_lᵀ dh_{l−1}, dh_l = σ'_l dz_l, df.

    Made by `DeepPoint.along`. A forward sweep costs 4 flops a row and weight, 2 in the first layer, and serves all that follows.
    """

    def __init__(self, point, v):
        self._point = point
        self._xp = namespace(v)
        self._changes, self._outer = point.network.unpack(v)
        self._z, self._hidden = [], []
        for layer, change in zip(point.layers, self._changes, strict=True):
            z = affine(change, layer.inputs)
            if self._hidden:
                z = z + self._onward(layer, self._hidden[-1])
            self._z.append(z)
            self._hidden.append(layer.slope * z)

    def _onward(self, layer, hidden):
        return linalg.matmul(self._xp.matrix_transpose(layer.units[..., :-1, :]), hidden)

    @cached_property
    def values(self):
        """df = J v, shape (..., m, n)."""
        point, outer = self._point, self._outer
        straight = linalg.matmul(point.coefs, self._hidden[-1])
        return straight + linalg.matmul(outer[..., :-1], point.hidden.values) + outer[..., -1][..., None]

    @cached_property
    def second(self):
        """vᵀ∇²f_j(x_i)v, shape (..., m, n), by d²z_l = 2 V_lᵀ dh_{l−1} + W_lᵀ d²h_{l−1} and d²h_l = σ''_l dz_l² + σ'_l d²z_l."""
        layers, transposed = self._point.layers, self._xp.matrix_transpose
        bend = layers[0].second_slope * self._z[0] ** 2
        for layer, change, z, below in zip(layers[1:], self._changes[1:], self._z[1:], self._hidden[:-1], strict=True):
            z_bend = 2.0 * linalg.matmul(transposed(change[..., :-1, :]), below) + self._onward(layer, bend)
            bend = layer.second_slope * z**2 + layer.slope * z_bend
        return linalg.matmul(self._point.coefs, bend) + 2.0 * linalg.matmul(self._outer[..., :-1], self._hidden[-1])

    def pullback_derivative(self, u, du):
        """d/dt [J(w + t v)ᵀ(u + t du)] = Σ_ij u_ji ∇²f_j(x_i) v + Jᵀdu, shape (..., p), in one backward sweep.

        With `du` = ∂²ℓ J v and `u` = ∂ℓ this is the Hessian of the loss times v. 8 flops a row and weight, 2 in the first layer,
        and the sweep of `u` where it is not there yet.

        Parameters
        ----------
        u, du : arrays of shape (..., m, n)

        References
        ----------
        Pearlmutter, *Fast exact multiplication by the Hessian* (1994), the R-operator.
        """
        point, xp = self._point, self._xp
        transposed, sweep = xp.matrix_transpose, point.backward(u)
        change = linalg.matmul(u, transposed(self._hidden[-1]))
        pieces = [outer_moments(du, point.hidden.values, change)]
        pulled = linalg.matmul(transposed(self._outer[..., :-1]), u) + linalg.matmul(transposed(point.coefs), du)
        for at in range(len(point.layers) - 1, -1, -1):
            layer, deltas = point.layers[at], sweep.deltas[at]
            turned = pulled * layer.slope + sweep.bends[at] * self._z[at]
            weights = linalg.matmul(layer.inputs, transposed(turned))
            if at > 0:
                weights = weights + linalg.matmul(self._hidden[at - 1], transposed(deltas))
                pulled = pulled_back(self._changes[at], deltas) + pulled_back(layer.units, turned)
            pieces = [flat(weights), xp.sum(turned, axis=-1), *pieces]
        return xp.concat(pieces, axis=-1)


def input_tangents(layers, axis):
    """∂z_l/∂x_a for every layer, a list of arrays that broadcast to (..., width, n)."""
    tangents = [layers[0].units[..., axis, :][..., None]]
    for below, layer in zip(layers[:-1], layers[1:], strict=True):
        transposed = namespace(layer.units).matrix_transpose(layer.units[..., :-1, :])
        tangents.append(linalg.matmul(transposed, below.slope * tangents[-1]))
    return tangents
