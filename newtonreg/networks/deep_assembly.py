"""Curvature matrices of small deep networks, summed over batches of rows: from Jacobians, or from a product for each column.

Like the assemblies of a shallow network these have `add(point, weights, u)` for a batch, with `weights` = s ∂²ℓ and `u` = s ∂ℓ,
and `result()`, the matrix.
"""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, is_cupy_array, namespace

__all__ = ["DeepSecondOrder", "JacobianAssembly", "ProductAssembly", "curved", "make_deep_assembly"]

_CHUNK_DOUBLES = 2**21
"""Doubles of working memory of the products that go side by side on a CPU, 16 MB; at least one does."""
_GPU_CHUNK_DOUBLES = 2**27
"""The same on a GPU (1 GB)."""


def make_deep_assembly(network, params, exact):
    """The assembly of the exact Hessian, or of the Gauss–Newton matrix."""
    return ProductAssembly(network, params) if exact else JacobianAssembly(network, params)


def curved(weights, tangent):
    """s ∂²ℓ df for `weights` (n,), (m, n) or (m, m, n) and `tangent` (..., m, n); the shape of `tangent`."""
    if weights.ndim < 3:
        return weights * tangent
    return namespace(tangent).sum(weights * tangent[..., None, :, :], axis=-2)


class JacobianAssembly:
    """Σ_i J_iᵀ L_i J_i from explicit Jacobians.

    n m p² flops by symmetric products where L is shared or diagonal, 2 n m p² where it is full; working memory 3 m p numbers a
    row, so batches should be those of `EmpiricalRisk.stacked_batches`.
    """

    def __init__(self, network, params):
        self._like = params
        self._sum = linalg.SymmetricSum(network.n_params, params)
        self._full = None

    def add(self, point, weights, u):
        """Add a batch; `weights` nonnegative (positive semidefinite), `u` is not looked at."""
        xp, jacobian = namespace(weights), point.jacobian()
        if weights.ndim < 3:
            root = xp.broadcast_to(xp.sqrt(weights), (jacobian.shape[0], weights.shape[-1]))
            for j in range(root.shape[0]):
                self._sum.add(jacobian[j, :, :] * root[j, :])
            return
        for j in range(weights.shape[0]):
            weighted = xp.sum(weights[j, :, :][:, None, :] * jacobian, axis=0)
            product = linalg.matmul(jacobian[j, :, :], xp.matrix_transpose(weighted))
            self._full = product if self._full is None else self._full + product

    def result(self):
        """The matrix (p, p)."""
        return self._sum.full() if self._full is None else _symmetric(self._full)


class ProductAssembly:
    """∇²F less the penalty, by Hessian products with unit vectors, many of them side by side.

    p products of 12 flops a row and weight, less in the first layer; no Jacobian.
    """

    def __init__(self, network, params):
        self._network = network
        xp, p = namespace(params), network.n_params
        self._rows = xp.zeros((p, p), dtype=params.dtype, device=device_of(params))

    def add(self, point, weights, u):
        """Add a batch; `weights` None leaves the Gauss–Newton term out."""
        xp, p = namespace(u), self._network.n_params
        doubles = _GPU_CHUNK_DOUBLES if is_cupy_array(u) else _CHUNK_DOUBLES
        size = max(1, doubles // (self._network.row_doubles(u.shape[0]) * u.shape[-1]))
        for start in range(0, p, size):
            stop = min(start + size, p)
            tangent = point.along(xp.eye(stop - start, p, k=start, dtype=u.dtype, device=device_of(u)))
            bend = xp.zeros_like(tangent.values) if weights is None else curved(weights, tangent.values)
            self._rows[start:stop, :] = self._rows[start:stop, :] + tangent.pullback_derivative(u, bend)

    def result(self):
        """The matrix (p, p)."""
        return _symmetric(self._rows)


class DeepSecondOrder:
    """Σ_i Σ_j u_ij ∇²f_j(x_i), what Gauss–Newton leaves out, as `SecondOrder` of a shallow network."""

    def __init__(self, network, params):
        self._products = ProductAssembly(network, params)

    def add(self, point, u):
        """Add a batch: `u` = s ∂ℓ (m, n)."""
        self._products.add(point, None, u)

    def add_to(self, matrix):
        """`matrix` (p, p) plus this term."""
        return matrix + self._products.result()


def _symmetric(matrix):
    """Rounding differs between the two triangles; factorizations read one of them, and products both."""
    return 0.5 * (matrix + namespace(matrix).matrix_transpose(matrix))
