"""Length and curvature to start with, from the first point alone."""

import math

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["starting_scale"]


def starting_scale(state):
    """(2 |F| / b)^½ and b, the largest diagonal entry of B in size, both in the variables of the norm.

    The length changes a sum of squares by all of its value along its stiffest parameter; 1 where F = 0 or nothing bends. Where
    the model has no matrix, b is the curvature along g.

    Parameters
    ----------
    state : SolverState
        Its `cache` is (model, scaling).
    """
    model, _ = state.cache
    xp, value = namespace(model.gradient), abs(state.point.value)
    if model.matrix is None:
        (size,) = to_floats(linalg.norm(model.gradient))
        unit = model.gradient / (size if size > 0.0 else 1.0)
        (stiffest,) = to_floats(xp.abs(xp.vecdot(unit, model.product(unit))))
    else:
        (stiffest,) = to_floats(xp.max(xp.abs(xp.linalg.diagonal(model.matrix))))
    length = math.sqrt(2.0 * value / stiffest) if stiffest > 0.0 else 0.0
    return (length if 0.0 < length < math.inf else 1.0), stiffest
