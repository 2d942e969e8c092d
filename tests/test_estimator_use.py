"""The estimators in scikit-learn's hands: pipelines, searches, callbacks, routing, copies; outputs and labels of all kinds."""

import pickle

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from newtonreg import ColumnScaling, LevenbergMarquardt, NewtonMLPClassifier, NewtonMLPRegressor, Spherical, TrustRegion
from newtonreg.bases import RadialGaussian, Tanh
from newtonreg.losses import PseudoHuber

RNG = np.random.RandomState(0)
X = RNG.normal(size=(80, 3))
Y = np.column_stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]]) + 0.1 * RNG.normal(size=(80, 2))
LABELS = np.array(["low", "middle", "high"])[np.digitize(X[:, 0], [-0.5, 0.5])]
SMALL = {"hidden_layer_sizes": 5, "random_state": 0}
ESTIMATORS = [NewtonMLPRegressor(alpha=0.1, **SMALL), NewtonMLPClassifier(**SMALL)]
both = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)


def _target(estimator):
    return LABELS if isinstance(estimator, NewtonMLPClassifier) else Y[:, 0]


@both
def test_pipeline_and_parallel_grid_search_over_components(estimator):
    pipeline = make_pipeline(StandardScaler(), clone(estimator).set_params(solver=TrustRegion()))
    name = type(estimator).__name__.lower()
    grid = {f"{name}__alpha": [0.1, 1.0], f"{name}__solver__norm": [Spherical(), ColumnScaling()]}
    search = GridSearchCV(pipeline, grid, n_jobs=2, cv=3).fit(X, _target(estimator))
    assert search.best_score_ > 0.6
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@both
def test_clone_pickle_and_dump(estimator, tmp_path):
    model = clone(estimator).fit(X, _target(estimator))
    joblib.dump(model, tmp_path / "model")
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model")):
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    assert not hasattr(clone(model), "units_")
    assert clone(model).get_params().keys() == model.get_params().keys()


def test_nested_parameters_reach_the_components():
    model = NewtonMLPRegressor(solver=TrustRegion(norm=ColumnScaling()), loss=PseudoHuber(), activation=Tanh())
    model.set_params(solver__norm__idle=1e-9, solver__eta1=0.1, loss__delta=2.0)
    assert model.solver.norm.idle == 1e-9
    assert model.solver.eta1 == 0.1
    assert model.loss.delta == 2.0
    with pytest.raises(ValueError, match="solver__norm: solver='trust-region' is a shorthand"):
        NewtonMLPRegressor(solver="trust-region").set_params(solver__norm=ColumnScaling())
    model.set_params(solver__norm="spherical", **SMALL).fit(X, Y[:, 0])
    assert model.solver.norm == "spherical"


def test_metadata_routing_of_weights():
    with sklearn.config_context(enable_metadata_routing=True):
        model = NewtonMLPRegressor(alpha=0.1, **SMALL).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_val_score(model, X, Y[:, 0], params={"sample_weight": RNG.uniform(0.5, 2.0, 80)}, cv=3)
    assert scores.min() > 0.5


@both
def test_scikit_learn_callbacks(estimator, capsys):
    monitor = ScoringMonitor(scoring="r2" if isinstance(estimator, NewtonMLPRegressor) else "accuracy")
    model = clone(estimator).set_callbacks(monitor, ProgressBar()).fit(X, _target(estimator))
    logs = monitor.get_logs().data
    first_phase = model.n_iter_
    assert 0 < len(logs) <= first_phase + 1
    np.testing.assert_allclose(list(logs[-1].values())[-1], model.score(X, _target(estimator)))


def test_a_callback_can_stop_the_fit():
    class Stop:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            return context.parent is not None and context.task_id == 4

    model = NewtonMLPRegressor(n_restarts=1, alpha=0.1, **SMALL).set_callbacks(Stop()).fit(X, Y[:, 0])
    assert model.n_iter_ == 5
    assert model.status_.name == "CALLBACK"
    # with evidence the trials of the search are shown after it, and nothing follows
    model = NewtonMLPRegressor(**SMALL).set_callbacks(Stop()).fit(X, Y[:, 0])
    assert model.status_.name == "CALLBACK"


def test_several_outputs():
    model = NewtonMLPRegressor(alpha=0.1, **SMALL).fit(X, Y)
    assert model.predict(X).shape == (80, 2)
    assert model.score(X, Y) > 0.8
    assert model.coefs_[1].shape == (5, 2) and model.n_outputs_ == 2
    one = NewtonMLPRegressor(alpha=0.1, **SMALL).fit(X, Y[:, :1])
    assert one.predict(X).shape == (80, 1)


def test_folded_coefficients_are_the_same_function():
    model = NewtonMLPRegressor(alpha=0.1, **SMALL).fit(X + 3.0, 10.0 * Y)
    hidden = np.tanh((X + 3.0) @ model.coefs_[0] + model.intercepts_[0])
    np.testing.assert_allclose(hidden, model.basis_functions(X + 3.0), rtol=1e-10)
    np.testing.assert_allclose(hidden @ model.coefs_[1] + model.intercepts_[1], model.predict(X + 3.0), rtol=1e-10)


