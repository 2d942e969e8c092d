"""Points where back-propagation says slope zero and the function goes down."""

import numpy as np
import pytest
from sklearn.base import clone

from newtonreg import Analytic, EmpiricalRisk, classify
from newtonreg.bases import Relu, Tanh
from newtonreg.landscape.d_critical import descent_slope
from newtonreg.losses import SquaredError
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.objectives import Term

TOL = 1e-6


def two_units(xp, coefs=(1.0, -1.0), targets=(1.0, -1.0), biases=(0.0, 0.0), basis=None):
    """f(x) = c_1 σ(x + b_1) + c_2 σ(x + b_2) at the rows x = 0 and −1, and its parameters.

    Along b = (t, −t) the relu network is f(0) = c_1 relu(t) + c_2 relu(−t) and f(−1) = 0, as long as |t| < 1: for c = (1, −1) the
    function t itself, for c = (1, 1) its absolute value. Residuals are −`targets`; these sum to zero, for the intercept.
    """
    network = ShallowNetwork(basis or Relu(), 1, 2, 1)
    inputs, y = xp.asarray([[0.0, -1.0]], dtype=xp.float64), xp.asarray([list(targets)], dtype=xp.float64)
    term = Term(network, inputs, y, SquaredError(), xp.ones(2, dtype=xp.float64))
    params = xp.asarray([1.0, 1.0, *biases, *coefs, 0.0], dtype=xp.float64)
    return EmpiricalRisk([term], xp.zeros(network.n_params, dtype=xp.float64)), params


def convention(function, second_derivative=0.0):
    """A function of (t,) whose slope at zero is zero by convention, and a one-sided difference elsewhere."""

    def gradient(x):
        return np.zeros(1) if x[0] == 0.0 else np.array([(function(x) - function(np.zeros(1))) / x[0]])

    objective = Analytic(function, 1, gradient=gradient, hessian=lambda x: np.array([[second_derivative]]))
    objective.is_smooth = False
    return objective


def relu(t):
    return max(t, 0.0)


# -- the example: J(t) = relu(t) − relu(−t) = t


def test_back_propagation_reports_no_slope_where_the_function_has_slope_one(xp, to_numpy):
    objective, params = two_units(xp)
    assert objective.at(params).gradient_norm == 0.0
    along = np.array([0.0, 0.0, 1.0, -1.0, 0.0, 0.0, 0.0])
    for t in (-0.5, -1e-3, 0.0, 1e-3, 0.5):
        moved = xp.asarray(to_numpy(params) + t * along)
        assert objective.at(moved).value == pytest.approx(0.5 * (t - 1.0) ** 2 + 0.5, rel=1e-14)
        if t != 0.0:
            assert to_numpy(objective.at(moved).gradient) @ along == pytest.approx(t - 1.0, rel=1e-12)


def test_the_network_is_reported_d_critical_and_not_critical(xp):
    point = classify(*two_units(xp))
    assert point.d_critical_only and point.criticality == 0.0
    # along b_1; of directions of length one there is no steeper
    assert point.descent_slope == pytest.approx(-1.0, rel=1e-3)
    assert "D-critical, not critical" in point.explanation
    assert str(point).startswith(f"{point.kind}: ") and str(point).endswith(point.explanation)


def test_the_function_is_reported_d_critical_and_not_critical():
    objective = convention(lambda x: relu(x[0]) - relu(-x[0]))
    assert objective.at(np.zeros(1)).gradient_norm == 0.0
    point = classify(objective, np.zeros(1))
    assert point.d_critical_only and point.descent_slope == pytest.approx(-1.0, rel=1e-6)


def test_units_that_are_zero_are_d_critical():
    """Every row is a kink of a unit without weights, and all derivatives vanish, whatever the data are."""
    rng = np.random.default_rng(0)
    network, inputs = ShallowNetwork(Relu(), 3, 4, 1), rng.standard_normal((3, 40))
    y = rng.standard_normal((1, 40))
    term = Term(network, inputs, y - y.mean(), SquaredError(), np.ones(40))
    objective, params = EmpiricalRisk([term], np.zeros(network.n_params)), np.zeros(network.n_params)
    params[network.outer][:4] = [1.0, -1.0, 0.5, 0.0]
    point = classify(objective, params, tol=1e-12)
    assert point.gradient_norm < 1e-12 and point.d_critical_only
    params[network.outer][:4] = 0.0
    assert not classify(objective, params, tol=1e-12).d_critical_only


