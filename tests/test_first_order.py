"""Methods of first order: textbook recurrences, scikit-learn's optimizers, and what the papers say of them as trust regions."""

import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from newtonreg import Analytic, EmpiricalRisk, LeastSquares, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.curvatures import CurvaturePoint
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.norms import Adagrad, RMSProp, Spherical
from newtonreg.objectives import Term
from newtonreg.solvers import AdagradDescent, Adam, GradientDescent, NewtonMR, RMSPropDescent
from newtonreg.subproblems import Spectral
from newtonreg.testing import check_solver

SOLVERS = [
    GradientDescent(learning_rate=0.05),
    GradientDescent(learning_rate=0.05, nesterov=False),
    AdagradDescent(),
    RMSPropDescent(),
    Adam(),
]
every_solver = pytest.mark.parametrize("solver", SOLVERS, ids=str)
N_STEPS = 40


def curve(xp=np, weight=1.0):
    """A network on noisy data with unequal weights, `weight` times those of the first."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(2, 30))
    network = ShallowNetwork(Tanh(), 2, 3, 1)
    targets = np.sin(2.0 * inputs[:1]) + 0.1 * rng.normal(size=(1, 30))
    weights = weight * rng.uniform(0.5, 2.0, size=30)
    arrays = [xp.asarray(a) for a in (inputs, targets, weights)]
    penalty = 0.1 * weight * network.penalty_mask(arrays[0])
    risk = EmpiricalRisk([Term(network, arrays[0], arrays[1], SquaredError(), arrays[2])], penalty)
    return risk, xp.asarray(0.5 * rng.normal(size=network.n_params))


def ill_conditioned(size=6):
    """½ xᵀHx with the curvatures 1 … 1000, turned out of the axes."""
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((size, size)))[0]
    matrix = (rotation * np.logspace(0.0, 3.0, size)) @ rotation.T
    return Analytic(lambda x: 0.5 * x @ matrix @ x, size, lambda x: matrix @ x, lambda x: matrix)


def walk(solver, objective, start, n_steps=N_STEPS):
    """The parameters after each step."""
    state, path = solver.init(objective, start), []
    for _ in range(n_steps):
        state = solver.step(objective, state)
        path.append(state.params)
    return path


# -- recurrences, in scalar arithmetic


def heavy_ball(g, memory, rate=0.05, momentum=0.9):
    v = momentum * memory.get("v", 0.0) - rate * g
    return v, {"v": v}


def looking_ahead(g, memory, rate=0.05, momentum=0.9):
    v = momentum * memory.get("v", 0.0) - rate * g
    return momentum * v - rate * g, {"v": v}


def adagrad(g, memory, rate=0.1, eps=1e-10):
    total = memory.get("total", 0.0) + g**2
    return -rate * g / math.sqrt(total + eps), {"total": total}


def rmsprop(g, memory, rate=0.01, decay=0.9, eps=1e-10):
    mean = decay * memory.get("mean", 0.0) + (1.0 - decay) * g**2
    return -rate * g / math.sqrt(mean + eps), {"mean": mean}


def adam(g, memory, rate=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    """With the two bias corrections as Kingma and Ba write them; eps is then divided by the second one's root."""
    t = memory.get("t", 0) + 1
    m = beta1 * memory.get("m", 0.0) + (1.0 - beta1) * g
    v = beta2 * memory.get("v", 0.0) + (1.0 - beta2) * g**2
    m_hat, v_hat = m / (1.0 - beta1**t), v / (1.0 - beta2**t)
    return -rate * m_hat / (math.sqrt(v_hat) + eps / math.sqrt(1.0 - beta2**t)), {"t": t, "m": m, "v": v}


RECURRENCES = [
    (GradientDescent(learning_rate=0.05, nesterov=False), heavy_ball),
    (GradientDescent(learning_rate=0.05), looking_ahead),
    (AdagradDescent(), adagrad),
    (RMSPropDescent(), rmsprop),
    (Adam(), adam),
]


