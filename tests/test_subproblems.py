"""Subproblems: optimality certificates, agreement with each other and with SciPy, work counts, and what happens at the edges."""

import numpy as np
import pytest
from quadratic_models import CASES, DIAGONAL_GRADED, INDEFINITE, POSITIVE, model_of, random_problem, rotated, violation
from scipy.optimize._trustregion_exact import IterativeSubproblem
from sklearn.base import clone

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.subproblems import Damped, MoreSorensen, Spectral, lanczos, secular, spectral

EXACT = [Spectral(), MoreSorensen(rtol=1e-10)]
ALL = [*EXACT, MoreSorensen(), Damped()]


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


@pytest.fixture(params=EXACT, ids=repr)
def exact(request):
    return request.param


# -- the trust-region problem


def test_certificate(xp, exact, case):
    problem, radius, on_boundary = case
    step = exact.solve(model_of(problem, xp), radius)
    assert violation(problem, radius, step) <= 1e-10
    assert step.on_boundary == on_boundary
    assert type(step.multiplier) is type(step.norm) is type(step.predicted_reduction) is float


@pytest.mark.parametrize("start", range(0, 560, 80))
def test_certificate_on_random_problems(exact, start):
    for seed in range(start, start + 80):
        problem, radius = random_problem(seed)
        assert violation(problem, radius, exact.solve(model_of(problem), radius)) <= 1e-10, seed


@pytest.mark.parametrize("solver", [*EXACT, MoreSorensen(), MoreSorensen(max_factorizations=1)], ids=repr)
def test_predicted_reduction_is_the_decrease_of_the_model(solver):
    for seed in range(140):
        problem, radius = random_problem(seed)
        model = model_of(problem)
        step = solver.solve(model, radius)
        size = abs(problem[1] @ step.p) + np.linalg.norm(problem[0], 2) * step.norm**2
        assert step.predicted_reduction >= 0.0
        assert abs(step.predicted_reduction - model.reduction(step.p)) <= 1e-12 * size, seed


@pytest.mark.parametrize("lowest", [1.0, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14, 0.0])
def test_nearly_hard_steps_agree(lowest):
    model = model_of(rotated(INDEFINITE, [lowest, -0.3, 0.5, 0.2, -1.0]))
    one, other = (solver.solve(model, 2.0) for solver in EXACT)
    # Along the lowest eigenvector the sign is the gradient's, as long as that can be told from rounding.
    if lowest >= 1e-12:
        np.testing.assert_allclose(one.p, other.p, atol=1e-8)
    assert abs(one.multiplier - other.multiplier) <= 1e-9
    assert abs(one.predicted_reduction - other.predicted_reduction) <= 1e-9


def test_solvers_agree_on_random_problems():
    for seed in range(140):
        problem, radius = random_problem(seed)
        one, other = (solver.solve(model_of(problem), radius) for solver in EXACT)
        size = np.linalg.norm(problem[1]) * radius + np.linalg.norm(problem[0], 2) * radius**2
        assert abs(one.predicted_reduction - other.predicted_reduction) <= 1e-9 * size, seed


def test_scipy_finds_nothing_better(exact):
    for seed in range(60):
        (matrix, gradient), radius = random_problem(seed)
        if not gradient.any():
            continue
        functions = (lambda x: 0.0, lambda x, g=gradient: g, lambda x, b=matrix: b)
        reference = IterativeSubproblem(np.zeros_like(gradient), *functions, k_easy=1e-10, k_hard=1e-10, maxiter=200)
        p, on_boundary = reference.solve(radius)
        # Beyond the ball by the tolerance of the reference.
        p = p * min(1.0, radius / np.linalg.norm(p))
        model = model_of((matrix, gradient))
        step = exact.solve(model, radius)
        assert model.reduction(step.p) >= model.reduction(p) - 1e-9 * step.predicted_reduction, seed


@pytest.mark.parametrize("solver", ALL[:3], ids=repr)
@pytest.mark.parametrize("radius", [1e-6, 1.0, 1e6])
def test_saddle_is_left_along_the_lowest_eigenvector(solver, radius):
    matrix, gradient = rotated(INDEFINITE, [0.0] * 5)
    step = solver.solve(model_of((matrix, gradient)), radius)
    assert step.norm == pytest.approx(radius)
    assert step.p @ matrix @ step.p < -1.8 * radius**2


def test_way_off_a_saddle_does_not_depend_on_solver_or_library(xp):
    problem, radius, _ = CASES["saddle"]
    expected = Spectral().solve(model_of(problem), radius).p
    for solver in EXACT:
        np.testing.assert_allclose(to_host(solver.solve(model_of(problem, xp), radius).p), expected, atol=1e-8)


