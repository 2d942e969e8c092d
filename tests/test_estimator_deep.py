"""Networks of several hidden layers, and wide ones that do without matrices, as estimators."""

import pickle

import array_api_strict
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegionClassifier
from newtonreg.bases import Identity, Relu, Tanh
from newtonreg.estimators import _base, _classification, _layers
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.objectives import empirical_risk
from newtonreg.solvers import LBFGS, MiniBatches

RNG = np.random.RandomState(0)
X1 = np.linspace(-2.0, 2.0, 120)[:, None]
WAVE = np.sin(2.0 * X1[:, 0])
X3 = RNG.normal(size=(120, 3)) * [1.0, 0.1, 20.0] + [0.0, 3.0, -5.0]
Y3 = np.column_stack([np.tanh(X3[:, 0]) * X3[:, 1], 50.0 + X3[:, 2]]) + [0.1, 1.0] * RNG.normal(size=(120, 2))
LABELS = (X3[:, 0] + 0.5 * RNG.normal(size=120) > 0.0).astype(int)
SMALL = {"hidden_layer_sizes": (4, 3), "alpha": 0.1, "random_state": 0, "max_iter": 60}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def without_matrices(monkeypatch):
    """Networks of more than ten parameters count as too large for matrices."""
    for module in (_base, _classification):
        monkeypatch.setattr(module, "EXPLICIT_UP_TO", 10)
    for module in (_layers, empirical_risk):
        monkeypatch.setattr(module, "DENSE_PARAMS", 10)


@pytest.fixture(scope="module")
def deep():
    """A small fit of two layers with different activations, three features and two outputs."""
    return NewtonMLPRegressor(activation=("tanh", "logistic"), **SMALL).fit(X3, Y3)


# -- what a deep fit finds ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["auto", "levenberg-marquardt"])
def test_two_layers_reach_six_digits_on_a_sine(solver):
    model = NewtonMLPRegressor((6, 5), alpha=0.0, solver=solver, random_state=0, max_iter=600).fit(X1, WAVE)
    assert np.abs(model.predict(X1) - WAVE).max() < 1e-6


def test_a_penalized_deep_fit_ends_at_a_minimum():
    model = NewtonMLPRegressor(**{**SMALL, "max_iter": None}).fit(X3, Y3)
    assert model.status_.success and model.stationary_point_.criticality <= 1e-8 and model.stationary_point_.index == 0


def test_evidence_finds_the_noise_of_a_deep_fit():
    noise = 0.1 * np.random.RandomState(0).normal(size=120)
    model = NewtonMLPRegressor((4, 3), random_state=0).fit(X1, WAVE + noise)
    assert model.noise_std_[0] == pytest.approx(0.1, rel=0.3)
    # one a row of the first layer, two for the second, one for the coefficients
    assert model.alpha_.shape == (5,) and 1.0 < model.effective_n_params_ <= 27.0
    mean, std = model.predict(X1, return_std=True)
    assert (std >= model.noise_std_).all() and np.abs(mean - WAVE).max() < 0.15
    assert model.sample_y(X1, 3).shape == (120, 3)


def test_what_a_deep_fit_says_of_itself(deep):
    assert isinstance(deep._model.network, DeepNetwork) and deep.n_layers_ == 4 and deep.n_outputs_ == 2
    assert [layer.shape for layer in deep.units_] == [(4, 4), (5, 3)]
    assert [coefs.shape for coefs in deep.coefs_] == [(3, 4), (4, 3), (3, 2)]
    assert [intercepts.shape for intercepts in deep.intercepts_] == [(4,), (3,), (2,)]
    assert deep.params_.shape == (4 * 4 + 5 * 3 + 2 * 4,)


def test_folded_coefficients_reproduce_predictions(deep):
    first = np.tanh(X3 @ deep.coefs_[0] + deep.intercepts_[0])
    second = 1.0 / (1.0 + np.exp(-(first @ deep.coefs_[1] + deep.intercepts_[1])))
    np.testing.assert_allclose(second @ deep.coefs_[2] + deep.intercepts_[2], deep.predict(X3), rtol=1e-10)
    np.testing.assert_allclose(deep.basis_functions(X3), second, rtol=1e-10)


def test_derivatives_of_a_deep_fit_agree_with_differences(deep):
    x, first, second = X3[:7], deep.predict_derivative(X3[:7]), deep.predict_derivative(X3[:7], order=2)
    assert first.shape == (7, 2, 3) and second.shape == (7, 2, 3, 3)
    for a, step in enumerate(1e-4 * X3.std(axis=0)):
        move = step * np.eye(3)[a]
        slope = (deep.predict(x + move) - deep.predict(x - move)) / (2.0 * step)
        bend = (deep.predict_derivative(x + move) - deep.predict_derivative(x - move)) / (2.0 * step)
        np.testing.assert_allclose(first[:, :, a], slope, rtol=1e-5, atol=1e-6 * np.abs(slope).max())
        np.testing.assert_allclose(second[:, :, :, a], bend, rtol=1e-5, atol=1e-6 * np.abs(bend).max())


