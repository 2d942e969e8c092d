"""Null directions of a Hessian and what accounts for them."""

import math

import numpy as np
import pytest
from classify_cases import make_risk
from sklearn.base import BaseEstimator

from newtonreg import classify
from newtonreg.backend.arrays import to_host
from newtonreg.backend.special import softmax
from newtonreg.bases import Identity, RadialGaussian, Relu, Tanh
from newtonreg.landscape.nullity import explained_directions
from newtonreg.losses import Multinomial
from newtonreg.networks import DeepNetwork, ShallowNetwork


def embedded(extra_units, extra_outer, n_outputs=1):
    """A minimum of a network of two tanh units, to rounding, and units added to it; the targets leave residuals."""
    x = np.linspace(-2.0, 2.0, 60)[None, :]
    units, outer = np.array([[1.5, 0.8], [0.4, -0.6]]), np.array([[1.0, -0.7, 0.2], [0.5, 0.9, -0.3]])[:n_outputs]
    network = ShallowNetwork(Tanh(), 1, 2, n_outputs)
    point = network.at(x, network.pack(units, outer))
    # residuals at right angles to all that the network can do to first order
    jacobian = point.jacobian().transpose(1, 0, 2).reshape(network.n_params, -1)
    basis = np.linalg.qr(jacobian.T)[0]
    residual = 0.1 * np.random.default_rng(0).standard_normal(basis.shape[0])
    for _ in range(2):
        residual -= basis @ (basis.T @ residual)
    wider = ShallowNetwork(Tanh(), 1, 2 + extra_units.shape[1], n_outputs)
    coefs = np.concatenate([outer[:, :-1], extra_outer, outer[:, -1:]], axis=1)
    return wider, x, point.values + residual.reshape(n_outputs, -1), np.concatenate([units, extra_units], axis=1), coefs


def explained(objective, params):
    """`nullity_explained` of a stationary point, and its nullity; the directions are in the numerical null space."""
    point = classify(objective, params)
    assert point.criticality < 1e-10
    hessian = objective.at(params).hessian
    found = explained_directions(objective, params, hessian, point.zero)
    assert {reason: len(directions) for reason, directions in found.items()} == point.nullity_explained
    rows = np.concatenate([np.zeros((0, point.n_params)), *found.values()])
    np.testing.assert_allclose(rows @ rows.T, np.eye(len(rows)), atol=1e-12)
    values, vectors = np.linalg.eigh(to_host(hessian))
    null = vectors[:, np.abs(values) <= point.zero]
    np.testing.assert_allclose(np.linalg.norm(rows @ null, axis=1), 1.0, rtol=1e-8)
    return point.nullity_explained, point.nullity


@pytest.mark.parametrize("mirror", [1.0, -1.0])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_of_two_equal_units_one_can_pass_on_what_the_other_does(mirror, n_outputs):
    """c_k + c_l is what counts: one direction, and none more with several outputs, whose borders vanish along c only."""
    twin = mirror * np.array([[1.5], [0.4]])
    network, x, y, units, coefs = embedded(twin, np.zeros((n_outputs, 1)), n_outputs)
    coefs[:, 2], coefs[:, 0] = mirror * 0.3 * coefs[:, 0], 0.7 * coefs[:, 0]
    params = network.pack(units, coefs)
    objective = make_risk(network, x, y)
    direction = np.zeros_like(coefs)
    direction[:, 0], direction[:, 2] = coefs[:, 0], -mirror * coefs[:, 0]
    image = objective.at(params).hessian @ network.pack(np.zeros_like(units), direction)
    np.testing.assert_allclose(image, 0.0, atol=1e-12)
    assert explained(objective, params) == ({"duplicate units": 1}, 1)


