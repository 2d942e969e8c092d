"""Constraints on the coefficients: against a dense KKT system, derivatives along them, runs, rank, what cannot be met."""

import math

import numpy as np
import pytest

from newtonreg import LevenbergMarquardt, VariableProjection, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.networks import ShallowNetwork
from newtonreg.networks.channels import Channels
from newtonreg.physics.bordered import BorderedRisk
from newtonreg.physics.equations import Equation
from newtonreg.physics.objective import PhysicsRisk
from newtonreg.physics.terms import Affine, Lift, PointSet, Pointwise, Term
from newtonreg.solvers.variable_projection import reduced_problem

FINE = np.linspace(-1.0, 1.0, 1001)


def nodes(n):
    """Chebyshev points of [−1, 1]."""
    return -np.cos(np.pi * np.arange(n) / (n - 1))


def affine(xp, name, x, coefficients, targets, weight=1.0):
    """Σ_o coefficients[o] d^o u/dx^o = targets at `x` (n,)."""
    x = np.atleast_1d(np.asarray(x, dtype=float))
    values = np.array(list(coefficients.values()), dtype=float)[None, :, None]
    targets = np.broadcast_to(np.asarray(targets, dtype=float), x.shape)[None, :].copy()
    sets = [PointSet(xp.asarray(x[None, :].copy()), Channels([(order,) for order in coefficients]))]
    return Term(name, sets, Affine(xp.asarray(values)), xp.asarray(targets), xp.asarray(np.full(x.shape, weight)))


def walls(xp, left=0.3, right=-0.2, slope=0.5):
    # weights of constraints are ignored
    return [affine(xp, "left", -1.0, {0: 1.0}, left, 7.0), affine(xp, "right", 1.0, {0: 1.0, 1: slope}, right, 1e-4)]


def problem(xp=np, k=4, alpha=1e-3, rows=12, constraints=None, size=10.0):
    """−u'' + 3u = size cos 3x with two boundary values, at random parameters."""
    network, x = ShallowNetwork(Tanh(), 1, k, 1), nodes(rows)
    terms = [affine(xp, "equation", x, {2: -1.0, 0: 3.0}, size * np.cos(3.0 * x))]
    penalty = xp.asarray(np.full(network.n_params, alpha))
    constraints = walls(xp) if constraints is None else constraints
    return BorderedRisk(network, terms, penalty, constraints), xp.asarray(np.random.default_rng(0).normal(size=network.n_params))


def nonlinear(k=10):
    """u' = u (1 − u) on [0, 2] with u(0) = 0.1; X = x − 1."""
    network, x = ShallowNetwork(Tanh(), 1, k, 1), nodes(30)
    equation = Equation(lambda x, u, du: du - u * (1.0 - u), ("x",), ("u",))
    lift = Lift(np.eye(2)[:, :, None], np.zeros((2, 1)))
    sets = [PointSet(x[None, :].copy(), Channels([index for index, _ in equation.channels]), lift)]
    term = Term("logistic", sets, Pointwise(equation, x + 1.0), np.zeros((1, 30)), np.full(30, 1.0 / 30.0))
    risk = BorderedRisk(network, [term], np.zeros(network.n_params), [affine(np, "start", -1.0, {0: 1.0}, 0.1)])
    return risk, even_start(network, 0.5, 0.5)


def even_start(network, slope, halo):
    """Knots spread evenly over the interval and its surroundings; no coefficients."""
    knots = np.linspace(-1.0 - 2.0 * halo, 1.0 + 2.0 * halo, network.n_units)
    weights = np.full(network.n_units, slope / (knots[1] - knots[0]))
    return np.concatenate([weights, -weights * knots, np.zeros(network.n_units + 1)])


def solution(risk, params, x=FINE):
    return risk.network.at(np.atleast_2d(x), to_host(params)[: risk.network.n_params]).values[0]


def linear_parts(terms, network, params):
    """Rows (n, p) and residuals (n,) of terms without their weights."""
    rows, residuals = [], []
    for term in terms:
        point = term._replace(weights=np.ones_like(term.weights)).at(network, params)
        out = np.empty((len(params), term.n_residuals))
        point.fill_rows(out)
        rows.append(out.T)
        residuals.append(point.residuals.reshape(-1))
    return np.vstack(rows), np.concatenate(residuals)


def defect(risk, params):
    """max |B c − g| / (‖B‖ ‖c‖)."""
    rows, residuals = linear_parts(risk.constraints, risk.network, params)
    outer = risk.network.outer
    return np.max(np.abs(residuals) / np.linalg.norm(rows[:, outer], axis=1)) / np.linalg.norm(params[outer])


