"""Root finders of the gradient: orders of convergence, gradient-flat ends, work counts."""

import math
import pickle

import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, Status, classify, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import GradientNormMinimization, NewtonMR
from newtonreg.testing import check_solver

NEWTON = [NewtonMR(method="dense"), NewtonMR(method="krylov"), NewtonMR(initial_step=0.1, growth=2.0)]
FINDERS = [*NEWTON, GradientNormMinimization()]
every_finder = pytest.mark.parametrize("solver", FINDERS, ids=str)
every_newton = pytest.mark.parametrize("solver", NEWTON[:2], ids=str)


def symmetric(size, rank, seed=0):
    """A matrix with eigenvalues of both signs, the largest 3, `rank` of them not zero."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((size, size)))[0]
    values = np.linspace(0.2, 3.0, size) * np.where(np.arange(size) % 2, 1.0, -1.0)
    values[: size - rank] = 0.0
    matrix = (rotation * values) @ rotation.T
    return 0.5 * (matrix + matrix.T), rng.standard_normal(size)


def cubic(xp, curvatures):
    """½ Σ a x² + ⅓ Σ x³ + x_0 x_1 x_2, stationary at 0 with the eigenvalues a."""
    a = xp.asarray(curvatures)
    ones = xp.asarray(np.ones((3, 3)) - np.eye(3))

    def product(x):
        return xp.stack([x[1] * x[2], x[0] * x[2], x[0] * x[1]])

    def hessian(x):
        mixed = ones * xp.sum(x) - ones * (x[:, None] + x[None, :])
        return mixed + xp.eye(3) * (a + 2.0 * x)[None, :]

    return Analytic(
        lambda x: 0.5 * xp.sum(a * x * x) + xp.sum(x**3) / 3.0 + x[0] * x[1] * x[2],
        3,
        gradient=lambda x: a * x + x * x + product(x),
        hessian=hessian,
    )


def quadratic(matrix, gradient):
    """½ xᵀHx + gᵀx."""
    return Analytic(
        lambda x: 0.5 * x @ matrix @ x + gradient @ x, len(gradient), lambda x: matrix @ x + gradient, lambda x: matrix
    )


def curve(xp=np):
    """A network of three units on noisy data, away from any stationary point."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(1, 40))
    network = ShallowNetwork(Tanh(), 1, 3, 1)
    targets = np.sin(2.0 * inputs) + 0.1 * rng.normal(size=(1, 40))
    arrays = [xp.asarray(a) for a in (inputs, targets, np.ones(40))]
    risk = EmpiricalRisk([Term(network, arrays[0], arrays[1], SquaredError(), arrays[2])], 0.1 * network.penalty_mask(arrays[0]))
    return risk, xp.asarray(0.5 * rng.normal(size=network.n_params))


@every_newton
@pytest.mark.parametrize(("curvatures", "kind"), [((1.0, -2.0, 0.5), "saddle"), ((-1.0, -2.0, -0.5), "maximum")])
def test_newton_converges_quadratically_to_saddles_and_maxima(xp, solver, curvatures, kind):
    objective = cubic(xp, curvatures)
    result = minimize(objective, xp.asarray([0.2, -0.1, 0.2]), solver, gtol=1e-15)
    assert classify(objective, result.x).kind == kind
    np.testing.assert_allclose(to_host(result.x), 0.0, atol=1e-15)
    norms = [record.gradient_norm for record in result.history]
    # around a stationary point at 0 nothing is lost to rounding, so even 1e-23 is an error and no noise
    orders = [math.log(c / b) / math.log(b / a) for a, b, c in zip(norms, norms[1:], norms[2:], strict=False) if c > 0.0]
    assert orders[-1] > 1.9 and result.nit <= 7


@every_finder
def test_the_gradient_norm_never_rises(solver):
    for objective, start in ((cubic(np, (1.0, -2.0, 0.5)), np.array([1.0, 0.8, -1.2])), curve()):
        result = minimize(objective, start, solver, max_iter=60, patience=1000)
        norms = [record.gradient_norm for record in result.history]
        assert all(b <= a for a, b in zip(norms, norms[1:], strict=False))
        assert norms[-1] < 0.9 * norms[0]
        np.testing.assert_array_equal(result.jac, objective.at(result.x).gradient)


def test_gradient_norm_minimization_reaches_a_saddle():
    objective = cubic(np, (1.0, -2.0, 0.5))
    result = minimize(objective, np.array([0.3, -0.2, 0.3]), GradientNormMinimization(), gtol=1e-10, patience=1000)
    assert result.status is Status.GRADIENT
    assert classify(objective, result.x).kind == "saddle"
    accepted = sum(record.accepted for record in result.history)
    assert result.nhvp == accepted and result.nfev == accepted and result.njev == result.nit + 1


