"""The report of a point: what kind, how flat, whether a trivial zero, and what it prints."""

import html.parser
import math

import numpy as np
import pytest
from classify_cases import N_UNITS, hidden_steps, make_risk, trivial_zero

from newtonreg import Analytic, EmpiricalRisk, StationaryPoint, TrustRegion, classify, minimize
from newtonreg.bases import Relu, Tanh
from newtonreg.losses import Binomial, Multinomial, Poisson
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.solvers import SaddleFreeNewton


def quadratic(matrix, gradient, scale=1.0):
    return Analytic(
        lambda x: scale * (gradient @ x + 0.5 * x @ matrix @ x),
        matrix.shape[0],
        lambda x: scale * (gradient + matrix @ x),
        lambda x: scale * matrix,
    )


# -- flatness


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e8])
def test_a_gradient_in_the_kernel_is_flat(scale):
    """L = x + y²/2 at y = 0: r = 1, whatever the factor of L; away from it r is what the definition says, and no more flat."""
    objective = quadratic(np.diag([0.0, 1.0]), np.array([1.0, 0.0]), scale)
    point = classify(objective, np.zeros(2))
    assert point.flatness == pytest.approx(1.0, abs=1e-12)
    if scale >= 1.0:
        assert point.kind == "gradient-flat" and "kernel" in point.explanation
    away = classify(objective, np.array([0.0, 2.0]))
    # g = (1, 2), p = (0, −2): the residual (1, 0)
    assert away.flatness == pytest.approx(1.0 / (2.0 + math.sqrt(5.0)), rel=1e-10)
    assert away.kind == "not stationary" or scale < 1.0


def test_a_gradient_in_the_range_is_not_flat():
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.standard_normal((8, 8)))[0]
    for values in (np.array([3.0, -2.0, 1.0, 0.5, -0.1, 4.0, 1.0, 2.0]), np.array([3.0, -2.0, 1.0, 0.0, 0.0, 0.0, 1.0, 2.0])):
        matrix = (vectors * values) @ vectors.T
        point = classify(quadratic(matrix, matrix @ rng.standard_normal(8)), np.zeros(8))
        assert point.flatness < 1e-8 and point.kind == "not stationary"
        assert point.nullity == np.sum(values == 0.0)
        kept = np.abs(values[values != 0.0])
        assert point.condition_number == pytest.approx(kept.max() / kept.min(), rel=1e-10)


def test_products_show_the_same_flatness():
    """By products r is an upper bound: exact where the Krylov space is all there is."""
    flat = quadratic(np.diag([0.0, 1.0, 3.0]), np.array([1.0, 0.0, 0.0]))
    assert classify(flat, np.zeros(3), method="lanczos").kind == "gradient-flat"
    slope = quadratic(np.diag([0.0, 1.0, 3.0]), np.array([1.0, 0.5, 0.2]))
    dense, free = (classify(slope, np.zeros(3), method=method) for method in ("dense", "lanczos"))
    assert free.kind == dense.kind == "not stationary"
    assert dense.flatness <= free.flatness <= 1.0
    assert math.isnan(classify(quadratic(np.eye(3), np.zeros(3)), np.zeros(3), method="lanczos").flatness)


# -- trivial zeros


