"""`PhysicsRegressor` as an estimator: copies, searches, names, targets, weights, going on, derivatives, callbacks, Ctrl-C."""

import copy
import pickle

import autograd.numpy as anp
import numpy as np
import pandas as pd
import pytest
import sklearn
from autograd import elementwise_grad
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Data, Dirichlet, Initial, collocation

PI = np.pi
X = np.linspace(0.0, 1.0, 24)[:, None]
Y = PI**2 * np.sin(PI * X[:, 0])
FINE = np.linspace(0.0, 1.0, 101)[:, None]
ENDS = [Dirichlet(0.0), Dirichlet(1.0)]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def source(points):
    return PI**2 * np.sin(PI * points[:, 0])


def logistic(u, du, rate):
    return du - rate * u * (1.0 - u)


def poisson(width=8, **parameters):
    """−u'' = π² sin πx between zeros."""
    return PhysicsRegressor(-D(2), ENDS, width, **{"random_state": 0, **parameters})


@pytest.fixture(scope="module")
def fitted():
    return poisson().fit(X, Y)


@pytest.fixture(scope="module")
def smooth():
    """A fit with coefficients of order one, so that sums of units keep their digits."""
    return poisson(alpha=1e-8).fit(X, Y)


# -- copies, searches, names


def test_copies_predict_the_same(fitted):
    nonlinear = PhysicsRegressor(logistic, Initial(0.0, 0.1), 4, coefficients={"rate": 1.0}, random_state=0, max_iter=30)
    for model in (fitted, nonlinear.fit(X), poisson().set_params(conditions=[Dirichlet(0.0, how="hard"), ENDS[1]]).fit(X, Y)):
        for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
            np.testing.assert_array_equal(twin.predict(FINE), model.predict(FINE))
            np.testing.assert_array_equal(twin.residual(X, Y), model.residual(X, Y))
        blank = clone(model)
        assert not hasattr(blank, "params_") and repr(blank) == repr(model)
        np.testing.assert_array_equal(blank.fit(X, Y).predict(FINE), clone(model).fit(X, Y).predict(FINE))


def test_grid_search_and_pipeline(fitted):
    search = GridSearchCV(poisson(max_iter=60), {"hidden_layer_sizes": [1, 8], "operator": [-D(2), D(0) - D(2)]}, cv=2).fit(X, Y)
    assert search.best_params_["hidden_layer_sizes"] == 8
    pipeline = make_pipeline(FunctionTransformer(), poisson()).fit(X, Y)
    np.testing.assert_array_equal(pipeline.predict(FINE), fitted.predict(FINE))
    assert pipeline.score(X, Y) == fitted.score(X, Y)
    # without y the source is asked, and the search needs none
    searched = GridSearchCV(poisson(source=source, max_iter=60), {"hidden_layer_sizes": [1, 8]}, cv=2).fit(X)
    assert searched.best_params_ == {"hidden_layer_sizes": 8}


def test_parameters_can_be_set_and_fitted_solutions_do_not_follow_them(fitted):
    model = poisson().fit(X, Y)
    model.set_params(operator=D(2) + D(0), activation="sine", conditions=ENDS[0])
    np.testing.assert_array_equal(model.predict(FINE), fitted.predict(FINE))
    np.testing.assert_array_equal(model.residual(X, Y), fitted.residual(X, Y))
    with pytest.raises(ValueError, match="Invalid parameter 'widths'"):
        model.set_params(widths=3)


