"""Spectra: quadrature against eigenvalues and Hutchinson's estimates, and the numbers of a matrix."""

import math

import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk
from newtonreg.bases import Tanh
from newtonreg.landscape import diagonal_share, effective_rank, least_squares_share, spectrum, wigner_share
from newtonreg.losses import SquaredError
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.objectives import Term


def risk(xp, network, n=30):
    """A network over random data, with a penalty on nothing, and parameters."""
    rng = np.random.default_rng(0)
    inputs, targets = xp.asarray(rng.normal(size=(2, n))), xp.asarray(rng.normal(size=(1, n)))
    term = Term(network, inputs, targets, SquaredError(), xp.ones(n, dtype=xp.float64))
    objective = EmpiricalRisk([term], xp.zeros(network.n_params, dtype=xp.float64))
    return objective, xp.asarray(rng.normal(size=network.n_params))


def small(xp):
    return risk(xp, ShallowNetwork(Tanh(), 2, 6, 1))


def quadratic(eigenvalues):
    """½ Σ λ_j x_j², turned by an orthogonal matrix; its Hessian, and where."""
    q, _ = np.linalg.qr(np.random.default_rng(1).normal(size=2 * (len(eigenvalues),)))
    matrix = q * eigenvalues @ q.T
    return Analytic(lambda x: 0.5 * x @ matrix @ x, len(matrix), lambda x: matrix @ x, lambda x: matrix), matrix


# -- dense


def test_dense_is_the_eigenvalues(xp, to_numpy):
    objective, params = small(xp)
    found = spectrum(objective, params)
    hessian = to_numpy(objective.at(params).hessian)
    assert found.method == "dense" and found.n_params == 25
    np.testing.assert_allclose(found.nodes, np.linalg.eigvalsh(hessian), atol=1e-12 * np.abs(hessian).max())
    assert found.weights.sum() == pytest.approx(1.0)
    assert found.trace == pytest.approx(np.trace(hessian), rel=1e-12)
    assert found.moment(2) == pytest.approx((hessian**2).sum(), rel=1e-12)
    assert found.negative_share == pytest.approx(np.mean(np.linalg.eigvalsh(hessian) < 0.0))


def test_other_curvatures():
    objective, params = small(np)
    found = spectrum(objective, params, curvature="gauss-newton")
    assert found.trace == pytest.approx(np.trace(objective.at(params).gauss_newton), rel=1e-12)
    assert found.negative_share == 0.0


# -- Lanczos


def test_a_full_krylov_space_of_one_vector_has_all_eigenvalues():
    eigenvalues = np.array([-2.0, -0.5, 0.1, 1.0, 3.0, 7.0])
    objective, _ = quadratic(eigenvalues)
    found = spectrum(objective, np.zeros(6), "lanczos", n_vectors=1, n_steps=20, random_state=0)
    np.testing.assert_allclose(found.nodes, eigenvalues, atol=1e-12)


def test_trace_and_trace_of_the_square_are_hutchinsons(xp, to_numpy):
    objective, params = small(xp)
    hessian, rng = to_numpy(objective.at(params).hessian), np.random.RandomState(3)
    vectors = [rng.choice([-1.0, 1.0], size=25) for _ in range(4)]
    found = spectrum(objective, params, "lanczos", n_vectors=4, n_steps=5, random_state=3)
    assert found.trace == pytest.approx(np.mean([v @ hessian @ v for v in vectors]), rel=1e-12)
    assert found.moment(2) == pytest.approx(np.mean([(hessian @ v) @ (hessian @ v) for v in vectors]), rel=1e-12)


def test_quadrature_agrees_with_the_eigenvalues_of_a_network():
    objective, params = small(np)
    dense = spectrum(objective, params)
    lanczos = spectrum(objective, params, "lanczos", n_vectors=200, n_steps=12, random_state=0)
    off_diagonal = dense.moment(2) - (np.diagonal(objective.at(params).hessian) ** 2).sum()
    assert abs(lanczos.trace - dense.trace) < 4.0 * math.sqrt(2.0 * off_diagonal / 200)
    np.testing.assert_allclose(lanczos.nodes[[0, -1]], dense.nodes[[0, -1]], rtol=1e-3)
    # the share of eigenvalues up to x, away from the many near zero
    for x in (-1.0, 1.0, 5.0):
        shares = [found.weights[found.nodes <= x].sum() for found in (dense, lanczos)]
        assert shares[1] == pytest.approx(shares[0], abs=0.04)
    assert lanczos.effective_rank == pytest.approx(dense.effective_rank, rel=0.1)


