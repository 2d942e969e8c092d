"""Sums of squares: derivatives given or not, square roots, the relative offset, linear parameters, units, overflow, counts."""

import math

import array_api_strict
import autograd.numpy as anp
import numpy as np
import pytest
from autograd.scipy.special import erf

from newtonreg import Analytic, LeastSquares, LevenbergMarquardt, TrustRegion, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.objectives.separable import Partition
from newtonreg.testing import check_hessian

T = np.linspace(0.1, 2.0, 7)
Y = np.array([3.1, 2.2, 2.3, 1.1, 1.4, 0.6, 0.9])
X0 = np.array([2.5, 1.2, 0.3])
V = np.array([0.4, -0.7, 1.1])


def decay(xp=np, rows=7, outer=None, n_params=3):
    """x_0 exp(−x_1 t) + x_2 t − y with hand-written derivatives."""
    t, y = xp.asarray(T[:rows]), xp.asarray(Y[:rows])

    def jacobian(x):
        wave = xp.exp(-x[1] * t)
        return xp.stack([wave, -x[0] * t * wave, t], axis=1)

    def hessians(x):
        wave = xp.exp(-x[1] * t)
        mixed, bend, zero = -t * wave, x[0] * t * t * wave, xp.zeros_like(t)
        return xp.stack(
            [xp.stack([zero, mixed, zero], axis=1), xp.stack([mixed, bend, zero], axis=1), xp.zeros((t.shape[0], 3))], axis=2
        )

    return LeastSquares(lambda x: x[0] * xp.exp(-x[1] * t) + x[2] * t - y, n_params, jacobian, hessians, outer)


def automatic(rows=7):
    """The same, differentiated by autograd."""
    return LeastSquares(lambda x: x[0] * anp.exp(-x[1] * T[:rows]) + x[2] * T[:rows] - Y[:rows])


def affine(matrix, rhs, xp=np, **options):
    """A x − b; its second derivatives vanish."""
    a, b = xp.asarray(matrix), xp.asarray(rhs)
    n, p = a.shape
    return LeastSquares(lambda x: xp.matmul(a, x) - b, p, lambda x: a, lambda x: xp.zeros((n, p, p)), **options)


def everything(point, v):
    """All that an evaluation answers, on the host."""
    names = ("value", "gradient", "residuals", "jacobian", "hessian", "gauss_newton", "second_order", "criticality")
    results = {name: getattr(point, name) for name in names}
    results |= {"gnvp": point.gnvp(v), "hvp": point.hvp(v), "second_directional": point.second_directional(v)}
    return {name: np.asarray(to_host(array)) for name, array in results.items()}


# -- derivatives


def test_taylor_remainders_have_slopes_two_and_three(xp):
    check_hessian(decay(xp), xp.asarray(X0))


@pytest.mark.parametrize("rows", [7, 3, 2])
def test_autograd_fills_in_what_is_not_given(rows):
    given, left_out = everything(decay(rows=rows).at(X0), V), everything(automatic(rows).at(X0), V)
    for name in given:
        np.testing.assert_allclose(left_out[name], given[name], rtol=1e-12, atol=1e-13, err_msg=name)


def test_each_derivative_may_be_left_out_alone():
    full = decay()
    without_hessians = LeastSquares(lambda x: x[0] * anp.exp(-x[1] * T) + x[2] * T - Y, jacobian=full._jacobian)
    without_jacobian = LeastSquares(lambda x: x[0] * anp.exp(-x[1] * T) + x[2] * T - Y, hessians=full._hessians)
    expected = everything(full.at(X0), V)
    for objective in (without_hessians, without_jacobian):
        actual = everything(objective.at(X0), V)
        # with a Jacobian alone, the second directional derivative is a difference of two of them
        is_difference = objective is without_hessians
        for name in expected:
            rtol = 1e-6 if is_difference and name == "second_directional" else 1e-12
            np.testing.assert_allclose(actual[name], expected[name], rtol=rtol, atol=1e-13, err_msg=name)


