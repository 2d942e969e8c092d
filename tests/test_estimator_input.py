"""What the estimators accept, and what they refuse: by name, with the value, before any work, leaving a fitted one as it was."""

import copy
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.datasets import make_classification

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegion
from newtonreg.estimators import _layers

FAST = {"max_iter": 10, "n_restarts": 1, "random_state": 0, "hidden_layer_sizes": 4}
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def _data(n=30, d=2, seed=0):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, d))
    return X, X[:, 0] - X[:, 1] ** 2


def _regressor(**parameters):
    return NewtonMLPRegressor(**{**FAST, **parameters})


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=["a", "b"]),
        lambda X: X.astype(object),
        lambda X: np.asfortranarray(X),
    ],
    ids=["list", "DataFrame", "object", "Fortran"],
)
def test_same_fit_from_any_container(convert):
    X, y = _data()
    expected = _regressor().fit(X, y).predict(X)
    np.testing.assert_array_equal(_regressor().fit(convert(X), y).predict(convert(X)), expected)


def test_integers_and_read_only_memory_maps(tmp_path):
    X, y = _data()
    whole = np.round(10 * X).astype(int)
    np.testing.assert_array_equal(
        _regressor().fit(whole, y).predict(whole), _regressor().fit(whole.astype(float), y).predict(whole.astype(float))
    )
    for name, array in (("X.npy", X), ("y.npy", y)):
        np.save(tmp_path / name, array)
    X_map, y_map = (np.load(tmp_path / name, mmap_mode="r") for name in ("X.npy", "y.npy"))
    np.testing.assert_array_equal(_regressor().fit(X_map, y_map).predict(X), _regressor().fit(X, y).predict(X))


def test_float32_stays_float32_and_is_computed_in_float64():
    X, y = (a.astype(np.float32) for a in _data())
    model = _regressor().fit(X, y)
    assert model.predict(X).dtype == model.coefs_[0].dtype == np.float32
    twin = _regressor().fit(X.astype(float), y.astype(float))
    np.testing.assert_allclose(model.predict(X), twin.predict(X.astype(float)), rtol=1e-6, atol=1e-6)


def test_constant_column_has_scale_one():
    X, y = _data()
    X = np.column_stack([X, np.full(len(X), 0.1)])
    model = _regressor(max_iter=50).fit(X, y)
    assert float(model._model.inputs.scale[2]) == 1.0
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("value", [0.0, 3.7, -1e9])
def test_constant_target_is_predicted(value):
    X, y = _data()
    model = _regressor().fit(X, np.full_like(y, value))
    np.testing.assert_allclose(model.predict(X), value, rtol=1e-14)
    assert model.n_iter_ >= 1


def test_duplicated_rows():
    X, y = _data()
    # thrice the rows are thrice the evidence, so the penalty is given
    thrice = _regressor(alpha=0.3).fit(np.repeat(X, 3, axis=0), np.repeat(y, 3))
    once = _regressor(alpha=0.1).fit(X, y)
    np.testing.assert_allclose(thrice.predict(X), once.predict(X), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e150])
def test_units_of_y_do_not_matter(scale):
    X, y = _data()
    expected = _regressor().fit(X, y).predict(X)
    np.testing.assert_allclose(_regressor().fit(X, scale * y).predict(X) / scale, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, 0.0), (1.0, 1e6), (1e150, 0.0)])
def test_units_of_X_do_not_matter(scale, shift):
    X, y = _data()
    expected = _regressor().fit(X, y).predict(X)
    moved = scale * X + shift
    np.testing.assert_allclose(_regressor().fit(moved, y).predict(moved), expected, rtol=1e-4, atol=1e-5)


