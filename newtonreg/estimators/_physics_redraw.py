"""A nonlinear equation as a sequence of linear ones, each on units and collocation points of its own."""

from functools import cached_property

import numpy as np
from sklearn.base import clone

from newtonreg.backend import linalg
from newtonreg.backend.arrays import cuda_array, device_of, namespace, to_device
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._physics_setup import setting_of
from newtonreg.networks import ShallowNetwork
from newtonreg.physics.assembling import condition_term, equation_term, linearized_term
from newtonreg.physics.balancing import balanced
from newtonreg.physics.collocation import latin_hypercube
from newtonreg.physics.conditions import Initial
from newtonreg.physics.equations import Equation
from newtonreg.physics.frozen import Frozen, jet
from newtonreg.physics.objective import PhysicsRisk
from newtonreg.physics.solution import Solution
from newtonreg.physics.variation import Variation
from newtonreg.training import best_start, unit_families

__all__ = ["Redrawing"]

_FIRST, _GROWTH = 0.1, 1.3
"""Share of the time of the first interval, and what it is multiplied by from one to the next."""
_STEPS = 2
"""On each interval: the first finds the solution where it was not known, the second has units that know it."""
_FEWER, _FEWEST = 0.5, 300
"""Share of the units, and their number at least, on the way."""
_STEEPNESS, _RANGE = 2.0, (0.35, 0.5, 0.7, 1.0, 1.5)
"""Of units on the way, and what it is multiplied by where the best is looked for: smooth functions ask for flatter ones."""
_POINTS = 3
"""Residuals of the equation for each unit."""
_STARTING_UNITS, _STARTING_POINTS = 100, 1000
"""Of the start, whose solution need not be good."""
_FACE_POINTS = 0.5
"""Points on a face for each unit, in two variables; in more of them the power that fills a face as densely."""
_TYPICAL = 4
"""Of the families of units: moderately steep."""
_RIDGE = 1e-13
"""Of the coefficients, relative to unit columns: below it they are rounding."""


