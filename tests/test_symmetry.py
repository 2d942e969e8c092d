"""One representative for all parameters of a network that are the same function."""

import math

import numpy as np
import pytest

from newtonreg.bases import (
    CallableActivation,
    Erf,
    Gaussian,
    Identity,
    Logistic,
    RadialGaussian,
    Relu,
    Silu,
    Sine,
    Softplus,
    Tanh,
)
from newtonreg.landscape import canonicalize
from newtonreg.networks import DeepNetwork, ShallowNetwork

RIDGE = (Erf(), Gaussian(), Identity(), Logistic(), Relu(), Silu(), Sine(), Softplus(), Tanh())
D, M, WIDTHS = 3, 2, (4, 3, 5)
INPUTS = np.random.default_rng(7).normal(size=(D, 20))


def deep(basis, depth):
    return DeepNetwork([basis] * depth, D, WIDTHS[:depth], M)


def matrices(network, params):
    """Copies of the hidden layers (q, k) and of the readout (k + 1, m)."""
    parts = network.unpack(params)
    hidden = parts.layers if isinstance(network, DeepNetwork) else [parts.units]
    return [np.array(layer) for layer in (*hidden, parts.outer.T)]


def packed(network, layers):
    hidden = layers[:-1] if isinstance(network, DeepNetwork) else layers[0]
    return network.pack(hidden, layers[-1].T)


def transformed(network, params, rng):
    """The same function: units of every layer permuted, reflected, shifted and rescaled at random."""
    layers = matrices(network, params)
    for basis, units, following in zip(network.bases, layers[:-1], layers[1:], strict=True):
        k = units.shape[1]
        for j in range(k):
            _transform_unit(basis, units, following, j, rng)
        order = rng.permutation(k)
        units[:] = units[:, order]
        following[:k] = following[order]
    return packed(network, layers)


def _transform_unit(basis, units, following, j, rng):
    flips = rng.random() < 0.5
    if basis.name == "radial":
        units[D:, j] *= rng.choice([-1.0, 1.0], size=D)
    if basis.name in ("tanh", "erf", "sine", "identity", "logistic", "gaussian") and flips:
        units[:, j] *= -1.0
        if basis.name == "logistic":
            following[-1] += following[j]
        if basis.name != "gaussian":
            following[j] *= -1.0
    if basis.name == "sine":
        turns = rng.integers(-3, 4)
        units[-1, j] += turns * math.pi
        following[j] *= (-1.0) ** turns
    if basis.name in ("relu", "identity"):
        factor = rng.uniform(0.2, 5.0)
        units[:, j] *= factor
        following[j] /= factor


def values(network, params):
    return network.at(INPUTS, params).values


def assert_equal(params, other):
    np.testing.assert_allclose(params, other, rtol=1e-9, atol=1e-9)


NETWORKS = [deep(basis, depth) for basis in RIDGE for depth in (1, 2, 3)]
NETWORKS += [ShallowNetwork(basis, D, 4, M) for basis in (*RIDGE, RadialGaussian())]
NETWORKS += [DeepNetwork([Tanh(), Relu(), Logistic()], D, WIDTHS, M), DeepNetwork([Sine(), Gaussian()], D, WIDTHS[:2], M)]
IDS = [f"{type(n).__name__}-{'-'.join(basis.name for basis in n.bases)}" for n in NETWORKS]


@pytest.mark.parametrize("network", NETWORKS, ids=IDS)
def test_one_representative_for_all_that_are_the_same_function(network):
    rng = np.random.default_rng(0)
    for _ in range(5):
        params = rng.normal(size=network.n_params)
        canonical = canonicalize(network, params)
        assert_equal(values(network, canonical), values(network, params))
        assert_equal(canonicalize(network, canonical), canonical)
        other = transformed(network, params, rng)
        assert_equal(values(network, other), values(network, params))
        assert_equal(canonicalize(network, other), canonical)


