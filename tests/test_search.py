"""Finding stationary points, and not taking for one what is none."""

import autograd.numpy as anp
import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, minimize
from newtonreg.bases import Relu, Tanh
from newtonreg.landscape import DeepLinearAutoencoder, NewtonTR, StationaryPoints, find_stationary_points
from newtonreg.landscape.search import FoundPoint
from newtonreg.landscape.starts import Descents, draw_params, draw_starts
from newtonreg.losses import SquaredError
from newtonreg.minimize import Status
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import GradientNormMinimization, NewtonMR
from newtonreg.testing import check_solver
from newtonreg.testing.saddles import PROBLEMS

METHODS = ("newton-mr", "newton-tr", "gradient-norm", "newton")


def problem(name, xp=np):
    (known,) = [known for known in PROBLEMS if known.name == name]
    return known.make(xp)


def double_well():
    return problem("double-well")


def risk(network, xp=np, n=12, alpha=0.0):
    """A network of d inputs and m outputs that all are sin(2 Σ_a x_a)."""
    drawn = np.random.default_rng(0).normal(size=(network.n_features, n))
    y = np.tile(np.sin(2.0 * drawn.sum(axis=0)), (network.n_outputs, 1))
    x, y = xp.asarray(drawn), xp.asarray(y)
    term = Term(network, x, y, SquaredError(), xp.ones(n, dtype=xp.float64))
    return EmpiricalRisk([term], alpha * network.penalty_mask(x))


# -- what is found


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_three_points_of_a_double_well(method):
    found = find_stationary_points(double_well(), 20, method, random_state=0, max_iter=1000)
    assert [(point.kind, point.index) for point in found] == [("minimum", 0), ("minimum", 0), ("saddle", 1)]
    np.testing.assert_allclose(sorted(point.params[0] for point in found), [-1.0, 0.0, 1.0], atol=1e-7)
    np.testing.assert_allclose([point.value for point in found], [-0.25, -0.25, 0.0], atol=1e-12)
    assert found.n_successes + sum(found.failures.values()) == found.n_starts == 20


@pytest.mark.parametrize("name", ["monkey-saddle", "bounded-monkey-saddle"])
def test_a_monkey_saddle_is_one_point_from_everywhere(name):
    """r³ cos 3φ, with or without r⁴: degenerate at the origin, where Newton's step only halves the way."""
    starts = 0.3 * np.random.default_rng(0).normal(size=(8, 2))
    found = find_stationary_points(problem(name), 8, starts=starts)
    assert len(found) == 1 and found[0].n_found == 8
    np.testing.assert_allclose(found[0].params, 0.0, atol=1e-5)


def test_all_points_of_an_elliptic_torus():
    """Two minima, two maxima, four saddles, and angles count modulo 2π."""

    def function(t):
        ring = 2.0 + anp.cos(t[1])
        return 0.5 * ((1.5 * ring * anp.cos(t[0])) ** 2 + (ring * anp.sin(t[0])) ** 2 + anp.sin(t[1]) ** 2)

    def same(t, other):
        return np.allclose(np.exp(1j * t), np.exp(1j * other), atol=1e-6)

    starts = np.random.default_rng(0).uniform(-np.pi, np.pi, size=(40, 2))
    found = find_stationary_points(Analytic(function, 2), 40, "newton", starts=starts, same=same)
    assert sorted(point.kind for point in found) == 2 * ["maximum"] + 2 * ["minimum"] + 4 * ["saddle"]


def test_the_two_points_of_a_circle():
    circle = Analytic(lambda t: 0.5 * ((anp.cos(t[0]) - 2.0) ** 2 + (anp.sin(t[0]) - 2.0) ** 2), 1)

    def same(t, other):
        return abs(np.exp(1j * t[0]) - np.exp(1j * other[0])) < 1e-6

    found = find_stationary_points(circle, 20, "newton", random_state=0, same=same)
    assert [point.kind for point in found] == ["minimum", "maximum"]
    root = 2.0 * np.sqrt(2.0)
    np.testing.assert_allclose([point.value for point in found], [0.5 * (root - 1) ** 2, 0.5 * (root + 1) ** 2], rtol=1e-10)


