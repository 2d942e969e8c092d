"""Estimators that are trained in mini-batches: epochs, orders, errors, continuation."""

import copy

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor

from newtonreg import INNARegressor, NewtonMLPClassifier, NewtonMLPRegressor, Status, TrustRegionClassifier, TrustRegionRegressor
from newtonreg.solvers import BFGS, AdagradDescent, Adam, MiniBatches, TrustRegion
from newtonreg.training import budget

RNG = np.random.RandomState(0)
X = RNG.normal(size=(150, 3)) * [1.0, 0.1, 20.0]
Y = np.sin(X[:, 0]) + X[:, 1] + 0.1 * RNG.normal(size=150)
LABELS = (X[:, 0] > 0.0) + (X[:, 1] > 0.0)
COMMON = {"hidden_layer_sizes": (6,), "batch_size": 30, "random_state": 0, "max_iter": 8}
# an Adam of 8 epochs from a slow rate is still on its way
ADAM = NewtonMLPRegressor(solver="adam", learning_rate_init=0.01, alpha=1e-4, **COMMON)
REGION = TrustRegionRegressor(**COMMON)
ESTIMATORS = {
    "adam": ADAM,
    "trust region": REGION,
    "inna": INNARegressor(**COMMON),
    "deep": clone(REGION).set_params(hidden_layer_sizes=(5, 4), activation=("tanh", "softplus")),
}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def made(estimator, **parameters):
    """An unfitted copy with other parameters."""
    return clone(estimator).set_params(**parameters)


@pytest.fixture(params=ESTIMATORS)
def estimator(request):
    """An unfitted estimator in batches of 30 out of 150 rows, for 8 epochs."""
    return clone(ESTIMATORS[request.param])


# -- epochs ----------------------------------------------------------------------------------------------------------------------


def test_a_fit_is_a_function_of_the_random_state(estimator):
    first, again, other = (made(estimator, random_state=seed).fit(X, Y) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.params_, again.params_)
    assert first.loss_curve_ == again.loss_curve_ and not np.array_equal(first.params_, other.params_)


def test_iterations_are_epochs(estimator):
    model = estimator.fit(X, Y)
    assert isinstance(model.solver_, MiniBatches) and model.solver_.batch_size == 30
    assert (model.n_iter_, model.t_, model.status_) == (8, 8 * 150, Status.MAX_ITER)
    assert len(model.loss_curve_) == len(model.history_) == 9
    # the start is that of all rows; a step in each of five batches
    steps = [row["njev"] for row in model.history_]
    assert len({after - before for before, after in zip(steps[1:], steps[2:], strict=False)}) == 1
    assert model.loss_ < model.loss_curve_[0] and np.isfinite(model.loss_)


def test_every_row_is_seen_once_an_epoch():
    model = made(ADAM, solver="sgd", max_iter=1).fit(X, Y)
    assert model.history_[1]["njev"] - model.history_[0]["njev"] == 5
    rest = made(ADAM, solver="sgd", max_iter=1, batch_size=40).fit(X, Y)
    # 40, 40, 40 and 30: a rest of half a batch at least is a batch
    assert rest.history_[1]["njev"] - rest.history_[0]["njev"] == 4


def test_orders_are_shuffled_unless_told_otherwise():
    plain, shuffled = made(ADAM, shuffle=False).fit(X, Y), made(ADAM).fit(X, Y)
    assert not np.array_equal(plain.params_, shuffled.params_)
    # without an order of its own, batches are those of the rows as they come: their order in a batch is of no account
    order = np.concatenate([np.arange(start, start + 30)[::-1] for start in range(0, 150, 30)])
    turned = made(ADAM, shuffle=False).fit(X[order], Y[order])
    np.testing.assert_allclose(turned.params_, plain.params_, rtol=1e-7, atol=1e-9)


def test_full_batches_are_the_solver_itself(estimator):
    model = made(estimator, batch_size="full").fit(X, Y)
    assert not isinstance(model.solver_, MiniBatches)


def test_usual_batch_sizes():
    assert not isinstance(TrustRegionRegressor(4, max_iter=2).fit(X, Y).solver_, MiniBatches)
    assert INNARegressor(4, max_iter=2).fit(X, Y).solver_.batch_size == 150
    many = np.repeat(X, 2, axis=0)
    assert INNARegressor(4, max_iter=2).fit(many, np.repeat(Y, 2)).solver_.batch_size == 200


def test_an_automatic_solver_takes_batches():
    model = NewtonMLPRegressor(4, batch_size=30, random_state=0, max_iter=30).fit(X, Y)
    assert isinstance(model.solver_, MiniBatches) and isinstance(model.solver_.solver, TrustRegion)
    assert model.score(X, Y) > 0.5
    classifier = NewtonMLPClassifier(4, batch_size=30, random_state=0, max_iter=30).fit(X, LABELS)
    assert isinstance(classifier.solver_, MiniBatches) and classifier.score(X, LABELS) > 0.7