def dense_kkt(risk, params):
    """Coefficients by the bordered system [A Bᵀ; B 0], NumPy's own solver."""
    outer, network = risk.network.outer, risk.network
    at = params.copy()
    at[outer] = 0.0
    jacobian, residuals = linear_parts(risk.terms, network, at)
    border, missing = linear_parts(risk.constraints, network, at)
    jacobian, border = jacobian[:, outer], border[:, outer]
    normal = jacobian.T @ jacobian + np.diag(risk.penalty[outer])
    system = np.block([[normal, border.T], [border, np.zeros((len(border), len(border)))]])
    rhs = -np.concatenate([jacobian.T @ residuals, missing])
    return np.linalg.lstsq(system, rhs, rcond=1e-14)[0][: normal.shape[0]]


def derivative(function, x, h=1e-5, columns=None):
    eye = np.eye(len(x))[slice(None) if columns is None else columns]
    return np.stack([(function(x + h * e) - function(x - h * e)) / (2.0 * h) for e in eye], axis=-1)


def all_residuals(risk, params):
    """r(R(w)), those of the penalty last."""
    point = risk.at(params)
    own = linear_parts(risk.terms, risk.network, point.params)[1]
    return np.concatenate([own, np.sqrt(risk.penalty) * point.params])


def optimal(risk, params):
    return risk.at(risk.feasible(params))


# -- the coefficients


def test_coefficients_are_those_of_the_dense_kkt_system(xp):
    for k in (3, 5, 8):
        (risk, params), (reference, start) = problem(xp, k), problem(k=k)
        found = to_host(risk.feasible(params))
        np.testing.assert_array_equal(found[risk.network.inner], start[risk.network.inner])
        np.testing.assert_allclose(found[risk.network.outer], dense_kkt(reference, start), rtol=1e-8, atol=1e-9)
        assert defect(reference, found) < 1e-14


def test_points_are_moved_onto_the_constraints_by_the_shortest_step_and_stay():
    risk, start = problem()
    point = risk.at(start)
    outer = risk.network.outer
    border, missing = linear_parts(risk.constraints, risk.network, start)
    expected = start[outer] - np.linalg.pinv(border[:, outer]) @ missing
    np.testing.assert_allclose(point.params[outer], expected, rtol=1e-12)
    np.testing.assert_array_equal(risk.at(point.params).params, point.params)
    start[outer] *= 1e9
    assert defect(risk, risk.feasible(start)) < 1e-14
    assert point.is_feasible and point.value == PhysicsRisk(risk.network, risk.terms, risk.penalty).at(point.params).value


def test_a_unit_there_twice_does_no_harm():
    risk, start = problem(k=5, alpha=0.0)
    start[:2], start[5:7] = start[0], start[5]
    found = risk.feasible(start)
    reference, few = problem(k=4, alpha=0.0)
    few[:8] = np.concatenate([start[1:5], start[6:10]])
    assert defect(risk, found) < 1e-14
    np.testing.assert_allclose(solution(risk, found), solution(reference, reference.feasible(few)), rtol=1e-9, atol=1e-9)


def test_units_that_are_constant_in_the_domain_keep_small_coefficients():
    """They change no derivative, and with the intercept nothing at all: rounding must not make them large."""
    network, x = ShallowNetwork(Tanh(), 1, 6, 1), nodes(20)
    terms = [affine(np, "equation", x, {2: 1.0}, np.sin(x))]
    start = even_start(network, 1.0, 0.2)
    start[[0, 1]], start[[6, 7]] = 1.0, [19.0, -19.0]
    risk = BorderedRisk(network, terms, np.zeros(network.n_params), walls(np))
    found = risk.feasible(start)
    assert np.linalg.norm(found[network.outer]) < 1e3 and defect(risk, found) < 1e-14


# -- derivatives along the constraints