@pytest.mark.parametrize(("solver", "recurrence"), RECURRENCES, ids=[r.__name__ for _, r in RECURRENCES])
def test_each_entry_follows_the_textbook(solver, recurrence):
    risk, start = curve()
    x, memories = start.copy(), [{} for _ in start]
    for params in walk(solver, risk, start):
        gradient = risk.at(x).gradient / risk.total_weight
        steps = [recurrence(float(g), memory) for g, memory in zip(gradient, memories, strict=True)]
        x, memories = x + np.array([s for s, _ in steps]), [memory for _, memory in steps]
        np.testing.assert_allclose(params, x, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("solver", "theirs"),
    [
        (GradientDescent(0.03, momentum=0.8), lambda p: SGDOptimizer(p, 0.03, momentum=0.8, nesterov=True)),
        (GradientDescent(0.03, momentum=0.8, nesterov=False), lambda p: SGDOptimizer(p, 0.03, momentum=0.8, nesterov=False)),
        (Adam(0.02, 0.8, 0.99, 1e-6), lambda p: AdamOptimizer(p, 0.02, beta_1=0.8, beta_2=0.99, epsilon=1e-6)),
    ],
    ids=["nesterov", "heavy-ball", "adam"],
)
def test_steps_are_those_of_scikit_learn_bit_for_bit(solver, theirs):
    risk, start = curve()
    params = [start.copy()]
    optimizer = theirs(params)
    for x in walk(solver, risk, start):
        optimizer.update_params(params, [risk.at(params[0]).gradient / risk.total_weight])
        np.testing.assert_array_equal(x, params[0])