BAD_PARAMETERS = [
    ({"activation": "swishy"}, "activation='swishy'"),
    ({"solver": "newtonian"}, "solver='newtonian'"),
    ({"solver": "lbfsg"}, "solver='lbfsg'"),
    ({"solver": TrustRegion(norm="spherical-ish")}, "norm='spherical-ish'"),
    ({"solver": TrustRegion(curvature="exactly")}, "curvature='exactly'"),
    ({"loss": "absolute"}, "loss='absolute'"),
    ({"hidden_layer_sizes": 0}, "hidden_layer_sizes=0"),
    ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes=(5, 0)"),
    ({"hidden_layer_sizes": ()}, "hidden_layer_sizes=()"),
    ({"hidden_layer_sizes": 10.0}, "hidden_layer_sizes=10.0"),
    ({"hidden_layer_sizes": None}, "hidden_layer_sizes=None"),
    ({"solver": TrustRegion}, "solver=TrustRegion is a class; pass an object: TrustRegion()"),
    ({"solver": TrustRegion(subproblem="exact")}, "subproblem='exact'"),
    ({"solver": TrustRegion(eta1=0.9, eta2=0.5)}, "eta2=0.5"),
    ({"loss": "multinomial"}, "loss='multinomial' is a loss for classes"),
    ({"max_iter": 0}, "max_iter=0"),
    ({"max_iter": 2.5}, "max_iter=2.5"),
    ({"alpha": -1.0}, "alpha=-1.0"),
    ({"alpha": np.nan}, "alpha=nan"),
    ({"tol": -1e-3}, "tol=-0.001"),
    ({"n_restarts": 0}, "n_restarts=0"),
    *[({"batch_size": value}, f"batch_size={value!r} must be an integer >= 1") for value in (0, -3, 2.5, True, "all")],
    ({"device": "gpu"}, "device='gpu'"),
    ({"warm_start": "no"}, "warm_start='no'"),
    ({"early_stopping": "no"}, "early_stopping='no'"),
    ({"n_jobs": 0}, "n_jobs=0"),
    ({"solver": TrustRegion(subproblem="damped")}, "subproblem='damped' takes a damping"),
    ({"solver": TrustRegion(accept="x")}, "accept='x'"),
    ({"early_stopping": True, "validation_fraction": 1.0}, "validation_fraction=1.0"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD_PARAMETERS, ids=[m for _, m in BAD_PARAMETERS])
def test_bad_parameter_is_named(parameters, message):
    X, y = _data()
    with pytest.raises(ValueError) as error:
        _regressor(**parameters).fit(X, y)
    assert message in str(error.value)


def _with(array, value):
    array = array.copy()
    array.flat[0] = value
    return array


X0, Y0 = _data()
BAD_DATA = {
    "NaN in X": (_with(X0, np.nan), Y0, None, ValueError, "X contains NaN"),
    "infinite X": (_with(X0, np.inf), Y0, None, ValueError, "X contains infinity"),
    "NaN in y": (X0, _with(Y0, np.nan), None, ValueError, "y contains NaN"),
    "short y": (X0, Y0[:-1], None, ValueError, "inconsistent numbers of samples"),
    "1-D X": (X0[:, 0], Y0, None, ValueError, "Expected 2D array"),
    "one sample": (X0[:1], Y0[:1], None, ValueError, "1 sample"),
    "sparse X": (scipy.sparse.csr_array(X0), Y0, None, TypeError, "parse"),
    "zero weights": (X0, Y0, np.zeros(30), ValueError, "zero"),
    "negative weights": (X0, Y0, _with(np.ones(30), -1.0), ValueError, "egative"),
    "NaN weights": (X0, Y0, _with(np.ones(30), np.nan), ValueError, "NaN"),
    "short weights": (X0, Y0, np.ones(29), ValueError, "sample_weight"),
}


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data_leaves_a_fitted_estimator_as_it_was(case):
    X, y, weights, error, message = BAD_DATA[case]
    model = _regressor().fit(pd.DataFrame(X0, columns=["a", "b"]), Y0)
    before = copy.deepcopy({k: v for k, v in vars(model).items() if k != "solver_"})
    with pytest.raises(error, match=message):
        model.fit(X, y, sample_weight=weights)
    assert list(model.feature_names_in_) == ["a", "b"]
    assert set(vars(model)) - {"solver_"} == set(before)
    np.testing.assert_array_equal(model.units_, before["units_"])
    assert model.loss_ == before["loss_"]


def test_target_outside_the_domain_of_the_loss():
    with pytest.raises(ValueError, match="negative value -1"):
        _regressor(loss="poisson").fit(X0, np.where(np.arange(30) == 3, -1.0, 2.0))


def test_predict_on_another_number_of_features():
    model = _regressor().fit(X0, Y0)
    with pytest.raises(ValueError, match="3 features"):
        model.predict(np.ones((4, 3)))


def test_predict_on_another_array_library():
    strict = pytest.importorskip("array_api_strict")
    model = _regressor().fit(X0, Y0)
    with sklearn.config_context(array_api_dispatch=True), pytest.raises(ValueError, match="namespace"):
        model.predict(strict.asarray(X0))


def test_unknown_derivative_order():
    with pytest.raises(ValueError, match="order=3"):
        _regressor().fit(X0, Y0).predict_derivative(X0, order=3)


def test_matrices_that_do_not_fit_are_refused_with_their_bytes(monkeypatch):
    monkeypatch.setattr(_layers, "free_memory", lambda like: 10_000)
    for parameters in ({"solver": "levenberg-marquardt"}, {"activation": "radial"}):
        with pytest.raises(MemoryError, match=r"parameters; .* GiB for .* matrices.*Set a smaller hidden_layer_sizes.*'lbfgs'"):
            _regressor(**parameters).fit(X0, Y0)
    assert not _regressor().fit(X0, Y0)._model.network.is_explicit


def test_cuda_without_cupy_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(RuntimeError, match=r"needs CuPy: pip install"):
        _regressor(device="cuda").fit(X0, Y0)


def test_cupy_input_with_dispatch_off_gives_the_two_lines(monkeypatch):
    from newtonreg.estimators import _input

    monkeypatch.setattr(_input, "is_cupy_array", lambda X: True)
    with pytest.raises(TypeError, match="SCIPY_ARRAY_API=1.*array_api_dispatch=True"):
        _regressor().fit(X0, Y0)


def test_classifier_refuses_unknown_labels_and_weights():
    X, y = make_classification(40, random_state=0)
    model = NewtonMLPClassifier(**FAST).fit(X, y)
    with pytest.raises(ValueError, match="label 7"):
        model.classify(X, np.where(np.arange(40) == 0, 7, y))
    with pytest.raises(ValueError, match="class_weight='even'"):
        NewtonMLPClassifier(class_weight="even", **FAST).fit(X, y)
    with pytest.raises(ValueError, match="label 5"):
        NewtonMLPClassifier(class_weight={5: 1.0}, **FAST).fit(X, y)
    with pytest.raises(ValueError, match="Unknown label type"):
        NewtonMLPClassifier(**FAST).fit(X, X[:, 0])