@pytest.mark.parametrize("method", ["newton-mr", "newton-tr"])
def test_every_success_on_the_autoencoder_is_an_analytic_point(method):
    objective = DeepLinearAutoencoder(6, 2)
    truth = {point.subset: point for point in objective.critical_points()}
    how = {"starts": "trajectory-height", "n_trajectories": 2, "descent_max_iter": 500, "random_state": 0, "max_iter": 300}
    found = find_stationary_points(objective, 10, method, **how)
    assert found.n_successes >= 5 and len(found) >= 2
    subsets = [objective.identify(point.params, tol=1e-4) for point in found]
    assert len(set(subsets)) == len(found)
    for subset, point in zip(subsets, found, strict=True):
        assert point.index == truth[subset].index
        assert point.value == pytest.approx(truth[subset].value, rel=1e-9)


def test_the_published_autoencoder():
    objective = DeepLinearAutoencoder()
    found = find_stationary_points(
        objective, 4, starts="trajectory-height", random_state=0, n_trajectories=1, descent_max_iter=500
    )
    assert found.n_successes >= 2
    for point in found:
        expected = objective.critical_point(objective.identify(point.params, tol=1e-3))
        assert (point.value, point.index) == (pytest.approx(expected.value, abs=1e-8), expected.index)


def test_symmetric_copies_of_a_network_are_one_point():
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    objective = risk(network, alpha=0.05)
    start = minimize(objective, draw_params(objective, np.random.RandomState(0)), "trust-region").x
    units, outer = network.unpack(start + 0.01)
    swapped = network.pack(-units[:, ::-1], np.concatenate([-outer[:, :2][:, ::-1], outer[:, 2:]], axis=1))
    found = find_stationary_points(objective, 2, starts=np.stack([start, swapped]))
    apart = find_stationary_points(objective, 2, starts=np.stack([start, swapped]), same=np.allclose)
    assert [(point.n_found, point.kind) for point in found] == [(2, "minimum")]
    assert [point.n_found for point in apart] == [1, 1]


def test_libraries_find_the_same(xp, to_numpy):
    objective = DeepLinearAutoencoder(4, 1, xp.asarray(np.diag([1.0, 2.0, 3.0, 4.0])))
    found = find_stationary_points(objective, 4, random_state=0)
    expected = find_stationary_points(DeepLinearAutoencoder(4, 1), 4, random_state=0)
    assert [point[3:7] for point in found] == [point[3:7] for point in expected]
    for point, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(point.params), other.params, atol=1e-6)


def test_a_repetition_and_other_processes_give_the_same():
    objective = DeepLinearAutoencoder(4, 1)
    tables = [str(find_stationary_points(objective, 4, random_state=3, n_jobs=n_jobs)) for n_jobs in (None, 2)]
    assert tables[0] == tables[1]
    assert tables[0] != str(find_stationary_points(objective, 4, random_state=4))


# -- what is not


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("slope", [1.0, 1e-6])
def test_a_gradient_in_the_kernel_is_not_reported(method, slope):
    """L = slope x + y²/2 goes down for ever along x; with 1e-6 its gradient is small enough, and still no point is near."""
    hessian = np.diag([0.0, 1.0])
    objective = Analytic(lambda x: slope * x[0] + 0.5 * x[1] ** 2, 2, lambda x: np.array([slope, x[1]]), lambda x: hessian)
    found = find_stationary_points(objective, 5, method, random_state=0, max_iter=2000)
    assert len(found) == 0 and found.failures == {"gradient-flat": 5}


@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0])
def test_a_gradient_that_fades_is_not_reported(rate):
    objective = Analytic(lambda x: anp.exp(-rate * x[0]) + x[1] ** 2, 2)
    found = find_stationary_points(objective, 5, random_state=0)
    assert len(found) == 0 and sum(found.failures.values()) == 5
    assert set(found.failures) <= {"drifting", "gradient-flat"} and found.failures["drifting"] > 0


def test_small_gradients_at_a_loose_tolerance_are_taken_on():
    """x⁴: at |∇F|² = 1e-2 a run is at 0.3, and what is reported is not."""
    found = find_stationary_points(Analytic(lambda x: x[0] ** 4, 1), 3, tol=1e-2, random_state=0)
    assert found.n_successes == 3 and all(abs(point.params[0]) < 1e-2 for point in found)


def test_a_run_that_is_cut_off_or_stuck_is_counted():
    assert find_stationary_points(double_well(), 3, random_state=0, max_iter=1).failures == {"max_iter": 3}
    stuck = Analytic(
        lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2, 1, gradient=lambda x: 1.0 + x * x, hessian=lambda x: -2.0 * x[:, None]
    )
    assert find_stationary_points(stuck, 3, random_state=0).failures == {"stalled": 3}


