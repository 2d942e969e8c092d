"""Jacobians and Hessians of residuals, put together from their entries."""

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["block_diagonal", "block_diagonal_hessians", "diagonals", "hessians_from", "stacked", "symmetric"]


def stacked(x, nested):
    """Array of the shape of `nested` (lists of numbers and 0-d arrays), beside `x`."""
    xp = namespace(x)
    if isinstance(nested, list):
        return xp.stack([stacked(x, entry) for entry in nested])
    return xp.asarray(nested, dtype=x.dtype, device=device_of(x))


def hessians_from(x, n_residuals, entries):
    """∂²r_i/∂x_j∂x_k (n, p, p) from {(i, j, k): number or 0-d array}, each pair j, k once; zero elsewhere."""
    p = x.shape[0]
    full = entries | {(i, k, j): value for (i, j, k), value in entries.items()}
    return stacked(x, [[[full.get((i, j, k), 0.0) for k in range(p)] for j in range(p)] for i in range(n_residuals)])


def symmetric(n_params, entries):
    """∂²r_i/∂x_j∂x_k (n, p, p) from {(j, k): array (n,)}, each pair once; zero elsewhere."""
    xp = namespace(next(iter(entries.values())))
    full = entries | {(k, j): value for (j, k), value in entries.items()}
    zero = xp.zeros_like(next(iter(entries.values())))
    pairs = range(n_params)
    return xp.stack([xp.stack([full.get((j, k), zero) for k in pairs], axis=-1) for j in pairs], axis=-2)


def diagonals(matrix):
    """Diagonal matrices (n, p, p) from their diagonals (n, p): residuals that are sums of functions of one parameter."""
    xp = namespace(matrix)
    return matrix[:, :, None] * xp.eye(matrix.shape[1], dtype=matrix.dtype, device=device_of(matrix))


def block_diagonal(blocks):
    """Matrix (b r, b q) from its diagonal blocks (b, r, q)."""
    xp = namespace(blocks)
    b, r, q = blocks.shape
    eye = xp.eye(b, dtype=blocks.dtype, device=device_of(blocks))
    return xp.reshape(blocks[:, :, None, :] * eye[:, None, :, None], (b * r, b * q))


def block_diagonal_hessians(blocks):
    """Hessians (b r, b q, b q) of groups of r residuals with q parameters of their own each, from `blocks` (b, r, q, q)."""
    xp = namespace(blocks)
    b, r, q, _ = blocks.shape
    eye = xp.eye(b, dtype=blocks.dtype, device=device_of(blocks))
    own = eye[:, None, :, None, None, None] * eye[:, None, None, None, :, None]
    return xp.reshape(blocks[:, :, None, :, None, :] * own, (b * r, b * q, b * q))
