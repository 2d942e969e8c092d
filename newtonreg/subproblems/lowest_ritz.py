"""An estimate of the lowest eigenpair from a few products."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_device, to_host
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.krylov_model import tridiagonal_matrix
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["LowestRitz", "lowest_ritz"]


class LowestRitz(NamedTuple):
    """The lowest Ritz pair of a Krylov space from a generic direction."""

    value: float
    """θ, an upper bound of the lowest eigenvalue, to rounding."""
    vector: Any
    """A unit vector (p,)."""
    residual: float
    """‖Bu − θu‖: some eigenvalue is that close to θ."""
    largest: float
    """Largest size of a Ritz value, a lower bound of ‖B‖."""


def lowest_ritz(product, like, steps, rtol=0.0):
    """The `LowestRitz` of B from at most `steps` products, or as soon as its residual is at most rtol of the largest.

    Parameters
    ----------
    product : callable
        v (p,) to B v.
    like : array of shape (p,)
        Fixes p, library and device.
    steps : int >= 1
    rtol : float >= 0, default=0.0

    Returns
    -------
    LowestRitz or None
        None where the numbers are not finite.
    """
    host, most = namespace(to_host(like[:1])), min(steps, like.shape[0])
    for space in lanczos(product, generic_direction(like), most):
        if len(space.diagonal) % 8 and len(space.diagonal) < most:
            continue
        diagonal, off_diagonal = space.tridiagonal()
        if not math.isfinite(sum(diagonal) + sum(off_diagonal)):
            return None
        values, vectors = linalg.eigh(tridiagonal_matrix(diagonal, off_diagonal, host))
        residual = off_diagonal[-1] * abs(float(vectors[-1, 0]))
        largest = max(abs(float(values[0])), abs(float(values[-1])))
        if residual <= rtol * largest:
            break
    vector = space.combined(to_device(vectors[:, 0], like=like))
    return LowestRitz(float(values[0]), vector, residual, largest)
