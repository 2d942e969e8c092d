"""Special functions: a few units in the last place of 400-digit decimal arithmetic, on every array library."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy.special

from newtonreg.backend import special
from newtonreg.backend.arrays import to_host

POINTS = [-800.0, -700.0, -100.0, -37.5, -5.0, -1.0, -1e-3, -1e-20, 0.0, 1e-300, 1e-9, 0.3, 2.0, 20.0, 36.8, 300.0, 709.5, 800.0]


def exact(function, *points):
    """`function` of Decimals, rounded once to a float; 400 digits hold 1 + exp(−800)."""
    with localcontext() as context:
        context.prec = 400
        return np.array([float(function(Decimal(point))) for point in points])


def assert_ulps(actual, expected, ulps):
    """At most `ulps` units in the last place apart; answers below the normal range may be flushed to zero."""
    distance = np.abs(to_host(actual) - expected)
    assert np.all(distance <= np.maximum(ulps * np.spacing(np.abs(expected)), np.finfo(float).tiny))


@pytest.mark.filterwarnings("error")
def test_expit_is_accurate_in_both_tails(xp):
    x = xp.asarray(POINTS)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert_ulps(special.expit(x), exact(lambda t: 1 / (1 + (-t).exp()), *POINTS), 3)
        assert_ulps(special.expit(-x), exact(lambda t: 1 / (1 + t.exp()), *POINTS), 3)


@pytest.mark.filterwarnings("error")
def test_log1pexp_is_accurate_and_does_not_overflow(xp):
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        assert_ulps(special.log1pexp(xp.asarray(POINTS)), exact(lambda t: (1 + t.exp()).ln(), *POINTS), 3)


@pytest.mark.parametrize("other", [-800.0, -50.0, -1.0, 0.0])
@pytest.mark.parametrize("shift", [-800.0, 0.0, 800.0])
def test_logsumexp_keeps_the_small_terms(xp, other, shift):
    x = xp.asarray([[shift, other + shift], [other + shift, shift]])
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        for axis in (0, 1):
            expected = exact(lambda t: Decimal(shift) + (1 + t.exp()).ln(), other)
            assert_ulps(special.logsumexp(x, axis=axis), expected, 3)


def test_logsumexp_agrees_with_scipy_on_a_matrix_and_reduces_its_axis(xp):
    x = np.random.default_rng(0).normal(scale=5.0, size=(4, 7))
    for axis in (0, 1, -1):
        actual = special.logsumexp(xp.asarray(x), axis=axis)
        np.testing.assert_allclose(to_host(actual), scipy.special.logsumexp(x, axis=axis), rtol=1e-15)


@pytest.mark.filterwarnings("error")
def test_logsumexp_of_infinities(xp):
    inf = math.inf
    x = xp.asarray([[-inf, -inf, -inf], [inf, inf, 0.0], [inf, 0.0, -inf], [-inf, 3.0, -inf], [math.nan, 0.0, 0.0]])
    np.testing.assert_array_equal(to_host(special.logsumexp(x, axis=1)), [-inf, inf, inf, 3.0, math.nan])


@pytest.mark.filterwarnings("error")
def test_softmax_is_a_shift_invariant_distribution(xp):
    x = np.array([[0.5, -800.0, 800.0], [1.5, 800.0, 800.0], [-2.0, 0.0, -math.inf]])
    actual = to_host(special.softmax(xp.asarray(x), axis=0))
    np.testing.assert_allclose(np.sum(actual, axis=0), 1.0, rtol=4e-16)
    np.testing.assert_allclose(actual[:, 1:], [[0.0, 0.5], [1.0, 0.5], [0.0, 0.0]], atol=0.0)
    np.testing.assert_allclose(actual[:, 0], np.exp(x[:, 0]) / np.exp(x[:, 0]).sum(), rtol=1e-15)
    shifted = special.softmax(xp.asarray(x + 1024.0), axis=0)
    np.testing.assert_allclose(to_host(shifted), actual, rtol=1e-12)


def test_softmax_of_two_is_expit_of_the_difference(xp):
    difference = np.linspace(-700.0, 700.0, 41)
    pair = xp.asarray(np.stack([np.zeros(41), difference]))
    np.testing.assert_allclose(to_host(special.softmax(pair, axis=0))[1], scipy.special.expit(difference), rtol=1e-15)


def test_erf_agrees_with_the_c_library(xp):
    points = [*POINTS, 0.5, -0.84375, 1.25, 2.857, 5.9, -math.inf, math.inf]
    assert_ulps(special.erf(xp.asarray(points)), np.array([math.erf(x) for x in points]), 4)


@pytest.mark.filterwarnings("error")
def test_xlogy_is_zero_at_zero(xp):
    x, y = xp.asarray([0.0, 0.0, 2.0, 0.5]), xp.asarray([0.0, 3.0, 3.0, 0.5])
    assert_ulps(special.xlogy(x, y), np.array([0.0, 0.0, 2.0 * math.log(3.0), 0.5 * math.log(0.5)]), 1)
    assert math.isnan(float(special.xlogy(xp.asarray(0.0), xp.asarray(math.nan))))


@pytest.mark.filterwarnings("error")
def test_infinities_and_nan_pass_through(xp):
    x = xp.asarray([-math.inf, math.inf, math.nan])
    np.testing.assert_array_equal(to_host(special.expit(x)), [0.0, 1.0, math.nan])
    np.testing.assert_array_equal(to_host(special.log1pexp(x)), [0.0, math.inf, math.nan])
    np.testing.assert_array_equal(to_host(special.erf(x)), [-1.0, 1.0, math.nan])


@pytest.mark.parametrize("name", ["expit", "log1pexp", "erf"])
def test_every_library_keeps_its_own_array_type_and_shape(xp, name):
    x = xp.ones((2, 3, 4))
    result = getattr(special, name)(x)
    assert type(result) is type(x)
    assert result.shape == x.shape
    assert result.dtype == x.dtype
