"""Objectives: derivatives, batches, weights, terms, penalty, counts, units of the gradient, and what is kept."""

import gc
import math
from types import SimpleNamespace

import array_api_strict
import autograd.numpy as anp
import numpy as np
import pytest

import newtonreg.losses
import newtonreg.networks.shared_assembly
import newtonreg.objectives.empirical_risk as empirical_risk
from newtonreg.backend.arrays import device_of, to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.networks.shallow import ShallowPoint
from newtonreg.objectives import Analytic, EmpiricalRisk, Term
from newtonreg.testing import check_gradient, check_hessian

D, K, M = 2, 3, 3
ALPHA = 0.1
LOSSES = [getattr(newtonreg.losses, name)() for name in newtonreg.losses.__all__]
QUANTITIES = ("value", "gradient", "hessian", "gauss_newton")


def targets_for(loss, rng, n_outputs, n_samples):
    """The first of these that the loss admits: real numbers, counts, proportions, classes."""
    shape = (n_outputs, n_samples)
    candidates = [rng.normal(size=shape), rng.poisson(1.5, size=shape) + 0.0, rng.integers(2, size=shape) + 0.0]
    for y in [*candidates, np.eye(n_outputs)[:, rng.integers(n_outputs, size=n_samples)]]:
        try:
            loss.check_target(y)
            return y
        except ValueError:
            continue
    raise AssertionError(f"{loss!r} admits none of the targets; add a kind that it does")


def make_data(loss, n_samples=20, n_outputs=M, seed=0):
    """Data and a parameter vector, NumPy all."""
    rng = np.random.default_rng(seed)
    network = ShallowNetwork(Tanh(), D, K, n_outputs)
    return SimpleNamespace(
        network=network,
        loss=loss,
        x=rng.normal(size=(D, n_samples)),
        y=targets_for(loss, rng, n_outputs, n_samples),
        s=rng.uniform(0.2, 2.0, size=n_samples),
        w=rng.normal(size=network.n_params),
        v=rng.normal(size=network.n_params),
    )


def make_term(xp, data, **changes):
    data = SimpleNamespace(**{**vars(data), **changes})
    return Term(data.network, xp.asarray(data.x), xp.asarray(data.y), data.loss, xp.asarray(data.s))


def make_risk(xp, data, alpha=ALPHA, **changes):
    term = make_term(xp, data, **changes)
    return EmpiricalRisk([term], alpha * term.network.penalty_mask(term.inputs))


def everything(risk, params, v):
    """All that an evaluation answers, on the host."""
    point = risk.at(params)
    results = {name: getattr(point, name) for name in QUANTITIES}
    results |= {"gnvp": point.gnvp(v), "hvp": point.hvp(v)}
    if risk.is_sum_of_squares:
        results["second_directional"] = point.second_directional(v)
    return {name: np.asarray(to_host(array)) for name, array in results.items()}


def assert_same(actual, expected, rtol=1e-12):
    """Every quantity equal relative to its largest entry."""
    assert actual.keys() == expected.keys()
    for name in expected:
        atol = rtol * np.abs(expected[name]).max()
        np.testing.assert_allclose(actual[name], expected[name], rtol=0.0, atol=atol, err_msg=name)


@pytest.fixture(params=LOSSES, ids=lambda loss: loss.name)
def data(request):
    return make_data(request.param)


@pytest.fixture
def many_batches(monkeypatch):
    """Batches of at most 64 rows, whatever the network."""
    for name, value in (("_BATCH_DOUBLES", 1), ("_GPU_BATCH_DOUBLES", 1), ("_LEAST_ROWS", 64)):
        monkeypatch.setattr(empirical_risk, name, value)


@pytest.fixture
def built(monkeypatch):
    """One entry for every batch that is evaluated."""
    entries = []

    class Recorded(empirical_risk._BatchPoint):
        def __init__(self, term, params):
            entries.append(term)
            super().__init__(term, params)

    monkeypatch.setattr(empirical_risk, "_BatchPoint", Recorded)
    return entries


# -- derivatives


def test_taylor_remainders_have_slopes_two_and_three(xp, data):
    check_hessian(make_risk(xp, data), xp.asarray(data.w))


def test_products_are_those_of_the_matrices(xp, data):
    risk, v = make_risk(xp, data), xp.asarray(data.v)
    results = everything(risk, xp.asarray(data.w), v)
    np.testing.assert_allclose(results["gnvp"], results["gauss_newton"] @ data.v, rtol=1e-12)
    np.testing.assert_allclose(results["hvp"], results["hessian"] @ data.v, rtol=1e-12)