def test_first_derivatives_are_those_of_the_moved_residuals(xp):
    (risk, params), (reference, _) = problem(xp), problem()
    point = risk.at(params)
    x = to_host(point.params)
    jacobian, scale = derivative(lambda w: all_residuals(reference, w), x), 1e-8
    matrix, residuals = jacobian.T @ jacobian, all_residuals(reference, x)
    root, z = (to_host(part) for part in point.square_root)
    size = np.abs(matrix).max()
    np.testing.assert_allclose(to_host(point.gauss_newton), matrix, atol=scale * size)
    np.testing.assert_allclose(root.T @ root, matrix, atol=scale * size)
    np.testing.assert_allclose(root.T @ z, jacobian.T @ residuals, atol=scale * size)
    np.testing.assert_allclose(to_host(point.gradient), jacobian.T @ residuals, atol=scale * size)
    v = np.random.default_rng(1).normal(size=len(x))
    np.testing.assert_allclose(to_host(point.gnvp(xp.asarray(v))), to_host(point.gauss_newton) @ v, atol=1e-12 * size)
    outer = slice(risk.network.n_inner, None)
    normal, gradient = (to_host(part) for part in point.outer_normal_equations())
    np.testing.assert_allclose(normal, to_host(point.gauss_newton)[outer, outer], atol=1e-12 * size)
    np.testing.assert_allclose(gradient, to_host(point.gradient)[outer], atol=1e-12 * size)


def test_the_outer_gradient_is_projected_and_vanishes_where_coefficients_are_optimal():
    risk, start = problem()
    point, outer = risk.at(start), risk.network.outer
    border, _ = linear_parts(risk.constraints, risk.network, point.params)
    assert np.abs(border[:, outer] @ point.gradient[outer]).max() < 1e-12 * np.abs(point.gradient).max()
    best = optimal(risk, start)
    assert np.abs(best.gradient[outer]).max() < 1e-11 * np.abs(point.gradient).max()
    assert best.value < point.value


def test_bends_are_those_of_the_moved_residuals():
    risk, start = problem()
    point = risk.at(start)
    v, h = np.random.default_rng(2).normal(size=len(start)), 1e-4
    here = point.params
    ahead, middle, back = (all_residuals(risk, here + step * v) for step in (h, 0.0, -h))
    expected = derivative(lambda w: all_residuals(risk, w), here).T @ ((ahead - 2.0 * middle + back) / h**2)
    np.testing.assert_allclose(point.second_directional(v), expected, atol=1e-5 * np.abs(expected).max())


def test_second_order_is_exact_where_the_coefficients_are_optimal():
    risk, start = problem()
    point = optimal(risk, start)
    hessian = derivative(lambda w: risk.at(w).gradient, point.params)
    np.testing.assert_allclose(point.hessian, hessian, atol=1e-6 * np.abs(hessian).max())


def test_the_reduced_problem_is_the_derivative_of_the_reduced_residuals():
    """Golub and Pereyra's all of it, Kaufman's what does not lie in the range of the coefficients."""
    risk, start = problem()
    point, network = optimal(risk, start), risk.network
    jacobian = derivative(lambda w: all_residuals(risk, risk.feasible(risk.feasible(w))), point.params, columns=network.inner)
    along = derivative(lambda w: all_residuals(risk, w), point.params, columns=network.outer)
    vectors, values, _ = np.linalg.svd(along, full_matrices=False)
    vectors = vectors[:, values > 1e-7 * values[0]]
    assert vectors.shape[1] == 5 - 2
    projected, scale = jacobian - vectors @ (vectors.T @ jacobian), 1e-6 * np.abs(jacobian.T @ jacobian).max()
    both, kaufman = (reduced_problem(point, full) for full in (True, False))
    np.testing.assert_allclose(both.matrix, jacobian.T @ jacobian, atol=scale)
    np.testing.assert_allclose(kaufman.matrix, projected.T @ projected, atol=scale)
    np.testing.assert_allclose(both.rows.T @ both.residuals, jacobian.T @ all_residuals(risk, point.params), atol=scale)


def test_the_two_agree_where_residuals_vanish():
    risk, start = problem(alpha=0.0, constraints=walls(np, 0.0, 0.0), size=0.0)
    kind = [reduced_problem(optimal(risk, start), full).matrix for full in (False, True)]
    np.testing.assert_allclose(kind[0], kind[1], atol=1e-12)


# -- runs


def test_poisson_to_nine_digits_with_exact_boundary_values():
    """−u'' = π² sin πx on [0, 1] in the variable 2x − 1, zero at both ends."""
    network, x = ShallowNetwork(Tanh(), 1, 16, 1), nodes(64)
    terms = [affine(np, "poisson", x, {2: -4.0}, np.pi**2 * np.sin(np.pi * (x + 1.0) / 2.0), 1.0 / 64.0)]
    risk, start = (
        BorderedRisk(network, terms, np.zeros(network.n_params), walls(np, 0.0, 0.0, 0.0)),
        even_start(network, 1.0, 0.5),
    )
    result = minimize(risk, start, VariableProjection(), max_iter=150)
    exact = np.sin(np.pi * (FINE + 1.0) / 2.0)
    assert np.linalg.norm(solution(risk, result.x) - exact) < 1e-9 * np.linalg.norm(exact)
    assert defect(risk, result.x) < 1e-14
    values = [record.value for record in result.history]
    assert all(after <= before for before, after in zip(values, values[1:], strict=False))


