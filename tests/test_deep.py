"""Deep networks: derivatives against autograd at several depths, leading axes, one hidden layer, parameters and draws."""

import math

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from deep_cases import BASES, LOSSES, WIDTHS, D, N, assert_close, make_case, make_risk, naive_values

from newtonreg.backend.arrays import to_host
from newtonreg.bases import CallableActivation, Logistic, RadialGaussian, Relu, Tanh
from newtonreg.networks import DeepNetwork, draw_deep
from newtonreg.testing import check_hessian, taylor_slopes


@pytest.fixture(params=[1, 2, 3, 4])
def depth(request):
    return request.param


@pytest.fixture(params=LOSSES)
def case(request, depth):
    return make_case(depth, *LOSSES[request.param])


# -- derivatives in the parameters


def test_values_and_jacobian_agree_with_autograd(xp, case):
    point = case.network.at(xp.asarray(case.x), xp.asarray(case.w))
    assert_close(point.values, naive_values(case.network, case.w, case.x), rtol=1e-13)
    expected = autograd.jacobian(lambda w: naive_values(case.network, w, case.x))(case.w)
    assert_close(point.jacobian(), np.moveaxis(expected, 1, 2))


def test_products_with_the_jacobian_are_those_of_the_matrix(xp, case):
    point = case.network.at(xp.asarray(case.x), xp.asarray(case.w))
    jacobian, u = to_host(point.jacobian()), case.rng.normal(size=case.y.shape)
    assert_close(point.pushforward(xp.asarray(case.v)), np.einsum("jan,a->jn", jacobian, case.v), rtol=1e-13)
    assert_close(point.pullback(xp.asarray(u)), np.einsum("jan,jn->a", jacobian, u), rtol=1e-13)


def test_second_pushforward_is_the_second_derivative_along_a_line(xp, depth):
    case = make_case(depth)
    x, w, v = (xp.asarray(array) for array in (case.x, case.w, case.v))
    point = case.network.at(x, w)
    terms = [point.values, point.pushforward(v), point.second_pushforward(v)]
    slopes = taylor_slopes(lambda step: case.network.at(x, w + step * v).values, terms, largest=2.0**-7)
    assert slopes == pytest.approx([1.0, 2.0, 3.0], abs=0.05)


def test_pullback_derivative_is_the_derivative_of_a_pullback_along_a_line(xp, depth):
    case = make_case(depth)
    x, w, v = (xp.asarray(array) for array in (case.x, case.w, case.v))
    u, du = (xp.asarray(case.rng.normal(size=case.y.shape)) for _ in range(2))
    at = case.network.at
    terms = [at(x, w).pullback(u), at(x, w).pullback_derivative(u, v, du)]
    slopes = taylor_slopes(lambda step: at(x, w + step * v).pullback(u + step * du), terms, largest=2.0**-7)
    assert slopes == pytest.approx([1.0, 2.0], abs=0.05)


def test_relu_has_the_derivatives_of_its_linear_pieces():
    rng = np.random.default_rng(1)
    network = DeepNetwork([Relu(), Relu()], D, (4, 3), 1)
    x, w, v = rng.normal(size=(D, N)), rng.normal(size=network.n_params), rng.normal(size=network.n_params)
    point = network.at(x, w)
    # short enough that no unit switches on or off
    terms = [point.values, point.pushforward(v), point.second_pushforward(v)]
    slopes = taylor_slopes(lambda step: network.at(x, w + step * v).values, terms, largest=2.0**-9)
    assert slopes == pytest.approx([1.0, 2.0, 3.0], abs=0.05)


# -- derivatives in the inputs


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 0), (0, 1)])
def test_input_derivatives_agree_with_autograd(xp, depth, axes):
    case = make_case(depth)
    derivative = lambda shift: naive_values(case.network, case.w, case.x + shift[:, None])  # noqa: E731
    for _ in axes:
        derivative = autograd.jacobian(derivative)
    point = case.network.at(xp.asarray(case.x), xp.asarray(case.w))
    assert_close(point.input_derivative(*axes), derivative(np.zeros(D))[(..., *axes)])


def test_input_derivatives_of_order_three_are_refused():
    case = make_case(1)
    with pytest.raises(ValueError, match=r"axes=\(0, 1, 0\)"):
        case.network.at(case.x, case.w).input_derivative(0, 1, 0)


# -- leading axes


def test_leading_axes_of_the_parameters_broadcast(xp, depth):
    case = make_case(depth)
    x, both = xp.asarray(case.x), xp.asarray(np.stack([case.w, case.v]))
    u, du = (case.rng.normal(size=(2, *case.y.shape)) for _ in range(2))
    v = case.rng.normal(size=(2, case.w.size))
    together, alone = case.network.at(x, both), [case.network.at(x, both[i, :]) for i in range(2)]
    assert_close(together.values, np.stack([to_host(p.values) for p in alone]), rtol=1e-14)
    questions = {"pullback": (u,), "pushforward": (v,), "second_pushforward": (v,), "pullback_derivative": (u, v, du)}
    for name, arguments in questions.items():
        expected = [to_host(getattr(p, name)(*(xp.asarray(a[i]) for a in arguments))) for i, p in enumerate(alone)]
        assert_close(getattr(together, name)(*map(xp.asarray, arguments)), np.stack(expected), rtol=1e-13)
    for axes in ((0,), (0, 1)):
        expected = [to_host(p.input_derivative(*axes)) for p in alone]
        assert_close(together.input_derivative(*axes), np.stack(expected), rtol=1e-13)
    shared = [to_host(p.pullback(xp.asarray(u[0]))) for p in alone]
    assert_close(together.pullback(xp.asarray(u[0])), np.stack(shared), rtol=1e-13)


