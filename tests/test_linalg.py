"""Dense linear algebra: every answer against its definition, on every array library."""

import numpy as np
import pytest

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_diagonal, to_host
from newtonreg.objectives.separable import shortest_solution

TALL, WIDE = (30, 6), (4, 6)


def random(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def assert_same_square(xp, actual, rows, rhs):
    """RᵀR and Rᵀz are those of the rows, and R is a triangle."""
    triangle, z = map(to_host, actual)
    size = rows.shape[1]
    assert triangle.shape == (size, size) and z.shape == (size, *rhs.shape[1:])
    np.testing.assert_array_equal(np.tril(triangle, -1), 0.0)
    np.testing.assert_allclose(triangle.T @ triangle, rows.T @ rows, rtol=0.0, atol=1e-13 * np.linalg.norm(rows) ** 2)
    np.testing.assert_allclose(triangle.T @ z, rows.T @ rhs, rtol=0.0, atol=1e-13 * np.linalg.norm(rows) * np.linalg.norm(rhs))


@pytest.mark.parametrize("n_rhs", [(), (3,)], ids=["vector", "matrix"])
def test_triangularize(xp, n_rhs):
    rows, rhs = random(TALL), random((30, *n_rhs), 1)
    assert_same_square(xp, linalg.triangularize(xp.asarray(rows), xp.asarray(rhs)), rows, rhs)


@pytest.mark.parametrize("above", ["triangle", "square", "wide"])
@pytest.mark.parametrize("n_rhs", [(), (3,)], ids=["vector", "matrix"])
def test_more_rows_below(xp, above, n_rhs):
    matrix = {"triangle": np.triu(random((6, 6))), "square": random((6, 6)), "wide": random(WIDE)}[above]
    below = random(TALL, 2)
    rhs, below_rhs = random((matrix.shape[0], *n_rhs), 1), random((30, *n_rhs), 3)
    actual = linalg.triangularize_over(*map(xp.asarray, (matrix, rhs, below, below_rhs)))
    assert_same_square(xp, actual, np.concatenate([matrix, below]), np.concatenate([rhs, below_rhs]))


@pytest.mark.parametrize("above", ["triangle", "square", "wide"])
def test_a_diagonal_below(xp, above):
    matrix = {"triangle": np.triu(random((6, 6))), "square": random((6, 6)), "wide": random(WIDE)}[above]
    diagonal, rhs, tail = abs(random(6, 2)), random(matrix.shape[0], 1), random(6, 3)
    actual = linalg.triangularize_over(*map(xp.asarray, (matrix, rhs, diagonal, tail)))
    assert_same_square(xp, actual, np.concatenate([matrix, np.diag(diagonal)]), np.concatenate([rhs, tail]))


def test_nothing_handed_in_is_changed():
    arrays = np.triu(random((6, 6))), random(6), random(TALL), random(30)
    before = [array.copy() for array in arrays]
    linalg.triangularize_over(*arrays)
    linalg.triangularize_over(*arrays[:2], arrays[1], arrays[1])
    linalg.triangularize(*arrays[2:])
    linalg.svd(arrays[0])
    linalg.cholesky(np.eye(6))
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("smallest", [1e-3, 1e-8, 1e-12, 1e-15, 0.0])
def test_full_rank_is_never_claimed_wrongly(smallest):
    for seed in range(20):
        left, right = (np.linalg.qr(random((8, 8), seed + shift))[0] for shift in (0, 100))
        triangle = linalg.triangularize(left * np.geomspace(1.0, max(smallest, 1e-300), 8) @ right.T, np.zeros(8))[0]
        values = np.linalg.svd(triangle)[1]
        for tolerance in (1e-14, 1e-10, 1e-4):
            assert not linalg.has_full_rank(triangle, tolerance) or values[-1] > tolerance * values[0]
    assert linalg.has_full_rank(np.eye(8), 1e-3)
    assert not linalg.has_full_rank(np.full((8, 8), np.nan), 1e-14)


def test_svd_that_fails_says_so():
    with pytest.raises(linalg.LinAlgError, match="SVD"):
        linalg.svd(np.full((4, 3), np.nan))


@pytest.mark.parametrize("deficient", [False, True])
def test_shortest_solution(xp, deficient):
    matrix, rhs = random(TALL), random(30, 1)
    if deficient:
        matrix[:, 3] = 2.0 * matrix[:, 1]
    norms = np.linalg.norm(matrix, axis=0)
    expected = np.linalg.lstsq(matrix / norms, rhs, rcond=1e-12)[0] / norms
    np.testing.assert_allclose(to_host(shortest_solution(xp.asarray(matrix), xp.asarray(rhs))), expected, rtol=1e-11)


def test_products_of_one_term_broadcast(xp):
    a, b = random((5, 3, 1)), random((1, 7), 1)
    for right in (b, random((5, 1, 7), 2)):
        np.testing.assert_allclose(to_host(linalg.matmul(xp.asarray(a), xp.asarray(right))), a @ right, rtol=1e-15)


def test_symmetric_sum_is_symmetric(xp):
    parts = random((300, 20)), random((300, 9), 1)
    total = linalg.SymmetricSum(300, xp.asarray(parts[0]))
    for part in parts:
        total.add(xp.asarray(part))
    full = to_host(total.full())
    np.testing.assert_array_equal(full, full.T)
    np.testing.assert_allclose(full, sum(part @ part.T for part in parts), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
def test_diagonal_is_added_in_either_order(order):
    matrix = np.asarray(random((5, 5)), order=order)
    expected = matrix + np.diag(np.arange(5.0))
    assert add_diagonal(matrix, np.arange(5.0)) is matrix
    np.testing.assert_array_equal(matrix, expected)
