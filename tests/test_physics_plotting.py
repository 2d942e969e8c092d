"""Displays of differential equations: what they draw is what the estimator says."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Data, Dirichlet, Initial, collocation
from newtonreg.plotting import BasisDisplay, ConvergenceDisplay, ResidualDisplay, SolutionDisplay

X = np.linspace(0.0, 2.0, 30)[:, None]
GRID = collocation.uniform([(0.0, 1.0), (0.0, 2.0)], 8)


@pytest.fixture(autouse=True)
def _closed_figures():
    yield
    plt.close("all")


def _decay(X):
    return np.exp(-X[:, 0])


def _growth(X):
    return X[:, 0] * np.exp(-X[:, 1])


@pytest.fixture(scope="module")
def curve():
    """u' + u = 0, u(0) = 1."""
    return PhysicsRegressor(D(1) + D(0), Initial(0.0, 1.0), 8, random_state=0).fit(X)


@pytest.fixture(scope="module")
def surface():
    """u_t + u = 0, u = x at the start."""
    initial = Initial({"t": 0.0}, lambda X: X[:, 0])
    return PhysicsRegressor(D("t") + D(0), initial, 15, variables=("x", "t"), random_state=0).fit(GRID)


@pytest.fixture(scope="module")
def system():
    """u' = v, v' = −u, with other names."""
    operator = [D(1).of("up") - D(0).of("down"), D(1).of("down") + D(0).of("up")]
    conditions = [Initial(0.0, 1.0, output="up"), Initial(0.0, 0.0, output="down")]
    return PhysicsRegressor(operator, conditions, 10, outputs=("up", "down"), variables=("t",), random_state=0).fit(X)


# -- solutions


def test_a_curve_is_the_prediction_over_the_domain(curve):
    display = SolutionDisplay.from_estimator(curve, exact=_decay, points=X)
    grid, values = display.line_.get_data()
    assert (grid[0], grid[-1], grid.size) == (0.0, 2.0, 1001)
    np.testing.assert_array_equal(values, curve.predict(grid[:, None]))
    np.testing.assert_allclose(display.exact_.get_ydata(), np.exp(-grid))
    np.testing.assert_array_equal(display.points_.get_xdata(), X[:, 0])
    np.testing.assert_array_equal(display.error, np.abs(values - np.exp(-grid)))
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel(), display.map_) == ("x", "u", None)


def test_a_map_has_its_first_variable_to_the_right(surface):
    display = SolutionDisplay.from_estimator(surface, n_points=5)
    across, up = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 2, 5))
    expected = surface.predict(np.stack([across.ravel(), up.ravel()], axis=1))
    np.testing.assert_array_equal(np.ravel(display.map_.get_array()), expected)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("x", "t")


def test_axes_of_a_map_can_be_exchanged(surface):
    display = SolutionDisplay.from_estimator(surface, n_points=5)
    other = SolutionDisplay.from_estimator(surface, variables=("t", "x"), n_points=5, points=GRID)
    np.testing.assert_allclose(other.values, display.values.T, rtol=0, atol=1e-13)
    assert (other.ax_.get_xlabel(), other.ax_.get_ylabel()) == ("t", "x")
    np.testing.assert_array_equal(np.stack(other.points_.get_data(), axis=1), GRID[:, ::-1])


def test_a_variable_that_is_held_leaves_a_profile(surface):
    display = SolutionDisplay.from_estimator(surface, at={"t": 0.5}, exact=_growth, n_points=7)
    x = np.linspace(0.0, 1.0, 7)
    np.testing.assert_array_equal(display.line_.get_ydata(), surface.predict(np.stack([x, np.full(7, 0.5)], axis=1)))
    np.testing.assert_allclose(display.exact_.get_ydata(), x * np.exp(-0.5))
    assert display.ax_.get_xlabel() == "x"


def test_errors_are_logarithmic(curve, surface):
    display = SolutionDisplay.from_estimator(curve, exact=_decay, kind="error")
    assert display.ax_.get_yscale() == "log" and display.ax_.get_ylabel() == "|u − exact|"
    np.testing.assert_array_equal(display.line_.get_ydata(), display.error)
    display = SolutionDisplay.from_estimator(surface, exact=_growth, kind="error", n_points=9)
    np.testing.assert_array_equal(np.ravel(display.map_.get_array()), np.ravel(display.error))
    assert type(display.map_.norm).__name__ == "LogNorm"


def test_data_are_drawn_at_their_values(curve, surface):
    times, y = np.array([0.5, 1.0]), np.array([0.6, 0.4])
    for data in ((times, y), Data(times, y)):
        display = SolutionDisplay.from_estimator(curve, data=data)
        np.testing.assert_array_equal(display.data_.get_offsets(), np.stack([times, y], axis=1))
    display = SolutionDisplay.from_estimator(surface, data=(GRID[:3], [0.1, 0.2, 0.3]), n_points=5)
    np.testing.assert_array_equal(display.data_.get_offsets(), GRID[:3])
    np.testing.assert_array_equal(display.data_.get_array(), [0.1, 0.2, 0.3])
    assert display.data_.norm is display.map_.norm


def test_each_unknown_function_of_a_system_is_drawn(system):
    for column, name in enumerate(("up", "down")):
        for output in (column, name):
            display = SolutionDisplay.from_estimator(system, output=output)
            np.testing.assert_array_equal(display.values, system.predict(display.axes[0][:, None])[:, column])
            assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("t", name)