class Redrawing:
    """A problem that can be solved on any interval of its time, by any units, at any points.

    Parameters
    ----------
    estimator : PhysicsRegressor
    setup : Setup
    network : ShallowNetwork
        That of the fit.
    right_hand_side : callable
        Targets (E, n) at any points X (n, d).
    """

    def __init__(self, estimator, setup, network, right_hand_side):
        self._estimator = estimator
        self._setup = setup
        self._network = network
        self._targets = right_hand_side

    @staticmethod
    def is_open(setup):
        """Whether units and points may be drawn anew.

        Not where the equation is linear or has one variable, where it has unknown coefficients, nor where a condition is given
        at single points, measured or met exactly.
        """
        is_nonlinear = isinstance(setup.equation, Equation) and len(setup.setting.variables) > 1 and not setup.coefficients
        return is_nonlinear and all(one.faces and not one.is_data and one.how == "soft" for one in setup.requirements)

    # -- what a step needs ----------------------------------------------------------------------------------------------------

    def _frame(self, domain, n_units):
        """Setting and requirements in another domain, conditions asked at as many points as so many units need."""
        frame = self._setup.setting.variables, self._setup.setting.outputs, domain
        conditions = [_denser(one, n_units, len(domain)) for one in self._setup.conditions]
        requirements = [one for condition in conditions for one in condition.resolve(*frame)]
        return setting_of(requirements, *frame)

    def work(self, n_units):
        """Floating point operations of one step."""
        return 2.0 * (_POINTS + 1.0 + _FACE_POINTS) * float(n_units * len(self._setup.setting.outputs)) ** 3

    def solution(self, params):
        """A `Solution` on the whole domain."""
        return Solution(self._setup.setting, self._network, params, self._setup.equation)

    # -- steps ----------------------------------------------------------------------------------------------------------------

    def step(self, solution, n_units, steepness, rng):
        """The linear equation at `solution`, solved by so many units on the whole domain."""
        return self._step(solution, self._setup.setting.domain, n_units, steepness, rng)

    def _step(self, solution, domain, n_units, steepness, rng):
        (setting, requirements), equation = self._frame(domain, n_units), self._setup.equation
        units, X, weights = self._drawn(solution, setting, n_units, steepness, rng)
        fields = solution.fields(X, list(equation.channels))
        term = linearized_term(setting, equation, X, self._targets(X), weights, fields)
        if not (np.isfinite(term.targets).all() and np.isfinite(term.function.coefficients).all()):
            raise FloatingPointError(
                "The equation is not finite on the way to a solution (Newton's method in function space). Pass solver="
                "'levenberg-marquardt', whose steps are damped, with fewer units."
            )
        objective = self._objective(setting, term, requirements, n_units)
        network, units = objective.network, to_device(units, objective.penalty)
        coefs = _least_squares(_weighed(objective, requirements, units), units)
        return Solution(setting, network, network.pack(units, coefs), equation)

    def _drawn(self, solution, setting, n_units, steepness, rng):
        """Units (q, n_units), collocation points (n, d) for them and weights (n,) of these."""
        variation = Variation(jet(solution, setting), len(setting.variables), rng)
        units = variation.units(n_units, steepness)
        Z = variation.points(_POINTS * n_units, units)
        return units, setting.low + 0.5 * setting.width * (Z + 1.0), variation.weights(Z)

    def _equation_at(self, setting, X):
        return equation_term(setting, self._setup.equation, X, self._targets(X), np.full(X.shape[0], 1.0 / X.shape[0]))

    def _objective(self, setting, equation, requirements, n_units):
        """Of an equation's term and those of the conditions, which have mean squares of weight one."""
        terms = [equation, *(condition_term(setting, one, 1.0) for one in requirements)]
        network = ShallowNetwork(self._network.basis, len(setting.variables), n_units, self._network.n_outputs)
        penalty = validation.resolve_alpha(self._estimator.alpha) * network.penalty_mask(np.empty(0))
        if self._estimator.device == "cuda":
            terms, penalty = [one.mapped(cuda_array) for one in terms], cuda_array(penalty)
        return PhysicsRisk(network, terms, penalty)

    def approach_work(self, n_units):
        """Floating point operations of `approach`."""
        n_steps = _STEPS * len(list(_shares(self._time is not None))) + len(_RANGE)
        return n_steps * self.work(_fewer(n_units)) + self.work(n_units)

    # -- the way to a first solution ------------------------------------------------------------------------------------------

    def approach(self, n_units, rng, budget, until=0.7):
        """A `Solution` by so many units on the whole domain, and their steepness.

        Intervals are skipped once the share `until` of the budget is spent.
        """
        fewer = _fewer(n_units)
        time, solution = self._time, None
        for share in _shares(time is not None):
            if solution is not None and share < 1.0 and budget.is_over(until):
                continue
            domain, before = self._part(share, time), solution
            solution = self._start(domain, rng) if before is None else _continued(before, time)
            for _ in range(_STEPS):
                solution = self._step(solution, domain, fewer, _STEEPNESS, rng)
                budget.spend(self.work(fewer))
        steepness = _STEEPNESS
        if not budget.is_over(until):
            steepness, solution = self._best_steepness(solution, fewer, rng)
            budget.spend(len(_RANGE) * self.work(fewer))
        budget.spend(self.work(n_units))
        return self.step(solution, n_units, steepness, rng), steepness

    def _best_steepness(self, solution, n_units, rng):
        """That whose units leave least of the equation and conditions at other points, and what they make of `solution`."""
        domain = self._setup.setting.domain
        setting, requirements = self._frame(domain, n_units)
        _, X, _ = self._drawn(solution, setting, n_units, _STEEPNESS, rng)
        tried = [(_STEEPNESS * factor, self.step(solution, n_units, _STEEPNESS * factor, rng)) for factor in _RANGE]
        objective = self._objective(setting, self._equation_at(setting, X), requirements, n_units)
        objective = _weighed(objective, requirements, tried[-1][1].units)
        return min(tried, key=lambda one: objective.at(one[1].params).value)

    @cached_property
    def _time(self):
        """(axis, instant) of the initial values; None where there are none, or something is asked at another instant too."""
        setup = self._setup
        frame = setup.setting.variables, setup.setting.outputs, setup.setting.domain
        resolved = [(one, requirement) for one in setup.conditions for requirement in one.resolve(*frame)]
        starts = [requirement.faces[0] for one, requirement in resolved if isinstance(one, Initial)]
        if not starts:
            return None
        axis, start = starts[0]
        asked = {end for _, requirement in resolved for where, end in requirement.faces if where == axis}
        return (axis, start) if asked == {start} and start in frame[2][axis] else None

    def _part(self, share, time):
        """The domain up to a share of the time."""
        domain = list(self._setup.setting.domain)
        if time is not None:
            axis, start = time
            domain[axis] = tuple(start + share * (end - start) for end in domain[axis])
        return tuple(domain)

    def _start(self, domain, rng):
        """The best of several kinds of units."""
        setting, requirements = self._frame(domain, _STARTING_UNITS)
        X = latin_hypercube(domain, _STARTING_POINTS, rng)
        objective = self._objective(setting, self._equation_at(setting, X), requirements, _STARTING_UNITS)
        families = unit_families(objective, rng)
        objective = _weighed(objective, requirements, families[_TYPICAL])
        params, _ = best_start(objective, families, objective.penalty[:0], rng)
        return Solution(setting, objective.network, params, self._setup.equation)


