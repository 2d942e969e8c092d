"""INNAClassifier and INNARegressor: data that come in parts, what goes on from one part to the next, what is refused."""

import copy
import pickle

import array_api_strict
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris

from newtonreg import INNAClassifier, INNARegressor
from newtonreg.solvers import INNA, MiniBatches

X, LABELS = load_iris(return_X_y=True)
NAMES = np.array(["a", "b", "c"])[LABELS]
INDICATORS = np.eye(3, dtype=int)[LABELS]
Y = X[:, 3] + np.sin(X[:, 0])
COMMON = {"hidden_layer_sizes": (8,), "batch_size": 30, "random_state": 0}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**parameters):
    """A small one, not fitted."""
    return INNAClassifier(**{**COMMON, **parameters})


def regressor(**parameters):
    """A small one, not fitted."""
    return INNARegressor(**{**COMMON, **parameters})


def phase(model):
    """Parameters, ψ and the number of steps so far."""
    memory = model._warm.state.memory
    return model._warm.state.params, memory["phase"]["psi"], memory["count"]


# -- fits ------------------------------------------------------------------------------------------------------------------------


def test_parameters_reach_the_solver():
    model = classifier(
        inna_alpha=0.3,
        inna_beta=0.2,
        gamma0=0.05,
        decay_power=0.4,
        initial_speed=1.0,
        weight_decay=1e-3,
        shuffle=False,
        max_iter=3,
    ).fit(X, LABELS)
    assert repr(model.solver_.solver) == repr(INNA(0.05, 0.3, 0.2, 0.4, 1.0, 1e-3)) and not model.solver_.shuffle
    # the learning rate decays with the steps, not with the epochs
    assert phase(model)[2] == 3 * 5 and model.history_[-1]["control"] == 0.05


def test_both_learn():
    assert classifier(max_iter=40).fit(X, LABELS).score(X, LABELS) > 0.95
    assert regressor(max_iter=60).fit(X, Y).score(X, Y) > 0.9


def test_several_outputs_and_indicator_matrices():
    targets = np.column_stack([Y, 100.0 + X[:, 0], -X[:, 1]])
    model = regressor(max_iter=60).fit(X, targets)
    assert model.predict(X).shape == (150, 3) and model.score(X, targets) > 0.9
    labels = classifier(max_iter=40).fit(X, INDICATORS)
    assert labels.predict(X).shape == (150, 3) and (labels.predict(X) == INDICATORS).mean() > 0.9


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"inna_alpha": -0.1}, "inna_alpha=-0.1"),
        ({"inna_beta": 0.0}, "inna_beta=0.0"),
        ({"gamma0": 0.0}, "gamma0=0.0"),
        ({"gamma0": "fast"}, "gamma0='fast'"),
        ({"decay_power": 1.0}, "decay_power=1.0"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0"),
        ({"initial_speed": -1.0}, "initial_speed=-1.0"),
        ({"max_iter": 0}, "max_iter=0"),
    ],
    ids=str,
)
def test_a_bad_parameter_is_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        regressor(**parameters).fit(X, Y)


def test_no_penalty_and_no_damping_are_allowed():
    model = regressor(inna_alpha=0.0, decay_power=0.0, weight_decay=0.0, initial_speed=0.0, alpha=0.0, max_iter=3).fit(X, Y)
    assert np.isfinite(model.loss_)


def test_the_same_fit_on_another_array_library():
    model = regressor(max_iter=5).fit(X, Y)
    with sklearn.config_context(array_api_dispatch=True):
        strict = regressor(max_iter=5).fit(array_api_strict.asarray(X), array_api_strict.asarray(Y))
        strict.partial_fit(array_api_strict.asarray(X), array_api_strict.asarray(Y))
        np.testing.assert_allclose(np.asarray(strict.params_), model.partial_fit(X, Y).params_, rtol=1e-9, atol=1e-12)


# -- partial_fit -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "y"), [(classifier, LABELS), (classifier, NAMES), (regressor, Y)], ids=["int", "str", "real"])
def test_epochs_one_by_one_are_a_fit(make, y):
    """One seed orders all epochs, and its draw is the first fit's: bit by bit."""
    whole, parts = make(max_iter=5).fit(X, y), make()
    for _ in range(5):
        parts.partial_fit(X, y, *([np.unique(y)] if make is classifier else []))
    np.testing.assert_array_equal(parts.params_, whole.params_)
    assert parts.loss_curve_ == whole.loss_curve_ and (parts.n_iter_, parts.t_) == (whole.n_iter_, whole.t_) == (5, 750)