def test_a_display_draws_again_on_other_axes_and_in_another_style(curve):
    display = SolutionDisplay.from_estimator(curve, exact=_decay)
    first, axes = display.figure_, plt.figure().add_subplot()
    assert display.plot("error", axes, color="red").figure_ is not first
    assert display.line_.get_color() == "red" and display.line_ in axes.lines


# -- residuals


def test_the_residual_is_that_of_the_estimator(curve, surface):
    display = ResidualDisplay.from_estimator(curve, points=X)
    grid, values = display.line_.get_data()
    np.testing.assert_array_equal(values, np.abs(curve.residual(grid[:, None])))
    assert display.ax_.get_yscale() == "log" and display.points_.get_xdata().size == 30
    display = ResidualDisplay.from_estimator(surface, n_points=6, vmin=1e-9, vmax=1.0)
    expected = np.abs(surface.residual(collocation.uniform([(0.0, 1.0), (0.0, 2.0)], 6))).reshape(6, 6).T
    np.testing.assert_array_equal(np.reshape(display.map_.get_array(), (6, 6)), np.maximum(expected, 1e-20 * expected.max()))
    assert (display.map_.norm.vmin, display.map_.norm.vmax) == (1e-9, 1.0)


def test_each_equation_of_a_system_has_a_residual(system):
    for equation in (0, 1):
        display = ResidualDisplay.from_estimator(system, equation=equation)
        np.testing.assert_array_equal(display.values, np.abs(system.residual(display.axes[0][:, None])[:, equation]))
    with pytest.raises(ValueError, match="equation=2 must be an integer from 0 to 1"):
        ResidualDisplay.from_estimator(system, equation=2)


def test_a_right_hand_side_that_varied_is_asked_for():
    model = PhysicsRegressor(D(1), Initial(0.0, 0.0), 5, random_state=0).fit(X, np.cos(X[:, 0]))
    display = ResidualDisplay.from_estimator(model, y=lambda X: np.cos(X[:, 0]))
    slope = model.predict_derivative(display.axes[0][:, None])
    np.testing.assert_allclose(display.values, np.abs(slope - np.cos(display.axes[0])), atol=1e-14)
    with pytest.raises(ValueError, match="right-hand side varied"):
        ResidualDisplay.from_estimator(model)
    with pytest.raises(TypeError, match="y is a ndarray, and must be a function"):
        ResidualDisplay.from_estimator(model, y=X[:, 0])


@pytest.mark.filterwarnings("error")
def test_a_residual_of_zero_can_be_drawn():
    axes = [np.linspace(0, 1, 3), np.linspace(0, 1, 4)]
    for display in (ResidualDisplay(axes, np.zeros((4, 3))), ResidualDisplay(axes[:1], np.zeros(3))):
        display.plot().figure_.canvas.draw()


# -- what other displays make of it


@pytest.mark.parametrize("how", ["soft", "hard"])
def test_basis_functions_add_up_to_the_solution(how):
    ends = [Dirichlet(0.0, 1.0, how=how), Dirichlet(2.0, -1.0, how=how)]
    model = PhysicsRegressor(D(2), ends, 6, variables=("t",), source=1.0, random_state=0).fit(X)
    display = BasisDisplay.from_estimator(model, X[::-1])
    # the terms may be large, and cancel
    tolerance = 1e-13 * max(1.0, np.abs(display.terms).max())
    np.testing.assert_allclose(display.total_.get_ydata(), model.predict(X), rtol=0, atol=tolerance)
    lines = np.sum([line.get_ydata() for line in display.terms_], axis=0)
    np.testing.assert_allclose(lines + display.intercept_.get_ydata()[0 if how == "soft" else slice(None)], display.total)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("t", "u")


def test_basis_functions_of_a_system(system):
    for output, name in enumerate(("up", "down")):
        display = BasisDisplay.from_estimator(system, X, output=output)
        tolerance = 1e-13 * np.abs(display.terms).max()
        np.testing.assert_allclose(display.total, system.predict(X)[:, output], rtol=0, atol=tolerance)
        assert display.ax_.get_ylabel() == name


def test_the_course_of_a_fit_is_drawn(curve):
    display = ConvergenceDisplay.from_estimator(curve)
    np.testing.assert_array_equal(display.lines_["loss"].get_ydata(), curve.loss_curve_)
    assert display.ax_[0].get_legend().get_texts()[0].get_text() == "PhysicsRegressor"


# -- errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "errors"}, "kind='errors' is unknown"),
        ({"kind": "error"}, "needs exact"),
        ({"at": {"z": 0.0}}, "holds 'z'; the variables are x, t"),
        ({"at": {"x": 0.0, "t": 0.0}}, "draw one or two of the variables x, t"),
        ({"variables": ("x",)}, "draw one or two of the variables x, t"),
        ({"variables": ("x", "z")}, "draw one or two of the variables x, t"),
        ({"n_points": 1}, "n_points=1"),
        ({"points": X}, r"points has shape \(30, 1\)"),
        ({"data": (GRID, [1.0])}, "data has 64 points and 1 values"),
        ({"exact": lambda X: 1.0}, r"exact returned shape \(\)"),
        ({"output": "v"}, "'v'"),
    ],
)
def test_a_solution_display_says_what_is_wrong(surface, options, message):
    with pytest.raises(ValueError, match=message):
        SolutionDisplay.from_estimator(surface, **options)


def test_displays_need_a_fit():
    for display in (SolutionDisplay, ResidualDisplay, BasisDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(PhysicsRegressor(D(1), Initial(0.0, 1.0)), *([X] if display is BasisDisplay else []))