def test_many_directions_go_side_by_side(xp, depth):
    case = make_case(depth)
    point, u = case.network.at(xp.asarray(case.x), xp.asarray(case.w)), xp.asarray(case.y)
    v, du = case.rng.normal(size=(5, case.w.size)), case.rng.normal(size=(5, *case.y.shape))
    questions = {
        "pushforward": lambda i: (v[i],),
        "second_pushforward": lambda i: (v[i],),
        "pullback": lambda i: (du[i],),
        "pullback_derivative": lambda i: (u, v[i], du[i]),
    }
    for name, arguments in questions.items():
        expected = [to_host(getattr(point, name)(*map(xp.asarray, arguments(i)))) for i in range(5)]
        together = getattr(point, name)(*map(xp.asarray, arguments(slice(None))))
        assert_close(together, np.stack(expected), rtol=1e-13)


# -- parameters


def test_pack_and_unpack_are_inverse(xp, depth):
    network = DeepNetwork(BASES[:depth], D, WIDTHS[:depth], 3)
    for lead in ((), (2,)):
        params = xp.reshape(xp.arange(math.prod(lead) * network.n_params, dtype=xp.float64), (*lead, -1))
        layers, outer = network.unpack(params)
        below = [D, *WIDTHS[: depth - 1]]
        assert [tuple(layer.shape) for layer in layers] == [(*lead, b + 1, k) for b, k in zip(below, WIDTHS, strict=False)]
        assert outer.shape == (*lead, 3, network.n_units + 1)
        np.testing.assert_array_equal(to_host(network.pack(layers, outer)), to_host(params))
        np.testing.assert_array_equal(to_host(params[..., network.outer]), to_host(outer).reshape(*lead, -1))
    layers, outer = network.unpack(to_host(network.penalty_mask(params)))
    assert all(np.all(layer[:-1] == 1.0) and np.all(layer[-1] == 0.0) for layer in layers)
    assert np.all(outer[:, :-1] == 1.0) and np.all(outer[:, -1] == 0.0)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (([], D, (), 1), ValueError, r"hidden_sizes=\(\) has no hidden layer"),
        (([Tanh()], D, (4, 3), 1), ValueError, "bases has 1 entries for 2 hidden layers"),
        (([Tanh(), Tanh()], D, (4, 0), 1), ValueError, "hidden_sizes"),
        (([Tanh(), RadialGaussian()], D, (4, 3), 1), TypeError, r"RadialGaussian\(\)"),
    ],
)
def test_a_network_that_cannot_be_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        DeepNetwork(*arguments)


def test_callables_are_differentiated_in_any_layer(xp):
    network, case = DeepNetwork([Tanh(), CallableActivation(anp.sin)], D, (4, 3), 1), make_case(2, n_outputs=1)
    if xp.__name__ != "array_api_compat.numpy":
        with pytest.raises(TypeError, match="NumPy arrays only"):
            network.at(xp.asarray(case.x), xp.asarray(case.w))
        return
    case.network = network
    check_hessian(make_risk(np, case), case.w)


# -- draws


def test_draws_come_from_the_host_and_stay_within_their_bounds(xp):
    network = DeepNetwork([Tanh(), Logistic(), Relu()], D, (30, 20, 40), 3)
    like = xp.zeros(1, dtype=xp.float64)
    params = to_host(draw_deep(network, like, np.random.RandomState(0)))
    np.testing.assert_array_equal(params, draw_deep(network, np.zeros(1), np.random.RandomState(0)))
    layers, outer = network.unpack(params)
    bounds = [math.sqrt(6 / (D + 30)), math.sqrt(2 / (30 + 20)), math.sqrt(6 / 20)]
    for layer, bound in zip(layers, bounds, strict=True):
        assert 0.85 * bound < np.abs(layer).max() <= bound
        assert np.abs(layer[-1]).min() > 0.0
    assert 0.85 * math.sqrt(6 / 43) < np.abs(outer[:, :-1]).max() <= math.sqrt(6 / 43)
    np.testing.assert_array_equal(outer[:, -1], 0.0)


@pytest.mark.parametrize("basis", [Tanh(), Relu()], ids=lambda basis: basis.name)
def test_signals_keep_their_size_through_many_layers(basis):
    network = DeepNetwork([basis] * 6, 60, [60] * 6, 60)
    rng = np.random.RandomState(0)
    point = network.at(rng.standard_normal((60, 50)), draw_deep(network, np.zeros(1), rng))
    sizes = [np.sqrt(np.mean(layer.values**2)) for layer in point.layers]
    assert 0.1 < sizes[-1] / sizes[0] < 10.0
