"""Networks: curvature matrices against brute force for every structure of a loss, products, symmetries, parameters."""

from types import SimpleNamespace

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import newtonreg.networks.inner_blocks
from newtonreg.backend.arrays import to_host
from newtonreg.bases import RadialGaussian, Tanh
from newtonreg.losses import Binomial, Multinomial, Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.networks.assembly import PairwiseAssembly, SharedAssembly, make_assembly
from newtonreg.testing import taylor_slopes

D, K, N = 2, 3, 11

LOSSES = {
    "shared, 1 output": (SquaredError(), 1),
    "shared, 3 outputs": (SquaredError(), 3),
    "diagonal, 1 output": (Poisson(), 1),
    "diagonal, 2 outputs": (Binomial(), 2),
    "full, 3 outputs": (Multinomial(), 3),
}
BASES = {"ridge": Tanh(), "radial": RadialGaussian()}


def naive_hidden(basis, units, x):
    if basis.name == "radial":
        return anp.exp(-anp.sum((units[D:, :, None] * (x[:, None, :] - units[:D, :, None])) ** 2, axis=0) / 2)
    return anp.tanh(anp.dot(units[:-1].T, x) + units[-1][:, None])


def naive_values(network, params, x):
    units = params[: network.n_inner].reshape(-1, K)
    outer = params[network.n_inner :].reshape(-1, K + 1)
    return anp.dot(outer[:, :-1], naive_hidden(network.basis, units, x)) + outer[:, -1:]


NAIVE_LOSSES = {
    "squared_error": lambda y, f: anp.sum((f - y) ** 2, 0) / 2,
    "poisson": lambda y, f: anp.sum(anp.exp(f) - y * f, 0),
    "binomial": lambda y, f: anp.sum(anp.log(1 + anp.exp(f)) - y * f, 0),
    "multinomial": lambda y, f: anp.log(anp.sum(anp.exp(f), 0)) - anp.sum(y * f, 0) + anp.sum(f, 0) ** 2 / (2 * len(f)),
}


def make_case(basis, loss, n_outputs, seed=0):
    """A network, data, parameters and weights, NumPy all."""
    rng = np.random.default_rng(seed)
    network = ShallowNetwork(basis, D, K, n_outputs)
    labels = np.eye(max(n_outputs, 2))[:n_outputs, rng.integers(2, size=N)]
    return SimpleNamespace(
        network=network,
        loss=loss,
        x=rng.normal(size=(D, N)),
        y=rng.normal(size=(n_outputs, N)) if loss.is_sum_of_squares else labels,
        s=rng.uniform(0.2, 2.0, size=N),
        w=rng.normal(size=network.n_params),
        rng=rng,
    )


@pytest.fixture(params=LOSSES)
def loss_and_outputs(request):
    return LOSSES[request.param]


@pytest.fixture(params=BASES)
def basis(request):
    return BASES[request.param]


@pytest.fixture
def case(basis, loss_and_outputs):
    return make_case(basis, *loss_and_outputs)


@pytest.fixture
def stacked(basis):
    """A network with three outputs and two parameter vectors."""
    case = make_case(basis, SquaredError(), 3)
    case.both = np.stack([case.w, case.rng.normal(size=case.w.size)])
    return case


def assemble(xp, case, exact, edges=(0, 4, N)):
    """The matrix, summed over two batches."""
    assembly = make_assembly(case.network, xp.asarray(case.w), case.loss, exact)
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        x, y, s = (xp.asarray(array[..., start:stop].copy()) for array in (case.x, case.y, case.s))
        point = case.network.at(x, xp.asarray(case.w))
        assembly.add(point, case.loss.hessian(y, point.values) * s, case.loss.gradient(y, point.values) * s)
    return to_host(assembly.result())


def assert_close(actual, expected, rtol=1e-10):
    """Equal relative to the largest entry."""
    actual, expected = to_host(actual), to_host(expected)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0.0, atol=rtol * np.abs(expected).max())


# -- curvature matrices


def test_gauss_newton_is_the_product_of_jacobians(xp, case):
    point = case.network.at(case.x, case.w)
    hessian = case.loss.hessian(case.y, point.values)
    if hessian.ndim < 3:
        hessian = np.eye(case.network.n_outputs)[:, :, None] * np.broadcast_to(hessian, case.y.shape)
    expected = np.einsum("jan,jin,ibn,n->ab", point.jacobian(), hessian, point.jacobian(), case.s)
    assert_close(assemble(xp, case, exact=False), expected)


