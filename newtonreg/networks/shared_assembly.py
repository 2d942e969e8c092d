"""Curvature of a network whose loss has one second derivative a sample: one symmetric product."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace
from newtonreg.networks.second_order import SecondOrder

__all__ = ["SharedAssembly"]


class SharedAssembly:
    """L_i = s_i I: one output, or squared error with several.

    With D = ∇h (q k rows) and H = (h, 1) (k + 1 rows), one symmetric product M = [D; H] S [D; H]ᵀ holds everything: the inner
    block is (CᵀC)_kl M_DD, the borders c_jk M_DH, the outer block I_m ⊗ M_HH. So m outputs cost n (q k + k + 1)² flops, not m
    times that. With one output the coefficients are folded into D and M is the matrix itself.
    """

    def __init__(self, network, params, exact):
        self._network = network
        self._outer = network.unpack(params).outer
        self._fold = network.n_outputs == 1
        self._sum = linalg.SymmetricSum(network.n_inner + network.n_units + 1, params)
        self._rows = None
        self._second = SecondOrder(network) if exact else None

    def add(self, point, weights, u):
        """Add a batch: `weights` = s ∂²ℓ, (n,) or (1, n), nonnegative; `u` = s ∂ℓ (m, n)."""
        xp = namespace(u)
        root = xp.reshape(xp.sqrt(weights), (1, -1))
        hidden = point.hidden
        r, n = self._network.n_inner, root.shape[1]
        if self._rows is None or self._rows.shape[1] != n:
            self._rows = xp.empty((r + self._network.n_units + 1, n), dtype=root.dtype, device=device_of(root))
        scale = root * xp.matrix_transpose(point.coefs) if self._fold else root
        hidden.fill_jacobian(self._rows[:r, :], scale)
        self._rows[r:-1, :] = hidden.values * root
        self._rows[-1:, :] = root
        self._sum.add(self._rows)
        if self._second is not None:
            self._second.add(point, u)

    def result(self):
        """The matrix (p, p)."""
        matrix = self._sum.full()
        if not self._fold:
            matrix = self._expand(matrix)
        return matrix if self._second is None else self._second.add_to(matrix)

    def _expand(self, product):
        net, xp = self._network, namespace(product)
        q, k, m, r = net.n_unit_params, net.n_units, net.n_outputs, net.n_inner
        coefs = self._outer[:, :-1]
        matrix = xp.zeros((net.n_params, net.n_params), dtype=product.dtype, device=device_of(product))
        mixing = linalg.matmul(xp.matrix_transpose(coefs), coefs)
        inner = xp.reshape(product[:r, :r], (q, k, q, k)) * mixing[None, :, None, :]
        matrix[:r, :r] = xp.reshape(inner, (r, r))
        cross = xp.reshape(product[:r, r:], (q, k, k + 1))
        for j in range(m):
            block = slice(r + j * (k + 1), r + (j + 1) * (k + 1))
            border = xp.reshape(cross * coefs[j, :][None, :, None], (r, k + 1))
            matrix[:r, block] = border
            matrix[block, :r] = xp.matrix_transpose(border)
            matrix[block, block] = product[r:, r:]
        return matrix
