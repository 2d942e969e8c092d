"""Channels, the derivatives of a network in its inputs: against autograd in inputs and parameters, and identities."""

from itertools import product

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad

from newtonreg.bases import CallableActivation, Gaussian, Logistic, Relu, ReluPower, Sine, Softplus, Tanh
from newtonreg.networks import ShallowNetwork
from newtonreg.networks.channels import Channels

K, N = 3, 4
FORMULAS = {
    "tanh": (Tanh(), anp.tanh),
    "logistic": (Logistic(), lambda z: 1.0 / (1.0 + anp.exp(-z))),
    "sine": (Sine(), anp.sin),
    "gaussian": (Gaussian(), lambda z: anp.exp(-(z**2) / 2)),
    "relu-power": (ReluPower(7), lambda z: anp.maximum(z, 0.0) ** 7),
}
INDICES = {
    1: [(0,), (3,), (1,), (4,), (2,)],
    2: [(1, 1), (0, 0), (2, 0), (0, 1), (1, 2), (2, 2), (0, 4)],
    3: [(0, 0, 0), (1, 0, 1), (0, 1, 0), (1, 2, 1), (0, 0, 2)],
}
CASES = [(name, 1, 1) for name in FORMULAS] + [("tanh", *sizes) for sizes in ((1, 2), (2, 1), (2, 2), (3, 2))]
CASES += [("sine", 2, 2), ("gaussian", 3, 1)]


class Case:
    """A network with channels, parameters, inputs, a direction and coefficients; NumPy all."""

    def __init__(self, name, d, m, indices=None, seed=0):
        rng = np.random.default_rng(seed)
        self.basis, self.formula = FORMULAS[name]
        self.indices = INDICES[d] if indices is None else indices
        self.network = ShallowNetwork(self.basis, d, K, m)
        self.x = rng.uniform(-1.0, 1.0, (d, N))
        self.w = rng.normal(size=self.network.n_params)
        self.v = rng.normal(size=self.network.n_params)
        self.coefficients = rng.normal(size=(len(self.indices) * m, N))

    def point(self, xp=np, params=None):
        params = self.w if params is None else params
        return Channels(self.indices).at(self.network, xp.asarray(self.x), xp.asarray(params))

    def naive(self, params):
        """The channels by autograd in the inputs, one coordinate after the other; (R m, n)."""
        d, m, net = self.network.n_features, self.network.n_outputs, self.network
        units, outer = params[: net.n_inner].reshape(d + 1, K), params[net.n_inner :].reshape(m, K + 1)

        def output(j):
            def function(*x):
                z = sum(units[a, :, None] * x[a][None, :] for a in range(d)) + units[d, :, None]
                return anp.dot(outer[j, :-1], self.formula(z)) + outer[j, -1]

            return function

        return anp.stack([self._derived(output(j), index)(*self.x) for index in self.indices for j in range(m)])

    def _derived(self, function, index):
        for a, order in enumerate(index):
            for _ in range(order):
                function = elementwise_grad(function, a)
        return function

    def jacobian(self):
        """∂g_r/∂w by autograd, (R m, n, p)."""
        return autograd.jacobian(self.naive)(self.w)


def assert_close(actual, expected, rtol=1e-10):
    """Equal relative to the largest entry."""
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=rtol * np.abs(expected).max())


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}, {case[1]} inputs, {case[2]} outputs")
def case(request):
    return Case(*request.param)


# -- against autograd


def test_values(xp, to_numpy, case):
    assert_close(to_numpy(case.point(xp).values), case.naive(case.w))


def test_rows_pullback_and_pushforward(xp, to_numpy, case):
    jacobian, point = case.jacobian(), case.point(xp)
    coefficients = xp.asarray(case.coefficients)
    rows = xp.full((case.network.n_params, N), float("nan"), dtype=xp.float64)
    point.fill_rows(rows, coefficients)
    expected = np.einsum("rn,rnp->pn", case.coefficients, jacobian)
    assert_close(to_numpy(rows), expected)
    outer = xp.full((case.network.n_params - case.network.n_inner, N), float("nan"), dtype=xp.float64)
    point.fill_outer(outer, coefficients)
    np.testing.assert_array_equal(to_numpy(outer), to_numpy(rows)[case.network.outer])
    assert_close(to_numpy(point.pullback(coefficients)), expected.sum(axis=1))
    assert_close(to_numpy(point.pushforward(xp.asarray(case.v))), jacobian @ case.v)