def test_singular_model_gets_its_shortest_minimizer(exact):
    jacobian = np.random.default_rng(0).standard_normal((4, 9))
    residual = np.arange(4.0)
    step = exact.solve(model_of((jacobian.T @ jacobian, jacobian.T @ residual)), 100.0)
    assert not step.on_boundary and step.multiplier == 0.0
    # The factorization needs a shift, 1e-12 of the matrix, that divides the noise of the gradient.
    tolerance = 1e-10 if exact.name == "spectral" else 1e-3
    np.testing.assert_allclose(step.p, -np.linalg.pinv(jacobian) @ residual, atol=tolerance)


@pytest.mark.parametrize("smallest", [1e-2, 1e-5, 1e-8])
def test_singular_model_is_not_followed_along_its_noise(smallest):
    values = np.concatenate([np.zeros(4), np.geomspace(smallest, 10.0, 6)])
    for seed in range(10):
        problem = rotated(values, np.sqrt(values), seed)
        for solver in (*EXACT, MoreSorensen()):
            step = solver.solve(model_of(problem), 1e6)
            assert not step.on_boundary and step.norm == pytest.approx(np.linalg.norm(values[4:] ** -0.5), rel=1e-2)


def test_graded_positive_definite_model_gets_its_newton_step():
    matrix, gradient = DIAGONAL_GRADED
    step = MoreSorensen().solve(model_of((matrix, gradient)), 10.0)
    np.testing.assert_allclose(step.p, -gradient / np.diag(matrix), rtol=1e-14)


def test_loose_step_is_near_the_boundary_and_near_the_best():
    for seed in range(140):
        problem, radius = random_problem(seed)
        best = Spectral().solve(model_of(problem), radius)
        step = MoreSorensen().solve(model_of(problem), radius)
        assert step.norm <= 1.1 * radius
        assert step.predicted_reduction >= 0.8 * best.predicted_reduction, seed


def test_resolve_solves_with_the_shifted_matrix(xp, exact):
    problem, radius, _ = CASES["easy"]
    step = exact.solve(model_of(problem, xp), radius)
    shifted = problem[0] + step.multiplier * np.eye(5)
    for rhs in (np.arange(5.0), np.arange(10.0).reshape(5, 2)):
        np.testing.assert_allclose(shifted @ to_host(step.resolve(xp.asarray(rhs))), rhs, atol=1e-9)


