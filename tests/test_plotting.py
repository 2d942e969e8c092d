"""Displays: what they draw is what was computed, read off the artists."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.optimize import OptimizeResult
from sklearn.exceptions import NotFittedError

from newtonreg import (
    Analytic,
    NewtonMLPClassifier,
    NewtonMLPRegressor,
    TrustRegion,
    TrustRegionRegressor,
    minimize,
)
from newtonreg.landscape import find_stationary_points, spectrum
from newtonreg.plotting import BasisDisplay, ConvergenceDisplay, IndexDisplay, LandscapeDisplay, ModelDisplay, SpectrumDisplay
from newtonreg.plotting.figures import is_logarithmic
from newtonreg.testing.problems import rosenbrock


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def _quadratic(eigenvalues, seed=0):
    """½ xᵀAx, A, and orthonormal eigenvectors of A as rows."""
    rows = np.linalg.qr(np.random.RandomState(seed).standard_normal((len(eigenvalues),) * 2))[0].T
    matrix = rows.T @ (np.asarray(eigenvalues)[:, None] * rows)
    objective = Analytic(lambda x: 0.5 * x @ matrix @ x, len(eigenvalues), lambda x: matrix @ x, lambda x: matrix)
    return objective, rows


@pytest.fixture(scope="module")
def run():
    """A run of a trust region on Rosenbrock's function with rejected trials, and its iterates."""
    objective = rosenbrock(np)
    path = []
    result = minimize(
        objective,
        np.array([-1.2, 1.0]),
        TrustRegion(norm="spherical", initial_radius=2.0),
        callbacks=[lambda record, run: path.append(run.state.params)],
    )
    assert result.success and not all(record.accepted for record in result.history)
    return result, np.array(path)


@pytest.fixture(scope="module")
def regression():
    X = np.linspace(-1.0, 1.0, 30)[:, None]
    return X, np.sin(3.0 * X[:, 0])


@pytest.fixture(scope="module")
def model(regression):
    return TrustRegionRegressor(3, random_state=0, tol=0.1).fit(*regression)


# -- the package


def test_importing_the_package_does_not_import_matplotlib():
    code = "import sys, newtonreg.plotting; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch, run):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"newtonreg\[plot\]"):
        ConvergenceDisplay.from_result(run[0])


def test_displays_draw_on_the_axes_given_and_again_on_others():
    _, (first, second) = plt.subplots(1, 2)
    display = SpectrumDisplay.from_objective(_quadratic([1.0, 2.0])[0], np.zeros(2), ax=first)
    assert display.ax_ is first and display.figure_ is first.figure
    assert display.plot(ax=second) is display and display.ax_ is second


@pytest.mark.parametrize(
    ("values", "expected"),
    [([1.0, 10.0], False), ([1.0, 1000.0], True), ([-1.0, 1000.0], False), ([0.0, 1.0, 1e3], True), ([np.nan, 0.0], False)],
)
def test_logarithmic_scales_are_for_wide_ranges_of_positive_numbers(values, expected):
    assert is_logarithmic(values) == expected


# -- convergence


def test_convergence_of_a_result_draws_its_history(run):
    result, _ = run
    display = ConvergenceDisplay.from_result(result, control_name="radius")
    columns = {"loss": "value", "gradient_norm": "gradient_norm", "control": "control", "ratio": "ratio"}
    for quantity, field in columns.items():
        line = display.lines_[quantity]
        np.testing.assert_array_equal(line.get_xdata(), [record.n_iter for record in result.history])
        np.testing.assert_array_equal(line.get_ydata(), [getattr(record, field) for record in result.history])
    assert [axes.get_ylabel() for axes in display.ax_] == ["loss", "‖∇F‖", "radius", "actual / predicted"]
    assert display.ax_[0].get_yscale() == "log"


def test_crosses_are_the_rejected_trials(run):
    result, _ = run
    crosses = ConvergenceDisplay.from_result(result, quantities=["ratio"]).crosses_["ratio"]
    rejected = [record for record in result.history if record.n_iter > 0 and not record.accepted]
    np.testing.assert_array_equal(crosses.get_xdata(), [record.n_iter for record in rejected])
    np.testing.assert_array_equal(crosses.get_ydata(), [record.ratio for record in rejected])


def test_convergence_of_an_estimator_against_backprops(model):
    display = ConvergenceDisplay.from_estimator(model, quantities=["loss"], against="n_backprops")
    np.testing.assert_array_equal(display.lines_["loss"].get_ydata(), model.loss_curve_)
    np.testing.assert_array_equal(display.lines_["loss"].get_xdata(), [row["n_backprops"] for row in model.history_])
    assert display.ax_[0].get_legend().get_texts()[0].get_text() == "TrustRegionRegressor"
    assert display.control_name == "radius"


