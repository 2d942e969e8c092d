"""The inner Gauss–Newton block Σ_i W_kl,i ∇h_k ∇h_lᵀ under any loss, W_kl,i = Σ_jj' c_jk L_jj',i c_j'l."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, is_cupy_array, namespace
from newtonreg.backend.pairs import pairs

__all__ = ["GeneralInner", "RidgeInner"]

_PAIR_BLOCK = 2**19
"""Doubles of the (pairs of units, samples) array that is alive at a time on a CPU; 4 MB stay in cache."""
_GPU_PAIR_BLOCK = 2**26
"""The same on a GPU."""


class RidgeInner:
    """Ridge functions, ∇h_k = σ'_k x̃ with x̃ = (x, 1): pairs of units times pairs of inputs.

    Σ_i (W_kl σ'_k σ'_l)_i (x̃_a x̃_b)_i is symmetric in (k, l) and in (a, b), so one product of size k(k+1)/2 × n × q(q+1)/2 is
    all: half the flops of the symmetric rank-n update of a single output, and independent of the number of outputs. The blocks
    Σ_i (Cᵀu)_ki σ''_k x̃_a x̃_b of the exact Hessian belong to k = l and use the same monomials.
    """

    def __init__(self, network, like, exact):
        xp, device = namespace(like), device_of(like)
        self._exact = exact
        self._q, self._k = network.n_unit_params, network.n_units
        self._units, self._inputs = pairs(self._k, like), pairs(self._q, like)
        shape = (self._units.rows.shape[0], self._inputs.rows.shape[0])
        self._sum = xp.zeros(shape, dtype=like.dtype, device=device)
        self._bend = xp.zeros((self._k, shape[1]), dtype=like.dtype, device=device)
        self._mixing = None
        # the shorter of two ways to write a border: pairs (k, l) times inputs, or Jacobian rows times (h, 1)
        self._border_by_pairs = self._q > self._k

    def add(self, point, weights, coupled, u):
        """Add a batch: row t of `weights` (t, n) is s L_jj' of the pair `coupled`[t]; `u` = s ∂ℓ (m, n)."""
        xp, hidden, coefs = namespace(u), point.hidden, point.coefs
        x = hidden.extended_inputs
        if self._mixing is None:
            self._mixing = xp.stack([_mixing(coefs, pair, self._units.rows, self._units.cols) for pair in coupled], axis=1)
        monomials = xp.take(x, self._inputs.rows, axis=0) * xp.take(x, self._inputs.cols, axis=0)
        monomials = xp.matrix_transpose(monomials)
        doubles = _GPU_PAIR_BLOCK if is_cupy_array(x) else _PAIR_BLOCK
        block = max(1, doubles // x.shape[-1])
        for start in range(0, self._sum.shape[0], block):
            part = slice(start, min(start + block, self._sum.shape[0]))
            rows, cols = self._units.rows[part], self._units.cols[part]
            products = linalg.matmul(self._mixing[part, :], weights)
            products = products * xp.take(hidden.slope, rows, axis=0) * xp.take(hidden.slope, cols, axis=0)
            self._sum[part, :] = self._sum[part, :] + linalg.matmul(products, monomials)
        if self._exact:
            bend = linalg.matmul(xp.matrix_transpose(coefs), u) * hidden.second_slope
            self._bend = self._bend + linalg.matmul(bend, monomials)

    def result(self):
        """The block (q k, q k), with the second-order blocks where exact."""
        xp, q, k = namespace(self._sum), self._q, self._k
        wide = xp.take(self._sum, self._units.position, axis=0)
        wide[:: k + 1, :] = wide[:: k + 1, :] + self._bend
        full = xp.reshape(xp.take(wide, self._inputs.position, axis=1), (k, k, q, q))
        return xp.reshape(xp.permute_dims(full, (2, 0, 3, 1)), (q * k, q * k))

    def border(self, hidden, mixed, extended):
        """Σ_i mixed_ki ∇h_k h_l of a batch, to be expanded; `mixed` (k, n), `extended` = (h, 1)."""
        xp = namespace(mixed)
        if not self._border_by_pairs:
            rows = xp.empty((self._q * self._k, extended.shape[1]), dtype=mixed.dtype, device=device_of(mixed))
            hidden.fill_jacobian(rows, mixed)
            return linalg.matmul(rows, xp.matrix_transpose(extended))
        rows = (mixed * hidden.slope)[:, None, :] * extended[None, :, :]
        rows = xp.reshape(rows, (-1, extended.shape[1]))
        return linalg.matmul(rows, xp.matrix_transpose(hidden.extended_inputs))

    def expand_border(self, border):
        """A sum of borders as (q k, k + 1)."""
        if not self._border_by_pairs:
            return border
        xp = namespace(border)
        border = xp.reshape(border, (self._k, self._k + 1, self._q))
        return xp.reshape(xp.permute_dims(border, (2, 0, 1)), (self._q * self._k, self._k + 1))


class GeneralInner:
    """Any basis: one weighted product of all rows of ∇h for every pair of outputs that the loss couples."""

    def __init__(self, network, like, exact):
        self._network = network
        r = network.n_inner
        self._sum = namespace(like).zeros((r, r), dtype=like.dtype, device=device_of(like))

    def add(self, point, weights, coupled, u):
        """Add a batch; see `RidgeInner.add`."""
        net, xp, coefs = self._network, namespace(u), point.coefs
        q, k = net.n_unit_params, net.n_units
        rows = xp.reshape(point.hidden.jacobian(), (net.n_inner, -1))
        for position, (j, i) in enumerate(coupled):
            mixing = coefs[j, :][:, None] * coefs[i, :][None, :]
            mixing = mixing if i == j else mixing + xp.matrix_transpose(mixing)
            product = linalg.matmul(rows * weights[position, :], xp.matrix_transpose(rows))
            block = xp.reshape(product, (q, k, q, k)) * mixing[None, :, None, :]
            self._sum = self._sum + xp.reshape(block, self._sum.shape)

    def result(self):
        """The block (q k, q k)."""
        return self._sum

    def border(self, hidden, mixed, extended):
        """Σ_i mixed_ki ∇h_k h_l of a batch, (q k, k + 1)."""
        xp = namespace(mixed)
        rows = xp.reshape(hidden.jacobian() * mixed, (self._network.n_inner, -1))
        return linalg.matmul(rows, xp.matrix_transpose(extended))

    def expand_border(self, border):
        """Already (q k, k + 1)."""
        return border


def _mixing(coefs, pair, rows, cols):
    """c_jk c_j'l, symmetrized where j ≠ j', for the pairs (k, l) given by `rows` and `cols`."""
    xp = namespace(coefs)
    one, other = coefs[pair[0], :], coefs[pair[1], :]
    product = xp.take(one, rows) * xp.take(other, cols)
    return product if pair[0] == pair[1] else product + xp.take(other, rows) * xp.take(one, cols)
