"""Subproblems that only multiply, and the dogleg: decrease, certificates, agreement with SciPy, products counted."""

import numpy as np
import pytest
from quadratic_models import CASES, INDEFINITE, POSITIVE, model_of, products_of, random_problem, rotated, violation
from scipy.optimize._trlib import get_trlib_quadratic_subproblem
from scipy.optimize._trustregion_dogleg import DoglegSubproblem
from scipy.optimize._trustregion_ncg import CGSteihaugSubproblem

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.subproblems import GLTR, Cauchy, Dogleg, Spectral, Steihaug
from newtonreg.subproblems.forcing import forcing
from newtonreg.subproblems.lowest_ritz import lowest_ritz
from newtonreg.testing import check_subproblem

EXACT = GLTR(rtol=0.0, max_iter=1000)
PRODUCTS = [Steihaug(), Steihaug(rtol=0.0), GLTR(), GLTR(max_iter=2), Cauchy()]
ALL = [*PRODUCTS, Dogleg()]
every_solver = pytest.mark.parametrize("solver", ALL, ids=repr)


# -- what every step promises


@every_solver
def test_contract(xp, solver):
    check_subproblem(solver, xp=xp, exact=False)


def test_contract_of_the_exact_one(xp):
    check_subproblem(EXACT, xp=xp)


@every_solver
def test_decrease_is_at_least_cauchys_and_what_is_predicted(solver):
    for seed in range(420):
        problem, radius = random_problem(seed)
        model = model_of(problem)
        step, least = solver.solve(model, radius), Cauchy().solve(model, radius).predicted_reduction
        assert step.predicted_reduction >= (1.0 - 1e-12) * least, seed
        size = abs(problem[1] @ step.p) + np.linalg.norm(problem[0], 2) * step.norm**2
        assert abs(step.predicted_reduction - model.reduction(step.p)) <= 1e-13 * size, seed
        assert np.linalg.norm(step.p) <= (1.0 + 1e-13) * radius, seed


@pytest.mark.parametrize("name", ["saddle", "interior, no gradient"])
@pytest.mark.parametrize("solver", [Steihaug(), Cauchy()], ids=repr)
def test_without_a_gradient_there_is_no_step_along_it(solver, name):
    problem, radius, _ = CASES[name]
    assert not solver.leaves_saddles
    assert solver.solve(model_of(problem), radius).norm == 0.0


@pytest.mark.parametrize("solver", [GLTR(), Dogleg()], ids=repr)
def test_saddle_is_left_along_negative_curvature(xp, solver):
    matrix, gradient = rotated(INDEFINITE, [0.0] * 5)
    model = model_of((matrix, gradient), xp)
    step, best = solver.solve(model, 3.0), Spectral().solve(model, 3.0)
    assert step.norm == pytest.approx(3.0) and step.on_boundary
    assert step.predicted_reduction > 0.99 * best.predicted_reduction
    assert float(to_host(step.p) @ to_host(best.p)) > 0.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@every_solver
def test_what_is_not_finite_gets_no_step(xp, solver, bad):
    matrix, gradient = np.diag([1.0, 2.0]), np.ones(2)
    wrong_matrix, wrong_gradient = np.full((2, 2), bad), np.array([1.0, bad])
    for problem, radius in [((wrong_matrix, gradient), 1.0), ((matrix, wrong_gradient), 1.0), ((matrix, gradient), bad)]:
        step = solver.solve(model_of(problem, xp), radius)
        assert to_host(step.p).tolist() == [0.0, 0.0]
        assert step.predicted_reduction == step.norm == 0.0 and not step.on_boundary


@pytest.mark.parametrize("exponent", [-120, -40, 40, 120])
@every_solver
def test_units_do_not_matter(solver, exponent):
    (matrix, gradient), radius, _ = CASES["easy"]
    unit = 10.0**exponent
    expected = solver.solve(model_of((matrix, gradient)), radius)
    step = solver.solve(model_of((matrix * unit, gradient * unit)), radius)
    np.testing.assert_allclose(step.p, expected.p, rtol=1e-9)
    assert step.predicted_reduction == pytest.approx(unit * expected.predicted_reduction)
    step = solver.solve(model_of((matrix, gradient * unit)), radius * unit)
    np.testing.assert_allclose(step.p, unit * expected.p, rtol=1e-9)


# -- Lanczos


@pytest.mark.parametrize("name", CASES)
def test_a_whole_krylov_space_gives_the_exact_step(xp, name):
    problem, radius, on_boundary = CASES[name]
    step = EXACT.solve(products_of(problem, xp)[0], radius)
    assert violation(problem, radius, step) <= 1e-10
    assert step.on_boundary == on_boundary


