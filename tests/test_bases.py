"""Bases: the contract, derivatives against autograd, conventions and random units, on every array library."""

import inspect

import array_api_strict
import autograd
import autograd.numpy as anp
import autograd.scipy.special as asp
import numpy as np
import pytest
from autograd.scipy.special import erf, expit

import newtonreg.bases
from newtonreg.backend.arrays import to_host
from newtonreg.bases import CallableActivation, Gaussian, RadialGaussian, Relu, Tanh
from newtonreg.bases.initialization import weighted_quantile_index
from newtonreg.testing import check_basis

D, K, N = 3, 2, 5


def user_tanh(z):
    return anp.tanh(z)


EXAMPLE_ARGUMENTS = {"function": user_tanh}


def discover():
    """An instance of every exported class with a name; a constructor argument without a default needs an example above."""
    classes = [getattr(newtonreg.bases, name) for name in newtonreg.bases.__all__]
    for cls in (cls for cls in classes if cls.name is not None):
        signature = inspect.signature(cls).parameters.values()
        yield cls(**{p.name: EXAMPLE_ARGUMENTS[p.name] for p in signature if p.default is p.empty})


BASES = list(discover())
# A callable runs on NumPy only, and has its own tests.
PORTABLE = [basis for basis in BASES if not isinstance(basis, CallableActivation)]

# One unit's h(x; θ) for a vector of parameters θ and one input x, in autograd's terms.
ACTIVATIONS = {
    "erf": erf,
    "gaussian": lambda z: anp.exp(-(z**2) / 2),
    "identity": lambda z: 1.0 * z,
    "logistic": lambda z: 1 / (1 + anp.exp(-z)),
    "relu": lambda z: anp.maximum(z, 0.0),
    "relu-power": lambda z: anp.maximum(z, 0.0) ** 3,
    "silu": lambda z: z * expit(z),
    "sine": anp.sin,
    "softplus": lambda z: asp.logsumexp(anp.stack([z, 0.0 * z])),
    "tanh": anp.tanh,
}


def formula(name):
    if name == "radial":
        return lambda theta, x: anp.exp(-anp.sum((theta[D:] * (x - theta[:D])) ** 2) / 2)
    return lambda theta, x: ACTIVATIONS[name](anp.dot(theta[:-1], x) + theta[-1])


@pytest.fixture(params=PORTABLE, ids=lambda basis: basis.name)
def basis(request):
    return request.param


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# -- the contract


@pytest.mark.parametrize("n_features", [1, 3])
def test_contract(xp, basis, n_features):
    check_basis(basis, n_features, xp)


@pytest.mark.parametrize("n_features", [1, 3])
def test_contract_of_a_callable(n_features):
    check_basis(CallableActivation(user_tanh), n_features)


def test_discovery_finds_every_activation_once():
    names = [basis.name for basis in BASES]
    assert len(set(names)) == len(names)
    assert set(ACTIVATIONS) | {"radial"} <= set(names)


def test_contract_finds_a_wrong_second_derivative():
    class Wrong(Tanh):
        def second_derivative(self, z, value, slope):
            return -1.98 * value * slope

    with pytest.raises(AssertionError, match=r"Wrong\(\) violates: .* order 3 falls with slope 2\.00"):
        check_basis(Wrong())


# -- derivatives


@pytest.mark.filterwarnings("ignore:Output seems independent of input")
@pytest.mark.parametrize("name", [*ACTIVATIONS, "radial"])
def test_parameter_derivatives_of_one_unit_agree_with_autograd(xp, name):
    basis, unit = next(basis for basis in BASES if basis.name == name), formula(name)
    inputs, units = draw(D, N), draw(basis.n_params(D), K, seed=1)
    point = basis.at(xp.asarray(inputs), xp.asarray(units))
    jacobian = to_host(point.jacobian())
    for k in range(K):
        for i in range(N):
            arguments = (units[:, k], inputs[:, i])
            one = np.zeros((K, N))
            one[k, i] = 1.0
            hessian = to_host(point.curvature(xp.asarray(one)))[:, :, k]
            np.testing.assert_allclose(to_host(point.values)[k, i], unit(*arguments), rtol=1e-12)
            np.testing.assert_allclose(jacobian[:, k, i], autograd.grad(unit)(*arguments), rtol=1e-10, atol=1e-13)
            np.testing.assert_allclose(hessian, autograd.hessian(unit)(*arguments), rtol=1e-10, atol=1e-13)


