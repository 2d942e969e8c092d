"""Class probabilities that account for the uncertainty of the parameters."""

import pickle

import numpy as np
import pytest
import sklearn
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.metrics import log_loss, roc_auc_score

from newtonreg import NewtonMLPClassifier, TrustRegionClassifier
from newtonreg.backend.special import moderation
from newtonreg.losses import Binomial, Multinomial

RNG = np.random.RandomState(0)
X = RNG.normal(size=(90, 3))
SIGNAL = X[:, 0] + X[:, 1] * X[:, 2] + RNG.normal(size=90)
BINARY = (SIGNAL > 0).astype(int)
THREE = np.digitize(SIGNAL, [-0.7, 0.7])
MULTILABEL = np.column_stack([BINARY, X[:, 1] + 0.5 * RNG.normal(size=90) > 0]).astype(int)
TARGETS = {"binary": BINARY, "three classes": THREE, "multilabel": MULTILABEL}
every_target = pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS.keys())
ALPHAS = [0.5, [0.1, 0.5, 1.0, 0.2, 2.0], "evidence"]
SMALL = {"hidden_layer_sizes": 4, "random_state": 0}


def _fit(y, alpha=0.5, **parameters):
    return NewtonMLPClassifier(alpha=alpha, moderated=True, **{**SMALL, **parameters}).fit(X, y)


def _plain(model):
    """The same fit without moderation."""
    return pickle.loads(pickle.dumps(model)).set_params(moderated=False)


def _dense(model, features):
    """Raw predictions (m, n), and their covariance (n, m, m) from dense matrices built anew on the training data."""
    standardized = (features - X.mean(axis=0)) / X.std(axis=0), (X - X.mean(axis=0)) / X.std(axis=0)
    network, params, loss = model._model.network, model._model.params, model._model.loss
    new, old = (network.at(np.ascontiguousarray(rows.T), params) for rows in standardized)
    curvature = loss.hessian(None, old.values)
    if curvature.ndim == 2:
        curvature = np.eye(len(curvature))[:, :, None] * curvature[:, None, :]
    jacobian = old.jacobian()
    precision = sum(jacobian[:, :, i].T @ curvature[:, :, i] @ jacobian[:, :, i] for i in range(len(X)))
    k, m, alpha = network.n_units, network.n_outputs, model.alpha_
    penalty = np.concatenate([np.repeat(alpha[:-1], k), np.tile(np.append(np.full(k, alpha[-1]), 0.0), m)])
    covariance = np.linalg.inv(precision + np.diag(penalty))
    jacobian = new.jacobian()
    return new.values, np.stack([jacobian[:, :, i] @ covariance @ jacobian[:, :, i].T for i in range(len(features))])


def _expected(model, features):
    """The formulas of the docstrings, one row and class at a time."""
    raw, covariance = _dense(model, features)
    rows = []
    for a, c in zip(raw.T, covariance, strict=True):
        if model.out_activation_ == "softmax":
            v = np.diag(c)[:, None] + np.diag(c)[None, :] - 2.0 * c
            weights = 1.0 / np.sum(np.exp((a[None, :] - a[:, None]) / np.sqrt(1.0 + np.pi / 8.0 * v)), axis=1)
            rows.append(weights / weights.sum())
        else:
            rows.append(expit(a / np.sqrt(1.0 + np.pi / 8.0 * np.diag(c))))
    rows = np.array(rows)
    return np.hstack([1.0 - rows, rows]) if rows.shape[1] == 1 else rows


@every_target
@pytest.mark.parametrize("alpha", ALPHAS, ids=["number", "sequence", "evidence"])
def test_probabilities_are_those_of_the_formula_in_dense_matrices(y, alpha):
    model = _fit(y, alpha)
    features = X[:20] + 0.3
    np.testing.assert_allclose(model.predict_proba(features), _expected(model, features), rtol=1e-3)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(features)), model.predict_proba(features), rtol=1e-12)


