"""Levenberg–Marquardt: choice of method, damping, geodesic acceleration, units, orders of convergence, continuation."""

import math
import pickle

import numpy as np
import pytest

from newtonreg import EmpiricalRisk, LeastSquares, LevenbergMarquardt, Status, minimize
from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import DelayedGratification, Nielsen
from newtonreg.testing import check_solver
from newtonreg.testing.problems import rosenbrock

METHODS = ("cholesky", "qr", "svd", "dual")
every_method = pytest.mark.parametrize("method", METHODS)


def waves(xp=np, n_rows=9, n_params=4, noise=0.0, units=None, unit=1.0):
    """sin(A D x) − sin(A x*) + noise, in other units D of the parameters and another unit of the residuals."""
    rng = np.random.default_rng(0)
    matrix, truth = rng.standard_normal((n_rows, n_params)) / 2.0, 0.5 * rng.standard_normal(n_params)
    target = xp.asarray(np.sin(matrix @ truth) + noise * rng.standard_normal(n_rows))
    units = np.ones(n_params) if units is None else units
    a = xp.asarray(matrix * units)

    def hessians(x):
        return -unit * xp.sin(xp.matmul(a, x))[:, None, None] * a[:, :, None] * a[:, None, :]

    return LeastSquares(
        lambda x: unit * (xp.sin(xp.matmul(a, x)) - target),
        n_params,
        lambda x: unit * xp.cos(xp.matmul(a, x))[:, None] * a,
        hessians,
    ), xp.asarray((truth + 0.3 * rng.standard_normal(n_params)) / units)


def network_risk(n_samples=30, n_units=3, alpha=0.0, loss=None, noise=0.3):
    """A network on data of another one, and a start beside its parameters."""
    rng = np.random.default_rng(1)
    network = ShallowNetwork(Tanh(), 1, n_units, 1)
    inputs, truth = rng.normal(size=(1, n_samples)), rng.normal(size=network.n_params)
    targets = network.at(inputs, truth).values + noise * rng.normal(size=(1, n_samples))
    targets = np.round(np.exp(targets)) if loss is not None else targets
    term = Term(network, inputs, targets, loss or SquaredError(), np.ones(n_samples))
    return EmpiricalRisk([term], alpha * network.penalty_mask(inputs)), truth + 0.1 * rng.normal(size=network.n_params)


def path(objective, x0, solver, n_trials):
    """States of a run, the first one included."""
    states = [solver.init(objective, x0)]
    for _ in range(n_trials):
        states.append(solver.step(objective, states[-1]))
    return states


@pytest.mark.parametrize("norm", ["column-scaling", "spherical", "diagonal-hessian", "hessian-ellipsoid"])
def test_the_methods_walk_the_same_path_in_every_norm(xp, norm):
    runs = [path(*waves(xp, noise=0.3), LevenbergMarquardt(norm=norm, method=method), 6) for method in METHODS]
    for run in runs[1:]:
        for state, expected in zip(run, runs[0], strict=True):
            np.testing.assert_allclose(to_host(state.params), to_host(expected.params), rtol=1e-7, atol=1e-9)
            assert state.accepted == expected.accepted
            assert state.control == pytest.approx(expected.control, rel=1e-4)


def factored_sizes(monkeypatch):
    """Sizes of the matrices whose Cholesky factor is asked for from here on."""
    sizes, cholesky = [], linalg.cholesky
    monkeypatch.setattr(linalg, "cholesky", lambda matrix: sizes.append(matrix.shape[0]) or cholesky(matrix))
    return sizes


def test_the_dual_system_is_as_large_as_the_residuals(monkeypatch):
    sizes = factored_sizes(monkeypatch)
    objective, x0 = waves(n_rows=3, n_params=12)
    result = minimize(objective, x0, LevenbergMarquardt())
    assert result.success and result.fun < 1e-20
    assert set(sizes) == {3} and len(sizes) == result.nit and result.nhev == 0
    sizes.clear()
    result = minimize(objective, x0, LevenbergMarquardt(method="cholesky"))
    assert set(sizes) == {12} and len(sizes) == result.nit


