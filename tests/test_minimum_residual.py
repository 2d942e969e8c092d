"""The shortest least squares step from products: certificates, residuals, tolerances, and the basis it stands on."""

import numpy as np
import pytest

from newtonreg.backend.arrays import to_host
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.minimum_residual import minimum_residual, pseudoinverse_residual


def symmetric(size, rank, seed=0):
    """A matrix with eigenvalues of both signs, the largest 3, `rank` of them not zero."""
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.standard_normal((size, size)))[0]
    values = np.linspace(0.2, 3.0, size) * np.where(np.arange(size) % 2, 1.0, -1.0)
    values[: size - rank] = 0.0
    matrix = (rotation * values) @ rotation.T
    return 0.5 * (matrix + matrix.T), rng.standard_normal(size)


@pytest.mark.parametrize("compatible", [True, False])
@pytest.mark.parametrize(("size", "rank"), [(1, 1), (6, 6), (6, 3), (30, 29), (40, 20), (40, 0)])
def test_the_step_is_the_shortest_least_squares_solution(xp, size, rank, compatible):
    matrix, gradient = symmetric(size, rank)
    gradient = matrix @ gradient if compatible else gradient
    expected = np.linalg.lstsq(matrix, -gradient, rcond=1e-10)[0]
    residual = np.linalg.norm(matrix @ expected + gradient)
    h, g = xp.asarray(matrix), xp.asarray(gradient)
    for found in (minimum_residual(lambda v: xp.matmul(h, v), g, max_iter=size), pseudoinverse_residual(h, g)):
        np.testing.assert_allclose(to_host(found.p), expected, rtol=0.0, atol=1e-11 * (1.0 + np.linalg.norm(expected)))
        assert found.residual_norm == pytest.approx(residual, abs=1e-12 * (1.0 + np.linalg.norm(gradient)))
        assert found.image_norm == pytest.approx(np.linalg.norm(matrix @ expected), abs=1e-12)
        scale = np.linalg.norm(matrix, 2) * np.linalg.norm(expected) + np.linalg.norm(gradient)
        assert found.flatness == pytest.approx(residual / scale if scale > 0.0 else 0.0, rel=1e-6, abs=1e-12)


def test_the_residual_falls_with_the_dimension_and_is_least_in_each_space():
    matrix, gradient = symmetric(30, 25)
    norms = []
    for k in range(1, 31):
        found = minimum_residual(lambda v: matrix @ v, gradient, rtol=0.0, max_iter=k)
        norms.append(found.residual_norm)
        assert np.linalg.norm(matrix @ found.p + gradient) == pytest.approx(norms[-1], rel=1e-10)
        powers = [gradient / np.linalg.norm(gradient)]
        for _ in range(min(k, 8) - 1):
            powers.append(matrix @ powers[-1] / np.linalg.norm(matrix @ powers[-1]))
        if k <= 8:
            images = matrix @ np.array(powers).T
            y = np.linalg.lstsq(images, -gradient, rcond=None)[0]
            assert norms[-1] == pytest.approx(np.linalg.norm(images @ y + gradient), rel=1e-7)
    assert all(b <= a * (1.0 + 1e-14) for a, b in zip(norms, norms[1:], strict=False))
    assert norms[0] > 1.5 * norms[-1]


def test_the_space_stops_growing_when_nothing_is_left_to_gain():
    """Five distinct eigenvalues take five products, and looks come every eight; one more product estimates the norm."""
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
    matrix = (rotation * np.repeat([-2.0, -1.0, 0.0, 1.0, 3.0], 12)) @ rotation.T
    calls = []
    found = minimum_residual(lambda v: calls.append(1) or matrix @ v, np.ones(60))
    assert found.n_products == len(calls) == 9
    np.testing.assert_allclose(found.p, -np.linalg.pinv(matrix, rcond=1e-10) @ np.ones(60), atol=1e-12)


