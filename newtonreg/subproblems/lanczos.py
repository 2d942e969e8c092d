"""What a few products with the model's matrix tell about its trust-region problem before anything is factorized."""

from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats, to_host
from newtonreg.subproblems.krylov_model import tridiagonal_matrix
from newtonreg.subproblems.safeguards import generic_direction
from newtonreg.subproblems.secular import minimize_in_ball

__all__ = ["KrylovEstimate", "estimate_multiplier"]

_STEPS = 12
_MIX = 0.01
"""Share of a generic direction in the first vector: in the hard case the gradient alone never meets the lowest eigenvector."""


class KrylovEstimate(NamedTuple):
    """The trust-region problem, seen from a Krylov space."""

    lowest: float
    """Smallest Ritz value, an upper bound of the lowest eigenvalue (to rounding)."""
    error: float
    """Residual norm of that Ritz pair: some eigenvalue is that close."""
    multiplier: float
    """λ of the problem restricted to the space."""


def estimate_multiplier(model, gradient_norm, radius):
    """Lanczos from the gradient, and the exact solution of the small tridiagonal trust-region problem.

    Parameters
    ----------
    model : QuadraticModel
    gradient_norm : float
        ‖g‖.
    radius : float > 0

    Returns
    -------
    KrylovEstimate

    Notes
    -----
    12 products, 24 p² flops, and one transfer. Without reorthogonalization: copies of converged eigenvalues do no harm here.

    References
    ----------
    Gould, Lucidi, Roma & Toint, *Solving the trust-region subproblem using the Lanczos method* (1999), where the space grows
    until the answer is exact; here it only says where to start.
    """
    diagonal, off_diagonal = _tridiagonal(model, gradient_norm)
    host = namespace(to_host(model.gradient[:1]))
    values, vectors = linalg.eigh(tridiagonal_matrix(diagonal, off_diagonal, host))
    inside = minimize_in_ball(values, gradient_norm * vectors[0, :], radius)
    return KrylovEstimate(float(values[0]), abs(off_diagonal[-1] * float(vectors[-1, 0])), inside.multiplier)


def _tridiagonal(model, gradient_norm):
    """Diagonal and off-diagonal, with the last residual norm, of the Lanczos matrix: two lists of floats of the same length."""
    start = generic_direction(model.gradient)
    if gradient_norm > 0.0:
        start = model.gradient / gradient_norm + _MIX * start
    vector = start / linalg.norm(start)
    xp = namespace(vector)
    previous, beta, alphas, betas = vector, 0.0, [], []
    for _ in range(min(_STEPS, vector.shape[0])):
        image = linalg.matmul(model.matrix, vector) - beta * previous
        alpha = xp.vecdot(image, vector)
        image = image - alpha * vector
        beta = linalg.norm(image)
        alphas.append(alpha)
        betas.append(beta)
        # An invariant subspace ends in zeros, not in 0/0; asking the device whether it is one would cost a synchronization.
        previous, vector = vector, image / (beta + 1e-300)
    numbers = to_floats(*alphas, *betas)
    return numbers[: len(alphas)], numbers[len(alphas) :]
