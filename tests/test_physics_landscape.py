"""Where fits of differential equations end: exact Hessians, trivial zeros, what null directions are, and what leaves them."""

import numpy as np
import pytest

from newtonreg import TrustRegion, classify, minimize
from newtonreg.bases import ReluPower, Tanh
from newtonreg.landscape import find_stationary_points
from newtonreg.networks import ShallowNetwork
from newtonreg.physics.assembling import equation_term, linear_term
from newtonreg.physics.bordered import BorderedRisk
from newtonreg.physics.equations import Equation
from newtonreg.physics.objective import PhysicsRisk
from newtonreg.physics.operators import D
from newtonreg.physics.setting import Setting
from newtonreg.solvers import LevenbergMarquardt, Newton
from newtonreg.testing import check_hessian

LINE = Setting(("x",), ("u",), ((0.0, 1.0),))
PLANE = Setting(("x", "t"), ("u",), ((-1.0, 2.0), (0.0, 3.0)))
PAIR = Setting(("x",), ("u", "v"), ((0.0, 1.0),))
N = 60


def line(n=N):
    return np.linspace(0.0, 1.0, n)[:, None]


def plane(n=40):
    return np.random.default_rng(3).uniform([-1.0, 0.0], [2.0, 3.0], (n, 2))


def risk(setting, terms, n_units, n_scalars=0, basis=None, alpha=0.0):
    network = ShallowNetwork(basis or Tanh(), len(setting.variables), n_units, len(setting.outputs))
    return PhysicsRisk(network, terms, np.full(network.n_params + n_scalars, alpha))


def poisson_term(f):
    """−u'' = f at N points, the mean of squares."""
    return linear_term("equation", LINE, [(line(), [[((2,), 0, -np.ones(N))]])], f[None, :], np.full(N, 1.0 / N))


def ends_term(values, weight=50.0):
    """u(0), u(1) = values."""
    at = [(np.array([[0.0], [1.0]]), [[((0,), 0, np.ones(2))]])]
    return linear_term("ends", LINE, at, np.asarray(values)[None, :], np.full(2, weight / 2))


# -- the Hessian is exact


def burgers(x, u, u_t, u_x, u_xx, nu):
    return u_t + u * u_x - nu * u_xx


def predator(x, u, v, du, dv, a, b):
    return du - a * u * (1.0 - v), dv + b * v * (1.0 - u) / (1.0 + u**2)


def mixed():
    """A 2-D operator with a mixed derivative and a coefficient that varies, and values at a few points."""
    X, operator = plane(), D("x", "t") - 0.3 * D("x", "x") + (lambda X: X[:, 0]) * D("t") + 2.0 * D(0)
    terms = [equation_term(PLANE, [operator.resolve(PLANE.variables, PLANE.outputs)], X, np.cos(X[:, :1].T), np.full(40, 0.1))]
    terms.append(linear_term("values", PLANE, [(X[:7], [[((0, 0), 0, np.ones(7))]])], X[None, :7, 1], np.ones(7)))
    return risk(PLANE, terms, 4, alpha=1e-3), 0


def nonlinear():
    """Two coupled nonlinear equations with two unknown scalars."""
    equation = Equation(predator, PAIR.variables, PAIR.outputs, ("a", "b"))
    return risk(PAIR, [equation_term(PAIR, equation, line(20), np.zeros((2, 20)), np.linspace(0.5, 1.5, 20))], 3, 2), 2


def inverse():
    """Burgers' equation with unknown viscosity, and values of the solution."""
    X, equation = plane(), Equation(burgers, PLANE.variables, PLANE.outputs, ("nu",))
    terms = [equation_term(PLANE, equation, X, np.zeros((1, 40)), np.full(40, 0.05))]
    terms.append(linear_term("values", PLANE, [(X[:9], [[((0, 0), 0, np.ones(9))]])], np.sin(X[None, :9, 0]), np.ones(9)))
    return risk(PLANE, terms, 3, 1), 1


problems = pytest.mark.parametrize("problem", [mixed, nonlinear, inverse], ids=lambda problem: problem.__name__)


@problems
def test_the_hessian_is_exact(problem):
    """Taylor slopes, and central differences of the gradient in every parameter, the scalars included."""
    objective, n_scalars = problem()
    params = 0.4 * np.random.default_rng(1).standard_normal(objective.n_params)
    assert objective.n_params == objective.network.n_params + n_scalars
    check_hessian(objective, params)
    hessian, step = objective.at(params).hessian, 1e-5
    gradients = [[objective.at(params + sign * step * row).gradient for sign in (1.0, -1.0)] for row in np.eye(params.size)]
    differences = np.stack([(up - down) / (2.0 * step) for up, down in gradients])
    assert np.max(np.abs(differences - hessian)) <= 1e-6 * np.max(np.abs(hessian))