def test_a_function_without_forward_rules_is_differentiated_backwards():
    """autograd knows erf backwards only; erf' = 2/√π exp(−z²), erf'' = −2 z erf'."""
    objective = LeastSquares(lambda x: x[1] * erf(x[0] * T) - Y)
    x, v = np.array([0.8, 1.7]), np.array([0.3, -1.1])
    wave = 2.0 / math.sqrt(math.pi) * np.exp(-((x[0] * T) ** 2))
    jacobian = np.stack([x[1] * T * wave, [math.erf(z) for z in x[0] * T]], axis=1)
    bend = -2.0 * x[0] * T * wave * x[1] * T**2 * v[0] ** 2 + 2.0 * T * wave * v[0] * v[1]
    point = objective.at(x)
    np.testing.assert_allclose(point.jacobian, jacobian, rtol=1e-14)
    np.testing.assert_allclose(point.second_directional(v), jacobian.T @ bend, rtol=1e-12)
    check_hessian(objective, x)


def test_the_hessian_is_gauss_newton_and_second_order(xp):
    results = everything(decay(xp).at(xp.asarray(X0)), xp.asarray(V))
    jacobian, residuals = results["jacobian"], results["residuals"]
    np.testing.assert_allclose(results["gauss_newton"], jacobian.T @ jacobian, rtol=1e-14)
    np.testing.assert_allclose(results["second_order"], results["hessian"] - results["gauss_newton"], atol=1e-14)
    weighted = np.tensordot(residuals, decay()._hessians(X0), axes=1)
    np.testing.assert_allclose(results["second_order"], weighted, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(results["gnvp"], results["gauss_newton"] @ V, rtol=1e-13)
    np.testing.assert_allclose(results["hvp"], results["hessian"] @ V, rtol=1e-13)
    np.testing.assert_allclose(results["gradient"], jacobian.T @ residuals, rtol=1e-14)


def test_second_directional_is_the_pullback_of_the_bend_of_the_residuals(xp):
    h = 1e-4
    ahead, here, behind = (decay().at(X0 + s * h * V).residuals for s in (1.0, 0.0, -1.0))
    expected = decay().at(X0).jacobian.T @ (ahead - 2.0 * here + behind) / h**2
    np.testing.assert_allclose(to_host(decay(xp).at(xp.asarray(X0)).second_directional(xp.asarray(V))), expected, rtol=1e-6)


def test_arrays_of_other_libraries_need_derivatives_and_are_told_so():
    t, y = array_api_strict.asarray(T), array_api_strict.asarray(Y)
    point = LeastSquares(lambda x: x[0] * array_api_strict.exp(-x[1] * t) - y).at(array_api_strict.asarray(X0))
    assert math.isfinite(point.value)
    for ask in (lambda: point.jacobian, lambda: point.hessian, lambda: point.second_directional(point.params)):
        with pytest.raises(TypeError, match="autograd differentiates on NumPy arrays only.*Pass its derivatives as well"):
            ask()


# -- square root and relative offset


@pytest.mark.parametrize("rows", [7, 3, 2, 1])
def test_square_root_reproduces_matrix_and_gradient(xp, rows):
    point = decay(xp, rows).at(xp.asarray(X0))
    r, z = (to_host(array) for array in point.square_root)
    assert r.shape == (min(rows, 3), 3) and z.shape == (min(rows, 3),)
    np.testing.assert_allclose(r.T @ r, to_host(point.gauss_newton), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(r.T @ z, to_host(point.gradient), rtol=1e-13, atol=1e-15)
    assert point.n_residuals == rows


def offset(jacobian, residuals, independent):
    """‖Q Qᵀr‖ / ‖r‖ with Q an orthonormal basis of the `independent` columns."""
    basis = np.linalg.qr(jacobian[:, independent])[0]
    return np.linalg.norm(basis @ (basis.T @ residuals)) / np.linalg.norm(residuals)


def test_criticality_is_the_cosine_between_residuals_and_tangent_space(xp):
    for x in (X0, X0 + V, np.array([1.0, 30.0, 0.0])):
        point = decay().at(x)
        expected = offset(point.jacobian, point.residuals, [0, 1, 2])
        assert decay(xp).at(xp.asarray(x)).criticality == pytest.approx(expected, rel=1e-12)
    assert decay(xp, rows=3).at(xp.asarray(X0)).criticality == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("rows", [7, 4])
def test_criticality_of_a_rank_deficient_jacobian_is_that_of_its_range(xp, rows):
    """A column twice, a sum of columns and a column of zeros add nothing to the range."""
    columns = np.random.default_rng(0).standard_normal((rows, 2))
    jacobian = np.column_stack([columns, columns[:, 0], columns @ [2.0, -3.0], np.zeros(rows)])
    point = affine(jacobian, Y[:rows], xp).at(xp.asarray(np.ones(5)))
    expected = offset(jacobian, to_host(point.residuals), [0, 1])
    assert 0.01 < expected < 0.99
    assert point.criticality == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("unit", [1e-60, 1e-6, 3e7, 1e60])
def test_criticality_has_no_units(xp, unit):
    jacobian, rhs = np.random.default_rng(1).standard_normal((9, 4)), np.ones(9)
    expected = affine(jacobian, rhs).at(np.zeros(4)).criticality
    units = np.array([1.0, unit, 1.0 / unit, 1e3])
    other = affine(unit * jacobian * units, unit * rhs, xp).at(xp.zeros(4, dtype=xp.float64))
    assert other.criticality == pytest.approx(expected, rel=1e-9)


def test_criticality_vanishes_at_a_solution_and_at_a_perfect_fit(xp):
    jacobian = np.random.default_rng(2).standard_normal((9, 4))
    solution = np.linalg.lstsq(jacobian, np.ones(9))[0]
    assert affine(jacobian, np.ones(9), xp).at(xp.asarray(solution)).criticality < 1e-14
    assert affine(jacobian, np.zeros(9), xp).at(xp.zeros(4, dtype=xp.float64)).criticality == 0.0


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_overflows_is_infinite_and_raises_nothing(xp):
    point = affine(np.eye(3), np.zeros(3), xp).at(xp.asarray([1e200, 1.0, 1e300]))
    assert point.value == math.inf and point.criticality == math.inf
    root = LeastSquares(lambda x: xp.sqrt(x) - 1.0, 2, lambda x: 0.5 * xp.eye(2) / xp.sqrt(x)[None, :])
    assert root.at(xp.zeros(2, dtype=xp.float64)).criticality == math.inf
    assert math.isnan(root.at(xp.asarray([-1.0, 1.0])).value) and math.isnan(root.at(xp.asarray([-1.0, 1.0])).criticality)


# -- linear parameters


@pytest.mark.parametrize("outer", [slice(0, 3, 2), (0, 2), [2, 0], (-3, -1), np.array([0, -1])], ids=str)
def test_outer_step_solves_the_linear_problem(xp, outer):
    point = decay(xp, outer=outer).at(xp.asarray(X0))
    step = to_host(point.outer_step())
    columns = to_host(point.jacobian)[:, [0, 2]]
    np.testing.assert_allclose(step[[0, 2]], np.linalg.lstsq(columns, -to_host(point.residuals))[0], rtol=1e-12)
    assert step[1] == 0.0
    after = decay(outer=outer).at(X0 + step)
    assert np.linalg.norm(after.gradient[[0, 2]]) < 1e-13 and after.value < to_host(point.value)


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
def test_outer_step_of_a_rank_deficient_basis_is_the_shortest_after_column_scaling(xp, unit):
    columns = np.random.default_rng(3).standard_normal((7, 2)) * [1.0, unit]
    jacobian = np.column_stack([columns, 2.0 * columns[:, 1], np.zeros(7)])
    norms = np.linalg.norm(jacobian, axis=0) + (0.0, 0.0, 0.0, 1.0)
    expected = np.linalg.lstsq(jacobian / norms, Y, rcond=1e-12)[0] / norms
    point = affine(jacobian, Y, xp, outer=slice(None)).at(xp.zeros(4, dtype=xp.float64))
    np.testing.assert_allclose(to_host(point.outer_step()), expected, rtol=1e-11, atol=0.0)


def test_outer_step_with_fewer_rows_than_coefficients_fits_them(xp):
    jacobian = np.random.default_rng(4).standard_normal((3, 5))
    step = to_host(affine(jacobian, Y[:3], xp, outer=slice(None)).at(xp.zeros(5, dtype=xp.float64)).outer_step())
    np.testing.assert_allclose(jacobian @ step, Y[:3], rtol=1e-13)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_there_is_no_outer_step_where_the_basis_is_not_finite(xp):
    assert decay(xp, outer=(0, 2)).at(xp.asarray([1.0, -1e4, 0.0])).outer_step() is None


def test_a_partition_takes_apart_and_joins(xp):
    partition = Partition([4, -4], 5)
    array = xp.asarray(np.arange(5.0))
    np.testing.assert_array_equal(to_host(partition.outer_part(array)), [4.0, 1.0])
    np.testing.assert_array_equal(to_host(partition.inner_part(array)), [0.0, 2.0, 3.0])
    np.testing.assert_array_equal(
        to_host(partition.join(partition.outer_part(array), partition.inner_part(array))), np.arange(5.0)
    )


@pytest.mark.parametrize(
    "outer", [(0, 0), (0, -3), (3,), (-4,), (1.0,), (True, False, True), np.array([True, False, True])], ids=str
)
def test_what_is_no_set_of_indices_is_refused(outer):
    with pytest.raises(ValueError, match="outer=.*different indices of 3 parameters"):
        decay(outer=outer).at(X0).outer_step()


def test_it_says_whether_it_has_linear_parameters():
    assert [("outer" in decay(outer=outer).provides) for outer in (None, (), (0,), slice(1))] == [False, False, True, True]


# -- counts


def test_everything_is_computed_once_and_counted():
    objective = decay(outer=(0, 2))
    point = objective.at(X0)
    counts = objective.counts
    seen = []
    for name in ("value", "gradient", "square_root", "criticality", "gauss_newton", "second_order", "hessian"):
        first = getattr(point, name)
        seen.append((counts.nfev, counts.njev, counts.nhev, counts.nhvp))
        assert getattr(point, name) is first and seen[-1] == (counts.nfev, counts.njev, counts.nhev, counts.nhvp)
    assert seen == [(1, 0, 0, 0), *[(1, 1, 0, 0)] * 3, (1, 1, 1, 0), (1, 1, 1, 0), (1, 1, 2, 0)]
    point.outer_step()
    for product in (point.hvp, point.gnvp, point.second_directional):
        product(V)
    assert (counts.nfev, counts.njev, counts.nhev, counts.nhvp, counts.n_backprops) == (1, 1, 2, 3, 4)


def _stacked(w):
    return np.stack([w[0], w[1] ** 2 - 1.0])


@pytest.mark.parametrize(
    "residuals",
    [_stacked, lambda w: np.array([w[0], w[1] ** 2]), lambda w: np.concatenate([w, w**2]), lambda w: w * float(w[0])],
    ids=["stack", "array", "concatenate", "float"],
)
def test_functions_that_autograd_cannot_follow_are_refused_with_advice(residuals):
    """NumPy's own np.concatenate loses the tape without a word: a zero Jacobian would pass for a stationary point."""
    with pytest.raises(TypeError, match="import autograd.numpy as np"):
        minimize(LeastSquares(residuals), np.array([1.5, 0.4]), LevenbergMarquardt())


def test_analytic_gives_the_same_advice():
    with pytest.raises(TypeError, match="import autograd.numpy as np"):
        minimize(Analytic(lambda w: w[0] ** 2 + float(w[1]) ** 2, 2), np.array([1.5, 0.4]), TrustRegion())


def test_residuals_must_be_a_vector():
    for residuals in (lambda w: [w[0], w[1]], lambda w: w[0], lambda w: w[:, None]):
        with pytest.raises(TypeError, match=r"residuals\(x\) must be an array of shape \(n,\)"):
            minimize(LeastSquares(residuals), np.array([1.5, 0.4]), LevenbergMarquardt())