@pytest.mark.parametrize("seed", range(3))
def test_inertia_of_a_trivial_solution(seed):
    """(positive, negative, zero) = (k + 1, rank C, 2k − rank C) with C_ka = ⟨v, ∂_a h_k⟩: one positive more for the intercept."""
    objective, params, v = trivial_zero(seed)
    point = classify(objective, params)
    x, _, _, slope = hidden_steps()
    borders = np.stack([(slope * v) @ x[0], (slope * v).sum(axis=1)])
    # each unit has its own two columns of C
    rank = int(np.sum(np.linalg.norm(borders, axis=0) > 1e-6))
    assert point.kind == "saddle" and point.trivial_zero and point.criticality < 1e-12
    assert (point.n_params - point.index - point.nullity, point.index, point.nullity) == (N_UNITS + 1, rank, 2 * N_UNITS - rank)
    assert point.nullity_explained == {"zero coefficients": N_UNITS}
    assert "Trivial zero" in str(point)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_the_flag_is_free_of_scale(scale):
    objective, params, _ = trivial_zero(scale=scale)
    assert classify(objective, params).trivial_zero
    coefs = np.array(params)
    coefs[objective.outer][:N_UNITS] = 1e-2 * scale
    assert not classify(objective, coefs, tol=np.inf).trivial_zero
    coefs[objective.outer][:N_UNITS] = 1e-6 * scale
    assert classify(objective, coefs, tol=np.inf).trivial_zero
    assert not classify(objective, coefs, tol=1e-12).trivial_zero, "not stationary"


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (Poisson(), np.array([[1.0, 2.0, 1.0, 4.0]])),
        (Binomial(), np.array([[0.0, 1.0, 1.0, 0.0]])),
        (Multinomial(), np.array([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_constants_are_trivial_under_every_loss(loss, y):
    """Units without weights see nothing, so the best constant is stationary with coefficients that vanish, and only then."""
    network, m = ShallowNetwork(Tanh(), 1, 2, y.shape[0]), y.shape[0]
    outer = np.zeros((m, 3))
    outer[:, -1] = loss.initial_raw_prediction(y, np.ones(4))
    objective = make_risk(network, np.array([[-1.0, 0.0, 1.0, 2.0]]), y, loss=loss)
    point = classify(objective, network.pack(np.array([[0.0, 0.0], [0.5, 0.3]]), outer))
    assert point.criticality < 1e-12 and point.trivial_zero
    outer[:, 0] += 0.5
    outer[:, -1] -= 0.5 * np.tanh(0.5)
    assert not classify(objective, network.pack(np.array([[0.0, 0.0], [0.5, 0.3]]), outer), tol=np.inf).trivial_zero


def test_a_constant_target_is_a_global_minimum_and_not_a_trivial_zero():
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    point = classify(make_risk(network, np.ones((1, 5)), np.zeros((1, 5))), np.zeros(network.n_params))
    assert point.kind == "global minimum" and not point.trivial_zero


@pytest.mark.parametrize("solver", [TrustRegion(), TrustRegion(curvature="saddle-free"), SaddleFreeNewton()], ids=repr)
def test_solvers_with_safeguards_leave_a_trivial_zero(solver):
    objective, params, v = trivial_zero()
    noise = 1e-6 * np.random.default_rng(1).standard_normal(params.shape)
    result = minimize(objective, params + noise, solver, gtol=1e-14, max_iter=100)
    assert result.fun < 0.95 * 0.5 * v @ v
    assert not classify(objective, result.x, tol=np.inf).trivial_zero


# -- many parameters


def wide(n_units=75, xp=np):
    """A network with p = 4 k + 1 parameters and noisy data, away from any stationary point."""
    rng = np.random.RandomState(0)
    network = ShallowNetwork(Tanh(), 2, n_units, 1)
    x = rng.normal(size=(2, 100))
    params = rng.normal(size=network.n_params)
    params[network.outer] *= 0.3
    return make_risk(network, x, np.sin(3.0 * x[:1]) + rng.normal(size=(1, 100)), xp=xp), xp.asarray(params)


def test_products_find_the_ends_of_the_spectrum():
    objective, params = wide()
    dense, free = (classify(objective, params, method=method) for method in ("dense", "lanczos"))
    assert dense.is_exact and not free.is_exact and free.n_params == 301
    assert free.min_eigenvalue == pytest.approx(dense.min_eigenvalue, rel=1e-4)
    assert free.max_eigenvalue == pytest.approx(dense.max_eigenvalue, rel=1e-8)
    assert 8 <= free.index <= dense.index and free.nullity is None
    hessian = objective.at(params).hessian
    for point in (dense, free):
        v = point.negative_directions
        assert v.shape == (8, 301)
        np.testing.assert_allclose(v @ v.T, np.eye(8), atol=1e-10)
        curvatures = np.diag(v @ hessian @ v.T)
        assert np.all(curvatures < 0.0) and np.all(np.diff(curvatures) > -1e-8 * abs(dense.min_eigenvalue))
    assert abs(dense.negative_directions[0] @ free.negative_directions[0]) > 0.999
    assert "lower bound" in free.caveats and "index at least" in str(free) and "nullity unknown" in str(free)


def test_work_by_products_is_bounded():
    objective, params = wide()
    classify(objective, params, method="lanczos")
    assert objective.counts.nhev == 0 and 0 < objective.counts.nhvp <= 304


def test_large_objectives_are_classified_by_products():
    network = DeepNetwork([Tanh(), Tanh()], 2, (45, 45), 1)
    assert network.n_params > 2000
    x = np.random.RandomState(0).normal(size=(2, 30))
    objective = make_risk(network, x, x[:1] * x[1:])
    params = np.zeros(network.n_params)
    params[-1] = np.mean(x[0] * x[1])
    point = classify(objective, params)
    # at zero weights only the intercept acts, and all other curvature vanishes
    assert not point.is_exact and point.index == 0 and point.kind == "degenerate" and point.trivial_zero
    assert objective.counts.nhev == 0
    with pytest.raises(ValueError, match="method='dense' needs the matrix"):
        classify(objective, np.zeros(network.n_params), method="dense")


def test_products_tell_a_minimum_and_a_saddle():
    values = np.linspace(1.0, 3.0, 40)
    assert classify(quadratic(np.diag(values), np.zeros(40)), np.zeros(40), method="lanczos").kind == "minimum"
    values[7] = -0.5
    point = classify(quadratic(np.diag(values), np.zeros(40)), np.zeros(40), method="lanczos")
    assert point.kind == "saddle" and point.index == 1
    np.testing.assert_allclose(np.abs(point.negative_directions), np.eye(40)[7:8], atol=1e-5)
    values[7] = 1e-11
    assert classify(quadratic(np.diag(values), np.zeros(40)), np.zeros(40), method="lanczos").kind == "degenerate"


# -- libraries


@pytest.mark.parametrize("method", ["dense", "lanczos"])
def test_libraries_agree(xp, method):
    for problem in (trivial_zero, wide):
        expected, point = (classify(*problem(xp=namespace)[:2], method=method) for namespace in (np, xp))
        assert (point.kind, point.index, point.nullity) == (expected.kind, expected.index, expected.nullity)
        assert point.nullity_explained == expected.nullity_explained
        assert point.trivial_zero == expected.trivial_zero
        for name in ("value", "min_eigenvalue", "max_eigenvalue"):
            assert getattr(point, name) == pytest.approx(getattr(expected, name), rel=1e-6)
        directions = point.negative_directions
        assert type(directions) is np.ndarray and directions.shape == expected.negative_directions.shape
        np.testing.assert_allclose(directions[0], expected.negative_directions[0], atol=1e-3)


# -- what is printed


class Table(html.parser.HTMLParser):
    """Tags and text of a page; unclosed tags are left open."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_table_escapes_all_it_shows():
    hostile = "<script>alert('&')</script>"
    point = StationaryPoint(hostile, 1.0, 0.0, 0.0, 0, 1, 0.0, 1.0, 1e-10, 2, nullity_explained={hostile: 1})
    table = Table(point._repr_html_())
    assert table.open == [] and table.tags <= {"table", "caption", "tr", "th", "td", "p"}
    assert hostile in table.text and sum(hostile in text for text in table.text) == 2


def test_the_table_says_what_the_line_says():
    objective, params, _ = trivial_zero()
    point = classify(objective, params)
    text = " ".join(Table(point._repr_html_()).text)
    for expected in ("saddle", "zero coefficients", "6 of 19", point.explanation, "condition number"):
        assert expected in text
    assert "\n" not in repr(point) and str(point) in repr(point)
    assert str(point).startswith("saddle: ")


def test_kinks_are_said():
    network = ShallowNetwork(Relu(), 1, 2, 1)
    point = classify(make_risk(network, np.ones((1, 3)), np.ones((1, 3))), np.ones(network.n_params))
    assert not point.is_smooth and "kinks" in point.caveats and "kinks" in point._repr_html_()
    objective, params, _ = trivial_zero()
    assert classify(objective, params).is_smooth and classify(objective, params).caveats == ""


def test_a_hessian_that_is_not_finite_is_said(xp):
    matrix = xp.asarray([[math.nan, 0.0], [0.0, 1.0]])
    objective = Analytic(lambda x: 0.0 * xp.sum(x), 2, lambda x: 0.0 * x, lambda x: matrix)
    for method in ("dense", "lanczos"):
        point = classify(objective, xp.asarray([1.0, 2.0]), method=method)
        assert point.kind == "not finite" and math.isnan(point.min_eigenvalue)
        assert point._repr_html_() and str(point).startswith("not finite")


def test_arguments_out_of_range_are_named():
    objective, params, _ = trivial_zero()
    with pytest.raises(ValueError, match="method='qr' is unknown"):
        classify(objective, params, method="qr")
    with pytest.raises(ValueError, match="params has shape"):
        classify(objective, params[:3])
    objective.__class__ = type("Values", (EmpiricalRisk,), {"provides": frozenset()})
    with pytest.raises(TypeError, match="second derivatives"):
        classify(objective, params)
