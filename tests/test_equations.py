"""Equations from functions: what argument names mean, derivatives by Taylor's theorem, and what is refused."""

import functools
import math
import pickle
from typing import NamedTuple

import array_api_strict
import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad
from scipy import special

from newtonreg.physics.equations import Equation


def burgers(x, u, u_t, u_x, u_xx, nu):
    return u_t + u * u_x - nu * u_xx


def numpy_ufuncs(x, u, d2u):
    return d2u + np.sin(u) * np.exp(-u) + x * np.tanh(u * d2u)


def predator(x, u, v, du, dv, a, b):
    return du - a * u * (1.0 - v), dv + b * v * (1.0 - u) / (1.0 + u**2)


def as_columns(x, u, v, du, dv, a, b):
    return anp.stack(predator(x, u, v, du, dv, a, b), axis=1)


def linear(x, u, d2u):
    return d2u + 4.0 * u - np.cos(x)


def with_its_own_derivative(x, u, du):
    return du - elementwise_grad(elementwise_grad(anp.tanh))(u) * u


class Case(NamedTuple):
    """A function with what its equation needs."""

    function: object
    variables: tuple
    outputs: tuple
    coefficients: tuple


CASES = [
    Case(burgers, ("x", "t"), ("u",), ("nu",)),
    Case(numpy_ufuncs, ("x",), ("u",), ()),
    Case(predator, ("x",), ("u", "v"), ("a", "b")),
    Case(as_columns, ("x",), ("u", "v"), ("a", "b")),
    Case(linear, ("x",), ("u",), ()),
    Case(with_its_own_derivative, ("x",), ("u",), ()),
]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.function.__name__)


def prepared(case, n=9, seed=0):
    """The equation, x, fields, scalars."""
    equation, rng = Equation(*case), np.random.RandomState(seed)
    x = rng.uniform(size=(n, len(case.variables)))
    return equation, x, rng.normal(size=(len(equation.channels), n)), rng.uniform(0.5, 1.5, size=len(case.coefficients))


def one_input(function, *coefficients):
    return Equation(function, ("x",), ("u",), coefficients)


def checked(function, u=None, n=8):
    """`check` for a function of x, u or of x, u, du."""
    equation = one_input(function)
    fields = np.random.RandomState(0).uniform(0.5, 1.5, size=(len(equation.channels), n))
    fields = fields if u is None else np.broadcast_to(u, fields.shape)
    return equation.check(np.linspace(0.0, 1.0, n)[:, None], fields, np.zeros(0))


# -- names


def test_argument_names_say_which_derivatives_are_taken():
    assert Equation(burgers, ("x", "t"), ("u",), ("nu",)).channels == (((0, 0), 0), ((0, 1), 0), ((1, 0), 0), ((2, 0), 0))
    assert one_input(lambda x, u, du, d3u, u_xx: u).channels == (((0,), 0), ((1,), 0), ((3,), 0), ((2,), 0))
    assert Equation(lambda v_x, u: u, ("x",), ("u", "v")).channels == (((1,), 1), ((0,), 0))
    assert Equation(lambda u_x1, u_x0_x1_x0: u_x1, ("x0", "x1"), ("u",)).channels == (((0, 1), 0), ((2, 1), 0))
    assert Equation(lambda u_xxt, u_t_t: u_t_t, ("x", "t"), ("u",)).order == 3
    assert Equation(lambda phi, phi_x: phi, ("x", "t"), ("phi",)).channels == (((0, 0), 0), ((1, 0), 0))


def test_two_names_of_one_derivative_are_one_channel():
    equation = Equation(lambda u_xt, u_tx, u: u_xt + 3.0 * u_tx + u, ("x", "t"), ("u",))
    assert equation.channels == (((1, 1), 0), ((0, 0), 0))
    jacobian = equation.jacobian(np.zeros((5, 2)), np.ones((2, 5)), np.zeros(0))
    np.testing.assert_array_equal(jacobian, np.broadcast_to([[[4.0], [1.0]]], (1, 2, 5)))