@pytest.mark.parametrize(
    "solver",
    [VariableProjection(), VariableProjection(jacobian="golub-pereyra"), LevenbergMarquardt(), LevenbergMarquardt(method="qr")],
    ids=["kaufman", "golub-pereyra", "cholesky", "qr"],
)
def test_solvers_agree_on_a_minimum(solver):
    risk, start = problem(alpha=1e-2)
    best = minimize(risk, start, LevenbergMarquardt(), gtol=1e-9)
    found = minimize(risk, best.x + 0.01 * np.sin(np.arange(len(best.x))), solver, gtol=1e-7)
    assert best.success and found.success and found.nit > 1
    assert found.fun == pytest.approx(best.fun, rel=1e-10)
    assert max(defect(risk, best.x), defect(risk, found.x)) < 1e-14


def test_a_nonlinear_equation_from_an_exact_start():
    risk, start = nonlinear()
    values = []
    for _ in range(6):
        # Gauss–Newton in the coefficients alone, every one of them on the constraint
        start = risk.feasible(start)
        values.append(risk.at(start).value)
    assert values[-1] < 1e-10 * values[0]
    result = minimize(risk, start, VariableProjection(), max_iter=80)
    exact = 1.0 / (1.0 + 9.0 * np.exp(-(FINE + 1.0)))
    assert np.linalg.norm(solution(risk, result.x) - exact) < 1e-8 * np.linalg.norm(exact)
    assert solution(risk, result.x, [-1.0])[0] == pytest.approx(0.1, abs=1e-14 * np.linalg.norm(result.x[risk.network.outer]))


def test_it_runs_on_every_array_library(xp):
    risk, start = problem(xp, alpha=0.0)
    reference, other = problem(alpha=0.0)
    ours, theirs = (minimize(*one, VariableProjection(), max_iter=4) for one in ((risk, start), (reference, other)))
    assert ours.fun == pytest.approx(theirs.fun, rel=1e-6)


def test_a_detached_state_continues_from_the_same_point():
    risk, start = problem()
    solver = VariableProjection()
    state = solver.step(risk, solver.init(risk, start))
    again = state.detached().attached(risk)
    np.testing.assert_array_equal(again.params, state.params)
    np.testing.assert_array_equal(solver.step(risk, again).params, solver.step(risk, state).params)


def test_another_penalty_and_other_terms_keep_the_constraints():
    risk, start = problem()
    point, other = risk.at(start), risk.with_penalty(10.0 * risk.penalty)
    new, fresh = point.repenalized(other), other.at(point.params)
    assert new.value == fresh.value and new.params is point.params
    np.testing.assert_array_equal(new.gradient, fresh.gradient)
    assert defect(risk, risk.with_terms(risk.terms * 2).feasible(start)) < 1e-14


def system():
    """u' = a v and v' = −u with the scalar a as a parameter, and constraints that couple the outputs."""
    network, x = ShallowNetwork(Tanh(), 1, 4, 2), nodes(9)
    equation = Equation(lambda u, du, v, dv, a: (du - a * v, dv + u), ("x",), ("u", "v"), ("a",))
    channels = Channels([(0,), (1,)])
    # channels come by order, then output; the equation's as its arguments
    places = [channels.indices.index(index) * 2 + output for index, output in equation.channels]
    lift = Lift(np.eye(4)[places][:, :, None], np.zeros((4, 1)))
    terms = [Term("system", [PointSet(x[None, :].copy(), channels, lift)], Pointwise(equation, x), np.zeros((2, 9)), np.ones(9))]
    rows = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, -1.0, 0.0, 0.25]])[:, :, None]
    sets = [PointSet(np.array([[-1.0, 0.5]]), channels)]
    constraint = Term("both", sets, Affine(rows), np.array([[1.0, 0.5], [0.2, -0.1]]), np.ones(2))
    risk = BorderedRisk(network, terms, np.full(network.n_params + 1, 1e-3), [constraint])
    return risk, np.random.default_rng(3).normal(size=risk.n_params)