@pytest.mark.parametrize("parameters", [{}, {"activation": "radial"}, {"loss": "poisson"}, {"activation": "sine"}], ids=str)
def test_derivatives_match_differences(parameters):
    targets = np.exp(Y[:, 0]) if "loss" in parameters else Y[:, 0]
    model = NewtonMLPRegressor(alpha=0.1, **parameters, **SMALL).fit(5.0 * X, targets)
    points, h = 5.0 * X[:10], 1e-4
    first, second = model.predict_derivative(points), model.predict_derivative(points, order=2)
    assert first.shape == (10, 3) and second.shape == (10, 3, 3)
    for a in range(3):
        step = h * np.eye(3)[a]
        numeric = (model.predict(points + step) - model.predict(points - step)) / (2 * h)
        np.testing.assert_allclose(first[:, a], numeric, atol=1e-6)
        numeric = (model.predict_derivative(points + step) - model.predict_derivative(points - step)) / (2 * h)
        np.testing.assert_allclose(second[:, :, a], numeric, atol=1e-6)
    assert NewtonMLPRegressor(**SMALL).fit(X, Y).predict_derivative(X, 2).shape == (80, 2, 3, 3)


@pytest.mark.parametrize(
    "activation", ["tanh", "logistic", "sine", "softplus", "gaussian", "erf", "silu", "relu", "identity", "radial"]
)
def test_every_activation_fits(activation):
    model = NewtonMLPRegressor(activation=activation, alpha=0.1, **SMALL).fit(X, Y[:, 0])
    assert model.score(X, Y[:, 0]) > (0.5 if activation == "identity" else 0.8)


def test_a_users_activation_is_differentiated():
    own = NewtonMLPRegressor(activation=lambda z: np.tanh(z), alpha=0.1, **SMALL).fit(X, Y[:, 0])
    builtin = NewtonMLPRegressor(activation="tanh", alpha=0.1, **SMALL).fit(X, Y[:, 0])
    np.testing.assert_allclose(own.predict(X), builtin.predict(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("loss", ["pseudo_huber", PseudoHuber(delta=0.2)], ids=str)
def test_outliers_hurt_less_under_pseudo_huber(loss):
    clean = np.sin(X[:, 0])
    dirty = clean.copy()
    dirty[::10] += 20.0
    robust = NewtonMLPRegressor(loss=loss, alpha=0.3, **SMALL).fit(X, dirty)
    plain = NewtonMLPRegressor(alpha=0.3, **SMALL).fit(X, dirty)
    assert np.median(np.abs(robust.predict(X) - clean)) < 0.6 * np.median(np.abs(plain.predict(X) - clean))


def test_poisson_predicts_positive_means_that_balance():
    counts = np.random.RandomState(1).poisson(np.exp(X[:, 0]))
    model = NewtonMLPRegressor(loss="poisson", alpha=0.1, **SMALL).fit(X, counts)
    assert (model.predict(X) > 0.0).all()
    assert model.out_activation_ == "exp"
    # the intercept is free, so the gradient in it is the sum of residuals
    np.testing.assert_allclose(model.predict(X).sum(), counts.sum(), rtol=1e-6)


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_classifiers_are_calibrated_in_the_large(load):
    features, labels = load(return_X_y=True)
    model = NewtonMLPClassifier(random_state=0).fit(features, labels)
    probabilities = model.predict_proba(features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(probabilities.sum(axis=0), np.bincount(labels), rtol=1e-5)
    assert model.score(features, labels) > 0.97
    np.testing.assert_allclose(np.exp(model.predict_log_proba(features)), probabilities, rtol=1e-12)
    assert log_loss(labels, probabilities) < 0.12


def test_string_labels_and_decision_function():
    model = NewtonMLPClassifier(**SMALL).fit(X, LABELS)
    assert list(model.classes_) == ["high", "low", "middle"]
    assert model.decision_function(X).shape == (80, 3)
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.decision_function(X).argmax(axis=1)])
    # the gauge: raw predictions of a multinomial model sum to zero
    np.testing.assert_allclose(model.decision_function(X).sum(axis=1), 0.0, atol=1e-8)


def test_multilabel():
    features, labels = make_multilabel_classification(n_samples=60, n_classes=4, n_labels=2, random_state=0)
    model = NewtonMLPClassifier(**SMALL).fit(features, labels)
    assert model.predict(features).shape == (60, 4)
    assert set(np.unique(model.predict(features))) <= {0, 1}
    assert model.predict_proba(features).shape == (60, 4)
    assert model.score(features, labels) > 0.8
    assert model.out_activation_ == "logistic"


def test_stationary_point_is_left_out_above_500_parameters_and_computed_on_request():
    features, target = load_diabetes(return_X_y=True)
    model = NewtonMLPRegressor(hidden_layer_sizes=50, alpha=10.0, random_state=0, n_restarts=1).fit(features, target)
    assert model.stationary_point_ is None
    point = model.classify(features, target)
    assert point.kind in ("minimum", "degenerate") and point.n_params == 601
    small = NewtonMLPRegressor(alpha=10.0, **SMALL).fit(features, target)
    assert small.classify(features, target) == small.stationary_point_


def test_named_solvers_and_objects_agree():
    by_name = NewtonMLPRegressor(solver="levenberg-marquardt", alpha=0.1, **SMALL).fit(X, Y[:, 0])
    by_object = NewtonMLPRegressor(solver=LevenbergMarquardt(), alpha=0.1, **SMALL).fit(X, Y[:, 0])
    np.testing.assert_array_equal(by_name.predict(X), by_object.predict(X))
    radial = NewtonMLPRegressor(activation=RadialGaussian(), alpha=0.1, **SMALL).fit(X, Y[:, 0])
    assert not hasattr(radial, "coefs_") and radial.units_.shape == (6, 5)
