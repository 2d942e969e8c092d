"""Curvature of a network with several outputs whose loss couples or weights them sample by sample."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace
from newtonreg.backend.pairs import pairs
from newtonreg.networks.inner_blocks import GeneralInner, RidgeInner
from newtonreg.networks.second_order import SecondOrder

__all__ = ["PairwiseAssembly"]


class PairwiseAssembly:
    """L_i diagonal (m, n) or full (m, m, n).

    Inner block: Σ_i W_kl,i ∇h_k ∇h_lᵀ with W_kl,i = c_kᵀ L_i c_l, see `newtonreg.networks.inner_blocks`: for ridge functions
    n k² q² / 2 flops whatever m is. Borders: m products of n q k (k + 1) flops. Outer block: n (k + 1)² flops for every pair of
    outputs that the loss couples.
    """

    def __init__(self, network, params, exact):
        self._network = network
        self._like = params
        self._exact = exact
        self._inner = self._second = self._outer = self._cross = self._coupled = None

    def _begin(self, hidden, weights):
        net, m = self._network, self._network.n_outputs
        xp = namespace(weights)
        ridge = hasattr(hidden, "extended_inputs")
        self._inner = (RidgeInner if ridge else GeneralInner)(net, self._like, self._exact)
        self._second = SecondOrder(net, with_blocks=not ridge) if self._exact else None
        full = weights.ndim == 3
        self._coupled = [(j, i) for j in range(m) for i in range(j, m)] if full else [(j, j) for j in range(m)]
        size = net.n_units + 1
        self._outer = xp.zeros((len(self._coupled) * size, size), dtype=weights.dtype, device=device_of(weights))
        self._cross = [0.0] * m

    def add(self, point, weights, u):
        """Add a batch: `weights` = s ∂²ℓ, (m, n) or (m, m, n); `u` = s ∂ℓ (m, n)."""
        if self._inner is None:
            self._begin(point.hidden, weights)
        xp, m = namespace(weights), self._network.n_outputs
        full = weights.ndim == 3
        flat = xp.take(xp.reshape(weights, (m * m, -1)), _upper(m, weights), axis=0) if full else weights
        mixed = self._mixed(point.coefs, weights, full)
        self._inner.add(point, flat, self._coupled, u)
        extended = xp.concat([point.hidden.values, xp.ones_like(point.hidden.values[:1, :])], axis=0)
        for j in range(m):
            self._cross[j] = self._cross[j] + self._inner.border(point.hidden, mixed[j], extended)
        rows = xp.reshape(flat[:, None, :] * extended[None, :, :], (-1, extended.shape[1]))
        self._outer = self._outer + linalg.matmul(rows, xp.matrix_transpose(extended))
        if self._second is not None:
            self._second.add(point, u)

    @staticmethod
    def _mixed(coefs, weights, full):
        """(C L_i)_kj for every output j, a list of (k, n)."""
        m, k = coefs.shape
        xp = namespace(coefs)
        if not full:
            return [coefs[j, :][:, None] * weights[j, :][None, :] for j in range(m)]
        product = linalg.matmul(xp.matrix_transpose(coefs), xp.reshape(weights, (m, -1)))
        product = xp.reshape(product, (k, m, -1))
        return [product[:, j, :] for j in range(m)]

    def result(self):
        """The matrix (p, p)."""
        net, xp = self._network, namespace(self._like)
        r, s = net.n_inner, net.n_units + 1
        matrix = xp.zeros((net.n_params, net.n_params), dtype=self._outer.dtype, device=device_of(self._outer))
        matrix[:r, :r] = self._inner.result()
        for j, border in enumerate(self._cross):
            block = slice(r + j * s, r + (j + 1) * s)
            border = self._inner.expand_border(border)
            matrix[:r, block] = border
            matrix[block, :r] = xp.matrix_transpose(border)
        for position, (j, i) in enumerate(self._coupled):
            first, second = slice(r + j * s, r + (j + 1) * s), slice(r + i * s, r + (i + 1) * s)
            product = self._outer[position * s : (position + 1) * s, :]
            matrix[first, second] = product
            matrix[second, first] = xp.matrix_transpose(product)
        return matrix if self._second is None else self._second.add_to(matrix)


def _upper(m, like):
    """Positions of the pairs j ≤ i in the rows of an (m, m) array."""
    index = pairs(m, like)
    return index.rows * m + index.cols
