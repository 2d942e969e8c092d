"""INNA: the recurrence and its start, its regimes and step bound, how it leaves a saddle, and a rate that nobody chooses."""

import math
import pickle

import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, minimize
from newtonreg.bases import Relu, Tanh
from newtonreg.losses import Multinomial, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import INNA, GradientDescent, MiniBatches
from newtonreg.solvers.inna import _largest_curvature, stable_rate
from newtonreg.testing import check_solver

PAIRS = [(0.5, 0.1), (0.5, 1.0), (1.0, 1.1), (2.0, 1.0), (0.0, 0.3)]
every_pair = pytest.mark.parametrize(("alpha", "beta"), PAIRS)


def make_risk(xp=np, seed=0, basis=None, loss=None, n=60, d=2, k=6, weight=1.0):
    """A small network with unequal weights on a wave, or on three classes."""
    rng = np.random.RandomState(seed)
    inputs = rng.normal(size=(d, n))
    wave = np.sin(2.0 * inputs[:1]) + 0.1 * rng.normal(size=(1, n))
    targets = wave if loss is None else np.eye(3)[:, np.digitize(wave[0], [-0.5, 0.5])]
    weights = weight * rng.uniform(0.5, 2.0, size=n)
    network = ShallowNetwork(basis or Tanh(), d, k, targets.shape[0])
    arrays = [xp.asarray(array) for array in (inputs, targets, weights)]
    penalty = 1e-3 * weight * network.penalty_mask(arrays[0])
    risk = EmpiricalRisk([Term(network, arrays[0], arrays[1], loss or SquaredError(), arrays[2])], penalty)
    return risk, xp.asarray(rng.normal(size=network.n_params) / math.sqrt(d + 1.0))


def quadratic(curvatures):
    """½ Σ_a curvature_a x_a²."""
    scale = np.asarray(curvatures)
    return Analytic(lambda x: 0.5 * (scale * x) @ x, scale.size, lambda x: scale * x, lambda x: np.diag(scale))


def walk(solver, objective, start, n_steps=30):
    """The states of a run, the first included."""
    states = [solver.init(objective, start)]
    for _ in range(n_steps):
        states.append(solver.step(objective, states[-1]))
    return states


def psi_of(state):
    return state.memory["phase"]["psi"]


def reference(gradient, x, n_steps, rate, alpha, beta, power=0.0, speed=1.0):
    """Pairs (x, ψ) of the textbook, for x of any shape."""
    psi = (1.0 - alpha * beta) * x + beta * (speed - beta) * gradient(x)
    yield x, psi
    for k in range(n_steps):
        step, v = rate * (k + 1.0) ** -power, gradient(x)
        c = (1.0 / beta - alpha) * x - psi / beta
        x, psi = x + step * (c - beta * v), psi + step * c
        yield x, psi


# -- the recurrence


@every_pair
@pytest.mark.parametrize("power", [0.0, 0.25, 0.5])
def test_theta_and_psi_move_from_the_old_pair(alpha, beta, power):
    risk, start = make_risk()
    states = walk(INNA(0.05, alpha, beta, decay_power=power, initial_speed=1.0), risk, start)
    pairs = reference(lambda x: risk.at(x).gradient / risk.total_weight, start, 30, 0.05, alpha, beta, power)
    for state, (x, psi) in zip(states, pairs, strict=True):
        np.testing.assert_array_equal(state.params, x)
        np.testing.assert_array_equal(psi_of(state), psi)


@every_pair
def test_a_stationary_point_with_psi_at_rest_is_left_unchanged(alpha, beta):
    objective, shift = quadratic([1.0, 30.0, 4.0]), np.array([3.0, -2.0, 1e-3])
    shifted = Analytic(
        lambda x: objective.at(x - shift).value,
        3,
        lambda x: objective.at(x - shift).gradient,
        lambda x: np.diag([1.0, 30.0, 4.0]),
    )
    states = walk(INNA(0.05, alpha, beta), shifted, shift)
    np.testing.assert_array_equal(psi_of(states[0]), (1.0 - alpha * beta) * shift)
    np.testing.assert_allclose(states[-1].params, shift, rtol=1e-12)
    np.testing.assert_allclose(psi_of(states[-1]), (1.0 - alpha * beta) * shift, rtol=1e-12, atol=1e-15)


