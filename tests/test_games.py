"""Games: factors of the steppers on f = x y, monotone variational inequalities, projections."""

import math

import autograd.numpy as anp
import numpy as np
import pytest
from scipy.optimize import linprog
from sklearn.base import clone

from newtonreg import Analytic, Status, minimize
from newtonreg.callbacks import ProgressTable
from newtonreg.games import (
    Box,
    ExtraGradient,
    Game,
    GradientDescentAscent,
    NewtonStep,
    OptimisticGradient,
    Product,
    ProximalPoint,
    Simplex,
)

ETA = 0.1
INF = math.inf
STEPPERS = [GradientDescentAscent(), ExtraGradient(), OptimisticGradient(), ProximalPoint(), NewtonStep()]
CONVERGENT = [ExtraGradient(0.2), OptimisticGradient(0.2), ProximalPoint(1.0), NewtonStep()]


def each(steppers):
    return pytest.mark.parametrize("stepper", steppers, ids=lambda stepper: stepper.name)


def bilinear():
    """min over x, max over y of x y."""
    return Game.from_saddle(lambda x, y: x[0] * y[0], 1, 1)


def affine(xp, matrix, shift, project=None):
    """F(z) = M z + q."""
    matrix, shift = xp.asarray(matrix, dtype=xp.float64), xp.asarray(shift, dtype=xp.float64)
    return Game(lambda z: xp.matmul(matrix, z) + shift, shift.shape[0], lambda z: matrix, project)


def monotone(size, seed=0):
    """A matrix with a positive definite symmetric part and a skew part of the same size."""
    a, b = np.random.default_rng(seed).normal(size=(2, size, size))
    return a @ a.T / size + 0.5 * np.eye(size) + (b - b.T) / 2


def trajectory(game, z0, stepper, n_steps):
    points = []
    minimize(
        game, z0, stepper, max_iter=n_steps, gtol=0.0, patience=n_steps + 1, callbacks=[lambda _, run: points.append(run.state)]
    )
    return [state.params for state in points]


# -- f = x y