def test_resolve_is_a_pseudo_inverse_in_the_hard_case():
    (matrix, gradient), radius, _ = CASES["hard"]
    step = Spectral().solve(model_of((matrix, gradient)), radius)
    expected = np.linalg.pinv(matrix + step.multiplier * np.eye(5), rcond=1e-12)
    np.testing.assert_allclose(step.resolve(np.eye(5)), expected, atol=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("solver", ALL[:3], ids=repr)
def test_what_is_not_finite_gets_no_step(xp, solver, bad):
    matrix, gradient = np.diag([1.0, 2.0]), np.ones(2)
    wrong_matrix, wrong_gradient = np.full((2, 2), bad), np.array([1.0, bad])
    for problem, radius in [((wrong_matrix, gradient), 1.0), ((matrix, wrong_gradient), 1.0), ((matrix, gradient), bad)]:
        step = solver.solve(model_of(problem, xp), radius)
        assert to_host(step.p).tolist() == [0.0, 0.0]
        assert step.predicted_reduction == step.norm == 0.0 and not step.on_boundary


@pytest.mark.parametrize("solver", EXACT, ids=repr)
def test_no_curvature_and_no_gradient_gets_no_step(solver):
    step = solver.solve(model_of((np.zeros((3, 3)), np.zeros(3))), 2.0)
    assert step.norm == step.predicted_reduction == 0.0


@pytest.mark.parametrize("exponent", [-40, -20, 20, 40])
def test_units_do_not_matter(exact, exponent):
    (matrix, gradient), radius, _ = CASES["nearly hard, 1e-8"]
    unit = 10.0**exponent
    scaled = (matrix * unit, gradient * unit**2), radius * unit
    assert violation(*scaled, exact.solve(model_of(scaled[0]), scaled[1])) <= 1e-10


# -- work


def test_spectral_decomposes_a_model_once_and_transfers_once_a_step(counted):
    decompositions, transfers = counted(linalg, "eigh"), counted(spectral, "to_host")
    model = model_of(CASES["easy"][0])
    for radius in (1.0, 0.25, 0.0625):
        Spectral().solve(model, radius)
    assert (decompositions.calls, transfers.calls) == (1, 3)


def test_secular_equation_takes_few_iterations(counted):
    evaluations, calls = counted(secular, "divided"), []
    for seed in range(140):
        problem, radius = random_problem(seed)
        before = evaluations.calls
        Spectral().solve(model_of(problem), radius)
        calls.append(evaluations.calls - before)
    # Up to three of them are not iterations.
    assert np.mean(calls) < 6 and max(calls) <= 20


def factorizations(counter, solver, problem, radius):
    before = counter.calls
    solver.solve(model_of(problem), radius)
    return counter.calls - before


def test_step_inside_the_ball_takes_one_factorization(counted):
    problem, radius, _ = CASES["interior"]
    products = counted(lanczos, "_tridiagonal")
    assert factorizations(counted(linalg, "cholesky"), MoreSorensen(rtol=1e-10), problem, radius) == 1
    assert products.calls == 0


@pytest.mark.parametrize(("rtol", "typical"), [(0.1, 2.0), (1e-10, 5.0)])
def test_indefinite_model_takes_few_factorizations(counted, rtol, typical):
    counter, rng = counted(linalg, "cholesky"), np.random.default_rng(0)
    calls = []
    for _ in range(30):
        matrix = rng.standard_normal((40, 40))
        problem = matrix + matrix.T, rng.standard_normal(40)
        calls.append(factorizations(counter, MoreSorensen(rtol=rtol), problem, 10.0 ** rng.uniform(-3, 3)))
    assert np.mean(calls) <= typical and max(calls) <= 10


@pytest.mark.parametrize("rtol", [0.1, 1e-10, 1e-16])
def test_number_of_factorizations_is_bounded(counted, rtol):
    counter = counted(linalg, "cholesky")
    calls = [factorizations(counter, MoreSorensen(rtol=rtol), *random_problem(seed)) for seed in range(280)]
    assert max(calls) <= (15 if rtol >= 1e-10 else 31)


@pytest.mark.parametrize("budget", [1, 2, 3])
def test_budget_of_factorizations_is_kept_and_still_gives_a_step(counted, budget):
    counter, solver = counted(linalg, "cholesky"), MoreSorensen(rtol=1e-10, max_factorizations=budget)
    for seed in range(140):
        problem, radius = random_problem(seed)
        # One more where none of them succeeded.
        assert factorizations(counter, solver, problem, radius) <= budget + 1
        step = solver.solve(model_of(problem), radius)
        assert np.all(np.isfinite(step.p)) and np.linalg.norm(step.p) <= radius * (1.0 + 1e-9)
        assert step.predicted_reduction > 0.0 or not problem[1].any()


# -- the damped step


@pytest.mark.parametrize("damping", [0.0, 1e-3, 10.0])
def test_damped_step_solves_the_damped_equations(xp, damping):
    matrix, gradient = rotated(POSITIVE, [1.0, -0.3, 0.5, 2.0, -1.0])
    model = model_of((matrix, gradient), xp)
    step = Damped().solve(model, damping)
    shifted = matrix + damping * np.eye(5)
    np.testing.assert_allclose(shifted @ to_host(step.p), -gradient, atol=1e-12)
    np.testing.assert_allclose(shifted @ to_host(step.resolve(xp.asarray(np.eye(5)))), np.eye(5), atol=1e-12)
    assert (step.multiplier, step.on_boundary) == (damping, False)
    assert step.norm == pytest.approx(np.linalg.norm(to_host(step.p)), rel=1e-14)
    assert step.predicted_reduction == pytest.approx(model.reduction(step.p), rel=1e-12)


def test_damped_step_is_refused_where_the_matrix_is_not_positive_definite(xp):
    matrix, gradient = rotated(INDEFINITE, [1.0] * 5)
    model = model_of((matrix, gradient), xp)
    assert Damped().solve(model, 1.9) is None
    assert Damped().solve(model, 2.1) is not None
    assert Damped().solve(model_of((np.full((2, 2), np.nan), np.ones(2)), xp), 1.0) is None
    assert Damped().solve(model_of((np.eye(2), np.array([1.0, np.nan])), xp), 1.0) is None


def test_damped_reduction_survives_a_nearly_singular_matrix():
    jacobian = np.vander(np.linspace(0, 1, 30), 12)
    gradient = jacobian.T @ np.sin(np.linspace(0, 9, 30))
    for damping in 10.0 ** np.arange(-15, 1.0):
        step = Damped().solve(model_of((jacobian.T @ jacobian, gradient)), damping)
        assert step is None or step.predicted_reduction > 0.5 * damping * step.norm**2


# -- components


@pytest.mark.parametrize("solver", ALL, ids=repr)
def test_solvers_are_value_objects(solver):
    before = dict(solver.get_params())
    solver.solve(model_of(CASES["interior"][0]), 1.0)
    assert repr(clone(solver)) == repr(solver) and solver.get_params() == before == vars(solver)


def test_names_are_unique():
    assert len({type(solver).name for solver in ALL}) == 3
