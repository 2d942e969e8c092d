"""What kind of point is this?"""

from dataclasses import dataclass

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.landscape.d_critical import descent_slope
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
    descent_slope : float
        Where the gradient counts as zero at a kink of F, the steepest one-sided slope F'(x; d) < 0 that was found; else 0. See
        `newtonreg.landscape.d_critical`.
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
    descent_slope: float = 0.0

    @property
    def d_critical_only(self):
        """Whether the point is D-critical, not critical: back-propagation says slope zero, and F has a direction of descent.

        `kind` is then what the chain rule and its Hessian say, and F goes down all the same.
        """
        return self.descent_slope < 0.0

    @property
    def explanation(self):
        """A sentence on what `kind` does not say; empty where there is nothing to add."""
        if not self.d_critical_only:
            return ""
        return (
            "D-critical, not critical: back-propagation reports no slope at a kink from which the objective goes down with slope "
            f"{self.descent_slope:.1e}."
        )

    def __str__(self):
        description = (
            f"{self.kind}: objective {self.value:.1e}, |gradient| {self.gradient_norm:.1e} (relative {self.criticality:.1e}), "
            f"index {self.index}, "
            f"nullity {self.nullity} of {self.n_params}, eigenvalues {self.min_eigenvalue:.1e} to {self.max_eigenvalue:.1e}"
        )
        return f"{description}. {self.explanation}" if self.explanation else description


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
    Costs one exact Hessian and its eigenvalues, about 4/3 p³ flops. An objective with kinks (`is_smooth` False of its basis, or
    of itself) costs, where the gradient counts as zero at a kink, a value for each direction that is tried there.
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
    at_bound, stationary = _attains_bound(objective, point), point.criticality <= tol
    return StationaryPoint(
        kind=_kind(at_bound, stationary, index, nullity, eigenvalues.shape[0]),
        value=point.value,
        gradient_norm=point.gradient_norm,
        criticality=point.criticality,
        index=index,
        nullity=nullity,
        min_eigenvalue=low,
        max_eigenvalue=high,
        zero=zero,
        n_params=eigenvalues.shape[0],
        descent_slope=descent_slope(objective, point, tol) if stationary and not at_bound else 0.0,
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
