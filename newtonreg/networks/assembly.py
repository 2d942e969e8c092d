"""Curvature matrices of a shallow network, summed over batches of rows.

    ∇²F = Σ_i J_iᵀ L_i J_i  +  Σ_i Σ_j u_ij ∇²f_j(x_i)

The first term (Gauss–Newton) is dense; its structure depends on the loss. The second is block-diagonal by unit and costs about
a 1/k share of the first. Weights of the samples are part of L and u. An assembly is fed batch by batch, so nothing of size n p
outlives a batch, and expands to (p, p) once, at the end.
"""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_at, device_of, namespace
from newtonreg.networks.ridge_pairs import RidgePairs

__all__ = ["PairwiseAssembly", "SharedAssembly", "make_assembly"]


def make_assembly(network, params, loss, exact):
    """The assembly that fits the loss's `hessian_structure`; `exact=False` leaves the second term out."""
    shared = loss.hessian_structure == "shared" or network.n_outputs == 1
    return (SharedAssembly if shared else PairwiseAssembly)(network, params, exact)


class _SecondOrder:
    """Σ_i Σ_j u_ij ∇²f_j(x_i): a q × q block Σ_i (Cᵀu)_ki ∇²h_k and a q × m border Σ_i u_ji ∇h_k for every unit k."""

    def __init__(self, network):
        self._network = network
        self._blocks = self._borders = None

    def add(self, point, u):
        xp = namespace(u)
        hidden = point.hidden
        blocks = hidden.curvature(linalg.matmul(xp.matrix_transpose(point.coefs), u))
        ones = xp.ones_like(hidden.values)
        borders = xp.stack([hidden.pullback(u[j, :] * ones) for j in range(u.shape[0])])
        self._blocks = blocks if self._blocks is None else self._blocks + blocks
        self._borders = borders if self._borders is None else self._borders + borders

    def add_to(self, matrix):
        """Add this term to `matrix` (p, p), in place."""
        net, xp = self._network, namespace(matrix)
        q, k, m, r = net.n_unit_params, net.n_units, net.n_outputs, net.n_inner
        device = device_of(matrix)
        unit = xp.arange(k, device=device)
        inner = xp.reshape(xp.arange(r, device=device), (q, k))
        shape = (q, q, k)
        rows = xp.broadcast_to(inner[:, None, :], shape)
        cols = xp.broadcast_to(inner[None, :, :], shape)
        add_at(matrix, rows, cols, self._blocks)
        coefs = r + (k + 1) * xp.arange(m, device=device)[:, None] + unit[None, :]
        shape = (m, q, k)
        rows = xp.broadcast_to(inner[None, :, :], shape)
        cols = xp.broadcast_to(coefs[:, None, :], shape)
        add_at(matrix, rows, cols, self._borders)
        add_at(matrix, cols, rows, self._borders)
        return matrix


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
        self._second = _SecondOrder(network) if exact else None

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


class PairwiseAssembly:
    """L_i diagonal (m, n) or full (m, m, n).

    Inner block: Σ_i W_kl,i ∇h_k ∇h_lᵀ with W_kl,i = c_kᵀ L_i c_l. For ridge functions ∇h_k = σ'_k (x, 1), so the block is one
    product of pairs of units with pairs of inputs, Σ_i (W_kl σ'_k σ'_l)_i (x_a x_b)_i, at n k² q² / 2 flops *whatever m is*;
    the second-order term enters at k = l. Other bases take one weighted product for every pair of outputs. Borders are m
    products of size q k × n × (k + 1), the outer block one of size (k + 1)² for every pair of outputs.
    """

    def __init__(self, network, params, exact):
        self._network = network
        self._outer = network.unpack(params).outer
        r, s = network.n_inner, network.n_units + 1
        xp, device = namespace(params), device_of(params)
        self._inner = xp.zeros((r, r), dtype=params.dtype, device=device)
        self._ridge = None
        self._cross = [xp.zeros((r, s), dtype=params.dtype, device=device) for _ in range(network.n_outputs)]
        self._outer_blocks = {}
        self._second = _SecondOrder(network) if exact else None

    def add(self, point, weights, u):
        """Add a batch: `weights` = s ∂²ℓ, (m, n) or (m, m, n); `u` = s ∂ℓ (m, n)."""
        hidden, m = point.hidden, self._network.n_outputs
        pairs = [(j, i) for j in range(m) for i in range(j, m)] if weights.ndim == 3 else [(j, j) for j in range(m)]
        weight = {(j, i): (weights[j, i, :] if weights.ndim == 3 else weights[j, :]) for j, i in pairs}
        if hasattr(hidden, "extended_inputs"):
            self._add_ridge(hidden, point.coefs, weight)
        else:
            self._add_general(hidden, point.coefs, weight)
        self._add_outer(hidden, point.coefs, weight)
        if self._second is not None:
            self._second.add(point, u)

    def _add_ridge(self, hidden, coefs, weight):
        if self._ridge is None:
            self._ridge = RidgePairs(self._network, coefs)
        self._ridge.add(hidden, coefs, weight)

    def _add_general(self, hidden, coefs, weight):
        net, xp = self._network, namespace(coefs)
        q, k = net.n_unit_params, net.n_units
        rows = xp.reshape(hidden.jacobian(), (net.n_inner, -1))
        for (j, i), w in weight.items():
            mixing = coefs[j, :][:, None] * coefs[i, :][None, :]
            mixing = mixing if i == j else mixing + xp.matrix_transpose(mixing)
            product = linalg.matmul(rows * w[None, :], xp.matrix_transpose(rows))
            block = xp.reshape(product, (q, k, q, k)) * mixing[None, :, None, :]
            self._inner = self._inner + xp.reshape(block, self._inner.shape)

    def _add_outer(self, hidden, coefs, weight):
        net, xp = self._network, namespace(coefs)
        extended = xp.concat([hidden.values, xp.ones_like(hidden.values[:1, :])], axis=0)
        transposed = xp.matrix_transpose(extended)
        jacobian = hidden.jacobian()
        for j in range(net.n_outputs):
            slope = sum(
                coefs[i, :][:, None] * weight[min(i, j), max(i, j)][None, :]
                for i in range(net.n_outputs)
                if (min(i, j), max(i, j)) in weight
            )
            rows = xp.reshape(jacobian * slope[None, :, :], (net.n_inner, -1))
            self._cross[j] = self._cross[j] + linalg.matmul(rows, transposed)
        for pair, w in weight.items():
            product = linalg.matmul(extended * w[None, :], transposed)
            self._outer_blocks[pair] = self._outer_blocks[pair] + product if pair in self._outer_blocks else product

    def result(self):
        """The matrix (p, p)."""
        net, xp = self._network, namespace(self._inner)
        r, s = net.n_inner, net.n_units + 1
        inner = self._inner if self._ridge is None else self._ridge.result()
        matrix = xp.zeros((net.n_params, net.n_params), dtype=inner.dtype, device=device_of(inner))
        matrix[:r, :r] = inner
        for j, border in enumerate(self._cross):
            block = slice(r + j * s, r + (j + 1) * s)
            matrix[:r, block] = border
            matrix[block, :r] = xp.matrix_transpose(border)
        for (j, i), product in self._outer_blocks.items():
            first, second = slice(r + j * s, r + (j + 1) * s), slice(r + i * s, r + (i + 1) * s)
            matrix[first, second] = product
            matrix[second, first] = xp.matrix_transpose(product)
        return matrix if self._second is None else self._second.add_to(matrix)