@every_solver
def test_rates_refer_to_a_unit_of_weight(solver):
    paths = [walk(solver, *curve(weight=weight)) for weight in (1.0, 50.0)]
    np.testing.assert_allclose(*paths, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("nesterov", [True, False])
def test_the_limit_of_stability_is_the_one_of_the_docstring(nesterov):
    momentum, curvature = 0.7, 4.0
    limit = 2.0 * (1.0 + momentum) / (1.0 + 2.0 * momentum if nesterov else 1.0) / curvature
    objective = Analytic(lambda x: 0.5 * curvature * x[0] ** 2, 1, lambda x: curvature * x, lambda x: np.array([[curvature]]))
    below, above = (
        abs(walk(GradientDescent(share * limit, momentum, nesterov), objective, np.array([1.0]), 400)[-1][0])
        for share in (0.98, 1.02)
    )
    assert below < 1e-2 and above > 1e2


# -- as trust regions (Adolphs, Kohler & Lucchi 2019)


def _scalings(norm, objective, start, solver):
    """Point, scaling and next parameters along a run of `solver`."""
    state, scaling = solver.init(objective, start), None
    for _ in range(N_STEPS):
        point = state.point
        scaling = norm.scaling(point, CurvaturePoint(lambda point=point: point.hessian), scaling)
        state = solver.step(objective, state)
        yield point, scaling, state.params


def _dual_norm(scaling, gradient):
    """‖g‖_{M⁻¹} = ‖Sᵀg‖ for M = S⁻ᵀS⁻¹."""
    return float(np.linalg.norm(scaling.gradient(gradient)))


@pytest.mark.parametrize("norm", [Adagrad(), RMSProp(decay=0.9)], ids=str)
def test_a_preconditioned_gradient_step_minimizes_the_linear_model_in_its_ellipsoid(norm):
    """Lemma 1: −η M⁻¹g has the length η ‖g‖_{M⁻¹} in the norm of M, and nothing of that length has a smaller gᵀp."""
    rng = np.random.default_rng(0)
    solver = {"adagrad": AdagradDescent(0.03), "rmsprop": RMSPropDescent(0.03)}[norm.name]
    for point, scaling, params in _scalings(norm, ill_conditioned(), np.ones(6), solver):
        step, gradient = params - point.params, point.gradient
        dual = _dual_norm(scaling, gradient)
        inverse = scaling.step(scaling.gradient(gradient))
        np.testing.assert_allclose(step, -0.03 * inverse, rtol=1e-10, atol=1e-14)
        assert float(scaling.norm(step)) == pytest.approx(0.03 * dual, rel=1e-10)
        assert gradient @ step == pytest.approx(-0.03 * dual**2, rel=1e-10)
        for direction in rng.standard_normal((20, 6)):
            other = direction * (0.03 * dual / float(scaling.norm(direction)))
            assert gradient @ other >= gradient @ step * (1.0 + 1e-10)


@pytest.mark.parametrize(
    ("norm", "solver"),
    [
        (Spherical(), GradientDescent(1e-3, momentum=0.0, nesterov=False)),
        (Adagrad(), AdagradDescent(0.1)),
        (RMSProp(decay=0.9), RMSPropDescent(0.01)),
    ],
    ids=["ball", "adagrad", "rmsprop"],
)
def test_a_first_order_trust_region_of_the_right_radius_is_the_method_of_its_norm(norm, solver):
    objective, start = ill_conditioned(), np.ones(6)
    x, scaling = start, None
    for params in walk(solver, objective, start):
        point = objective.at(x)
        scaling = norm.scaling(point, None, scaling)
        radius = solver.learning_rate * _dual_norm(scaling, point.gradient)
        step = Spectral().solve(scaling.model(point.gradient, np.zeros((6, 6))), radius)
        assert step.on_boundary
        x = x + scaling.step(step.p)
        np.testing.assert_allclose(params, x, rtol=1e-10, atol=1e-12)


def test_norms_of_rmsprop_are_uniformly_equivalent_and_those_of_adagrad_are_not():
    """For gradients bounded by b: eps^½ ‖p‖² ≤ ‖p‖_M² ≤ (b² + eps)^½ ‖p‖² for RMSProp at any time; Adagrad's grow as t^½."""
    rng = np.random.default_rng(0)
    bound, eps = 2.0, 1e-4
    rms, ada, sizes = None, None, {}
    for t in range(1, 10_001):
        gradient = rng.uniform(-bound, bound, size=4) * np.array([1.0, 0.1, 1.0, 0.0])
        gradient[2] = bound
        point = SimpleNamespace(gradient=gradient)
        rms, ada = RMSProp(eps=eps).scaling(point, None, rms), Adagrad(eps=eps).scaling(point, None, ada)
        if t in (1, 10, 100, 1000, 10_000):
            squares = np.array([[float(s.norm(unit)) ** 2 for unit in np.eye(4)] for s in (rms, ada)])
            assert math.sqrt(eps) * (1.0 - 1e-12) <= squares[0].min()
            assert squares[0].max() <= math.sqrt(bound**2 + eps) * (1.0 + 1e-12)
            sizes[t] = squares[1].max(), squares[1].max() / squares[1].min()
    for before, after in ((1, 100), (100, 10_000)):
        np.testing.assert_allclose(np.array(sizes[after]) / np.array(sizes[before]), 10.0, rtol=1e-3)


# -- Newton is gradient descent on whitened inputs (Wadia et al. 2021, linear model)


@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_newton_on_linear_least_squares_is_gradient_descent_on_whitened_inputs(rate):
    """With C = XᵀX/n, Newton in w and gradient descent from C^½ w in the inputs X C^-½ give the same function at each step."""
    rng = np.random.default_rng(0)
    n, d = 50, 6
    inputs = rng.standard_normal((n, d)) @ rng.standard_normal((d, d))
    targets, start, others = rng.standard_normal(n), rng.standard_normal(d), rng.standard_normal((20, d))
    values, vectors = np.linalg.eigh(inputs.T @ inputs / n)
    root, inverse_root = (vectors * np.sqrt(values)) @ vectors.T, (vectors / np.sqrt(values)) @ vectors.T

    def mean_square(x):
        return LeastSquares(
            lambda w: (x @ w - targets) / math.sqrt(n), d, lambda w: x / math.sqrt(n), lambda w: np.zeros((n, d, d))
        )

    newton = walk(NewtonMR(initial_step=rate), mean_square(inputs), start, 12)
    descent = walk(GradientDescent(rate, 0.0, nesterov=False), mean_square(inputs @ inverse_root), root @ start, 12)
    for x in (inputs, others):
        np.testing.assert_allclose([x @ w for w in newton], [x @ inverse_root @ w for w in descent], rtol=1e-10, atol=1e-10)
    solution = np.linalg.lstsq(inputs, targets, rcond=None)[0]
    left = np.linalg.norm(newton[-1] - solution) / np.linalg.norm(start - solution)
    assert left == pytest.approx((1.0 - rate) ** 12, rel=1e-8, abs=1e-12)


# -- as solvers


def test_the_defaults_make_progress_on_a_network_and_in_a_valley():
    valley = Analytic(
        lambda x: 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2,
        2,
        gradient=lambda x: np.array([-400.0 * x[0] * (x[1] - x[0] ** 2) - 2.0 * (1.0 - x[0]), 200.0 * (x[1] - x[0] ** 2)]),
    )
    for solver in ("sgd", "adagrad", "rmsprop", "adam"):
        risk, start = curve()
        assert minimize(risk, start, solver, patience=1000).fun < 0.5 * risk.at(start).value
        assert minimize(valley, np.array([-1.2, 1.0]), solver, patience=1000).fun < 2.0


@every_solver
def test_a_trial_that_is_not_finite_is_rejected_and_halves_the_rate_for_good(solver):
    """Beyond x = 1 the function is NaN; the next trial is half as long, in the same direction."""
    objective = Analytic(
        lambda x: math.nan if x[0] > 1.0 else 0.5 * (x[0] - 2.0) ** 2 + 0.5 * x[1] ** 2,
        2,
        gradient=lambda x: np.array([x[0] - 2.0, x[1]]),
        hessian=lambda x: np.eye(2),
    )
    state, twice = solver.init(objective, np.array([0.8, 0.3])), 0
    for _ in range(300):
        after = solver.step(objective, state)
        if not after.accepted:
            np.testing.assert_array_equal(after.params, state.params)
            assert after.control == 0.5 * state.control
            if not state.accepted:
                twice += 1
                assert after.step_norm == pytest.approx(0.5 * state.step_norm, rel=1e-12)
        else:
            assert after.control == state.control
        state = after
    assert state.params[0] <= 1.0 and np.all(np.isfinite(state.params))
    assert twice >= 1


def test_a_gradient_that_is_not_finite_ends_a_run():
    objective = Analytic(lambda x: math.sqrt(x[0]), 1, lambda x: np.array([math.inf]), lambda x: np.eye(1))
    with pytest.raises(FloatingPointError, match="gradient has norm inf at the starting point"):
        minimize(objective, np.array([0.0]), Adam())


@every_solver
def test_the_best_point_is_kept_whatever_the_rate(solver):
    risk, start = curve()
    wild = type(solver)(**{**solver.get_params(), "learning_rate": 3.0})
    result = minimize(risk, start, wild, max_iter=200, patience=1000)
    values = [record.value for record in result.history]
    assert any(b > a for a, b in zip(values, values[1:], strict=False))
    assert result.fun == min(values) <= values[0]
    assert risk.at(result.x).value == result.fun


@every_solver
def test_a_step_costs_a_value_and_a_gradient(solver):
    risk, start = curve()
    result = minimize(risk, start, solver, max_iter=20, patience=1000)
    assert (result.nfev, result.njev, result.nhev, result.nhvp) == (21, 21, 0, 0)


@every_solver
def test_a_detached_state_continues_bit_by_bit(solver):
    risk, start = curve()
    whole = solver.init(risk, start)
    for _ in range(7):
        whole = solver.step(risk, whole)
    half = pickle.loads(pickle.dumps(whole.detached())).attached(risk)
    for _ in range(9):
        whole, half = solver.step(risk, whole), solver.step(risk, half)
        np.testing.assert_array_equal(half.params, whole.params)
    # no model of F, so nothing that the loop could take for a promise
    assert math.isnan(whole.predicted)


@every_solver
def test_backends_walk_the_same_path(xp, solver):
    ours, theirs = (walk(solver, *curve(namespace), 15) for namespace in (np, xp))
    np.testing.assert_allclose(ours, [to_host(x) for x in theirs], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("solver", "gtol"),
    [
        (GradientDescent(), 1e-2),
        (GradientDescent(learning_rate=5e-4, momentum=0.95, nesterov=False), 1e-2),
        (Adam(learning_rate=0.05), 1e-4),
        (AdagradDescent(learning_rate=1.0), 1e-1),
        (RMSPropDescent(learning_rate=1e-3), 1.0),
    ],
    ids=str,
)
def test_each_keeps_the_contract_of_solvers(solver, gtol):
    check_solver(solver, max_iter=8000, gtol=gtol)


def test_parameters_out_of_range_are_named():
    objective = ill_conditioned()
    for solver, word in (
        (GradientDescent(learning_rate=0.0), "learning_rate=0.0"),
        (GradientDescent(momentum=1.0), "momentum=1.0"),
        (AdagradDescent(eps=-1.0), "eps=-1.0"),
        (RMSPropDescent(decay=1.5), "decay=1.5"),
        (Adam(beta2=1.0), "beta2=1.0"),
    ):
        with pytest.raises(ValueError, match=word):
            minimize(objective, np.ones(6), solver)