def test_hessian_agrees_with_autograd(xp, case):
    def objective(w):
        return anp.sum(case.s * NAIVE_LOSSES[case.loss.name](case.y, naive_values(case.network, w, case.x)))

    assert_close(assemble(xp, case, exact=True), autograd.hessian(objective)(case.w))


def test_batches_of_any_size_sum_up_to_the_same_matrix(case):
    once, thrice = (assemble(np, case, exact=True, edges=edges) for edges in ((0, N), (0, 1, 7, N)))
    assert_close(thrice, once, rtol=1e-13)
    assert_close(once, once.T, rtol=1e-15)


def test_structure_of_the_loss_chooses_the_assembly(case):
    assembly = make_assembly(case.network, case.w, case.loss, True)
    shared = case.network.n_outputs == 1 or case.loss.is_sum_of_squares
    assert type(assembly) is (SharedAssembly if shared else PairwiseAssembly)


class Opaque:
    """A ridge basis that does not let on that it is one: its points have no `extended_inputs`."""

    def __init__(self, basis):
        self.basis = basis
        self.n_params = basis.n_params

    def at(self, inputs, units):
        return OpaquePoint(self.basis.at(inputs, units))


class OpaquePoint:
    def __init__(self, point):
        self._point = point

    def __getattr__(self, name):
        if name in ("extended_inputs", "slope"):
            raise AttributeError(name)
        return getattr(self._point, name)


@pytest.mark.parametrize("block", [1, 2 * N, 2**19])
@pytest.mark.parametrize("name", ["diagonal, 2 outputs", "full, 3 outputs"])
def test_pairs_of_ridge_units_are_the_general_path(xp, monkeypatch, name, block):
    monkeypatch.setattr(newtonreg.networks.inner_blocks, "_PAIR_BLOCK", block)
    fast, general = (make_case(basis, *LOSSES[name]) for basis in (Tanh(), Opaque(Tanh())))
    for exact in (False, True):
        assert_close(assemble(xp, fast, exact), assemble(xp, general, exact), rtol=1e-13)


class DiagonalSquaredError(SquaredError):
    """Squared error that does not let on that its Hessian is the same for all outputs."""

    hessian_structure = "diagonal"

    def hessian(self, y, f):
        return 0.0 * f + 1.0


def test_shared_structure_is_a_special_case_of_diagonal(xp, basis):
    shared, diagonal = (make_case(basis, loss, 3) for loss in (SquaredError(), DiagonalSquaredError()))
    for exact in (False, True):
        assert_close(assemble(xp, diagonal, exact), assemble(xp, shared, exact), rtol=1e-13)


# -- values and products with the Jacobian


def test_values_and_jacobian_agree_with_autograd(xp, case):
    point = case.network.at(xp.asarray(case.x), xp.asarray(case.w))
    assert_close(point.values, naive_values(case.network, case.w, case.x), rtol=1e-13)
    expected = autograd.jacobian(lambda w: naive_values(case.network, w, case.x))(case.w)
    assert_close(point.jacobian(), np.moveaxis(expected, 1, 2))


def test_pullback_is_the_adjoint_of_pushforward(xp, case):
    point = case.network.at(xp.asarray(case.x), xp.asarray(case.w))
    u, v = case.rng.normal(size=case.y.shape), case.rng.normal(size=case.w.size)
    pushed, pulled = point.pushforward(xp.asarray(v)), point.pullback(xp.asarray(u))
    np.testing.assert_allclose(np.sum(u * to_host(pushed)), np.sum(v * to_host(pulled)), rtol=1e-12)
    assert_close(pushed, np.einsum("jan,a->jn", to_host(point.jacobian()), v), rtol=1e-13)


def test_second_pushforward_is_the_second_derivative_along_a_line(xp, case):
    x, w, v = xp.asarray(case.x), xp.asarray(case.w), xp.asarray(case.rng.normal(size=case.w.size))
    point = case.network.at(x, w)
    terms = [point.values, point.pushforward(v), point.second_pushforward(v)]
    slopes = taylor_slopes(lambda step: case.network.at(x, w + step * v).values, terms)
    assert slopes == pytest.approx([1.0, 2.0, 3.0], abs=0.05)
    step = 1e-5
    ahead, behind = (case.network.at(x, w + sign * step * v).pushforward(v) for sign in (1.0, -1.0))
    assert_close(point.second_pushforward(v), (to_host(ahead) - to_host(behind)) / (2.0 * step), rtol=1e-8)


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 0), (0, 1)])
def test_input_derivatives_agree_with_autograd(xp, stacked, axes):
    network, x, w = stacked.network, stacked.x[:, :2], stacked.w

    def values(shift):
        return naive_values(network, w, x + shift[:, None])

    derivative = values
    for _ in axes:
        derivative = autograd.jacobian(derivative)
    expected = derivative(np.zeros(D))[(..., *axes)]
    assert_close(network.at(xp.asarray(x), xp.asarray(w)).input_derivative(*axes), expected)