def _weighed(objective, requirements, units):
    """`objective` with the weights of its conditions, see `balanced`."""
    return balanced(objective, [one.weight for one in requirements], units, units[0, :0])[0]


def _shares(has_time):
    """Of the time, one after the other; the last is all of it."""
    share = _FIRST
    while has_time and share < 1.0:
        yield share
        share *= _GROWTH
    yield 1.0


def _fewer(n_units):
    return min(n_units, max(_FEWEST, int(_FEWER * n_units)))


def _continued(solution, time):
    """What is taken for the solution on a longer interval."""
    axis, first = time
    low, high = solution.setting.domain[axis]
    return Frozen(solution, axis, first, low if first == high else high)


def _denser(condition, n_units, d):
    """The condition at more points of its faces, where its values are known everywhere."""
    n_points = int(np.ceil((_FACE_POINTS * n_units) ** (1.0 / (d - 1))))
    given = [getattr(condition, name, None) for name in ("value", "values")]
    listed = [entry for one in given for entry in (one if isinstance(one, (list, tuple)) else [one])]
    if not hasattr(condition, "n_points") or any(isinstance(one, np.ndarray) for one in listed):
        return condition
    return clone(condition).set_params(n_points=max(n_points, condition.n_points or 2))


def _least_squares(objective, units):
    """Coefficients (m, k + 1) of `units` (q, k) that are best for residuals affine in them.

    QR of rows whose columns have unit length, and a ridge where rounding begins: 2 N k² flops.
    """
    network, xp = objective.network, namespace(units)
    nothing = xp.zeros((network.n_outputs, network.n_units + 1), dtype=xp.float64, device=device_of(units))
    rows, residuals = objective.at(network.pack(units, nothing)).rows_of(units)
    penalty = objective.penalty[network.outer]
    norms = xp.sqrt(xp.sum(rows**2, axis=1) + penalty)
    norms = xp.where(norms > 0.0, norms, xp.ones_like(norms))
    rows /= norms[:, None]
    triangle, rhs = linalg.triangularize(xp.matrix_transpose(rows), -residuals)
    ridge = xp.sqrt(penalty / norms**2 + _RIDGE**2)
    triangle, rhs = linalg.triangularize_over(triangle, rhs, ridge, xp.zeros_like(ridge))
    return xp.reshape(linalg.solve_upper(triangle, rhs) / norms, nothing.shape)
