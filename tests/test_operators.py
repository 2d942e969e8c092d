"""Differential operators: algebra, what they resolve to, values at points, text, copies and messages."""

import copy
import functools
import pickle
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, clone

from newtonreg.physics.operators import D, Operator, evaluate

ONE, TWO = ("x",), ("x", "t")


def speed(X):
    return 1.0 + X[:, 0] ** 2


def decay(X):
    return np.exp(-X[:, 0])


class Scale:
    """A callable object: it has no name of its own."""

    def __call__(self, X):
        return 2.0 * X[:, 0]


def resolved(operator, variables=TWO, outputs=("u",)):
    return operator.resolve(variables, outputs)


# -- what operators mean


def test_orders_and_names_become_multi_indices():
    assert resolved(D(0), ONE) == {((0,), 0): 1.0}
    assert resolved(D(2) + 4 * D(0), ONE) == {((2,), 0): 1.0, ((0,), 0): 4.0}
    assert resolved(D("t") - 0.1 * D("x", "x")) == {((0, 1), 0): 1.0, ((2, 0), 0): -0.1}
    assert resolved(D("x", "t")) == resolved(D("t", "x")) == {((1, 1), 0): 1.0}
    assert resolved(D(0)) == {((0, 0), 0): 1.0}


def test_orders_and_names_mean_the_same_with_one_input():
    assert resolved(D(2), ONE) == resolved(D("x", "x"), ONE) == resolved(D(1) * D("x"), ONE)


def test_a_number_added_is_the_identity_times_it():
    assert D(2) + 4 == D(2) + 4 * D(0) == 4 + D(2)
    assert 4 - D(2) == 4 * D(0) - D(2)
    assert D(2) - 4 == -(4 - D(2))


def test_outputs_by_name_and_by_index():
    operator = D("t") + 2 * D("x").of("v")
    assert resolved(operator, outputs=("u", "v")) == {((0, 1), 0): 1.0, ((1, 0), 1): 2.0}
    assert resolved(D("x").of(1), outputs=("u", "v")) == resolved(D("x").of("v"), outputs=("u", "v"))
    assert resolved(D("x").of(0)) == resolved(D("x"))


def test_algebra_of_a_ring():
    a, b, c = D("x") + 2, D("t") - 3 * D("x"), D("x", "t") + 0.5
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) * c == a * c + b * c
    assert a * (b * c) == (a * b) * c
    assert a**3 == a * a * a
    assert a**0 == D(0)
    assert a - a + b == b
    assert (a * 4) / 8 == 0.5 * a == a * Fraction(1, 2)
    assert sum([a, b, c]) == a + b + c
    assert +a == a


def test_powers_expand():
    assert resolved((D("x", "x") + D("t", "t")) ** 2) == {((4, 0), 0): 1.0, ((2, 2), 0): 2.0, ((0, 4), 0): 1.0}


def test_composition_takes_the_output_of_the_right_factor():
    assert D("x") * (D("t").of("v") + D(0).of("w")) == D("x", "t").of("v") + D("x").of("w")


def test_composition_on_exponentials_multiplies_symbols():
    rng = np.random.default_rng(0)
    for _ in range(5):
        p, q = rng.standard_normal(2)

        def symbol(operator, p=p, q=q):
            return sum(c * p ** index[0] * q ** index[1] for (index, _), c in resolved(operator).items())

        one, other = 2 * D("x", "x") - D("t") / 3 + 1, D("x", "t") - 0.7
        assert_allclose(symbol(one * other), symbol(one) * symbol(other), rtol=1e-13)


def test_order_is_the_largest_total_one():
    assert (D("x", "t") + D("x") + 5).order == 2
    assert D(3).order == 3
    assert D(0).order == (D(2) - D(2)).order == 0


def test_equality():
    assert D(2) + 1 == 1 + D(2)
    assert D(2) != 2 * D(2)
    assert D(2) != D(2) + 1
    assert D("x", "t") == D("t", "x")
    assert speed * D(1) == speed * D(1) != decay * D(1)
    assert D("x") != D("x").of("v")
    assert D(0) != "auto"


# -- coefficient functions


def test_coefficient_functions_are_evaluated_at_the_points():
    X = np.linspace(0.0, 1.0, 7)[:, None]
    operator = speed * D(2) + 2 * (decay * (speed * D(1))) - 3
    (first, second, third) = evaluate(resolved(operator, ONE), X)
    assert (first[:2], second[:2], third[:2]) == (((2,), 0), ((1,), 0), ((0,), 0))
    assert_allclose(first[2], speed(X))
    assert_allclose(second[2], 2 * decay(X) * speed(X))
    assert_allclose(third[2], np.full(7, -3.0))