def test_batches_learn_what_full_steps_learn():
    model = made(REGION, max_iter=60).fit(X, Y)
    assert model.score(X, Y) > 0.9
    classifier = TrustRegionClassifier(6, alpha=1e-3, batch_size=30, random_state=0, max_iter=60).fit(X, LABELS)
    assert classifier.score(X, LABELS) > 0.9


def test_rows_of_weight_zero_are_left_out(estimator):
    weights = np.where(np.arange(150) % 3 == 0, 0.0, 1.0)
    kept = weights > 0.0
    weighted, fewer = clone(estimator).fit(X, Y, sample_weight=weights), clone(estimator).fit(X[kept], Y[kept])
    np.testing.assert_array_equal(weighted.params_, fewer.params_)
    assert weighted.t_ == 8 * 100


def test_callbacks_get_a_task_an_epoch():
    monitor = ScoringMonitor(scoring="r2")
    model = made(ADAM).set_callbacks(monitor).fit(X, Y)
    logs = monitor.get_logs().data
    assert sum(row["task_name"] == "iteration" for row in logs) == model.n_iter_ == 8
    assert list(logs[-1].values())[-1] == pytest.approx(model.score(X, Y), rel=1e-12)


def test_early_stopping_keeps_the_best_epoch(estimator):
    patient = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 3, "warm_start": True}
    model = made(estimator, max_iter=60, **patient).fit(X, Y)
    assert model.t_ == model.n_iter_ * 105
    scores = model.validation_scores_
    assert len(scores) == sum(row["accepted"] for row in model.history_) and model.best_validation_score_ in scores
    # what is kept is the network of the best epoch, not of the last
    np.testing.assert_array_equal(model._model.params, model._warm.stopper["best_params"])
    if model.status_ is Status.CALLBACK:
        assert not np.array_equal(model._model.params, model._warm.state.params)


def test_a_clock_ends_a_fit_between_epochs(monkeypatch, estimator):
    ticks = iter(range(10**7))
    monkeypatch.setattr(budget, "time", type("Clock", (), {"perf_counter": staticmethod(lambda: float(next(ticks)))}))
    model = made(estimator, max_time=5.0, max_iter=None).fit(X, Y)
    assert model.status_ is Status.TIME and 1 <= model.n_iter_ <= 8 and np.isfinite(model.predict(X)).all()


def test_a_fit_that_no_longer_falls_ends():
    model = made(REGION, max_iter=None, hidden_layer_sizes=2).fit(X, Y)
    assert model.n_iter_ < 200 and model.status_ is Status.REDUCTION


# -- continuation ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{}, {"shuffle": False}, {"random_state": 3}], ids=str)
def test_four_epochs_and_four_are_eight(estimator, changes):
    if "shuffle" in changes and "shuffle" not in estimator.get_params():
        changes = {}
    eight = made(estimator, **changes).fit(X, Y)
    four = made(estimator, **changes, max_iter=4, warm_start=True).fit(X, Y)
    assert four.n_iter_ == 4
    four.fit(X, Y)
    np.testing.assert_array_equal(four.params_, eight.params_)
    assert four.loss_curve_ == eight.loss_curve_ and (four.n_iter_, four.t_) == (8, 8 * 150)


@pytest.mark.parametrize(("warm_up", "first"), [(3, 4), (3, 3), (3, 1), (5, 4)])
def test_a_warm_up_goes_on_where_it_was(warm_up, first):
    eight = made(REGION, warm_up_epochs=warm_up).fit(X, Y)
    parts = made(REGION, warm_up_epochs=warm_up, max_iter=first, warm_start=True).fit(X, Y)
    parts.set_params(max_iter=8 - first).fit(X, Y)
    assert parts.n_iter_ == 8
    np.testing.assert_array_equal(parts.params_, eight.params_)


def test_pivots_and_early_stopping_go_on_too():
    for changes in ({"pivot_epochs": 3}, {"early_stopping": True, "validation_fraction": 0.2}):
        eight = made(REGION, **changes).fit(X, Y)
        four = made(REGION, **changes, max_iter=4, warm_start=True).fit(X, Y).fit(X, Y)
        np.testing.assert_array_equal(four.params_, eight.params_)


def test_other_data_begin_anew_from_the_last_parameters(estimator):
    model = made(estimator, warm_start=True).fit(X, Y)
    scale = model._model.inputs.scale
    model.fit(2.0 * X, Y)
    assert model.n_iter_ == 8 and model._model.inputs.scale is not None
    np.testing.assert_array_equal(model._model.inputs.scale, scale)


# -- errors ----------------------------------------------------------------------------------------------------------------------


def test_batches_larger_than_the_data_are_refused(estimator):
    with pytest.raises(ValueError, match="batch_size=500 must be at most the number of rows to train on, 150"):
        made(estimator, batch_size=500).fit(X, Y)