def test_auto_chooses_by_sizes_and_loss():
    def chosen(objective, x0, method="auto"):
        return LevenbergMarquardt(method=method).init(objective, x0).memory["method"]

    assert chosen(*waves()) == "qr"
    assert chosen(*waves(n_rows=3)) == "dual" and chosen(*waves(n_rows=4)) == "qr"
    assert chosen(*waves(n_rows=40, n_params=30)) == "qr" and chosen(*waves(n_rows=40, n_params=31)) == "cholesky"
    assert chosen(*network_risk()) == "qr" and chosen(*network_risk(n_units=11)) == "dual"
    assert chosen(*network_risk(n_units=11, alpha=0.1)) == "cholesky"
    assert chosen(*network_risk(loss=Poisson())) == chosen(*waves(), method="cholesky") == "cholesky"


@pytest.mark.parametrize("method", ["qr", "svd", "dual"])
def test_a_loss_that_is_no_sum_of_squares_is_refused_before_any_work(method):
    risk, x0 = network_risk(loss=Poisson())
    with pytest.raises(TypeError, match=rf"method='{method}'.*needs residuals.*EmpiricalRisk of Poisson\(\) has none"):
        minimize(risk, x0, LevenbergMarquardt(method=method))
    assert (risk.counts.nfev, risk.counts.njev, risk.counts.nhev) == (0, 0, 0)
    assert minimize(risk, x0, LevenbergMarquardt(), max_iter=20).fun < risk.at(x0).value


# -- the damping


def test_nielsen_is_as_documented():
    """The factor is 1 − (2ρ − 1)³ in [decrease, 2); ν doubles with every rejection and starts again from 2."""
    rule = Nielsen()
    for ratio, factor in ((1e-9, 2.0), (0.25, 1.125), (0.5, 1.0), (0.75, 0.875), (0.9, 0.488), (1.0, 0.2), (50.0, 0.2)):
        assert rule.accepted(3.0, 64.0, ratio) == pytest.approx((3.0 * factor, 2.0), rel=1e-8)
    assert Nielsen(decrease=0.05).accepted(1.0, 2.0, 1.0) == (0.05, 2.0)
    damping, growth, product = 1.0, 2.0, 1.0
    for exponent in range(1, 30):
        damping, growth = rule.rejected(damping, growth)
        product *= 2.0 ** min(exponent, 20)
        assert damping == product


def test_delayed_gratification_lowers_more_than_it_raises():
    rule = DelayedGratification(lower=5.0, raise_=2.0)
    assert rule.accepted(10.0, 7.0, 1e-3) == rule.accepted(10.0, 7.0, 1.0) == (2.0, 2.0)
    # faster with every rejection: a chain of them must not use up the patience of a run
    assert rule.rejected(10.0, 2.0) == (20.0, 4.0) and rule.rejected(20.0, 4.0) == (80.0, 8.0)
    assert DelayedGratification().lower > DelayedGratification().raise_ > 1.0


@pytest.mark.parametrize("rule", [Nielsen(), Nielsen(decrease=0.5), DelayedGratification()], ids=str)
def test_the_solver_does_what_its_rule_says(rule):
    """With the spherical norm the damping is μ in the units of B, so the records tell."""
    solver = LevenbergMarquardt(norm="spherical", damping=rule, initial_damping=1e-6)
    states = path(rosenbrock(np), np.array([-1.2, 1.0]), solver, 25)
    largest = np.max(np.diag(states[0].point.gauss_newton))
    assert states[0].control == pytest.approx(1e-6 * largest)
    assert len({state.accepted for state in states[1:]}) == 2
    growth = 2.0
    for before, after in zip(states, states[1:], strict=False):
        expected, growth = (
            rule.accepted(before.control, growth, after.ratio) if after.accepted else rule.rejected(before.control, growth)
        )
        assert after.control == expected