def test_the_first_argument_gets_the_points_unless_it_is_a_field():
    x, fields = np.arange(6.0).reshape(3, 2), np.array([[1.0, 2.0, 3.0]])
    for first in (x[:, :1], x[:, 0]):
        np.testing.assert_array_equal(one_input(lambda x, u: x + u).values(first, fields, ()), [[1.0, 4.0, 7.0]])
    by_variable = Equation(lambda t, u: t + u, ("t",), ("u",))
    np.testing.assert_array_equal(by_variable.values(x[:, :1], fields, ()), [[1.0, 4.0, 7.0]])
    plane = Equation(lambda X, u: X[:, 0] * X[:, 1] + u, ("x", "t"), ("u",))
    np.testing.assert_array_equal(plane.values(x, fields, ()), [[1.0, 8.0, 23.0]])
    autonomous = Equation(lambda x, dx, y: dx - x * y, ("t",), ("x", "y"))
    assert autonomous.channels == (((0,), 0), ((1,), 0), ((0,), 1))


def test_other_arguments_keep_their_defaults_and_keywords_are_passed_by_name():
    def residual(u, /, scale=2.0, *, shift=1.0, du, nu=0.0):
        return scale * u + shift + du * nu

    equation, fields = one_input(residual, "nu"), np.array([[1.0, 2.0], [3.0, 5.0]])
    assert equation.channels == (((0,), 0), ((1,), 0))
    np.testing.assert_array_equal(equation.values(np.zeros(2), fields, np.array([10.0])), [[33.0, 55.0]])
    np.testing.assert_array_equal(one_input(residual).values(np.zeros(2), fields, ()), [[3.0, 5.0]])
    part = one_input(functools.partial(residual, scale=0.0))
    np.testing.assert_array_equal(part.values(np.zeros(2), fields, ()), [[1.0, 1.0]])


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, w: w, r"argument 'w', which is not understood.*x \(the points, first\), u \(unknown functions\), du, d2u"),
        (lambda u, x: u, "argument 'x'"),
        (lambda x, u, u_t: u, "argument 'u_t'"),
        (lambda x, u, d0u: u, "argument 'd0u'"),
        (lambda x, u, u_: u, "argument 'u_'"),
        (lambda x: x, "takes no unknown function"),
        (lambda x, nu: nu, "argument 'nu'.*a starting value in coefficients"),
    ],
)
def test_unknown_arguments_are_named(function, message):
    with pytest.raises(ValueError, match=message):
        one_input(function)


def test_names_that_can_be_read_twice_are_refused():
    for function, variables, outputs, coefficients in (
        (lambda x, u_x: u_x, ("x",), ("u",), ("u_x",)),
        (lambda du: du, ("x",), ("u", "du"), ()),
        (lambda u_xx: u_xx, ("x", "xx"), ("u",), ()),
    ):
        with pytest.raises(ValueError, match="can be read in 2 ways"):
            Equation(function, variables, outputs, coefficients)


def test_what_is_not_a_function_of_named_arguments_is_refused():
    for function in (lambda x, *fields: x, lambda x, u, **more: x):
        with pytest.raises(TypeError, match=r"takes \*+\w+"):
            one_input(function)
    with pytest.raises(TypeError, match="operator=3 must be a Python function"):
        one_input(3)
    with pytest.raises(ValueError, match="'du', which is not understood.*u_x, u_xx, u_xt"):
        Equation(lambda x, du: du, ("x", "t"), ("u",))
    with pytest.raises(ValueError, match="coefficients has 'mu'"):
        one_input(lambda x, u, nu: nu * u, "nu", "mu")


# -- derivatives


@each_case
def test_the_derivatives_are_those_of_the_values(case):
    equation, x, fields, scalars = prepared(case)
    values, jacobian = equation.linearized(x, fields, scalars)
    np.testing.assert_array_equal(values, equation.values(x, fields, scalars))
    weights = np.random.RandomState(1).normal(size=values.shape)
    second = equation.second(x, fields, scalars, weights)
    step = np.random.RandomState(2).normal(size=len(fields) + len(scalars))

    def moved(t):
        return equation.values(x, fields + t * step[: len(fields), None], scalars + t * step[len(fields) :])

    t = 1e-4
    slope, bend = (moved(t) - moved(-t)) / (2.0 * t), (moved(t) - 2.0 * values + moved(-t)) / t**2
    np.testing.assert_allclose(np.tensordot(step, jacobian, axes=(0, 1)), slope, rtol=1e-6, atol=1e-6)
    quadratic = np.tensordot(step, np.tensordot(step, second, axes=(0, 0)), axes=(0, 0))
    np.testing.assert_allclose(quadratic, np.sum(weights * bend, axis=0), rtol=1e-5, atol=1e-5)