def test_gauss_newton_matrix_is_positive_semidefinite_and_hessian_need_not_be(xp):
    data = make_data(SquaredError())
    results = everything(make_risk(xp, data, alpha=0.0), xp.asarray(data.w), xp.asarray(data.v))
    assert np.linalg.eigvalsh(results["gauss_newton"]).min() > -1e-12
    assert np.linalg.eigvalsh(results["hessian"]).min() < -0.1


def test_second_directional_is_the_pullback_of_the_second_derivative_of_the_residuals(xp):
    data, step = make_data(SquaredError()), 1e-4
    at = data.network.at
    ahead, behind = (at(data.x, data.w + sign * step * data.v).pushforward(data.v) for sign in (1.0, -1.0))
    bend = (ahead - behind) / (2.0 * step)
    expected = np.einsum("jan,jn,n->a", at(data.x, data.w).jacobian(), bend, data.s)
    actual = make_risk(xp, data).at(xp.asarray(data.w)).second_directional(xp.asarray(data.v))
    np.testing.assert_allclose(to_host(actual), expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max())


def test_a_value_beyond_the_largest_double_is_infinite(xp, many_batches):
    data = make_data(SquaredError(), 130, 1)
    # two batches of the three are 1.4e308 each
    y = np.zeros((1, 130))
    y[:, [0, 1, 50, 51]] = 1.2e154
    risk = make_risk(xp, data, s=np.ones(130), y=y)
    assert len(risk.batches) == 3
    assert risk.at(xp.zeros(risk.n_params, dtype=xp.float64)).value == math.inf


# -- sums over rows and terms


def test_batches_do_not_matter(xp, data, monkeypatch):
    data = make_data(data.loss, 200)
    arguments = xp.asarray(data.w), xp.asarray(data.v)
    whole = make_risk(xp, data)
    for name, value in (("_BATCH_DOUBLES", 1), ("_GPU_BATCH_DOUBLES", 1), ("_LEAST_ROWS", 64)):
        monkeypatch.setattr(empirical_risk, name, value)
    split = make_risk(xp, data)
    assert (len(whole.batches), len(split.batches)) == (1, 4)
    assert sum(batch.weights.shape[0] for batch in split.batches) == 200
    assert_same(everything(split, *arguments), everything(whole, *arguments))


def test_weights_equal_repetition(xp, data):
    counts = np.arange(20) % 4
    weighted = make_risk(xp, data, s=counts + 0.0)
    repeated = {"x": np.repeat(data.x, counts, axis=1), "y": np.repeat(data.y, counts, axis=1), "s": np.ones(counts.sum())}
    arguments = xp.asarray(data.w), xp.asarray(data.v)
    assert_same(everything(make_risk(xp, data, **repeated), *arguments), everything(weighted, *arguments))


def test_order_of_the_rows_does_not_matter(xp, data):
    order = np.random.default_rng(1).permutation(20)
    shuffled = make_risk(xp, data, x=data.x[:, order], y=data.y[:, order], s=data.s[order])
    arguments = xp.asarray(data.w), xp.asarray(data.v)
    assert_same(everything(shuffled, *arguments), everything(make_risk(xp, data), *arguments))


@pytest.mark.parametrize("other", [SquaredError(), Poisson()], ids=lambda loss: loss.name)
def test_terms_add_up_and_the_penalty_counts_once(xp, other, many_batches):
    first = make_data(SquaredError(), 130)
    second = make_data(other, 15, seed=1)
    terms = [make_term(xp, first), make_term(xp, second, network=first.network)]
    penalty = ALPHA * first.network.penalty_mask(terms[0].inputs)
    arguments = xp.asarray(first.w), xp.asarray(first.v)
    actual = everything(EmpiricalRisk(terms, penalty), *arguments)
    parts = [everything(EmpiricalRisk([term], 0.0 * penalty), *arguments) for term in terms]
    diagonal = to_host(penalty)
    penalties = {
        "value": 0.5 * np.sum(diagonal * first.w**2),
        "gradient": diagonal * first.w,
        "hessian": np.diag(diagonal),
        "gauss_newton": np.diag(diagonal),
        "gnvp": diagonal * first.v,
        "hvp": diagonal * first.v,
        "second_directional": 0.0,
    }
    assert_same(actual, {name: parts[0][name] + parts[1][name] + penalties[name] for name in actual})


def test_terms_know_their_weight_and_whether_they_are_squares():
    first, second = make_data(SquaredError()), make_data(Poisson(), seed=1)
    terms = [make_term(np, first), make_term(np, second)]
    risks = [EmpiricalRisk(subset, np.zeros(first.network.n_params)) for subset in (terms[:1], terms)]
    assert [risk.is_sum_of_squares for risk in risks] == [True, False]
    np.testing.assert_allclose([risk.total_weight for risk in risks], [first.s.sum(), first.s.sum() + second.s.sum()], rtol=1e-15)


