"""Has a run that finds no further step converged, or is it stuck?"""

from dataclasses import dataclass
from typing import Any

import autograd.numpy as anp
import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, LeastSquares, LevenbergMarquardt, Newton, Status, TrustRegion, minimize
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import BFGS, LBFGS, SR1, CubicRegularization, DampedNewton, GradientDescent, SolverState
from newtonreg.testing import more_garbow_hillstrom

MGH = {problem.name: problem for problem in more_garbow_hillstrom.PROBLEMS}
SECOND_ORDER = (TrustRegion(), TrustRegion(norm="spherical"), CubicRegularization(), DampedNewton(), Newton(singular="pinv"))
SAFE = SECOND_ORDER[:-1]
GRADIENTS_ONLY = (BFGS(), LBFGS(), TrustRegion(curvature="bfgs"))


def curve(noise):
    t = np.linspace(0.0, 3.0, 9)
    return LeastSquares(lambda b: b[0] * anp.exp(-b[1] * t) - 3.0 * np.exp(-0.5 * t) - noise * np.cos(5.0 * t)), np.ones(2)


def network_risk():
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    term = Term(network, rng.normal(size=(1, 30)), rng.poisson(2.0, size=(1, 30)) + 0.0, SquaredError(), np.ones(30))
    return EmpiricalRisk([term], network.penalty_mask(np.ones((1, 1)))), rng.normal(size=network.n_params)


def vapor_pressure():
    """NIST's MGH10 and the farther of its starts: b_0 → 0 in a valley so narrow that steps in a unit for all come to nothing."""
    t = 50.0 + 5.0 * np.arange(16)
    y = [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]
    return LeastSquares(lambda b: b[0] * anp.exp(b[1] / (t + b[2])) - np.array(y, dtype=float)), np.array([2.0, 4e5, 25e3])


def without_unit(objective, n_params):
    """A sum of squares as a bare function."""
    at = objective.at
    return Analytic(lambda x: at(x).value, n_params, lambda x: at(x).gradient, lambda x: at(x).hessian)


@dataclass
class Stop:
    """A solver that goes to `end` and has no further step."""

    end: Any
    requires: tuple = ()

    def init(self, objective, x0):
        return SolverState(objective.at(x0), control=1.0)

    def step(self, objective, state):
        return SolverState(objective.at(self.end), control=1.0, step_norm=1.0, exhausted=True)


def assert_stuck(result):
    """No success, and the lowest point seen."""
    assert result.status is Status.STALLED and not result.success
    assert result.fun == min(record.value for record in result.history)


@pytest.mark.parametrize("name", ["chebyquad-10", "osborne-2"])
def test_raw_newton_that_runs_away_is_no_success(name):
    problem = MGH[name]
    start = np.array(problem.start)
    with np.errstate(all="ignore"):
        assert_stuck(minimize(problem.objective(np), start, Newton()))
        assert_stuck(minimize(without_unit(problem.objective(np), len(start)), start, Newton()))


def test_gradient_descent_that_runs_away_is_no_success():
    """The largest gradients, on the way, are no measure for the last one."""
    for stiffness in (5e5, 1.5e3):
        assert_stuck(minimize(Analytic(lambda x, h=stiffness: h * x[0] ** 2, 1), [1.0], GradientDescent()))


@pytest.mark.parametrize("norm", ["spherical", "diagonal-hessian"])
def test_a_region_that_closes_in_is_no_success(norm):
    """Its steps come to promise 1e-31 of F, and the gradient to be 1e-14 of what it was: both because of the units."""
    objective, start = vapor_pressure()
    for stuck in (objective, without_unit(objective, 3)):
        result = minimize(stuck, start, TrustRegion(norm=norm))
        assert_stuck(result)
        assert objective.at(result.x).criticality > 0.9


def test_where_such_a_region_closes_in_is_not_stationary():
    """Nor is F zero there to rounding, though b_0 has fallen by 27 orders and the Jacobian grown by as many."""
    end = np.array([1.56766205e-27, 3.90440826e05, 5.39501372e03])
    objective, start = vapor_pressure()
    assert_stuck(minimize(objective, start, Stop(end)))
    for stuck in (objective, without_unit(objective, 3)):
        assert_stuck(minimize(stuck, start, Stop(end, ("hessian",))))


@pytest.mark.parametrize("offset", [0.0, 7.0])
@pytest.mark.parametrize("solver", SECOND_ORDER + GRADIENTS_ONLY, ids=str)
def test_a_bare_function_that_is_minimized_is_a_success_from_near_and_far(solver, offset):
    """F vanishes at its minimum, by cancellation, or not; then a second run may start beside the end of the first."""

    def function(x):
        return offset + (anp.exp(x[0]) - x[0] - 1.0) + 10.0 * (x[1] - x[0] ** 2 - 1.0) ** 2

    first = minimize(Analytic(function, 2), [-1.2, 1.0], solver)
    runs = [first] + [minimize(Analytic(function, 2), first.x + 1e-9, solver)] * (offset > 0.0)
    for result in runs:
        # rounding of F, on which a search may end
        assert result.success and abs(result.fun - offset) < 2e-15 * max(offset, 1.0)


