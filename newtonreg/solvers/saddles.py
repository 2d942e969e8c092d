"""May a run stop where the gradient vanishes?"""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.solvers.acceptance import NEGLIGIBLE_CURVATURE
from newtonreg.subproblems.lowest_ritz import lowest_ritz

__all__ = ["sees_way_out"]

_PRODUCTS = 100
_CONVERGED = 1e-6
"""Of the largest Ritz value: residual at which the lowest one counts as known."""


def sees_way_out(point, curvature, subproblem):
    """Whether there is negative curvature at the stationary `point`, and the method has the means to leave along it.

    Parameters
    ----------
    point : Evaluation
    curvature : Curvature
        Only an exact one tells a saddle from a minimum.
    subproblem : Subproblem
        One with `leaves_saddles = False` has no step where there is no gradient.

    Returns
    -------
    bool

    Notes
    -----
    One Cholesky factorization. At most 100 products where the subproblem takes no matrix: then False may be said of a saddle
    whose negative curvature is weak.
    """
    if not curvature.is_exact or not getattr(subproblem, "leaves_saddles", True):
        return False
    if not getattr(subproblem, "needs_matrix", True):
        lowest = lowest_ritz(point.hvp, point.gradient, _PRODUCTS, _CONVERGED)
        return lowest is not None and lowest.value < -NEGLIGIBLE_CURVATURE * lowest.largest
    matrix = point.hessian
    xp = namespace(matrix)
    shift = NEGLIGIBLE_CURVATURE * to_floats(xp.max(xp.abs(xp.linalg.diagonal(matrix))))[0]
    return linalg.cholesky(index_add_diagonal(matrix, shift)) is None
