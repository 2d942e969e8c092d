"""Estimators that say where they ended, and leave it where it is a saddle."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.landscape.escape import escape

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.linspace(-1.0, 1.0, 41)[:, None]
PARABOLA = X[:, 0] ** 2


def stuck(**parameters):
    """A fit that Newton's method leaves at a trivial zero: a line, which a parabola is orthogonal to."""
    settings = {"init": np.array([[1.0], [0.0]]), "solver": "newton", "alpha": 0.0, "n_restarts": 1, **parameters}
    return NewtonMLPRegressor(1, **settings).fit(X, PARABOLA)


def test_newton_ends_at_a_trivial_zero_and_escape_leaves_it():
    model = stuck()
    assert model.stationary_point_.kind == "saddle" and model.stationary_point_.trivial_zero
    loss, parameters = model.loss_, model.get_params()
    assert escape(model.set_params(solver="trust-region"), X, PARABOLA) is model
    assert model.loss_ < 0.8 * loss and model.stationary_point_.kind == "minimum"
    assert model.get_params() == {**parameters, "solver": "trust-region"}
    with pytest.raises(ValueError, match="did not end at a saddle on these data: minimum"):
        escape(model, X, PARABOLA)


def test_escape_is_deterministic_and_needs_no_warm_start():
    first, second = (escape(stuck(warm_start=warm).set_params(solver="trust-region"), X, PARABOLA) for warm in (False, True))
    np.testing.assert_allclose(first.predict(X), second.predict(X), atol=1e-10)
    assert second.warm_start and not first.warm_start


def test_escape_weighs_rows_as_the_fit_does():
    weights = np.where(np.arange(41) % 2 == 0, 2.0, 1.0)
    settings = {"init": np.array([[1.0], [0.0]]), "alpha": 0.0, "n_restarts": 1, "solver": "newton"}
    weighted = NewtonMLPRegressor(1, **settings).fit(X, PARABOLA, sample_weight=weights).set_params(solver="trust-region")
    repeated = np.repeat(np.arange(41), weights.astype(int))
    copies = NewtonMLPRegressor(1, **settings).fit(X[repeated], PARABOLA[repeated]).set_params(solver="trust-region")
    escape(weighted, X, PARABOLA, weights)
    escape(copies, X[repeated], PARABOLA[repeated])
    # the problem is symmetric: which of two mirror images comes out, rounding decides
    assert weighted.loss_ == pytest.approx(copies.loss_, rel=1e-6)


def test_a_classifier_leaves_its_trivial_zero():
    labels = np.abs(X[:, 0]) > 0.47
    model = NewtonMLPClassifier(1, solver="trust-region", alpha=0.0, n_restarts=1, max_iter=1, random_state=0).fit(X, labels)
    share = labels.mean()
    # no solver likes to end there: one unit, tanh(x), that passes nothing on
    model._model = model._model._replace(params=np.array([1.0, 0.0, 0.0, np.log(share / (1.0 - share))]))
    point = model.classify(X, labels)
    assert point.kind == "saddle" and point.trivial_zero
    assert escape(model.set_params(max_iter=100), X, labels).loss_ < 0.8 * point.value / 41


def test_an_error_leaves_the_estimator_as_it_was():
    model = stuck()
    before = dict(vars(model))
    for arguments, message in (((X, PARABOLA[:5]), "inconsistent"), ((np.hstack([X, X]), PARABOLA), "features")):
        with pytest.raises(ValueError, match=message):
            escape(model, *arguments)
    with pytest.raises(ValueError, match="max_iter"):
        escape(model.set_params(max_iter=-1), X, PARABOLA)
    model.set_params(max_iter=before["max_iter"])
    assert vars(model) == before


def test_nothing_to_escape_from():
    with pytest.raises(NotFittedError):
        escape(NewtonMLPRegressor(), X, PARABOLA)
    with pytest.raises(NotFittedError):
        NewtonMLPRegressor().classify(X, PARABOLA)
    with pytest.raises(TypeError, match="no estimator of newtonreg"):
        escape(object(), X, PARABOLA)
    cut_off = NewtonMLPRegressor(2, alpha=0.0, n_restarts=1, max_iter=1, solver="trust-region", random_state=0).fit(X, PARABOLA)
    with pytest.raises(ValueError, match=r"not stationary.*warm_start=True"):
        escape(cut_off, X, PARABOLA)


@pytest.mark.parametrize("estimator", [NewtonMLPRegressor, NewtonMLPClassifier])
def test_estimators_classify_deep_networks(estimator):
    rng = np.random.RandomState(0)
    features = rng.normal(size=(60, 2))
    target = features[:, 0] * features[:, 1] if estimator is NewtonMLPRegressor else features[:, 0] * features[:, 1] > 0.0
    model = estimator((5, 4), random_state=0, max_iter=30).fit(features, target)
    point = model.classify(features, target)
    assert point.n_params == model.params_.shape[0] and point.is_exact
    free = model.classify(features, target, method="lanczos")
    assert not free.is_exact and free.value == pytest.approx(point.value)
    assert free.min_eigenvalue == pytest.approx(point.min_eigenvalue, rel=1e-3, abs=1e-6 * point.max_eigenvalue)
    with pytest.raises(ValueError, match="features"):
        model.classify(features[:, :1], target)
