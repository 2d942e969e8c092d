"""Curvatures: matrix, diagonal and product are one B; secant updates fulfill the secant equation and their skip rules."""

import numpy as np
import pytest
from sklearn.base import clone

from newtonreg import Analytic, TrustRegion, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.curvatures import (
    BFGSCurvature,
    Exact,
    GaussNewton,
    Interpolated,
    SaddleFree,
    Secant,
    SecantPair,
    SR1Curvature,
    first_length,
    resolve_curvature,
    secant_pair,
)
from newtonreg.testing.problems import linear_least_squares, rosenbrock

CURVATURES = [Exact(), GaussNewton(), SaddleFree(), BFGSCurvature(), SR1Curvature(), Interpolated(0.3), Interpolated(0.3, "sr1")]
SECANT = [BFGSCurvature(), SR1Curvature()]
every_curvature = pytest.mark.parametrize("curvature", CURVATURES, ids=str)
every_secant = pytest.mark.parametrize("curvature", SECANT, ids=str)


def quadratic(matrix, xp=np):
    """½ xᵀAx."""
    matrix = xp.asarray(matrix)
    return Analytic(
        lambda x: 0.5 * xp.vecdot(x, xp.matmul(matrix, x)),
        matrix.shape[0],
        gradient=lambda x: xp.matmul(matrix, x),
        hessian=lambda x: matrix,
    )


def symmetric(eigenvalues, seed=0):
    vectors, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(eigenvalues), len(eigenvalues))))
    return vectors @ np.diag(eigenvalues) @ vectors.T


def pair_of(s, y):
    return SecantPair(s, y, float(s @ y), float(s @ s), float(y @ y))