@every_pair
@pytest.mark.parametrize("speed", [1.0, None, 0.3, 0.0])
def test_the_first_velocity_is_s_times_the_steepest_descent(alpha, beta, speed):
    """s = 1 and s = β, the default, are those of the authors' two programs."""
    risk, start = make_risk()
    solver = INNA(0.05, alpha, beta, initial_speed=speed)
    speed = beta if speed is None else speed
    before, after = walk(solver, risk, start, 1)
    expected = -speed * before.point.gradient / risk.total_weight
    np.testing.assert_allclose((after.params - start) / 0.05, expected, rtol=1e-11, atol=1e-12)
    if speed == beta:
        np.testing.assert_array_equal(psi_of(before), (1.0 - alpha * beta) * start)


@every_pair
def test_psi_runs_ahead_of_theta_by_beta_times_the_gradient(alpha, beta):
    """The phase form, ψ' − θ' = β ∇J."""
    risk, start = make_risk()
    states = walk(INNA(0.05, alpha, beta), risk, start)
    for k, (before, after) in enumerate(zip(states, states[1:], strict=False)):
        gap = (psi_of(after) - psi_of(before)) - (after.params - before.params)
        rate = 0.05 * (k + 1.0) ** -0.25
        np.testing.assert_allclose(gap / rate, beta * before.point.gradient / risk.total_weight, rtol=1e-12, atol=1e-12)


@every_pair
def test_with_a_constant_rate_it_is_momentum(alpha, beta):
    """x ← x + γ (c − βg), c ← (1 − αγ) c − γ (1 − αβ) g, with c = (β − s) g at the start."""
    risk, x = make_risk()
    rate, states = 0.05, walk(INNA(0.05, alpha, beta, decay_power=0.0, initial_speed=1.0), risk, x)
    c = (beta - 1.0) * risk.at(x).gradient / risk.total_weight
    for state in states[1:]:
        g = risk.at(x).gradient / risk.total_weight
        x, c = x + rate * (c - beta * g), (1.0 - alpha * rate) * c - rate * (1.0 - alpha * beta) * g
        np.testing.assert_allclose(state.params, x, rtol=1e-10, atol=1e-12)


def test_decoupled_weight_decay_ends_where_a_penalty_of_decay_over_beta_would():
    objective, beta, decay = quadratic([1.0, 5.0]), 0.5, 0.2
    shift = np.array([1.0, -2.0])
    shifted = Analytic(lambda x: objective.at(x - shift).value, 2, lambda x: objective.at(x - shift).gradient)
    solver = INNA(0.2, 0.5, beta, decay_power=0.0, weight_decay=decay)
    last = walk(solver, shifted, np.array([0.3, 0.3]), 2000)[-1]
    curvature, penalty = np.array([1.0, 5.0]), decay / beta
    np.testing.assert_allclose(last.params, curvature * shift / (curvature + penalty), rtol=1e-12)
    np.testing.assert_allclose(psi_of(last), (1.0 - 0.5 * beta) * last.params, rtol=1e-12)


# -- stability and regimes


def euler_radius(rate, curvature, alpha, beta):
    """Spectral radius of a step at a minimum with one curvature."""
    a = alpha - 1.0 / beta
    flow = np.array([[-a - beta * curvature, -1.0 / beta], [-a, -1.0 / beta]])
    return np.abs(np.linalg.eigvals(np.eye(2) + rate * flow)).max()


@every_pair
@pytest.mark.parametrize("largest", [0.01, 1.0, 20.0, 390.0, 1e4])
def test_the_stable_rate_is_the_limit_for_all_curvatures_below(alpha, beta, largest):
    limit = stable_rate(largest, alpha, beta)
    curvatures = np.append(np.geomspace(1e-6, 1.0, 200) * largest, largest)
    radius = [max(euler_radius(share * limit, c, alpha, beta) for c in curvatures) for share in (0.99, 1.01)]
    assert radius[0] < 1.0 < radius[1]