@problems
def test_points_that_are_not_stationary_are_described_too(problem):
    objective, _ = problem()
    params = 0.7 * np.random.default_rng(1).standard_normal(objective.n_params)
    dense, free = (classify(objective, params, method=method) for method in ("dense", "lanczos"))
    assert dense.kind in ("not stationary", "gradient-flat") and not dense.trivial_zero and dense.is_smooth
    assert dense.index == np.sum(np.linalg.eigvalsh(objective.at(params).hessian) < -dense.zero)
    assert free.max_eigenvalue == pytest.approx(dense.max_eigenvalue, rel=1e-6)


# -- trivial zeros

STEPS = np.array([[3.0, -4.0, 5.0, 3.5], [-1.5, 0.2, 2.0, 0.6]])
"""Weights and biases, on the domain as the network sees it, [−1, 1]."""


def operated(units=STEPS):
    """−h'' (k, N) in x, and its derivatives in weights and biases, (2, k, N), by complex steps: independent of the package."""

    def values(w, b):
        z = w[:, None] * (2.0 * line().T - 1.0) + b[:, None]
        h = np.tanh(z)
        return -4.0 * w[:, None] ** 2 * -2.0 * h * (1.0 - h**2)

    w, b = units
    slopes = [np.imag(values(w + step, b + other)) / 1e-30 for step, other in ((1e-30j, 0.0), (0.0, 1e-30j))]
    return values(w, b), np.stack(slopes)


def rough_target(columns, seed=0, rhs=0.0):
    """A rough f (N,) with mean(f g) = rhs for each of the `columns` g (k, N)."""
    f = 10.0 * np.random.default_rng(seed).standard_normal(N)
    for _ in range(3):
        f = f + np.linalg.lstsq(columns / N, rhs - columns @ f / N, rcond=None)[0]
    return f


def inertia(point):
    return point.n_params - point.index - point.nullity, point.index, point.nullity


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("with_ends", [False, True], ids=["no conditions", "ends"])
def test_inertia_of_a_trivial_zero(seed, with_ends):
    """H = [[G, −C], [−Cᵀ, 0]] with G_kl = ⟨D h_k, D h_l⟩ and C_kj = ⟨f, D ∂_j h_k⟩: (k, rank C, 2k − rank C).

    The intercept is one zero more where the operator annihilates it, and one positive more where conditions see it.
    """
    columns, slopes = operated()
    f, k = rough_target(columns, seed), STEPS.shape[1]
    objective = risk(LINE, [poisson_term(f), *([ends_term([0.0, 0.0])] if with_ends else [])], k)
    params = objective.network.pack(STEPS, np.zeros((1, k + 1)))
    point, hessian = classify(objective, params), objective.at(params).hessian
    assert point.kind == "saddle" and point.trivial_zero and point.criticality < 1e-12 and "Trivial zero" in str(point)
    assert point.value == pytest.approx(0.5 * np.mean(f**2))
    border = np.stack([slopes[a] @ f / N for a in range(2)])
    blocks = np.zeros((2, k, k))
    blocks[:, np.arange(k), np.arange(k)] = -border
    np.testing.assert_allclose(hessian[: 2 * k, 2 * k : -1], blocks.reshape(2 * k, k), atol=1e-9 * np.abs(hessian).max())
    np.testing.assert_array_equal(hessian[: 2 * k, : 2 * k], 0.0)
    # each unit has two entries of C of its own, so its rank is the number of units that have any
    rank = int(np.sum(np.linalg.norm(border, axis=0) > 1e-6))
    assert rank == k and inertia(point) == (k + with_ends, rank, 2 * k - rank + (not with_ends))
    unseen = {} if with_ends else {"unseen constants": 1}
    assert point.nullity_explained == {"zero coefficients": 2 * k - rank, **unseen}