def test_input_derivatives_of_radial_units_exist_up_to_order_two(xp):
    point = RadialGaussian().at(xp.asarray(draw(D, N)), xp.asarray(draw(2 * D, K)))
    for axes in ((), (0, 1, 2)):
        with pytest.raises(ValueError, match="order 1 and 2"):
            point.input_derivative(*axes)


# -- a user's callable


def test_callable_is_the_built_in_basis_in_all_members():
    inputs, units, u, v = draw(D, N), draw(D + 1, K), draw(K, N, seed=1), draw(D + 1, K, seed=2)
    ours, theirs = (basis.at(inputs, units) for basis in (Tanh(), CallableActivation(user_tanh)))
    filled = np.empty((2, (D + 1) * K, N))
    ours.fill_jacobian(filled[0], u)
    theirs.fill_jacobian(filled[1], u)
    pairs = [
        filled,
        (ours.values, theirs.values),
        (ours.jacobian(), theirs.jacobian()),
        (ours.pullback(u), theirs.pullback(u)),
        (ours.pushforward(v), theirs.pushforward(v)),
        (ours.second_pushforward(v), theirs.second_pushforward(v)),
        (ours.curvature(u), theirs.curvature(u)),
        *((ours.input_derivative(*axes), theirs.input_derivative(*axes)) for axes in ((1,), (1, 1), (0, 2))),
    ]
    for expected, actual in pairs:
        np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def test_callable_may_be_a_plain_numpy_ufunc():
    inputs, units, u = draw(D, N), draw(D + 1, K), draw(K, N)
    expected, actual = (basis.at(inputs, units).curvature(u) for basis in (Tanh(), CallableActivation(np.tanh)))
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def test_callable_refuses_other_libraries_by_name():
    inputs, units = array_api_strict.asarray(draw(D, N)), array_api_strict.asarray(draw(D + 1, K))
    with pytest.raises(TypeError, match=r"user_tanh.*autograd differentiates on NumPy arrays only.*array_api_strict"):
        CallableActivation(user_tanh).at(inputs, units)


# -- conventions


def test_relu_takes_the_left_derivative_at_its_kink(xp):
    inputs, units = xp.asarray([[-2.0, 0.0, 3.0]]), xp.asarray([[1.0], [0.0]])
    point = Relu().at(inputs, units)
    np.testing.assert_array_equal(to_host(point.values), [[0.0, 0.0, 3.0]])
    np.testing.assert_array_equal(to_host(point.slope), [[0.0, 0.0, 1.0]])
    np.testing.assert_array_equal(to_host(point.second_slope), [[0.0, 0.0, 0.0]])
    assert not Relu.is_smooth and Tanh.is_smooth


@pytest.mark.filterwarnings("error")
def test_extreme_inputs_give_no_nan_and_no_warning(xp, basis):
    inputs, units = xp.asarray([[-1e3, -30.0, 0.0, 30.0, 1e3]]), xp.asarray(np.ones((basis.n_params(1), 1)))
    point, u = basis.at(inputs, units), xp.ones((1, 5), dtype=xp.float64)
    for array in (point.values, point.jacobian(), point.curvature(u)):
        assert np.all(np.isfinite(to_host(array)))


def test_radial_unit_is_one_at_its_center_and_even_in_its_inverse_widths(xp):
    centers, inverse = draw(D, K), draw(D, K, seed=1)
    inputs = np.concatenate([centers, draw(D, N, seed=2)], axis=1)
    units = [xp.asarray(np.vstack([centers, s])) for s in (inverse, -inverse)]
    values = [to_host(RadialGaussian().at(xp.asarray(inputs), u).values) for u in units]
    np.testing.assert_array_equal(values[0], values[1])
    np.testing.assert_allclose(np.diagonal(values[0]), 1.0, rtol=1e-15)
    assert values[0].max() <= 1.0