def test_columns_of_a_data_frame_are_variables(fitted):
    frame = pd.DataFrame({"t": X[:, 0]})
    model = poisson().set_params(operator=-D("t", "t")).fit(frame, pd.Series(Y))
    assert model.variables_ == ("t",) and list(model.feature_names_in_) == ["t"]
    np.testing.assert_array_equal(model.predict(frame), fitted.predict(X))
    grid = collocation.uniform([(0.0, 1.0), (0.0, 1.0)], 5)
    plane = pd.DataFrame(grid, columns=["x", "t"])
    start = Initial({"t": 0.0}, 1.0, n_points=4)
    model = PhysicsRegressor(lambda u, u_t: u_t + u, start, 3, random_state=0, max_iter=25).fit(plane)
    assert model.variables_ == ("x", "t") and model.domain_ == ((0.0, 1.0), (0.0, 1.0))
    with pytest.raises(ValueError, match="'t' is no variable"):
        poisson().set_params(operator=-D("t", "t")).fit(X, Y)


def test_variables_have_usual_names():
    for d, names in ((1, ("x",)), (2, ("x", "y")), (3, ("x", "y", "z")), (4, ("x0", "x1", "x2", "x3"))):
        points = np.random.RandomState(0).uniform(size=(9, d))
        assert PhysicsRegressor(D(0), (), 2, random_state=0, max_iter=2).fit(points, points[:, 0]).variables_ == names


# -- right-hand sides and weights


def test_right_hand_sides(fitted):
    expected = fitted.predict(FINE)
    for model in (poisson().fit(X, Y[:, None]), poisson(source=source).fit(X), poisson().fit(X.tolist(), Y.tolist())):
        np.testing.assert_array_equal(model.predict(FINE), expected)
    # y given counts, whatever the source says
    np.testing.assert_array_equal(poisson(source=3.0).fit(X, Y).predict(FINE), expected)
    parabola = poisson(source=2).fit(X)
    np.testing.assert_allclose(parabola.predict(FINE), FINE[:, 0] * (1.0 - FINE[:, 0]), atol=1e-7)
    np.testing.assert_array_equal(poisson().fit(X, np.full(24, 2.0)).predict(FINE), parabola.predict(FINE))
    nothing = poisson().fit(X)
    assert np.abs(nothing.predict(FINE)).max() < 1e-12


def test_residual_and_score(fitted):
    defect = -fitted.predict_derivative(X, 2) - Y
    np.testing.assert_allclose(fitted.residual(X, Y), defect, atol=1e-11)
    assert fitted.score(X, Y) == pytest.approx(-(defect**2).mean(), rel=1e-9)
    weights = np.arange(24.0)
    assert fitted.score(X, Y, weights) == pytest.approx(-np.average(defect**2, weights=weights), rel=1e-9)
    with pytest.raises(ValueError, match="y is missing"):
        fitted.residual(X)
    for model in (poisson(source=source).fit(X), clone(fitted).set_params(source=source).fit(X, Y)):
        np.testing.assert_allclose(model.residual(FINE), -model.predict_derivative(FINE, 2) - source(FINE), atol=1e-11)
    constant = poisson().fit(X, np.ones(24))
    np.testing.assert_allclose(constant.residual(FINE), -constant.predict_derivative(FINE, 2) - 1.0, atol=1e-12)


def test_a_weight_is_a_repetition_and_none_leaves_out():
    model, repeats = poisson(3, alpha=1e-2), np.arange(24) % 3
    repeats[[0, -1]] = 1
    weighted = clone(model).fit(X, Y, sample_weight=repeats)
    rows = np.repeat(np.arange(24), repeats)
    np.testing.assert_allclose(weighted.predict(FINE), clone(model).fit(X[rows], Y[rows]).predict(FINE), rtol=0.0, atol=1e-9)
    # their sum is of no account, and what has no weight none either, whatever the solver
    kept = repeats > 0
    for width in (3, "auto"):
        few = poisson(width, max_iter=30).fit(X[kept], Y[kept], sample_weight=7.0 * repeats[kept])
        again = poisson(width, max_iter=30).fit(X, Y, sample_weight=repeats)
        np.testing.assert_allclose(again.predict(FINE), few.predict(FINE), rtol=0.0, atol=1e-9)


def test_weights_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        model = poisson(max_iter=30).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        scores = cross_val_score(model, X, Y, params={"sample_weight": np.ones(24)}, cv=2)
    assert np.isfinite(scores).all()