@pytest.mark.parametrize("solver", SECOND_ORDER + GRADIENTS_ONLY, ids=str)
def test_a_run_from_where_another_ended_is_a_success(solver):
    """F is the rounding of its residuals there, and there is nothing to compare it with but x."""
    for name in ("gulf", "broyden-banded-10", "osborne-1"):
        objective, n_params = MGH[name].objective(np), len(MGH[name].start)
        end = minimize(objective, np.array(MGH[name].start), TrustRegion(), gtol=0.0).x
        result = minimize(without_unit(objective, n_params), end, solver)
        assert result.success
        # to judge is no part of the run
        assert (result.nfev, result.njev) == (result.history[-1].nfev, result.history[-1].njev)


@pytest.mark.parametrize("solver", [*SAFE, *GRADIENTS_ONLY, LevenbergMarquardt()], ids=str)
def test_a_curve_or_a_network_that_is_fitted_is_a_success_without_gtol(solver):
    for objective, start in (curve(noise=0.1), curve(noise=0.0), network_risk()):
        result = minimize(objective, start, solver, gtol=0.0)
        assert result.success and (objective.at(result.x).criticality < 1e-7 or result.fun < 1e-20)


@pytest.mark.parametrize("name", ["freudenstein-roth", "jennrich-sampson", "chebyquad-8", "chebyquad-10"])
def test_a_minimum_where_the_jacobian_loses_rank_is_a_success(name):
    """The residuals stay in the range of the Jacobian up to the last digit."""
    for solver in (LevenbergMarquardt(), LevenbergMarquardt(geodesic_acceleration=False), TrustRegion(curvature="gauss-newton")):
        objective = MGH[name].objective(np)
        result = minimize(objective, np.array(MGH[name].start), solver)
        assert result.success and any(abs(result.fun - known.value) < 1e-8 * known.value for known in MGH[name].minima)
        assert objective.at(result.x).criticality > 0.1


@pytest.mark.parametrize("units", [1e-6, 1e6])
def test_the_verdict_does_not_depend_on_the_units_of_the_parameters(units):
    """1 + exp(x) − x + exp(−y) + y + ½ z² in any units of x and z, near its minimum and aside of it."""
    s = np.array([units, 1.0, 1.0 / units])

    def function(x):
        z = x / s
        return 1.0 + anp.exp(z[0]) - z[0] + anp.exp(-z[1]) + z[1] + 0.5 * z[2] ** 2

    for aside, status in ((1e-10, Status.EXHAUSTED), (1e-2, Status.STALLED)):
        for axis in range(3):
            stop = Stop(aside * s * np.eye(3)[axis], requires=("hessian",))
            assert minimize(Analytic(function, 3), s, stop).status is status


@pytest.mark.parametrize("requires", [("hessian",), ()], ids=str)
def test_a_slope_in_the_kernel_of_the_hessian_is_not_stationary_and_rounding_is(xp, requires):
    """3 + c x + y² at y = 1e-9."""
    for slope, status in ((1.0, Status.STALLED), (1e-9, Status.EXHAUSTED)):
        flat = Analytic(
            lambda x, c=slope: 3.0 + c * x[0] + x[1] ** 2,
            2,
            lambda x, c=slope: xp.stack([c + 0.0 * x[0], 2.0 * x[1]]),
            lambda x: xp.asarray([[0.0, 0.0], [0.0, 2.0]]),
        )
        stop = Stop(xp.asarray([0.5, 1e-9]), requires)
        assert minimize(flat, xp.asarray([0.5, 1.0]), stop).status is status


@pytest.mark.parametrize("solver", [SR1(), TrustRegion(curvature="bfgs"), BFGS()], ids=str)
def test_parameters_that_vanish_are_judged_without_dividing_by_them(solver):
    """½ x² + y⁴ − y² on the axis y = 0, where gradients know of nothing but x."""
    well = Analytic(lambda x: 0.5 * x[0] ** 2 + x[1] ** 4 - x[1] ** 2, 2)
    result = minimize(well, [1.5, 0.0], solver)
    assert abs(result.x[0]) < 1e-8 and result.x[1] == 0.0
    tiny = Stop(np.array([1e-310, 0.0]))
    assert minimize(well, [1.0, 0.0], tiny).status in (Status.EXHAUSTED, Status.STALLED)
