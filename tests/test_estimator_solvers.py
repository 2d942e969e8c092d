"""Every solver in the estimators' hands: what it fits, what it refuses, how it continues; and the estimators of trust regions."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import newtonreg.curvatures
import newtonreg.norms
import newtonreg.solvers
import newtonreg.subproblems
from newtonreg import (
    EmpiricalRisk,
    NewtonMLPClassifier,
    NewtonMLPRegressor,
    TrustRegion,
    TrustRegionClassifier,
    TrustRegionRegressor,
)
from newtonreg.solvers import Adam, CubicRegularization, DampedNewton, GradientDescent, Newton

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.linspace(-1.0, 1.0, 40)[:, None]
WAVE = np.sin(3.0 * X[:, 0])
RNG = np.random.RandomState(0)
X2 = RNG.normal(size=(60, 2))
NOISY = X2[:, 0] * X2[:, 1] + 0.3 * RNG.normal(size=60)
LABELS = np.digitize(NOISY, [-0.5, 0.5])
SMALL = {"hidden_layer_sizes": 4, "random_state": 0, "n_restarts": 1}
CURVE = {**SMALL, "alpha": 1e-3, "max_iter": 60}


def named(package, *interface):
    """Exported classes that have `interface`, by name."""
    exported = (getattr(package, name) for name in package.__all__)
    return {cls.name: cls for cls in exported if all(hasattr(cls, attribute) for attribute in ("name", *interface))}


SOLVERS = named(newtonreg.solvers, "init", "step")
CURVATURES = named(newtonreg.curvatures, "at")
NORMS = named(newtonreg.norms, "scaling")
SUBPROBLEMS = named(newtonreg.subproblems, "solve")
WITH_RADIUS = [name for name, cls in SUBPROBLEMS.items() if cls.control_name == "radius"]
# without a safeguard it meets singular Hessians, see below
SAFE = [name for name in SOLVERS if name != "newton"]
FOR_LOG_LOSS = [name for name in SAFE if not {"square_root", "outer"} & set(SOLVERS[name]().requires)]
every_solver = pytest.mark.parametrize("name", SAFE)


# -- what a solver fits


@every_solver
def test_every_solver_fits_a_curve(name):
    model = NewtonMLPRegressor(solver=name, **CURVE).fit(X, WAVE)
    assert type(model.solver_) is SOLVERS[name]
    assert model.loss_ < model.loss_curve_[0]
    assert np.all(np.isfinite(model.predict(X)))
    # sixty steps are few for those that only follow gradients, and root finders look for something else
    learns = getattr(model.solver_, "monotone", True) and getattr(model.solver_, "merit", "value") == "value"
    assert model.score(X, WAVE) > (0.99 if learns else 0.9)


@pytest.mark.parametrize("labels", [LABELS, LABELS > 0], ids=["three classes", "two classes"])
@pytest.mark.parametrize("name", FOR_LOG_LOSS)
def test_every_solver_that_needs_no_residuals_classifies(name, labels):
    model = NewtonMLPClassifier(solver=name, max_iter=60, **SMALL).fit(X2, labels)
    assert type(model.solver_) is SOLVERS[name]
    assert model.loss_ < model.loss_curve_[0]
    assert np.all(np.isfinite(model.predict_proba(X2)))
    assert model.score(X2, labels) >= np.bincount(labels).max() / 60


@pytest.mark.parametrize(
    ("estimator", "y"),
    [(NewtonMLPClassifier(), LABELS), (NewtonMLPRegressor(loss="poisson"), np.exp(NOISY))],
    ids=["classifier", "poisson"],
)
@pytest.mark.parametrize("name", [name for name in SAFE if name not in FOR_LOG_LOSS])
def test_a_solver_of_residuals_is_refused_before_any_work(monkeypatch, name, estimator, y):
    monkeypatch.setattr(EmpiricalRisk, "at", None)
    model = clone(estimator).set_params(solver=name, **SMALL)
    with pytest.raises(TypeError) as error:
        model.fit(X2, y)
    for part in (SOLVERS[name].__name__, "needs residuals", "Pass loss='squared_error'", "TrustRegion()"):
        assert part in str(error.value)
    assert vars(model) == vars(clone(model))


def test_the_raw_newton_step_says_what_to_pass_where_the_hessian_is_singular():
    model = NewtonMLPRegressor(solver="newton", **CURVE)
    with pytest.raises(np.linalg.LinAlgError, match="Pass singular='pinv' or 'minimum-residual', or a safeguard"):
        model.fit(X, WAVE)
    assert not hasattr(model, "units_")
    for solver in (Newton(singular="pinv"), Newton("armijo", "pinv"), Newton("modified-cholesky"), Newton("damped")):
        model.set_params(solver=solver).fit(X, WAVE)
        assert np.all(np.isfinite(model.predict(X)))
        assert solver.safeguard is None or model.loss_ < model.loss_curve_[0]


def test_searches_over_solvers_and_over_their_parts():
    names = {"solver": ["trust-region", "lbfgs", "cubic-regularization", "variable-projection", "ssbroyden"]}
    norms = {"solver": [TrustRegion(), CubicRegularization(), DampedNewton()], "solver__norm": list(NORMS)}
    for grid in (names, norms):
        search = GridSearchCV(NewtonMLPRegressor(alpha=0.3, max_iter=40, **SMALL), grid, cv=2, error_score="raise")
        search.fit(X2, NOISY)
        assert np.all(search.cv_results_["mean_test_score"] > 0.0)
    assert search.best_estimator_.solver_.norm == search.best_params_["solver__norm"]


# -- what it reports


@every_solver
def test_history_says_what_every_trial_took(name):
    model = NewtonMLPRegressor(solver=name, **{**CURVE, "max_iter": 15}).fit(X, WAVE)
    counts = np.array([[row[key] for key in ("nfev", "njev", "nhev", "nhvp", "n_backprops")] for row in model.history_])
    assert np.all(np.diff(counts, axis=0) >= 0)
    np.testing.assert_array_equal(counts[:, 4], counts[:, 1] + counts[:, 3])
    # the start itself takes a Gauss-Newton matrix
    needs_curvature = counts[-1, 2] + counts[-1, 3] > counts[0, 2] + counts[0, 3]
    assert needs_curvature == bool(model.solver_.requires)
    promised = np.array([row["predicted_reduction"] for row in model.history_[1:]])
    assert np.all(np.isnan(promised) | (promised >= 0.0))


# -- stopping early, continuing, weights, rates


@every_solver
def test_early_stopping_keeps_the_best_held_out_parameters(name):
    stopping = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 8}
    model = NewtonMLPRegressor(solver=name, max_iter=100, **stopping, **SMALL)
    model.fit(X2, NOISY)
    assert len(model.validation_scores_) == sum(row["accepted"] for row in model.history_)
    assert model.best_validation_score_ in model.validation_scores_
    assert np.all(np.isfinite(model.predict(X2)))


@every_solver
def test_a_warm_start_continues_bit_by_bit(name):
    parameters = {"solver": name, **SMALL, "alpha": 1e-3}
    whole = NewtonMLPRegressor(max_iter=40, **parameters).fit(X, WAVE)
    halves = NewtonMLPRegressor(max_iter=20, warm_start=True, **parameters).fit(X, WAVE)
    halves = pickle.loads(pickle.dumps(halves)).fit(X, WAVE)
    np.testing.assert_array_equal(halves.units_, whole.units_)
    np.testing.assert_array_equal(halves.loss_curve_, whole.loss_curve_)
    assert halves.n_iter_ == whole.n_iter_ > 20 and halves.status_ is whole.status_


@pytest.mark.parametrize("name", ["lbfgs", "variable-projection"])
def test_weights_equal_repetition(name):
    weights = RNG.randint(0, 4, size=60)
    model = NewtonMLPRegressor(solver=name, alpha=0.3, tol=1e-10, **SMALL)
    weighted = clone(model).fit(X2, NOISY, sample_weight=weights)
    repeated = clone(model).fit(np.repeat(X2, weights, axis=0), np.repeat(NOISY, weights))
    assert weighted.status_.success and repeated.status_.success
    np.testing.assert_allclose(weighted.predict(X2), repeated.predict(X2), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [name for name, cls in SOLVERS.items() if hasattr(cls(), "learning_rate")])
def test_first_order_names_take_the_learning_rate(name):
    model = NewtonMLPRegressor(solver=name, learning_rate_init=0.02, **CURVE).fit(X, WAVE)
    assert model.solver_.learning_rate == model.history_[0]["control"] == 0.02
    slow = NewtonMLPRegressor(solver=name, learning_rate_init=2e-5, **CURVE).fit(X, WAVE)
    assert model.loss_ < slow.loss_
    own = NewtonMLPRegressor(solver=SOLVERS[name](learning_rate=0.03), learning_rate_init=0.02, **CURVE).fit(X, WAVE)
    assert own.solver_.learning_rate == own.history_[0]["control"] == 0.03
    for bad in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match=f"learning_rate_init={bad!r}"):
            NewtonMLPRegressor(solver=name, learning_rate_init=bad).fit(X, WAVE)


@pytest.mark.parametrize(
    ("solver", "message"), [(Adam(beta1=1.0), "beta1=1.0"), (GradientDescent(momentum=-0.1), "momentum=-0.1")], ids=str
)
def test_parameters_of_a_solver_object_are_named(solver, message):
    with pytest.raises(ValueError, match=message):
        NewtonMLPRegressor(solver=solver).fit(X, WAVE)


# -- estimators of trust regions

ESTIMATORS = [TrustRegionRegressor(alpha=0.1, **SMALL), TrustRegionClassifier(**SMALL)]
both = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)


def target(estimator):
    return LABELS if isinstance(estimator, TrustRegionClassifier) else NOISY


@both
@pytest.mark.parametrize("norm", NORMS)
def test_the_defaults_are_those_of_the_paper(estimator, norm):
    model = clone(estimator).set_params(norm=norm, max_iter=3).fit(X2, target(estimator))
    radius, decrease = (1e-4, 1.75) if norm == "rmsprop" else (0.05, 1.5)
    expected = {"norm": norm, "initial_radius": radius, "eta1": 0.01, "eta2": 0.95, "increase": 1.1, "decrease": decrease}
    assert expected.items() <= model.solver_.get_params().items()
    assert model.solver_.accept == 0.01 and model.solver_.curvature == "exact"
    assert model.history_[0]["control"] == radius
    by_object = clone(estimator).set_params(norm=NORMS[norm](), max_iter=3).fit(X2, target(estimator))
    np.testing.assert_array_equal(by_object.units_, model.units_)


@both
def test_parameters_reach_the_solver(estimator):
    given = {
        "curvature": "gauss-newton",
        "norm": "adagrad",
        "subproblem": "dogleg",
        "initial_radius": 0.3,
        "max_radius": 0.4,
        "eta1": 0.2,
        "eta2": 0.7,
        "increase": 1.7,
        "decrease": 2.5,
    }
    model = clone(estimator).set_params(max_iter=30, **given).fit(X2, target(estimator))
    assert type(model.solver_) is TrustRegion and given.items() <= model.solver_.get_params().items()
    controls = [row["control"] for row in model.history_]
    assert controls[0] == 0.3 and max(controls) <= 0.4
    # an accepted trial has a ratio above eta1
    assert all(row["ratio"] > 0.2 for row in model.history_[1:] if row["accepted"])


@both
@pytest.mark.parametrize("norm", NORMS)
def test_every_curvature_norm_and_subproblem_fit_together(estimator, norm):
    for curvature in CURVATURES:
        for subproblem in WITH_RADIUS:
            model = clone(estimator).set_params(norm=norm, curvature=curvature, subproblem=subproblem, max_iter=10)
            model.fit(X2, target(estimator))
            assert model.loss_ < model.loss_curve_[0]
            assert np.all(np.isfinite(model.units_))


BAD = [
    ({"curvature": "hessian"}, "curvature='hessian'"),
    ({"norm": "euclidean"}, "norm='euclidean'"),
    ({"subproblem": "exact"}, "subproblem='exact'"),
    *(({"subproblem": name}, f"subproblem='{name}' takes") for name in SUBPROBLEMS if name not in WITH_RADIUS),
    ({"eta1": 0.95}, "eta2=0.95"),
    ({"eta1": 0.0}, "eta1=0.0"),
    ({"eta2": 1.0}, "eta2=1.0"),
    ({"increase": 1.0}, "increase=1.0"),
    ({"decrease": 1.0}, "decrease=1.0"),
    ({"initial_radius": 0.0}, "initial_radius=0.0"),
    ({"initial_radius": "auto"}, "initial_radius='auto'"),
    ({"max_radius": -1.0}, "max_radius=-1.0"),
    ({"norm": TrustRegion()}, "norm=TrustRegion()"),
]


@both
@pytest.mark.parametrize(("parameters", "message"), BAD, ids=[message for _, message in BAD])
def test_a_bad_parameter_is_named(estimator, parameters, message):
    model = clone(estimator).set_params(**parameters)
    with pytest.raises(ValueError) as error:
        model.fit(X2, target(estimator))
    assert message in str(error.value) and vars(model) == vars(clone(estimator).set_params(**parameters))


@both
def test_early_stopping(estimator):
    model = clone(estimator).set_params(
        early_stopping=True, validation_fraction=0.3, n_iter_no_change=5, alpha=0.0, initial_radius=1.0, max_iter=200
    )
    model.fit(X2, target(estimator))
    assert model.status_.name == "CALLBACK" and model.n_iter_ < 200
    assert len(model.validation_scores_) == sum(row["accepted"] for row in model.history_)


def test_several_outputs():
    targets = np.column_stack([NOISY, X2[:, 0] ** 2])
    model = TrustRegionRegressor(alpha=0.01, initial_radius=1.0, **SMALL).fit(X2, targets)
    assert model.predict(X2).shape == (60, 2) and model.n_outputs_ == 2
    assert model.score(X2, targets) > 0.8


@both
def test_copies_and_a_search_over_norms(estimator):
    y = target(estimator)
    search = GridSearchCV(clone(estimator).set_params(initial_radius=1.0, max_iter=30), {"norm": list(NORMS)}, cv=3)
    best = search.set_params(error_score="raise").fit(X2, y).best_estimator_
    assert best.solver_.norm == search.best_params_["norm"] and best.score(X2, y) > 0.4
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(best)).predict(X2), best.predict(X2))
    assert clone(best).get_params() == best.get_params() and not hasattr(clone(best), "units_")


def test_a_small_largest_radius_bounds_the_first_one_that_nobody_set():
    X = np.linspace(-1.0, 1.0, 20)[:, None]
    model = TrustRegionRegressor(3, max_radius=0.01, max_iter=3).fit(X, np.abs(X[:, 0]))
    assert model.history_[0]["control"] == 0.01