def test_leading_axes_of_the_parameters_broadcast(xp, stacked):
    network, x, both = stacked.network, xp.asarray(stacked.x), xp.asarray(stacked.both)
    u, v = stacked.rng.normal(size=(2, 3, N)), stacked.rng.normal(size=stacked.both.shape)
    together = network.at(x, both)
    alone = [network.at(x, both[i, :]) for i in range(2)]
    assert_close(together.values, np.stack([to_host(p.values) for p in alone]), rtol=1e-14)
    for name, argument in {"pullback": u, "pushforward": v, "second_pushforward": v}.items():
        expected = [to_host(getattr(p, name)(xp.asarray(argument[i]))) for i, p in enumerate(alone)]
        assert_close(getattr(together, name)(xp.asarray(argument)), np.stack(expected), rtol=1e-14)
    expected = [to_host(p.input_derivative(0)) for p in alone]
    assert_close(together.input_derivative(0), np.stack(expected), rtol=1e-14)


# -- symmetries


def permuted(network, order):
    """Index of the parameters when the units are taken in `order`."""
    index = network.unpack(np.arange(network.n_params))
    return network.pack(index.units[:, order], np.concatenate([index.outer[:, order], index.outer[:, -1:]], axis=1))


def test_order_of_the_units_does_not_matter(xp, case):
    index = permuted(case.network, [2, 0, 1])
    there = SimpleNamespace(**{**vars(case), "w": case.w[index]})
    x = xp.asarray(case.x)
    values = [case.network.at(x, xp.asarray(w)).values for w in (case.w, there.w)]
    assert_close(values[1], values[0], rtol=1e-14)
    for exact in (False, True):
        assert_close(assemble(xp, there, exact), assemble(xp, case, exact)[np.ix_(index, index)], rtol=1e-13)


def test_odd_units_may_change_sign_with_their_coefficients(xp, loss_and_outputs):
    case = make_case(Tanh(), *loss_and_outputs)
    units, outer = (np.ones_like(part) for part in case.network.unpack(case.w))
    units[:, 1] = outer[:, 1] = -1.0
    sign = case.network.pack(units, outer)
    there = SimpleNamespace(**{**vars(case), "w": sign * case.w})
    x, u = xp.asarray(case.x), xp.asarray(case.y)
    here_point, there_point = (case.network.at(x, xp.asarray(c.w)) for c in (case, there))
    assert_close(there_point.values, here_point.values, rtol=1e-14)
    assert_close(there_point.pullback(u), sign * to_host(here_point.pullback(u)), rtol=1e-14)
    assert_close(assemble(xp, there, True), assemble(xp, case, True) * np.outer(sign, sign), rtol=1e-13)


# -- parameters


def test_pack_and_unpack_are_inverse(xp, stacked):
    network = stacked.network
    for params in (xp.asarray(stacked.w), xp.asarray(stacked.both)):
        units, outer = network.unpack(params)
        lead = params.shape[:-1]
        assert units.shape == (*lead, network.basis.n_params(D), K) and outer.shape == (*lead, 3, K + 1)
        np.testing.assert_array_equal(to_host(network.pack(units, outer)), to_host(params))
        np.testing.assert_array_equal(to_host(params[..., network.inner]), to_host(units).reshape(*lead, -1))
        np.testing.assert_array_equal(to_host(params[..., network.outer]), to_host(outer).reshape(*lead, -1))


def test_number_of_parameters(case):
    q, m = case.network.n_unit_params, case.network.n_outputs
    assert case.network.n_inner == q * K
    assert case.network.n_params == q * K + m * (K + 1)


@pytest.mark.parametrize("name", BASES)
def test_penalty_counts_weights_and_coefficients_not_biases_centers_and_intercepts(xp, name):
    network = ShallowNetwork(BASES[name], D, K, 2)
    units, outer = network.unpack(network.penalty_mask(xp.zeros(1, dtype=xp.float64)))
    free = [1.0, 1.0, 0.0] if name == "ridge" else [0.0, 0.0, 1.0, 1.0]
    np.testing.assert_array_equal(to_host(units), np.tile(np.array(free)[:, None], (1, K)))
    np.testing.assert_array_equal(to_host(outer), [[1.0] * K + [0.0]] * 2)
