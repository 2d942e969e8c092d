"""What kind of point is this?"""

import math

from newtonreg.backend.arrays import as_floats
from newtonreg.components import check_number
from newtonreg.landscape.d_critical import descent_slope, is_smooth
from newtonreg.landscape.extremes import DENSE_UP_TO, Curvatures, all_curvatures, extreme_curvatures, flatness_by_products
from newtonreg.landscape.nullity import explained_directions
from newtonreg.landscape.report import StationaryPoint
from newtonreg.landscape.trivial_zero import has_vanishing_coefs
from newtonreg.solvers.requirements import check_objective

__all__ = ["StationaryPoint", "classify"]

_GAP = 1e-12
"""Of the total weight: a nonnegative objective below this is at its lower bound for every purpose."""
_METHODS = ("auto", "dense", "lanczos")


def classify(objective, params, tol=1e-6, method="auto"):
    """Classify a point of an objective by its gradient and the eigenvalues of its exact Hessian.

    Parameters
    ----------
    objective : Objective
    params : array of shape (p,)
    tol : float, default=1e-6
        Largest `criticality` that counts as stationary.
    method : {"auto", "dense", "lanczos"}, default="auto"
        "dense": all eigenvalues of the matrix. "lanczos": extreme eigenvalues by products with it, a Krylov space of at most 200
        dimensions; the report then says `is_exact=False`. "auto": "dense" where the objective has the matrix and p ≤ 2000.

    Returns
    -------
    StationaryPoint

    Raises
    ------
    TypeError
        Where the objective has no second derivatives.
    ValueError
        Where `params` does not have p entries, or the objective no matrix for "dense".

    Notes
    -----
    "dense" costs one exact Hessian and its eigenvectors, about 9 p³ flops; where it is singular, a pass over the rows and SVDs on
    the host for `nullity_explained`. "lanczos" costs at most 200 products, and 100 more for the flatness where the point is not
    stationary. An objective with kinks (`is_smooth` False of its basis, or of itself) costs, where the gradient counts as zero at
    a kink, a value for each direction that is tried there.

    References
    ----------
    Frye et al., *Critical point-finding methods reveal gradient-flat regions of deep network losses* (2021), arXiv 2003.10397,
    for the flatness; Rowan (2025), arXiv 2510.11987, for trivial zeros. The scale-free test of the latter is ours, and so are the
    explanations of the nullity.
    """
    check_objective(objective)
    if tol != math.inf:
        check_number("tol", tol, low=0.0, with_low=True)
    params = as_floats(params)
    if tuple(params.shape) != (objective.n_params or params.shape[0],):
        raise ValueError(f"params has shape {tuple(params.shape)} and the objective has n_params={objective.n_params}.")
    is_dense = _resolve_method(method, objective, params.shape[0]) == "dense"
    point = objective.at(params)
    known = all_curvatures(point.hessian, point.gradient) if is_dense else extreme_curvatures(point.hvp, params)
    at_bound, stationary = _attains_bound(objective, point), point.criticality <= tol
    if known is not None and not is_dense and not stationary and not at_bound:
        flatness, is_flat = flatness_by_products(point)
        known = known._replace(flatness=flatness, is_flat=is_flat)
    return _report(objective, point, known or _UNKNOWN, at_bound, stationary, tol)


_UNKNOWN = Curvatures(0, None, math.nan, math.nan, math.nan, False, None, False)
"""Of a Hessian that is not finite."""


def _report(objective, point, known, at_bound, stationary, tol):
    is_new = stationary and not at_bound and known is not _UNKNOWN
    explained = {}
    if known.is_exact and known.nullity > 0:
        explained = explained_directions(objective, point.params, point.hessian, known.zero)
    return StationaryPoint(
        kind=_kind(at_bound, stationary, known, point.params.shape[0]),
        value=point.value,
        gradient_norm=point.gradient_norm,
        criticality=point.criticality,
        index=known.index,
        nullity=known.nullity,
        min_eigenvalue=known.low,
        max_eigenvalue=known.high,
        zero=known.zero,
        n_params=point.params.shape[0],
        descent_slope=descent_slope(objective, point, tol) if is_new else 0.0,
        flatness=known.flatness,
        condition_number=known.condition_number,
        trivial_zero=is_new and has_vanishing_coefs(objective, point),
        is_exact=known.is_exact,
        is_smooth=is_smooth(objective),
        nullity_explained={reason: directions.shape[0] for reason, directions in explained.items()},
        negative_directions=known.negative_directions,
    )


def _resolve_method(method, objective, size):
    """ "dense" or "lanczos"."""
    if method not in _METHODS:
        raise ValueError(f"method={method!r} is unknown; pass one of {', '.join(map(repr, _METHODS))}.")
    provides = getattr(objective, "provides", None)
    has_matrix = provides is None or "hessian" in provides
    if not has_matrix and "hessian_product" not in provides:
        raise TypeError(f"classify needs second derivatives; {type(objective).__name__} has none. Pass an objective that does.")
    if method == "dense" and not has_matrix:
        raise ValueError(
            f"method='dense' needs the matrix of second derivatives; {type(objective).__name__} has {size} parameters and only "
            "multiplies by it. Pass method='lanczos'."
        )
    if method == "auto":
        return "dense" if has_matrix and size <= DENSE_UP_TO else "lanczos"
    return method


def _attains_bound(objective, point):
    return getattr(objective, "is_nonnegative", False) and point.value <= _GAP * getattr(objective, "total_weight", 1.0)


def _kind(attains_bound, stationary, known, size):
    if attains_bound:
        return "global minimum"
    if known is _UNKNOWN:
        return "not finite"
    if not stationary:
        return "gradient-flat" if known.is_flat else "not stationary"
    if known.index == size:
        return "maximum"
    if known.index > 0:
        return "saddle"
    return "minimum" if known.is_positive else "degenerate"