def test_the_ellipsoidal_trust_region_offers_it_too():
    model = TrustRegionClassifier(4, alpha=0.5, random_state=0, moderated=True).fit(X, BINARY)
    np.testing.assert_allclose(model.predict_proba(X), _expected(model, X), rtol=1e-5)


@pytest.mark.parametrize("y", [BINARY, MULTILABEL], ids=["binary", "multilabel"])
@pytest.mark.parametrize("alpha", ALPHAS, ids=["number", "sequence", "evidence"])
def test_a_binary_probability_is_never_more_extreme_and_keeps_its_label(y, alpha):
    model = _fit(y, alpha)
    far = np.concatenate([X, 5.0 * X, 100.0 * X])
    plain = _plain(model)
    assert np.all(np.abs(model.decision_function(far)) <= np.abs(plain.decision_function(far)))
    np.testing.assert_array_equal(model.predict(far), plain.predict(far))
    assert np.abs(model.predict_proba(far) - plain.predict_proba(far)).max() > 0.05


@every_target
def test_labels_scores_and_probabilities_agree(y):
    model = _fit(y)
    scores, probabilities, logs = model.decision_function(X), model.predict_proba(X), model.predict_log_proba(X)
    if y is THREE:
        np.testing.assert_array_equal(model.predict(X), probabilities.argmax(axis=1))
        np.testing.assert_allclose(softmax(scores, axis=1), probabilities, rtol=1e-10)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    elif y is BINARY:
        np.testing.assert_allclose(scores, logs[:, 1] - logs[:, 0], rtol=1e-8, atol=1e-12)
        assert roc_auc_score(y, scores) == roc_auc_score(y, probabilities[:, 1])
    else:
        np.testing.assert_allclose(expit(scores), probabilities, rtol=1e-10)


@every_target
def test_what_the_data_determine_is_not_moderated(y):
    def shift(weight):
        model = NewtonMLPClassifier(1, alpha=1.0, random_state=0, moderated=True)
        model.fit(X, y, sample_weight=np.full(len(X), weight))
        return np.abs(model.predict_proba(X) - _plain(model).predict_proba(X)).max()

    few, many = shift(1.0), shift(1e6)
    assert few > 1e-2
    assert many < 1e-3


@pytest.mark.parametrize("cuts", [[0.0], [-0.8, 0.8]], ids=["binary", "three classes"])
def test_probabilities_of_noisy_labels_under_a_weak_penalty_improve(cuts):
    """The case it is for: more parameters than the data determine, and labels that no function of X can tell."""
    rng = np.random.RandomState(2)
    features = rng.normal(size=(800, 5))
    labels = np.digitize(features[:, 0] + features[:, 1] * features[:, 2] + rng.normal(size=800), cuts)
    losses = []
    for split in range(4):
        train = np.random.RandomState(split).permutation(800) < 100
        model = NewtonMLPClassifier(5, alpha=0.1, random_state=0, moderated=True).fit(features[train], labels[train])
        losses.append([log_loss(labels[~train], m.predict_proba(features[~train])) for m in (model, _plain(model))])
    moderated, plain = np.mean(losses, axis=0)
    assert moderated < plain - 0.15


def test_units_that_became_one_leave_no_rounding_in_the_probabilities():
    """Their biases are free and the data know only what both do together: a precision of 1e-15, in which nothing may be read."""
    model = TrustRegionClassifier(4, alpha=3.0, random_state=0, moderated=True)
    forwards = clone(model).fit(X, BINARY).predict_proba(X)
    backwards = clone(model).fit(X[::-1], BINARY[::-1]).predict_proba(X)
    np.testing.assert_allclose(forwards, backwards, rtol=1e-4)


# -- formulas of the losses ---------------------------------------------------------------------------------------------------


def test_moderation_is_close_to_the_mean_of_the_logistic_function():
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    means, deviations = np.meshgrid(np.linspace(-8.0, 8.0, 41), np.array([0.0, 0.1, 1.0, 2.0, 4.0]))
    exact = expit(means[..., None] + deviations[..., None] * nodes) @ weights / np.sqrt(2.0 * np.pi)
    approximate = expit(moderation(deviations**2) * means)
    assert np.abs(approximate - exact).max() < 0.025
    np.testing.assert_allclose(approximate[deviations == 0.0], exact[deviations == 0.0], rtol=1e-10)
    assert moderation(np.array([0.0, np.inf])).tolist() == [1.0, 0.0]


