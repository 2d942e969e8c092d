"""The second-order term of an exact Hessian: what Gauss–Newton leaves out."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_at, device_of, namespace

__all__ = ["SecondOrder"]


class SecondOrder:
    """Σ_i Σ_j u_ij ∇²f_j(x_i): a q × q block Σ_i (Cᵀu)_ki ∇²h_k and a q × m border Σ_i u_ji ∇h_k for every unit k.

    Parameters
    ----------
    network : ShallowNetwork
    with_blocks : bool
        False leaves the blocks to the caller, who may get them cheaper together with something else.

    Notes
    -----
    Costs n k q (q + m) flops, about a 1/k share of the Gauss–Newton matrix.
    """

    def __init__(self, network, with_blocks=True):
        self._network = network
        self._with_blocks = with_blocks
        self._blocks = self._borders = None

    def add(self, point, u):
        """Add a batch: `u` = s ∂ℓ (m, n)."""
        xp = namespace(u)
        hidden = point.hidden
        blocks = hidden.curvature(linalg.matmul(xp.matrix_transpose(point.coefs), u)) if self._with_blocks else None
        self.add_sums(blocks, xp.stack([hidden.pullback(u[j : j + 1, :]) for j in range(u.shape[0])]))

    def add_sums(self, blocks, borders):
        """Add blocks (q, q, k), None where they are the caller's, and borders (m, q, k)."""
        if blocks is not None:
            self._blocks = blocks if self._blocks is None else self._blocks + blocks
        self._borders = borders if self._borders is None else self._borders + borders

    def product(self, v):
        """This term times `v` (p,), without its matrix; k q (q + 2 m) flops."""
        xp = namespace(v)
        units, outer = self._network.unpack(v)
        coefs = outer[:, None, :-1]
        inner = xp.sum(self._blocks * units[None, :, :], axis=1) + xp.sum(self._borders * coefs, axis=0)
        outer = xp.sum(self._borders * units[None, :, :], axis=1)
        return self._network.pack(inner, xp.concat([outer, xp.zeros_like(outer[:, :1])], axis=1))

    def add_to(self, matrix):
        """Add this term to `matrix` (p, p), in place."""
        net, xp = self._network, namespace(matrix)
        q, k, m, r = net.n_unit_params, net.n_units, net.n_outputs, net.n_inner
        device = device_of(matrix)
        unit = xp.arange(k, device=device)
        inner = xp.reshape(xp.arange(r, device=device), (q, k))
        if self._with_blocks:
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
