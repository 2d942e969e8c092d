"""Solvers: convergence orders, saddles, work counts, continuation, backends, on networks and on functions of a vector."""

import math
import pickle

import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, LevenbergMarquardt, NewtonMLPRegressor, Status, TrustRegion, classify, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.subproblems import MoreSorensen, Spectral


def rosenbrock(xp):
    return Analytic(
        lambda x: 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2,
        2,
        gradient=lambda x: xp.stack([-400.0 * x[0] * (x[1] - x[0] ** 2) - 2.0 * (1.0 - x[0]), 200.0 * (x[1] - x[0] ** 2)]),
        hessian=lambda x: xp.stack(
            [xp.stack([1200.0 * x[0] ** 2 - 400.0 * x[1] + 2.0, -400.0 * x[0]]), xp.stack([-400.0 * x[0], 200.0 + 0.0 * x[0]])]
        ),
    )


def double_well(xp):
    """x⁴/4 − x²/2 + y²/2: a saddle at 0, minima at (±1, 0)."""
    return Analytic(
        lambda x: x[0] ** 4 / 4.0 - x[0] ** 2 / 2.0 + x[1] ** 2 / 2.0,
        2,
        gradient=lambda x: xp.stack([x[0] ** 3 - x[0], x[1]]),
        hessian=lambda x: xp.stack([xp.stack([3.0 * x[0] ** 2 - 1.0, 0.0 * x[0]]), xp.stack([0.0 * x[0], 0.0 * x[0] + 1.0])]),
    )