def random_pairs(n_pairs=40, size=5, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(n_pairs):
        yield pair_of(
            rng.standard_normal(size) * 10.0 ** rng.uniform(-8, 8), rng.standard_normal(size) * 10.0 ** rng.uniform(-8, 8)
        )


def path(curvature, xp, steps=((-1.2, 1.0), (-1.0, 1.1), (0.3, -0.2), (1.0, 0.9))):
    """`CurvaturePoint` and evaluation along a path in Rosenbrock's valley."""
    objective, memory = rosenbrock(xp), None
    for x in steps:
        evaluation = objective.at(xp.asarray(list(x)))
        at = curvature.at(evaluation, memory)
        yield at, evaluation
        memory = at.memory


@every_curvature
def test_matrix_diagonal_and_product_are_those_of_one_symmetric_matrix(xp, curvature):
    for at, evaluation in path(curvature, xp):
        matrix = to_host(at.matrix)
        np.testing.assert_array_equal(matrix, matrix.T)
        np.testing.assert_allclose(to_host(at.diagonal), np.diag(matrix))
        np.testing.assert_allclose(to_host(at.product(evaluation.gradient)), matrix @ to_host(evaluation.gradient), rtol=1e-12)


@every_curvature
def test_the_same_point_gives_the_same_matrix(xp, curvature):
    for at, evaluation in path(curvature, xp):
        again = curvature.at(evaluation, at.memory)
        np.testing.assert_array_equal(to_host(again.matrix), to_host(at.matrix))


@every_curvature
def test_a_curvature_is_a_value_object_found_by_its_name(curvature):
    assert repr(clone(curvature)) == repr(curvature)
    assert type(resolve_curvature(curvature.name)) is type(curvature)
    before = dict(vars(curvature))
    list(path(curvature, np))
    assert vars(curvature) == before


def test_exact_and_gauss_newton_are_the_evaluation_s_own(xp):
    for curvature, name in ((Exact(), "hessian"), (GaussNewton(), "gauss_newton")):
        for at, evaluation in path(curvature, xp):
            assert at.matrix is getattr(evaluation, name)
            assert at.memory is None
    assert Exact().is_exact and not GaussNewton().is_exact


def test_products_need_no_matrix():
    for curvature, product in ((Exact(), "hvp"), (GaussNewton(), "gnvp")):
        evaluation = rosenbrock(np).at(np.array([-1.2, 1.0]))
        np.testing.assert_array_equal(curvature.at(evaluation).product(np.ones(2)), getattr(evaluation, product)(np.ones(2)))


def test_saddle_free_has_the_absolute_eigenvalues(xp, to_numpy):
    values = np.array([-4.0, -1e-3, 1e-20, 0.5, 7.0])
    matrix = symmetric(values)
    absolute = to_numpy(SaddleFree().at(quadratic(matrix, xp).at(xp.zeros(5, dtype=xp.float64))).matrix)
    np.testing.assert_allclose(np.linalg.eigvalsh(absolute), np.sort(np.abs(values)), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(absolute @ matrix, matrix @ absolute, atol=1e-13)
    for floor, lowest in ((1e-12, [7e-12, 1e-3, 0.5, 4.0, 7.0]), (0.1, [0.7, 0.7, 0.7, 4.0, 7.0])):
        raised = to_numpy(SaddleFree(floor=floor).at(quadratic(matrix, xp).at(xp.zeros(5, dtype=xp.float64))).matrix)
        np.testing.assert_allclose(np.linalg.eigvalsh(raised), lowest, rtol=1e-9, atol=1e-14)
        assert np.linalg.eigvalsh(raised)[0] > 0.0


def test_saddle_free_is_the_hessian_where_that_is_positive_definite():
    matrix = symmetric([0.01, 1.0, 3.0, 50.0])
    np.testing.assert_allclose(SaddleFree().at(quadratic(matrix).at(np.zeros(4))).matrix, matrix, rtol=1e-12, atol=1e-13)


def test_saddle_free_leaves_what_is_not_finite_alone():
    evaluation = quadratic(np.full((2, 2), np.nan)).at(np.zeros(2))
    assert np.all(np.isnan(SaddleFree().at(evaluation).matrix))


@pytest.mark.parametrize("inner", ["exact", "gauss-newton", "bfgs"])
def test_interpolated_lies_between_its_curvature_and_the_identity(xp, inner):
    curvatures = resolve_curvature(inner), *(Interpolated(share, inner, scale=3.0) for share in (0.0, 0.25, 1.0))
    for (b, _), (zero, _), (quarter, _), (one, _) in zip(*(path(c, xp) for c in curvatures), strict=True):
        matrix = to_host(b.matrix)
        np.testing.assert_array_equal(to_host(zero.matrix), matrix)
        np.testing.assert_allclose(to_host(quarter.matrix), 0.75 * matrix + 0.75 * np.eye(2), rtol=1e-14)
        np.testing.assert_array_equal(to_host(one.matrix), 3.0 * np.eye(2))


def test_interpolated_passes_on_what_its_curvature_says():
    assert Interpolated(0.1, "gauss-newton").requires == ("gauss_newton",)
    assert Interpolated(0.0).is_exact and not Interpolated(0.1).is_exact
    with pytest.raises(ValueError, match=r"strength=1.5 must be a number in \[0, 1\]"):
        Interpolated(1.5).check_parameters()


@pytest.mark.parametrize(
    "curvature",
    [BFGSCurvature(damping=0.0), BFGSCurvature(damping=1.0), SR1Curvature(skip=0.0), SR1Curvature(skip="no")],
    ids=str,
)
def test_parameters_out_of_range_are_named(curvature):
    with pytest.raises(ValueError, match="damping=|skip="):
        minimize(rosenbrock(np), [0.0, 0.0], TrustRegion(curvature=curvature))


# -- secant updates


@every_secant
def test_secant_equation_and_symmetry(xp, curvature):
    """B⁺ s = y from the first update on; the eigenvalues are such that BFGS has nothing to damp, which is tested below."""
    objective, memory, x = quadratic(symmetric([0.7, 1.0, 1.1, 1.5]), xp), None, np.ones(4)
    for step in np.random.default_rng(0).standard_normal((5, 4)):
        x = x + step
        point, previous = objective.at(xp.asarray(x)), memory
        at = curvature.at(point, previous)
        memory = at.memory
        if previous is not None:
            y = point.gradient - previous.gradient
            np.testing.assert_allclose(to_host(at.matrix) @ step, to_host(y), rtol=1e-10, atol=1e-12)
            np.testing.assert_array_equal(to_host(at.matrix), to_host(at.matrix).T)


def test_bfgs_stays_positive_definite_whatever_it_is_shown():
    curvature, matrix = BFGSCurvature(), np.eye(5)
    for pair in random_pairs():
        image = matrix @ pair.s
        bend = pair.s @ image
        matrix = curvature.update(matrix, pair)
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.linalg.eigvalsh(matrix)[0] > 0.0
        # the secant equation, or Powell's, in which y is replaced by a mean of y and B s with sᵀy = damping sᵀBs
        assert pair.s @ matrix @ pair.s == pytest.approx(max(pair.sy, 0.2 * bend), rel=1e-6)
        matrix = matrix / np.linalg.norm(matrix) + 1e-3 * np.eye(5)


def test_bfgs_damping_is_powell_s():
    s, y = np.array([1.0, 0.0]), np.array([-1.0, 2.0])
    updated = BFGSCurvature(damping=0.2).update(np.diag([4.0, 1.0]), pair_of(s, y))
    theta = 0.8 * 4.0 / (4.0 + 1.0)
    np.testing.assert_allclose(updated @ s, theta * y + (1.0 - theta) * np.array([4.0, 0.0]))


@pytest.mark.parametrize("eigenvalues", [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [-3.0, -1.0, 0.5, 2.0, 9.0, 40.0]])
def test_sr1_finds_the_hessian_of_a_quadratic_from_p_independent_steps(xp, eigenvalues):
    hessian = symmetric(eigenvalues)
    objective, curvature, memory, x = quadratic(hessian, xp), SR1Curvature(), None, np.ones(6)
    for step in np.vstack([np.zeros(6), np.random.default_rng(1).standard_normal((6, 6))]):
        x = x + step
        at = curvature.at(objective.at(xp.asarray(x)), memory)
        memory = at.memory
    np.testing.assert_allclose(to_host(at.matrix), hessian, rtol=1e-9, atol=1e-8)


def test_sr1_skips_a_step_that_would_divide_by_almost_nothing():
    curvature, matrix = SR1Curvature(), np.diag([2.0, 3.0])
    s = np.array([1.0, 0.0])
    exact, orthogonal = pair_of(s, matrix @ s), pair_of(s, matrix @ s + np.array([1e-12, 1.0]))
    assert curvature.update(matrix, exact) is matrix
    assert curvature.update(matrix, orthogonal) is matrix
    assert curvature.update(matrix, pair_of(s, matrix @ s + np.array([1e-3, 1.0]))) is not matrix


@every_secant
def test_nothing_is_learned_from_standing_still_rounding_or_overflow(curvature):
    here = quadratic(np.diag([1.0, 2.0])).at(np.array([1.0, 1.0]))
    there = Secant(here.params + 1e-3, here.gradient * (1.0 + 1e-16), np.eye(2))
    for previous in (Secant(here.params, here.gradient, np.eye(2)), there):
        assert secant_pair(here, previous) is None
        assert curvature.at(here, previous).matrix is previous.matrix
    with np.errstate(over="ignore"):
        huge = quadratic(np.diag([1e200, 1.0])).at(np.array([1.0, 1.0]))
        assert secant_pair(huge, Secant(here.params - 1.0, here.gradient, np.eye(2))) is None


@every_secant
def test_first_matrix_has_the_units_of_the_hessian(curvature):
    """Multiplying F by 2^a and x by 2^b multiplies B by 2^(a − 2b), bit for bit, before the first update and after."""
    matrices = []
    for a, b in ((0, 0), (40, 0), (0, -30), (-50, 20)):
        hessian = np.diag([2.0, 3.0]) * 2.0 ** (a - 2 * b)
        objective, memory, found = quadratic(hessian), None, []
        for x in ([1.0, 1.0], [0.5, 0.8]):
            at = curvature.at(objective.at(np.array(x) * 2.0**b), memory)
            memory = at.memory
            found.append(at.matrix * 2.0 ** (2 * b - a))
        matrices.append(found)
    for found in matrices[1:]:
        np.testing.assert_array_equal(found, matrices[0])


def test_first_matrix_is_bounded_for_orthogonal_differences():
    """sᵀy = 0 happens between two sides of a saddle; yᵀy / |sᵀy| would then freeze a run."""
    for curvature in SECANT:
        here, there = quadratic(np.diag([1.0, -1.0])).at(np.array([1.0, 1.0])), quadratic(np.diag([1.0, -1.0])).at(np.zeros(2))
        memory = curvature.at(there, None).memory
        assert np.linalg.norm(curvature.at(here, memory).matrix, 2) <= 2e3


def test_first_length_is_a_hundredth_of_the_parameters(xp):
    point = linear_least_squares(xp).at(xp.asarray([3.0, 0.0, -4.0]))
    assert first_length(point) * point.gradient_norm == pytest.approx(0.05)
    origin = linear_least_squares(xp).at(xp.zeros(3, dtype=xp.float64))
    assert first_length(origin) * origin.gradient_norm**2 == pytest.approx(0.01 * origin.value)


@every_secant
def test_a_trust_region_with_it_reaches_the_gradient_s_rounding(xp, curvature):
    objective = quadratic(symmetric([1.0, 4.0, 20.0]), xp)
    result = minimize(objective, xp.ones(3, dtype=xp.float64), TrustRegion(curvature=curvature), max_iter=60, gtol=1e-14)
    assert np.linalg.norm(to_host(result.jac)) <= 1e-14
    assert result.nhev == 0
