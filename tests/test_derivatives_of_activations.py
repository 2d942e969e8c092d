"""Derivatives of any order of the activations: against autograd, in the tails, and in the inputs of ridge functions."""

import itertools
import math

import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import numpy as np
import pytest
from autograd import elementwise_grad
from autograd.scipy.special import erf

from newtonreg.backend.arrays import to_host
from newtonreg.bases import (
    CallableActivation,
    Erf,
    Gaussian,
    Identity,
    Logistic,
    Relu,
    ReluPower,
    Ridge,
    Silu,
    Sine,
    Softplus,
    Tanh,
)
from newtonreg.bases.sigmoid import squared_sech
from newtonreg.estimators._validation import resolve_basis
from newtonreg.testing import check_basis

# In autograd's terms, each in a form whose derivatives keep their digits in the tails.
FORMULAS = [
    (Erf(), erf),
    (Gaussian(), lambda z: anp.exp(-(z**2) / 2)),
    (Identity(), lambda z: 1.0 * z),
    (Logistic(), lambda z: 1.0 / (1.0 + anp.exp(-z))),
    (Relu(), lambda z: anp.maximum(z, 0.0)),
    (ReluPower(2), lambda z: anp.maximum(z, 0.0) ** 2),
    (ReluPower(), lambda z: anp.maximum(z, 0.0) ** 3),
    (ReluPower(5), lambda z: anp.maximum(z, 0.0) ** 5),
    (Silu(), lambda z: z / (1.0 + anp.exp(-z))),
    (Sine(), anp.sin),
    (Softplus(), lambda z: asp.logsumexp(anp.stack([z, 0.0 * z]), axis=0)),
    (Tanh(), anp.tanh),
]
BASES = [basis for basis, _ in FORMULAS]
SIGMOIDS = [basis for basis in BASES if basis.name in ("logistic", "tanh")]
D, K, N = 2, 3, 4


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def highest(basis, limit=6):
    return min(limit, basis.max_order)


def higher_derivatives(function, z, order):
    """By autograd."""
    results = []
    for _ in range(order + 1):
        results.append(function(z))
        function = elementwise_grad(function)
    return results


# -- values


@pytest.mark.filterwarnings("ignore:Output seems independent of input")
@pytest.mark.parametrize(("basis", "formula"), FORMULAS, ids=lambda value: repr(value) if isinstance(value, Ridge) else "")
def test_derivatives_agree_with_autograd(xp, basis, formula):
    z = np.random.default_rng(0).uniform(-6.0, 6.0, (4, 25))
    order = highest(basis)
    actual, expected = basis.derivatives(xp.asarray(z), order), higher_derivatives(formula, z, order)
    assert len(actual) == order + 1
    for r, (ours, theirs) in enumerate(zip(actual, expected, strict=True)):
        assert ours.dtype == xp.float64 and ours.shape == z.shape
        np.testing.assert_allclose(to_host(ours), theirs, rtol=1e-10 if r <= 4 else 1e-8, atol=0.0, err_msg=f"order {r}")


@pytest.mark.parametrize("basis", BASES, ids=repr)
def test_derivatives_begin_with_those_that_networks_use_and_do_not_depend_on_the_order_asked_for(basis):
    z = draw(K, N)
    derivatives = basis.derivatives(z, highest(basis))
    value, slope = basis.function(z), basis.derivative(z, basis.function(z))
    shared = [value, slope, basis.second_derivative(z, value, slope)]
    for ours, theirs in zip(derivatives, shared, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)
    for order in range(highest(basis)):
        fewer = basis.derivatives(z, order)
        assert len(fewer) == order + 1
        np.testing.assert_allclose(fewer, derivatives[: order + 1], rtol=1e-14)


@pytest.mark.parametrize("basis", [basis for basis in BASES if basis.max_order == math.inf], ids=repr)
def test_every_order_is_the_derivative_of_the_one_below(basis):
    z, h = np.linspace(-2.9, 3.1, 13), 1e-3
    above, here, below = (basis.derivatives(point, 12) for point in (z + h, z, z - h))
    farther = [basis.derivatives(z + side * 2 * h, 12) for side in (1.0, -1.0)]
    for r in range(12):
        difference = (8.0 * (above[r] - below[r]) - (farther[0][r] - farther[1][r])) / (12.0 * h)
        scale = np.max(np.abs(here[r])) + np.max(np.abs(here[r + 1]))
        np.testing.assert_allclose(here[r + 1], difference, rtol=0.0, atol=1e-8 * scale, err_msg=f"order {r + 1}")


