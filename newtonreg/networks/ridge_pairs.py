"""Inner Gauss–Newton block of a ridge network under any loss: pairs of units times pairs of inputs."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace
from newtonreg.backend.pairs import pairs

__all__ = ["RidgePairs"]

_PAIR_BLOCK = 2**19
"""Doubles of the (pairs of units, samples) array that is alive at a time; 4 MB stay in cache."""


class RidgePairs:
    """Σ_i W_kl,i σ'_k σ'_l x̃_a x̃_b with x̃ = (x, 1) and W_kl,i = Σ_jj' c_jk L_jj',i c_j'l.

    Symmetric in (k, l) and in (a, b), so one product of size k(k+1)/2 × n × q(q+1)/2 is all: half the flops of the symmetric
    rank-n update of a single output, and independent of the number of outputs.
    """

    def __init__(self, network, coefs):
        xp, device = namespace(coefs), device_of(coefs)
        self._q, self._k = network.n_unit_params, network.n_units
        self._units, self._inputs = pairs(self._k, coefs), pairs(self._q, coefs)
        shape = (self._units[0].shape[0], self._inputs[0].shape[0])
        self._sum = xp.zeros(shape, dtype=coefs.dtype, device=device)

    def add(self, hidden, coefs, weight):
        """Add a batch; `weight` maps a pair of outputs j ≤ j' to s L_jj' (n,)."""
        xp = namespace(coefs)
        first, second = self._inputs[0], self._inputs[1]
        x = hidden.extended_inputs
        monomials = xp.matrix_transpose(xp.take(x, first, axis=0) * xp.take(x, second, axis=0))
        stacked = xp.stack(list(weight.values()))
        block = max(1, _PAIR_BLOCK // x.shape[-1])
        for start in range(0, self._sum.shape[0], block):
            part = slice(start, min(start + block, self._sum.shape[0]))
            rows, cols = self._units[0][part], self._units[1][part]
            slopes = xp.take(hidden.slope, rows, axis=0) * xp.take(hidden.slope, cols, axis=0)
            mixing = xp.stack([_mixing(coefs, pair, rows, cols) for pair in weight], axis=1)
            slopes = slopes * linalg.matmul(mixing, stacked)
            self._sum[part, :] = self._sum[part, :] + linalg.matmul(slopes, monomials)

    def result(self):
        """The block (q k, q k)."""
        xp, q, k = namespace(self._sum), self._q, self._k
        wide = xp.take(self._sum, self._units[2], axis=0)
        full = xp.reshape(xp.take(wide, self._inputs[2], axis=1), (k, k, q, q))
        return xp.reshape(xp.permute_dims(full, (2, 0, 3, 1)), (q * k, q * k))


def _mixing(coefs, pair, rows, cols):
    """c_jk c_j'l, symmetrized where j ≠ j', for the pairs (k, l) given by `rows` and `cols`."""
    xp = namespace(coefs)
    one, other = coefs[pair[0], :], coefs[pair[1], :]
    product = xp.take(one, rows) * xp.take(other, cols)
    return product if pair[0] == pair[1] else product + xp.take(other, rows) * xp.take(one, cols)