def test_radial_unit_with_an_inverse_width_of_zero_does_not_see_the_feature(xp):
    units = draw(2 * D, K)
    units[D + 1] = 0.0
    inputs = draw(D, N)
    moved = inputs + 10.0 * np.eye(D)[:, 1:2]
    here, there = (RadialGaussian().at(xp.asarray(x), xp.asarray(units)) for x in (inputs, moved))
    np.testing.assert_array_equal(to_host(here.values), to_host(there.values))
    np.testing.assert_array_equal(to_host(there.input_derivative(1)), 0.0)


def test_radial_unit_in_one_dimension_is_a_gaussian_ridge_unit(xp):
    center, inverse, inputs = 0.7, 1.3, xp.asarray(draw(1, N))
    radial = RadialGaussian().at(inputs, xp.asarray([[center], [inverse]]))
    ridge = Gaussian().at(inputs, xp.asarray([[inverse], [-inverse * center]]))
    np.testing.assert_allclose(to_host(radial.values), to_host(ridge.values), rtol=1e-14)


def test_penalty_counts_weights_and_inverse_widths_only():
    assert Tanh().penalized(D) == [True] * D + [False]
    assert RadialGaussian().penalized(D) == [False] * D + [True] * D


# -- random units


def test_weighted_quantiles_are_quantiles_of_the_repeated_values(xp):
    values, counts = draw(12), np.arange(12) % 4
    levels = np.linspace(0.013, 0.987, 60)
    index = weighted_quantile_index(xp.asarray(values), xp.asarray(counts.astype(float)), xp.asarray(levels))
    expected = np.quantile(np.repeat(values, counts), levels, method="inverted_cdf")
    np.testing.assert_array_equal(values[to_host(index)], expected)


def test_units_start_at_the_same_point_on_every_library(xp, basis):
    for n_features in (1, D):
        inputs, weights = draw(n_features, 20), np.linspace(0.0, 1.0, 20)
        expected = basis.init_units(inputs, 6, np.random.default_rng(3), weights)
        actual = basis.init_units(xp.asarray(inputs), 6, np.random.default_rng(3), xp.asarray(weights))
        np.testing.assert_allclose(to_host(actual), expected, rtol=1e-15)


def test_ridge_units_of_one_input_have_knots_on_data_in_proportion_to_the_weights(xp):
    inputs, weights = np.array([[-1.0, 0.0, 2.0, 5.0]]), np.array([0.0, 1.0, 3.0, 4.0])
    units = to_host(Tanh().init_units(xp.asarray(inputs), 4000, np.random.default_rng(0), xp.asarray(weights)))
    knots, share = np.unique(np.round(-units[1] / units[0], 12) + 0.0, return_counts=True)
    np.testing.assert_array_equal(knots, [0.0, 2.0, 5.0])
    np.testing.assert_allclose(share / 4000, weights[1:] / 8.0, atol=0.03)
    assert 0.3 <= np.abs(units[0]).min() < 0.31 and 2.9 < np.abs(units[0]).max() <= 3.0
    np.testing.assert_allclose(np.mean(units[0] > 0.0), 0.5, atol=0.03)


def test_radial_units_have_centers_on_data_of_positive_weight(xp):
    inputs, weights = draw(D, 30), np.arange(30.0) % 3
    units = to_host(RadialGaussian().init_units(xp.asarray(inputs), 200, np.random.default_rng(0), xp.asarray(weights)))
    admissible = {tuple(column) for column in inputs[:, weights > 0.0].T}
    assert {tuple(column) for column in units[:D].T} <= admissible
    assert np.sqrt(D) * units[D:].min() >= 0.5 and np.sqrt(D) * units[D:].max() <= 2.0