# -- going on, determinism


def test_a_warm_start_goes_on():
    model = poisson(6, warm_start=True, max_iter=30, solver="levenberg-marquardt").fit(X, Y)
    losses = [model.loss_, *(model.fit(X, Y).loss_ for _ in range(3))]
    assert all(later <= earlier for earlier, later in zip(losses, losses[1:], strict=False))
    assert losses[-1] < 0.5 * losses[0]
    assert model.loss_curve_[0] == pytest.approx(losses[-2], rel=1e-6)


def test_a_warm_start_goes_on_from_coefficients_and_on_refined_points():
    model = PhysicsRegressor(logistic, [Initial(0.0, 0.1), Data([0.5, 1.0], [0.2, 0.4])], coefficients={"rate": 1.0})
    model.set_params(warm_start=True, random_state=0, max_iter=30).fit(X)
    before, width = model.coefficients_["rate"], model.units_.shape[1]
    model.fit(np.vstack([X, X[:-1] + 0.02]))
    assert model.units_.shape[1] == width
    assert model.coefficients_["rate"] == pytest.approx(before, rel=0.2)


def test_a_warm_start_keeps_the_balance_that_was_found_and_takes_the_weights_that_are_given():
    model = poisson(6, warm_start=True, max_iter=25).fit(X, Y)
    left = model.condition_weights_["Dirichlet at x=0"]
    model.set_params(conditions=[ENDS[0], Dirichlet(1.0, weight=2.0)]).fit(X, Y)
    assert model.condition_weights_ == {"Dirichlet at x=0": left, "Dirichlet at x=1": 2.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_layer_sizes": 9}, "its hidden_layer_sizes was 6 and would be 9"),
        ({"activation": "sine"}, r"its activation was Tanh\(\) and would be Sine\(\)"),
        ({"domain": [(0.0, 2.0)]}, "its domain was"),
        ({"outputs": ("v",)}, "its outputs was"),
        ({"conditions": [ENDS[0], Dirichlet(0.5)]}, "its conditions was"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_warm_start_refuses_another_problem(changes, message):
    model = poisson(6, warm_start=True, max_iter=25).fit(X, Y)
    params = model.params_
    with pytest.raises(ValueError, match=message):
        model.set_params(**changes).fit(X, Y)
    assert model.params_ is params


def test_random_state_decides():
    model = PhysicsRegressor(-D("x", "x") - D("y", "y"), Dirichlet("boundary", n_points=5), 6, max_iter=30)
    points = np.random.RandomState(1).uniform(size=(40, 2))
    first, second, other = (clone(model).set_params(random_state=seed).fit(points, np.ones(40)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.params_, second.params_)
    assert np.abs(first.params_ - other.params_).max() > 0.0
    state = np.random.RandomState(0)
    drawn = [clone(model).set_params(random_state=state).fit(points, np.ones(40)).params_ for _ in range(2)]
    assert np.abs(drawn[0] - drawn[1]).max() > 0.0


# -- derivatives


def formula(model):
    """u of one variable from fitted attributes, for autograd."""
    (low, high), k = model.domain_[0], model.units_.shape[1]
    weights, biases, outer = model.units_[0], model.units_[1], model.params_[2 * k : 3 * k + 1]

    def function(x):
        s = 2.0 * (x - low) / (high - low) - 1.0
        return anp.dot(anp.tanh(anp.outer(s, weights) + biases), outer[:-1]) + outer[-1]

    return function


@pytest.mark.parametrize("order", range(5))
def test_derivatives_in_one_variable_agree_with_autograd(smooth, order):
    function = formula(smooth)
    for _ in range(order):
        function = elementwise_grad(function)
    expected = function(FINE[:, 0])
    found = smooth.predict_derivative(FINE, order) if order else smooth.predict(FINE)
    assert np.abs(found - expected).max() <= 1e-10 * np.abs(expected).max()
    np.testing.assert_array_equal(smooth.predict_derivative(FINE, D(order)), found)


def test_folded_coefficients_are_the_same_function(smooth):
    hidden = np.tanh(FINE @ smooth.coefs_[0] + smooth.intercepts_[0])
    np.testing.assert_allclose(hidden, smooth.basis_functions(FINE), rtol=1e-10)
    np.testing.assert_allclose(hidden @ smooth.coefs_[1][:, 0] + smooth.intercepts_[1][0], smooth.predict(FINE), atol=1e-10)


def test_derivatives_in_several_variables():
    points = np.random.RandomState(0).uniform(size=(30, 2)) * [2.0, 1.0]
    targets = np.stack([np.sin(points.sum(axis=1)), points[:, 0]], axis=1)
    model = PhysicsRegressor([D(0).of("u"), D(0).of("v")], (), 6, outputs=("u", "v"), random_state=0, max_iter=40)
    model.fit(points, targets)
    assert model.predict(points).shape == model.residual(points, targets).shape == (30, 2)
    first, second, h = model.predict_derivative(points), model.predict_derivative(points, 2), 1e-5
    assert first.shape == (30, 2, 2) and second.shape == (30, 2, 2, 2)
    for a, step in enumerate(h * np.eye(2)):
        differences = (model.predict(points + step) - model.predict(points - step)) / (2.0 * h)
        np.testing.assert_allclose(first[:, :, a], differences, atol=1e-8)
        differences = (model.predict_derivative(points + step) - model.predict_derivative(points - step)) / (2.0 * h)
        np.testing.assert_allclose(second[..., a], differences, atol=1e-7)
    operator = (lambda X: X[:, 1]) * D("x", "y").of("v") + 2 * D("y").of("u")
    expected = points[:, 1] * second[:, 1, 0, 1] + 2.0 * first[:, 0, 1]
    np.testing.assert_allclose(model.predict_derivative(points, operator), expected, rtol=1e-12)
    third = model.predict_derivative(points, D("x", "x", "y"))
    step = np.array([0.0, h])
    differences = model.predict_derivative(points + step, 2) - model.predict_derivative(points - step, 2)
    np.testing.assert_allclose(third, differences[:, 0, 0, 0] / (2.0 * h), atol=1e-6)
    with pytest.raises(ValueError, match="order=3: with several variables"):
        model.predict_derivative(points, 3)


def test_hard_conditions_have_derivatives_too():
    model = poisson().set_params(conditions=[Dirichlet(0.0, 1.0, how="hard"), Dirichlet(1.0, -1.0, how="hard")]).fit(X, Y)
    np.testing.assert_array_equal(model.predict([[0.0], [1.0]]), [1.0, -1.0])
    inside, h = FINE[5:-5], 1e-3
    fourth = model.predict_derivative(inside, 4)
    third = model.predict_derivative(inside + h, 3) - model.predict_derivative(inside - h, 3)
    np.testing.assert_allclose(fourth, third / (2.0 * h), atol=1e-4 * np.abs(fourth).max())


@pytest.mark.parametrize("order", [0, -1, 1.5, "x", True])
def test_orders_of_derivatives_are_integers(fitted, order):
    with pytest.raises(ValueError, match=f"order={order!r}"):
        fitted.predict_derivative(X, order)


def test_derivatives_that_the_activation_has_not_are_refused():
    model = poisson(activation="relu-power", max_iter=25).fit(X, Y)
    assert model.predict_derivative(X, 3).shape == (24,)
    for order in (4, D(4)):
        with pytest.raises(ValueError, match="max_order=3, and order=4 was asked for"):
            model.predict_derivative(X, order)


# -- callbacks, interruption, reports


def test_scikit_learn_callbacks(capsys):
    monitor = ScoringMonitor(scoring="neg_mean_squared_error")
    model = poisson(6, max_iter=60).set_callbacks(monitor, ProgressBar()).fit(X, Y)
    logs = monitor.get_logs().data
    assert 0 < len(logs) <= model.n_iter_ + 1
    assert list(logs[-1].values())[-1] == pytest.approx(-((model.predict(X) - Y) ** 2).mean(), rel=1e-9)
    poisson(6, max_iter=25, source=1.0).set_callbacks(ProgressBar()).fit(X)
    assert "100%" in capsys.readouterr().out


def test_progress_is_printed(capsys):
    model = poisson(4, max_iter=25, verbose=True).fit(X, Y)
    printed = capsys.readouterr().out
    assert "loss" in printed and len(printed.splitlines()) >= model.n_iter_


class Interrupt:
    """Ctrl-C at a task of scikit-learn's callback tree, counted from the fit itself."""

    def __init__(self, task):
        self.task, self.seen = task, 0

    def setup(self, estimator, context): ...
    def teardown(self, estimator, context): ...
    def on_fit_task_end(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context):
        self.seen += 1
        if self.seen == self.task:
            raise KeyboardInterrupt


def test_control_c_keeps_the_best():
    model = poisson(6, solver="levenberg-marquardt", init="knots").set_callbacks(Interrupt(12))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.status_.name == "INTERRUPTED" and model.n_iter_ == 11
    assert model.loss_ == min(model.loss_curve_) < model.loss_curve_[0]
    assert np.isfinite(model.predict(FINE)).all() and set(model.condition_weights_) == {"Dirichlet at x=0", "Dirichlet at x=1"}
    pickle.dumps(model.set_callbacks())


def test_control_c_before_the_first_start_changes_nothing():
    model = poisson(max_iter=25).fit(X, Y)
    kept = dict(vars(model))
    model.set_callbacks(Interrupt(1))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:10], Y[:10])
    assert {name: value for name, value in vars(model).items() if name in kept and value is not kept[name]} == {}
    blank = poisson().set_callbacks(Interrupt(1))
    with pytest.raises(KeyboardInterrupt):
        blank.fit(X, Y)
    assert not hasattr(blank, "params_") and not hasattr(blank, "n_features_in_")


@pytest.mark.filterwarnings("default::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", [{}, {"init": "knots"}, {"solver": "levenberg-marquardt", "init": "knots"}], ids=str)
def test_a_fit_that_is_cut_off_warns(parameters):
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        model = poisson(3, max_iter=3, **parameters).fit(X, Y)
    assert model.status_.name == "MAX_ITER"
    assert model.n_iter_ == 3


def test_history_and_restarts(fitted):
    assert fitted.loss_ == min(fitted.loss_curve_)
    assert len(fitted.history_) == len(fitted.loss_curve_) and fitted.history_[-1]["n_iter"] == fitted.n_iter_
    assert len(fitted.restarts_) > 1 and all(row["n_units"] == 8 for row in fitted.restarts_)
    one = poisson(init="knots", max_iter=25).fit(X, Y)
    assert len(one.restarts_) == 1
    twice = poisson(n_restarts=2, max_iter=25).fit(X, Y)
    assert len(twice.restarts_) == 2 * len(fitted.restarts_)
    given = poisson("auto", init=fitted.units_, max_iter=25).fit(X, Y)
    assert given.units_.shape == fitted.units_.shape


def test_classify_leaves_the_fit_alone(fitted):
    kept = dict(vars(fitted))
    point = fitted.classify(X, Y)
    assert point.kind == fitted.stationary_point_.kind
    # on other points of the same domain, and however many: the network is the fitted one
    auto = poisson("auto", max_iter=30).fit(X, Y)
    assert auto.classify(X[5:10], Y[5:10]).n_params == auto.params_.size
    assert vars(fitted) == kept


@pytest.mark.parametrize("method", ["predict", "predict_derivative", "residual", "score", "basis_functions", "classify"])
def test_nothing_can_be_asked_before_a_fit(method):
    with pytest.raises(NotFittedError):
        getattr(poisson(), method)(X)