def test_many_outputs():
    targets = np.column_stack([np.sin((1 + j % 4) * X1[:, 0]) for j in range(20)])
    model = NewtonMLPRegressor((6, 5), alpha=1e-3, random_state=0, max_iter=200).fit(X1, targets)
    assert model.predict(X1).shape == (120, 20) and model.score(X1, targets) > 0.95


def test_the_same_fit_on_another_array_library(deep):
    X, Y = (array_api_strict.asarray(array) for array in (X3, Y3))
    with sklearn.config_context(array_api_dispatch=True):
        strict = clone(deep).fit(X, Y)
        predicted = np.asarray(strict.predict(X))
    np.testing.assert_allclose(predicted, deep.predict(X3), rtol=1e-6, atol=1e-6)
    assert all(isinstance(layer, array_api_strict._array_object.Array) for layer in strict.units_)


def test_a_deep_estimator_is_an_estimator_like_any_other(deep):
    again = clone(deep)
    assert again.hidden_layer_sizes == (4, 3) and not hasattr(again, "coefs_")
    np.testing.assert_array_equal(again.fit(X3, Y3).predict(X3), deep.predict(X3))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(deep)).predict(X3), deep.predict(X3))
    grid = {"hidden_layer_sizes": [2, (3,), (3, 2), (3, 2, 2)]}
    search = GridSearchCV(NewtonMLPRegressor(alpha=0.1, random_state=0, max_iter=20), grid, cv=2).fit(X3, Y3)
    assert search.best_params_["hidden_layer_sizes"] in grid["hidden_layer_sizes"]


def test_a_deep_classifier():
    model = NewtonMLPClassifier((4, 3), activation=("tanh", Identity()), random_state=0, max_iter=100).fit(X3, LABELS)
    assert model.score(X3, LABELS) > 0.75
    assert [basis.name for basis in model._model.network.bases] == ["tanh", "identity"]
    np.testing.assert_allclose(model.predict_proba(X3).sum(axis=1), 1.0, rtol=1e-12)


# -- parameters ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"activation": ("tanh",)}, r"activation=\('tanh',\) has 1 entries for 2 hidden layers, hidden_layer_sizes=\(4, 3\)"),
        ({"activation": ["tanh"] * 3}, "has 3 entries for 2 hidden layers"),
        ({"activation": ("tanh", "tanhh")}, "activation='tanhh'"),
        ({"activation": "radial"}, r"activation='radial': RadialGaussian\(\) is no ridge function"),
        ({"activation": ("tanh", "radial")}, "is no ridge function, and only those make several layers"),
        ({"init": "knots"}, r"init=Knots\(\) is for one hidden layer; with 2 of them pass 'auto' or 'glorot'"),
        ({"init": np.ones((4, 4))}, "is for one hidden layer"),
        ({"alpha": [0.1, 0.1]}, r"has 2 entries and the network 7 groups .* two a further hidden layer"),
    ],
    ids=str,
)
def test_what_several_layers_cannot_have(parameters, message):
    with pytest.raises(ValueError, match=message):
        NewtonMLPRegressor(**{**SMALL, **parameters}).fit(X3, Y3)


def test_a_sequence_of_activations_is_one_a_layer():
    one = NewtonMLPRegressor(**SMALL).fit(X3, Y3)
    two = NewtonMLPRegressor(activation=["tanh", Tanh()], init="glorot", **SMALL).fit(X3, Y3)
    np.testing.assert_array_equal(one.params_, two.params_)


def test_penalties_of_a_deep_fit_are_one_a_group():
    penalties = [0.1, 0.2, 0.3, 0.05, 0.4, 0.06, 0.5]
    model = NewtonMLPRegressor(**{**SMALL, "alpha": penalties}).fit(X3, Y3)
    np.testing.assert_allclose(model.alpha_, penalties, rtol=1e-15)


# -- autoencoders ----------------------------------------------------------------------------------------------------------------


def _pictures():
    """A hundred pictures of eight pixels in [0, 1], a curve in them with some noise."""
    rng = np.random.RandomState(1)
    place = rng.uniform(0.0, 7.0, size=(100, 1))
    return np.clip(np.exp(-0.5 * (np.arange(8) - place) ** 2) + 0.02 * rng.normal(size=(100, 8)), 0.0, 1.0)