def _raw(m=4, n=30, spread=1.0):
    rng = np.random.RandomState(1)
    return 2.0 * rng.normal(size=(m, n)), spread * rng.normal(size=(m, 6, n))


def test_only_differences_of_several_classes_count():
    f, spread = _raw()
    loss = Multinomial()
    expected = loss.moderated(f, spread)
    np.testing.assert_allclose(expected.sum(axis=0), 0.0, atol=1e-12)
    # a shift of all classes, certain or not
    np.testing.assert_allclose(loss.moderated(f + 7.0, spread), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(loss.moderated(f, spread + 50.0), expected, rtol=1e-9, atol=1e-12)
    order = [2, 0, 3, 1]
    np.testing.assert_allclose(loss.moderated(f[order], spread[order]), expected[order], rtol=1e-9, atol=1e-12)


def test_two_classes_by_softmax_are_the_binary_formula():
    f, spread = _raw(m=2)
    binary = Binomial().moderated(f[1:] - f[:1], spread[1:] - spread[:1])
    np.testing.assert_allclose(softmax(Multinomial().moderated(f, spread), axis=0)[1], expit(binary)[0], rtol=1e-10)


def test_no_uncertainty_is_no_moderation_and_all_of_it_is_ignorance():
    f, spread = _raw()
    for loss in (Binomial(), Multinomial()):
        np.testing.assert_allclose(loss.predict(loss.moderated(f, 0.0 * spread)), loss.predict(f), rtol=1e-10)
        m = 2 if loss.name == "binomial" else len(f)
        np.testing.assert_allclose(loss.predict(loss.moderated(f, 1e9 * spread)), 1.0 / m, rtol=1e-6)


@pytest.mark.parametrize("scale", [0.3, 1.0])
def test_several_classes_are_close_to_the_mean_of_softmax(scale):
    f, spread = _raw(m=3, spread=scale)
    normal = np.random.RandomState(2).normal(size=(4000, 6))
    draws = np.stack([softmax(f[:, i] + normal @ spread[:, :, i].T, axis=1).mean(axis=0) for i in range(f.shape[1])], axis=1)
    error = np.abs(softmax(Multinomial().moderated(f, spread), axis=0) - draws).mean()
    # softmax at the mean is what it replaces
    assert error < 0.5 * np.abs(softmax(f, axis=0) - draws).mean()
    assert error < 0.03


def test_logarithms_of_sure_predictions_are_finite_and_keep_their_digits():
    f = np.array([[800.0, 40.0], [0.0, 0.0], [-800.0, -40.0]])
    raw = Multinomial().moderated(f, np.zeros((3, 2, 2)))
    assert np.isfinite(raw).all()
    np.testing.assert_allclose(raw, f - f.mean(axis=0), rtol=1e-12)
    model = _plain(_fit(THREE))
    model._raw_prediction = lambda _: np.repeat(f, 45, axis=1)
    logs = model.predict_log_proba(X)
    np.testing.assert_allclose(logs[-1], [-np.exp(-40.0), -40.0, -80.0], rtol=1e-12)


def test_losses_compute_in_the_library_of_their_arrays(xp, to_numpy):
    f, spread = _raw()
    for loss in (Binomial(), Multinomial()):
        moderated = loss.moderated(xp.asarray(f), xp.asarray(spread))
        assert type(moderated) is type(xp.asarray(f))
        np.testing.assert_allclose(to_numpy(moderated), loss.moderated(f, spread), rtol=1e-10, atol=1e-12)


@every_target
def test_estimators_predict_in_the_library_of_their_arrays(xp, to_numpy, y):
    with sklearn.config_context(array_api_dispatch=True):
        model = NewtonMLPClassifier(alpha=0.5, moderated=True, **SMALL).fit(xp.asarray(X), xp.asarray(y))
        probabilities = model.predict_proba(xp.asarray(X))
        assert type(probabilities) is type(xp.asarray(X))
        np.testing.assert_allclose(to_numpy(probabilities), _fit(y).predict_proba(X), rtol=1e-5, atol=1e-9)


def test_float32_inputs_give_float32_probabilities():
    model = NewtonMLPClassifier(alpha=0.5, moderated=True, **SMALL).fit(X.astype(np.float32), THREE)
    probabilities = model.predict_proba(X.astype(np.float32))
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, _fit(THREE).predict_proba(X), rtol=1e-3)


