"""The loop: when a run ends and what it says, what it reports, history, callbacks, continuation, what it refuses."""

import math
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import autograd.numpy as anp
import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, LeastSquares, LevenbergMarquardt, Newton, Status, TrustRegion, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.minimize import IterationRecord, Minimization
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Counts, Term
from newtonreg.solvers import LBFGS, GradientDescent, NewtonMR, SolverState, VariableProjection
from newtonreg.testing import problems, saddles

START = (-1.2, 1.0)
T = np.linspace(0.0, 3.0, 9)


def valley(offset=0.0):
    """Rosenbrock's, by autograd, with a minimum of `offset`."""
    return Analytic(lambda x: offset + 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2, 2)


def curve(noise=0.1):
    return LeastSquares(lambda b: b[0] * anp.exp(-b[1] * T) - 3.0 * np.exp(-0.5 * T) - noise * np.cos(5.0 * T))


def network_risk(loss=None):
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    inputs, targets = rng.normal(size=(1, 30)), rng.poisson(2.0, size=(1, 30)) + 0.0
    risk = EmpiricalRisk([Term(network, inputs, targets, loss or SquaredError(), np.ones(30))], network.penalty_mask(inputs))
    return risk, rng.normal(size=network.n_params)


def bowl(xp, center, overstated=1.0, offset=1e3):
    """`offset` + ½ ‖x − center‖² with `overstated` I for its Hessian: Newton's error falls to 1 − 1 / overstated."""
    c = xp.asarray(center)
    return Analytic(
        lambda x: offset + 0.5 * xp.vecdot(x - c, x - c),
        len(center),
        lambda x: x - c,
        lambda x: overstated * xp.eye(len(center)),
    )


@dataclass
class Walk:
    """A solver that goes where it is told."""

    path: list
    monotone: bool = False
    merit: str = "value"
    details: dict = field(default_factory=dict)
    name: str = "walk"

    def init(self, objective, x0):
        return SolverState(objective.at(x0), control=1.0, memory={"at": 0})

    def step(self, objective, state):
        at = state.memory["at"] + 1
        point = objective.at(np.array([float(self.path[at - 1])]))
        return replace(state, point=point, step_norm=1.0, memory={"at": at}, **self.details)


def walk(path, start=10.0, function=lambda x: x[0] ** 2, max_iter=None, details=None, monotone=False, merit="value", **options):
    """Result of walking along `path`."""
    solver = Walk(path, monotone, merit, details or {})
    return minimize(Analytic(function, 1), [start], solver, max_iter=max_iter or len(path), **options)


# -- tolerances


def test_each_objective_has_its_own_default_for_gtol():
    """The first point at or below it is the last one."""
    for (objective, x0), solver, gtol in (
        ((curve(), np.ones(2)), LevenbergMarquardt(geodesic_acceleration=False), 1e-10),
        (network_risk(), TrustRegion(), 1e-8),
    ):
        seen = []
        result = minimize(
            objective, x0, solver, callbacks=[lambda record, run, seen=seen: seen.append(run.state.point.criticality)]
        )
        assert result.status is Status.GRADIENT
        assert seen[-1] <= gtol < min(seen[:-1])
        assert objective.gtol == gtol


def test_a_bare_function_is_minimized_until_rounding_leaves_nothing():
    bent = Analytic(lambda x: 2.0 + anp.cosh(x[0] - 0.3 * x[1]) + anp.exp(x[1]) - 1.7 * x[1], 2)
    result = minimize(bent, START, TrustRegion())
    # a gradient of zero to the last bit is possible, and at most gtol
    assert result.status in (Status.EXHAUSTED, Status.GRADIENT) and result.success
    assert np.linalg.norm(result.jac) < 1e-15 and result.nit < 20
    assert minimize(bent, START, TrustRegion(), gtol=1e-3).status is Status.GRADIENT


def test_an_objective_that_says_nothing_of_itself_is_taken_at_its_word():
    inner = valley()
    bare = SimpleNamespace(at=inner.at, n_params=2, counts=inner.counts)
    result = minimize(bare, START, TrustRegion())
    assert result.status is Status.GRADIENT and result.history[-2].gradient_norm > 1e-8 >= result.history[-1].gradient_norm


def test_the_rules_say_which():
    objective = valley()
    assert minimize(objective, START, TrustRegion(), max_iter=3).status is Status.MAX_ITER
    assert minimize(objective, START, TrustRegion(), xtol=0.5).status is Status.STEP
    crawling = TrustRegion(initial_radius=1e-9, max_radius=1e-9)
    stalled = minimize(objective, START, crawling, ftol=1e-3, patience=5)
    assert stalled.status is Status.REDUCTION and stalled.nit == 5
    at_minimum = minimize(objective, [1.0, 1.0], TrustRegion())
    assert at_minimum.status is Status.GRADIENT and at_minimum.nit == 0
    assert not minimize(objective, START, TrustRegion(), max_iter=3).success and stalled.success and at_minimum.success