def test_gradient_norm_minimization_is_gradient_descent_on_half_its_square():
    matrix, gradient = symmetric(5, 5)
    x, t, path = np.zeros(5), 0.1, []
    for _ in range(30):
        g = matrix @ x + gradient
        image = matrix @ g
        trial = x - t * image
        falls = np.sum((matrix @ trial + gradient) ** 2) <= g @ g - 0.8 * t * image @ image
        x, t = (trial, 2.0 * t) if falls else (x, 0.5 * t)
        path.append(x)
    solver, objective = GradientNormMinimization(rho=0.4), quadratic(matrix, gradient)
    state = solver.init(objective, np.zeros(5))
    for expected in path:
        state = solver.step(objective, state)
        np.testing.assert_allclose(state.params, expected, rtol=1e-12, atol=1e-14)
    assert 0 < sum(np.array_equal(a, b) for a, b in zip(path, path[1:], strict=False)) < 20


@pytest.mark.parametrize("rotated", [False, True])
@every_newton
def test_a_gradient_flat_end_is_not_taken_for_a_stationary_point(solver, rotated):
    """x + y²/2 has no stationary point: where y = 0 the gradient is in the kernel of the Hessian."""
    c, s = (math.cos(0.7), math.sin(0.7)) if rotated else (1.0, 0.0)
    flat, curved = np.array([c, s]), np.array([-s, c])
    objective = Analytic(
        lambda x: flat @ x + 0.5 * (curved @ x) ** 2,
        2,
        gradient=lambda x: flat + (curved @ x) * curved,
        hessian=lambda x: np.outer(curved, curved),
    )
    state = solver.step(objective, solver.init(objective, 0.3 * flat + 2.0 * curved))
    assert state.accepted and abs(curved @ state.params) < 1e-12
    assert state.exhausted and state.memory["flatness"] == pytest.approx(1.0, abs=1e-12)
    assert state.point.gradient_norm == pytest.approx(1.0, abs=1e-12)
    result = minimize(objective, 0.3 * flat + 2.0 * curved, solver, gtol=1e-8)
    assert result.status is Status.GRADIENT_FLAT and not result.success and result.nit == 1
    assert classify(objective, result.x).kind == "gradient-flat"


def test_descent_on_the_gradient_norm_is_held_by_the_same_flat():
    objective = Analytic(
        lambda x: x[0] + 0.5 * x[1] ** 2, 2, lambda x: np.array([1.0, x[1]]), lambda x: np.array([[0.0, 0.0], [0.0, 1.0]])
    )
    result = minimize(objective, np.array([0.3, 2.0]), GradientNormMinimization(), gtol=1e-8, patience=1000)
    assert result.status is not Status.GRADIENT
    np.testing.assert_allclose(result.jac, [1.0, 0.0], atol=1e-7)
    at_flat = minimize(objective, np.array([0.3, 0.0]), GradientNormMinimization(), gtol=1e-8)
    assert at_flat.status is Status.STALLED and not at_flat.success and at_flat.nit == 0


@every_newton
def test_a_search_without_descent_ends(solver):
    """A Hessian of the wrong sign: p points away, and t is halved from 1 to below 1e-10."""
    objective = Analytic(lambda x: 0.5 * x @ x, 2, lambda x: x, lambda x: -np.eye(2))
    result = minimize(objective, np.array([1.0, 2.0]), solver, patience=1000)
    assert result.status is Status.STALLED and not result.success
    assert result.nit == math.ceil(math.log2(1e10))
    np.testing.assert_array_equal(result.x, [1.0, 2.0])


def test_a_fall_that_rounding_hides_is_none():
    """‖∇F‖² promises to fall by 1e-40: an equal one is not accepted, or the search would go on for ever."""
    objective = Analytic(lambda x: x[0], 1, lambda x: np.ones(1), lambda x: np.full((1, 1), 1e-20))
    for solver in FINDERS:
        state = solver.init(objective, np.zeros(1))
        assert not solver.step(objective, state).accepted


@every_newton
def test_a_singular_compatible_system_gets_its_shortest_solution(solver):
    matrix, gradient = symmetric(20, 12)
    gradient = matrix @ gradient
    result = minimize(quadratic(matrix, gradient), np.zeros(20), solver, gtol=1e-12)
    assert result.status is Status.GRADIENT and result.nit == 1
    np.testing.assert_allclose(result.x, np.linalg.lstsq(matrix, -gradient, rcond=1e-10)[0], atol=1e-12)