@every_method
def test_min_damping_is_a_floor_in_units_of_the_largest_curvature(method):
    solver = LevenbergMarquardt(norm="spherical", method=method, min_damping=1e-3, initial_damping=1e-6)
    states = path(*waves(), solver, 6)
    matrices = [state.point.gauss_newton for state in states]
    np.testing.assert_allclose([state.control for state in states], [1e-3 * np.max(np.diag(b)) for b in matrices], rtol=1e-12)
    # the damping that is left makes the convergence linear, of the rate μ / (w_min + μ)
    before, after = states[-2:]
    rate = before.control / (np.linalg.eigvalsh(matrices[-1])[0] + before.control)
    assert after.point.gradient_norm / before.point.gradient_norm == pytest.approx(rate, rel=0.02)


def test_a_damping_without_end_is_the_end_of_a_run():
    """Walls on all sides, so every trial is rejected."""
    start = np.array([1.0, 2.0])
    walled = LeastSquares(
        lambda x: x if np.array_equal(x, start) else x * math.nan, 2, lambda x: np.eye(2), lambda x: np.zeros((2, 2, 2))
    )
    result = minimize(walled, start, LevenbergMarquardt(), patience=10**6)
    assert result.status is Status.STALLED and not result.success and result.nit < 40
    np.testing.assert_array_equal(result.x, start)


# -- geodesic acceleration


@pytest.mark.parametrize(
    ("n_rows", "method"), [(4, "cholesky"), (4, "qr"), (4, "svd"), (4, "dual"), (3, "dual"), (3, "svd"), (3, "cholesky")]
)
def test_with_acceleration_the_residual_after_a_step_is_of_third_order(xp, n_rows, method):
    """r(x + v + a/2) = r + J v + (J a + ∂²r[v, v]) / 2 + O(v³), where J v = −r and J a = −∂²r[v, v] for at most p residuals."""
    objective, x0 = waves(xp, n_rows=n_rows, n_params=4)
    direction = xp.asarray(np.random.default_rng(1).standard_normal(n_rows))
    for accelerated, order in ((False, 2.0), (True, 3.0)):
        solver = LevenbergMarquardt(geodesic_acceleration=accelerated, initial_damping=1e-13, method=method)
        sizes, lengths = [], (0.04, 0.02, 0.01)
        for length in lengths:
            here = objective.at(x0).residuals
            aimed = LeastSquares(
                lambda x, aim=here - length * direction: objective._residuals(x) - aim,
                4,
                objective._jacobian,
                objective._hessians,
            )
            sizes.append(math.sqrt(2.0 * solver.step(aimed, solver.init(aimed, x0)).point.value))
        slopes = np.diff(np.log(sizes)) / np.diff(np.log(lengths))
        np.testing.assert_allclose(slopes, order, atol=0.3)


@every_method
def test_a_path_that_is_a_parabola_is_followed_to_its_end(xp, method):
    """Where r moves on a straight line, Rosenbrock's x moves on a parabola: one trial, wherever it starts."""
    objective = rosenbrock(xp)
    solver = LevenbergMarquardt(acceleration_limit=1e6, initial_damping=1e-13, method=method)
    for start in ([-1.2, 1.0], [3.0, -2.0], [0.0, 7.0]):
        trial = solver.step(objective, solver.init(objective, xp.asarray(start)))
        np.testing.assert_allclose(to_host(trial.params), [1.0, 1.0], atol=1e-8)
    plain = LevenbergMarquardt(geodesic_acceleration=False, initial_damping=1e-13, method=method)
    assert plain.step(objective, plain.init(objective, xp.asarray([-1.2, 1.0]))).point.value > 1.0


def test_a_bend_beyond_its_limit_is_rejected_without_a_value():
    objective = rosenbrock(np)
    solver = LevenbergMarquardt(acceleration_limit=1e-6)
    before = solver.init(objective, np.array([-1.2, 1.0]))
    after = solver.step(objective, before)
    assert not after.accepted and math.isnan(after.ratio) and after.control > before.control
    assert (objective.counts.nfev, objective.counts.nhvp) == (1, 1)
    assert minimize(objective, [-1.2, 1.0], LevenbergMarquardt(acceleration_limit=1e-3)).fun < 1e-20


# -- units