def test_another_penalty_leaves_the_data_alone():
    risk = make_risk(np, make_data(SquaredError()))
    other = risk.with_penalty(2.0 * risk.penalty)
    w = np.ones(risk.n_params)
    np.testing.assert_allclose(other.at(w).value - risk.at(w).value, 0.5 * np.sum(risk.penalty), rtol=1e-12)
    assert (other.counts.nfev, other.terms) == (1, risk.terms)


# -- work


def counted(counts):
    return counts.nfev, counts.njev, counts.nhev, counts.nhvp


@pytest.mark.parametrize("n_samples, n_batches", [(20, 1), (130, 3)])
def test_everything_is_computed_once(many_batches, built, n_samples, n_batches):
    data = make_data(SquaredError(), n_samples)
    risk = make_risk(np, data)
    point = risk.at(data.w)
    assert counted(risk.counts) == (0, 0, 0, 0) and not built
    for name, expected in (("value", (1, 0, 0, 0)), ("gradient", (1, 1, 0, 0)), ("hessian", (1, 1, 1, 0))):
        first = getattr(point, name)
        n_built = len(built)
        assert counted(risk.counts) == expected
        assert getattr(point, name) is first
        assert counted(risk.counts) == expected and len(built) == n_built
    # one batch is kept from pass to pass, several are not
    assert len(built) == (1 if n_batches == 1 else 3 * n_batches)
    point.hvp(data.v)
    point.gnvp(data.v)
    point.second_directional(data.v)
    assert counted(risk.counts) == (1, 1, 1, 3)


@pytest.mark.parametrize("matrix", ["hessian", "gauss_newton"])
def test_the_pass_for_a_matrix_brings_value_and_gradient_along(xp, many_batches, built, matrix):
    data = make_data(SquaredError(), 130)
    risk = make_risk(xp, data)
    point, fresh = (risk.at(xp.asarray(data.w)) for _ in range(2))
    getattr(point, matrix)
    assert counted(risk.counts) == (1, 1, 1, 0) and len(built) == 3
    value, gradient = point.value, point.gradient
    assert counted(risk.counts) == (1, 1, 1, 0) and len(built) == 3
    assert value == fresh.value
    np.testing.assert_array_equal(to_host(gradient), to_host(fresh.gradient))


@pytest.mark.parametrize("exact", [False, True])
def test_ten_outputs_with_squared_error_cost_one_symmetric_product(monkeypatch, exact):
    fed = []

    class Recorded(newtonreg.networks.shared_assembly.linalg.SymmetricSum):
        def add(self, rows):
            fed.append(rows.shape)
            super().add(rows)

    monkeypatch.setattr(newtonreg.networks.shared_assembly.linalg, "SymmetricSum", Recorded)
    data = make_data(SquaredError(), 20, 10)
    point = make_risk(np, data).at(data.w)
    matrix = point.hessian if exact else point.gauss_newton
    assert matrix.shape == (data.network.n_params,) * 2
    assert fed == [(data.network.n_unit_params * K + K + 1, 20)]