def test_a_callable_has_the_derivatives_of_the_built_in_activation():
    z = draw(2, 6)
    for ours, theirs in zip(CallableActivation(np.tanh).derivatives(z, 5), Tanh().derivatives(z, 5), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11)


# -- tails


def leibniz(derivatives, order):
    """Derivative of that order of σ², from those of σ."""
    return sum(math.comb(order, j) * derivatives[j] * derivatives[order - j] for j in range(order + 1))


@pytest.mark.parametrize("tail", [-300.0, -40.0, -15.0, 15.0, 40.0, 300.0])
def test_tails_of_tanh_keep_their_relative_accuracy(xp, tail):
    order = 12
    derivatives = [float(array[0]) for array in Tanh().derivatives(xp.asarray([tail]), order)]
    assert derivatives[1] == pytest.approx(math.cosh(tail) ** -2, rel=1e-14)
    for r in range(1, order):
        # σ' = 1 − σ², differentiated r times
        assert derivatives[r + 1] == pytest.approx(-leibniz(derivatives, r), rel=1e-14, abs=0.0)
        # σ → ±(1 − 2 exp(−2|z|))
        assert derivatives[r + 1] == pytest.approx(-2.0 * math.copysign(1.0, tail) * derivatives[r], rel=1e-8, abs=0.0)


@pytest.mark.parametrize("tail", [-600.0, -80.0, -30.0, 30.0, 80.0, 600.0])
def test_tails_of_the_logistic_function_keep_their_relative_accuracy(tail):
    order = 12
    derivatives = [float(array[0]) for array in Logistic().derivatives(np.array([tail]), order)]
    assert derivatives[1] == pytest.approx(math.exp(-abs(tail)), rel=1e-12)
    for r in range(1, order):
        # σ' = σ − σ²
        assert derivatives[r + 1] == pytest.approx(derivatives[r] - leibniz(derivatives, r), rel=1e-13, abs=0.0)


@pytest.mark.parametrize("basis", SIGMOIDS, ids=repr)
def test_sigmoids_are_odd_to_the_last_bit(basis):
    z = np.concatenate([np.linspace(0.0, 6.0, 13), [1e-9, 15.0, 40.0]])
    for r, (right, left) in enumerate(zip(basis.derivatives(z, 9), basis.derivatives(-z, 9), strict=True)):
        if r > 0:
            np.testing.assert_array_equal(left, (-1.0) ** (r + 1) * right)


@pytest.mark.parametrize("basis", SIGMOIDS, ids=repr)
def test_even_orders_of_a_sigmoid_are_exact_near_their_zero(basis):
    z = np.array([1e-9, -3e-12, 1e-200])
    derivatives, center = basis.derivatives(z, 6), basis.derivatives(np.zeros(1), 7)
    for r in (2, 4, 6):
        np.testing.assert_allclose(derivatives[r], center[r + 1] * z, rtol=1e-13)


def test_squared_sech_is_one_at_zero_and_silent_far_out(xp):
    values = to_host(squared_sech(xp.asarray([0.0, 1e3, -1e3, math.inf])))
    np.testing.assert_array_equal(values, [1.0, 0.0, 0.0, 0.0])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("basis", BASES, ids=repr)
def test_extreme_inputs_give_no_nan_and_no_warning(xp, basis):
    z = xp.asarray([-1e3, -710.0, -30.0, 0.0, 30.0, 710.0, 1e3])
    for array in basis.derivatives(z, highest(basis)):
        assert np.all(np.isfinite(to_host(array)))


# -- ridge functions


@pytest.mark.filterwarnings("ignore:Output seems independent of input")
@pytest.mark.parametrize(("basis", "formula"), FORMULAS, ids=lambda value: repr(value) if isinstance(value, Ridge) else "")
def test_input_derivatives_agree_with_autograd(xp, basis, formula):
    inputs, units = draw(D, N), draw(D + 1, K, seed=1)
    point = basis.at(xp.asarray(inputs), xp.asarray(units))
    for k in range(K):

        def unit(x, k=k):
            return formula(anp.dot(units[:-1, k], x) + units[-1, k])

        for order in range(1, highest(basis, limit=4) + 1):
            unit = autograd.jacobian(unit)
            expected = np.stack([unit(x) for x in inputs.T], axis=-1)
            for axes in itertools.product(range(D), repeat=order):
                np.testing.assert_allclose(to_host(point.input_derivative(*axes))[k], expected[axes], rtol=1e-10, atol=1e-13)