def test_runs_obey_the_stable_rate():
    limit = stable_rate(25.0, 0.5, 0.1)
    below, above = (
        abs(walk(INNA(share * limit, decay_power=0.0), quadratic([25.0]), np.array([1.0]), 2000)[-1].params[0])
        for share in (0.97, 1.03)
    )
    assert below < 1e-3 and above > 1e3


def sign_changes(alpha, beta, curvature):
    """Of x along 4 units of time or more of a run at a small rate, at rest at first."""
    rate = 0.02 * stable_rate(curvature, alpha, beta)
    states = walk(INNA(rate, alpha, beta, decay_power=0.0, initial_speed=0.0), quadratic([curvature]), np.array([1.0]), 3000)
    x = np.array([state.params[0] for state in states])
    return int(np.sum(x[1:] * x[:-1] < 0.0)), x


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 1.1), (2.0, 1.0), (0.5, 3.0)])
@pytest.mark.parametrize("curvature", [0.1, 1.0, 10.0])
def test_above_alpha_beta_of_one_descent_is_monotone(alpha, beta, curvature):
    changes, x = sign_changes(alpha, beta, curvature)
    assert changes == 0 and np.all(np.diff(x) <= 0.0) and x[-1] < 0.9


def test_below_alpha_beta_of_one_curvatures_between_two_bounds_oscillate():
    alpha, beta = 0.5, 1.0
    bounds = [(2.0 - alpha * beta + sign * 2.0 * math.sqrt(1.0 - alpha * beta)) / beta**2 for sign in (-1.0, 1.0)]
    inside, below, above = 1.0, 0.7 * bounds[0], 1.5 * bounds[1]
    assert bounds[0] < inside < bounds[1]
    assert sign_changes(alpha, beta, inside)[0] >= 3
    assert sign_changes(alpha, beta, below)[0] <= 1 and sign_changes(alpha, beta, above)[0] <= 1


# -- the saddle of x⁴ − 4x² + y² (Castera 2021, arXiv 2111.04596)

SADDLE_RUNS = 1000
MEDIAN_ESCAPE = {(0.5, 1.0): 176, (1.0, 1.1): 171, (0.5, 0.1): 461, (2.0, 1.0): 205}


def saddle_gradient(z):
    return np.stack([4.0 * z[0] ** 3 - 8.0 * z[0], 2.0 * z[1]])


def saddle_starts():
    return 1e-12 * np.random.RandomState(0).normal(size=(2, SADDLE_RUNS))


def escapes(points):
    """For each run, the first iteration with |x| > ½; infinite where there is none."""
    first = np.full(SADDLE_RUNS, np.inf)
    for k, z in enumerate(points):
        first[np.isinf(first) & (np.abs(z[0]) > 0.5)] = k
    return first


def descent(z, n_steps):
    for _ in range(n_steps):
        yield z
        z = z - 0.02 * saddle_gradient(z)


def test_every_run_leaves_the_saddle_after_the_known_time():
    first = escapes(descent(saddle_starts(), 1000))
    assert np.all(np.isfinite(first)) and np.median(first) == pytest.approx(185, rel=0.1)
    for (alpha, beta), median in MEDIAN_ESCAPE.items():
        first = escapes(x for x, _ in reference(saddle_gradient, saddle_starts(), 2000, 0.02, alpha, beta))
        assert np.all(np.isfinite(first)), (alpha, beta)
        assert np.median(first) == pytest.approx(median, rel=0.1)