@pytest.mark.parametrize(
    "stepper, factor",
    [
        (GradientDescentAscent(ETA), math.sqrt(1 + ETA**2)),
        (ExtraGradient(ETA), math.sqrt(1 - ETA**2 + ETA**4)),
        (ProximalPoint(ETA), 1 / math.sqrt(1 + ETA**2)),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_norm_changes_by_the_same_factor_at_every_step(stepper, factor):
    norms = [np.linalg.norm(z) for z in trajectory(bilinear(), np.array([1.0, 0.5]), stepper, 20)]
    np.testing.assert_allclose(np.divide(norms[1:], norms[:-1]), factor, atol=1e-12)
    assert factor == pytest.approx({1.0: 1.004988, 0.0: 0.995038}[float(factor > 1)], abs=1.5e-6)


def test_optimistic_steps_have_their_factor_after_the_transient():
    norms = [np.linalg.norm(z) for z in trajectory(bilinear(), np.array([1.0, 0.5]), OptimisticGradient(ETA), 60)]
    # λ² − (1 − 2 i η) λ − i η = 0, the larger root
    root = np.abs(np.roots([1.0, -(1 - 2j * ETA), -1j * ETA])).max()
    assert root == pytest.approx(0.994936, abs=1e-6)
    np.testing.assert_allclose(np.divide(norms[31:], norms[30:-1]), root, atol=1e-6)


def test_newton_takes_one_step():
    found = minimize(bilinear(), np.array([1.0, 0.5]), NewtonStep())
    assert found.nit == 1 and found.success
    np.testing.assert_array_equal(found.x, 0.0)


def test_a_diverging_run_is_called_stalled():
    found = minimize(bilinear(), np.array([1.0, 0.5]), GradientDescentAscent(ETA))
    assert found.status == Status.STALLED and not found.success


@each(CONVERGENT)
def test_others_converge(stepper):
    found = minimize(bilinear(), np.array([1.0, 0.5]), stepper)
    assert found.status == Status.GRADIENT
    assert np.linalg.norm(found.x) <= 1e-8


def test_the_table_prints_a_game(capsys):
    minimize(bilinear(), np.array([1.0, 0.5]), NewtonStep(), callbacks=[ProgressTable()])
    assert "step_size" in capsys.readouterr().out


# -- work


@pytest.mark.parametrize(
    "stepper, fields, jacobians",
    [(GradientDescentAscent(), 1, 0), (ExtraGradient(), 2, 0), (OptimisticGradient(), 1, 0), (ProximalPoint(), 1, 1)],
    ids=lambda value: getattr(value, "name", None),
)
def test_work_of_a_step(stepper, fields, jacobians):
    game, n_steps = bilinear(), 5
    trajectory(game, np.array([1.0, 0.5]), stepper, n_steps)
    assert game.counts.njev == 1 + fields * n_steps
    assert game.counts.nhev == jacobians * n_steps


# -- derivatives of saddle functions


def test_field_and_jacobian_of_a_saddle_function():
    game = Game.from_saddle(lambda x, y: anp.sin(x[0]) * y[1] + x[1] * y[0] ** 2 - y[2] ** 3, 2, 3)
    z = np.array([0.3, -1.0, 0.7, 2.0, 0.5])
    x0, x1, y0, y1, y2 = z
    expected = [math.cos(x0) * y1, y0**2, -2 * x1 * y0, -math.sin(x0), 3 * y2**2]
    np.testing.assert_allclose(game.at(z).gradient, expected, rtol=1e-14)
    for axis in range(5):
        h = 1e-6 * np.eye(5)[axis]
        column = (game.at(z + h).gradient - game.at(z - h).gradient) / 2e-6
        np.testing.assert_allclose(game.at(z).jacobian[:, axis], column, atol=1e-8)


def test_a_convex_concave_game_with_the_players_own_derivatives(xp, to_numpy):
    """f = ½ xᵀA x + xᵀB y − ½ yᵀC y + aᵀx + bᵀy, whose saddle solves a linear system."""
    rng = np.random.default_rng(0)
    hessian = np.block([[np.eye(2), rng.normal(size=(2, 3))], [np.zeros((3, 2)), -2.0 * np.eye(3)]])
    hessian[2:, :2] = hessian[:2, 2:].T
    slope = rng.normal(size=5)
    second, first = xp.asarray(hessian), xp.asarray(slope)

    def function(x, y):
        raise AssertionError("values are not asked for")

    game = Game.from_saddle(function, 2, 3, lambda z: xp.matmul(second, z) + first, lambda z: second)
    for stepper in (NewtonStep(), ExtraGradient(0.2)):
        found = minimize(game, xp.ones(5, dtype=xp.float64), stepper, gtol=1e-11)
        np.testing.assert_allclose(to_numpy(found.x), -np.linalg.solve(hessian, slope), atol=1e-10)


# -- variational inequalities


def box_inequality(xp):
    """A monotone inequality on a box with two entries inside, two at each bound, F pointing outward there; and its solution."""
    solution = np.array([0.3, -0.4, -1.0, -1.0, 1.0, 1.0])
    field = np.array([0.0, 0.0, 0.7, 2.0, -0.5, -1.0])
    matrix = monotone(6)
    return affine(xp, matrix, field - matrix @ solution, Box(-1.0, 1.0)), solution


@each([GradientDescentAscent(0.05), *CONVERGENT])
def test_box_constraints(xp, to_numpy, stepper):
    game, solution = box_inequality(xp)
    found = minimize(game, xp.asarray([2.0, 2.0, 2.0, -2.0, -2.0, -2.0]), stepper, gtol=1e-10)
    assert found.status == Status.GRADIENT
    np.testing.assert_allclose(to_numpy(found.x), solution, atol=1e-9)


def reweighted(xp, n=40):
    """min over w, max over u in a simplex of Σ u_i (y_i − x_iᵀw)² − 0.1 Σ (u_i − 1)²: as many weights at zero as it takes."""
    rng = np.random.default_rng(0)
    X, y = xp.asarray(rng.normal(size=(n, 2))), xp.asarray(rng.normal(size=n))

    def gradient(z):
        r, u = y - xp.matmul(X, z[:2]), z[2:]
        return xp.concat([-2.0 * xp.matmul(X.T, u * r), r * r - 0.2 * (u - 1.0)])

    def hessian(z):
        r, u = y - xp.matmul(X, z[:2]), z[2:]
        mixed = -2.0 * X.T * r
        upper, lower = [2.0 * xp.matmul(X.T * u, X), mixed], [mixed.T, -0.2 * xp.eye(n, dtype=xp.float64)]
        return xp.concat([xp.concat(upper, axis=1), xp.concat(lower, axis=1)], axis=0)

    return Game.from_saddle(lambda w, u: 0.0, 2, n, gradient, hessian, Product([(None, 2), (Simplex(float(n)), n)]))


@each([ProximalPoint(10.0), NewtonStep()])
def test_a_saddle_with_weights_at_their_bounds(xp, to_numpy, stepper):
    """Karush, Kuhn and Tucker: ∇f = 0 in w, and in u one multiplier for all weights that are positive."""
    game = reweighted(xp)
    found = minimize(game, xp.ones(42, dtype=xp.float64), stepper, gtol=1e-10)
    z = to_numpy(found.x)
    u = z[2:]
    assert found.success and found.nit <= 40
    assert 0 < (u == 0.0).sum() < 40 and u.sum() == pytest.approx(40.0)
    gradient = to_numpy(game.at(found.x).gradient)
    multiplier = -gradient[2:][u > 0.0]
    np.testing.assert_allclose(gradient[:2], 0.0, atol=1e-9)
    np.testing.assert_allclose(multiplier, multiplier[0], atol=1e-8)
    assert (-gradient[2:][u == 0.0] <= multiplier[0]).all()


@each(CONVERGENT[:-1])
def test_matrix_game_on_simplices(stepper):
    """min over x, max over y of xᵀA y for mixed strategies: the value that linear programming finds."""
    payoff = np.random.default_rng(4).normal(size=(3, 4))
    zeros = [np.zeros((n, n)) for n in (3, 4)]
    matrix = np.block([[zeros[0], payoff], [-payoff.T, zeros[1]]])
    game = affine(np, matrix, np.zeros(7), Product([(Simplex(), 3), (Simplex(), 4)]))
    start = np.concatenate([np.full(3, 1 / 3), np.full(4, 1 / 4)])
    found = minimize(game, start, stepper, gtol=1e-9, max_iter=20_000, patience=5000)
    # min v with Aᵀx ≤ v, x in the simplex
    program = linprog(
        [0, 0, 0, 1],
        np.hstack([payoff.T, -np.ones((4, 1))]),
        np.zeros(4),
        [[1, 1, 1, 0]],
        [1],
        bounds=[(0, None)] * 3 + [(None, None)],
    )
    x, y = found.x[:3], found.x[3:]
    assert found.success
    assert (x @ payoff).max() == pytest.approx(program.fun, abs=1e-7)
    assert (payoff @ y).min() == pytest.approx(program.fun, abs=1e-7)


def test_a_nonlinear_monotone_field_with_an_implicit_step():
    """z³ + z − c on a half line, beside a rotation: monotone, and Newton inside takes a few steps."""
    c = np.array([2.0, -3.0])
    rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    game = Game(lambda z: z**3 + z + rotation @ z - c, 2, lambda z: np.diag(3 * z**2 + 1) + rotation, Box(0.0))
    found = minimize(game, np.array([5.0, 5.0]), ProximalPoint(10.0))
    # the second entry rests at its bound, where F₂ = 3 − z₁ > 0; z₁³ + z₁ = 2
    np.testing.assert_allclose(found.x, [1.0, 0.0], atol=1e-8)


@each(STEPPERS)
def test_start_outside_is_projected(stepper):
    game, _ = box_inequality(np)
    first = stepper.init(game, np.full(6, 7.0))
    np.testing.assert_array_equal(first.params, 1.0)


# -- projections


def test_simplex_projection_is_exact(xp, to_numpy):
    def project(z, total=1.0):
        return to_numpy(Simplex(total)(xp.asarray(z, dtype=xp.float64))).tolist()

    assert project([0.5, 0.25, 0.25]) == [0.5, 0.25, 0.25]
    assert project([3.0, 0.0, -1.0]) == [1.0, 0.0, 0.0]
    assert project([1.0, 0.5, -1.0]) == [0.75, 0.25, 0.0]
    assert project([0.0, 0.0, 0.0, 0.0], 2.0) == [0.5] * 4
    assert project([-5.0]) == [1.0]
    assert project([1e15, 1e15 + 1.0]) == [0.0, 1.0]
    assert project([0.0, 1e30]) == [0.0, 1.0]


@pytest.mark.parametrize(
    "project",
    [Box(-0.5, [0.1, INF, 0.2, 1.0, 0.0, 2.0]), Simplex(1.5), Product([(Simplex(), 3), (None, 1), (Box(-0.1, 0.1), 2)])],
    ids=["box", "simplex", "product"],
)
def test_projections_satisfy_their_variational_inequality_and_have_derivatives(project):
    """⟨w − P(w), z − P(w)⟩ ≤ 0 for all z of the set, P(P(w)) = P(w), and differences agree with the derivative."""
    rng = np.random.default_rng(0)
    for w in rng.normal(size=(20, 6)):
        nearest = project(w)
        np.testing.assert_allclose(project(nearest), nearest, atol=1e-15)
        assert max((w - nearest) @ (project(z) - nearest) for z in rng.normal(size=(20, 6))) <= 1e-14
        differences = [(project(w + 1e-7 * e) - project(w - 1e-7 * e)) / 2e-7 for e in np.eye(6)]
        np.testing.assert_allclose(project.derivative(w), differences, atol=1e-7)


def test_projections_are_the_same_on_every_library(xp, to_numpy):
    project, w = Product([(Simplex(), 3), (None, 1), (Box(-0.1, 0.1), 2)]), [0.5, 0.9, -0.2, 3.0, 1.0, -0.05]
    there = xp.asarray(w, dtype=xp.float64)
    np.testing.assert_allclose(to_numpy(project(there)), project(np.asarray(w)), atol=1e-15)
    np.testing.assert_allclose(to_numpy(project.derivative(there)), project.derivative(np.asarray(w)), atol=1e-15)


# -- what cannot be done


@each(STEPPERS)
def test_an_objective_is_no_game(stepper):
    with pytest.raises(TypeError, match=r"see Game\.from_saddle"):
        minimize(Analytic(lambda x: x @ x, 2), np.ones(2), stepper)


@pytest.mark.parametrize("stepper", [NewtonStep(), ProximalPoint()])
def test_a_projection_without_a_derivative_is_named(stepper):
    game = affine(np, np.eye(2), np.ones(2), lambda z: np.maximum(z, 0.0))
    with pytest.raises(TypeError, match="derivative"):
        minimize(game, np.ones(2), stepper)


def test_a_singular_jacobian_is_told():
    with pytest.raises(np.linalg.LinAlgError, match="ProximalPoint"):
        minimize(affine(np, np.zeros((2, 2)), np.ones(2)), np.ones(2), NewtonStep())


def test_an_implicit_step_without_a_solution_is_halved():
    """F = 1 − z², not monotone: u = 1.5 − η (1 − u²) has no root for η = 1, ½ and ¼, and has one for η = ⅛."""
    game, stepper = Game(lambda z: 1.0 - z**2, 1, lambda z: np.diag(-2.0 * z)), ProximalPoint(1.0)
    states = [stepper.init(game, np.array([1.5]))]
    for _ in range(4):
        states.append(stepper.step(game, states[-1]))
    assert [(state.accepted, state.control) for state in states[1:]] == [
        (False, 0.5),
        (False, 0.25),
        (False, 0.125),
        (True, 0.125),
    ]
    u = states[-1].params[0]
    assert u == pytest.approx(1.5 - 0.125 * (1.0 - u * u), abs=1e-12)


def test_a_field_that_is_not_finite_is_not_stepped_to():
    with np.errstate(invalid="ignore"):
        game = Game(lambda z: np.sqrt(z) - 1.0, 1, lambda z: np.diag(0.5 / np.sqrt(z)))
        found = minimize(game, np.array([9.0]), GradientDescentAscent(6.0))
    assert found.x[0] == pytest.approx(1.0, abs=1e-7)
    assert not all(record.accepted for record in found.history)


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: NewtonStep(0.0).init(bilinear(), np.ones(2)), "step_size"),
        (lambda: ExtraGradient(-1.0).init(bilinear(), np.ones(2)), "step_size"),
        (lambda: ProximalPoint(max_inner=0).init(bilinear(), np.ones(2)), "max_inner"),
        (lambda: Box(1.0, 0.0)(np.ones(2)), "low"),
        (lambda: Simplex(0.0)(np.ones(2)), "total"),
        (lambda: Product([(None, 3)])(np.ones(2)), "sets"),
        (lambda: Game.from_saddle(lambda x, y: x @ y, 0, 1), "n_min"),
    ],
)
def test_wrong_arguments_are_named(make, name):
    with pytest.raises(ValueError, match=f"^{name}="):
        make()


@each(STEPPERS)
def test_steppers_are_values(stepper):
    assert clone(stepper).get_params() == stepper.get_params()
