"""What kind of point is this?"""

from dataclasses import dataclass

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers.acceptance import NEGLIGIBLE_CURVATURE
from newtonreg.solvers.requirements import check_objective

__all__ = ["StationaryPoint", "classify"]

_GAP = 1e-12
"""Of the total weight: a nonnegative objective below this is at its lower bound for every purpose."""


@dataclass(frozen=True)
class StationaryPoint:
    """Second-order description of a point of an objective.

    Attributes
    ----------
    kind : {"global minimum", "minimum", "saddle", "maximum", "degenerate", "not stationary"}
        "global minimum": the objective cannot be negative and is within 1e-12 of zero in its own unit, so nothing is left to
        gain, whatever the derivatives say (at a vanishing residual they are rounding noise). "degenerate": stationary, no
        negative eigenvalue, at least one that cannot be told from zero: undecided at second order.
    value : float
        F.
    gradient_norm : float
        ‖∇F‖.
    criticality : float
        The gradient norm in the objective's own unit; at most `tol` counts as stationary.
    index : int
        Number of eigenvalues of ∇²F below −`zero`.
    nullity : int
        Number of eigenvalues within ±`zero`.
    min_eigenvalue, max_eigenvalue : float
        Extreme eigenvalues of ∇²F.
    zero : float
        1e-10 max |λ|: below this an eigenvalue cannot be told from the rounding of an assembled Hessian.
    n_params : int
        p.
    """

    kind: str
    value: float
    gradient_norm: float
    criticality: float
    index: int
    nullity: int
    min_eigenvalue: float
    max_eigenvalue: float
    zero: float
    n_params: int

    def __str__(self):
        return (
            f"{self.kind}: objective {self.value:.1e}, |gradient| {self.gradient_norm:.1e} (relative {self.criticality:.1e}), "
            f"index {self.index}, "
            f"nullity {self.nullity} of {self.n_params}, eigenvalues {self.min_eigenvalue:.1e} to {self.max_eigenvalue:.1e}"
        )


def classify(objective, params, tol=1e-6):
    """Classify a point of an objective by its gradient and the eigenvalues of its exact Hessian.

    Parameters
    ----------
    objective : Objective
    params : array of shape (p,)
    tol : float, default=1e-6
        Largest `criticality` that counts as stationary.

    Returns
    -------
    StationaryPoint

    Notes
    -----
    Costs one exact Hessian and its eigenvalues, about 4/3 p³ flops.
    """
    check_objective(objective)
    if tuple(params.shape) != (objective.n_params or params.shape[0],):
        raise ValueError(f"params has shape {tuple(params.shape)} and the objective has n_params={objective.n_params}.")
    point = objective.at(params)
    hessian = point.hessian
    eigenvalues = linalg.eigvalsh(hessian)
    xp = namespace(eigenvalues)
    low, high = to_floats(eigenvalues[0], eigenvalues[-1])
    zero = NEGLIGIBLE_CURVATURE * max(abs(low), abs(high))
    counts = [xp.sum(xp.astype(where, xp.int64)) for where in (eigenvalues < -zero, eigenvalues <= zero)]
    index, below = (int(count) for count in to_floats(*counts))
    nullity = below - index
    return StationaryPoint(
        kind=_kind(_attains_bound(objective, point), point.criticality <= tol, index, nullity, eigenvalues.shape[0]),
        value=point.value,
        gradient_norm=point.gradient_norm,
        criticality=point.criticality,
        index=index,
        nullity=nullity,
        min_eigenvalue=low,
        max_eigenvalue=high,
        zero=zero,
        n_params=eigenvalues.shape[0],
    )


def _attains_bound(objective, point):
    return getattr(objective, "is_nonnegative", False) and point.value <= _GAP * getattr(objective, "total_weight", 1.0)


def _kind(attains_bound, stationary, index, nullity, size):
    if attains_bound:
        return "global minimum"
    if not stationary:
        return "not stationary"
    if index == size:
        return "maximum"
    if index > 0:
        return "saddle"
    return "degenerate" if nullity > 0 else "minimum"
