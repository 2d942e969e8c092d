"""Any number of hidden layers, matrix-free: backpropagation and its derivative along a direction."""

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, outer_rows
from newtonreg.components import check_integer
from newtonreg.networks.sweeps import BackwardSweep, Tangent, flat, input_tangents, outer_moments

__all__ = ["DeepNetwork", "DeepParts", "DeepPoint"]


class DeepParts(NamedTuple):
    """A parameter vector taken apart: one (..., fan_in + 1, width) a hidden layer, biases last, and outer (..., m, k + 1)."""

    layers: list
    outer: object


class DeepNetwork:
    """f = C h_L + b with h_l = σ_l(W_lᵀ h_{l−1} + b_l) and h_0 = x: L ≥ 1 hidden layers of ridge units, and linear outputs.

    Parameters
    ----------
    bases : sequence of Ridge
        One a hidden layer. Identity in all of them makes a deep linear network. Where σ is piecewise linear (ReLU) the exact
        curvature is that of the pieces, with σ'(0) = 0: the kinks are not seen.
    n_features : int >= 1
        d.
    hidden_sizes : sequence of int >= 1
        Widths k_1, …, k_L.
    n_outputs : int >= 1
        m.

    Raises
    ------
    ValueError
        Where there is no hidden layer, or not one basis for each.
    TypeError
        Where a basis is none of ridge functions.

    Notes
    -----
    The p parameters are, layer after layer, weights with the biases as last row (k_{l−1} + 1, k_l), then outer (m, k_L + 1), all
    row by row: with one hidden layer those of `ShallowNetwork`. A gradient takes 6 flops a row and weight, 4 in the first layer;
    a product with the exact Hessian from scratch 16 and 6, so below three gradients, and 12 and 4 where the gradient is there.

    References
    ----------
    Pearlmutter, *Fast exact multiplication by the Hessian*, Neural Computation 6 (1994) 147.
    """

    is_explicit = False
    """Curvature comes as products; a matrix is assembled from them."""

    def __init__(self, bases, n_features, hidden_sizes, n_outputs):
        self.bases = tuple(bases)
        self.n_features = n_features
        self.hidden_sizes = tuple(hidden_sizes)
        self.n_outputs = n_outputs
        self._check()
        self.n_units = self.hidden_sizes[-1]
        self._shapes = [(below + 1, width) for below, width in pairwise((n_features, *self.hidden_sizes))]
        edges = [0]
        for rows, width in self._shapes:
            edges.append(edges[-1] + rows * width)
        self.layer_slices = [slice(start, stop) for start, stop in pairwise(edges)]
        self.n_inner = edges[-1]
        self.n_params = self.n_inner + n_outputs * (self.n_units + 1)
        self.inner = slice(0, self.n_inner)
        self.outer = slice(self.n_inner, self.n_params)

    def _check(self):
        if not self.hidden_sizes:
            raise ValueError("hidden_sizes=() has no hidden layer; pass at least one width.")
        check_integer("n_features", self.n_features, 1)
        check_integer("n_outputs", self.n_outputs, 1)
        for width in self.hidden_sizes:
            check_integer("hidden_sizes", width, 1)
        if len(self.bases) != len(self.hidden_sizes):
            raise ValueError(f"bases has {len(self.bases)} entries for {len(self.hidden_sizes)} hidden layers; pass one a layer.")
        for basis in self.bases:
            if not hasattr(basis, "second_derivative"):
                raise TypeError(f"bases has {basis!r}, no ridge functions; pass objects of subclasses of newtonreg.bases.Ridge.")

    @property
    def groups(self):
        """Parameters that share a penalty, where each group has one: weights of an input, weights or biases of a layer.

        Slices; the coefficients are a group of their own.
        """
        first, *others = zip(self.layer_slices, self._shapes, strict=True)
        width = first[1][1]
        edges = list(range(0, first[0].stop + 1, width))
        for place, (_, width) in others:
            edges += [place.stop - width, place.stop]
        return [slice(start, stop) for start, stop in pairwise(edges)]

    def row_doubles(self, coupled):
        """Numbers a row takes in a product: σ and its derivatives, two sweeps and their tangents; `coupled` entries of ∂²ℓ."""
        return 10 * sum(self.hidden_sizes) + self.n_features + 2 * self.n_outputs + 2 * coupled

    @property
    def gradient_flops(self):
        """Floating point operations of one gradient, per row."""
        return 6.0 * self.n_params

    @property
    def curvature_flops(self):
        """Floating point operations of one Gauss–Newton matrix from Jacobians, per row."""
        return self.n_outputs * self.n_params**2

    def unpack(self, params):
        """`DeepParts` of `params` (..., p), as views where memory allows."""
        xp, lead = namespace(params), params.shape[:-1]
        layers = zip(self.layer_slices, self._shapes, strict=True)
        outer = xp.reshape(params[..., self.outer], (*lead, self.n_outputs, self.n_units + 1))
        return DeepParts([xp.reshape(params[..., place], (*lead, *shape)) for place, shape in layers], outer)

    def pack(self, layers, outer):
        """Parameter vector (..., p) of `layers`, each (..., fan_in + 1, width), and `outer` (..., m, k + 1)."""
        return namespace(outer).concat([flat(part) for part in (*layers, outer)], axis=-1)

    def penalty_mask(self, like):
        """1 where the L2 penalty counts a parameter (weights and coefficients), 0 where not (biases, intercepts); (p,)."""
        inner = [[1.0] * ((rows - 1) * width) + [0.0] * width for rows, width in self._shapes]
        outer = ([1.0] * self.n_units + [0.0]) * self.n_outputs
        return namespace(like).asarray([*sum(inner, []), *outer], dtype=namespace(like).float64, device=device_of(like))

    def at(self, inputs, params):
        """The network at one batch of `inputs` (d, n) and `params` (..., p), a `DeepPoint`."""
        return DeepPoint(self, inputs, params)