def test_a_whole_krylov_space_gives_the_exact_step_of_random_problems():
    for seed in range(280):
        problem, radius = random_problem(seed)
        assert violation(problem, radius, EXACT.solve(products_of(problem)[0], radius)) <= 1e-10, seed


@pytest.mark.parametrize("name", ["easy", "interior", "hard", "nearly hard, 1e-10", "saddle"])
def test_larger_spaces_are_better_up_to_the_best(name):
    problem, radius, _ = CASES[name]
    best = Spectral().solve(model_of(problem), radius).predicted_reduction
    gains = [GLTR(rtol=0.0, max_iter=k).solve(products_of(problem)[0], radius).predicted_reduction for k in range(1, 6)]
    assert all(b >= (1.0 - 1e-12) * a for a, b in zip(gains, gains[1:], strict=False))
    assert gains[-1] == pytest.approx(best, rel=1e-10)


def test_tolerance_bounds_the_residual():
    rng = np.random.default_rng(0)
    matrix, gradient = rng.standard_normal((200, 200)), rng.standard_normal(200)
    matrix += matrix.T
    for rtol in (1e-1, 1e-4, 1e-8):
        model, asked = products_of((matrix, gradient))
        step = GLTR(rtol=rtol, max_iter=200).solve(model, 1.0)
        residual = np.linalg.norm(matrix @ step.p + step.multiplier * step.p + gradient)
        assert residual <= 1.0001 * rtol * (np.linalg.norm(gradient) + step.multiplier)
        assert len(asked) <= 90


def test_a_rejected_trial_takes_no_products_and_forgets_nothing():
    rng = np.random.default_rng(1)
    matrix, gradient = rng.standard_normal((60, 60)), rng.standard_normal(60)
    problem = matrix + matrix.T, gradient
    model, asked = products_of(problem)
    GLTR().solve(model, 5.0)
    before = len(asked)
    step = GLTR().solve(model, 0.5)
    assert len(asked) == before > 5
    np.testing.assert_array_equal(step.p, GLTR().solve(products_of(problem)[0], 0.5).p)


def test_parts_that_the_gradient_does_not_see_are_searched():
    """g lies in a small invariant space of a large matrix whose lowest eigenvector is elsewhere."""
    rng = np.random.default_rng(2)
    values = np.concatenate([[-1.0], rng.uniform(0.5, 5.0, 79)])
    matrix, gradient = rotated(values, np.where(np.isin(np.arange(80), [5, 6, 7]), 1.0, 0.0))
    model, asked = products_of((matrix, gradient))
    step = GLTR(rtol=1e-6).solve(model, 4.0)
    assert step.p @ matrix @ step.p < 0.0 and step.multiplier == pytest.approx(1.0, abs=1e-4)
    assert len(asked) <= 80


@pytest.mark.parametrize("solver", PRODUCTS, ids=repr)
def test_number_of_products_is_bounded(solver):
    limit = getattr(solver, "max_iter", 1)
    for seed in range(70):
        problem, radius = random_problem(seed)
        model, asked = products_of(problem)
        solver.solve(model, radius)
        assert len(asked) <= limit


def test_the_lowest_ritz_pair_is_the_lowest_eigenpair(xp):
    matrix, gradient = rotated(INDEFINITE, [1.0] * 5)
    found = lowest_ritz(lambda v: xp.matmul(xp.asarray(matrix), v), xp.asarray(gradient), 5)
    assert found.value == pytest.approx(-2.0) and found.largest == pytest.approx(4.0) and found.residual < 1e-12
    vector = to_host(found.vector)
    np.testing.assert_allclose(matrix @ vector, -2.0 * vector, atol=1e-12)


# -- conjugate gradients


def test_steihaug_is_conjugate_gradients_until_the_boundary():
    problem = rotated(POSITIVE, [0.1, -0.3, 0.5, 2.0, -1.0])
    model = model_of(problem)
    newton = Steihaug(rtol=1e-12).solve(model, 100.0)
    np.testing.assert_allclose(newton.p, -np.linalg.solve(*problem), rtol=1e-9)
    lengths = [Steihaug(rtol=0.0, max_iter=k).solve(model, 100.0).norm for k in range(1, 6)]
    assert all(a < b for a, b in zip(lengths, lengths[1:], strict=False))


def test_forcing_has_no_unit_and_vanishes_with_the_gradient():
    assert forcing(0.1, 1.0, 1.0, 1.0) == 0.1
    assert forcing(0.1, 1e-8, 1.0, 1.0) == pytest.approx(1e-4)
    assert forcing(0.1, 1e-8, -1.0, 1.0) == pytest.approx(1e-4)
    assert forcing(0.1, 1e12 * 1e-8, 1e12, 1.0) == pytest.approx(1e-4)
    assert forcing(0.1, 1e-8 / 1e3, 1e-6, 1e3) == pytest.approx(1e-4)
    assert forcing(0.1, 1.0, 0.0, 1.0) == 0.1