def test_input_derivatives_of_order_three_broadcast_over_leading_axes_of_the_units(xp):
    inputs, units = xp.asarray(draw(D, N)), draw(5, D + 1, K, seed=1)
    together = to_host(Tanh().at(inputs, xp.asarray(units)).input_derivative(0, 1, 1))
    alone = [to_host(Tanh().at(inputs, xp.asarray(one)).input_derivative(0, 1, 1)) for one in units]
    np.testing.assert_allclose(together, np.stack(alone), rtol=1e-14)


# -- powers of ReLU


@pytest.mark.parametrize("power", [2, 3, 4, 7])
def test_contract_of_a_power(xp, power):
    check_basis(ReluPower(power), 2, xp)


@pytest.mark.parametrize("power", [2, 3, 4])
def test_last_derivative_of_a_power_is_a_step_and_those_before_are_continuous(xp, power):
    basis = ReluPower(power)
    derivatives = [to_host(array) for array in basis.derivatives(xp.asarray([-1.0, 0.0, 1e-12]), power)]
    np.testing.assert_array_equal(derivatives[-1], [0.0, 0.0, math.factorial(power)])
    assert all(np.max(np.abs(array)) < 1e-10 for array in derivatives[:-1])
    assert basis.max_order == power and basis.is_smooth == (power >= 3)


@pytest.mark.parametrize("basis", [Relu(), ReluPower(2), ReluPower()], ids=repr)
def test_piecewise_polynomials_go_on_with_zeros_for_derivatives_in_the_parameters(xp, basis):
    z = xp.asarray(draw(K, N))
    few, many = (basis.derivatives(z, basis.max_order + extra) for extra in (0, 2))
    assert len(many) == basis.max_order + 3
    for ours, theirs in zip(many, [*few, *(2 * [xp.zeros_like(z)])], strict=True):
        np.testing.assert_array_equal(to_host(ours), to_host(theirs))


def test_a_power_is_found_by_name_with_its_default():
    basis = resolve_basis("relu-power")
    assert isinstance(basis, ReluPower) and basis.power == 3


@pytest.mark.parametrize("power", [1, 0, -2, 2.5, "3", None, True])
def test_a_power_that_is_none_is_named(power):
    with pytest.raises(ValueError, match=r"power=.* must be an integer >= 2"):
        ReluPower(power).at(draw(D, N), draw(D + 1, K))


# -- errors


class Cube(Ridge):
    """A user's activation with the three functions that a basis must have."""

    name = "cube"

    def function(self, z):
        return z**3

    def derivative(self, z, value):
        return 3 * z**2

    def second_derivative(self, z, value, slope):
        return 6 * z


def test_a_users_activation_has_two_derivatives_until_it_says_more():
    z = draw(K, N)
    np.testing.assert_array_equal(Cube().derivatives(z, 2), [z**3, 3 * z**2, 6 * z])

    class Promising(Cube):
        max_order = 3

    with pytest.raises(NotImplementedError, match=r"Promising\(\) says max_order=3 and must override `derivatives`"):
        Promising().derivatives(z, 3)


@pytest.mark.parametrize(("basis", "order"), [(Relu(), 2), (Cube(), 3), (ReluPower(2), 3), (ReluPower(), 4)], ids=repr)
def test_an_order_beyond_those_of_the_activation_is_refused_by_name(basis, order):
    with pytest.raises(ValueError) as caught:
        basis.check_order(order)
    for part in (repr(basis), f"order={order} ", f"max_order={order - 1},"):
        assert part in str(caught.value)


def test_a_users_activation_refuses_to_compute_orders_that_it_lacks():
    with pytest.raises(ValueError, match=r"activation=Cube\(\) has derivatives up to max_order=2, and order=3"):
        Cube().derivatives(draw(K, N), 3)


@pytest.mark.parametrize("basis", [Relu(), Cube(), ReluPower()], ids=repr)
def test_input_derivatives_beyond_the_highest_order_are_refused(basis):
    point = basis.at(draw(D, N), draw(D + 1, K))
    with pytest.raises(ValueError, match="order=4 was asked for"):
        point.input_derivative(0, 1, 0, 1)
    with pytest.raises(ValueError, match="at least one input axis"):
        point.input_derivative()


@pytest.mark.parametrize("basis", [*BASES, CallableActivation(np.tanh)], ids=lambda basis: basis.name)
@pytest.mark.parametrize("order", [-1, 1.5, "2", None, True])
def test_an_order_is_a_nonnegative_integer(basis, order):
    with pytest.raises(ValueError, match=r"order=.* must be an integer >= 0"):
        basis.derivatives(draw(K, N), order)
