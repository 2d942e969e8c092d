"""SciPy's solvers with the same derivatives and the same counters: functions (problem, max_iter) to a `Run`."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from scipy import optimize

__all__ = ["Run", "bfgs", "lbfgsb", "least_squares_lm", "least_squares_trf", "trust_exact", "trust_krylov"]

_GTOL, _GTOL_EXACT = 1e-8, 1e-10
"""Of 1e-5, 1e-8, 1e-10 and 1e-12 the loosest with which a method reaches most. SciPy's defaults stop digits early; with less
`trust-krylov` uses up its iterations on half of the problems."""
_TOL = 1e-15
"""Of `least_squares`: MINPACK refuses to go below the rounding unit."""


class Run(NamedTuple):
    """How a run ended: parameters, value, a letter for why, iterations, the objective's counts, and (nfev, value) on the way."""

    x: Any
    value: float
    status: str
    nit: int | None
    counts: Any
    trace: list


class _Recorded:
    """An objective as the callables that SciPy takes: one evaluation a point, however many callables ask for it."""

    def __init__(self, problem):
        self.objective = problem.objective(np)
        self.trace = []
        self._point = None

    def at(self, x):
        if self._point is None or not np.array_equal(self._point.params, x):
            self._point = self.objective.at(np.array(x))
        return self._point

    def value(self, x):
        value = self.at(x).value
        self.trace.append((self.objective.counts.nfev, value))
        return value

    def residuals(self, x):
        self.value(x)
        return self.at(x).residuals

    def gradient(self, x):
        return self.at(x).gradient

    def jacobian(self, x):
        return self.at(x).jacobian

    def hessian(self, x):
        return self.at(x).hessian

    def product(self, x, v):
        return self.at(x).hvp(v)

    def run(self, result, status):
        # before the value is asked for once more
        counts = replace(self.objective.counts)
        return Run(result.x, self.objective.at(result.x).value, status, result.get("nit"), counts, self.trace)


def _minimized(problem, method, derivatives, options):
    recorded = _Recorded(problem)
    given = {keyword: getattr(recorded, name) for keyword, name in derivatives.items()}
    result = optimize.minimize(
        recorded.value, np.array(problem.start), jac=recorded.gradient, method=method, options=options, **given
    )
    # 0 is converged and 1 out of trials, in all of them; the rest is a line search or a model that found nothing
    return recorded.run(result, {0: "C", 1: "M"}.get(result.status, "L"))


def trust_exact(problem, max_iter):
    """SciPy `trust-exact`."""
    return _minimized(problem, "trust-exact", {"hess": "hessian"}, {"gtol": _GTOL_EXACT, "maxiter": max_iter})


def trust_krylov(problem, max_iter):
    """SciPy `trust-krylov`."""
    return _minimized(problem, "trust-krylov", {"hessp": "product"}, {"gtol": _GTOL, "maxiter": max_iter})


def bfgs(problem, max_iter):
    """SciPy `BFGS`."""
    return _minimized(problem, "BFGS", {}, {"gtol": _GTOL, "maxiter": max_iter})


def lbfgsb(problem, max_iter):
    """SciPy `L-BFGS-B`."""
    # its ftol is relative to F only where that is above 1, so it would stop small sums early
    return _minimized(problem, "L-BFGS-B", {}, {"gtol": _GTOL, "ftol": 0.0, "maxiter": max_iter, "maxfun": 10 * max_iter})


def _least_squares(problem, max_iter, method):
    recorded = _Recorded(problem)
    result = optimize.least_squares(
        recorded.residuals,
        np.array(problem.start),
        jac=recorded.jacobian,
        method=method,
        x_scale="jac",
        ftol=_TOL,
        xtol=_TOL,
        gtol=_TOL,
        max_nfev=max_iter,
    )
    return recorded.run(result, "C" if result.status > 0 else {0: "M"}.get(result.status, "L"))


def least_squares_lm(problem, max_iter):
    """SciPy `least_squares`, lm."""
    return _least_squares(problem, max_iter, "lm")


def least_squares_trf(problem, max_iter):
    """SciPy `least_squares`, trf."""
    return _least_squares(problem, max_iter, "trf")
