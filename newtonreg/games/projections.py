"""Projections on closed convex sets, with the derivatives that Newton's method takes."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace
from newtonreg.components import check_number

__all__ = ["Box", "Product", "Simplex"]


class Box(BaseEstimator):
    """{z : low ≤ z ≤ high}; P cuts off, and ∂P is 1 inside and 0 outside.

    Parameters
    ----------
    low : float or array-like of shape (p,), default=0.0
        May be −inf.
    high : float or array-like of shape (p,), default=inf
        At least `low`.
    """

    def __init__(self, low=0.0, high=float("inf")):
        self.low = low
        self.high = high

    def __call__(self, z):
        """The nearest point (p,)."""
        xp, (low, high) = namespace(z), self._bounds(z)
        return xp.minimum(xp.maximum(z, low), high)

    def derivative(self, w):
        """∂P/∂w, a diagonal matrix (p, p)."""
        xp, (low, high) = namespace(w), self._bounds(w)
        return _diagonal(xp.logical_and(w > low, w < high), w)

    def _bounds(self, like):
        xp = namespace(like)
        low, high = (xp.asarray(bound, dtype=xp.float64, device=device_of(like)) for bound in (self.low, self.high))
        if not bool(xp.all(low <= high)):
            raise ValueError(f"low={self.low!r} must be at most high={self.high!r}.")
        return low, high


class Simplex(BaseEstimator):
    """{z : z ≥ 0, Σ z = total}: shares, weights, mixed strategies.

    Parameters
    ----------
    total : float > 0, default=1.0

    Notes
    -----
    P(w) = max(w − θ, 0) with θ = max_j (w₍₁₎ + … + w₍ⱼ₎ − total) / j over w sorted from above; p log p operations. ∂P is, on the
    entries S that stay positive, I − 1 1ᵀ / |S|.

    References
    ----------
    Held, Wolfe & Crowder, *Validation of subgradient optimization* (1974); Duchi et al., *Efficient projections onto the l1-ball
    for learning in high dimensions* (2008), Figure 1.
    """

    def __init__(self, total=1.0):
        self.total = total

    def __call__(self, z):
        """The nearest point (p,)."""
        return namespace(z).maximum(self._excess(z), namespace(z).zeros_like(z))

    def derivative(self, w):
        """∂P/∂w (p, p)."""
        xp = namespace(w)
        stays = xp.astype(self._excess(w) > 0.0, xp.float64)
        return _diagonal(stays, w) - stays[:, None] * stays[None, :] / xp.sum(stays)

    def _excess(self, w):
        """w − θ (p,), of which at least one is positive; from differences, since what is large and common would round."""
        check_number("total", self.total, low=0.0)
        xp = namespace(w)
        below = w - xp.max(w)
        ranks = xp.arange(1, w.shape[0] + 1, dtype=xp.float64, device=device_of(w))
        return below - xp.max((xp.cumulative_sum(xp.sort(below, descending=True)) - self.total) / ranks)


class Product(BaseEstimator):
    """X₁ × X₂ × …: a set for each player, on blocks of z in their order.

    Parameters
    ----------
    sets : sequence of (callable or None, int)
        Of each block, its projection (None: free) and its size; the sizes sum to p.
    """

    def __init__(self, sets):
        self.sets = sets

    def __call__(self, z):
        """The nearest point (p,)."""
        parts = self._parts(z)
        return namespace(z).concat([part if project is None else project(part) for project, part in parts])

    def derivative(self, w):
        """∂P/∂w, block-diagonal (p, p)."""
        xp, size, start, rows = namespace(w), w.shape[0], 0, []
        for project, part in self._parts(w):
            length = part.shape[0]
            block = _diagonal(xp.ones_like(part), w) if project is None else project.derivative(part)
            left, right = (xp.zeros((length, n), dtype=xp.float64, device=device_of(w)) for n in (start, size - start - length))
            rows.append(xp.concat([left, block, right], axis=1))
            start += length
        return xp.concat(rows, axis=0)

    def _parts(self, z):
        """Each projection with its block of z."""
        if sum(size for _, size in self.sets) != z.shape[0]:
            raise ValueError(f"sets={self.sets!r:.200}: the sizes sum to {sum(n for _, n in self.sets)}, and z has {z.shape[0]}.")
        start, parts = 0, []
        for project, size in self.sets:
            parts.append((project, z[start : start + size]))
            start += size
        return parts


def _diagonal(entries, like):
    """The matrix with `entries` (p,), numbers or booleans, on its diagonal."""
    xp = namespace(like)
    eye = xp.eye(entries.shape[0], dtype=xp.float64, device=device_of(like))
    return eye * xp.astype(entries, xp.float64)[:, None]