def test_with_conditions_the_constant_is_the_best_one_and_the_basis_orthogonal_as_all_residuals_see_it():
    """u(0), u(1) = 1, 3: the constant is 2, ⟨f, D h_k⟩ is not zero, but its sum with what the ends say is."""
    columns, _ = operated()
    k, weight = STEPS.shape[1], 50.0
    ends = np.tanh(STEPS[0][:, None] * np.array([-1.0, 1.0]) + STEPS[1][:, None])
    pull = 0.5 * weight * ends @ np.array([1.0, -1.0])
    f = rough_target(columns, rhs=pull)
    objective = risk(LINE, [poisson_term(f), ends_term([1.0, 3.0], weight)], k)
    outer = np.zeros((1, k + 1))
    outer[0, -1] = 2.0
    point = classify(objective, objective.network.pack(STEPS, outer))
    assert np.max(np.abs(columns @ f / N)) > 1.0
    assert point.criticality < 1e-11 and point.trivial_zero and point.kind == "saddle" and inertia(point)[0] == k + 1
    outer[0, -1] = 2.1
    other = classify(objective, objective.network.pack(STEPS, outer))
    assert other.kind == "not stationary" and not other.trivial_zero


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_flag_is_free_of_the_scale_of_the_equation(scale):
    columns, _ = operated()
    f, k = scale * rough_target(columns), STEPS.shape[1]
    objective = risk(LINE, [poisson_term(f)], k)
    wanted = np.sqrt(np.mean(f**2)) / np.sqrt(np.max(np.mean(columns**2, axis=1)))
    for share, is_trivial in ((1e-2, False), (1e-3, False), (1e-5, True), (1e-12, True)):
        outer = np.zeros((1, k + 1))
        outer[0, :k] = 0.5 * share * wanted
        params = objective.network.pack(STEPS, outer)
        assert classify(objective, params, tol=np.inf).trivial_zero == is_trivial
    # with coefficients that small it is stationary, although a column of the Jacobian has vanished along with its gradient
    assert classify(objective, params).kind in ("saddle", "degenerate")


def test_libraries_agree(xp):
    columns, _ = operated()
    k = STEPS.shape[1]
    term, ends = poisson_term(rough_target(columns)), ends_term([0.0, 0.0])
    expected = classify(risk(LINE, [term, ends], k), ShallowNetwork(Tanh(), 1, k, 1).pack(STEPS, np.zeros((1, k + 1))))
    objective = PhysicsRisk(ShallowNetwork(Tanh(), 1, k, 1), [_moved(term, xp), _moved(ends, xp)], xp.zeros(3 * k + 1))
    params = xp.asarray(objective.network.pack(STEPS, np.zeros((1, k + 1))))
    point = classify(objective, params)
    assert point.trivial_zero and (point.kind, inertia(point)) == (expected.kind, inertia(expected))
    assert point.nullity_explained == expected.nullity_explained


def _moved(term, xp):
    """`term` with arrays of another library."""
    sets = [one._replace(inputs=xp.asarray(one.inputs)) for one in term.sets]
    function = term.function._replace(coefficients=xp.asarray(term.function.coefficients))
    return term._replace(sets=sets, function=function, targets=xp.asarray(term.targets), weights=xp.asarray(term.weights))


def test_a_constant_of_constant_units_is_no_trivial_zero():
    """A steep unit far off sees no point, nor does one without weight: whatever their coefficients, u'' is zero."""
    objective = risk(LINE, [poisson_term(np.ones(N))], 2)
    units = np.array([[20.0, 1e-9], [40.0, 0.3]])
    assert not classify(objective, objective.network.pack(units, np.array([[3.0, 1.0, 0.2]])), tol=np.inf).trivial_zero
    # conditions tell these constants from the one that suits them
    objective = risk(LINE, [poisson_term(np.ones(N)), ends_term([0.0, 0.0])], 2)
    assert not classify(objective, objective.network.pack(units, np.array([[3.0, 1.0, 0.2]])), tol=np.inf).trivial_zero


def test_scalars_follow_the_parameters_of_the_network():
    """Burgers' equation at u = 0, unknown viscosity: stationary, trivial, and nothing says what ν is."""
    X, equation = plane(), Equation(burgers, PLANE.variables, PLANE.outputs, ("nu",))
    rng = np.random.default_rng(0)
    units = np.concatenate([rng.uniform(-3.0, 3.0, (2, 3)), rng.uniform(-1.0, 1.0, (1, 3))])
    # targets at right angles to the columns of coefficients, and to those columns' derivatives by ν
    rows = np.concatenate([_columns(units, X, nu) for nu in (0.1, 0.7)])
    f = rng.standard_normal(40)
    f -= rows.T @ np.linalg.lstsq(rows.T, f, rcond=None)[0]
    objective = risk(PLANE, [equation_term(PLANE, equation, X, f[None, :], np.full(40, 1.0 / 40))], 3, 1)
    params = np.append(objective.network.pack(units, np.zeros((1, 4))), 0.1)
    point = classify(objective, params)
    assert point.n_params == objective.network.n_params + 1 and point.criticality < 1e-12
    assert point.trivial_zero and point.kind == "saddle"
    # at u = 0 nothing multiplies ν, and derivatives alone are left, which do not see the constant
    assert point.nullity_explained["unseen constants"] == 2
    assert sum(point.nullity_explained.values()) == point.nullity


