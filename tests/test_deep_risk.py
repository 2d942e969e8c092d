"""Objectives of deep networks: Hessians against autograd, products and their work, batches, and what solvers find there."""

from types import SimpleNamespace

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from deep_cases import ALPHA, LOSSES, WIDTHS, D, N, assert_close, make_case, make_risk, naive_values

import newtonreg.backend.linalg
import newtonreg.networks.deep_assembly as deep_assembly
import newtonreg.objectives.empirical_risk as empirical_risk
from newtonreg import minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Identity, Tanh
from newtonreg.losses import Binomial, Multinomial
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.solvers import LevenbergMarquardt, TrustRegion, VariableProjection
from newtonreg.testing import check_hessian

NAIVE_LOSSES = {
    "squared_error": lambda y, f: anp.sum((f - y) ** 2, 0) / 2,
    "binomial": lambda y, f: anp.sum(anp.log(1 + anp.exp(f)) - y * f, 0),
    "multinomial": lambda y, f: anp.log(anp.sum(anp.exp(f), 0)) - anp.sum(y * f, 0) + anp.sum(f, 0) ** 2 / (2 * len(f)),
}


def naive_objective(case):
    mask = to_host(case.network.penalty_mask(case.w))

    def objective(w):
        losses = NAIVE_LOSSES[case.loss.name](case.y, naive_values(case.network, w, case.x))
        return anp.sum(case.s * losses) + 0.5 * ALPHA * anp.sum(mask * w**2)

    return objective


@pytest.fixture(params=[1, 2, 3, 4])
def depth(request):
    return request.param