@each_case
def test_second_derivatives_are_those_of_the_jacobian(case):
    equation, x, fields, scalars = prepared(case)
    weights = np.random.RandomState(1).normal(size=equation.values(x, fields, scalars).shape)
    second, t = equation.second(x, fields, scalars, weights), 1e-5
    np.testing.assert_array_equal(second, np.swapaxes(second, 0, 1))
    for c in range(len(fields) + len(scalars)):
        step = t * (np.arange(len(fields) + len(scalars)) == c)
        ends = [
            equation.jacobian(x, fields + sign * step[: len(fields), None], scalars + sign * step[len(fields) :])
            for sign in (1.0, -1.0)
        ]
        difference = np.sum(weights[:, None, :] * (ends[0] - ends[1]), axis=0) / (2.0 * t)
        np.testing.assert_allclose(second[c], difference, rtol=1e-7, atol=1e-8)


def test_burgers_has_its_derivatives_written_out():
    equation, x, fields, nu = prepared(CASES[0])
    u, _, u_x, u_xx = fields
    one, zero = np.ones_like(u), np.zeros_like(u)
    np.testing.assert_allclose(equation.jacobian(x, fields, nu), [[u_x, one, u, -nu * one, -u_xx]], rtol=1e-14)
    second, weights = equation.second(x, fields, nu, 2.0 * one[None]), 2.0 * one
    expected = np.zeros((5, 5, 9))
    expected[0, 2] = expected[2, 0] = weights
    expected[3, 4] = expected[4, 3] = -weights
    np.testing.assert_array_equal(second, expected)
    assert (second[1] == zero).all()


def test_what_is_linear_has_no_second_derivative_and_costs_no_pass(monkeypatch):
    equation, x, fields, scalars = prepared(CASES[4])
    passes = []
    counted = functools.partial(_counted, Equation.__init__.__globals__["_partials"], passes)
    monkeypatch.setitem(Equation.__init__.__globals__, "_partials", counted)
    assert not equation.second(x, fields, scalars, np.ones((1, 9))).any()
    assert len(passes) == 1


def _counted(partials, passes, end, *args):
    if end is not None:
        passes.append(end)
    return partials(end, *args)


def test_an_equation_that_lacks_some_fields_has_zero_derivatives_by_them():
    equation = Equation(lambda x, u, v: (u**2, v**3, np.sin(x)), ("x",), ("u", "v"))
    fields = np.array([[1.0, 2.0], [3.0, 4.0]])
    jacobian = equation.jacobian(np.zeros(2), fields, np.zeros(0))
    np.testing.assert_allclose(jacobian, [[[2.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [27.0, 48.0]], np.zeros((2, 2))])
    second = equation.second(np.zeros(2), fields, np.zeros(0), np.array([[1.0, 1.0], [1.0, 10.0], [5.0, 5.0]]))
    np.testing.assert_allclose(second, [[[2.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [18.0, 240.0]]])


def test_arguments_stay_as_they_are_and_answers_are_new_arrays():
    equation, fields = one_input(lambda u: u), np.ones((1, 3))
    equation.values(np.zeros(3), fields, ())[...] = 7.0
    values, jacobian = equation.linearized(np.zeros(3), fields, ())
    values[...] = jacobian[...] = 7.0
    assert (fields == 1.0).all() and fields.flags.writeable

    def in_place(u):
        u -= 1.0
        return u

    with pytest.raises(ValueError, match="read-only"):
        one_input(in_place).values(np.zeros(3), fields, ())


def test_equations_are_pickled():
    equation, x, fields, scalars = prepared(CASES[2])
    again = pickle.loads(pickle.dumps(equation))
    np.testing.assert_array_equal(again.jacobian(x, fields, scalars), equation.jacobian(x, fields, scalars))


# -- what is refused before work


@each_case
def test_good_functions_pass_and_say_how_many_equations_they_are(case):
    for n in (1, 2, 9):
        equation, x, fields, scalars = prepared(case, n)
        assert equation.check(x, fields, scalars) == (2 if len(case.outputs) == 2 else 1)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x, u: u[:3], r"must return an array of shape \(8,\).*returned an array of shape \(3,\)"),
        (lambda x, u: np.sum(u), r"returned an array of shape \(\)"),
        (lambda x, u: (u, 0.0), r"returned a tuple of an array of shape \(8,\), 0.0"),
        (lambda x, u: np.stack([u, u]), r"returned an array of shape \(2, 8\)"),
        (lambda x, u: [], "returned a list of nothing"),
        (lambda x, u: None, "returned None"),
        (lambda x, u: (u, np.where(x > 0.5, np.nan, u)), "Equation 1 of the residual function .* is nan at 4 of 8 points.*0.57"),
        (lambda x, u: u + 1j, "must be real, and is complex128"),
    ],
)
def test_answers_of_the_wrong_kind_are_described(function, message):
    with pytest.raises(ValueError, match=message):
        checked(function)


