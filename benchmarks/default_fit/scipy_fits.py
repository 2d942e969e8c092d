"""SciPy's solvers with newtonreg's analytic derivatives, from the common start; a deadline keeps the best point seen."""

import contextlib
from functools import partial

import numpy as np
from scipy import optimize

from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.methods import Fitted, Method
from default_fit.networks import NetworkProblem

__all__ = ["METHODS", "SOLVERS", "run"]

_TOL = 1e-15
_FOREVER = 10**9


class _Functions:
    """One evaluation a point, however many callables ask for it; every value goes to `best`."""

    def __init__(self, setting, best):
        self._setting, self._best = setting, best
        self._point = None

    def at(self, params):
        """The evaluation at `params`."""
        if self._point is None or not np.array_equal(self._point.params, params):
            self._point = self._setting.objective.at(np.array(params))
        return self._point

    def value(self, params):
        """F."""
        value = self.at(params).value
        self._best.see(params, value)
        return value

    def gradient(self, params):
        """∇F."""
        return self.at(params).gradient

    def hessian(self, params):
        """∇²F."""
        return self.at(params).hessian

    def residuals(self, params):
        """Residuals, whose half sum of squares is F."""
        residuals = self._setting.residuals(params)
        self._best.see(params, 0.5 * residuals @ residuals)
        return residuals

    def jacobian(self, params):
        """Their Jacobian."""
        return self._setting.jacobian(params)


def _minimize(functions, start, method, options):
    hessian = functions.hessian if method == "trust-exact" else None
    optimize.minimize(functions.value, start, jac=functions.gradient, hess=hessian, method=method, options=options)


def _least_squares(functions, start, method):
    tolerances = {"ftol": _TOL, "xtol": _TOL, "gtol": _TOL, "max_nfev": _FOREVER}
    optimize.least_squares(functions.residuals, start, jac=functions.jacobian, method=method, x_scale="jac", **tolerances)


_BFGS = partial(_minimize, method="BFGS", options={"gtol": 0.0, "maxiter": _FOREVER})
# ftol is relative to F only where that is above 1
_LBFGSB_OPTIONS = {"gtol": 0.0, "ftol": 0.0, "maxcor": 50, "maxiter": _FOREVER, "maxfun": _FOREVER}
_LBFGSB = partial(_minimize, method="L-BFGS-B", options=_LBFGSB_OPTIONS)
_TRUST = partial(_minimize, method="trust-exact", options={"gtol": 0.0, "maxiter": _FOREVER})


def run(solve, setting, start, cap, goal=-np.inf):
    """(`BestPoint`, seconds) of solve(functions, start), which ends at the `goal`."""
    clock = Clock(cap)
    best = BestPoint(clock, goal)
    with contextlib.suppress(Deadline):
        solve(_Functions(setting, best), start)
    return best, clock.seconds


def _fit(solve):
    def fit(problem, seed, cap):
        setting = NetworkProblem(problem)
        best, seconds = run(solve, setting, setting.start(seed), cap)
        return Fitted(setting.network_predictor(best.params), seconds)

    return fit


SOLVERS = {
    "scipy-lm": ("SciPy least_squares lm", partial(_least_squares, method="lm")),
    "scipy-trf": ("SciPy least_squares trf", partial(_least_squares, method="trf")),
    "scipy-bfgs": ("SciPy BFGS", _BFGS),
    "scipy-lbfgsb": ("SciPy L-BFGS-B", _LBFGSB),
    "scipy-trust-exact": ("SciPy trust-exact", _TRUST),
}
"""Name to (label, solve)."""

_STRONG = ("scipy-lm", "scipy-bfgs")
METHODS = [
    Method(name, f"{label}, our derivatives", _fit(solve), most_seeds=None if name in _STRONG else 2)
    for name, (label, solve) in SOLVERS.items()
]