@pytest.fixture(params=LOSSES)
def case(request, depth):
    return make_case(depth, *LOSSES[request.param])


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of at most four rows."""
    for name, value in (("_BATCH_DOUBLES", 1), ("_GPU_BATCH_DOUBLES", 1), ("_LEAST_ROWS", 4), ("_LEAST_DEEP_ROWS", 4)):
        monkeypatch.setattr(empirical_risk, name, value)


# -- derivatives


def test_hessian_and_its_products_agree_with_autograd(xp, case):
    objective = naive_objective(case)
    expected, gradient = autograd.hessian(objective)(case.w), autograd.grad(objective)(case.w)
    point, v = make_risk(xp, case).at(xp.asarray(case.w)), xp.asarray(case.v)
    assert_close(point.hvp(v), expected @ case.v)
    assert_close(point.gradient, gradient)
    assert_close(point.hessian, expected)
    assert_close(point.hvp(v), expected @ case.v)


def test_gauss_newton_and_its_products_are_made_of_jacobians(xp, case):
    values = case.network.at(case.x, case.w)
    jacobian, hessian = values.jacobian(), case.loss.hessian(case.y, values.values)
    if hessian.ndim < 3:
        hessian = np.eye(case.network.n_outputs)[:, :, None] * np.broadcast_to(hessian, case.y.shape)
    penalty = np.diag(ALPHA * case.network.penalty_mask(case.w))
    expected = np.einsum("jan,jin,ibn,n->ab", jacobian, hessian, jacobian, case.s) + penalty
    point = make_risk(xp, case).at(xp.asarray(case.w))
    assert_close(point.gauss_newton, expected)
    assert_close(point.gnvp(xp.asarray(case.v)), expected @ case.v)


def test_taylor_remainders_have_slopes_two_and_three(xp, depth):
    case = make_case(depth, Multinomial())
    check_hessian(make_risk(xp, case), xp.asarray(case.w))


@pytest.mark.parametrize("name", ["squared", "squared, 3"])
def test_least_squares_answers_belong_together(xp, depth, name):
    case = make_case(depth, *LOSSES[name])
    point = make_risk(xp, case).at(xp.asarray(case.w))
    root = point.square_root
    r, z = to_host(root.r), to_host(root.z)
    assert_close(r.T @ r, point.gauss_newton, rtol=1e-12)
    assert_close(r.T @ z, point.gradient, rtol=1e-12)
    assert_close(point.second_order, to_host(point.hessian) - to_host(point.gauss_newton), rtol=1e-11)
    network_point = case.network.at(case.x, case.w)
    bend = np.einsum("jan,jn,n->a", network_point.jacobian(), network_point.second_pushforward(case.v), case.s)
    assert_close(point.second_directional(xp.asarray(case.v)), bend)


# -- one hidden layer


@pytest.mark.parametrize("name", LOSSES)
def test_one_hidden_layer_is_the_shallow_network(xp, name):
    case = make_case(1, *LOSSES[name])
    shallow = SimpleNamespace(**{**vars(case), "network": ShallowNetwork(Tanh(), D, WIDTHS[0], case.network.n_outputs)})
    for attribute in ("n_params", "n_inner", "n_units", "inner", "outer", "n_features", "n_outputs"):
        assert getattr(case.network, attribute) == getattr(shallow.network, attribute)
    np.testing.assert_array_equal(case.network.penalty_mask(case.w), shallow.network.penalty_mask(case.w))
    x, w, v = (xp.asarray(array) for array in (case.x, case.w, case.v))
    one, other = (c.network.at(x, w) for c in (case, shallow))
    assert_close(one.jacobian(), other.jacobian(), rtol=1e-13)
    assert_close(one.hidden.values, other.hidden.values, rtol=1e-13)
    for axes in ((1,), (0, 1)):
        assert_close(one.input_derivative(*axes), other.input_derivative(*axes), rtol=1e-13)
    one, other = (make_risk(xp, c).at(w) for c in (case, shallow))
    assert_close(one.hvp(v), other.hvp(v), rtol=1e-13)
    for quantity in ("hessian", "gauss_newton", "value", "gradient"):
        assert_close(getattr(one, quantity), getattr(other, quantity), rtol=1e-13)
    if case.loss.is_sum_of_squares:
        assert_close(one.second_order, other.second_order, rtol=1e-13)
        assert_close(one.outer_step(), other.outer_step(), rtol=1e-11)


# -- sums over batches


def everything(risk, params, v):
    """All that an evaluation answers; products before the matrices that would answer them."""
    point = risk.at(params)
    results = {"hvp": point.hvp(v), "gnvp": point.gnvp(v)}
    names = ["value", "gradient", "gauss_newton", "hessian"]
    if risk.is_sum_of_squares:
        names.append("second_order")
        results |= {"second_directional": point.second_directional(v), "outer_step": point.outer_step()}
    return results | {name: getattr(point, name) for name in names}


def test_batches_and_chunks_do_not_matter(xp, case, small_batches, monkeypatch):
    split = make_risk(xp, case)
    for name in ("_CHUNK_DOUBLES", "_GPU_CHUNK_DOUBLES"):
        monkeypatch.setattr(deep_assembly, name, 10 * case.network.row_doubles(case.network.n_outputs) * 4)
    arguments = xp.asarray(case.w), xp.asarray(case.v)
    pieces = everything(split, *arguments)
    monkeypatch.undo()
    whole = make_risk(xp, case)
    assert (len(split.batches), len(whole.batches)) == (4, 1)
    for name, expected in everything(whole, *arguments).items():
        assert_close(pieces[name], expected, rtol=1e-9 if name == "outer_step" else 1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_array_libraries_agree(xp, name):
    case = make_case(3, *LOSSES[name])
    actual = everything(make_risk(xp, case), xp.asarray(case.w), xp.asarray(case.v))
    for key, expected in everything(make_risk(np, case), case.w, case.v).items():
        assert_close(actual[key], expected, rtol=1e-9 if key == "outer_step" else 1e-12)


def test_each_batch_is_evaluated_once_a_product(small_batches, monkeypatch):
    built = []

    class Recorded(empirical_risk._BatchPoint):
        def __init__(self, term, params):
            built.append(term)
            super().__init__(term, params)

    monkeypatch.setattr(empirical_risk, "_BatchPoint", Recorded)
    case = make_case(2)
    point = make_risk(np, case).at(case.w)
    for product in (point.hvp, point.gnvp, point.hvp):
        built.clear()
        product(case.v)
        assert len(built) == 4


# -- work


def counted(counts):
    return counts.nfev, counts.njev, counts.nhev, counts.nhvp


def test_counts():
    case = make_case(2)
    risk = make_risk(np, case)
    point = risk.at(case.w)
    assert point.gradient.shape == case.w.shape
    for product in (point.hvp, point.gnvp, point.hvp):
        product(case.v)
    assert counted(risk.counts) == (0, 1, 0, 3)
    assert risk.counts.n_backprops == 4
    assert point.hessian.shape == (case.w.size, case.w.size)
    assert counted(risk.counts) == (1, 1, 1, 3)
    point.hvp(case.v)
    assert counted(risk.counts) == (1, 1, 1, 4)


@pytest.fixture
def flops(monkeypatch):
    """Function from an action to the flops of the matrix products in it."""
    spent = []
    product = newtonreg.backend.linalg.matmul

    def recorded(a, b):
        result = product(a, b)
        spent.append(2 * result.size * a.shape[-1])
        return result

    monkeypatch.setattr(newtonreg.backend.linalg, "matmul", recorded)

    def count(action):
        spent.clear()
        action()
        return sum(spent)

    return count


def test_a_hessian_product_costs_less_than_three_gradients(flops, case):
    risk, m = make_risk(np, case), case.network.n_outputs
    sizes = [D, *case.network.hidden_sizes, m]
    weights = sum(below * width for below, width in zip(sizes[:-1], sizes[1:], strict=True))
    first = D * WIDTHS[0]
    gradient = flops(lambda: risk.at(case.w).gradient)
    assert gradient == N * (6 * weights - 2 * first) <= N * case.network.gradient_flops
    alone = flops(lambda: risk.at(case.w).hvp(case.v))
    assert alone == N * (16 * weights - 10 * first) < 3 * gradient
    point = risk.at(case.w)
    flops(lambda: point.gradient)
    for _ in range(2):
        assert flops(lambda: point.hvp(case.v)) == N * (12 * weights - 8 * first)


# -- what an objective offers


def test_matrices_are_for_small_networks(monkeypatch):
    products = {"hessian_product", "gauss_newton_product"}
    case = make_case(2)
    assert make_risk(np, case).provides == products | {"hessian", "gauss_newton", "square_root", "outer"}
    assert make_risk(np, make_case(2, Binomial(), 2)).provides == products | {"hessian", "gauss_newton"}
    monkeypatch.setattr(empirical_risk, "DENSE_PARAMS", case.network.n_params - 1)
    assert make_risk(np, case).provides == products
    shallow = SimpleNamespace(**{**vars(case), "network": ShallowNetwork(Tanh(), D, 9, 3)})
    assert make_risk(np, shallow).provides == products | {"hessian", "gauss_newton", "square_root", "outer"}


def test_a_basis_of_the_user_is_seen_in_any_layer():
    class Cube(Identity):
        pass

    case = make_case(2)
    assert make_risk(np, case).has_own_derivatives
    case.network = DeepNetwork([Tanh(), Cube()], D, (4, 3), 3)
    assert not make_risk(np, case).has_own_derivatives


@pytest.mark.parametrize(
    "solver", [TrustRegion(), LevenbergMarquardt(), VariableProjection(), VariableProjection("golub-pereyra")]
)
def test_solvers_of_shallow_networks_train_deep_ones(solver):
    case = make_case(2, n_outputs=1, n_samples=100, seed=1)
    case.network = DeepNetwork([Tanh(), Tanh()], D, (2, 1), 1)
    teacher, noise = (case.rng.normal(size=case.network.n_params) for _ in range(2))
    case.y = case.network.at(case.x, teacher).values + 0.03 * case.y
    # no penalty, under which weights of idle units go to zero and leave their biases free
    risk = make_risk(np, case).with_penalty(np.zeros(case.network.n_params))
    point = risk.at(minimize(risk, teacher + 0.1 * noise, solver, max_iter=100).x)
    assert point.criticality <= 1e-8
    assert np.linalg.eigvalsh(point.hessian)[0] > 1e-3