def test_two_runs_share_panels_and_differ_in_color(run):
    first = ConvergenceDisplay.from_result(run[0], quantities=["loss", "ratio"], name="one")
    second = ConvergenceDisplay.from_result(run[0], quantities=["loss", "ratio"], name="two", ax=first.ax_)
    assert second.figure_ is first.figure_
    assert second.lines_["ratio"].get_color() != first.lines_["ratio"].get_color()
    assert [text.get_text() for text in first.ax_[0].get_legend().get_texts()] == ["one", "two"]


def test_ratios_of_rounding_do_not_set_the_scale():
    history = {"ratio": np.array([np.nan, 1.0, -1e14]), "accepted": np.array([True, True, False]), "n_iter": np.arange(3)}
    display = ConvergenceDisplay(history).plot(["ratio"])
    low, high = display.ax_[0].get_ylim()
    assert low == -10.0 and 1.0 < high <= 10.0
    history["ratio"][2] = -0.5
    low, _ = ConvergenceDisplay(history).plot(["ratio"]).ax_[0].get_ylim()
    assert -1.0 < low < -0.5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantities": "loss"}, "quantities='loss' must be a list"),
        ({"quantities": ["los"]}, "must be a list of names among"),
        ({"against": "seconds"}, "against='seconds' is unknown"),
    ],
)
def test_convergence_says_what_it_can_draw(run, options, message):
    with pytest.raises(ValueError, match=message):
        ConvergenceDisplay.from_result(run[0], **options)


def test_convergence_needs_a_history_and_an_axes_for_each_quantity(run):
    with pytest.raises(ValueError, match="no history"):
        ConvergenceDisplay.from_result(OptimizeResult(x=0.0))
    with pytest.raises(NotFittedError):
        ConvergenceDisplay.from_estimator(TrustRegionRegressor(3))
    with pytest.raises(ValueError, match="1 axes for 2 quantities"):
        ConvergenceDisplay.from_result(run[0], quantities=["loss", "ratio"], ax=plt.figure().add_subplot())


# -- spectrum


def test_eigenvalues_are_drawn_by_sign():
    display = SpectrumDisplay.from_objective(_quadratic([-3.0, -1.5, 0.0, 2.0, 5.0, 7.0])[0], np.zeros(6))
    expected = {"negative": ([1, 2], [-3.0, -1.5]), "zero": ([3], [0.0]), "positive": ([4, 5, 6], [2.0, 5.0, 7.0])}
    assert set(display.lines_) == set(expected)
    for sign, (rank, values) in expected.items():
        np.testing.assert_array_equal(display.lines_[sign].get_xdata(), rank)
        np.testing.assert_allclose(display.lines_[sign].get_ydata(), values, atol=1e-13)
    # the linear part of the scale ends at the power of ten below all that is not rounding
    assert display.ax_.get_yaxis().get_transform().linthresh == 1.0


def test_a_zero_matrix_has_a_spectrum_of_zeros():
    assert set(SpectrumDisplay.from_objective(_quadratic([0.0, 0.0])[0], np.zeros(2)).lines_) == {"zero"}


@pytest.mark.parametrize("method", ["dense", "lanczos"])
def test_density_integrates_to_one(method):
    found = spectrum(_quadratic(np.linspace(-1.0, 4.0, 20))[0], np.zeros(20), method, random_state=0)
    (grid, density) = SpectrumDisplay.from_spectrum(found, kind="density").lines_["density"].get_data()
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=1e-5)


def test_eigenvalues_cannot_be_drawn_from_a_density():
    found = spectrum(_quadratic([1.0, 2.0, 3.0])[0], np.zeros(3), "lanczos", random_state=0)
    assert set(SpectrumDisplay.from_spectrum(found).lines_) == {"density"}
    with pytest.raises(ValueError, match="method='dense'"):
        SpectrumDisplay(found).plot("eigenvalues")
    with pytest.raises(ValueError, match="kind='bars' is unknown"):
        SpectrumDisplay(found).plot("bars")


# -- landscape


def test_slice_along_the_extreme_eigenvectors_is_their_parabolas():
    objective, _ = _quadratic([-4.0, 1.0, 2.0, 6.0])
    display = LandscapeDisplay.from_objective(objective, np.zeros(4), extent=0.5, n_points=7)
    a, b = display.axes
    np.testing.assert_allclose(display.values, -2.0 * a[None, :] ** 2 + 3.0 * b[:, None] ** 2, atol=1e-13)
    assert (a[0], a[-1], len(b)) == (-0.5, 0.5, 7)
    assert display.labels == ["eigenvector of -4", "eigenvector of 6"]
    assert display.contours_ is not None and display.line_ is None