def test_infinite_derivatives_are_named():
    with pytest.raises(ValueError, match="has a derivative by u that is inf at 8 of 8 points"), np.errstate(divide="ignore"):
        checked(lambda x, u: np.sqrt(u), u=0.0)


def loop(x, u):
    result = np.empty(len(x))
    for i in range(len(x)):
        result[i] = u[i] ** 2
    return result


@pytest.mark.parametrize(
    "function",
    [
        loop,
        lambda x, u: np.where(x > 0.5, u, 0.0),
        lambda x, u: np.array([math.sin(entry) for entry in u]),
        lambda x, u: np.stack([u, u**2], axis=1),
        lambda x, u: special.erf(u),
        lambda x, u: np.asarray(u) * 2.0,
        lambda x, u: u.copy(),
    ],
    ids=["loop", "where", "math", "stack", "scipy", "asarray", "copy"],
)
def test_what_autograd_cannot_follow_is_refused_with_advice(function):
    with pytest.raises(TypeError, match="autograd cannot differentiate.*import autograd.numpy as np"):
        checked(function)


def test_an_equation_without_its_unknown_is_refused():
    with pytest.raises(ValueError, match="Equation 1 of the residual function .* depends on none of u"):
        checked(lambda x, u: (u, x**2))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, u: u - u[0],
        lambda x, u: u[::-1] * 1.0,
        lambda x, u: u**2 + 0.0 * x + np.cumsum(u),
        lambda x, u: u * anp.mean(u),
        lambda x, u: np.concatenate([u[1:], u[:1]]) - u if isinstance(u, np.ndarray) else anp.concatenate([u[1:], u[:1]]) - u,
    ],
    ids=["first", "reversed", "cumsum", "mean", "shifted"],
)
def test_residuals_that_couple_points_are_refused(function):
    with pytest.raises(ValueError, match=r"pointwise|whatever the others are"):
        checked(function)


def test_every_pair_of_samples_is_tried():
    for i in range(9):
        for j in range(9):

            def coupled(x, u, i=i, j=j):
                return u + (x == x[i]) * u[j] if len(x) == 9 else u + (x == -1.0)

            def check(function):
                equation = one_input(function)
                fields = np.random.RandomState(0).uniform(0.5, 1.5, size=(1, 9))
                equation._check_pointwise(np.arange(9.0), fields, np.zeros(0), equation.values(np.arange(9.0), fields, ()))

            if i == j:
                check(coupled)
            else:
                with pytest.raises(ValueError, match=rf"seen at sample {i}\)"):
                    check(coupled)


def test_arrays_from_outside_that_fit_one_set_of_points_alone_are_refused():
    given = np.linspace(0.0, 1.0, 8)
    with pytest.raises(ValueError, match="must take any points.*Compute known functions from x"):
        checked(lambda x, u: u - given)


def test_errors_of_the_function_itself_are_left_alone():
    with pytest.raises(ZeroDivisionError):
        checked(lambda x, u: u + 1 // 0)


def test_other_arrays_than_numpys_are_refused_by_name():
    equation, fields = one_input(linear), array_api_strict.ones((2, 4))
    x, scalars, weights = array_api_strict.zeros((4, 1)), array_api_strict.zeros((0,)), array_api_strict.ones((1, 4))
    for call in (equation.values, equation.jacobian, equation.linearized, equation.check):
        with pytest.raises(TypeError, match="NumPy arrays only.*array_api_strict"):
            call(x, fields, scalars)
    with pytest.raises(TypeError, match="NumPy arrays only"):
        equation.second(x, fields, scalars, weights)


def test_arguments_of_the_wrong_shape_are_named():
    equation = one_input(linear)
    for x, fields, scalars, name in (
        (np.zeros((4, 1)), np.zeros((1, 4)), np.zeros(0), "fields"),
        (np.zeros((4, 1)), np.zeros((2, 4)), np.zeros(1), "scalars"),
        (np.zeros((4, 2)), np.zeros((2, 4)), np.zeros(0), "x"),
    ):
        with pytest.raises(ValueError, match=f"{name} has shape"):
            equation.check(x, fields, scalars)