@pytest.mark.parametrize("network", NETWORKS, ids=IDS)
def test_other_functions_stay_apart(network):
    rng = np.random.default_rng(1)
    params = rng.normal(size=network.n_params)
    canonical = canonicalize(network, params)
    for i in range(network.n_params):
        moved = params.copy()
        moved[i] += 1e-2
        assert not np.allclose(canonicalize(network, moved), canonical, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("network", NETWORKS, ids=IDS)
def test_rounding_does_not_decide(network):
    rng = np.random.default_rng(2)
    params = np.round(rng.normal(size=network.n_params), 0) / 2 + 0.25 * (rng.random(network.n_params) < 0.3)
    layers = matrices(network, params)
    # units that agree in their first entries, some of them zero, but in no other
    layers[0][:2] = [[0.0], [0.5]]
    layers[0][-1] = 0.3 + 0.2 * np.arange(layers[0].shape[1])
    params = packed(network, layers)
    canonical = canonicalize(network, params)
    for _ in range(5):
        other = transformed(network, params, rng)
        np.testing.assert_allclose(canonicalize(network, other + 1e-13 * rng.normal(size=params.size)), canonical, atol=1e-9)


def test_libraries_agree(xp, to_numpy):
    rng = np.random.default_rng(3)
    for network in (NETWORKS[-2], NETWORKS[-1], NETWORKS[-3], deep(Relu(), 2), deep(Sine(), 2)):
        params = rng.normal(size=network.n_params)
        assert_equal(to_numpy(canonicalize(network, xp.asarray(params))), canonicalize(network, params))


def test_parameters_are_not_written_to():
    network = deep(Logistic(), 2)
    params = np.random.default_rng(4).normal(size=network.n_params)
    before = params.copy()
    canonicalize(network, params)
    np.testing.assert_array_equal(params, before)


# -- the form of the representative


def test_tanh_units_are_ascending_and_start_with_a_positive_weight():
    network = ShallowNetwork(Tanh(), 1, 3, 1)
    params = network.pack(np.array([[-2.0, 1.0, -1.0], [0.5, 4.0, 3.0]]), np.array([[1.0, 2.0, 3.0, 7.0]]))
    parts = network.unpack(canonicalize(network, params))
    np.testing.assert_array_equal(parts.units, [[1.0, 1.0, 2.0], [-3.0, 4.0, -0.5]])
    np.testing.assert_array_equal(parts.outer, [[-3.0, 2.0, -1.0, 7.0]])


def test_logistic_units_hand_their_constant_to_the_intercept():
    network = ShallowNetwork(Logistic(), 1, 1, 2)
    parts = network.unpack(canonicalize(network, network.pack(np.array([[-2.0], [1.0]]), np.array([[3.0, 0.5], [4.0, 0.0]]))))
    np.testing.assert_array_equal(parts.units, [[2.0], [-1.0]])
    np.testing.assert_array_equal(parts.outer, [[-3.0, 3.5], [-4.0, 4.0]])


def test_relu_units_have_length_one_and_sines_a_phase_below_half_a_turn():
    rng = np.random.default_rng(5)
    network = deep(Relu(), 3)
    for layer in matrices(network, canonicalize(network, rng.normal(size=network.n_params)))[:-1]:
        np.testing.assert_allclose(np.linalg.norm(layer, axis=0), 1.0, rtol=1e-14)
    network = deep(Sine(), 2)
    for layer in matrices(network, canonicalize(network, 9.0 * rng.normal(size=network.n_params)))[:-1]:
        assert np.all((layer[-1] > -1e-6) & (layer[-1] < math.pi))


def test_units_without_weights_take_their_sign_from_the_coefficients():
    network = ShallowNetwork(Tanh(), 1, 1, 1)
    first, second = ([np.zeros((2, 1)), np.array([[sign, 1.0]])] for sign in (1.0, -1.0))
    assert_equal(canonicalize(network, network.pack(*first)), canonicalize(network, network.pack(*second)))


def test_copies_of_a_unit_are_ordered_by_their_coefficients():
    network = ShallowNetwork(Softplus(), 1, 3, 2)
    units = np.ones((2, 3))
    outer = np.array([[1.0, 1.0, 0.0, 5.0], [3.0, 2.0, 4.0, 5.0]])
    expected = [[0.0, 1.0, 1.0, 5.0], [4.0, 2.0, 3.0, 5.0]]
    np.testing.assert_array_equal(network.unpack(canonicalize(network, network.pack(units, outer))).outer, expected)


def test_a_dead_relu_unit_is_left_alone():
    network = ShallowNetwork(Relu(), 1, 1, 1)
    params = network.pack(np.zeros((2, 1)), np.array([[2.0, 1.0]]))
    np.testing.assert_array_equal(canonicalize(network, params), params)


def test_a_user_activation_is_put_in_order_only():
    network = ShallowNetwork(CallableActivation(np.tanh), 1, 2, 1)
    params = network.pack(np.array([[1.0, -2.0], [0.0, 0.0]]), np.array([[3.0, 4.0, 5.0]]))
    np.testing.assert_array_equal(canonicalize(network, params), [-2.0, 1.0, 0.0, 0.0, 4.0, 3.0, 5.0])


@pytest.mark.parametrize("basis", RIDGE, ids=lambda basis: basis.name)
def test_attributes_say_what_the_function_does(basis):
    z = np.linspace(-3.0, 3.0, 13)
    values = basis.function(z)
    center = 0.0 if getattr(basis, "is_odd", False) else getattr(basis, "odd_about", None)
    assert np.allclose(values + basis.function(-z), 0.0 if center is None else 2.0 * center) == (center is not None)
    assert np.allclose(values, basis.function(-z)) == getattr(basis, "is_even", False)
    assert np.allclose(basis.function(3.0 * z), 3.0 * values) == getattr(basis, "is_homogeneous", False)
    half_period = getattr(basis, "half_period", None)
    assert np.allclose(basis.function(z + math.pi), -values) == (half_period is not None)


def test_arguments_are_checked():
    network = deep(Tanh(), 1)
    with pytest.raises(ValueError, match="n_params"):
        canonicalize(network, np.zeros(3))
    with pytest.raises(ValueError, match="tol=0"):
        canonicalize(network, np.zeros(network.n_params), tol=0)