def test_without_a_matrix_the_extreme_eigenvectors_come_from_products():
    objective, _ = _quadratic([-4.0, 1.0, 2.0, 6.0])
    objective.provides = frozenset()
    display = LandscapeDisplay.from_objective(objective, np.zeros(4), n_points=3)
    assert objective.counts.nhvp == 4
    np.testing.assert_allclose([display.values[1, 0], display.values[0, 1]], [-2.0, 3.0], atol=1e-12)


def test_path_in_a_plane_is_recovered_in_given_directions():
    objective, _ = _quadratic([1.0, 2.0, 3.0])
    directions = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 0.0]])  # neither orthogonal nor of length 1
    coordinates = np.array([[2.0, 1.0], [0.5, -1.0], [0.0, 0.0]])
    path = np.ones(3) + coordinates @ directions
    display = LandscapeDisplay.from_objective(objective, np.ones(3), directions, path, n_points=5)
    np.testing.assert_allclose(np.stack(display.path_.get_data(), axis=1), coordinates, atol=1e-14)
    assert display.share == pytest.approx(1.0)
    assert display.path_.get_label() == "path"
    (left, right), (bottom, top) = ((axis[0], axis[-1]) for axis in display.axes)
    assert left == pytest.approx(-0.4) and right == pytest.approx(2.4) and bottom == pytest.approx(-1.4)
    np.testing.assert_allclose(display.values[0, 0], objective.at(np.ones(3) + [left, bottom] @ directions).value)


