"""The deep linear autoencoder and its stationary points in closed form."""

import math

import numpy as np
import pytest

from newtonreg import TrustRegion, classify, minimize
from newtonreg.landscape import DeepLinearAutoencoder
from newtonreg.testing import check_gradient, check_hessian


def wishart(xp, d=5, n=12):
    """Second moments of a small sample, and the sample (d, n)."""
    x = np.random.default_rng(0).normal(size=(d, n))
    return xp.asarray(x @ x.T / n), x


def small(xp, h=2):
    return DeepLinearAutoencoder(5, h, wishart(xp)[0])


# -- the function


def test_the_loss_is_the_mean_square_of_the_reconstruction_error(xp, to_numpy):
    covariance, x = wishart(xp)
    objective = DeepLinearAutoencoder(5, 2, covariance)
    rng = np.random.default_rng(1)
    encoder, decoder = rng.normal(size=(2, 5)), rng.normal(size=(5, 2))
    params = objective.pack(xp.asarray(encoder), xp.asarray(decoder))
    assert objective.at(params).value == pytest.approx(np.mean((x - decoder @ encoder @ x) ** 2), rel=1e-12)
    np.testing.assert_allclose(to_numpy(objective.product(params)), decoder @ encoder, atol=1e-14)


@pytest.mark.parametrize("h", [1, 2, 5])
def test_derivatives_have_their_taylor_slopes(h):
    objective = small(np, h)
    params = np.random.default_rng(2).normal(size=objective.n_params)
    check_gradient(objective, params)
    check_hessian(objective, params)


def test_the_matrix_is_symmetric_and_agrees_with_products(xp, to_numpy):
    objective = small(xp)
    rng = np.random.default_rng(3)
    point = objective.at(xp.asarray(rng.normal(size=objective.n_params)))
    hessian, v = to_numpy(point.hessian), rng.normal(size=objective.n_params)
    np.testing.assert_array_equal(hessian, hessian.T)
    np.testing.assert_allclose(to_numpy(point.hvp(xp.asarray(v))), hessian @ v, atol=1e-13 * np.abs(hessian).max())


def test_libraries_agree(xp, to_numpy):
    objective, reference = small(xp), small(np)
    params = np.random.default_rng(4).normal(size=objective.n_params)
    point, expected = objective.at(xp.asarray(params)), reference.at(params)
    assert point.value == pytest.approx(expected.value, rel=1e-14)
    np.testing.assert_allclose(to_numpy(point.gradient), expected.gradient, atol=1e-13)
    np.testing.assert_allclose(to_numpy(point.hessian), expected.hessian, atol=1e-13)


def test_what_is_asked_is_counted_once():
    objective = small(np)
    point = objective.at(np.ones(objective.n_params))
    for _ in range(2):
        assert math.isfinite(point.value + point.gradient_norm + point.hessian[0, 0])
    point.hvp(point.gradient)
    assert vars(objective.counts) == {"nfev": 1, "njev": 1, "nhev": 1, "nhvp": 1}


def test_starts_are_the_same_in_every_library(xp, to_numpy):
    start = small(xp).draw_start(np.random.RandomState(0))
    np.testing.assert_array_equal(to_numpy(start), small(np).draw_start(np.random.RandomState(0)))
    assert 0.5 < np.sum(to_numpy(start) ** 2) < 2.0


# -- the stationary points


def test_all_2517_points_of_the_16_4_network():
    """Gradient, loss, index at the published threshold, and the way back from parameters to eigenvectors."""
    objective = DeepLinearAutoencoder()
    points = list(objective.critical_points())
    assert len({point.subset for point in points}) == len(points) == 2517 == sum(math.comb(16, q) for q in range(5))
    for point in points:
        here = objective.at(point.params)
        assert here.gradient_norm**2 < 1e-20
        assert abs(here.value - (136 - sum(i + 1 for i in point.subset)) / 16) < 1e-10
        assert here.value == pytest.approx(point.value, abs=1e-10)
        assert np.sum(np.linalg.eigvalsh(here.hessian) < -1e-5) == point.index
        assert objective.identify(point.params) == point.subset
    assert (points[0].value, points[0].index) == (8.5, 64)
    assert min(point.value for point in points) == 4.875
    assert [point.subset for point in points if point.index == 0] == [(12, 13, 14, 15)]