def test_a_rejected_step_is_not_a_short_step():
    """xtol asks for an accepted one."""
    path, rejected = [10.0, 10.0, 10.0], {"accepted": False}
    assert walk(path, details=rejected, xtol=1.0).status is Status.MAX_ITER
    assert walk([9.0, 8.0], xtol=0.2).status is Status.STEP


def test_a_sum_of_squares_that_vanishes_is_zero(xp):
    result = minimize(problems.rosenbrock(xp), xp.asarray(START), LevenbergMarquardt(), gtol=0.0)
    assert result.status is Status.ZERO and result.success and result.fun <= 1e-28 * result.history[0].value
    already = minimize(problems.rosenbrock(xp), xp.asarray([1.0, 1.0]), LevenbergMarquardt())
    assert already.status is Status.ZERO and already.nit == 0


def test_patience_counts_from_the_lowest_value_so_far():
    """A climb costs patience, a new low restores it."""
    result = walk([3.0, 1.0, 5.0, 4.0, 3.0, 2.0, 0.5], patience=4)
    assert result.status is Status.STALLED and not result.success and result.nit == 6 and result.x[0] == 1.0
    result = walk([3.0, 1.0, 5.0, 4.0, 0.9, 2.0, 0.5, 7.0, 7.5], patience=4)
    assert result.status is Status.MAX_ITER and result.x[0] == 0.5
    # a fall of less than a hundredth is none
    slow = walk([9.0, 8.99, 8.98, 8.97, 8.96, 8.95], patience=4, ftol=0.01)
    assert slow.status is Status.REDUCTION and slow.success and slow.nit == 5


def test_a_root_finder_is_judged_by_its_gradients():
    """x³ / 3 − x falls beyond all bounds to the left, and is stationary at 1."""
    path = [-2.0, -3.0, 1.5, 1.1, 1.01]
    found = walk(path, start=-1.5, function=lambda x: x[0] ** 3 / 3.0 - x[0], merit="gradient", monotone=True, patience=4)
    lowest = walk(path, start=-1.5, function=lambda x: x[0] ** 3 / 3.0 - x[0], patience=4)
    assert (found.x[0], lowest.x[0]) == (1.01, -3.0)
    stalled = walk([1.01, 1.5, 1.1, 1.02], start=-1.5, function=lambda x: x[0] ** 3 / 3.0 - x[0], merit="gradient", patience=3)
    assert stalled.status is Status.STALLED and not stalled.success and stalled.nit == 4


@pytest.mark.parametrize("details", [{}, {"predicted": 0.0}, {"predicted": 1.0}, {"exhausted": True}], ids=str)
def test_a_run_that_ends_at_a_stationary_point_returns_it_and_any_other_its_lowest(details):
    """Without safeguards that may be a maximum, −1 of x³ / 3 − x. What the solver promises is not evidence."""
    top, aside = -1.0 + 1e-9, -1.0 + 1e-3
    for end, status in ((top, Status.EXHAUSTED), (aside, Status.STALLED)):
        ended = walk([end] * 4, start=0.5, function=lambda x: x[0] ** 3 / 3.0 - x[0], details=details)
        assert ended.status is status and ended.success is (end == top)
        assert ended.x[0] == (top if end == top else 0.5)


def test_what_is_returned_is_the_latest_of_those_that_are_lowest_to_rounding():
    def near_one(x):
        return 1.0 + 1e-16 * x[0] + (x[0] > 5.0)

    assert walk([1.0, 2.0, 3.0, 8.0], function=near_one).x[0] == 3.0
    climbing = minimize(bowl(np, [0.0, 0.0], offset=0.0), [1.0, 0.0], GradientDescent(learning_rate=2.5), max_iter=20)
    assert climbing.history[-1].value > climbing.history[0].value == climbing.fun


# -- exhaustion


@pytest.mark.parametrize("overstated", [2.0, 4.0])
def test_a_linearly_converging_run_goes_on_below_the_noise_of_its_values(xp, overstated):
    """Values of 1e3 are uncertain by 1e-12, so steps below 1e-6 promise nothing; but the gradient goes on shrinking."""
    result = minimize(bowl(xp, [1.0, 2.0], overstated), xp.asarray([3.0, -4.0]), Newton(), patience=100)
    assert result.status in (Status.EXHAUSTED, Status.GRADIENT)
    assert sum(record.predicted_reduction < 1e-12 for record in result.history) > 20
    assert result.history[-1].gradient_norm < 1e-14
    np.testing.assert_allclose(to_host(result.x), [1.0, 2.0], rtol=1e-15)