def arrays_in(value):
    """Arrays in attributes, containers and objects of the package, however deep; the objective is left out."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, EmpiricalRisk):
        return []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    if type(value).__module__.startswith("newtonreg"):
        inside = [*inside, *vars(value).values()]
    return [array for item in inside for array in arrays_in(item)]


def test_a_point_keeps_nothing_that_grows_with_the_rows(many_batches):
    data = make_data(Poisson(), 500, 1)
    risk = make_risk(np, data)
    point = risk.at(data.w)
    gc.collect()
    before = sum(isinstance(item, ShallowPoint) for item in gc.get_objects())
    for name in (*QUANTITIES, "gradient_norm", "criticality"):
        getattr(point, name)
    point.gnvp(data.v)
    gc.collect()
    assert sum(isinstance(item, ShallowPoint) for item in gc.get_objects()) == before
    p = risk.n_params
    assert sorted(array.shape for array in arrays_in(point)) == [(p,), (p,), (p, p), (p, p)]
    assert all(array.base is None or array.base.size <= p * p for array in arrays_in(point))


# -- the unit of the gradient


def test_criticality_is_the_gradient_norm_in_units_of_the_residual(xp, data):
    point = make_risk(xp, data).at(xp.asarray(data.w))
    unit = math.sqrt(2.0 * point.value * data.s.sum())
    np.testing.assert_allclose(point.criticality, np.linalg.norm(to_host(point.gradient)) / unit, rtol=1e-14)


def test_criticality_does_not_depend_on_the_scale_of_the_weights(xp, data):
    points = [make_risk(xp, data, c * ALPHA, s=c * data.s).at(xp.asarray(data.w)) for c in (1.0, 1e-6, 1e6)]
    np.testing.assert_allclose([point.criticality for point in points], points[0].criticality, rtol=1e-12)


def test_outer_part_of_the_criticality_does_not_depend_on_the_unit_of_the_targets(xp):
    data = make_data(SquaredError())
    outer = data.network.outer
    shares = []
    for c in (1.0, 1e-6, 1e6):
        w = data.w.copy()
        w[outer] *= c
        point = make_risk(xp, data, 0.0, y=c * data.y).at(xp.asarray(w))
        shares.append(np.linalg.norm(to_host(point.gradient)[outer]) / point.gradient_norm * point.criticality)
    np.testing.assert_allclose(shares, shares[0], rtol=1e-12)


def test_criticality_of_a_perfect_fit_is_zero(xp):
    data = make_data(SquaredError())
    risk = make_risk(xp, data, 0.0, y=np.zeros((M, 20)))
    point = risk.at(xp.zeros(risk.n_params, dtype=xp.float64))
    assert (point.value, point.criticality) == (0.0, 0.0)


# -- arrays


def test_results_stay_on_the_device_of_the_data(data):
    device = array_api_strict.Device("device1")
    terms = make_term(array_api_strict, data)
    moved = terms._replace(**{name: getattr(terms, name).to_device(device) for name in ("inputs", "targets", "weights")})
    risk = EmpiricalRisk([moved], ALPHA * data.network.penalty_mask(moved.inputs))
    w, v = (array_api_strict.asarray(array, device=device) for array in (data.w, data.v))
    point = risk.at(w)
    for array in (point.hessian, point.gauss_newton, point.gradient, point.gnvp(v), point.hvp(v), point.second_directional(v)):
        assert device_of(array) == device


# -- functions of a vector


def rosenbrock(x):
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2 + 0.01 * anp.sin(3.0 * x[0])


def rosenbrock_gradient(x):
    valley = x[1] - x[0] ** 2
    return np.array([-400.0 * x[0] * valley - 2.0 * (1.0 - x[0]) + 0.03 * np.cos(3.0 * x[0]), 200.0 * valley])


def rosenbrock_hessian(x):
    corner = 1200.0 * x[0] ** 2 - 400.0 * x[1] + 2.0 - 0.09 * np.sin(3.0 * x[0])
    return np.array([[corner, -400.0 * x[0]], [-400.0 * x[0], 200.0]])


@pytest.mark.parametrize("given", [{}, {"gradient": rosenbrock_gradient}, {"hessian": rosenbrock_hessian}])
def test_analytic_differentiates_what_is_not_given(given):
    objective, x = Analytic(rosenbrock, 2, **given), np.array([-1.2, 1.0])
    check_hessian(objective, x)
    point = objective.at(x)
    assert type(point.value) is float
    np.testing.assert_allclose(point.gradient, rosenbrock_gradient(x), rtol=1e-12)
    np.testing.assert_allclose(point.hessian, rosenbrock_hessian(x), rtol=1e-12)


def test_analytic_with_given_derivatives_runs_on_every_library(xp):
    objective = Analytic(lambda x: xp.sum(x**4), 3, gradient=lambda x: 4.0 * x**3, hessian=lambda x: 12.0 * x**2 * xp.eye(3))
    check_hessian(objective, xp.asarray([0.5, -1.0, 2.0]))


def test_analytic_computes_everything_once():
    objective = Analytic(rosenbrock, 2, rosenbrock_gradient, rosenbrock_hessian)
    point = objective.at(np.array([-1.2, 1.0]))
    assert counted(objective.counts) == (0, 0, 0, 0)
    for _ in range(2):
        results = point.value, point.gradient, point.gradient_norm, point.criticality, point.hessian
        assert results[2] == results[3]
        assert counted(objective.counts) == (1, 1, 1, 0)
    np.testing.assert_allclose(point.hvp(np.ones(2)), results[-1].sum(axis=1), rtol=1e-14)
    assert counted(objective.counts) == (1, 1, 1, 1)


@pytest.mark.parametrize("factor", [1.0 + 1e-5, math.nan])
def test_a_wrong_gradient_is_found(factor):
    objective = Analytic(rosenbrock, 2, gradient=lambda x: factor * rosenbrock_gradient(x))
    with pytest.raises(AssertionError, match="`gradient` is the derivative of `value`"):
        check_gradient(objective, np.array([-1.2, 1.0]))


def test_a_wrong_hessian_is_found():
    objective = Analytic(rosenbrock, 2, hessian=lambda x: rosenbrock_hessian(x) * (1.0 + 1e-3))
    with pytest.raises(AssertionError, match="`hessian` is the second derivative of `value`.* slope 2.0"):
        check_hessian(objective, np.array([-1.2, 1.0]))
