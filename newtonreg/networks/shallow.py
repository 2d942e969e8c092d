"""One hidden layer, explicit: a basis with coefficients."""

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace

__all__ = ["ShallowNetwork", "ShallowPoint"]


class Parts(NamedTuple):
    """A parameter vector taken apart: units (..., q, k) and outer (..., m, k + 1), the intercept last."""

    units: object
    outer: object


class ShallowNetwork:
    """f_j(x) = b_j + Σ_k c_jk h_k(x; θ_k).

    Parameters
    ----------
    basis : Basis
    n_features, n_units, n_outputs : int
        d, k, m. The parameter vector has p = q k + m (k + 1) entries: units (q, k), then outer (m, k + 1), row by row.
    """

    is_explicit = True
    """Curvature matrices are assembled from blocks of the units, with no products for single columns."""

    def __init__(self, basis, n_features, n_units, n_outputs):
        self.basis = basis
        self.n_features = n_features
        self.n_units = n_units
        self.n_outputs = n_outputs
        self.n_unit_params = basis.n_params(n_features)
        self.n_inner = self.n_unit_params * n_units
        self.n_params = self.n_inner + n_outputs * (n_units + 1)
        self.inner = slice(0, self.n_inner)
        self.outer = slice(self.n_inner, self.n_params)

    @property
    def bases(self):
        """One a hidden layer."""
        return (self.basis,)

    @property
    def hidden_sizes(self):
        """Widths of the hidden layers."""
        return (self.n_units,)

    @property
    def groups(self):
        """Parameters that share a penalty, where each group has one: a slice a row of units. The coefficients are another."""
        edges = range(0, self.n_inner + 1, self.n_units)
        return [slice(start, stop) for start, stop in pairwise(edges)]

    def row_doubles(self, coupled):
        """Numbers a row takes in a curvature matrix; `coupled` of them are entries of ∂²ℓ."""
        monomials = self.n_unit_params * (self.n_unit_params + 1) // 2
        return self.n_inner + self.n_units + 1 + 2 * coupled + monomials

    @property
    def gradient_flops(self):
        """Floating point operations of one gradient, per row: 6 k (q + m)."""
        return 6.0 * self.n_units * (self.n_unit_params + self.n_outputs)

    @property
    def curvature_flops(self):
        """Floating point operations of one Gauss–Newton matrix, per row, about (q k + k + 1)²."""
        return (self.n_inner + self.n_units + 1) ** 2

    def unpack(self, params):
        """`Parts` of `params` (..., p), as views."""
        xp = namespace(params)
        lead = params.shape[:-1]
        units = xp.reshape(params[..., self.inner], (*lead, self.n_unit_params, self.n_units))
        outer = xp.reshape(params[..., self.outer], (*lead, self.n_outputs, self.n_units + 1))
        return Parts(units, outer)

    def pack(self, units, outer):
        """Parameter vector (..., p) of `units` (..., q, k) and `outer` (..., m, k + 1)."""
        xp = namespace(units)
        lead = units.shape[:-2]
        return xp.concat([xp.reshape(units, (*lead, self.n_inner)), xp.reshape(outer, (*lead, -1))], axis=-1)

    def penalty_mask(self, like):
        """1 where the L2 penalty counts a parameter (weights and coefficients), 0 where not (biases, intercepts); (p,)."""
        xp = namespace(like)
        inner = [float(flag) for flag in self.basis.penalized(self.n_features) for _ in range(self.n_units)]
        outer = ([1.0] * self.n_units + [0.0]) * self.n_outputs
        return xp.asarray(inner + outer, dtype=xp.float64, device=device_of(like))

    def at(self, inputs, params):
        """The network at one batch of `inputs` (d, n) and `params` (..., p), a `ShallowPoint`."""
        return ShallowPoint(self, inputs, params)


class ShallowPoint:
    """A network at one batch of rows; lives as long as the batch does.

    Products with the Jacobian cost 2 n k (q + m) flops and never form it.
    """

    def __init__(self, network, inputs, params):
        self.network = network
        self._xp = namespace(inputs)
        self.units, self.coefs_and_intercepts = network.unpack(params)
        self.hidden = network.basis.at(inputs, self.units)

    @property
    def coefs(self):
        """c, shape (..., m, k)."""
        return self.coefs_and_intercepts[..., :-1]

    @cached_property
    def values(self):
        """f, shape (..., m, n)."""
        return linalg.matmul(self.coefs, self.hidden.values) + self.coefs_and_intercepts[..., -1][..., None]

    def pullback(self, u):
        """Jᵀu = Σ_ij u_ji ∇f_j(x_i), shape (..., p), for `u` (..., m, n)."""
        xp = self._xp
        units = self.hidden.pullback(linalg.matmul(xp.matrix_transpose(self.coefs), u))
        coefs = linalg.matmul(u, xp.matrix_transpose(self.hidden.values))
        outer = xp.concat([coefs, xp.sum(u, axis=-1, keepdims=True)], axis=-1)
        return self.network.pack(units, outer)

    def pushforward(self, v):
        """J v, shape (..., m, n), for `v` (..., p)."""
        units, outer = self.network.unpack(v)
        inner = linalg.matmul(self.coefs, self.hidden.pushforward(units))
        return inner + linalg.matmul(outer[..., :-1], self.hidden.values) + outer[..., -1][..., None]

    def second_pushforward(self, v):
        """vᵀ∇²f_j(x_i)v, shape (..., m, n): Σ_k c_jk ∂²h_k[v, v] + 2 Σ_k v_jk ∂h_k[v]."""
        units, outer = self.network.unpack(v)
        straight = linalg.matmul(self.coefs, self.hidden.second_pushforward(units))
        return straight + 2.0 * linalg.matmul(outer[..., :-1], self.hidden.pushforward(units))

    def jacobian(self):
        """∂f_j(x_i)/∂params, shape (m, p, n). Explicit and large: for tests, plots and small least squares only."""
        xp, network = self._xp, self.network
        hidden = self.hidden.jacobian()
        n = hidden.shape[-1]
        extended = xp.concat([self.hidden.values, xp.ones_like(self.hidden.values[:1, :])], axis=0)
        rows = []
        for j in range(network.n_outputs):
            inner = xp.reshape(hidden * self.coefs[j, :][None, :, None], (network.n_inner, n))
            outer = [extended if i == j else xp.zeros_like(extended) for i in range(network.n_outputs)]
            rows.append(xp.concat([inner, *outer], axis=0))
        return xp.stack(rows) if len(rows) > 1 else rows[0][None, ...]

    def input_derivative(self, *axes):
        """∂^r f_j(x_i)/∂x_a…, an axis for each derivative, shape (..., m, n)."""
        return linalg.matmul(self.coefs, self.hidden.input_derivative(*axes))