def test_a_run_whose_gradient_hardly_falls_ends_in_the_noise_of_its_values(xp):
    """At a rate of 0.95 four trials do not halve the gradient."""
    result = minimize(bowl(xp, [1.0, 2.0], 20.0), xp.asarray([3.0, -4.0]), Newton())
    assert result.status is Status.EXHAUSTED
    below = [record.predicted_reduction <= 2.3e-12 for record in result.history]
    assert below.index(True) + 4 == len(below) and all(below[-4:])


def test_one_promising_trial_keeps_a_run_going():
    """The last four must all promise nothing."""

    def status(promised):
        details = [{"predicted": value} for value in promised]
        solver = Walk([9.0] * len(promised))
        objective = Analytic(lambda x: 1.0 + 0.5 * (x[0] - 9.0) ** 2, 1, lambda x: x - 9.0 + 1e-9, lambda x: np.ones((1, 1)))
        steps = iter(details)
        solver.step = lambda objective, state: replace(state, accepted=False, **next(steps))
        return minimize(objective, [9.0], solver, max_iter=len(promised), patience=100).status

    assert status([1.0, 0.0, 0.0, 0.0, 0.0]) is Status.EXHAUSTED
    assert status([1.0, 0.0, 0.0, 1.0, 0.0]) is Status.MAX_ITER
    assert status([math.nan] * 5) is Status.MAX_ITER


def test_an_accepted_step_that_changes_nothing_is_the_end():
    result = walk([9.0, 8.0, 8.0, 7.0])
    assert result.status is Status.STALLED and not result.success and result.nit == 3 and result.x[0] == 8.0
    rejected = walk([10.0, 10.0, 10.0], details={"accepted": False})
    assert rejected.status is Status.MAX_ITER


def test_a_solver_may_say_that_it_is_exhausted():
    stuck = walk([9.0, 8.0], details={"exhausted": True})
    assert stuck.status is Status.STALLED and stuck.nit == 1
    assert "not stationary" in stuck.message and not stuck.success
    result = walk([1e-9, 8.0], function=lambda x: 1.0 + x[0] ** 2, details={"exhausted": True})
    assert result.status is Status.EXHAUSTED and result.nit == 1
    assert "rounding" in result.message and result.success


def test_a_flat_gradient_is_no_success():
    """x + y²: where y = 0 the gradient (1, 0) is in the kernel of the Hessian."""
    objective = Analytic(lambda x: x[0] + x[1] ** 2, 2)
    result = minimize(objective, [0.5, 1.0], NewtonMR())
    assert result.status is Status.GRADIENT_FLAT and not result.success and "kernel of the Hessian" in result.message
    np.testing.assert_allclose(result.jac, [1.0, 0.0], atol=1e-8)


# -- what is reported


@pytest.mark.parametrize("solver", [TrustRegion(subproblem="steihaug"), LevenbergMarquardt(), LBFGS(), NewtonMR()], ids=str)
def test_every_trial_has_a_row(solver):
    states = []
    objective = curve()
    result = minimize(objective, [1.0, 1.0], solver, callbacks=[lambda record, run: states.append(run.state)])
    assert [record.n_iter for record in result.history] == list(range(result.nit + 1))
    assert len(result.history) == len(states) > 3
    for record, state in zip(result.history, states, strict=True):
        assert isinstance(record, IterationRecord)
        assert record.counts == Counts(record.nfev, record.njev, record.nhev, record.nhvp)
        assert record.n_backprops == record.njev + record.nhvp
        assert (record.value, record.control, record.accepted) == (state.point.value, state.control, state.accepted)
        np.testing.assert_array_equal([record.predicted_reduction, record.ratio], [state.predicted, state.ratio])
        assert record.gradient_norm == state.point.gradient_norm
    for name in ("nfev", "njev", "nhev", "nhvp", "n_backprops"):
        column = [getattr(record, name) for record in result.history]
        assert column == sorted(column) and column[-1] == result[name] == getattr(objective.counts, name)
    assert result.fun == objective.at(result.x).value
    np.testing.assert_array_equal(result.jac, objective.at(result.x).gradient)


def test_each_status_has_a_sentence_and_success_is_having_nothing_more_to_gain():
    assert len({status.message for status in Status}) == len(Status)
    assert {status.name for status in Status if status.success} == {"GRADIENT", "REDUCTION", "STEP", "EXHAUSTED", "ZERO"}


# -- callbacks


def test_callbacks_see_every_record_and_any_of_them_stops():
    first, second, ended = [], [], []

    def watch(record, run):
        second.append(record)

    watch.end = lambda run: ended.append(run.status)
    result = minimize(valley(), START, TrustRegion(), callbacks=[lambda r, run: first.append(r) or r.n_iter == 2, watch])
    assert result.status is Status.CALLBACK and result.nit == 2 and "callback" in result.message and not result.success
    assert first == second == result.history and ended == [Status.CALLBACK]