@pytest.mark.parametrize("sizes", [("tanh", 1, 1), ("sine", 1, 2), ("gaussian", 2, 2), ("tanh", 3, 1)], ids=str)
def test_curvature_and_second_pushforward(xp, to_numpy, sizes):
    # one reverse pass more than the others for each: fewer channels keep that quick
    case = Case(*sizes, indices=[index for index in INDICES[sizes[1]] if sum(index) <= 3])
    hessian = autograd.hessian(lambda w: anp.sum(case.coefficients * case.naive(w)))(case.w)
    net, q, m = case.network, case.network.n_unit_params, case.network.n_outputs
    blocks, borders = (to_numpy(part) for part in case.point(xp).curvature(xp.asarray(case.coefficients)))
    inner = hessian[: net.n_inner, : net.n_inner].reshape(q, K, q, K)
    assert_close(blocks, np.stack([inner[:, k, :, k] for k in range(K)], axis=-1))
    mixed = hessian[: net.n_inner, net.n_inner :].reshape(q, K, m, K + 1)
    assert_close(borders, np.stack([mixed[:, k, :, k] for k in range(K)], axis=-1).transpose(1, 0, 2))
    second = to_numpy(case.point(xp).second_pushforward(xp.asarray(case.v)))
    np.testing.assert_allclose((second * case.coefficients).sum(), case.v @ hessian @ case.v, rtol=1e-10)


# -- identities


def test_taylor_remainders_of_the_directional_derivatives(case):
    point, scale = case.point(), 1e-2
    values, once, twice = point.values, point.pushforward(case.v), point.second_pushforward(case.v)
    moved = [case.point(params=case.w + t * case.v).values for t in (scale, -scale, scale / 2, -scale / 2)]
    # symmetric differences in two steps: what is left is of order four
    for first, (plus, minus), t in ((once, moved[:2], scale), (once, moved[2:], scale / 2)):
        assert np.abs((plus - minus) / (2 * t) - first).max() < 3e3 * t**2 * max(1.0, np.abs(first).max())
    coarse, fine = [(plus - 2.0 * values + minus) / t**2 for (plus, minus), t in ((moved[:2], scale), (moved[2:], scale / 2))]
    richardson = (4.0 * fine - coarse) / 3.0
    np.testing.assert_allclose(richardson, twice, rtol=0.0, atol=2e-4 * np.abs(twice).max())


def test_rows_and_pushforward_are_adjoint(case):
    point, (p, rm) = case.point(), (case.network.n_params, case.coefficients.shape[0])
    for r in range(rm):
        unit, rows = np.zeros((rm, N)), np.empty((p, N))
        unit[r] = 1.0
        point.fill_rows(rows, unit)
        np.testing.assert_allclose(rows.T @ case.v, point.pushforward(case.v)[r], rtol=1e-9, atol=1e-9 * np.abs(rows).max())


def test_the_order_of_channels_is_of_no_account():
    case = Case("tanh", 2, 2)
    order = np.random.default_rng(1).permutation(len(case.indices))
    other = Case("tanh", 2, 2, indices=[case.indices[r] for r in order])
    rows = np.stack([2 * order, 2 * order + 1], axis=1).reshape(-1)
    np.testing.assert_allclose(other.point().values, case.point().values[rows], rtol=1e-13)
    np.testing.assert_allclose(
        other.point().pullback(case.coefficients[rows]), case.point().pullback(case.coefficients), rtol=1e-9, atol=1e-9
    )


def test_one_channel_without_a_derivative_is_the_network():
    case = Case("tanh", 2, 2, indices=[(0, 0)])
    plain, point, u = case.network.at(case.x, case.w), case.point(), case.coefficients
    np.testing.assert_allclose(point.values, plain.values, rtol=1e-14)
    np.testing.assert_allclose(point.pullback(u), plain.pullback(u), rtol=1e-12)
    np.testing.assert_allclose(point.pushforward(case.v), plain.pushforward(case.v), rtol=1e-12)
    np.testing.assert_allclose(point.second_pushforward(case.v), plain.second_pushforward(case.v), rtol=1e-11)


def test_sums_over_all_derivatives_of_an_order_are_directional_derivatives():
    case = Case("sine", 2, 1, indices=[(a, 3 - a) for a in range(4)])
    direction = np.array([0.3, -0.7])
    weights = [1, 3, 3, 1] * direction[0] ** np.arange(4) * direction[1] ** np.arange(3, -1, -1)

    def along(t):
        return case.network.at(case.x + t * direction[:, None], case.w).values[0]

    h = 0.02
    third = (along(2 * h) - 2 * along(h) + 2 * along(-h) - along(-2 * h)) / (2 * h**3)
    np.testing.assert_allclose(weights @ case.point().values, third, rtol=0.0, atol=2e-3 * np.abs(third).max())