@pytest.mark.parametrize("geodesic_acceleration", [False, True])
@every_method
def test_units_that_are_powers_of_two_change_no_bit(method, geodesic_acceleration):
    solver = LevenbergMarquardt(method=method, geodesic_acceleration=geodesic_acceleration)
    units, unit = 2.0 ** np.array([-30.0, 0.0, 7.0, 40.0]), 2.0**-20
    for n_rows in (9, 3):
        states = path(*waves(n_rows=n_rows, noise=0.4), solver, 15)
        others = path(*waves(n_rows=n_rows, noise=0.4, units=units, unit=unit), solver, 15)
        assert states[-1].point.value < states[0].point.value
        for state, other in zip(states, others, strict=True):
            np.testing.assert_array_equal(other.params * units, state.params)
            assert other.point.value == unit**2 * state.point.value
            assert (other.control, other.accepted, other.point.criticality) == (
                state.control,
                state.accepted,
                state.point.criticality,
            )


# -- orders of convergence


@every_method
def test_convergence_is_quadratic_without_residuals_and_linear_with_them(method):
    solver = LevenbergMarquardt(geodesic_acceleration=False, initial_damping=1e-15, method=method)
    states = path(*waves(), solver, 6)
    steps = [state.step_norm for state in states[1:] if state.step_norm > 1e-9]
    orders = [math.log(c / b) / math.log(b / a) for a, b, c in zip(steps, steps[1:], steps[2:], strict=False)]
    assert orders[-1] > 1.8
    states = path(*waves(noise=0.5), solver, 14)
    norms = [state.point.gradient_norm for state in states if state.point.gradient_norm > 1e-12]
    rates = [b / a for a, b in zip(norms, norms[1:], strict=False)][-4:]
    assert len(norms) > 10 and min(rates) > 0.05 and max(rates) < 0.9


@every_method
def test_without_residuals_the_default_is_faster_than_any_linear_rate(method):
    """The damping falls by a factor of five a step, and so does the error of a step that is not yet Newton's."""
    states = path(*waves(), LevenbergMarquardt(method=method, geodesic_acceleration=False), 8)
    norms = [state.point.gradient_norm for state in states if state.point.gradient_norm > 1e-14]
    rates = [b / a for a, b in zip(norms, norms[1:], strict=False)]
    assert all(b < 0.5 * a for a, b in zip(rates, rates[1:], strict=False)) and rates[-1] < 1e-4


# -- contract


@every_method
def test_contract_of_solvers(xp, method):
    check_solver(LevenbergMarquardt(method=method), xp)


@every_method
def test_contract_with_another_norm_and_another_rule(method):
    check_solver(LevenbergMarquardt(method=method, norm="spherical", damping="delayed-gratification"), max_iter=400)


@every_method
def test_a_detached_state_continues_bit_by_bit(method):
    solver = LevenbergMarquardt(method=method)
    for objective, x0 in (waves(noise=0.4), waves(n_rows=3, noise=0.4), network_risk(), network_risk(n_samples=8)):
        states = path(objective, x0, solver, 12)
        for start in (0, 3, 7):
            state = pickle.loads(pickle.dumps(states[start].detached())).attached(objective)
            for expected in states[start + 1 :]:
                state = solver.step(objective, state)
                np.testing.assert_array_equal(state.params, expected.params)
                assert (state.control, state.accepted) == (expected.control, expected.accepted)


@pytest.mark.parametrize(
    "bad",
    [
        {"method": "lu"},
        {"norm": "max"},
        {"damping": "fast"},
        {"damping": Nielsen(decrease=1.0)},
        {"damping": DelayedGratification(lower=1.0)},
        {"damping": DelayedGratification(raise_=0.5)},
        {"initial_damping": 0.0},
        {"initial_damping": math.inf},
        {"min_damping": 0.0},
        {"acceleration_limit": -1.0},
    ],
    ids=str,
)
def test_parameters_out_of_range_are_named(bad):
    name = next(iter(bad))
    with pytest.raises(ValueError, match=f"{name}=|decrease=|lower=|raise_="):
        minimize(rosenbrock(np), [0.0, 0.0], LevenbergMarquardt(**bad))
