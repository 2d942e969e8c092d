"""Line searches: what they return fulfills its conditions, failure is None, and rounding ends nothing too early."""

import math

import numpy as np
import pytest

from newtonreg import Analytic
from newtonreg.backend.arrays import to_host
from newtonreg.solvers.line_search import armijo, strong_wolfe

C1, C2 = 1e-4, 0.9


def in_one_dimension(function, derivative):
    """F(x) = function(x_0) as an objective."""
    return Analytic(
        lambda x: function(float(x[0])), 1, gradient=lambda x: np.array([derivative(float(x[0]))]), hessian=lambda x: np.eye(1)
    )


def search(method, function, derivative, x=0.0, direction=1.0, **options):
    """A search from x along `direction`; result and objective."""
    objective = in_one_dimension(function, derivative)
    return method(objective, objective.at(np.array([x])), np.array([direction]), **options), objective


def random_function(seed):
    """A coercive function with many local minima and a descent direction 1 at 0, in random units."""
    rng = np.random.default_rng(seed)
    a, w, b = rng.normal(size=6), rng.uniform(0.5, 9.0, 6), rng.uniform(0.0, 6.0, 6)
    quartic, linear, unit = rng.uniform(1e-4, 1.0), rng.normal(), 10.0 ** rng.uniform(-6, 6)

    def function(t):
        t = t / unit
        return float(np.sum(a * np.sin(w * t + b)) + quartic * t**4 + linear * t)

    def derivative(t):
        t = t / unit
        return float(np.sum(a * w * np.cos(w * t + b)) + 4.0 * quartic * t**3 + linear) / unit

    return function, derivative, -math.copysign(1.0, derivative(0.0)), unit


def slopes(result, derivative, direction):
    return direction * derivative(0.0), direction * derivative(direction * result.length)


@pytest.mark.parametrize("c1, c2", [(C1, C2), (C1, 0.1), (C1, 1e-3), (0.4, C2)])
def test_strong_wolfe_conditions_hold_on_random_functions(c1, c2):
    for seed in range(150):
        function, derivative, direction, unit = random_function(seed)
        first = unit * 10.0 ** np.random.default_rng(seed).uniform(-4, 4)
        options = {"first": first, "sufficient_decrease": c1, "slope_reduction": c2}
        result, objective = search(strong_wolfe, function, derivative, direction=direction, **options)
        start, end = slopes(result, derivative, direction)
        assert result.point.value <= function(0.0) + c1 * result.length * start
        assert abs(end) <= c2 * abs(start)
        assert (result.slope, result.final_slope) == pytest.approx((start, end))
        assert float(result.point.params[0]) == direction * result.length
        assert result.n_evaluations == objective.counts.nfev - 1 <= 30


@pytest.mark.parametrize("c1", [C1, 0.4])
def test_armijo_condition_holds_on_random_functions(c1):
    for seed in range(150):
        function, derivative, direction, unit = random_function(seed)
        first = unit * 10.0 ** np.random.default_rng(seed).uniform(-4, 4)
        result, objective = search(armijo, function, derivative, direction=direction, first=first, sufficient_decrease=c1)
        start, _ = slopes(result, derivative, direction)
        assert result.point.value <= function(0.0) + c1 * result.length * start
        assert 0.0 < result.length <= first
        assert result.n_evaluations == objective.counts.nfev - 1 <= 20
        assert objective.counts.njev == 2


def test_nothing_is_computed_twice():
    function, derivative, direction, unit = random_function(3)
    result, objective = search(strong_wolfe, function, derivative, direction=direction, first=3.0 * unit)
    before = objective.counts.nfev, objective.counts.njev
    assert math.isfinite(result.point.value) and np.all(np.isfinite(result.point.gradient))
    assert (objective.counts.nfev, objective.counts.njev) == before
    assert before[1] <= before[0]


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_a_first_length_that_will_do_costs_one_evaluation(method):
    result, objective = search(method, lambda x: 0.5 * (x - 1.0) ** 2, lambda x: x - 1.0)
    assert (result.length, result.n_evaluations) == (1.0, 1)
    assert (objective.counts.nfev, objective.counts.njev) == (2, 2)