def test_starts_that_are_not_finite_are_counted():
    objective = Analytic(lambda x: anp.sqrt(x[0]) + 1.0 / x[0], 1)
    with np.errstate(invalid="ignore"):
        found = find_stationary_points(objective, 3, starts=np.array([[-1.0], [3.0], [5.0]]))
    assert found.failures["not finite"] == 1


def test_a_point_that_is_d_critical_only_is_a_failure():
    """relu(t) − relu(−t) at the kink of both, where the chain rule reports no slope."""
    network = ShallowNetwork(Relu(), 1, 2, 1)
    term = Term(network, np.array([[0.0, -1.0]]), np.array([[1.0, -1.0]]), SquaredError(), np.ones(2))
    params = np.array([[1.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.0]])
    found = find_stationary_points(EmpiricalRisk([term], np.zeros(7)), 2, starts=params)
    assert len(found) == 0 and found.failures == {"D-critical": 2}


# -- starts


def test_starts_are_uniform_in_height_or_in_iteration():
    """F = ½ x² from x = 1 by halves: 1, 4⁻¹, 4⁻², …; in height most starts are the first two, in iteration they are spread."""

    class Halving:
        name, requires, monotone = "halving", (), True

        def init(self, objective, x0):
            return NewtonMR().init(objective, x0)

        def step(self, objective, state):
            return state.replaced(point=objective.at(0.5 * state.params), accepted=True, exhausted=False)

    objective = Analytic(lambda x: 0.5 * x[0] ** 2, 1)
    objective.draw_start = lambda rng: np.ones(1)
    descents = Descents(1, Halving(), 9)
    rng = np.random.RandomState(0)
    height, iteration = (
        np.array(draw_starts(objective, 400, kind, 0.0, rng, descents))[:, 0]
        for kind in ("trajectory-height", "trajectory-iteration")
    )
    assert set(height) | set(iteration) <= set(0.5 ** np.arange(10))
    # levels in (¼, 1] have the second point as the first at or below
    assert abs(np.mean(height == 0.5) - 0.75) < 0.07
    shares = [np.mean(iteration == 0.5**k) for k in range(10)]
    assert min(shares) > 0.04 and max(shares) < 0.16


def test_rows_of_an_array_are_taken_in_turn_and_noise_is_a_standard_deviation():
    rows = np.array([[1.0, 2.0], [3.0, 4.0]])
    rng, none = np.random.RandomState(0), Descents(1, None, 1)
    np.testing.assert_array_equal(draw_starts(double_well(), 3, rows, 0.0, rng, none), rows[[0, 1, 0]])
    moved = np.array(draw_starts(double_well(), 2000, rows[:1], 0.01, rng, none)) - rows[0]
    assert np.std(moved) == pytest.approx(0.01, rel=0.05)


@pytest.mark.parametrize("network", [ShallowNetwork(Tanh(), 2, 3, 2), DeepNetwork([Tanh(), Tanh()], 2, (3, 2), 1)])
def test_networks_draw_their_starts(xp, to_numpy, network):
    drawn = [draw_params(risk(network, library), np.random.RandomState(0)) for library in (xp, np)]
    assert drawn[1].shape == (network.n_params,) and np.all(np.isfinite(drawn[1]))
    np.testing.assert_allclose(to_numpy(drawn[0]), drawn[1], atol=1e-12)


# -- the table


def point(value, index=0):
    return FoundPoint(value, 1e-9, 0.0, index, 0, "minimum" if index == 0 else "saddle", 2, np.zeros(1))


def test_the_table_is_sorted_and_has_columns():
    table = StationaryPoints([point(3.0, 1), point(-1.0)], {"stalled": 1}, 5)
    assert len(table) == 2 and table[0].value == -1.0 and [p.index for p in table] == [0, 1]
    columns = table.to_dict()
    assert columns["value"] == [-1.0, 3.0] and columns["n_found"] == [2, 2]
    assert set(columns) == {"value", "gradient_norm", "flatness", "index", "nullity", "kind", "n_found", "params"}
    assert repr(table) == "<2 stationary points from 4 of 5 starts, 1 stalled>"


def test_the_printed_table_is_aligned_and_bounded():
    lines = str(StationaryPoints([point(-123.456), point(1e-8, 1)], {}, 4)).splitlines()
    assert len({len(line) for line in lines[:3]}) == 1 and lines[0].split()[0] == "value"
    lines = str(StationaryPoints([point(float(i)) for i in range(50)], {}, 100)).splitlines()
    assert len(lines) == 43 and lines[-2] == "… and 10 more"