def test_a_unit_without_coefficients_leaves_what_the_border_leaves():
    """q = 2 parameters and one border vector, Σ u ∇h, which is not zero for a unit that the targets would like to move."""
    network, x, y, units, coefs = embedded(np.array([[3.0], [1.0]]), np.zeros((1, 1)))
    params = network.pack(units, coefs)
    objective = make_risk(network, x, y)
    residual = network.at(x, params).values - y
    # make it stationary in the coefficient of the unit as well, without a change for the others
    h = np.tanh(3.0 * x + 1.0)
    jacobian = np.vstack([network.at(x, params).jacobian()[0], np.zeros_like(x)])
    rows = jacobian[np.abs(jacobian).max(axis=1) > 0.0]
    basis = np.linalg.qr(np.vstack([rows, h]).T)[0]
    residual = residual[0] - basis @ (basis.T @ residual[0])
    objective = make_risk(network, x, network.at(x, params).values - residual)
    assert explained(objective, params) == ({"zero coefficients": 1}, 1)
    # under a penalty the weight is held, and the bias in the border: nothing is left
    assert classify(make_risk(network, x, y, alpha=0.1), params).nullity_explained == {}


def test_a_dead_relu_unit_does_nothing():
    """Three parameters of the dead unit, w, b and c; the other unit is a line, which mixes with the intercept."""
    network, x = ShallowNetwork(Relu(), 1, 2, 1), np.linspace(0.1, 1.0, 30)[None, :]
    y = 2.0 * x + 1.0 + 0.1 * np.cos(40.0 * x)
    slope, intercept = np.polyfit(x[0], y[0], 1)
    params = network.pack(np.array([[1.0, -1.0], [0.5, -2.0]]), np.array([[slope, 3.0, intercept - 0.5 * slope]]))
    found, nullity = explained(make_risk(network, x, y), params)
    assert found == {"dead units": 3, "rescaling": 1} and nullity == 5
    # the penalty holds w and c of the dead unit, not its bias
    point = classify(make_risk(network, x, y, alpha=0.1), params)
    assert point.nullity_explained == {"dead units": 1}


def test_rescaling_leaves_relu_networks_as_they_are():
    rng = np.random.default_rng(0)
    network, x = ShallowNetwork(Relu(), 2, 3, 2), rng.standard_normal((2, 50))
    params = rng.standard_normal(network.n_params)
    point = network.at(x, params)
    jacobian = point.jacobian().transpose(1, 0, 2).reshape(network.n_params, -1)
    left, sizes, right = np.linalg.svd(jacobian, full_matrices=False)
    residual = rng.standard_normal(100)
    residual -= right[sizes > 1e-10].T @ (right[sizes > 1e-10] @ residual)
    y = point.values + 0.1 * residual.reshape(2, -1)
    found, nullity = explained(make_risk(network, x, y), params)
    assert found == {"rescaling": 3} and nullity >= 3
    off = make_risk(network, x, y + 0.1 * x)
    assert "rescaling" not in classify(off, params).nullity_explained, "no null direction where the gradient is not zero"


@pytest.mark.parametrize("widths", [(2, 2), (5,)])
def test_linear_layers_mix(widths):
    """GL(k) and k shifts of each layer, as far as they act differently.

    A map of rank r from d to m features with an intercept has r (d + m − r) + m parameters: the rest is null at its best fit.
    """
    rng = np.random.default_rng(0)
    d, m, n = 3, 2, 40
    rank = min(*widths, d, m)
    x = np.linalg.qr(np.vstack([np.ones(n), rng.standard_normal((d, n))]).T)[0].T[1:] * math.sqrt(n)
    noise = rng.standard_normal((m, n))
    basis = np.linalg.qr(np.vstack([x, np.ones((1, n))]).T)[0]
    noise -= (noise @ basis) @ basis.T
    slopes, shift = rng.standard_normal((m, d)), rng.standard_normal(m)
    network = DeepNetwork([Identity()] * len(widths), d, widths, m)
    layers, total, bias = [], np.eye(d), np.zeros(d)
    for below, width in zip((d, *widths), widths, strict=False):
        layers.append(rng.standard_normal((below + 1, width)))
        total, bias = layers[-1][:-1].T @ total, layers[-1][:-1].T @ bias + layers[-1][-1]
    outer = slopes @ np.linalg.pinv(total)
    params = network.pack(layers, np.concatenate([outer, (shift - outer @ bias)[:, None]], axis=1))
    assert np.linalg.matrix_rank(outer @ total) == rank
    y = network.at(x, params).values + 0.1 * noise
    found, nullity = explained(make_risk(network, x, y), params)
    assert set(found) == {"linear mixing"} and found["linear mixing"] == nullity
    assert nullity == network.n_params - rank * (d + m - rank) - m