@pytest.mark.parametrize("solver", ["bfgs", "lbfgs", "levenberg-marquardt", "variable-projection", BFGS()], ids=str)
def test_a_solver_that_needs_all_rows_says_so(solver):
    with pytest.raises(TypeError, match=r"solver=.* needs all rows in every step: leave batch_size='auto' or 'full'"):
        NewtonMLPRegressor(4, solver=solver, batch_size=10, alpha=0.1).fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"curvature_batch_size": 31}, "curvature_batch_size=31 must be at most the 30 rows of a batch"),
        ({"curvature_batch_size": 0}, "curvature_batch_size=0 must be an integer >= 1"),
        ({"pivot_epochs": 0}, "pivot_epochs=0 must be an integer >= 1"),
        ({"pivot_epochs": 1.5}, "pivot_epochs=1.5 must be an integer >= 1"),
        ({"warm_up_epochs": -1}, "warm_up_epochs=-1 must be an integer >= 0"),
        ({"warm_up_epochs": 2.5}, "warm_up_epochs=2.5 must be an integer >= 0"),
        ({"warm_up_epochs": None}, "warm_up_epochs=None must be an integer >= 0"),
        ({"shuffle": "yes"}, "shuffle='yes' must be True or False"),
        ({"store_covariance": True}, "store_covariance=True needs the curvature matrix of all 31 parameters"),
    ],
    ids=str,
)
def test_parameters_of_batches_are_checked_by_their_own_names(parameters, message):
    with pytest.raises(ValueError, match=message):
        made(REGION, **parameters).fit(X, Y)


DIVERGENT = [
    (INNARegressor(**COMMON), {"gamma0": 1e8}, r"INNA with gamma0=100000000.0 diverges in batches"),
    (made(ADAM, solver="sgd"), {"learning_rate_init": 1e8}, r"with learning_rate_init=100000000.0 diverges"),
    (made(ADAM, solver=Adam()), {"solver__learning_rate": 1e12}, r"Adam with learning_rate=1000000000000.0 diverges"),
]


@pytest.mark.parametrize(("estimator", "changes", "message"), DIVERGENT, ids=["inna", "sgd", "adam"])
def test_a_rate_that_diverges_is_named_and_changes_nothing(estimator, changes, message):
    with pytest.raises(FloatingPointError, match=message):
        made(estimator, **changes, max_iter=50).fit(X, Y)
    model = made(estimator, warm_start=True).fit(X, Y)
    before, predicted = copy.copy(vars(model)), model.predict(X)
    model.set_params(**changes, warm_start=False, max_iter=50)
    with pytest.raises(FloatingPointError, match="Pass a smaller"):
        model.fit(X, Y)
    assert set(vars(model)) == set(before) and model.params_ is before["params_"] and model.n_iter_ == 8
    np.testing.assert_array_equal(model.predict(X), predicted)


# -- what only trust regions have ------------------------------------------------------------------------------------------------


def test_curvature_from_some_rows_of_a_batch():
    # as long as a region is small its steps do not see curvature
    wide = made(REGION, initial_radius=0.1)
    whole, some = made(wide).fit(X, Y), made(wide, curvature_batch_size=8).fit(X, Y)
    assert some.solver_.curvature_size == 8 and not np.array_equal(whole.params_, some.params_)
    everything = made(wide, curvature_batch_size=30).fit(X, Y)
    np.testing.assert_allclose(everything.predict(X), whole.predict(X), rtol=1e-7, atol=1e-9)


def test_epochs_that_did_not_help_are_undone():
    # a region that takes whatever lowers the loss of five rows
    wild = {"batch_size": 5, "initial_radius": 10.0, "eta1": 1e-6, "pivot_epochs": 1, "max_iter": 40}
    model = made(REGION, **wild).fit(X, Y)
    undone = [row for row in model.history_ if not row["accepted"]]
    assert undone
    # rows of epochs undone have the loss where the fit went back to, which never rises
    losses = [row["loss"] for row in undone]
    assert losses == sorted(losses, reverse=True) and model.loss_ <= losses[-1] * (1.0 + 1e-12)


def test_a_warm_up_is_adagrad_then_the_region_begins():
    model = made(REGION, warm_up_epochs=3).fit(X, Y)
    alone = made(REGION, warm_up_epochs=3, max_iter=3).fit(X, Y)
    assert isinstance(alone.solver_.solver, AdagradDescent) and isinstance(model.solver_.solver, TrustRegion)
    assert alone.loss_curve_ == model.loss_curve_[:4] and model.n_iter_ == 8
    # a method of first order has no ratio
    assert [np.isnan(row["ratio"]) for row in model.history_] == [True] * 4 + [False] * 5


@pytest.mark.parametrize("name", ["auto", "rmsprop", "adagrad", "spherical"])
def test_norms_in_batches(name):
    model = made(REGION, norm=name).fit(X, Y)
    region = model.solver_.solver
    assert region.norm == ("rmsprop" if name == "auto" else name)
    assert region.initial_radius == (1e-4 if region.norm == "rmsprop" else 0.05)
    full = made(REGION, norm=name, batch_size="full").fit(X, Y)
    assert full.solver_.norm == ("spherical" if name == "auto" else name)