# -- Newton's steps under several shifts


def test_the_shift_that_lowers_the_gradient_most_is_taken():
    """F = x⁴/4 at 1: g = 1, H = 3. A full step to 1 − 1/(3 + γ), and with t = 1 the smallest γ is best."""
    quartic = Analytic(lambda x: x[0] ** 4 / 4, 1)
    solver = NewtonTR(shifts=(10.0, 1.0, 0.1), step_size=1.0)
    state = solver.step(quartic, solver.init(quartic, np.ones(1)))
    assert state.accepted and state.params[0] == pytest.approx(1.0 - 1.0 / 3.1, rel=1e-14)
    assert state.step_norm == pytest.approx(1.0 / 3.1, rel=1e-14)


def test_the_gradient_falls_by_a_tenth_a_step_on_a_quadratic():
    hessian = np.diag([2.0, -1.0])
    saddle = Analytic(lambda x: 0.5 * x @ hessian @ x, 2, lambda x: hessian @ x, lambda x: hessian)
    result = minimize(saddle, np.array([1.0, 1.0]), NewtonTR(shifts=(0.0,)), max_iter=50, gtol=1e-3)
    norms = [record.gradient_norm for record in result.history]
    np.testing.assert_allclose(np.array(norms[1:]) / norms[:-1], 0.9, rtol=1e-12)


def test_a_trial_costs_a_gradient_for_each_shift():
    objective = double_well()
    solver = NewtonTR(shifts=(1.0, 0.1, 0.01))
    state = solver.init(objective, np.array([0.5, 0.5]))
    before = objective.counts.njev
    state = solver.step(objective, state)
    assert state.accepted and (objective.counts.njev - before, objective.counts.nhev) == (3, 1)


def test_a_step_that_no_shift_saves_is_shortened_until_the_run_is_over():
    """∇F = 1 + x² (of no F) has no zero; at x = 0 nothing is lower."""
    objective = Analytic(lambda x: x[0], 1, gradient=lambda x: 1.0 + x * x, hessian=lambda x: 2.0 * x[:, None] + 1.0)
    result = minimize(objective, np.zeros(1), NewtonTR(min_step=1e-3), gtol=0.0)
    assert result.status == Status.STALLED and result.nit == 7 and result.nhev <= 2


def test_a_hessian_that_is_not_finite_ends_the_run():
    objective = Analytic(lambda x: x[0] ** 2, 1, gradient=lambda x: 2.0 * x, hessian=lambda x: np.full((1, 1), np.nan))
    assert find_stationary_points(objective, 2, "newton-tr", random_state=0).failures == {"not finite": 2}


def test_newton_tr_keeps_the_contract_of_a_solver(xp):
    # in Rosenbrock's valley ‖∇F‖ has a minimum that is no zero
    check_solver(NewtonTR(shifts=(1.0, 1e-3)), xp, max_iter=200, gtol=1.0)
    x0 = xp.asarray([1.0, 0.5], dtype=xp.float64)
    assert minimize(problem("quadratic-saddle", xp), x0, NewtonTR(), gtol=1e-8).status == Status.GRADIENT


# -- arguments


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_starts": 0}, "n_starts=0 must be"),
        ({"method": "bisection"}, "method='bisection' is unknown; pass one of 'newton-mr'"),
        ({"method": GradientNormMinimization}, "is unknown"),
        ({"starts": "grid"}, "starts='grid' is unknown"),
        ({"starts": np.zeros((2, 3))}, r"starts has shape \(2, 3\)"),
        ({"tol": 0.0}, "tol=0.0"),
        ({"noise": -1.0}, "noise=-1.0"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"n_trajectories": 0}, "n_trajectories=0"),
        ({"descent_max_iter": 0}, "descent_max_iter=0"),
        ({"same": 1e-3}, "same=0.001 must be callable"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        find_stationary_points(double_well(), **{"n_starts": 2, **arguments})


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"shifts": ()}, "shifts="),
        ({"shifts": (-1.0,)}, "shifts="),
        ({"step_size": 2.0}, "step_size=2.0"),
        ({"shrink": 1.0}, "shrink=1.0"),
    ],
)
def test_parameters_of_newton_tr_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        NewtonTR(**arguments).init(double_well(), np.zeros(2))
