"""Damped steps from a square root: QR, SVD and the dual system agree with the normal equations, and keep more digits."""

import math
from fractions import Fraction

import numpy as np
import pytest

from newtonreg import LeastSquares
from newtonreg.backend.arrays import to_host
from newtonreg.subproblems import Damped, DampedDual, DampedQR, DampedSVD, QuadraticModel, SquareRootModel

ROOTS = {"qr": DampedQR(), "svd": DampedSVD(), "dual": DampedDual()}


def affine(matrix, rhs, xp=np):
    """A x − b."""
    a, b = xp.asarray(matrix), xp.asarray(rhs)
    n, p = a.shape
    return LeastSquares(lambda x: xp.matmul(a, x) - b, p, lambda x: a, lambda x: xp.zeros((n, p, p)))


@pytest.mark.parametrize("n_rows", [9, 4, 3])
@pytest.mark.parametrize("damping", [1e-4, 1.0, 100.0])
def test_the_methods_agree_on_step_reduction_and_further_solves(xp, n_rows, damping):
    rng = np.random.default_rng(0)
    jacobian, residuals, further = rng.standard_normal((n_rows, 4)), rng.standard_normal(n_rows), rng.standard_normal(n_rows)
    matrix = jacobian.T @ jacobian + damping * np.eye(4)
    expected, more = (np.linalg.solve(matrix, jacobian.T @ right) for right in (-residuals, further))
    reduction = -(jacobian.T @ residuals) @ expected - 0.5 * np.sum((jacobian @ expected) ** 2)
    point = affine(jacobian, -residuals, xp).at(xp.zeros(4, dtype=xp.float64))
    right = xp.asarray(jacobian.T @ further)
    models = {name: SquareRootModel(point.gradient, *point.square_root) for name in ROOTS}
    steps = [ROOTS[name].solve(model, damping) for name, model in models.items()]
    for step in [*steps, Damped().solve(QuadraticModel(point.gradient, point.gauss_newton), damping)]:
        np.testing.assert_allclose(to_host(step.p), expected, rtol=1e-8)
        np.testing.assert_allclose(to_host(step.resolve(right)), more, rtol=1e-8)
        assert step.predicted_reduction == pytest.approx(reduction, rel=1e-8)
        assert step.norm == pytest.approx(np.linalg.norm(expected), rel=1e-8) and step.multiplier == damping


def exact_step(jacobian, residuals, damping):
    """−(JᵀJ + μI)⁻¹ Jᵀr in rational arithmetic, rounded once."""
    rows = [[Fraction(entry) for entry in row] for row in jacobian.tolist()]
    rhs, p = [Fraction(entry) for entry in residuals.tolist()], jacobian.shape[1]
    system = [
        [sum(row[i] * row[j] for row in rows) + (Fraction(damping) if i == j else 0) for j in range(p)]
        + [-sum(row[i] * entry for row, entry in zip(rows, rhs, strict=True))]
        for i in range(p)
    ]
    for k in range(p):
        pivot = system[k][k]
        system[k] = [entry / pivot for entry in system[k]]
        for i in range(p):
            if i != k:
                factor = system[i][k]
                system[i] = [a - factor * b for a, b in zip(system[i], system[k], strict=True)]
    return np.array([float(row[-1]) for row in system])


def test_qr_and_svd_keep_the_digits_that_cholesky_loses(xp):
    """Three exponentials that are nearly the same: cond(J) is 4e6, so its square leaves three digits of sixteen."""
    t = np.linspace(0.0, 1.0, 12)
    jacobian = np.exp(-np.outer(t, [1.0, 1.02, 1.04, 1.5]))
    residuals = np.cos(3.0 * t)
    condition, damping = np.linalg.cond(jacobian), 1e-16
    assert 3e6 < condition < 4e6
    expected = exact_step(jacobian, residuals, damping)
    point = affine(jacobian, -residuals, xp).at(xp.zeros(4, dtype=xp.float64))
    model = SquareRootModel(point.gradient, *point.square_root)
    errors = {name: np.linalg.norm(to_host(ROOTS[name].solve(model, damping).p) - expected) for name in ("qr", "svd")}
    normal = Damped().solve(QuadraticModel(point.gradient, point.gauss_newton), damping)
    lost = np.linalg.norm(to_host(normal.p) - expected)
    for error in errors.values():
        assert error < 1e-15 * condition * np.linalg.norm(expected)
        assert lost > 1e3 * error


@pytest.mark.parametrize("damping", [0.0, 1e-3])
def test_svd_of_a_rank_deficient_system_gives_the_shortest_step(xp, damping):
    columns = np.random.default_rng(2).standard_normal((9, 2))
    jacobian, rhs = np.column_stack([columns, columns @ [1.0, 2.0]]), np.ones(9)
    point = affine(jacobian, rhs, xp).at(xp.zeros(3, dtype=xp.float64))
    step = DampedSVD().solve(SquareRootModel(point.gradient, *point.square_root), damping)
    stacked = np.vstack([jacobian, math.sqrt(damping) * np.eye(3)])
    expected = np.linalg.lstsq(stacked, np.concatenate([rhs, np.zeros(3)]), rcond=1e-12)[0]
    np.testing.assert_allclose(to_host(step.p), expected, rtol=1e-10)


@pytest.mark.parametrize("subproblem", [*ROOTS.values(), Damped()], ids=str)
def test_what_is_not_finite_or_singular_gets_no_step(xp, subproblem):
    r, z = xp.asarray([[1.0, math.nan], [0.0, 1.0]]), xp.ones(2)
    assert subproblem.solve(SquareRootModel(xp.ones(2), r, z), 1.0) is None
    singular = SquareRootModel(xp.zeros(2), xp.zeros((2, 2)), xp.zeros(2))
    step = subproblem.solve(singular, 0.0)
    assert step is None or step.norm == 0.0
    assert step is None or isinstance(subproblem, DampedSVD)


def test_the_spectrum_of_a_square_root_is_that_of_its_square(xp):
    for rows in (5, 3, 2):
        r = np.triu(np.random.default_rng(rows).standard_normal((min(rows, 3), 3)))
        model = SquareRootModel(xp.zeros(3), xp.asarray(r), xp.zeros(r.shape[0]))
        values, vectors = to_host(model.spectrum.values), to_host(model.spectrum.vectors)
        np.testing.assert_allclose((vectors * values) @ vectors.T, r.T @ r, atol=1e-14)
        np.testing.assert_allclose(to_host(model.product(xp.asarray([1.0, 2.0, 3.0]))), r.T @ r @ [1.0, 2.0, 3.0], rtol=1e-13)
        assert np.all(np.diff(values) >= -1e-14)