def test_the_solver_leaves_the_saddle_as_the_reference_does():
    saddle = Analytic(lambda z: z[0] ** 4 - 4.0 * z[0] ** 2 + z[1] ** 2, 2, saddle_gradient)
    starts = saddle_starts()[:, :3]
    for alpha, beta in MEDIAN_ESCAPE:
        pairs = list(reference(saddle_gradient, starts, 700, 0.02, alpha, beta))
        for run in range(starts.shape[1]):
            states = walk(INNA(0.02, alpha, beta, decay_power=0.0, initial_speed=1.0), saddle, starts[:, run], 700)
            # rounding apart, which the saddle blows up as it does the start
            np.testing.assert_allclose([s.params[0] for s in states], [x[0, run] for x, _ in pairs], rtol=1e-9, atol=1e-24)
            assert abs(states[-1].params[0]) > 0.5
    found = walk(GradientDescent(0.02, 0.0, nesterov=False), saddle, starts[:, 0], 300)[-1]
    assert found.params[0] ** 2 == pytest.approx(2.0)


# -- the rate by default


PROBLEMS = {
    "tanh": {},
    "relu": {"basis": Relu()},
    "classes": {"loss": Multinomial()},
    "relu-classes": {"basis": Relu(), "loss": Multinomial(), "d": 8, "k": 20},
    "wide": {"d": 10, "k": 30, "n": 100},
}


@pytest.mark.parametrize("largest", [0.5, 40.0, 3e3])
def test_by_default_the_rate_is_half_the_stable_one_for_the_largest_curvature_at_the_start(largest):
    objective = quadratic(largest * np.array([1e-3, 0.02, 0.2, 0.4, 1.0]))
    state = INNA().init(objective, np.array([1.0, -1.0, 1.0, 1.0, 0.1]))
    assert state.control == pytest.approx(0.5 * stable_rate(largest, 0.5, 0.1), rel=0.01)
    assert (objective.counts.nfev, objective.counts.njev, objective.counts.nhev, objective.counts.nhvp) == (0, 9, 0, 0)


@pytest.mark.parametrize("problem", ["tanh", "classes", "wide"])
def test_on_a_network_the_curvature_found_is_nearly_the_largest(problem):
    risk, start = make_risk(**PROBLEMS[problem])
    largest = np.abs(np.linalg.eigvalsh(risk.at(start).hessian)).max() / risk.total_weight
    assert 0.75 * largest <= _largest_curvature(risk, risk.at(start)) <= 1.01 * largest


def test_a_rate_that_is_given_costs_nothing():
    risk, start = make_risk()
    result = minimize(risk, start, INNA(0.05), max_iter=20, patience=1000)
    assert (result.nfev, result.njev, result.nhev, result.nhvp) == (21, 21, 0, 0)


def test_without_curvature_the_rate_is_beta():
    flat = Analytic(lambda x: 3.0 * x[0], 1, lambda x: np.array([3.0]), lambda x: np.zeros((1, 1)))
    assert INNA(beta=0.3).init(flat, np.array([1.0])).control == 0.3


def test_the_rate_decays_as_stated():
    """From x = 0 at rest under a constant slope, one step shows the rate: x = −γ β g."""
    for solver, hold in ((INNA(0.2), 1), (INNA(), 256)):
        risk, start = make_risk()
        state = solver.init(risk, start)
        for count in (0, 1, 255, 256, 4095):
            at_count = state.replaced(memory={**state.memory, "count": count})
            psi = psi_of(solver.step(risk, at_count)) - psi_of(state)
            drift = (1.0 / 0.1 - 0.5) * start - psi_of(state) / 0.1
            expected = state.control * min(1.0, (hold / (count + 1.0)) ** 0.25)
            np.testing.assert_allclose(psi, expected * drift, rtol=1e-9, atol=1e-12)


