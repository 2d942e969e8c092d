"""`PhysicsRisk`: every derivative against autograd on residuals written out anew, batches, weights, penalties, libraries."""

import autograd
import numpy as np
import pytest
from physics_cases import CASES

import newtonreg.physics.objective
from newtonreg.backend.arrays import to_host
from newtonreg.physics.objective import PhysicsRisk

LINEAR = ("linear", "linear system", "hard, linear")


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]()


def assert_close(actual, expected, rtol=1e-10):
    """Equal relative to the largest entry."""
    actual = to_host(actual)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=rtol * max(np.abs(expected).max(), 1e-300))


def in_library(xp, case):
    """The objective on arrays of `xp`, and its parameters."""
    terms = [term.mapped(xp.asarray) for term in case.objective.terms]
    return PhysicsRisk(case.objective.network, terms, xp.asarray(case.objective.penalty)), xp.asarray(case.w)


# -- against autograd


def test_value_gradient_and_gauss_newton(xp, case):
    objective, w = in_library(xp, case)
    jacobian, residuals = case.jacobian(case.w), case.residuals(case.w)
    point = objective.at(w)
    assert point.value == pytest.approx(case.value(case.w), rel=1e-12)
    assert_close(point.gradient, jacobian.T @ residuals + case.objective.penalty * case.w)
    assert_close(point.gauss_newton, jacobian.T @ jacobian + np.diag(case.objective.penalty))
    # from one pass, the matrix first
    other = objective.at(w)
    assert_close(other.gauss_newton, to_host(point.gauss_newton), 1e-14)
    assert other.value == pytest.approx(point.value, rel=1e-14)
    assert_close(other.gradient, to_host(point.gradient), 1e-12)


def test_hessian(xp, case):
    objective, w = in_library(xp, case)
    expected = autograd.hessian(case.value)(case.w)
    point = objective.at(w)
    assert_close(point.hessian, expected, 1e-9)
    np.testing.assert_array_equal(to_host(point.second_order), to_host(point.second_order).T)
    assert_close(point.hvp(xp.asarray(case.v)), expected @ case.v, 1e-9)


def test_hessian_is_the_slope_of_the_gradient(case):
    h = 1e-5
    plus, minus = (case.objective.at(case.w + sign * h * case.v).gradient for sign in (1.0, -1.0))
    assert_close(case.objective.at(case.w).hvp(case.v), (plus - minus) / (2.0 * h), 1e-7)


def test_products_and_second_derivatives_along_a_direction(xp, case):
    objective, w = in_library(xp, case)
    jacobian, v = case.jacobian(case.w), xp.asarray(case.v)
    bend = autograd.jacobian(autograd.jacobian(lambda t: case.residuals(case.w + t * case.v)))(0.0)
    point = objective.at(w)
    assert_close(point.gnvp(v), jacobian.T @ (jacobian @ case.v) + case.objective.penalty * case.v)
    assert_close(point.second_directional(v), jacobian.T @ bend, 1e-9)


def test_square_root(xp, case):
    objective, w = in_library(xp, case)
    point = objective.at(w)
    r, z = (to_host(part) for part in point.square_root)
    assert r.shape[0] <= objective.n_params
    assert_close(r.T @ r, to_host(point.gauss_newton), 1e-12)
    assert_close(r.T @ z, to_host(point.gradient), 1e-12)


# -- coefficients


def test_outer_parts(xp, case):
    objective, w = in_library(xp, case)
    outer, point = case.objective.network.outer, objective.at(w)
    matrix, gradient = point.outer_normal_equations()
    assert_close(matrix, to_host(point.gauss_newton)[outer, outer], 1e-12)
    assert_close(gradient, to_host(point.gradient)[outer], 1e-12)
    columns, net = point.outer_columns(), case.objective.network
    squares = np.diag(case.objective.at(case.w).gauss_newton - np.diag(case.objective.penalty))[outer]
    lengths = np.sqrt(squares / case.objective.total_weight).reshape(net.n_outputs, -1)
    assert_close(columns.lengths, lengths[:, :-1], 1e-9)
    assert float(columns.needed) == pytest.approx(np.sqrt((case.residuals(case.w) ** 2).sum() / case.objective.total_weight))
    assert columns.sees_constants == bool(lengths[:, -1].any())


def test_outer_step_is_optimal(xp, case):
    objective, w = in_library(xp, case)
    outer, point = case.objective.network.outer, objective.at(w)
    step = to_host(point.outer_step())
    assert np.abs(np.delete(step, range(outer.start, outer.stop))).max() == 0.0
    left = to_host(point.gradient) + to_host(point.gauss_newton) @ step
    assert np.abs(left[outer]).max() < 1e-9 * np.abs(to_host(point.gradient)[outer]).max()
    if case.objective.is_linear:
        after = case.objective.at(case.w + step)
        assert np.abs(after.gradient[outer]).max() < 1e-9 * np.abs(to_host(point.gradient)[outer]).max()
        assert after.value < point.value


@pytest.mark.parametrize("name", CASES)
def test_residuals_are_linear_in_coefficients_where_the_objective_says_so(name):
    case = CASES[name]()
    assert case.objective.is_linear == (name in LINEAR)
    direction = np.zeros_like(case.w)
    direction[case.objective.network.outer] = 1.0
    bend = autograd.jacobian(autograd.jacobian(lambda t: case.residuals(case.w + t * direction)))(0.0)
    assert (np.abs(bend).max() < 1e-10) == (name in LINEAR)