# -- the option ---------------------------------------------------------------------------------------------------------------


@every_target
def test_the_option_may_be_set_after_the_fit(y):
    before, after = _fit(y), NewtonMLPClassifier(alpha=0.5, **SMALL).fit(X, y)
    plain = after.predict_proba(X)
    np.testing.assert_array_equal(after.set_params(moderated=True).predict_proba(X), before.predict_proba(X))
    np.testing.assert_array_equal(after.set_params(moderated=False).predict_proba(X), plain)
    # it is read where probabilities are asked for: the fit is the same
    assert before.loss_ == after.loss_


@pytest.mark.filterwarnings("ignore:The trials allowed were used up")
def test_a_large_fit_keeps_the_posterior_where_it_was_asked_for():
    features, labels = np.hstack([X, X**2, X**3, np.sin(X), np.cos(X)]), BINARY
    large = NewtonMLPClassifier(65, alpha=3.0, random_state=0, max_iter=2)
    assert 65 * (15 + 2) + 1 > 1000
    without = clone(large).fit(features, labels).set_params(moderated=True)
    for method in ("predict_proba", "predict_log_proba", "decision_function", "predict"):
        with pytest.raises(ValueError, match="posterior of the 1106 parameters, which was not kept.*store_covariance=True"):
            getattr(without, method)(features)
    asked = clone(large).set_params(moderated=True).fit(features, labels)
    stored = clone(large).set_params(store_covariance=True).fit(features, labels).set_params(moderated=True)
    np.testing.assert_array_equal(asked.predict_proba(features), stored.predict_proba(features))
    assert not hasattr(asked, "covariance_")
    plain = _plain(asked)
    assert np.all(np.abs(asked.decision_function(features)) < np.abs(plain.decision_function(features)))


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_other_values_are_refused(value):
    with pytest.raises(ValueError, match="moderated=.* must be True or False"):
        NewtonMLPClassifier(moderated=value).fit(X, BINARY)


@every_target
def test_a_copy_predicts_the_same(y):
    model = _fit(y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))
    assert clone(model).moderated is True


def test_callbacks_see_moderated_probabilities_while_the_fit_runs():
    monitor = ScoringMonitor(scoring="neg_log_loss")
    model = NewtonMLPClassifier(alpha=0.5, moderated=True, **SMALL).set_callbacks(monitor).fit(X, BINARY)
    logs = monitor.get_logs().data
    np.testing.assert_allclose(list(logs[-1].values())[-1], -log_loss(BINARY, model.predict_proba(X)))
    assert model.history_[-1]["nhev"] == _fit(BINARY).history_[-1]["nhev"]


def test_blocks_of_rows_do_not_change_probabilities(monkeypatch):
    model = _fit(THREE)
    whole = model.predict_proba(X)
    monkeypatch.setattr("newtonreg.estimators._model._BLOCK_DOUBLES", 1)
    np.testing.assert_allclose(model.predict_proba(X), whole, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_single_class_is_certain_and_a_fit_without_a_penalty_finite():
    one = NewtonMLPClassifier(moderated=True, **SMALL).fit(X, np.zeros(90))
    np.testing.assert_array_equal(one.predict_proba(X), 1.0)
    singular = _fit(BINARY, alpha=0.0, max_iter=30, tol=1e-2)
    assert np.isfinite(singular.predict_log_proba(np.concatenate([X, 1e3 * X]))).all()
