"""How much work a fit is worth, and by which solvers: rules on sizes, never on seconds."""

from typing import NamedTuple

from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers import LevenbergMarquardt, Nielsen, TrustRegion
from newtonreg.training.plan import Phase

__all__ = ["Work", "plan_work"]

_BUDGET = 1e11
"""Floating point operations that a fit may spend on curvature before it is cut off: a few seconds on two cores."""

_SCREENING = 3e8
"""Of which each start may spend this much on its short run."""


_MOST_TRIALS = 2000
_MOST_CHEAP_TRIALS = 5000
"""Of a solver that takes gradients only and needs more of them."""


class Work(NamedTuple):
    """Phases and numbers of trials; see `newtonreg.training.plan`."""

    phases: list
    screening_iter: int
    max_iter: int


def plan_work(objective, solver=None):
    """`Work` for an `EmpiricalRisk` and a given solver, or for the default one, which is:

    Squared error: Levenberg–Marquardt with geodesic acceleration, scaled by running column norms in one dimension and unscaled
    in several, then exact Newton in a trust region where that stalls short of a stationary point (large residuals, penalty).
    Other losses: exact Newton in a trust region from the start.

    The budget counts curvature matrices and factorizations, or, for a solver that takes gradients only, gradients.
    """
    # a quasi-Newton matrix in a trust region asks for no Hessian, and yet is factorized
    if solver is not None and not getattr(solver, "requires", ("hessian",)) and not hasattr(solver, "subproblem"):
        flops, most = objective.gradient_flops, _MOST_CHEAP_TRIALS
    else:
        flops, most = objective.curvature_flops + objective.n_params**3 / 3, _MOST_TRIALS
    max_iter = int(min(most, max(40, _BUDGET / flops)))
    screening_iter = int(min(40, max(10, _SCREENING / flops)))
    return Work(_phases(objective, solver), screening_iter, max_iter)


def _phases(objective, solver):
    (largest,) = to_floats(namespace(objective.penalty).max(objective.penalty))
    # With a penalty there is a minimizer to be found to the last digit, by exact Newton, and Gauss–Newton is left soon. Without
    # one a fit goes on for as long as the loss falls: towards zero on clean data, towards infinity in the weights on noisy ones.
    # standardized data make the parameters comparable: a ball of radius 1
    newton = TrustRegion(norm="spherical", initial_radius=1.0, max_radius=1e6)
    last = Phase(newton, ftol=1e-9, patience=50) if largest > 0.0 else Phase(newton, ftol=0.01, patience=100)
    if solver is not None:
        # a method that may climb needs a longer look before it counts as stalled
        return [last._replace(solver=solver) if getattr(solver, "monotone", True) else Phase(solver, ftol=1e-3, patience=200)]
    if not objective.is_sum_of_squares:
        return [last]
    # In one dimension running column norms are several times better than the identity, in several the identity is.
    one_input = objective.network.n_features == 1
    levenberg = LevenbergMarquardt(norm="spherical", damping=Nielsen(decrease=1.0 / 3.0), method="cholesky")
    first = LevenbergMarquardt(method="cholesky") if one_input else levenberg
    return [Phase(first, ftol=0.05, patience=15) if largest > 0.0 else Phase(first, ftol=0.01, patience=100), last]