class DeepPoint:
    """A deep network at one batch of rows; lives as long as the batch does.

    The forward sweep is made at once, everything else on first use. Directions and sensitivities may have leading axes too,
    (c, p) and (c, m, n) beside parameters (p,): c products in one call.
    """

    def __init__(self, network, inputs, params):
        self.network = network
        self._xp = namespace(inputs)
        units, self.coefs_and_intercepts = network.unpack(params)
        self.layers = []
        for basis, layer_units in zip(network.bases, units, strict=True):
            self.layers.append(basis.at(inputs, layer_units))
            inputs = self.layers[-1].values
        self._swept = None

    @property
    def hidden(self):
        """The last hidden layer; its `values` (..., k, n) are the basis that the outer parameters combine."""
        return self.layers[-1]

    @property
    def coefs(self):
        """C, shape (..., m, k)."""
        return self.coefs_and_intercepts[..., :-1]

    @cached_property
    def values(self):
        """f, shape (..., m, n)."""
        return linalg.matmul(self.coefs, self.hidden.values) + self.coefs_and_intercepts[..., -1][..., None]

    def backward(self, u):
        """`BackwardSweep` of `u` (..., m, n); that of the same array is kept, for products ask for it again and again."""
        if self._swept is None or self._swept[0] is not u:
            self._swept = u, BackwardSweep(self.layers, linalg.matmul(self._xp.matrix_transpose(self.coefs), u))
        return self._swept[1]

    def pullback(self, u):
        """Jᵀu = Σ_ij u_ji ∇f_j(x_i), shape (..., p), for `u` (..., m, n); 4 flops a row and weight, 2 in the first layer."""
        xp, pieces = self._xp, []
        for layer, deltas in zip(self.layers, self.backward(u).deltas, strict=True):
            pieces += [flat(linalg.matmul(layer.inputs, xp.matrix_transpose(deltas))), xp.sum(deltas, axis=-1)]
        return xp.concat([*pieces, outer_moments(u, self.hidden.values)], axis=-1)

    def along(self, v):
        """The `Tangent` along `v` (..., p): J v, and what else one forward sweep serves."""
        return Tangent(self, v)

    def pushforward(self, v):
        """J v, shape (..., m, n), for `v` (..., p)."""
        return self.along(v).values

    def second_pushforward(self, v):
        """vᵀ∇²f_j(x_i)v, shape (..., m, n)."""
        return self.along(v).second

    def pullback_derivative(self, u, v, du):
        """d/dt [J(w + t v)ᵀ(u + t du)], shape (..., p); see `Tangent.pullback_derivative`, which saves the forward sweep."""
        return self.along(v).pullback_derivative(u, du)

    def jacobian(self):
        """∂f_j(x_i)/∂params, shape (m, p, n), for `params` (p,). Explicit and large: for small least squares."""
        xp, network, hidden = self._xp, self.network, self.hidden.values
        m, k, n = network.n_outputs, network.n_units, hidden.shape[-1]
        rows = xp.zeros((m, network.n_params, n), dtype=hidden.dtype, device=device_of(hidden))
        sweep = BackwardSweep(self.layers, self.coefs[:, :, None])
        for j in range(m):
            for layer, deltas, place in zip(self.layers, sweep.deltas, network.layer_slices, strict=True):
                biases = place.stop - deltas.shape[1]
                outer_rows(rows[j, place.start : biases, :], layer.inputs, deltas[j, :, :])
                rows[j, biases : place.stop, :] = deltas[j, :, :]
            start = network.n_inner + j * (k + 1)
            rows[j, start : start + k, :] = hidden
            rows[j, start + k, :] = 1.0
        return rows

    def input_derivative(self, *axes):
        """∂^r f_j(x_i)/∂x_a…, one or two input axes, shape (..., m, n), by tangents that go forward through the layers."""
        if len(axes) not in (1, 2):
            raise ValueError(f"input derivatives of order 1 and 2 are available, got axes={axes!r}.")
        first = input_tangents(self.layers, axes[0])
        if len(axes) == 1:
            return linalg.matmul(self.coefs, self.hidden.slope * first[-1])
        other = first if axes[1] == axes[0] else input_tangents(self.layers, axes[1])
        bend = 0.0
        for layer, one, two in zip(self.layers, first, other, strict=True):
            onward = self._xp.matrix_transpose(layer.units[..., :-1, :])
            straight = 0.0 if layer is self.layers[0] else layer.slope * linalg.matmul(onward, bend)
            bend = layer.second_slope * one * two + straight
        return linalg.matmul(self.coefs, bend)