def test_work_is_products_and_no_matrix():
    objective, params = small(np)
    spectrum(objective, params, "lanczos", n_vectors=3, n_steps=7, random_state=0)
    assert (objective.counts.nhvp, objective.counts.nhev) == (21, 0)


def test_auto_takes_products_where_there_is_no_matrix(monkeypatch):
    network = DeepNetwork([Tanh(), Tanh()], 2, (4, 3), 1)
    objective, params = risk(np, network)
    monkeypatch.setattr("newtonreg.objectives.empirical_risk.DENSE_PARAMS", 10)
    assert spectrum(objective, params, n_vectors=1, n_steps=3, random_state=0).method == "lanczos"
    with pytest.raises(TypeError, match="needs the matrix"):
        spectrum(objective, params, method="dense")


def test_every_array_library_draws_the_same(xp):
    here, there = (spectrum(*small(library), "lanczos", 2, 6, random_state=5) for library in (np, xp))
    np.testing.assert_allclose(there.nodes, here.nodes, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-7)


def test_the_same_seed_gives_the_same_density_and_another_another():
    runs = [spectrum(*small(np), "lanczos", 2, 6, random_state=seed) for seed in (0, 0, 1)]
    assert (runs[0].nodes == runs[1].nodes).all() and (runs[0].nodes != runs[2].nodes).any()


def test_density_integrates_to_one():
    found = spectrum(*small(np), "lanczos", 2, 6, random_state=0)
    low, high = found.nodes[0] - 5.0, found.nodes[-1] + 5.0
    values = np.linspace(low, high, 4001)
    assert found.density(values, 0.5).sum() * (values[1] - values[0]) == pytest.approx(1.0, abs=1e-6)


def test_a_hessian_that_is_not_finite_is_refused():
    objective = Analytic(lambda x: x @ x, 2, lambda x: 2 * x, hvp=lambda x, v: np.nan * v)
    with pytest.raises(FloatingPointError, match="not finite"):
        spectrum(objective, np.ones(2), "lanczos", random_state=0)


@pytest.mark.parametrize("wrong", [{"method": "exact"}, {"n_vectors": 0}, {"n_steps": 0}])
def test_wrong_arguments_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name}="):
        spectrum(*small(np), **wrong)


# -- how diagonal


def test_diagonal_share_of_wigner_matrices():
    rng, shares = np.random.default_rng(0), []
    for _ in range(20):
        upper = np.triu(rng.normal(size=(200, 200)))
        shares.append(diagonal_share(upper + np.triu(upper, 1).T))
    assert np.mean(shares) == pytest.approx(wigner_share(200), rel=0.05)


def test_diagonal_share_of_least_squares():
    X = np.random.default_rng(0).normal(size=(5000, 100))
    assert least_squares_share(100, 5000) == pytest.approx(0.4723, abs=5e-5)
    assert diagonal_share(X.T @ X) == pytest.approx(least_squares_share(100, 5000), rel=0.02)


def test_diagonal_share_of_known_matrices(xp):
    assert diagonal_share(2.0 * xp.eye(5, dtype=xp.float64)) == 1.0
    assert diagonal_share(xp.ones((5, 5), dtype=xp.float64)) == wigner_share(5)
    assert math.isnan(diagonal_share(xp.zeros((2, 2), dtype=xp.float64)))


# -- of what rank


def test_effective_rank_of_known_spectra(xp):
    def rank(values):
        return effective_rank(xp.asarray(values, dtype=xp.float64))

    assert rank([3.0, -3.0, 3.0, 0.0]) == pytest.approx(3.0, rel=1e-14)
    assert rank([0.0, 5.0]) == 1.0
    assert rank([0.0, 0.0]) == 0.0
    assert rank([[0.0, 2.0], [2.0, 0.0]]) == pytest.approx(2.0, rel=1e-14)
    # two of 1/4 and one of 1/2: exp(½ log 4 + ½ log 2)
    assert rank([1.0, 1.0, 2.0]) == pytest.approx(2.0**1.5, rel=1e-14)


def test_spectrum_has_the_effective_rank_of_its_matrix():
    objective, matrix = quadratic(np.array([-4.0, 0.0, 1.0, 4.0]))
    assert spectrum(objective, np.zeros(4)).effective_rank == pytest.approx(effective_rank(matrix), rel=1e-9)