def _columns(units, X, nu):
    """∂_t h_k − ν ∂_xx h_k, what coefficients of zero multiply, (k, n)."""
    scaled = 2.0 * (X - PLANE.low) / PLANE.width - 1.0
    h = np.tanh(units[:2].T @ scaled.T + units[2][:, None])
    weights = 2.0 * units[:2] / PLANE.width[:, None]
    slope = 1.0 - h**2
    return weights[1][:, None] * slope + nu * weights[0][:, None] ** 2 * 2.0 * h * slope


# -- null directions


def test_symmetries_of_the_network_explain_null_directions():
    """Of two mirrored units one can pass on what the other does; the Hessian of the equation confirms it.

    At an exact solution: the constant is free, and the twins share c_1 − c_2, and move together.
    """
    units = np.array([[1.5, -1.5, 0.9], [0.4, -0.4, -0.7]])
    outer = np.array([[0.3, -0.7, 0.5, 0.1]])
    columns, _ = operated(units)
    f = (outer[:, :3] @ columns)[0]
    objective = risk(LINE, [poisson_term(f)], 3)
    point = classify(objective, objective.network.pack(units, outer))
    assert point.kind == "global minimum" and point.nullity_explained == {"duplicate units": 3, "unseen constants": 1}
    assert point.nullity == 4


def test_what_the_penalty_holds_is_not_explained():
    columns, _ = operated()
    k = STEPS.shape[1]
    params = risk(LINE, [poisson_term(np.ones(N))], k).network.pack(STEPS, np.zeros((1, k + 1)))
    held = risk(LINE, [poisson_term(rough_target(columns))], k, alpha=1e-3)
    assert classify(held, params, tol=np.inf).nullity_explained == {}


def test_conditions_that_hold_exactly_leave_no_hessian_and_classify_says_so():
    objective = BorderedRisk(ShallowNetwork(Tanh(), 1, 3, 1), [poisson_term(np.ones(N))], np.zeros(10), [ends_term([0.0, 0.0])])
    with pytest.raises(TypeError, match="BorderedRisk has none"):
        classify(objective, np.ones(10))


def test_kinks_are_said():
    """A spline of degree 4 has too few derivatives for an equation of second order, one of degree 5 enough."""
    for power, is_smooth in ((4, False), (5, True)):
        objective = risk(LINE, [poisson_term(np.ones(N))], 2, basis=ReluPower(power))
        point = classify(objective, np.full(objective.n_params, 0.3))
        assert point.is_smooth == is_smooth
    values = risk(LINE, [ends_term([0.0, 1.0])], 2, basis=ReluPower(3))
    assert classify(values, np.full(values.n_params, 0.3)).is_smooth


# -- ends of runs


def sine_problem(n_units=4):
    """−u'' = 9π² sin 3πx without conditions: what is looked for is a basis, the constant is free."""
    return risk(LINE, [poisson_term(9.0 * np.pi**2 * np.sin(3.0 * np.pi * line()[:, 0]))], n_units)


def starts(objective, n_starts, size):
    network, drawn = objective.network, []
    for seed in range(n_starts):
        rng = np.random.default_rng(seed)
        outer = size * rng.uniform(-1.0, 1.0, (1, network.n_units + 1))
        drawn.append(network.pack(rng.uniform(-2.0, 2.0, (2, network.n_units)), outer))
    return drawn


def last_points(objective, solver, drawn, max_iter):
    """The last point of a run from each start."""
    points = []
    for start in drawn:
        last = {}
        look = [lambda record, run, last=last: last.update(params=run.state.params)]
        minimize(objective, start, solver, max_iter=max_iter, gtol=1e-12, callbacks=look)
        points.append(classify(objective, last["params"]))
    return points


def test_newton_ends_at_trivial_zeros_and_safeguards_do_not():
    objective = sine_problem()
    drawn = starts(objective, 20, 1e-3)
    nothing = 0.5 * np.mean(objective.terms[0].targets ** 2)
    zeros = [point for point in last_points(objective, Newton(singular="pinv"), drawn, 100) if point.trivial_zero]
    assert len(zeros) >= 10
    for point in zeros:
        assert point.value == pytest.approx(nothing, rel=1e-6) and point.kind == "saddle"
    for solver, n_lower in ((TrustRegion(), 20), (LevenbergMarquardt(), 18)):
        points = last_points(objective, solver, drawn, 30)
        assert not any(point.trivial_zero for point in points)
        assert sum(point.value < 0.9 * nothing for point in points) >= n_lower


def test_searches_take_the_starts_that_they_are_given():
    objective = sine_problem(2)
    with pytest.raises(ValueError, match=r"Pass starts="):
        find_stationary_points(objective, 3)
    found = find_stationary_points(objective, 3, starts=np.stack(starts(objective, 3, 1e-3)), method="newton", max_iter=60)
    assert found.n_starts == 3 and all(point.gradient_norm < 1e-6 for point in found)
