"""Curvature matrices of a shallow network, summed over batches of rows.

    ∇²F = Σ_i J_iᵀ L_i J_i  +  Σ_i Σ_j u_ij ∇²f_j(x_i)

The first term (Gauss–Newton) is dense; its structure depends on the loss. The second is block-diagonal by unit and costs about
a 1/k share of the first. Weights of the samples are part of L and u. An assembly is fed batch by batch, so nothing of size n p
outlives a batch, and expands to (p, p) once, at the end.
"""

from newtonreg.networks.pairwise_assembly import PairwiseAssembly
from newtonreg.networks.shared_assembly import SharedAssembly

__all__ = ["make_assembly"]


def make_assembly(network, params, loss, exact):
    """The assembly that fits the loss's `hessian_structure`; `exact=False` leaves the second term out.

    An assembly has `add(point, weights, u)` for a batch, with `weights` = s ∂²ℓ and `u` = s ∂ℓ, and `result()`, the matrix.
    """
    shared = loss.hessian_structure == "shared" or network.n_outputs == 1
    return (SharedAssembly if shared else PairwiseAssembly)(network, params, exact)