def test_principal_directions_hold_the_most_of_a_path():
    objective, _ = _quadratic([1.0, 2.0, 3.0])
    path = np.array([[10.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    display = LandscapeDisplay.from_objective(objective, np.zeros(3), path=path, n_points=3)
    assert display.share == pytest.approx(109 / 110)
    np.testing.assert_allclose(np.abs(display.path[:2]), [[10.0, 0.0], [0.0, 3.0]], atol=1e-13)
    assert display.path_.get_label() == "path (99.1% within the slice)"


def test_a_straight_path_gives_a_curve_through_its_values():
    objective, _ = _quadratic([1.0, 2.0, 3.0])
    path = np.array([[4.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    display = LandscapeDisplay.from_objective(objective, np.zeros(3), path=path, n_points=9)
    np.testing.assert_allclose(display.path_.get_ydata(), [objective.at(x).value for x in path])
    curvature = 2.0 * objective.at(path[1]).value
    np.testing.assert_allclose(display.line_.get_ydata(), 0.5 * curvature * display.line_.get_xdata() ** 2, atol=1e-13)
    assert display.contours_ is None


def test_landscape_costs_the_values_it_draws(run):
    _, path = run
    objective = rosenbrock(np)
    LandscapeDisplay.from_objective(objective, path[-1], np.eye(2), path, n_points=6)
    assert (objective.counts.nfev, objective.counts.njev, objective.counts.nhev) == (36 + len(path), 0, 0)


def test_values_that_are_not_finite_are_left_out():
    display = LandscapeDisplay.from_objective(rosenbrock(np, wall=0.5), np.zeros(2), np.eye(2), n_points=5)
    assert np.isnan(display.values).any()
    assert np.isfinite(display.contours_.levels).all()


@pytest.mark.filterwarnings("error")
def test_contours_are_logarithmic_and_know_zero():
    objective, _ = _quadratic([1.0, 1e4])
    display = LandscapeDisplay.from_objective(objective, np.zeros(2), n_points=21)
    levels = display.contours_.levels
    assert display.values.min() == 0.0
    np.testing.assert_allclose(levels[1:] / levels[:-1], levels[1] / levels[0])


def test_landscape_does_not_depend_on_the_array_library(xp):
    displays = [
        LandscapeDisplay.from_objective(rosenbrock(space), space.asarray([1.0, 1.0], dtype=space.float64), n_points=5)
        for space in (np, xp)
    ]
    np.testing.assert_allclose(displays[1].values, displays[0].values, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directions": np.ones((2, 3))}, "independent rows"),
        ({"directions": np.ones((1, 2))}, "directions has shape"),
        ({"path": np.ones((4, 2))}, "path has shape"),
        ({"path": np.zeros((4, 3))}, "never leaves params"),
        ({"directions": np.eye(3)[:2], "extent": [(0.0, 1.0)]}, "for each of 2 directions"),
        ({"directions": np.eye(3)[:2], "extent": -1.0}, "positive number"),
        ({"n_points": 1}, "n_points=1"),
    ],
)
def test_landscape_says_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        LandscapeDisplay.from_objective(_quadratic([1.0, 2.0, 3.0])[0], np.zeros(3), **options)


# -- index


def test_index_display_draws_every_point_once():
    wells = Analytic(lambda x: 0.25 * (x[0] ** 2 - 1) ** 2 + 0.5 * (x[1] ** 2 - 1) ** 2, 2)
    points = find_stationary_points(wells, 60, random_state=0)
    display = IndexDisplay.from_points(points)
    drawn = {kind: marks.get_offsets() for kind, marks in display.points_.items()}
    assert set(drawn) == {point.kind for point in points}
    for kind, offsets in drawn.items():
        expected = [(point.value, point.index / 2) for point in points if point.kind == kind]
        np.testing.assert_allclose(np.asarray(offsets), expected)


def test_no_points_is_an_error():
    with pytest.raises(ValueError, match="empty"):
        IndexDisplay.from_points([])


# -- model


def test_model_of_a_quadratic_is_the_quadratic():
    objective, _ = _quadratic([-1.0, 2.0, 3.0])
    display = ModelDisplay.from_objective(objective, np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, 2.0]))
    np.testing.assert_allclose(display.lines_["model"].get_ydata(), display.lines_["objective"].get_ydata(), atol=1e-13)
    assert display.ratio == pytest.approx(1.0)


def test_model_leaves_the_objective_with_the_third_power(xp):
    objective = rosenbrock(xp)
    params, step = (xp.asarray(x, dtype=xp.float64) for x in ([-1.2, 1.0], [0.3, -0.2]))
    errors = []
    for size in (1e-1, 1e-2):
        display = ModelDisplay.from_objective(objective, params, step, extent=(0.0, size), n_points=2)
        errors.append(abs(display.values[-1] - display.model[-1]))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(3.0, abs=0.05)


def test_model_ratio_is_the_one_of_the_run(run):
    result, path = run
    place = next(k for k in range(1, len(path)) if result.history[k].accepted and 0.1 < result.history[k].ratio < 0.9)
    display = ModelDisplay.from_objective(rosenbrock(np), path[place - 1], path[place] - path[place - 1])
    assert display.ratio == pytest.approx(result.history[place].ratio, rel=1e-8)


def test_model_takes_other_curvatures():
    objective, params, step = rosenbrock(np), np.array([-1.2, 1.0]), np.array([0.3, -0.2])
    display = ModelDisplay.from_objective(objective, params, step, curvature="gauss-newton", extent=(0.0, 1.0), n_points=2)
    point = objective.at(params)
    expected = point.value + point.gradient @ step + 0.5 * step @ point.gauss_newton @ step
    assert display.model[-1] == pytest.approx(expected)


def test_model_checks_the_step():
    with pytest.raises(ValueError, match="step has shape"):
        ModelDisplay.from_objective(rosenbrock(np), np.zeros(2), np.zeros(3))


# -- basis


def _check_sum(display, raw_prediction):
    total = display.total_.get_ydata()
    np.testing.assert_allclose(total, raw_prediction, rtol=1e-10, atol=1e-10)
    lines = np.stack([line.get_ydata() for line in display.terms_])
    np.testing.assert_allclose(lines.sum(axis=0) + display.intercept_.get_ydata()[0], total)


def test_terms_and_intercept_add_up_to_the_prediction(regression, model):
    X, _ = regression
    display = BasisDisplay.from_estimator(model, X)
    assert len(display.terms_) == 3
    _check_sum(display, model.predict(X))
    np.testing.assert_allclose(display.terms, model.basis_functions(X) * model.coefs_[-1][:, 0], atol=1e-12)


def test_inputs_are_sorted(regression, model):
    shuffled = np.random.RandomState(0).permutation(regression[0])
    display = BasisDisplay.from_estimator(model, shuffled)
    np.testing.assert_array_equal(display.total_.get_xdata(), regression[0][:, 0])
    _check_sum(display, model.predict(regression[0]))


@pytest.mark.parametrize("options", [{"hidden_layer_sizes": 3, "activation": "radial"}, {"hidden_layer_sizes": (3, 4)}])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_bases_and_several_layers_and_outputs(regression, options):
    X, y = regression
    estimator = NewtonMLPRegressor(**options, random_state=0, max_iter=5, n_restarts=1).fit(X, np.stack([y, 5.0 + y**2], axis=1))
    for output in (0, 1):
        _check_sum(BasisDisplay.from_estimator(estimator, X, output=output), estimator.predict(X)[:, output])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_of_a_classifier_the_sum_is_the_decision_function(regression):
    X, y = regression
    estimator = NewtonMLPClassifier(2, random_state=0, max_iter=5, n_restarts=1).fit(X, y > 0.3)
    _check_sum(BasisDisplay.from_estimator(estimator, X), estimator.decision_function(X))


def test_basis_needs_a_fit_and_existing_columns(regression, model):
    with pytest.raises(NotFittedError):
        BasisDisplay.from_estimator(NewtonMLPRegressor(3), regression[0])
    with pytest.raises(ValueError, match="output=1 must be an integer from 0 to 0"):
        BasisDisplay.from_estimator(model, regression[0], output=1)