@pytest.mark.parametrize("exponent", [-200, -20, 0, 20, 100])
def test_a_small_slope_reduction_makes_the_search_exact_in_any_unit(exponent):
    """One interpolation minimizes a quadratic; the rest is a bracket that forms from a length ten times too short or too long."""
    scale = 2.0**exponent
    for first in (0.1, 10.0):
        result, _ = search(
            strong_wolfe, lambda x: 0.5 * scale * (x - 3.0) ** 2, lambda x: scale * (x - 3.0), slope_reduction=1e-10, first=first
        )
        assert result.length == pytest.approx(3.0, rel=1e-9)
        assert result.n_evaluations <= 5


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
@pytest.mark.parametrize("slope", [1.0, 0.0, math.nan, -math.inf])
def test_no_search_along_what_is_no_descent_direction(method, slope):
    result, objective = search(method, lambda x: slope * x, lambda x: slope)
    assert result is None
    assert objective.counts.nfev <= 1


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_a_wrong_gradient_fails_instead_of_returning_a_bad_step(method):
    result, objective = search(method, lambda x: 1.0 + x, lambda x: -1.0)
    assert result is None
    assert objective.counts.nfev <= 61


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_trial_that_is_not_finite_shortens_the_step(method, bad):
    result, _ = search(
        method, lambda x: (x - 1.0) ** 2 if x < 1.5 else bad, lambda x: 2.0 * (x - 1.0) if x < 1.5 else math.nan, first=1e6
    )
    assert 0.0 < result.length < 1.5
    assert result.point.value < 1.0


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_so_does_a_gradient_that_is_not_finite(method):
    result, _ = search(method, lambda x: (x - 9.0) ** 2, lambda x: 2.0 * (x - 9.0) if x < 1.5 else math.nan, first=10.0)
    assert 0.0 < result.length < 1.5
    assert math.isfinite(result.final_slope)


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_nowhere_finite_is_a_failure(method):
    result, objective = search(method, lambda x: 1.0 if x == 0.0 else math.nan, lambda x: -1.0)
    assert result is None
    assert objective.counts.nfev <= 61


def test_a_kink_gives_the_shortest_step_beyond_it():
    """φ' jumps from −1 to 5 at 1, where there is no strong Wolfe point; 5 is a pair of slopes to learn from."""
    result, objective = search(
        strong_wolfe, lambda x: max(1.0 - x, 5.0 * (x - 1.0)), lambda x: -1.0 if x < 1.0 else 5.0, first=7.0
    )
    assert 1.0 < result.length < 1.0 + 1e-5 and result.final_slope == 5.0
    assert objective.counts.nfev < 40


def test_a_wall_gives_the_longest_step_before_it():
    result, objective = search(strong_wolfe, lambda x: 1.0 - x if x < 0.3 else math.nan, lambda x: -1.0, first=7.0)
    assert 0.3 * (1.0 - 1e-5) < result.length < 0.3 and result.final_slope == -1.0
    assert objective.counts.nfev < 40


def test_unbounded_descent_ends_with_a_lower_point():
    result, objective = search(strong_wolfe, lambda x: -x, lambda x: -1.0)
    assert result.point.value < -1e6
    assert objective.counts.nfev <= 61


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_slopes_decide_where_values_are_rounding(method):
    """F is 1e8 to all digits over the whole ray; its gradient is exact."""
    result, _ = search(method, lambda x: 1e8 + 1e-9 * (x - 1.0) ** 2, lambda x: 2e-9 * (x - 1.0))
    assert result.length == 1.0 and result.n_evaluations == 1
    if method is strong_wolfe:
        result, _ = search(method, lambda x: 1e8 + 1e-9 * (x - 1.0) ** 2, lambda x: 2e-9 * (x - 1.0), first=5.0)
        assert abs(result.final_slope) <= C2 * abs(result.slope)


def test_predicted_reduction_is_exact_for_a_quadratic():
    result, objective = search(strong_wolfe, lambda x: (x - 1.0) ** 2, lambda x: 2.0 * (x - 1.0), first=0.7)
    assert result.predicted_reduction == pytest.approx(1.0 - result.point.value, rel=1e-12)


@pytest.mark.parametrize("method", [armijo, strong_wolfe])
def test_array_libraries(xp, method):
    matrix = xp.asarray([[3.0, 1.0], [1.0, 2.0]])
    objective = Analytic(lambda x: 0.5 * xp.vecdot(x, xp.matmul(matrix, x)), 2, gradient=lambda x: xp.matmul(matrix, x))
    point = objective.at(xp.asarray([1.0, -2.0]))
    result = method(objective, point, -point.gradient)
    assert result.point.value < point.value
    np.testing.assert_array_equal(to_host(result.point.params), to_host(point.params - result.length * point.gradient))