def test_a_looser_tolerance_takes_fewer_products():
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.standard_normal((200, 200)))[0]
    matrix, gradient = (rotation * np.linspace(1.0, 4.0, 200)) @ rotation.T, rng.standard_normal(200)
    took = []
    for rtol in (1e-2, 1e-6, 1e-10):
        found = minimum_residual(lambda v: matrix @ v, gradient, rtol=rtol)
        assert np.linalg.norm(matrix @ found.p + gradient) <= 1.001 * rtol * (
            4.0 * np.linalg.norm(found.p) + np.linalg.norm(gradient)
        )
        took.append(found.n_products)
    assert took[0] < took[1] < took[2] < 60


def test_flatness_is_one_in_the_kernel_and_does_not_depend_on_units():
    matrix, gradient = symmetric(12, 8)
    values, vectors = np.linalg.eigh(matrix)
    kernel = vectors[:, np.abs(values) < 1e-12] @ np.array([1.0, -2.0, 0.5, 1.0])
    # in one dimension all that the space sees of H is rounding
    for solve in (
        lambda h, g: minimum_residual(lambda v: h @ v, g),
        lambda h, g: minimum_residual(lambda v: h @ v, g, max_iter=1),
        pseudoinverse_residual,
    ):
        flat = solve(matrix, kernel)
        assert flat.flatness == pytest.approx(1.0, abs=1e-12) and np.linalg.norm(flat.p) < 1e-12
    for solve in (lambda h, g: minimum_residual(lambda v: h @ v, g), pseudoinverse_residual):
        mixed = solve(matrix, gradient)
        assert 0.01 < mixed.flatness < 0.9
        assert solve(1e-6 * matrix, 1e-6 * gradient).flatness == pytest.approx(mixed.flatness, rel=1e-10)
        assert solve(matrix, matrix @ gradient).flatness < 1e-12
        assert solve(matrix, np.zeros(12)).flatness == 0.0


def test_numbers_that_are_not_finite_have_no_step():
    bad = np.diag([1.0, np.nan])
    assert pseudoinverse_residual(bad, np.ones(2)) is None
    assert minimum_residual(lambda v: bad @ v, np.ones(2)) is None
    assert minimum_residual(lambda v: v, np.array([1.0, np.inf])) is None


def test_a_krylov_basis_is_orthonormal_and_makes_the_matrix_tridiagonal(xp):
    """Also after eigenvalues have converged, which is where the plain recurrence loses orthogonality."""
    matrix = np.diag(np.concatenate([np.linspace(0.0, 1.0, 60), [10.0, 100.0, 1000.0]]))
    h = xp.asarray(matrix)
    for k, space in enumerate(lanczos(lambda v: xp.matmul(h, v), xp.ones(63, dtype=xp.float64), 40), start=1):
        basis = to_host(space.basis)
        assert basis.shape == (k, 63) and len(space.diagonal) == len(space.off_diagonal) == k
    np.testing.assert_allclose(basis @ basis.T, np.eye(40), atol=1e-14)
    diagonal, off_diagonal = space.tridiagonal()
    tridiagonal = np.diag(diagonal) + np.diag(off_diagonal[:-1], 1) + np.diag(off_diagonal[:-1], -1)
    np.testing.assert_allclose(basis @ matrix @ basis.T, tridiagonal, atol=1e-11)


def test_a_krylov_space_that_is_invariant_ends_in_zeros(xp):
    h = xp.asarray(np.diag([1.0, 1.0, -2.0, 5.0]))
    start = xp.asarray([1.0, 1.0, 1.0, 0.0])
    *_, space = lanczos(lambda v: xp.matmul(h, v), start, 10)
    diagonal, off_diagonal = space.tridiagonal()
    assert len(diagonal) == 2 and off_diagonal[1] == 0.0
    assert np.all(to_host(space.basis)[2:] == 0.0)
    np.testing.assert_allclose(np.linalg.norm(to_host(space.basis)[:2], axis=1), 1.0)