def test_points_of_a_sample(xp, to_numpy):
    objective = small(xp)
    for point in objective.critical_points():
        here = objective.at(point.params)
        assert here.gradient_norm < 1e-13
        assert here.value == pytest.approx(point.value, rel=1e-12)
        assert np.sum(np.linalg.eigvalsh(to_numpy(here.hessian)) < -1e-9) == point.index


def test_null_directions_are_those_of_the_mixing_of_units():
    """h² − (h − q)² zero eigenvalues: A → C A, B → B C⁻¹ leaves B A."""
    objective = small(np, 3)
    for point in objective.critical_points():
        free = 3 - len(point.subset)
        assert classify(objective, point.params, tol=1e-12).nullity == 9 - free**2


def test_a_singular_covariance_has_fewer_ways_down():
    objective = DeepLinearAutoencoder(4, 2, np.diag([0.0, 0.0, 1.0, 2.0]))
    for point in objective.critical_points():
        assert np.sum(np.linalg.eigvalsh(objective.at(point.params).hessian) < -1e-12) == point.index


def test_the_minimum_is_principal_component_analysis():
    objective = small(np)
    result = minimize(objective, objective.draw_start(np.random.RandomState(0)), TrustRegion())
    assert objective.identify(result.x) == (3, 4)
    assert result.fun == pytest.approx(sum(objective.variances[:3]) / 5, rel=1e-10)


# -- comparing maps


def test_the_same_map_in_other_units_is_the_same_point():
    objective = small(np)
    point, rng = objective.critical_point((1, 4)), np.random.default_rng(5)
    encoder, decoder = objective.unpack(point.params)
    mixing = rng.normal(size=(2, 2))
    mixed = objective.pack(mixing @ encoder, decoder @ np.linalg.inv(mixing))
    assert objective.same(point.params, mixed) and objective.identify(mixed) == (1, 4)
    assert not objective.same(point.params, objective.critical_point((0, 4)).params)
    assert not objective.same(point.params, objective.critical_point((4,)).params)


def test_a_map_that_is_no_projection_is_not_identified(xp):
    objective = small(xp)
    params = objective.critical_point((2, 3)).params
    assert objective.identify(1.01 * params) == (2, 3)
    assert objective.identify(1.1 * params) is None
    assert objective.identify(1.1 * params, tol=1.0) == (2, 3)


# -- arguments


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"n_hidden": 17}, "n_hidden=17 exceeds n_features=16"),
        ({"n_hidden": 0}, "n_hidden=0 must be"),
        ({"n_features": 2.5}, "n_features=2.5 must be"),
        ({"covariance": np.eye(3)}, r"covariance has shape \(3, 3\)"),
        ({"n_features": 2, "n_hidden": 1, "covariance": np.array([[1.0, 0.5], [0.0, 1.0]])}, "symmetric"),
        ({"n_features": 2, "n_hidden": 1, "covariance": np.array([[1.0, np.nan], [np.nan, 1.0]])}, "finite"),
        ({"n_features": 2, "n_hidden": 1, "covariance": np.diag([-1.0, 1.0])}, "must not be negative"),
        ({"n_features": 2, "n_hidden": 1, "covariance": np.zeros((2, 2))}, "nor all zero"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        DeepLinearAutoencoder(**arguments)


@pytest.mark.parametrize("subset", [(0, 0), (0, 1, 2), (5,), (-1,)])
def test_subsets_are_checked(subset):
    with pytest.raises(ValueError, match="subset="):
        small(np).critical_point(subset)