def test_coefficients_of_one_derivative_add_up():
    X = np.linspace(0.0, 1.0, 4)[:, None]
    ((index, _, coefficient),) = evaluate(resolved(speed * D(1) + 2 * D("x") - decay * D(1), ONE), X)
    assert index == (1,)
    assert_allclose(coefficient, speed(X) + 2 - decay(X))


def test_numpy_functions_and_numbers_are_factors():
    X = np.linspace(0.0, 1.0, 4)[:, None]
    ((_, _, coefficient),) = evaluate(resolved(np.sin * D(1), ONE), X)
    assert_allclose(coefficient, np.sin(X[:, 0]))
    for two in (np.float64(2), np.int64(2), np.asarray(2.0), np.float32(2)):
        assert isinstance(two * D(1), Operator)
        assert two * D(1) == D(1) * two == D(1) + D(1)
        assert two + D(1) == D(1) + 2


def test_a_left_factor_may_have_functions():
    operator = (speed * D("x")) * D("t")
    ((index, _, coefficient),) = evaluate(resolved(operator), np.ones((3, 2)))
    assert index == (1, 1)
    assert_allclose(coefficient, 2.0)


def test_a_factor_without_derivatives_needs_no_product_rule():
    X = np.full((2, 1), 0.5)
    assert_allclose(evaluate(resolved((decay * D(0)) * (speed * D(1)), ONE), X)[0][2], decay(X) * speed(X))


# -- text and copies


@pytest.mark.parametrize(
    ("operator", "text"),
    [
        (D("t") - 0.1 * D("x", "x"), "D('t') - 0.1*D('x', 'x')"),
        (-D(2), "-D(2)"),
        (D(2) + 4, "D(2) + 4*D(0)"),
        (-3 * D(1) - 1, "-3*D(1) - D(0)"),
        (2 * (speed * D("x").of("v")), "2*speed*D('x').of('v')"),
        (D(1) - np.sin * D(0), "D(1) - sin*D(0)"),
        (Scale() * D(1), "Scale*D(1)"),
        (functools.partial(speed) * D(1), "speed*D(1)"),
        (D(1) * D("x"), "D(1)*D('x')"),
        (D(1) - D(1), "0*D(0)"),
    ],
)
def test_repr_reads_like_mathematics(operator, text):
    assert repr(operator) == text


def test_operators_do_not_change():
    operator = D("x")
    with pytest.raises(AttributeError):
        operator.terms = ()
    operator *= 2
    assert D("x") != operator


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda operator: pickle.loads(pickle.dumps(operator))])
def test_copies_are_equal(copied):
    operator = speed * D("x", "x") + np.sin * D("t").of("v") - 0.5
    assert copied(operator) == operator
    (*_, first), *_ = evaluate(copied(speed * D("x", "x") - 0.5).resolve(TWO, ("u", "v")), np.ones((2, 2)))
    assert_allclose(first, 2.0)


def test_resolved_operators_pickle():
    again = pickle.loads(pickle.dumps(resolved(speed * D(1) + 1, ONE)))
    assert_allclose(evaluate(again, np.ones((2, 1)))[0][2], 2.0)


class Fit(BaseEstimator):
    def __init__(self, operator):
        self.operator = operator


@pytest.mark.parametrize("operator", [D(2) + speed * D(1), [D(2), D(0).of("v") - 1]])
def test_estimators_with_operators_clone(operator):
    fit = Fit(operator)
    assert clone(fit).operator == operator
    assert clone(clone(fit)).get_params()["operator"] == operator
    assert "D(2)" in repr(fit)


# -- messages


@pytest.mark.parametrize("arguments", [(), (-1,), (1.5,), (True,), (1, 2), ("x", 2), ("",), (None,)])
def test_no_derivative(arguments):
    with pytest.raises(ValueError, match=r"is no derivative; pass one order >= 0"):
        D(*arguments)


def test_unknown_variable():
    with pytest.raises(ValueError, match=r"D\('z'\): 'z' is no variable; there are the variables 'x' and 't'\."):
        resolved(D("z"))
    with pytest.raises(ValueError, match=r"there is one variable, 'x'"):
        resolved(D("t"), ONE)


def test_names_in_one_word():
    with pytest.raises(ValueError, match=r"write D\('x', 'x'\)"):
        resolved(D("xx"))


