"""The trust-region problem in the span of a few directions."""

import math

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_device, to_floats, to_host
from newtonreg.protocols import Step
from newtonreg.subproblems.safeguards import directed, stay
from newtonreg.subproblems.secular import minimize_in_ball

__all__ = ["minimize_in_span"]

_DEPENDENT = 1e-8
"""Of a unit vector: what is left outside the directions before it is noise."""


def minimize_in_span(model, directions, radius):
    """argmin gᵀp + ½ pᵀBp over ‖p‖ ≤ radius, p in the span of `directions`.

    Parameters
    ----------
    model : QuadraticModel
    directions : sequence of arrays of shape (p,)
        A few; zeros, and what depends on those before, are left out.
    radius : float > 0

    Returns
    -------
    Step
        `multiplier` is NaN: it is that of the small problem only. The zero step where no direction is left.

    Notes
    -----
    A product for each direction, and a transfer or two.
    """
    basis = _orthonormal(directions)
    if basis is None:
        return stay(model)
    xp, size = namespace(basis), basis.shape[0]
    images = xp.stack([model.product(basis[i, :]) for i in range(size)] + [model.gradient])
    inner = to_host(linalg.matmul(basis, xp.matrix_transpose(images)))
    matrix, gradient = inner[:, :size], inner[:, size]
    host = namespace(inner)
    if not math.isfinite(float(host.sum(inner))):
        return stay(model)
    values, vectors = linalg.eigh(0.5 * (matrix + host.matrix_transpose(matrix)))
    solution = minimize_in_ball(values, linalg.matmul(host.matrix_transpose(vectors), gradient), radius)
    y = directed(solution, lambda: linalg.matmul(to_device(vectors[:, 0], like=basis), basis))
    p = linalg.matmul(to_device(linalg.matmul(vectors, y), like=basis), basis)
    return Step(p, math.nan, solution.on_boundary, solution.reduction, float(linalg.norm(y)))


def _orthonormal(directions):
    """Orthonormal rows (t, p) with the span of `directions`, by Gram–Schmidt, twice; None where all of them are zero."""
    rows = None
    for vector in directions:
        (size,) = to_floats(linalg.norm(vector))
        if not size > 0.0:
            continue
        vector = vector / size
        for _ in range(2 if rows is not None else 0):
            vector = vector - linalg.matmul(linalg.matmul(rows, vector), rows)
        (left,) = to_floats(linalg.norm(vector))
        if left > _DEPENDENT:
            row = (vector / left)[None, :]
            rows = row if rows is None else namespace(row).concat([rows, row], axis=0)
    return rows
