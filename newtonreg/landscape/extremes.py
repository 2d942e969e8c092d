"""Eigenvalues of the Hessian at a point: all of them, or those that products tell."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import contiguous, namespace, to_device, to_floats, to_host
from newtonreg.solvers.acceptance import NEGLIGIBLE_CURVATURE
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.krylov_model import tridiagonal_matrix
from newtonreg.subproblems.minimum_residual import minimum_residual
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["DENSE_UP_TO", "Curvatures", "all_curvatures", "extreme_curvatures", "flatness_by_products"]

DENSE_UP_TO = 2000
"""Parameters up to which all eigenvalues take seconds."""
_N_DIRECTIONS = 8
"""Directions of negative curvature that are kept."""
_FLAT = 0.9
"""r above which a gradient counts as being in the kernel (Frye et al.)."""
_IN_KERNEL = 1e-8
"""‖H v‖ / (‖H‖ ‖v‖) up to which products show v to be in the kernel."""
_CONVERGED = 1e-6
"""Of the largest Ritz value: residual at which both ends of the spectrum count as known."""
_PRODUCTS = 200
_LEAST_PRODUCTS = 32
_BASIS_DOUBLES = 2**25
"""Numbers that a Krylov basis may take, 256 MB; beyond, fewer products."""
_LOOK_EVERY = 8


class Curvatures(NamedTuple):
    """What is known of the eigenvalues; see `StationaryPoint` for the fields of the same names."""

    index: int
    nullity: int | None
    low: float
    high: float
    zero: float
    is_positive: bool
    """Whether all eigenvalues are known to be above `zero`."""
    negative_directions: Any
    is_exact: bool
    condition_number: float = math.nan
    flatness: float = math.nan
    is_flat: bool = False
    """Whether the gradient is in the kernel, r > 0.9."""


def all_curvatures(matrix, gradient):
    """`Curvatures` from all eigenvalues of the Hessian (p, p); None where it is not finite. 9 p³ flops."""
    xp = namespace(matrix)
    # asked before LAPACK is, which may hang on NaN
    if not math.isfinite(to_floats(xp.sum(xp.abs(matrix)))[0]):
        return None
    values, vectors = linalg.eigh(matrix)
    low, high = to_floats(values[0], values[-1])
    zero, size = NEGLIGIBLE_CURVATURE * max(abs(low), abs(high)), xp.abs(values)
    counts = [xp.sum(xp.astype(where, xp.int64)) for where in (values < -zero, size <= zero)]
    index, nullity, smallest = to_floats(*counts, xp.min(xp.where(size > zero, size, math.inf)))
    flatness = _flatness(values, linalg.matmul(xp.matrix_transpose(vectors), gradient), size > zero)
    return Curvatures(
        index=int(index),
        nullity=int(nullity),
        low=low,
        high=high,
        zero=zero,
        is_positive=low > zero,
        negative_directions=_directed(contiguous(xp.matrix_transpose(vectors[:, : min(_N_DIRECTIONS, int(index))]))),
        is_exact=True,
        condition_number=max(abs(low), abs(high)) / smallest if math.isfinite(smallest) else math.nan,
        flatness=flatness,
        is_flat=flatness > _FLAT,
    )


def _flatness(values, rotated, kept):
    """r from the gradient in the eigenbasis, the eigenvalues outside `kept` taken for zeros; 0 for no gradient."""
    xp = namespace(values)
    step = xp.where(kept, rotated / xp.where(kept, values, 1.0), 0.0)
    norms = [linalg.norm(v) for v in (xp.where(kept, 0.0, rotated), values, step, rotated)]
    residual, frobenius, length, size = to_floats(*norms)
    scale = frobenius * length + size
    return residual / scale if scale > 0.0 else 0.0


def extreme_curvatures(product, like):
    """`Curvatures` from a Krylov space of the Hessian, from a generic direction; None where a product is not finite.

    Ritz values are between the extreme eigenvalues, and no more of them are negative than eigenvalues are (Cauchy's interlacing).
    That the lowest one is positive proves nothing by itself; once it has converged, within its residual, a negative eigenvalue
    would have to have an eigenvector at right angles to the generic direction.

    Parameters
    ----------
    product : callable
        v (p,) to H v.
    like : array of shape (p,)
        Fixes p, library and device.

    Returns
    -------
    Curvatures or None

    Notes
    -----
    At most 200 products, fewer where so many vectors would take more than 256 MB, or as soon as both ends are known to 1e-6 of
    the largest; 8 k p flops for orthogonality after the k-th.
    """
    host, size = namespace(to_host(like[:1])), like.shape[0]
    most = min(size, max(_LEAST_PRODUCTS, min(_PRODUCTS, _BASIS_DOUBLES // size)))
    for space in lanczos(product, generic_direction(like), most):
        if len(space.diagonal) % _LOOK_EVERY and len(space.diagonal) < most:
            continue
        diagonal, off_diagonal = space.tridiagonal()
        if not math.isfinite(sum(diagonal) + sum(off_diagonal)):
            return None
        values, vectors = linalg.eigh(tridiagonal_matrix(diagonal, off_diagonal, host))
        ritz, last = values.tolist(), vectors[-1, :].tolist()
        largest = max(abs(ritz[0]), abs(ritz[-1]))
        if off_diagonal[-1] * max(abs(last[0]), abs(last[-1])) <= _CONVERGED * largest:
            break
    zero = NEGLIGIBLE_CURVATURE * largest
    index = sum(value < -zero for value in ritz)
    rows = [
        space.combined(to_device(host.asarray(vectors[:, j], copy=True), like=like)) for j in range(min(_N_DIRECTIONS, index))
    ]
    directions = namespace(like).stack(rows) if rows else space.basis[:0, :]
    is_positive = ritz[0] - off_diagonal[-1] * abs(last[0]) > zero
    return Curvatures(index, None, ritz[0], ritz[-1], zero, is_positive, _directed(directions), is_exact=False)


def flatness_by_products(point):
    """r, or an upper bound of it, and whether the gradient is shown to be in the kernel of the Hessian.

    At most 103 products. The shortest minimizer in a Krylov space misses what the space has not found, so r may come out too
    large: the residual itself has to be in the kernel.
    """
    if point.gradient_norm == 0.0:
        return 0.0, False
    found = minimum_residual(point.hvp, point.gradient, rank_rtol=NEGLIGIBLE_CURVATURE)
    if found is None:
        return math.nan, False
    if found.flatness <= _FLAT:
        return found.flatness, False
    residual = point.hvp(found.p) + point.gradient
    image, size = to_floats(linalg.norm(point.hvp(residual)), linalg.norm(residual))
    return found.flatness, image <= _IN_KERNEL * found.matrix_norm * size


def _directed(rows):
    """`rows` (r, p) on the host, each with the sign that the generic direction prefers, so that every library says the same."""
    rows = to_host(rows)
    if rows.shape[0] == 0:
        return rows
    xp = namespace(rows)
    along = xp.matmul(rows, generic_direction(rows[0, :]))
    return rows * xp.where(along >= 0.0, 1.0, -1.0)[:, None]
