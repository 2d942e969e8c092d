"""Evolution problems step by step: the solution on a short time, stretched, is the start on a longer one."""

import numpy as np

from newtonreg.backend.arrays import to_device
from newtonreg.minimize import minimize
from newtonreg.physics.conditions import Initial
from newtonreg.physics.equations import Equation
from newtonreg.training import best_start, levenberg_marquardt, trial_work, unit_families

__all__ = ["Marching"]

_FIRST, _GROWTH = 0.1, 1.3
"""Share of the time of the first step, and what the time is multiplied by from step to step."""
_TRIALS, _STALLED, _PATIENCE = 60, 0.1, 15
"""Of a step, at most; and the fall in so many trials below which it is over."""


class Marching:
    """Starts on growing intervals of time, for nonlinear equations from initial values.

    A network that solves the equation up to a time, its time stretched to the next, is close to the solution there, while one
    that starts on the whole interval may never find fronts that form on the way. Every step has all collocation points, squeezed
    into its interval.

    Parameters
    ----------
    make_fit : callable
        make_fit(X, domain) returns the `PhysicsFit` of the problem at other points, in another domain.
    X : array of shape (n, d)
    domain : sequence of (low, high)
    axis : int
        Which variable is the time.
    start : float
        The time of the initial values, an end of the domain.
    """

    def __init__(self, make_fit, X, domain, axis, start):
        self._make_fit = make_fit
        self._X = X
        self._domain = domain
        self._axis = axis
        self._start = start

    @classmethod
    def of(cls, estimator, setup, X, make_fit):
        """The marching of a problem; None where it has none to offer.

        That is where the equation is linear, nothing starts from initial values, or conditions are given at single points.
        """
        is_open = isinstance(setup.equation, Equation) and len(setup.setting.variables) > 1
        if not is_open or any(not one.faces or one.is_data for one in setup.requirements) or estimator._constant is None:
            return None
        frame = setup.setting.variables, setup.setting.outputs, setup.setting.domain
        faces = [one.resolve(*frame)[0].faces for one in setup.conditions if isinstance(one, Initial)]
        return cls(make_fit, X, setup.setting.domain, *faces[0][0]) if faces else None

    def run(self, rng, budget, until):
        """Parameters (p,) on the whole interval; the last ones where the share `until` of the budget is spent.

        None where not even one step is made.
        """
        share, params = _FIRST, None
        while share < 1.0 and not budget.is_over(until):
            fit = self._make_fit(*self._squeezed(share))
            params = self._step(fit, params, rng, budget, until)
            share *= _GROWTH
        return params

    def _step(self, fit, params, rng, budget, until):
        families = unit_families(fit.objective, rng)
        objective = fit.balance(fit.objective, families)
        if params is None:
            params, _ = best_start(objective, families, to_device(fit.scalars, objective.penalty), rng)
        solver = levenberg_marquardt(objective.network.n_features)
        cost = trial_work(objective, solver)
        stopping = {"max_iter": max(1, min(_TRIALS, budget.trials(cost, until))), "ftol": _STALLED, "patience": _PATIENCE}
        result = minimize(objective, params, solver, callbacks=budget.clock(until), **stopping)
        budget.spend(cost * result.nit)
        return result.x

    def _squeezed(self, share):
        """Points and domain of a share of the time."""
        X, domain = np.array(self._X), list(self._domain)
        X[:, self._axis] = self._start + share * (X[:, self._axis] - self._start)
        domain[self._axis] = tuple(self._start + share * (end - self._start) for end in domain[self._axis])
        return X, domain
