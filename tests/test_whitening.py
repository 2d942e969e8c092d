"""Whitening: what it makes of rows, that scikit-learn accepts it, and what it takes from whoever learns from the result."""

from unittest import SkipTest

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from newtonreg import EmpiricalRisk, LeastSquares, Newton, TrustRegion, Whitener, minimize
from newtonreg.bases import Tanh
from newtonreg.curvatures import Interpolated
from newtonreg.losses import Multinomial
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import GradientDescent

ABSENT = ("is not installed", "CUDA", "cuda", "GPU", "MPS", "XPU", "xpu", "dpnp")
METHODS = ("pca", "zca")


def rows(n=40, d=6, seed=0):
    """Correlated rows far from zero, of very different variances."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * 10.0 ** np.linspace(0, -3, d) @ rng.normal(size=(d, d)) + 5.0


@parametrize_with_checks([Whitener(), Whitener("zca", eps=0.1), Whitener(center=False)])
def test_contract(estimator, check):
    """No check is expected to fail, and none is skipped but for array libraries and devices this machine lacks."""
    try:
        check(estimator)
    except SkipTest as skip:
        assert any(reason in str(skip) for reason in ABSENT), skip
        raise


# -- what whitened rows are


@pytest.mark.parametrize("method", METHODS)
def test_covariance_becomes_the_identity(xp, to_numpy, method):
    X = xp.asarray(rows())
    with config_context(array_api_dispatch=True):
        Z = to_numpy(Whitener(method).fit(X).transform(X))
    np.testing.assert_allclose(Z.mean(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(Z.T @ Z / len(Z), np.eye(6), atol=1e-10)


def test_zca_is_pca_turned_back_by_a_symmetric_matrix():
    X = rows()
    pca, zca = (Whitener(method, eps=1e-3).fit(X) for method in METHODS)
    np.testing.assert_allclose(zca.transform(X), pca.transform(X) @ pca.components_, atol=1e-12)
    matrix = np.linalg.lstsq(X - X.mean(axis=0), zca.transform(X), rcond=None)[0]
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-7 * np.abs(matrix).max())


def test_eps_is_a_variance_added_to_every_axis():
    X, eps = rows(), 0.3
    covariance = np.cov(X.T, bias=True)
    values, vectors = np.linalg.eigh(covariance + eps * np.eye(6))
    expected = (X - X.mean(axis=0)) @ (vectors * values**-0.5 @ vectors.T)
    np.testing.assert_allclose(Whitener("zca", eps=eps).fit_transform(X), expected, atol=1e-11)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("center", [True, False])
def test_inverse(method, center):
    X = rows()
    whitener = Whitener(method, eps=0.01, center=center).fit(X)
    fresh = rows(seed=1)
    np.testing.assert_allclose(whitener.inverse_transform(whitener.transform(fresh)), fresh, atol=1e-10)
    assert whitener.inverse_transform(whitener.transform(fresh.astype(np.float32))).dtype == np.float32


def test_directions_without_variance_are_dropped():
    X = rows()
    doubled = np.hstack([X, X[:, :2] + 3.0, np.full((len(X), 1), 7.0)])
    whitener = Whitener().fit(doubled)
    assert whitener.rank_ == 6 and whitener.transform(doubled).shape == (len(X), 6)
    np.testing.assert_allclose(whitener.inverse_transform(whitener.transform(doubled)), doubled, atol=1e-9)
    np.testing.assert_array_equal(Whitener("zca").fit(np.ones((5, 3))).transform(np.ones((2, 3))), 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_as_many_features_as_rows_leave_the_rows_orthogonal(method):
    """d = 60 and 20 + 20 rows: K = I, and nothing between training and test."""
    X = np.random.default_rng(0).normal(size=(40, 60)) @ np.random.default_rng(1).normal(size=(60, 60))
    Z = Whitener(method, center=False).fit(X).transform(X)
    K = Z @ Z.T / len(Z)
    assert np.abs(K - np.eye(40)).max() < 1e-12
    assert np.abs(K[:20, 20:]).max() < 1e-12


def test_a_pipeline_fits_it_to_training_rows_only():
    X, y = load_digits(return_X_y=True)
    X, y = X[:60], y[:60]
    split = [(np.arange(30), np.arange(30, 60))]
    by_pipeline = cross_val_score(make_pipeline(Whitener(eps=1.0), LogisticRegression()), X, y, cv=split)
    whitener = Whitener(eps=1.0).fit(X[:30])
    by_hand = LogisticRegression().fit(whitener.transform(X[:30]), y[:30]).score(whitener.transform(X[30:]), y[30:])
    assert by_pipeline == [by_hand]


@pytest.mark.parametrize("wrong", [{"method": "svd"}, {"eps": -1.0}, {"eps": float("nan")}, {"center": "yes"}])
def test_wrong_arguments_are_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name}="):
        Whitener(**wrong).fit(rows())


def test_whitened_rows_of_the_wrong_width_are_refused():
    with pytest.raises(ValueError, match="have 6 features"):
        Whitener().fit(rows()).inverse_transform(np.ones((2, 5)))


# -- second order is first order on whitened rows


def linear_model(X, y):
    """½ ‖X w − y‖² / n."""
    X, y = X / np.sqrt(len(X)), y / np.sqrt(len(X))
    return LeastSquares(lambda w: X @ w - y, X.shape[1], lambda w: X, lambda w: np.zeros((len(X), X.shape[1], X.shape[1])))


def paths(n_steps=30, rate=0.2):
    """Test predictions along gradient descent on whitened rows, and along w ← w − η B⁻¹g with B Gauss–Newton, from one start."""
    rng = np.random.default_rng(2)
    X, test, y = rows(30), rows(15, seed=3), rng.normal(size=30)
    whitener = Whitener("zca", center=False).fit(X)
    objective, start, preconditioned = linear_model(X, y), rng.normal(size=6), []
    w = start
    for _ in range(n_steps):
        preconditioned.append(test @ w)
        point = objective.at(w)
        w = w - rate * np.linalg.solve(point.gauss_newton, point.gradient)
    descended, Z_test = [], whitener.transform(test)

    def remember(record, run):
        descended.append(Z_test @ run.state.params)

    # the same function of X: z = C^(−1/2) x, so w becomes C^(1/2) w
    whitened_start = whitener.components_.T * whitener.variances_**0.5 @ whitener.components_ @ start
    solver = GradientDescent(rate, momentum=0.0, nesterov=False)
    minimize(linear_model(whitener.transform(X), y), whitened_start, solver, max_iter=n_steps - 1, gtol=0.0, callbacks=[remember])
    return np.array(preconditioned), np.array(descended)


def test_preconditioned_path_is_gradient_descent_on_whitened_rows():
    preconditioned, descended = paths()
    assert np.abs(preconditioned[-1] - preconditioned[0]).max() > 1.0
    np.testing.assert_allclose(descended, preconditioned, atol=1e-10 * np.abs(preconditioned).max())


@pytest.mark.parametrize("curvature", ["exact", "gauss-newton", Interpolated(0.0)])
def test_newtons_step_is_a_gradient_step_of_rate_one_on_whitened_rows(curvature):
    X, y = rows(30), np.random.default_rng(2).normal(size=30)
    whitener = Whitener(center=False).fit(X)
    newton = minimize(linear_model(X, y), np.zeros(6), Newton(curvature=curvature), max_iter=1, gtol=0.0).x
    step = GradientDescent(1.0, momentum=0.0, nesterov=False)
    whitened = minimize(linear_model(whitener.transform(X), y), np.zeros(6), step, max_iter=1, gtol=0.0).x
    test = rows(15, seed=3)
    np.testing.assert_allclose(whitener.transform(test) @ whitened, test @ newton, atol=1e-10)


# -- what whitening with test rows takes away


N_ROWS, N_SPLITS = 20, 15


def accuracies(seed, fit_on):
    """Of a tanh network on the training rows and on the test rows of digits, whitened as fitted on some of them."""
    X, y = load_digits(return_X_y=True)
    index = np.random.default_rng(seed).permutation(len(y))[: 2 * N_ROWS]
    X, y = X[index] / 16.0, y[index]
    whitener = Whitener(center=False).fit(X if fit_on == "all" else X[:N_ROWS])
    assert whitener.rank_ == (2 * N_ROWS if fit_on == "all" else N_ROWS)
    inputs = whitener.transform(X).T / np.sqrt(whitener.rank_)
    network = ShallowNetwork(Tanh(), len(inputs), 3, 10)
    train = np.ascontiguousarray(inputs[:, :N_ROWS])
    term = Term(network, train, np.eye(10)[:, y[:N_ROWS]], Multinomial(), np.ones(N_ROWS))
    risk = EmpiricalRisk([term], np.full(network.n_params, 1e-2))
    start = np.random.default_rng(100 + seed).normal(size=network.n_params)
    # a ball and random units without a preferred direction: only products of rows tell anything
    fitted = minimize(risk, start, TrustRegion(norm="spherical"), gtol=1e-3, max_iter=60)
    hits = network.at(np.ascontiguousarray(inputs), fitted.x).values.argmax(axis=0) == y
    return hits[:N_ROWS].mean(), hits[N_ROWS:].mean()


@pytest.mark.parametrize("fit_on", ["all", "train"])
def test_whitening_with_test_rows_leaves_chance_and_without_them_more(fit_on):
    train, test = np.mean([accuracies(seed, fit_on) for seed in range(N_SPLITS)], axis=0)
    deviation = np.sqrt(0.1 * 0.9 / (N_ROWS * N_SPLITS))
    assert train == 1.0
    if fit_on == "all":
        assert abs(test - 0.1) < 3.0 * deviation
    else:
        assert test > 0.1 + 6.0 * deviation