def test_a_unit_with_kinks_at_several_rows_needs_more_than_coordinates():
    """A unit without weights: F'(x; d) = Σ_i u_i relu(d_w x_i + d_b) is negative only between the coordinate directions."""
    network = ShallowNetwork(Relu(), 1, 1, 1)
    inputs, residuals = np.array([[-1.0, -0.25, 4.0, 5.0, 0.0]]), np.array([[3.0, -4.5, 3.0, 0.0, -1.5]])
    weights = np.ones(5)
    objective = EmpiricalRisk([Term(network, inputs, -residuals, SquaredError(), weights)], np.zeros(4))
    params = np.array([0.0, 0.0, 1.0, 0.0])
    x = np.stack([inputs[0], np.ones(5)])
    coordinates = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    slopes = np.maximum(coordinates @ x, 0.0) @ residuals[0]
    assert objective.at(params).gradient_norm == 0.0 and np.all(slopes >= 0.0)
    assert classify(objective, params).d_critical_only


@pytest.mark.parametrize("offset, steepest, flattest", [(0.0, -2.24, -1.99), (-1e-9, 0.0, 0.0)])
def test_a_kink_of_a_deeper_layer_is_found(offset, steepest, flattest):
    """A first layer relu(x + 2), off its kinks, and `two_units` on it: relu(2 w + b) rises by 2 along w, by √5 at most."""
    network = DeepNetwork([Relu(), Relu()], 1, (1, 2), 1)
    term = Term(network, np.array([[0.0, -1.0]]), np.array([[1.0, -1.0]]), SquaredError(), np.ones(2))
    params = np.array([1.0, 2.0, 1.0, 1.0, -2.0 + offset, -2.0 + offset, 1.0, -1.0, 0.0])
    point = classify(EmpiricalRisk([term], np.zeros(network.n_params)), params)
    assert point.criticality == 0.0 and steepest <= point.descent_slope <= flattest


# -- what is not reported


def test_a_minimum_on_a_kink_is_not_reported(xp):
    """|t| = relu(t) + relu(−t): the slope is +1 both ways."""
    objective, params = two_units(xp, coefs=(1.0, 1.0), targets=(-1.0, 1.0))
    point = classify(objective, params)
    assert point.criticality == 0.0 and not point.d_critical_only
    assert point.explanation == "" and str(point).endswith(f"{point.max_eigenvalue:.1e}")


