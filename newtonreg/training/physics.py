"""How a physics fit is composed."""

from typing import NamedTuple

from newtonreg.backend.arrays import namespace
from newtonreg.solvers import VariableProjection
from newtonreg.training.budget import Budget, trial_work
from newtonreg.training.phases import Descent
from newtonreg.training.physics_starts import best_start, unit_families
from newtonreg.training.rules import Plan, levenberg_marquardt

__all__ = ["WIDE", "PhysicsOpening", "plan_physics", "plan_redrawn", "usual_physics_width"]

WIDE = 400
"""Units from which on a nonlinear equation is better solved by drawing them anew than by moving them."""
_BUDGET, _CURVE_BUDGET = 3e11, 1e11
"""Floating point operations that a fit may spend before it is cut off: some ten seconds, two or three with one variable."""
_RESIDUALS = 3
"""For each unit, where the width is open: more could not be told apart."""
_SURPLUS = 2
"""Residuals of the equation for each parameter, beside noisy data: what the equation leaves open would follow the noise."""
_NEAR, _APPROACH = 1e-4, 0.6
"""Of the objective of no network at all, below which a start is near a solution; share of the budget for another, at most."""
_NARROWEST, _WIDEST_CURVE, _WIDEST, _WIDEST_REDRAWN = 5, 40, 200, 2000
_LINEAR_STEPS, _PATIENCE = 8, 4
"""Of quasilinearization on all units, at most; and after so many without a lower objective it is over."""


class PhysicsOpening:
    """Compare starts and balance the terms.

    Parameters
    ----------
    scalars : array of shape (S,)
        Starting values of the unknown coefficients of the equation.
    initializer : Initializer or None
        None compares families of units.
    n_starts : int
        Draws.
    balance : callable or None
        balance(objective, families) returns the objective with its terms reweighted.
    redrawing : Redrawing or None
        Where to look for a start if none of these comes near a solution.
    """

    def __init__(self, scalars, initializer=None, n_starts=1, balance=None, redrawing=None):
        self.scalars = scalars
        self.initializer = initializer
        self.n_starts = n_starts
        self.balance = balance
        self.redrawing = redrawing

    def run(self, fit):
        """Begin `fit` with the best start."""
        objective, course = fit.objective, fit.course
        families = [units for _ in range(self.n_starts) for units in self._draw(objective, fit.rng)]
        if self.balance is not None:
            objective = course.objective = self.balance(objective, families)
        # a user's own units are not to be replaced
        rng = fit.rng if self.initializer is None else None
        params, starts = best_start(objective, families, self.scalars, rng)
        course.begin(fit.plan.solver, self._approached(fit, objective, params))
        fit.restarts = [
            {"loss": start.left_out, "initial_loss": start.value, "n_iter": 0, "n_units": objective.network.n_units}
            for start in starts
        ]

    def _approached(self, fit, objective, params):
        """`params`, or lower ones on units that are drawn anew."""
        value = objective.at(params).value
        if self.redrawing is None or value < _NEAR * _of_nothing(objective, params):
            return params
        try:
            solution, _ = self.redrawing.approach(objective.network.n_units, fit.rng, fit.plan.budget, _APPROACH)
        except FloatingPointError:
            return params
        return solution.params if objective.at(solution.params).value < value else params

    def _draw(self, objective, rng):
        if self.initializer is None:
            return unit_families(objective, rng)
        term = objective.terms[0]
        data = _Points(term.sets[0].inputs, term.targets, term.weights)
        return [self.initializer.units(objective.network.basis, data, objective.network.n_units, rng)]


def _of_nothing(objective, params):
    """The objective where the network is zero."""
    nothing = namespace(params).asarray(params, copy=True)
    nothing[objective.network.outer] = 0.0
    return objective.at(nothing).value


class _Points(NamedTuple):
    """What initializers look at."""

    inputs: object
    targets: object
    weights: object


def plan_physics(objective, opening, solver=None, max_iter=None, max_time=None):
    """`Plan` for a `PhysicsRisk`: a named solver where one is given.

    Linear equations: variable projection. Others: Levenberg–Marquardt until it stalls, then variable projection, whose
    coefficients follow the units, then the first again.
    """
    first = solver or VariableProjection()
    cost = trial_work(objective, first)
    usual = _CURVE_BUDGET if objective.network.n_features == 1 else _BUDGET
    work = max(usual, 40.0 * cost, 2.0 * cost * (max_iter or 0))
    if solver is not None:
        phases = [Descent(solver, 1e-3, 200)]
    elif objective.is_linear:
        phases = [Descent(first, 0.01, 60)]
    else:
        first = levenberg_marquardt(objective.network.n_features)
        phases = [Descent(first, 0.05, 60, 0.6), Descent(VariableProjection(), 0.01, 60, 0.9), Descent(first, 0.01, 60)]
    return Plan(opening, first, phases, Budget(work, max_time))


def plan_redrawn(objective, opening, solver, max_iter=None, max_time=None):
    """`Plan` of a fit whose units are drawn anew in every trial, where the function varies that is known so far."""
    # half as much again for the way there, which ends its intervals when most of the budget is spent
    way = 1.5 * opening.redrawing.approach_work(objective.network.n_units)
    budget = Budget(way + (max_iter or _LINEAR_STEPS) * trial_work(objective, solver), max_time)
    return Plan(opening, solver, [Descent(solver, 1e-3, _PATIENCE)], budget)


def usual_physics_width(n_residuals, n_features, n_unit_params=None, is_redrawn=False):
    """Width where the user leaves it open, for so many residuals; with data those of the equation, and parameters of a unit."""
    residuals = _RESIDUALS if n_unit_params is None else _SURPLUS * n_unit_params
    usual, widest = n_residuals // residuals, _WIDEST_CURVE if n_features == 1 else _WIDEST
    if is_redrawn and usual >= WIDE:
        widest = _WIDEST_REDRAWN
    return int(min(widest, max(_NARROWEST, usual)))
