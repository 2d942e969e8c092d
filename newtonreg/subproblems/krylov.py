"""Orthonormal bases of Krylov spaces, in which a symmetric matrix is tridiagonal: only products are needed."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats

__all__ = ["KrylovSpace", "lanczos"]

_FIRST_ROWS = 16
_ROUNDING = 1e-14
"""Of the longest image so far: what is left of an image below this is noise, and the space is invariant."""


class KrylovSpace(NamedTuple):
    """span(g, B g, … B^(k−1) g) with B V = V T + β_k v_{k+1} e_kᵀ, T symmetric and tridiagonal."""

    basis: Any
    """Vᵀ (k, p): orthonormal rows; zero rows after the space became invariant."""
    diagonal: list
    """Of T: k 0-d arrays α_1 … α_k."""
    off_diagonal: list
    """k 0-d arrays β_1 … β_k; the last one leads out of the space, and is exactly 0 where the space is invariant."""

    def tridiagonal(self):
        """α and β as two lists of floats, in one transfer, cut after the first β that is 0: the rest is padding."""
        size = len(self.diagonal)
        numbers = to_floats(*self.diagonal, *self.off_diagonal)
        diagonal, off_diagonal = numbers[:size], numbers[size:]
        used = off_diagonal.index(0.0) + 1 if 0.0 in off_diagonal else size
        return diagonal[:used], off_diagonal[:used]

    def combined(self, coordinates):
        """V y (p,) for `coordinates` y of shape (t,), t ≤ k, in the library of the basis."""
        return linalg.matmul(coordinates, self.basis[: coordinates.shape[0], :])


def lanczos(product, start, steps, outside=None):
    """Grow a Krylov space, one product at a time.

    Parameters
    ----------
    product : callable
        v (p,) to B v, B symmetric.
    start : array of shape (p,)
        The first vector, of any length; zero gives an invariant space of zeros.
    steps : int >= 1
        Largest dimension; p bounds it, too.
    outside : array of shape (r, p), optional
        Orthonormal rows that span an invariant space of B, which the new space keeps at right angles to.

    Yields
    ------
    KrylovSpace
        After each product. Nothing is fetched from the device: whoever asks for `tridiagonal()` pays a transfer, so ask every few
        steps. What has been yielded stays valid.

    Notes
    -----
    With full reorthogonalization, twice (classical Gram–Schmidt): V is orthonormal to rounding however many eigenvalues have
    converged. Step k costs a product and 8 k p flops; the basis takes k p numbers, up to twice that while it grows. After the
    space has become invariant, further vectors are zeros, not 0/0. Numbers that are not finite show in α.

    References
    ----------
    Golub & Van Loan, *Matrix Computations* (2013), §10.3.1 and §10.1.6; Giraud et al., *Rounding error analysis of the classical
    Gram–Schmidt orthogonalization process* (2005): twice is enough.
    """
    xp = namespace(start)
    first = 0 if outside is None else outside.shape[0]
    last = min(first + steps, start.shape[0])
    basis = xp.zeros((min(last, first + _FIRST_ROWS), start.shape[0]), dtype=xp.float64, device=device_of(start))
    if first > 0:
        basis[:first, :] = outside
        start = _at_right_angles(start, outside)
    vector, length = _unit(start, 0.0)
    longest, diagonal, off_diagonal = xp.zeros_like(length), [], []
    for k in range(first, last):
        if k == basis.shape[0]:
            basis = xp.concat([basis, xp.zeros_like(basis[: min(k, last - k), :])], axis=0)
        basis[k, :] = vector
        known = basis[: k + 1, :]
        image = product(vector)
        # inf − inf would warn
        image = xp.where(xp.isfinite(image), image, math.nan)
        longest = xp.maximum(longest, xp.linalg.vector_norm(image))
        diagonal.append(xp.vecdot(vector, image))
        vector, beta = _unit(_at_right_angles(image, known), _ROUNDING * longest)
        off_diagonal.append(beta)
        yield KrylovSpace(known[first:, :], list(diagonal), list(off_diagonal))


def _at_right_angles(vector, rows):
    """What is left of `vector` outside the span of orthonormal `rows`; twice is enough."""
    for _ in range(2):
        vector = vector - linalg.matmul(linalg.matmul(rows, vector), rows)
    return vector


def _unit(vector, noise):
    """`vector` over its length, and the length; zeros where the length is at most `noise`, without asking the device."""
    xp = namespace(vector)
    length = xp.linalg.vector_norm(vector)
    alive = length > noise
    return xp.where(alive, vector / xp.where(alive, length, 1.0), 0.0), xp.where(alive, length, 0.0)