def test_an_order_needs_one_input():
    with pytest.raises(ValueError, match=r"D\(2\) is for one input.*'x' and 't'; name them, for instance D\('x', 'x'\)"):
        resolved(D(2))


def test_unknown_output():
    with pytest.raises(ValueError, match=r"D\('x'\)\.of\('w'\): 'w' is no output; there are the outputs 'u' and 'v'"):
        resolved(D("x").of("w"), outputs=("u", "v"))
    with pytest.raises(ValueError, match=r"1 is no output; there is one output, 'u'"):
        resolved(D("x").of(1))


@pytest.mark.parametrize("output", [-1, 1.0, None, True, ""])
def test_no_output(output):
    with pytest.raises(ValueError, match=r"pass the name of an output, or its index >= 0"):
        D("x").of(output)


def test_of_twice():
    assert D("x").of("v").of("v") == D("x").of("v")
    with pytest.raises(ValueError, match=r"says already of which output it is"):
        (D("x") + D("t").of("v")).of("u")


def test_products_of_unknowns_are_nonlinear():
    with pytest.raises(ValueError, match=r"nonlinear: pass a residual function"):
        D(0).of("u") * D("x").of("u")
    with pytest.raises(ValueError, match=r"nonlinear"):
        D("x").of("v") ** 2


def test_product_rule():
    with pytest.raises(ValueError, match=r"\(D\('x'\)\) \* \(speed\*D\('x'\)\).*write the product rule out"):
        D("x") * (speed * D("x"))
    with pytest.raises(ValueError, match=r"write the product rule out"):
        (speed * D(1)) ** 2
    with pytest.raises(ValueError, match=r"stands on the left, speed \* D"):
        D("x") * speed


@pytest.mark.parametrize("other", ["x", None, True, 1j, np.ones(3), [1.0]])
def test_no_factor_and_no_summand(other):
    for operation in (lambda: D(1) * other, lambda: other * D(1)):
        with pytest.raises(TypeError, match=r"multiply by a real number"):
            operation()
    for operation in (lambda: D(1) + other, lambda: other + D(1), lambda: D(1) - other, lambda: other - D(1)):
        with pytest.raises(TypeError, match=r"add operators and numbers"):
            operation()
    with pytest.raises(TypeError, match=r"divide by a number"):
        D(1) / other


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_are_finite(number):
    for operation in (lambda: D(1) * number, lambda: number + D(1), lambda: D(1) / number):
        with pytest.raises(ValueError, match=r"must be a finite real number"):
            operation()


def test_a_function_is_no_summand():
    with pytest.raises(TypeError, match=r"write speed \* D\(0\)"):
        D(1) + speed


def test_division():
    with pytest.raises(ZeroDivisionError):
        D(1) / 0
    with pytest.raises(TypeError, match=r"divide by a number"):
        D(1) / D(1)
    with pytest.raises(TypeError, match=r"unsupported operand"):
        1 / D(1)


@pytest.mark.parametrize("exponent", [-1, 0.5, True, "2"])
def test_exponents(exponent):
    with pytest.raises(ValueError, match=r"exponent must be an integer >= 0"):
        D(1) ** exponent


@pytest.mark.parametrize("operator", [D(1) - D(1), 0 * D(2), D(1) - D("x")])
def test_the_zero_operator(operator):
    with pytest.raises(ValueError, match=r"is zero: its terms cancel"):
        resolved(operator, ONE)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda X: 1.0, r"<lambda>\(X\) has shape \(\) for X of shape \(3, 2\); return one number a point, shape \(3,\)"),
        (lambda X: X, r"has shape \(3, 2\)"),
        (lambda X: None, r"must be real numbers, and is None"),
        (lambda X: X[:, 0] + 1j, r"must be real numbers"),
        (lambda X: np.where(X[:, 0] > 0.5, np.nan, 1.0), r"<lambda>\(X\) is nan at the point \(1, 0\)"),
    ],
)
def test_coefficient_functions_are_checked(function, message):
    X = np.column_stack([[0.0, 1.0, 2.0], np.zeros(3)])
    with pytest.raises(ValueError, match=message):
        evaluate(resolved(function * D("x")), X)
    with pytest.raises(ValueError, match=message):
        evaluate({((1, 0), 0): function}, X)


def test_points_have_two_axes():
    with pytest.raises(ValueError, match=r"X has shape \(3,\); pass points \(n, d\)"):
        evaluate(resolved(D(1), ONE), np.zeros(3))