def test_work_is_counted_as_the_docstring_says():
    risk, start = curve()
    dense = minimize(risk, start, NewtonMR(method="dense"), max_iter=12)
    accepted = sum(record.accepted for record in dense.history)
    assert dense.nhev == accepted and dense.nhvp == 0
    assert dense.njev == dense.nit + 1 and dense.nfev == accepted
    risk, start = curve()
    free = minimize(risk, start, NewtonMR(method="krylov", max_krylov=4), max_iter=12)
    accepted = sum(record.accepted for record in free.history)
    assert 2 < accepted < free.nit + 1
    assert free.nhev == 0 and free.nhvp == 5 * accepted
    assert free.njev == free.nit + 1 and free.nfev == accepted


def test_dense_and_matrix_free_walk_the_same_path():
    paths = []
    for method in ("dense", "krylov"):
        risk, start = curve()
        paths.append(
            [(r.value, r.gradient_norm, r.control) for r in minimize(risk, start, NewtonMR(method), max_iter=20).history]
        )
    np.testing.assert_allclose(*paths, rtol=1e-6, atol=1e-9)


@every_finder
def test_backends_walk_the_same_path(xp, solver):
    results = []
    for namespace in (np, xp):
        risk, start = curve(namespace)
        results.append(minimize(risk, start, solver, max_iter=15))
    one, other = ([(r.accepted, r.value, r.control) for r in result.history] for result in results)
    np.testing.assert_allclose(one, other, rtol=1e-7)
    np.testing.assert_allclose(to_host(results[1].x), results[0].x, rtol=1e-7, atol=1e-9)


@every_finder
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5, 6])
def test_a_detached_state_continues_bit_by_bit(solver, after):
    risk, start = curve()
    whole = solver.init(risk, start)
    for _ in range(after):
        whole = solver.step(risk, whole)
    half = pickle.loads(pickle.dumps(whole.detached())).attached(risk)
    for _ in range(6):
        whole, half = solver.step(risk, whole), solver.step(risk, half)
        np.testing.assert_array_equal(half.params, whole.params)
        assert (half.control, half.accepted) == (whole.control, whole.accepted)
    # no model of F, so nothing that the loop could take for a promise
    assert math.isnan(whole.predicted)


def test_steps_start_at_one_or_as_the_paper_has_it():
    objective, start = cubic(np, (1.0, -2.0, 0.5)), np.array([0.02, 0.01, -0.02])
    full = NewtonMR()
    assert full.step(objective, full.init(objective, start)).control == 1.0
    growing = NewtonMR(initial_step=0.1, growth=2.0)
    controls = [r.control for r in minimize(objective, start, growing, max_iter=6).history]
    np.testing.assert_allclose(controls, [0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])


@every_finder
def test_a_trial_that_is_not_finite_is_shortened(solver):
    """Finite gradients with an infinite value or curvature beyond x = 1 stop nobody before it."""
    for bad_value, bad_curvature in ((math.nan, 1.0), (0.0, math.inf)):
        objective = Analytic(
            lambda x, bad=bad_value: 0.5 * (x[0] - 3.0) ** 2 + (bad if x[0] > 1.0 else 0.0),
            1,
            gradient=lambda x: x - 3.0,
            hessian=lambda x, bad=bad_curvature: np.array([[bad if x[0] > 1.0 else 1.0]]),
        )
        result = minimize(objective, np.array([0.0]), solver, max_iter=200, patience=1000)
        assert result.x[0] <= 1.0 and math.isfinite(result.fun)
        assert result.x[0] > 0.7


def test_newton_keeps_the_contract_of_solvers(xp):
    check_solver(NewtonMR(initial_step=0.1, growth=2.0), xp)


@every_newton
def test_newton_keeps_the_contract_of_solvers_through_a_flat_valley(solver):
    """The first full step leads where the Hessian of Rosenbrock's function is nearly singular, and the way out is a long one."""
    check_solver(solver, max_iter=1500)


def test_gradient_norm_minimization_keeps_the_contract_of_solvers():
    check_solver(GradientNormMinimization(), max_iter=500, gtol=3.0)


def test_parameters_out_of_range_are_named():
    objective = cubic(np, (1.0, -2.0, 0.5))
    for solver, word in (
        (NewtonMR(method="cg"), "method='cg'"),
        (NewtonMR(initial_step=2.0), "initial_step=2.0"),
        (NewtonMR(rtol=-1.0), "rtol=-1.0"),
        (NewtonMR(max_krylov=0), "max_krylov=0"),
        (NewtonMR(growth=0.5), "growth=0.5"),
        (GradientNormMinimization(shrink=1.0), "shrink=1.0"),
    ):
        with pytest.raises(ValueError, match=word):
            minimize(objective, np.zeros(3), solver)