def test_a_callback_does_not_spoil_a_success():
    result = minimize(valley(), START, TrustRegion(), gtol=1e-6, callbacks=[lambda record, run: run.status is not None])
    assert result.status is Status.GRADIENT
    assert (
        minimize(valley(), START, TrustRegion(), max_iter=4, callbacks=[lambda r, run: r.n_iter == 4]).status is Status.CALLBACK
    )


def test_an_interruption_passes_on_and_leaves_a_result():
    runs = []

    def interrupt(record, run):
        runs.append(run)
        if record.n_iter == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        minimize(valley(), START, TrustRegion(), callbacks=[interrupt])
    result = runs[0].result()
    assert isinstance(runs[0], Minimization) and result.status is Status.INTERRUPTED and result.nit == 3


# -- continuation


@pytest.mark.parametrize("solver", [TrustRegion(), LevenbergMarquardt(geodesic_acceleration=False), LBFGS()], ids=str)
def test_a_state_is_gone_on_from_bit_by_bit(xp, solver):
    states = []
    whole = minimize(
        problems.rosenbrock(xp), xp.asarray(START), solver, callbacks=[lambda r, run: states.append(run.state.detached())]
    )
    assert whole.nit > 8
    rest = minimize(problems.rosenbrock(xp), xp.asarray(START), solver, state=states[5])
    values = [(record.value, record.control) for record in whole.history]
    assert [(record.value, record.control) for record in rest.history] == values[5:]
    np.testing.assert_array_equal(to_host(rest.x), to_host(whole.x))


# -- what is refused


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(FloatingPointError, match="x0=.*is not finite"):
        minimize(valley(), [math.nan, 1.0], TrustRegion())


def test_lists_and_names_are_taken_and_checked():
    result = minimize(valley(), [-1, 1], "trust-region")
    np.testing.assert_allclose(result.x, 1.0, rtol=1e-6)
    with pytest.raises(ValueError, match="n_params=2"):
        minimize(valley(), [1.0, 2.0, 3.0], TrustRegion())
    with pytest.raises(ValueError, match="solver='newt'"):
        minimize(valley(), [1.0, 2.0], "newt")
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        minimize(curve(), [[1.0, 2.0]], "levenberg-marquardt")


def test_a_curve_takes_as_many_parameters_as_its_start_has():
    result = minimize(curve(noise=0.0), [1.0, 1.0], LevenbergMarquardt())
    assert curve().n_params is None
    np.testing.assert_allclose(result.x, [3.0, 0.5], rtol=1e-9)
    wide = LeastSquares(lambda b: anp.sinh(b - np.arange(len(b))))
    np.testing.assert_allclose(minimize(wide, np.zeros(7), LevenbergMarquardt()).x, np.arange(7.0), atol=1e-12)


@pytest.mark.parametrize("bad", [{"max_iter": 0}, {"patience": 0}, {"gtol": -1.0}, {"gtol": math.nan}, {"xtol": -0.1}], ids=str)
def test_limits_out_of_range_are_named(bad):
    ((name, value),) = bad.items()
    with pytest.raises(ValueError, match=rf"{name}={value} must be an? (integer|number) >= [01]\."):
        minimize(valley(), START, TrustRegion(), **bad)


GRADIENT_ONLY = SimpleNamespace(provides=frozenset(), n_params=2, counts=Counts(), at=None)


@pytest.mark.parametrize(
    ("solver", "objective", "message"),
    [
        (TrustRegion(), GRADIENT_ONLY, r"TrustRegion\(\) needs second derivatives; SimpleNamespace has none.*LBFGS\(\)"),
        (TrustRegion(curvature="gauss-newton"), valley(), "needs a Gauss-Newton matrix.*Analytic has none"),
        (LevenbergMarquardt(), valley(), r"LevenbergMarquardt\(\) needs a Gauss-Newton matrix"),
        (LevenbergMarquardt(method="qr"), network_risk(Poisson())[0], r"needs residuals.*EmpiricalRisk of Poisson\(\) has none"),
        (VariableProjection(), curve(), "needs parameters that enter the residuals linearly; LeastSquares has none.*outer="),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_solver_needs_is_said_before_any_work(solver, objective, message):
    with pytest.raises(TypeError, match=message):
        minimize(objective, np.ones(objective.n_params or 2), solver)
    assert objective.counts == Counts()


def test_a_solver_that_needs_nothing_takes_what_has_only_gradients(xp):
    problem = next(problem for problem in saddles.PROBLEMS if problem.name == "flat-quartic")
    objective = problem.objective(xp)
    objective.provides = frozenset()
    assert minimize(objective, xp.asarray(problem.start), LBFGS(), gtol=1e-6).status is Status.GRADIENT