def curve(n_units=2, noise=0.0, xp=np, alpha=0.0):
    """A small network on data of another small network: zero residual without noise."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(1, 40))
    network = ShallowNetwork(Tanh(), 1, n_units, 1)
    truth = rng.normal(size=network.n_params)
    targets = network.at(inputs, truth).values + noise * rng.normal(size=(1, 40))
    arrays = [xp.asarray(a) for a in (inputs, targets, np.ones(40))]
    risk = EmpiricalRisk(
        [Term(network, arrays[0], arrays[1], SquaredError(), arrays[2])], alpha * network.penalty_mask(arrays[0])
    )
    return risk, xp.asarray(truth + 0.1 * rng.normal(size=network.n_params))


SOLVERS = [
    TrustRegion(),
    TrustRegion(subproblem=MoreSorensen()),
    TrustRegion(subproblem="spectral", norm="column-scaling"),
    TrustRegion(curvature="gauss-newton"),
    LevenbergMarquardt(),
    LevenbergMarquardt(norm="spherical", geodesic_acceleration=False),
]
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=str)


@pytest.mark.parametrize("subproblem", [Spectral(), MoreSorensen()], ids=str)
def test_trust_region_solves_rosenbrock(xp, subproblem):
    result = minimize(rosenbrock(xp), xp.asarray([-1.2, 1.0]), TrustRegion(subproblem=subproblem), gtol=1e-10)
    np.testing.assert_allclose(to_host(result.x), [1.0, 1.0], rtol=1e-9)
    assert result.status is Status.GRADIENT and result.success
    assert result.nit < 40
    assert result.nfev == result.nit + 1
    assert result.njev == result.nhev == 1 + sum(record.accepted for record in result.history[1:])


@every_solver
def test_every_solver_decreases_and_recovers_a_network(xp, solver):
    risk, start = curve(xp=xp)
    result = minimize(risk, start, solver, max_iter=300, gtol=1e-13)
    values = [record.value for record in result.history]
    assert all(b <= a for a, b in zip(values, values[1:], strict=False))
    assert result.fun < 1e-20 * values[0]


def _orders(errors):
    """log e_{k+1} / log e_k over the last errors that are above rounding, as orders of convergence."""
    kept = [e for e in errors if 1e-12 < e < 1e-1]
    return [math.log(c / b) / math.log(b / a) for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)]


def test_exact_newton_converges_quadratically_with_residuals():
    risk, start = curve(noise=0.3, alpha=0.1)
    best = minimize(risk, start, TrustRegion(), gtol=1e-14).x
    norms = [record.gradient_norm for record in minimize(risk, start, TrustRegion(), gtol=1e-13).history if record.accepted]
    assert risk.at(best).criticality < 1e-12
    assert _orders(norms)[-1] > 1.8


def test_gauss_newton_is_quadratic_without_residuals_and_linear_with_them():
    solver = TrustRegion(curvature="gauss-newton", initial_radius=10.0)
    risk, start = curve()
    clean = [record.gradient_norm for record in minimize(risk, start, solver, gtol=1e-15).history if record.accepted]
    assert _orders(clean)[-1] > 1.6
    risk, start = curve(noise=0.3, alpha=0.1)
    noisy = [record.gradient_norm for record in minimize(risk, start, solver, gtol=1e-8).history if record.accepted]
    exact = minimize(risk, start, TrustRegion(initial_radius=10.0), gtol=1e-8)
    assert len(noisy) > 2 * exact.nit
    tail = [norm for norm in noisy if 1e-6 < norm < 1e-2]
    assert 0.2 < (tail[-1] / tail[0]) ** (1.0 / (len(tail) - 1)) < 0.9


def test_geodesic_acceleration_saves_trials_in_a_curved_valley():
    risk, start = curve(n_units=4)
    plain = minimize(risk, start, LevenbergMarquardt(geodesic_acceleration=False), gtol=1e-12, max_iter=5000)
    accelerated = minimize(risk, start, LevenbergMarquardt(), gtol=1e-12, max_iter=5000)
    assert accelerated.nit < plain.nit


@pytest.mark.parametrize("subproblem", [Spectral(), MoreSorensen()], ids=str)
def test_exact_curvature_leaves_a_saddle_where_the_gradient_vanishes(xp, subproblem):
    objective = double_well(xp)
    start = xp.asarray([0.0, 0.0])
    assert classify(objective, start).kind == "saddle"
    result = minimize(objective, start, TrustRegion(subproblem=subproblem))
    assert abs(abs(float(result.x[0])) - 1.0) < 1e-8
    assert classify(objective, result.x).kind == "minimum"


def test_a_saddle_holds_a_solver_without_negative_curvature():
    """A network with zero coefficients and units that do not see the target: Gauss–Newton stays, exact curvature leaves."""
    inputs = np.linspace(-1.0, 1.0, 41)[None, :]
    targets = inputs**2 - np.mean(inputs**2)
    network = ShallowNetwork(Tanh(), 1, 1, 1)
    risk = EmpiricalRisk([Term(network, inputs, targets, SquaredError(), np.ones(41))], np.zeros(network.n_params))
    saddle = network.pack(np.array([[1.0], [0.0]]), np.array([[0.0, 0.0]]))
    assert classify(risk, saddle).kind == "saddle"
    stuck = minimize(risk, saddle, TrustRegion(curvature="gauss-newton"))
    free = minimize(risk, saddle, TrustRegion())
    assert stuck.nit == 0 and stuck.fun == risk.at(saddle).value
    assert free.fun < 0.7 * stuck.fun


def test_a_rejected_trial_costs_one_value_and_no_factorization(monkeypatch):
    from newtonreg.backend import linalg

    calls = []
    eigh = linalg.eigh
    monkeypatch.setattr(linalg, "eigh", lambda matrix: calls.append(1) or eigh(matrix))
    result = minimize(rosenbrock(np), np.array([-1.2, 1.0]), TrustRegion(subproblem=Spectral(), initial_radius=50.0))
    rejected = sum(not record.accepted for record in result.history)
    assert rejected >= 3
    assert len(calls) <= result.nhev


@every_solver
def test_a_detached_state_continues_bit_by_bit(solver):
    risk, start = curve(n_units=3, noise=0.1, alpha=1e-3)
    whole = solver.init(risk, start)
    for _ in range(12):
        whole = solver.step(risk, whole)
    half = solver.init(risk, start)
    for _ in range(5):
        half = solver.step(risk, half)
    half = pickle.loads(pickle.dumps(half.detached())).attached(risk)
    for _ in range(7):
        half = solver.step(risk, half)
    np.testing.assert_array_equal(half.params, whole.params)
    assert half.control == whole.control


@every_solver
def test_states_are_not_changed_by_a_step(solver):
    risk, start = curve(noise=0.1)
    state = solver.init(risk, start)
    before = pickle.dumps(state.detached())
    solver.step(risk, state)
    assert pickle.dumps(state.detached()) == before


def line(slope, bend=1.0, offset=1.0, noise=0.0):
    """offset + slope x + ½ bend x², with an error of `noise` in its values beside 0."""
    return Analytic(
        lambda x: offset + slope * x[0] + 0.5 * bend * x[0] ** 2 + (noise if x[0] != 0.0 else 0.0),
        1,
        gradient=lambda x: slope + bend * x,
        hessian=lambda x: np.array([[bend]]),
    )


@pytest.mark.parametrize("slope", [1e-3, 1e-5, 1e-7, 1e-9])
def test_the_ratio_of_a_newton_step_is_one_whatever_rounding_does_to_the_values(slope):
    objective = line(slope, noise=1e-11 if slope <= 1e-5 else 0.0)
    start, step = np.zeros(1), np.array([-slope])
    ratio = reduction_ratio(objective.at(start), objective.at(start + step), step, 0.5 * slope**2)
    assert ratio == pytest.approx(1.0, abs=1e-6)


def test_the_ratio_refuses_what_is_not_finite_and_what_rises():
    start, step = np.zeros(1), np.array([1.0])
    for value in (math.nan, math.inf):
        objective = line(-1.0, noise=value)
        assert reduction_ratio(objective.at(start), objective.at(start + step), step, 0.5) == -math.inf
    objective = line(1e-3)
    assert reduction_ratio(objective.at(start), objective.at(start + 0.1 * step), 0.1 * step, 1e-3) < -1.0
    objective = line(1e-9)
    assert reduction_ratio(objective.at(start), objective.at(start + 1e-9 * step), 1e-9 * step, 5e-19) < 1.0
    objective = line(0.0, offset=0.0)
    assert reduction_ratio(objective.at(start), objective.at(start), start, 0.0) == 1.0


def test_autograd_fills_in_derivatives():
    objective = Analytic(lambda x: (x[0] - 1.0) ** 4 + (x[1] + 2.0) ** 2 + x[0] * x[1], 2)
    given = Analytic(
        lambda x: (x[0] - 1.0) ** 4 + (x[1] + 2.0) ** 2 + x[0] * x[1],
        2,
        gradient=lambda x: np.array([4.0 * (x[0] - 1.0) ** 3 + x[1], 2.0 * (x[1] + 2.0) + x[0]]),
        hessian=lambda x: np.array([[12.0 * (x[0] - 1.0) ** 2, 1.0], [1.0, 2.0]]),
    )
    start = np.array([0.3, 0.2])
    np.testing.assert_allclose(objective.at(start).hessian, given.at(start).hessian, rtol=1e-12)
    np.testing.assert_allclose(minimize(objective, start, TrustRegion()).x, minimize(given, start, TrustRegion()).x, rtol=1e-8)


@every_solver
def test_backends_walk_the_same_path(xp, solver):
    if isinstance(getattr(solver, "subproblem", None), MoreSorensen):
        # at its loose default tolerance rounding decides which of two good multipliers is taken
        solver = TrustRegion(subproblem=MoreSorensen(rtol=1e-9))
    results = []
    for namespace in (np, xp):
        risk, start = curve(n_units=3, noise=0.1, xp=namespace, alpha=1e-2)
        results.append(minimize(risk, start, solver, max_iter=15))
    one, other = ([(r.accepted, r.value, r.control) for r in result.history] for result in results)
    assert len(one) == len(other)
    np.testing.assert_allclose(one, other, rtol=1e-6)
    np.testing.assert_allclose(to_host(results[1].x), results[0].x, rtol=1e-6, atol=1e-9)


def test_permuting_the_units_permutes_the_path():
    risk, start = curve(n_units=3, noise=0.1, alpha=1e-2)
    network = risk.network
    units, outer = network.unpack(start)
    order = [2, 0, 1]
    permuted = network.pack(units[:, order], outer[:, [*order, 3]])
    one, other = (minimize(risk, s, TrustRegion(), gtol=1e-10) for s in (start, permuted))
    assert abs(one.nit - other.nit) <= 1
    assert one.fun == pytest.approx(other.fun, rel=1e-12)


def test_large_problems_use_factorizations_and_agree_with_the_spectrum():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(80, 6))
    y = np.sin(X[:, 0]) + 0.1 * rng.normal(size=80)
    fits = [
        NewtonMLPRegressor(40, solver=TrustRegion(subproblem=s), alpha=0.5, random_state=0, n_restarts=1).fit(X, y)
        for s in ("spectral", "more-sorensen")
    ]
    assert fits[0].loss_ == pytest.approx(fits[1].loss_, rel=0.05)
    assert all(model.status_.success for model in fits)