# -- batches, weights, penalties


def test_batches_change_nothing(case, monkeypatch):
    whole = case.objective.at(case.w)
    monkeypatch.setattr(newtonreg.physics.objective, "_ROWS_DOUBLES", 3 * case.objective.n_params)
    parted = case.objective.with_terms(case.objective.terms)
    assert len(parted.row_batches) > 2
    assert sum(part.n_residuals for parts in parted.row_batches for part in parts) == case.residuals(case.w).size
    point = parted.at(case.w)
    assert point.value == pytest.approx(whole.value, rel=1e-13)
    for name in ("gradient", "gauss_newton", "hessian"):
        assert_close(getattr(point, name), getattr(whole, name), 1e-12)
    assert_close(parted.at(case.w).gradient, whole.gradient, 1e-12)
    assert_close(point.gnvp(case.v), whole.gnvp(case.v), 1e-12)
    assert_close(point.second_directional(case.v), whole.second_directional(case.v), 1e-11)
    r, z = point.square_root
    assert_close(r.T @ r, whole.gauss_newton, 1e-12)
    assert_close(r.T @ z, whole.gradient, 1e-11)
    assert_close(point.outer_step(), whole.outer_step(), 1e-7)
    for mine, theirs in zip(point.outer_normal_equations(), whole.outer_normal_equations(), strict=True):
        assert_close(mine, theirs, 1e-12)


def test_weights_are_repetition(case):
    repeats = np.arange(len(case.X)) % 3 + 1
    weighted = case.make(case.X, case.targets, repeats.astype(float)).at(case.w)
    rows = np.repeat(np.arange(len(case.X)), repeats)
    repeated = case.make(case.X[rows], np.ascontiguousarray(case.targets[:, rows]), np.ones(len(rows))).at(case.w)
    assert weighted.value == pytest.approx(repeated.value, rel=1e-13)
    for name in ("gradient", "gauss_newton", "hessian"):
        assert_close(getattr(weighted, name), getattr(repeated, name), 1e-12)


def test_another_penalty(case):
    penalty = np.random.default_rng(2).uniform(size=case.w.size)
    before = case.objective.at(case.w)
    matrix, gradient, hessian = before.gauss_newton, before.gradient, before.hessian
    other = case.objective.with_penalty(penalty)
    assert other.has_penalty and other.n_residuals == case.residuals(case.w).size + case.w.size
    for point in (before.repenalized(other), other.at(case.w)):
        more = penalty - case.objective.penalty
        assert point.value == pytest.approx(before.value + 0.5 * (more * case.w**2).sum(), rel=1e-12)
        assert_close(point.gradient, gradient + more * case.w, 1e-12)
        assert_close(point.gauss_newton, matrix + np.diag(more), 1e-12)
        assert_close(point.hessian, hessian + np.diag(more), 1e-12)
    none = case.objective.with_penalty(np.zeros_like(penalty))
    assert not none.has_penalty and none.n_residuals == case.residuals(case.w).size


def test_terms_add(case):
    objective = case.objective
    alone = [objective.with_terms([term]).with_penalty(0.0 * objective.penalty).at(case.w) for term in objective.terms]
    rest = 0.5 * (objective.penalty * case.w**2).sum()
    assert sum(point.value for point in alone) + rest == pytest.approx(objective.at(case.w).value, rel=1e-13)
    assert_close(sum(point.hessian for point in alone) + np.diag(objective.penalty), objective.at(case.w).hessian, 1e-12)
    assert objective.total_weight == pytest.approx(sum(term.weights.sum() for term in objective.terms))


def test_parts_of_a_term_are_its_rows(case):
    for term in case.objective.terms:
        whole = term.at(case.objective.network, case.w).residuals
        for rows in (slice(0, 1), np.arange(0, term.weights.shape[0], 2)):
            part = term.part(rows).at(case.objective.network, case.w).residuals
            np.testing.assert_allclose(part, whole[:, rows], rtol=1e-12, atol=1e-13)


# -- what is said of it


def test_evaluations_are_counted_once():
    objective, w = CASES["nonlinear"]().objective, CASES["nonlinear"]().w
    point = objective.at(w)
    for _ in range(2):
        point.gauss_newton, point.value, point.gradient, point.hessian  # noqa: B018
    counts = objective.counts
    assert (counts.nfev, counts.njev, counts.nhev) == (1, 1, 1)
    assert objective.with_penalty(objective.penalty).counts.nfev == 0


def test_criticality_is_a_cosine(case):
    point = case.objective.at(case.w)
    assert 0.0 < point.criticality <= 1.0 + 1e-12
    # free of the unit of residuals
    terms = [term._replace(weights=1e-6 * term.weights) for term in case.objective.terms]
    if not case.objective.has_penalty:
        in_small_units = case.objective.with_terms(terms).at(case.w).criticality
        assert 0.0 < in_small_units <= 1.0 + 1e-12


def test_overflow_is_an_infinite_value():
    case = CASES["nonlinear"]()
    with np.errstate(all="ignore"):
        assert not np.isfinite(case.objective.at(case.w * 1e200).value)


def test_smoothness_counts_derivatives():
    case = CASES["linear"]()
    assert case.objective.is_smooth
    for activation, smooth in (("relu-power", False), ("tanh", True)):
        case.model.set_params(activation=activation)
        assert case.make(case.X, case.targets, case.weights).is_smooth == smooth