@pytest.mark.parametrize("index", [(2, 0), (1, 1), (2, 1)])
def test_units_without_weights_have_no_derivatives_and_finite_rows(index):
    # w^α vanishes with some of its derivatives in w: no division may bring it back
    case = Case("tanh", 2, 1, indices=[index])
    params = case.w.copy()
    params[: 2 * K] = 0.0
    point, rows = case.point(params=params), np.empty((case.network.n_params, N))
    np.testing.assert_array_equal(point.values, 0.0)
    point.fill_rows(rows, np.ones((1, N)))
    assert np.isfinite(rows).all() and np.abs(rows[case.network.outer]).max() == 0.0
    blocks, borders = point.curvature(np.ones((1, N)))
    assert np.isfinite(blocks).all() and np.isfinite(borders).all()
    assert (np.abs(blocks).max() > 0.0) == (sum(index) == 2)


# -- orders


def test_relu_powers_go_up_to_their_power_and_others_on():
    case = Case("relu-power", 1, 1, indices=[(7,)])
    positive = case.w[:K][:, None] * case.x + case.w[K : 2 * K][:, None] > 0.0
    expected = 5040.0 * (case.w[2 * K : 3 * K] * case.w[:K] ** 7) @ positive
    np.testing.assert_allclose(case.point().values[0], expected, rtol=1e-12)
    assert np.isfinite(case.point().pullback(np.ones((1, N)))).all()
    network = ShallowNetwork(Relu(), 1, K, 1)
    values = Channels([(1,), (2,)]).at(network, case.x, case.w).values
    assert np.abs(values[0]).max() > 0.0 and np.abs(values[1]).max() == 0.0


def test_a_users_function_is_differentiated_as_often_as_it_takes():
    indices, case = [(0,), (2,)], Case("tanh", 1, 1, indices=[(0,), (2,)])
    network = ShallowNetwork(CallableActivation(anp.tanh), 1, K, 1)
    other = Channels(indices).at(network, case.x, case.w)
    np.testing.assert_allclose(other.values, case.point().values, rtol=1e-12)
    np.testing.assert_allclose(other.pullback(case.coefficients), case.point().pullback(case.coefficients), rtol=1e-10)


def test_polynomials_are_reproduced_exactly():
    # softplus(z) − softplus(−z) = z: two units make a straight line, whose second derivative is zero and whose first is not
    network = ShallowNetwork(Softplus(), 1, 2, 1)
    params = np.array([1.0, -1.0, 0.0, 0.0, 3.0, -3.0, 0.5])
    values = Channels([(0,), (1,), (2,), (3,)]).at(network, np.linspace(-2.0, 2.0, 5)[None, :], params).values
    np.testing.assert_allclose(values[0], 0.5 + 3.0 * np.linspace(-2.0, 2.0, 5), atol=1e-14)
    np.testing.assert_allclose(values[1], 3.0, rtol=1e-14)
    np.testing.assert_allclose(values[2:], 0.0, atol=1e-14)


def test_groups_hold_every_channel_once():
    for indices in INDICES.values():
        channels = Channels(indices)
        assert sorted(r for _, group in channels.groups for r in group) == list(range(len(indices)))
        assert all(sum(channels.indices[r]) == n for n, group in channels.groups for r in group)
        assert channels.order == max(map(sum, indices)) and len(channels) == len(indices)


def test_every_pair_of_axes_in_every_mixed_partial():
    # all multi-indices of three inputs up to order four, values only
    indices = [index for index in product(range(5), repeat=3) if sum(index) <= 4]
    case = Case("sine", 3, 1, indices=indices)
    point = case.point()
    for r, index in enumerate(indices):
        monomials = np.prod([case.w[a * K : (a + 1) * K] ** order for a, order in enumerate(index)], axis=0)
        z = case.w[: 3 * K].reshape(3, K).T @ case.x + case.w[3 * K : 4 * K][:, None]
        outer = case.w[4 * K :]
        expected = (outer[:-1] * monomials) @ np.sin(z + sum(index) * np.pi / 2) + (outer[-1] if r == 0 else 0.0)
        np.testing.assert_allclose(point.values[r], expected, rtol=1e-11, atol=1e-12)