def test_a_fit_is_gone_on_from_with_all_its_phase():
    whole, parts = classifier(max_iter=5).fit(X, LABELS), classifier(max_iter=4).fit(X, LABELS)
    assert phase(parts)[2] == 20
    parts.partial_fit(X, LABELS)
    for mine, others in zip(phase(parts), phase(whole), strict=True):
        np.testing.assert_array_equal(mine, others)
    copied = pickle.loads(pickle.dumps(parts))
    np.testing.assert_array_equal(copied.partial_fit(X, LABELS).params_, parts.partial_fit(X, LABELS).params_)


def test_a_warm_start_keeps_psi_and_the_number_of_steps():
    whole, parts = regressor(max_iter=8).fit(X, Y), regressor(max_iter=4, warm_start=True).fit(X, Y)
    assert phase(parts)[2] == 20 and not np.array_equal(phase(parts)[0] * (1.0 - 0.5 * 0.1), phase(parts)[1])
    parts.fit(X, Y)
    for mine, others in zip(phase(parts), phase(whole), strict=True):
        np.testing.assert_array_equal(mine, others)


def test_a_fit_begins_anew_unless_it_is_warm():
    model, fresh = classifier(max_iter=3), classifier(max_iter=3).fit(X, LABELS)
    model.partial_fit(X[::2], LABELS[::2], classes=[0, 1, 2]).fit(X, LABELS)
    np.testing.assert_array_equal(model.params_, fresh.params_)


def test_parts_of_different_sizes():
    model = classifier().partial_fit(X[:10], LABELS[:10], classes=[0, 1, 2])
    scale = model._model.inputs.scale.copy()
    assert (model.n_iter_, model.t_, phase(model)[2]) == (1, 10, 1) and list(model.classes_) == [0, 1, 2]
    model.partial_fit(X, LABELS)
    # rows seen; five batches of 30, however small the first part was
    assert (model.n_iter_, model.t_, phase(model)[2]) == (2, 160, 6)
    model.partial_fit(X[:1], LABELS[:1])
    assert (model.n_iter_, model.t_, phase(model)[2]) == (3, 161, 7)
    np.testing.assert_array_equal(model._model.inputs.scale, scale)
    assert model.predict_proba(X).shape == (150, 3)


def test_parts_in_turn_learn():
    model = classifier(batch_size=10, hidden_layer_sizes=(30,))
    order = np.random.RandomState(0).permutation(150)
    for _ in range(30):
        for part in np.array_split(order, 3):
            model.partial_fit(X[part], LABELS[part], classes=[0, 1, 2])
    assert model.score(X, LABELS) > 0.93


def test_a_changed_rate_is_obeyed():
    model = regressor(max_iter=4, gamma0=0.01).fit(X, Y)
    params = model.params_.copy()
    model.set_params(gamma0=1e-12).partial_fit(X, Y)
    np.testing.assert_allclose(model.params_, params, rtol=1e-6, atol=1e-9)
    assert model.n_iter_ == 1 and model.history_[-1]["control"] == 1e-12


def test_batches_may_change():
    model = regressor(batch_size="full").partial_fit(X, Y)
    assert isinstance(model.solver_, INNA) and phase(model)[2] == 1
    model.set_params(batch_size=30).partial_fit(X, Y)
    assert isinstance(model.solver_, MiniBatches)
    model.set_params(batch_size=50).partial_fit(X, Y)
    assert (model.n_iter_, phase(model)[2]) == (2, 5 + 3)


def test_after_early_stopping_the_best_goes_on():
    model = regressor(early_stopping=True, validation_fraction=0.3, n_iter_no_change=2, max_iter=60).fit(X, Y)
    params = model.params_.copy()
    model.set_params(gamma0=1e-12).partial_fit(X, Y)
    np.testing.assert_allclose(model.params_, params, rtol=1e-6, atol=1e-9)


def test_a_part_is_no_failure_to_converge(recwarn):
    model = classifier(max_iter=3).partial_fit(X, LABELS, classes=[0, 1, 2])
    model.partial_fit(X, LABELS)
    assert not [warning for warning in recwarn if "max_iter" in str(warning.message)]


def test_weights_of_rows_in_a_part():
    weights = np.where(np.arange(150) % 2 == 0, 1.0, 0.0)
    weighted = regressor().partial_fit(X, Y, sample_weight=weights)
    np.testing.assert_array_equal(weighted.params_, regressor().partial_fit(X[::2], Y[::2]).params_)
    balanced = classifier(class_weight="balanced").partial_fit(X[:80], LABELS[:80], classes=[0, 1, 2])
    assert np.isfinite(balanced.predict_proba(X)).all()


# -- what is refused -------------------------------------------------------------------------------------------------------------


