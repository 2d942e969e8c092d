"""Which solvers the table of solvers compares, in groups that count the same things."""

from typing import Any, NamedTuple

import scipy_solvers

import newtonreg.solvers
from newtonreg.solvers import (
    BFGS,
    LBFGS,
    SR1,
    SSBFGS,
    AdagradDescent,
    Adam,
    CubicRegularization,
    DampedNewton,
    GradientDescent,
    GradientNormMinimization,
    LevenbergMarquardt,
    Newton,
    NewtonMR,
    RMSPropDescent,
    SaddleFreeNewton,
    SSBroyden,
    TrustRegion,
    VariableProjection,
)

__all__ = ["GROUPS", "Group"]

_DEFAULT_MAX_ITER = 5000
"""That of `minimize`."""
_CAP = 3000
"""Trials of what approaches a minimum linearly at best, or looks for something else."""


class Group(NamedTuple):
    """Methods that are shown side by side.

    `work` is what is counted besides values: "nhev" (matrices), "nhvp" (products with one), "njev" (gradients or Jacobians).
    `is_for_minima`: the methods look for minima and get there by themselves, so their counts may be compared with each other's.
    `methods`: solvers of newtonreg, and functions (problem, max_iter) to a `Run` for those of others.
    """

    title: str
    work: str
    max_iter: int
    is_for_minima: bool
    methods: tuple[Any, ...]


_LISTED = (
    Group(
        "Exact Hessian in a trust region",
        "nhev",
        _DEFAULT_MAX_ITER,
        True,
        (
            TrustRegion(),
            TrustRegion(norm="spherical"),
            TrustRegion(subproblem="dogleg"),
            CubicRegularization(),
            scipy_solvers.trust_exact,
        ),
    ),
    Group(
        "Products with the Hessian",
        "nhvp",
        _DEFAULT_MAX_ITER,
        True,
        (
            TrustRegion(subproblem="steihaug"),
            TrustRegion(subproblem="gltr"),
            TrustRegion(norm="spherical", subproblem="gltr"),
            scipy_solvers.trust_krylov,
        ),
    ),
    Group(
        "Newton's method with damping or a line search",
        "nhev",
        _DEFAULT_MAX_ITER,
        True,
        (
            DampedNewton(),
            SaddleFreeNewton(),
            Newton(safeguard="modified-cholesky"),
            Newton(safeguard="armijo", singular="pinv"),
            Newton(safeguard="strong-wolfe", singular="pinv"),
        ),
    ),
    Group(
        "Sums of squares",
        "njev",
        _DEFAULT_MAX_ITER,
        True,
        (
            LevenbergMarquardt(),
            LevenbergMarquardt(geodesic_acceleration=False),
            TrustRegion(curvature="gauss-newton"),
            scipy_solvers.least_squares_lm,
            scipy_solvers.least_squares_trf,
        ),
    ),
    Group(
        "Gradients only",
        "njev",
        _CAP,
        True,
        (BFGS(), LBFGS(), SSBFGS(), SSBroyden(), SR1(), TrustRegion(curvature="bfgs"), scipy_solvers.bfgs, scipy_solvers.lbfgsb),
    ),
    Group(
        "Whatever stationary point is near",
        "nhev",
        _CAP,
        False,
        (Newton(), Newton(singular="pinv"), NewtonMR(), GradientNormMinimization()),
    ),
    Group(
        "First order, with a fixed rate",
        "njev",
        _CAP,
        False,
        (GradientDescent(), AdagradDescent(), RMSPropDescent(), Adam()),
    ),
)


def _unlisted():
    """Solvers of newtonreg that no group has; variable projection is for separable problems, see the table of NIST's."""
    listed = {type(method) for group in _LISTED for method in group.methods} | {VariableProjection}
    exported = (getattr(newtonreg.solvers, name) for name in newtonreg.solvers.__all__)
    return tuple(item() for item in exported if hasattr(item, "init") and hasattr(item, "step") and item not in listed)


GROUPS = (*_LISTED, Group("Others", "nhev", _CAP, False, _unlisted())) if _unlisted() else _LISTED