def test_paths_refer_to_a_unit_of_weight():
    paths = [[s.params for s in walk(INNA(), *make_risk(weight=weight))] for weight in (1.0, 50.0)]
    np.testing.assert_allclose(*paths, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", range(3))
def test_the_default_does_not_diverge(problem, seed):
    """In full batches and in batches of eight rows, whose gradients are very noisy."""
    risk, start = make_risk(seed=seed, **PROBLEMS[problem])
    before = risk.at(start).value
    for solver, n_iter in ((INNA(), 150), (MiniBatches(INNA(), batch_size=8), 20)):
        history = minimize(risk, start, solver, max_iter=n_iter, patience=1000).history
        assert all(record.accepted for record in history)
        assert max(record.value for record in history) < 3.0 * before
        assert history[-1].value < 0.9 * before


@pytest.mark.parametrize("problem", ["tanh", "relu", "relu-classes", "wide"])
def test_the_default_is_about_as_good_as_the_best_rate_of_a_grid(problem):
    risk, start = make_risk(**PROBLEMS[problem])

    def loss(solver):
        with np.errstate(all="ignore"):
            return minimize(risk, start, solver, max_iter=100, patience=1000).fun

    assert loss(INNA()) < 1.5 * min(loss(INNA(rate)) for rate in 10.0 ** np.arange(-3.0, 1.1, 0.5))


# -- as a solver


def test_it_is_found_by_name_and_keeps_the_contract():
    check_solver(INNA(decay_power=0.0), max_iter=4000)
    risk, start = make_risk()
    assert minimize(risk, start, "inna", max_iter=200, patience=1000).fun < 0.5 * risk.at(start).value


def test_a_trial_that_is_not_finite_is_rejected_and_halves_the_rate_for_good():
    """Beyond x = 1 the function is NaN; the pair stays as it was, so the next trial is half as long in the same direction."""
    objective = Analytic(
        lambda x: math.nan if x[0] > 1.0 else 0.5 * (x[0] - 2.0) ** 2 + 0.5 * x[1] ** 2,
        2,
        gradient=lambda x: np.array([x[0] - 2.0, x[1]]),
        hessian=lambda x: np.eye(2),
    )
    states = walk(INNA(0.3), objective, np.array([0.6, 0.3]), 100)
    rejected = 0
    for before, after in zip(states, states[1:], strict=False):
        if after.accepted:
            assert after.control == before.control
            continue
        assert after.control == 0.5 * before.control
        np.testing.assert_array_equal(after.params, before.params)
        np.testing.assert_array_equal(psi_of(after), psi_of(before))
        if not before.accepted:
            rejected += 1
            assert after.step_norm == pytest.approx(0.5 * before.step_norm, rel=1e-12)
    assert rejected >= 1 and states[-1].params[0] <= 1.0


def test_a_detached_state_continues_bit_by_bit():
    risk, start = make_risk()
    solver = INNA()
    whole = walk(solver, risk, start, 20)[-1]
    half = pickle.loads(pickle.dumps(whole.detached())).attached(risk)
    for _ in range(9):
        whole, half = solver.step(risk, whole), solver.step(risk, half)
        np.testing.assert_array_equal(half.params, whole.params)
        np.testing.assert_array_equal(psi_of(half), psi_of(whole))


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_every_array_library_takes_the_same_path(xp, to_numpy, weight_decay):
    solver = INNA(weight_decay=weight_decay)
    expected = walk(solver, *make_risk())
    for state, other in zip(walk(solver, *make_risk(xp)), expected, strict=True):
        np.testing.assert_allclose(to_numpy(state.params), other.params, rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(to_numpy(psi_of(state)), psi_of(other), rtol=1e-9, atol=1e-11)


def test_batches_of_all_rows_in_their_order_are_full_steps():
    risk, start = make_risk()
    batched = minimize(risk, start, MiniBatches(INNA(0.05), batch_size=60, shuffle=False), max_iter=20, patience=1000)
    np.testing.assert_allclose(batched.x, walk(INNA(0.05), risk, start, 20)[-1].params, rtol=1e-10)


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ({"learning_rate": 0.0}, "learning_rate=0.0"),
        ({"alpha": -0.5}, "alpha=-0.5"),
        ({"beta": 0.0}, "beta=0.0"),
        ({"decay_power": 1.0}, "decay_power=1.0"),
        ({"initial_speed": math.nan}, "initial_speed=nan"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, word):
    with pytest.raises(ValueError, match=word):
        minimize(quadratic([1.0]), np.ones(1), INNA(**parameters))
