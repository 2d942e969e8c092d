"""Where to slice an objective: directions that show most of it around a point, and how far to go along them."""

import numpy as np

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.landscape.extremes import DENSE_UP_TO
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.krylov_model import tridiagonal_matrix
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["checked_path", "extreme_directions", "principal_directions", "resolve_directions", "resolve_extent"]

_PRODUCTS = 100
_ZERO = 1e-10
"""Of the largest singular value of a path: below, it does not leave the space of the directions before."""


def extreme_directions(objective, params):
    """Eigenvectors of the lowest and the highest eigenvalue of the Hessian at `params` (p,), as rows, and labels.

    A Hessian and its eigenvectors; by 100 products with it where the objective has no matrix or p > 2000.
    """
    point = objective.at(params)
    if params.shape[0] <= DENSE_UP_TO and "hessian" in getattr(objective, "provides", ("hessian",)):
        values, vectors = (to_host(array) for array in linalg.eigh(point.hessian))
        rows = vectors.T
    else:
        values, rows = _ritz(point.hvp, params)
    ends = [0, -1] if values.size > 1 else [0]
    return rows[ends], [f"eigenvector of {values[end]:.3g}" for end in ends]


def _ritz(product, params):
    for grown in lanczos(product, generic_direction(params), _PRODUCTS):
        space = grown
    values, vectors = linalg.eigh(tridiagonal_matrix(*space.tridiagonal(), np))
    return values, vectors.T @ to_host(space.basis)[: values.size]


def principal_directions(path, origin):
    """Right singular vectors of `path` (t, p) around `origin` (p,), the two largest or the only one, and labels."""
    _, sizes, rows = np.linalg.svd(path - origin, full_matrices=False)
    n_directions = int((sizes[:2] > _ZERO * sizes[0]).sum())
    if n_directions == 0:
        raise ValueError("path never leaves params: it has no directions; pass directions.")
    return rows[:n_directions], [f"principal direction {rank + 1} of the path" for rank in range(n_directions)]


def checked_path(path, origin):
    """Iterates as rows (t, p) on the host."""
    rows = np.stack([to_host(point) for point in path])
    if rows.shape[1:] != origin.shape:
        raise ValueError(f"path has shape {rows.shape} and params {origin.shape}; pass a row of p parameters for each iterate.")
    return rows


def resolve_directions(objective, params, origin, directions, path):
    """Rows (r, p) on the host, r = 1 or 2, and their labels."""
    if directions is None:
        return extreme_directions(objective, params) if path is None else principal_directions(path, origin)
    rows = np.atleast_2d(to_host(directions))
    if rows.shape not in ((1, origin.size), (2, origin.size)) or np.linalg.matrix_rank(rows) < len(rows):
        raise ValueError(f"directions has shape {rows.shape}; pass one or two independent rows of {origin.size} entries.")
    return rows, [f"direction {number + 1}" for number in range(len(rows))]


def resolve_extent(extent, coordinates, n_directions):
    """(low, high) for each direction: as given, or what holds the path and the origin."""
    if extent is not None:
        pairs = [(-extent, extent)] * n_directions if np.ndim(extent) == 0 else list(extent)
        if n_directions == 1 and np.shape(extent) == (2,):
            pairs = [tuple(extent)]
        if np.shape(pairs) != (n_directions, 2) or any(not low < high for low, high in pairs):
            raise ValueError(
                f"extent={extent!r} must be a positive number, or (low, high) for each of {n_directions} directions."
            )
        return pairs
    if coordinates is None:
        return [(-1.0, 1.0)] * n_directions
    low, high = np.minimum(coordinates.min(axis=0), 0.0), np.maximum(coordinates.max(axis=0), 0.0)
    margin = 0.2 * np.where(high > low, high - low, 1.0)
    return list(zip(low - margin, high + margin, strict=True))