def test_systems_and_unknown_scalars():
    risk, start = system()
    point = risk.at(start)
    gradient = derivative(lambda w: risk.at(w).value, point.params)
    np.testing.assert_allclose(point.gradient, gradient, atol=1e-8 * np.abs(gradient).max())
    result = minimize(risk, start, VariableProjection(), max_iter=30)
    assert result.fun < risk.at(risk.feasible(start)).value and defect(risk, result.x) < 1e-14


def test_rows_that_come_batch_by_batch_make_no_difference(monkeypatch):
    risk, start = problem()
    monkeypatch.setattr("newtonreg.physics.objective._ROWS_DOUBLES", 5 * risk.n_params)
    parted, _ = problem()
    assert len(parted.row_batches) == 3
    one, other = risk.at(start), parted.at(start)
    v = np.sin(np.arange(len(start)))
    for ask in (lambda p: p.gradient, lambda p: p.gauss_newton, lambda p: p.outer_step(), lambda p: p.second_directional(v)):
        np.testing.assert_allclose(ask(other), ask(one), rtol=1e-6, atol=1e-9 * np.abs(ask(one)).max())


# -- rank


def test_constraints_that_follow_from_others_change_nothing(xp):
    more = walls(xp) + [affine(xp, "again", -1.0, {0: -2.0}, -0.6), affine(xp, "sum", [1.0, -1.0], {0: 1.0, 1: 0.5}, 0.0)]
    (plain, params), (risk, _) = problem(xp), problem(xp, constraints=more[:3])
    found, expected = to_host(risk.feasible(params)), to_host(plain.feasible(params))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)
    ours, theirs = (minimize(one, params, VariableProjection(), max_iter=6) for one in (risk, plain))
    assert ours.fun == pytest.approx(theirs.fun, rel=1e-7)


def test_as_many_constraints_as_coefficients_leave_nothing_to_minimize():
    points = np.linspace(-1.0, 1.0, 5)
    risk, start = problem(constraints=[affine(np, "values", points, {0: 1.0}, np.sin(points))])
    point = optimal(risk, start)
    np.testing.assert_allclose(solution(risk, point.params, points), np.sin(points), atol=1e-12)
    for kind in ("kaufman", "golub-pereyra"):
        result = minimize(risk, start, VariableProjection(jacobian=kind), max_iter=20)
        assert result.fun < point.value
        np.testing.assert_allclose(solution(risk, result.x, points), np.sin(points), atol=1e-11)


# -- what cannot be met


@pytest.mark.parametrize(
    "more", [("again", -1.0, {0: 2.0}, 0.7), ("many", np.linspace(-0.9, 0.9, 9), {0: 1.0}, np.arange(9.0) % 2)]
)
def test_constraints_that_contradict_each_other_are_an_error_that_names_one(more):
    risk, start = problem(constraints=[affine(np, *more)] + ([] if more[0] == "many" else walls(np)))
    name = "many" if more[0] == "many" else "again|left"
    for work in (risk.at, risk.feasible, lambda params: minimize(risk, params, VariableProjection())):
        with pytest.raises(ValueError, match=f"The constraint '({name})' cannot hold exactly"):
            work(start)


def test_a_constraint_that_no_coefficient_changes_is_an_error():
    risk, start = problem(constraints=[affine(np, "nothing", 0.0, {0: 0.0}, 1.0)])
    with pytest.raises(ValueError, match="constraint 'nothing' cannot hold"):
        risk.feasible(start)


def test_a_trial_that_cannot_meet_them_is_infinite():
    """Units without weights cannot have a slope."""
    risk, start = problem(constraints=[affine(np, "slope", 0.0, {1: 1.0}, 1.0)])
    assert math.isfinite(risk.at(start).value)
    start[:4] = 0.0
    assert risk.at(start).value == math.inf and not risk.at(start).is_feasible
    with pytest.raises(ValueError, match="constraint 'slope' cannot hold"):
        risk.feasible(start)


def test_a_point_that_is_not_finite_is_no_start():
    risk, start = problem()
    start[0] = math.nan
    assert not math.isfinite(risk.at(start).value)
    with pytest.raises(FloatingPointError, match="not finite"):
        risk.feasible(start)


def test_constraints_are_checked_before_work():
    risk, _ = problem()
    with pytest.raises(ValueError, match=r"constraints=\[\] is empty"):
        BorderedRisk(risk.network, risk.terms, risk.penalty, [])
    curved, _ = nonlinear()
    with pytest.raises(TypeError, match="constraint 'logistic' is nonlinear"):
        BorderedRisk(risk.network, risk.terms, risk.penalty, curved.terms)