FUNCTIONS = {
    "|t|": lambda x: relu(x[0]) + relu(-x[0]),
    "1 + |t|": lambda x: 1.0 + abs(x[0]),
    "flat": lambda x: 1.0,
    "maximum": lambda x: 1.0 - 50.0 * x[0] ** 2,
    "inflection": lambda x: 3.0 - x[0] ** 3,
    "−|t|^3/2": lambda x: 1.0 - abs(x[0]) ** 1.5,
    "a kink beside the point": lambda x: 1.0 - relu(x[0] - 1e-9),
    "a kink farther away": lambda x: 1.0 - relu(x[0] - 1e-6),
    "not finite": lambda x: 1.0 if x[0] == 0.0 else -np.inf,
    "NaN": lambda x: 1.0 if x[0] == 0.0 else np.nan,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_function_without_a_slope_downwards_is_not_reported(function, sign):
    assert not classify(convention(lambda x: function(sign * x)), np.zeros(1)).d_critical_only


def test_a_kink_of_slope_downwards_is_reported_beside_strong_curvature():
    point = classify(convention(lambda x: 1e3 * x[0] ** 2 - relu(x[0]), second_derivative=2e3), np.zeros(1))
    assert point.kind == "minimum" and point.descent_slope == pytest.approx(-1.0, rel=1e-3)


def test_the_way_down_may_be_against_a_coordinate():
    slope = Analytic(
        lambda x: -relu(-x[0]), 2, gradient=lambda x: np.array([float(x[0] < 0.0), 0.0]), hessian=lambda x: np.zeros((2, 2))
    )
    slope.is_smooth = False
    assert classify(slope, np.zeros(2)).descent_slope == pytest.approx(-1.0, rel=1e-6)


def test_a_slope_counts_where_it_is_well_above_what_counts_as_zero():
    objective = convention(lambda x: -5e-6 * relu(x[0]))
    assert not classify(objective, np.zeros(1), tol=1e-6).d_critical_only
    assert classify(objective, np.zeros(1), tol=1e-7).descent_slope == pytest.approx(-5e-6, rel=1e-6)


def test_a_slope_counts_where_rounding_lets_it_be_measured():
    assert classify(convention(lambda x: 1e4 - relu(x[0])), np.zeros(1)).descent_slope == pytest.approx(-1.0, rel=1e-3)
    assert not classify(convention(lambda x: 1e8 - relu(x[0])), np.zeros(1)).d_critical_only


def test_steps_are_as_long_as_the_parameters_need():
    """At x = 1e6 a step of 1e-12 would be none."""
    objective = Analytic(
        lambda x: -relu(x[0] - 1e6), 1, gradient=lambda x: -(x > 1e6).astype(float), hessian=lambda x: np.zeros((1, 1))
    )
    objective.is_smooth = False
    assert classify(objective, np.array([1e6])).descent_slope == pytest.approx(-1.0, rel=1e-3)


def test_an_objective_that_does_not_say_is_smooth():
    objective = convention(lambda x: -abs(x[0]))
    assert classify(objective, np.zeros(1)).d_critical_only
    del objective.is_smooth
    assert not classify(objective, np.zeros(1)).d_critical_only


@pytest.mark.parametrize("offset", [1e-12, 1e-9, 1e-3])
def test_a_network_off_its_kinks_is_not_reported(xp, offset):
    """Both units dead by `offset` at the row of the kink: a plateau, with the slope that was there `offset` away."""
    objective, params = two_units(xp, biases=(-offset, -offset))
    point = classify(objective, params)
    assert point.criticality == 0.0 and not point.d_critical_only


def test_a_kink_costs_two_values_a_direction_at_most_and_no_kink_nothing(xp):
    for biases, most in (((-1e-9, -1e-9), 0), ((0.0, -1e-9), 2 * (4 + 8)), ((0.0, 0.0), 2 * 2 * (4 + 8))):
        objective, params = two_units(xp, biases=biases)
        point = objective.at(params)
        assert point.gradient_norm == 0.0
        before = objective.counts.nfev
        found = descent_slope(objective, point, TOL)
        spent = objective.counts.nfev - before - 1  # the value at the point itself
        assert (found < 0.0) == (most > 0)
        assert max(spent, 0) <= most


def test_smooth_bases_and_other_points_cost_nothing():
    objective, params = two_units(np, basis=Tanh())
    classify(objective, params, tol=np.inf)
    assert objective.counts.nfev == 1
    objective, params = two_units(np, targets=(1.0, 1.0))
    point = classify(objective, params)
    assert point.kind == "not stationary" and objective.counts.nfev == 1 and not point.d_critical_only


def test_a_perfect_fit_is_a_global_minimum_whatever_its_kinks_do():
    objective, params = two_units(np, targets=(0.0, 0.0))
    point = classify(objective, params)
    assert point.kind == "global minimum" and not point.d_critical_only and objective.counts.nfev == 1


# -- where the kinks of other bases are


class Hinge(Relu):
    """max(z − 1, 0): the kink is not at zero, and the convention is the other one."""

    name = "hinge"

    def function(self, z):
        return super().function(z - 1.0)

    def derivative(self, z, value):
        return super().derivative(z - 1.0, value)


def test_a_kink_is_where_the_slope_jumps(xp):
    objective, params = two_units(xp, biases=(1.0, 1.0), basis=clone(Hinge()))
    assert classify(objective, params).descent_slope == pytest.approx(-1.0, rel=1e-3)
    objective, params = two_units(xp, biases=(0.0, 0.0), basis=Hinge())
    assert not classify(objective, params).d_critical_only


# -- invariance


def test_libraries_agree_and_a_repetition_gives_the_same(xp):
    point = classify(*two_units(xp))
    assert point == classify(*two_units(xp))
    assert point.descent_slope == pytest.approx(classify(*two_units(np)).descent_slope, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_the_targets_does_not_matter(scale):
    objective, params = two_units(np, coefs=(scale, -scale), targets=(scale, -scale))
    assert classify(objective, params).descent_slope == pytest.approx(-(scale**2), rel=1e-3)


def test_weights_that_sum_to_much_do_not_hide_a_slope():
    objective, params = two_units(np)
    term = objective.terms[0]
    heavy = EmpiricalRisk([term._replace(weights=1e8 * term.weights)], objective.penalty)
    assert classify(heavy, params).descent_slope == pytest.approx(-1e8, rel=1e-3)