class PlainSoftmax(BaseEstimator):
    """Cross-entropy without a gauge, as users write it."""

    name, out_activation, hessian_structure, is_sum_of_squares = "plain-softmax", "softmax", "full", False

    def value(self, y, f):
        return -np.sum(y * np.log(softmax(f, axis=-2)), axis=-2)

    def gradient(self, y, f):
        return softmax(f, axis=-2) - y

    def hessian(self, y, f):
        probability = softmax(f, axis=-2)
        return np.eye(f.shape[0])[:, :, None] * probability - probability[:, None, :] * probability[None, :, :]


@pytest.mark.parametrize(("loss", "shifts"), [(PlainSoftmax(), {"softmax shift": 3}), (Multinomial(), {})], ids=lambda v: "")
def test_the_softmax_shift_is_found_where_no_gauge_fixes_it(loss, shifts):
    """k + 1 directions: a number added to all raw predictions, by the intercepts or along with any unit."""
    rng = np.random.default_rng(0)
    network, x = ShallowNetwork(Tanh(), 2, 2, 3), rng.standard_normal((2, 200))
    outer = rng.standard_normal((3, 3))
    params = network.pack(rng.standard_normal((3, 2)), outer - outer.mean(axis=0))
    # targets that are just what the network says: no residual, so that all null directions are of first order
    objective = make_risk(network, x, softmax(network.at(x, params).values, axis=-2), loss=loss)
    point = classify(objective, params)
    assert point.gradient_norm < 1e-10
    assert point.nullity_explained == shifts and point.nullity == sum(shifts.values())


def test_duplicate_units_in_a_deep_network_and_other_bases():
    """Without residuals every first-order null direction is one: of equal units either can move, and each c."""
    network = DeepNetwork([Tanh(), Tanh()], 1, (3, 2), 1)
    x = np.linspace(-2.0, 2.0, 80)[None, :]
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((2, 3)), rng.standard_normal((4, 2))
    first[:, 2] = first[:, 0]
    params = network.pack([first, second], rng.standard_normal((1, 3)))
    objective = make_risk(network, x, network.at(x, params).values)
    point = classify(objective, params)
    assert point.kind == "global minimum" and point.nullity_explained["duplicate units"] == 2
    radial = ShallowNetwork(RadialGaussian(), 1, 2, 1)
    params = radial.pack(np.array([[0.3, 0.3], [1.2, 1.2]]), np.array([[0.5, 1.0, 0.1]]))
    objective = make_risk(radial, x, radial.at(x, params).values)
    assert explained(objective, params) == ({"duplicate units": 3}, 3)


def test_a_penalized_unit_that_is_switched_off_leaves_its_bias():
    x, y = np.linspace(-1.0, 1.0, 40)[None, :], np.zeros((1, 40))
    y[0, 20:] = 1.0
    network = ShallowNetwork(Tanh(), 1, 3, 1)
    objective = make_risk(network, x, y, alpha=100.0)
    params = network.pack(np.array([[0.0, 0.0, 0.0], [0.3, -0.2, 1.0]]), np.array([[0.0, 0.0, 0.0, 0.5]]))
    found, nullity = explained(objective, params)
    assert sum(found.values()) == nullity == 3
    assert classify(objective, params).kind == "degenerate" and classify(objective, params).trivial_zero


def test_the_explanation_reads_other_libraries(xp):
    network, x, y, units, coefs = embedded(np.array([[1.5], [0.4]]), np.zeros((1, 1)))
    coefs[:, 2], coefs[:, 0] = 0.3 * coefs[:, 0], 0.7 * coefs[:, 0]
    objective = make_risk(network, x, y, xp=xp)
    assert explained(objective, xp.asarray(network.pack(units, coefs))) == ({"duplicate units": 1}, 1)