def refuses(model, message, *arguments, error=ValueError, **keywords):
    """`partial_fit` raises, and leaves the estimator as it was, of use."""
    before = copy.copy(vars(model))
    with pytest.raises(error, match=message):
        model.partial_fit(*arguments, **keywords)
    assert set(vars(model)) == set(before) and all(vars(model)[name] is value for name, value in before.items())


def test_the_first_part_of_a_classifier_needs_all_classes():
    model = classifier()
    refuses(model, "classes=None in the first call of partial_fit; pass all labels", X, LABELS)
    refuses(model, r"label 2, which is none of the classes \[0, 1\]", X, LABELS, classes=[0, 1])
    assert list(model.partial_fit(X[:60], LABELS[:60], classes=[2, 0, 1]).classes_) == [0, 1, 2]


@pytest.fixture
def begun():
    """A classifier that has seen the first part."""
    return classifier().partial_fit(X[:60], LABELS[:60], classes=[0, 1, 2])


BAD_PARTS = {
    "unseen": (X, LABELS + 1, r"label 3, which is none of the classes \[0, 1, 2\]"),
    "strings": (X, NAMES, r"label 'a', which is none of the classes \[0, 1, 2\]"),
    "real": (X, LABELS + 0.5, "Unknown label type"),
    "indicators": (X, INDICATORS, r"y of shape \(150, 3\) differs in kind from that of the first call, one label a row"),
    "features": (X[:, :3], LABELS, "X has 3 features, but INNAClassifier is expecting 4"),
    "empty": (X[:0], LABELS[:0], r"0 sample\(s\)"),
    "lengths": (X, LABELS[:-1], "inconsistent numbers of samples"),
    "NaN": (np.where(X > 5.0, np.nan, X), LABELS, "X contains NaN"),
}


@pytest.mark.parametrize("case", BAD_PARTS)
def test_a_bad_part_changes_nothing(begun, case):
    features, labels, message = BAD_PARTS[case]
    params = begun.params_.copy()
    refuses(begun, message, features, labels)
    np.testing.assert_array_equal(begun.params_, params)
    assert begun.partial_fit(X, LABELS).n_iter_ == 2


def test_integers_after_strings():
    model = classifier().partial_fit(X, NAMES, classes=["a", "b", "c"])
    refuses(model, r"label .*0.*, which is none of the classes \['a', 'b', 'c'\]", X, LABELS)
    assert set(model.predict(X)) <= {"a", "b", "c"}


def test_other_classes_than_in_the_first_part(begun):
    refuses(begun, r"classes=\[0, 1\] differ from those of the first call, \[0, 1, 2\]", X[:60], LABELS[:60], classes=[0, 1])
    begun.partial_fit(X, LABELS, classes=[2, 1, 0])


def test_indicators_stay_indicators():
    model = classifier().partial_fit(X, INDICATORS)
    refuses(model, r"y of shape \(150,\) differs in kind from that of the first call, an indicator matrix of 3", X, LABELS)
    refuses(model, "partial_fit continues the network .* number of outputs was 3 and would be 2", X, INDICATORS[:, :2])
    assert model.partial_fit(X, INDICATORS).n_iter_ == 2


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({}, np.column_stack([Y, Y]), "partial_fit continues .* number of outputs was 1 and would be 2. Call fit to start anew"),
        ({"hidden_layer_sizes": 9}, Y, r"hidden_layer_sizes was \(8,\) and would be \(9,\)"),
        ({"activation": "tanh"}, Y, "activation was"),
        ({"loss": "pseudo_huber"}, Y, "loss was"),
        ({"batch_size": 0}, Y, "batch_size=0"),
    ],
    ids=str,
)
def test_another_network_is_refused(parameters, y, message):
    model = regressor().partial_fit(X, Y)
    refuses(model.set_params(**parameters), message, X, y)


def test_a_part_that_diverges_changes_nothing():
    model = regressor(max_iter=4).fit(X, Y)
    model.set_params(gamma0=1e8)
    refuses(model, "INNA with gamma0=100000000.0 diverges", X, Y, error=FloatingPointError)
    model.set_params(gamma0=None)
    assert clone(model).fit(X, Y).n_iter_ == 4 and model.partial_fit(X, Y).n_iter_ == 5


def test_targets_are_scaled_as_in_the_first_part():
    model = regressor().partial_fit(X, Y)
    scale, offset = model._model.targets.scale.copy(), model._model.targets.offset.copy()
    model.partial_fit(X, 10.0 * Y + 3.0)
    np.testing.assert_array_equal([model._model.targets.scale, model._model.targets.offset], [scale, offset])