def test_an_autoencoder_with_a_linear_bottleneck():
    pictures, activation = _pictures(), ("tanh", "identity", "tanh")
    model = NewtonMLPRegressor((8, 2, 8), activation, loss="binomial", alpha=1e-3, random_state=0, max_iter=150)
    reconstructed = model.fit(pictures, pictures).predict(pictures)
    assert model.out_activation_ == "logistic" and reconstructed.shape == (100, 8)
    assert (reconstructed >= 0.0).all() and (reconstructed <= 1.0).all()
    assert model.loss_ < 0.5 * model.loss_curve_[0]
    # the mean picture explains nothing of the variance
    assert model.score(pictures, pictures) > 0.8


@pytest.mark.parametrize("value", [-0.5, 1.5])
def test_proportions_outside_the_unit_interval_are_named(value):
    pictures = _pictures()
    pictures[3, 2] = value
    with pytest.raises(ValueError, match=rf"y contains the value {value}; loss='binomial' needs targets in \[0, 1\]"):
        NewtonMLPRegressor((4, 2), loss="binomial").fit(X3[:100], pictures)


def test_proportions_have_no_standard_deviation():
    model = NewtonMLPRegressor(3, loss="binomial", alpha=0.1, random_state=0).fit(X3, LABELS)
    assert not hasattr(model, "noise_std_")
    with pytest.raises(ValueError, match="loss='binomial' predicts no standard deviation"):
        model.predict(X3, return_std=True)
    # the classifier minimizes the same
    other = NewtonMLPClassifier(3, activation="tanh", alpha=0.1, random_state=0).fit(X3, LABELS)
    np.testing.assert_allclose(model.loss_, other.loss_, rtol=1e-6)


# -- without matrices ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(4, 3), (5,)], ids=str)
def test_a_regressor_without_matrices(without_matrices, sizes):
    model = NewtonMLPRegressor(sizes, random_state=0, max_iter=40).fit(X3, Y3)
    assert isinstance(model._model.network, DeepNetwork) and isinstance(model.solver_, LBFGS)
    # evidence needs matrices, biases are free
    assert sorted(set(model.alpha_)) == [0.0, 1e-4]
    assert model.loss_ < 0.5 * model.loss_curve_[0] and not hasattr(model, "noise_std_")
    with pytest.raises(ValueError, match="was not kept, or is not finite"):
        model.predict(X3, return_std=True)


def test_a_classifier_without_matrices(without_matrices):
    model = TrustRegionClassifier(random_state=0, max_iter=30).fit(X3, LABELS)
    assert isinstance(model.solver_, MiniBatches) and isinstance(model._model.network.bases[0], Relu)
    assert model._model.network.hidden_sizes == (100,) and model.score(X3, LABELS) > 0.75


def test_matrices_decide_what_auto_is():
    model = NewtonMLPClassifier(random_state=0, max_iter=3).fit(X3, LABELS)
    assert isinstance(model._model.network, ShallowNetwork) and isinstance(model._model.network.bases[0], Tanh)
    assert model._model.network.hidden_sizes == (30,) and not isinstance(model.solver_, MiniBatches)


@pytest.mark.parametrize(
    ("estimator", "name", "y"),
    [
        (NewtonMLPRegressor, "store_covariance", Y3),
        (NewtonMLPClassifier, "store_covariance", LABELS),
        (NewtonMLPClassifier, "moderated", LABELS),
    ],
)
def test_what_only_matrices_tell_is_refused(without_matrices, estimator, name, y):
    with pytest.raises(ValueError, match=rf"{name}=True needs the curvature matrix of all .* parameters.*Set {name}=False"):
        estimator((4, 3), random_state=0, **{name: True}).fit(X3, y)


def test_a_solver_on_matrices_says_so_where_there_are_none(without_matrices):
    with pytest.raises(TypeError, match="LevenbergMarquardt"):
        NewtonMLPRegressor((4, 3), solver="levenberg-marquardt").fit(X3, Y3)


def test_one_hidden_layer_is_the_same_explicit_and_without_matrices(monkeypatch):
    units = np.random.RandomState(3).normal(size=(4, 5))
    # later rounding has grown, and along a flat valley L-BFGS ends where it likes
    parameters = {"solver": "lbfgs", "init": units, "alpha": 0.5, "max_iter": 25}
    explicit = NewtonMLPRegressor(**parameters).fit(X3, Y3)
    monkeypatch.setattr(_base, "EXPLICIT_UP_TO", 10)
    free = NewtonMLPRegressor(**parameters).fit(X3, Y3)
    assert explicit._model.network.is_explicit and not free._model.network.is_explicit
    np.testing.assert_allclose(free.loss_curve_, explicit.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(free.predict(X3), explicit.predict(X3), rtol=1e-8, atol=1e-8)
    assert free.units_.shape == units.shape


def test_more_trials_are_advised_only_where_the_user_counted_them(without_matrices):
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        NewtonMLPRegressor((4, 3), random_state=0, max_iter=2).fit(X3, Y3)
