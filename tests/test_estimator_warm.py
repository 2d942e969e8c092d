"""Continuing, interrupting and sharing a process: what must survive from one fit to the next, and what must not."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info

from newtonreg import ColumnScaling, NewtonMLPClassifier, NewtonMLPRegressor, TrustRegion
from newtonreg.training import screening

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 5))
Y = X[:, 0] * X[:, 1] + RNG.normal(size=60)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WARM = {"warm_start": True, "n_restarts": 1, "random_state": 5, "max_iter": 10, "hidden_layer_sizes": 4}


@pytest.mark.parametrize(
    ("X_new", "y_new", "parameters", "message"),
    [
        (X[:, :1], Y, {}, "number of features was 5 and would be 1"),
        (X, np.column_stack([Y, Y]), {}, "number of outputs was 1 and would be 2"),
        (X, Y, {"activation": "sine"}, "activation was"),
        (X, Y, {"hidden_layer_sizes": 9}, r"hidden_layer_sizes was \(4,\) and would be \(9,\)"),
    ],
)
def test_a_warm_start_refuses_another_network(X_new, y_new, parameters, message):
    model = NewtonMLPRegressor(**WARM).fit(X, Y)
    units = model.units_
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(X_new, y_new)
    assert model.units_ is units and model.n_features_in_ == 5


def test_a_warm_classifier_refuses_other_classes():
    labels = np.arange(60) % 3
    model = NewtonMLPClassifier(**WARM).fit(X, labels)
    with pytest.raises(ValueError, match="number of outputs was 3 and would be 1"):
        model.fit(X, labels > 0)
    assert list(model.classes_) == [0, 1, 2]


def test_early_stopping_remembers_its_best_across_warm_fits():
    model = NewtonMLPRegressor(early_stopping=True, validation_fraction=0.3, n_iter_no_change=4, **WARM).fit(X, Y)
    best, n_scores = model.best_validation_score_, len(model.validation_scores_)
    kept = model.units_
    model.fit(X, Y)
    assert len(model.validation_scores_) >= n_scores
    assert model.best_validation_score_ >= best - 1e-12 or not np.array_equal(kept, model.units_)


def test_a_changed_solver_does_not_continue():
    model = NewtonMLPRegressor(solver=TrustRegion(), **WARM).fit(X, Y)
    model.set_params(solver__norm=ColumnScaling()).fit(X, Y)
    assert model.history_[0]["n_iter"] == 0


def test_interrupted_short_runs_leave_the_best_of_them(monkeypatch):
    short_run, calls = screening._short_run, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return short_run(*arguments)

    monkeypatch.setattr(screening, "_short_run", interrupted)
    # too wide for short runs side by side
    model = NewtonMLPRegressor(40, n_restarts=5, alpha=0.0, random_state=0, warm_start=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.status_.name == "INTERRUPTED"
    assert model.loss_ == pytest.approx(min(restart["loss"] for restart in model.restarts_))
    monkeypatch.undo()
    assert model.fit(X, Y).loss_ <= min(restart["loss"] for restart in model.restarts_) + 1.0
    pickle.dumps(model)


def test_control_c_before_the_first_start_changes_nothing(monkeypatch):
    model = NewtonMLPClassifier(hidden_layer_sizes=4, max_iter=5, random_state=0).fit(X, np.arange(60) % 3)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(screening, "draw_start", interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:, :2], np.where(Y > 0, "a", "b"))
    assert model.n_features_in_ == 5 and list(model.classes_) == [0, 1, 2]
    assert model.predict(X).shape == (60,)


def test_fits_in_threads_give_the_blas_threads_back():
    before = [library["num_threads"] for library in threadpool_info()]
    for _ in range(3):
        with parallel_config(backend="threading"):
            GridSearchCV(NewtonMLPRegressor(4, max_iter=5), {"alpha": [0.1, 1.0, 10.0]}, n_jobs=3, cv=2).fit(X, Y)
    assert [library["num_threads"] for library in threadpool_info()] == before


def test_small_probabilities_keep_their_digits():
    labels = (X[:, 0] > 0.0).astype(int)
    model = NewtonMLPClassifier(hidden_layer_sizes=4, alpha=1e-6, random_state=0).fit(X, labels)
    raw = model.decision_function(X)
    np.testing.assert_allclose(model.predict_log_proba(X)[:, 0], -np.logaddexp(0.0, raw), rtol=1e-12)
    single = model.predict_log_proba(X.astype(np.float32))
    np.testing.assert_allclose(single[:, 0], model.predict_log_proba(X)[:, 0], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("class_weight", [{0: -1.0}, {0: np.nan}])
def test_class_weights_must_be_numbers(class_weight):
    with pytest.raises(ValueError, match="class_weight gives the label 0 the factor"):
        NewtonMLPClassifier(class_weight=class_weight).fit(X, (Y > 0).astype(int))


def test_class_weights_that_leave_nothing():
    with pytest.raises(ValueError, match="zero for every row"):
        NewtonMLPClassifier(class_weight={0: 0.0, 1: 0.0}).fit(X, (Y > 0).astype(int))


def test_the_domain_is_checked_before_the_split():
    counts = np.where(np.arange(60) == 7, -1.0, 2.0)
    for seed in range(6):
        with pytest.raises(ValueError, match="negative value"):
            NewtonMLPRegressor(loss="poisson", early_stopping=True, validation_fraction=0.4, random_state=seed).fit(X, counts)


def test_a_range_beyond_float64_is_named():
    with pytest.raises(ValueError, match="X contains 1.2e"):
        NewtonMLPRegressor(4).fit([[-1.2e308], [1.2e308], [0.0]], [0.0, 1.0, 2.0])