# -- SciPy


def functions(problem):
    matrix, gradient = problem
    return np.zeros_like(gradient), lambda x: 0.0, lambda x: gradient, lambda x: matrix, lambda x, v: matrix @ v


def convex_problem(seed, size=6):
    rng = np.random.default_rng(seed)
    return rotated(rng.uniform(0.1, 10.0, size), rng.standard_normal(size), seed), 10.0 ** rng.uniform(-2, 1)


def test_scipys_conjugate_gradients_leave_the_ball_at_the_same_point():
    """Of convex models: along negative curvature it also looks backwards."""
    compared = 0
    for seed in range(60):
        problem, radius = convex_problem(seed)
        p, on_boundary = CGSteihaugSubproblem(*functions(problem)).solve(radius)
        step = Steihaug(rtol=0.0, max_iter=6).solve(model_of(problem), radius)
        if on_boundary:
            np.testing.assert_allclose(step.p, p, rtol=1e-9, atol=1e-12)
            compared += step.on_boundary
    assert compared > 20


def test_scipys_dogleg_is_this_dogleg():
    for seed in range(60):
        problem, radius = convex_problem(seed)
        p, on_boundary = DoglegSubproblem(*functions(problem)).solve(radius)
        step = Dogleg().solve(model_of(problem), radius)
        np.testing.assert_allclose(step.p, p, rtol=1e-9, atol=1e-12)
        assert step.on_boundary == on_boundary


def test_scipys_lanczos_finds_nothing_better():
    subproblem = get_trlib_quadratic_subproblem(tol_rel_i=1e-10, tol_rel_b=1e-10)
    for seed in range(0, 140, 7):
        problem, radius = random_problem(seed)
        p, _ = subproblem(*functions(problem)).solve(radius)
        p = p * min(1.0, radius / np.linalg.norm(p))
        model = model_of(problem)
        assert EXACT.solve(model, radius).predicted_reduction >= (1.0 - 1e-9) * model.reduction(p), seed


# -- the dogleg


def test_dogleg_turns_at_the_cauchy_point_and_ends_at_newtons_step(counted):
    factorizations = counted(linalg, "cholesky")
    matrix, gradient = rotated(POSITIVE, [0.5, -0.3, 0.5, 2.0, -1.0])
    model = model_of((matrix, gradient))
    corner = -(gradient @ gradient) / (gradient @ matrix @ gradient) * gradient
    newton = -np.linalg.solve(matrix, gradient)
    far = Dogleg().solve(model, 100.0)
    np.testing.assert_allclose(far.p, newton, rtol=1e-12)
    assert far.multiplier == 0.0 and not far.on_boundary
    near = Dogleg().solve(model, 0.5 * np.linalg.norm(corner))
    np.testing.assert_allclose(near.p, 0.5 * corner, rtol=1e-12)
    between = Dogleg().solve(model, 0.5 * (np.linalg.norm(corner) + np.linalg.norm(newton)))
    share = (between.p - corner) / (newton - corner)
    assert 0.0 < share[0] < 1.0 and np.ptp(share) < 1e-9
    assert factorizations.calls == 1


def test_dogleg_knows_what_to_do_with_an_indefinite_matrix():
    """At least half of the best, and on average nearly all of it, where g has a share of the lowest eigenvector."""
    shares = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        problem, radius = rotated(rng.standard_normal(12), rng.standard_normal(12), seed), 10.0 ** rng.uniform(-2, 2)
        model = model_of(problem)
        best = Spectral().solve(model, radius).predicted_reduction
        shares.append(Dogleg().solve(model, radius).predicted_reduction / best)
    assert min(shares) > 0.5 and np.mean(shares) > 0.95


def test_dogleg_takes_about_newtons_step_of_a_singular_model():
    jacobian = np.random.default_rng(0).standard_normal((4, 9))
    step = Dogleg().solve(model_of((jacobian.T @ jacobian, jacobian.T @ np.arange(4.0))), 100.0)
    np.testing.assert_allclose(step.p, -np.linalg.pinv(jacobian) @ np.arange(4.0), rtol=1e-5)


@pytest.mark.parametrize("kind", [Steihaug, GLTR], ids=lambda kind: kind.__name__)
def test_a_number_of_products_is_an_integer(kind):
    for wrong in (0, 0.5, True, "many"):
        with pytest.raises(ValueError, match="max_iter=.* must be an integer >= 1"):
            kind(max_iter=wrong).check_parameters()
