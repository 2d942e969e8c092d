"""Newton's method raw, safeguarded, damped and saddle-free: orders, which stationary points are reached, singular Hessians."""

import math

import numpy as np
import pytest

from newtonreg import Analytic, EmpiricalRisk, Newton, Status, classify, minimize
from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.curvatures import BFGSCurvature, Interpolated
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import DampedNewton, SaddleFreeNewton
from newtonreg.testing import check_solver, saddles

SAFEGUARDS = ("damped", "modified-cholesky", "armijo", "strong-wolfe")
SAFE = [*(Newton(name) for name in SAFEGUARDS), DampedNewton(), SaddleFreeNewton()]
every_safe = pytest.mark.parametrize("solver", SAFE, ids=str)
DOUBLE_WELL = next(problem for problem in saddles.PROBLEMS if problem.name == "double-well")


def cubic(xp, curvatures):
    """½ Σ a x² + ⅓ Σ x³ + x_0 x_1 x_2, stationary at 0 with the eigenvalues a; there nothing is lost to rounding."""
    a = xp.asarray(curvatures)
    ones = xp.asarray(np.ones((3, 3)) - np.eye(3))

    def hessian(x):
        return ones * xp.sum(x) - ones * (x[:, None] + x[None, :]) + xp.eye(3) * (a + 2.0 * x)[None, :]

    return Analytic(
        lambda x: 0.5 * xp.sum(a * x * x) + xp.sum(x**3) / 3.0 + x[0] * x[1] * x[2],
        3,
        gradient=lambda x: a * x + x * x + xp.stack([x[1] * x[2], x[0] * x[2], x[0] * x[1]]),
        hessian=hessian,
    )


def quadratic(matrix, gradient, xp=np):
    """½ xᵀHx + gᵀx."""
    h, g = xp.asarray(matrix), xp.asarray(gradient)
    return Analytic(
        lambda x: 0.5 * xp.vecdot(x, xp.matmul(h, x)) + xp.vecdot(g, x),
        h.shape[0],
        lambda x: xp.matmul(h, x) + g,
        lambda x: h,
    )


def circle():
    """Half the squared distance from (cos x, sin x), a point on the unit circle, to (1, 0)."""
    return Analytic(
        lambda x: 1.0 - math.cos(x[0]), 1, lambda x: np.array([math.sin(x[0])]), lambda x: np.array([[math.cos(x[0])]])
    )


def singular_matrix(rank=3, size=5):
    rng = np.random.default_rng(0)
    rotation = np.linalg.qr(rng.standard_normal((size, size)))[0]
    values = np.array([0.0, 0.0, 0.0, 0.0, 0.0])
    values[:rank] = [3.0, -2.0, 0.5][:rank]
    matrix = (rotation * values) @ rotation.T
    return 0.5 * (matrix + matrix.T), rng.standard_normal(size)


def network_risk(xp):
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    arrays = [xp.asarray(a) for a in (rng.normal(size=(1, 20)), rng.normal(size=(1, 20)), np.ones(20))]
    risk = EmpiricalRisk([Term(network, *arrays[:2], SquaredError(), arrays[2])], network.penalty_mask(arrays[0]))
    return risk, xp.asarray(rng.normal(size=network.n_params))


def first_step(solver, objective, x0):
    return solver.step(objective, solver.init(objective, x0))


def gradient_norms(result, least=0.0):
    return [record.gradient_norm for record in result.history if record.accepted and record.gradient_norm > least]


def orders(errors):
    """log(e₂/e₁) / log(e₁/e₀) over successive errors."""
    return [math.log(c / b) / math.log(b / a) for a, b, c in zip(errors, errors[1:], errors[2:], strict=False)]


# -- orders of convergence


@pytest.mark.parametrize("singular", ["raise", "pinv", "minimum-residual"])
@pytest.mark.parametrize("safeguard", [None, "modified-cholesky", "armijo", "strong-wolfe"])
def test_newton_converges_quadratically(xp, safeguard, singular):
    objective = cubic(xp, (1.0, 2.0, 0.5))
    result = minimize(objective, xp.asarray([0.1, -0.1, 0.1]), Newton(safeguard, singular), gtol=1e-16)
    assert orders(gradient_norms(result))[-1] > 1.8 and result.nit <= 4
    np.testing.assert_allclose(to_host(result.x), 0.0, atol=1e-16)


@pytest.mark.parametrize("solver", [DampedNewton(initial_damping=1e-14), SaddleFreeNewton(initial_damping=1e-14)], ids=str)
def test_damped_methods_converge_quadratically_where_the_damping_is_small(xp, solver):
    result = minimize(cubic(xp, (1.0, 2.0, 0.5)), xp.asarray([0.1, -0.1, 0.1]), solver)
    assert orders(gradient_norms(result, 1e-25))[-1] > 1.8


@pytest.mark.parametrize("solver", [Newton("damped"), DampedNewton(), SaddleFreeNewton()], ids=str)
def test_damped_methods_converge_superlinearly(xp, solver):
    """An accepted trial lowers the damping by five, and with it the rate."""
    result = minimize(cubic(xp, (1.0, 2.0, 0.5)), xp.asarray([0.1, -0.1, 0.1]), solver)
    norms = gradient_norms(result, 1e-100)
    rates = [b / a for a, b in zip(norms, norms[1:], strict=False)][2:]
    assert len(rates) > 5 and all(b < 0.21 * a for a, b in zip(rates, rates[1:], strict=False))


def test_newton_solves_a_quadratic_in_one_step(xp):
    matrix, gradient = np.diag([1.0, 4.0, 1e4]) + 0.1, np.ones(3)
    for safeguard in (None, *SAFEGUARDS[1:]):
        after = first_step(Newton(safeguard), quadratic(matrix, gradient, xp), xp.zeros(3, dtype=xp.float64))
        np.testing.assert_allclose(to_host(after.params), -np.linalg.solve(matrix, gradient), rtol=1e-11)
        assert after.ratio == pytest.approx(1.0) and after.control == 1.0


# -- which stationary points are found


@pytest.mark.parametrize("singular", ["raise", "pinv", "minimum-residual"])
@pytest.mark.parametrize(("curvatures", "kind"), [((1.0, -2.0, 0.5), "saddle"), ((-1.0, -2.0, -0.5), "maximum")])
def test_the_raw_step_converges_quadratically_to_saddles_and_maxima(xp, curvatures, kind, singular):
    objective = cubic(xp, curvatures)
    result = minimize(objective, xp.asarray([0.2, -0.1, 0.2]), Newton(singular=singular))
    assert classify(objective, result.x).kind == kind
    assert orders(gradient_norms(result, 1e-25))[-1] > 1.8
    np.testing.assert_allclose(to_host(result.x), 0.0, atol=1e-30)


@pytest.mark.parametrize("gtol", [None, 1e-10])
def test_on_the_circle_half_of_the_raw_runs_end_at_the_maximum_and_say_so(gtol):
    objective, climbed = circle(), 0
    for start in np.random.default_rng(0).uniform(-math.pi, math.pi, 200):
        result = minimize(objective, [start], Newton(), gtol=gtol)
        assert result.success and abs(math.sin(result.x[0])) < 1e-10
        # the highest value there is: a maximum, and above the start
        climbed += result.fun == 2.0
        assert result.fun == pytest.approx(1.0 - math.cos(round(result.x[0] / math.pi) * math.pi), abs=1e-15)
    assert 80 <= climbed <= 120


@every_safe
def test_on_the_circle_every_safeguarded_run_ends_at_the_minimum(solver):
    for start in np.random.default_rng(0).uniform(-math.pi, math.pi, 20):
        result = minimize(circle(), [start], solver)
        assert result.success and result.fun < 1e-15


@every_safe
def test_a_point_beside_a_saddle_is_left_downhill(xp, solver):
    objective, beside = DOUBLE_WELL.objective(xp), xp.asarray([0.1, 0.01])
    raw = minimize(objective, beside, Newton())
    np.testing.assert_allclose(to_host(raw.x), 0.0, atol=1e-15)
    result = minimize(objective, beside, solver)
    np.testing.assert_allclose(to_host(result.x), [1.0, 0.0], atol=1e-7)
    values = [record.value for record in result.history]
    assert all(b <= a + 1e-14 * abs(a) for a, b in zip(values, values[1:], strict=False))


@pytest.mark.parametrize("solver", [SaddleFreeNewton(), DampedNewton()], ids=str)
def test_damped_methods_stay_at_a_saddle_where_the_gradient_vanishes(xp, solver):
    objective, saddle = DOUBLE_WELL.objective(xp), xp.zeros(2, dtype=xp.float64)
    after = first_step(solver, objective, saddle)
    np.testing.assert_array_equal(to_host(after.params), [0.0, 0.0])
    result = minimize(objective, saddle, solver)
    assert result.status is Status.GRADIENT and result.nit == 0


def test_saddle_free_goes_away_from_the_saddle_that_newton_goes_to(xp):
    """The two steps differ in the sign along the negative curvature, and there only."""
    objective, beside = DOUBLE_WELL.objective(xp), xp.asarray([1e-3, 0.02])
    newton = to_host(first_step(Newton(), objective, beside).params)
    free = to_host(first_step(SaddleFreeNewton(initial_damping=1e-9), objective, beside).params)
    np.testing.assert_allclose(newton, [0.0, 0.0], atol=1e-8)
    np.testing.assert_allclose(free, [2e-3, 0.0], rtol=1e-4, atol=1e-8)


# -- singular, indefinite and broken Hessians


@pytest.mark.parametrize("safeguard", [None, "armijo", "strong-wolfe"])
def test_a_singular_hessian_raises_and_the_message_says_what_to_do(xp, safeguard):
    matrix, gradient = singular_matrix()
    message = "Hessian is singular to rounding.*Pass singular='pinv' or 'minimum-residual', or a safeguard"
    with pytest.raises(np.linalg.LinAlgError, match=message) as error:
        minimize(quadratic(matrix, gradient, xp), xp.zeros(5, dtype=xp.float64), Newton(safeguard))
    assert repr(Newton(safeguard)) in str(error.value)


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
@pytest.mark.parametrize("singular", ["pinv", "minimum-residual"])
def test_a_singular_hessian_gets_the_shortest_solution(xp, singular, rank):
    matrix, gradient = singular_matrix(rank)
    after = first_step(Newton(singular=singular), quadratic(matrix, gradient, xp), xp.zeros(5, dtype=xp.float64))
    expected = np.linalg.lstsq(matrix, -gradient, rcond=1e-12)[0]
    np.testing.assert_allclose(to_host(after.params), expected, rtol=1e-10, atol=1e-12)


def test_minimum_residual_takes_products_and_no_matrix(xp):
    risk, x0 = network_risk(xp)
    after = first_step(Newton(singular="minimum-residual"), risk, x0)
    assert risk.counts.nhev == 0 and 0 < risk.counts.nhvp <= risk.n_params + 3
    expected = first_step(Newton(), risk, x0)
    np.testing.assert_allclose(to_host(after.params), to_host(expected.params), rtol=1e-7)
    assert after.predicted == pytest.approx(expected.predicted, rel=1e-7)


def test_modified_cholesky_adds_the_multiple_of_the_identity_that_is_needed(xp, monkeypatch):
    """Its step is −(H + τI)⁻¹g with τ beyond the negative curvature, and at most twice what is needed or the first one tried."""
    matrix, gradient = singular_matrix()
    sizes, cholesky = [], linalg.cholesky
    monkeypatch.setattr(linalg, "cholesky", lambda shifted: sizes.append(1) or cholesky(shifted))
    after = first_step(Newton("modified-cholesky"), quadratic(matrix, gradient, xp), xp.zeros(5, dtype=xp.float64))
    step = to_host(after.params) / after.control
    tau = -(gradient + matrix @ step) @ step / (step @ step)
    np.testing.assert_allclose((matrix + tau * np.eye(5)) @ step, -gradient, rtol=1e-9, atol=1e-10)
    assert 2.0 < tau < 4.0 + 1e-9 and len(sizes) <= 12


def test_modified_cholesky_leaves_a_positive_definite_hessian_alone(xp):
    matrix, gradient = np.diag([1.0, 3.0, 1e-9]), np.ones(3)
    after = first_step(Newton("modified-cholesky"), quadratic(matrix, gradient, xp), xp.zeros(3, dtype=xp.float64))
    np.testing.assert_allclose(to_host(after.params), [-1.0, -1.0 / 3.0, -1e9], rtol=1e-12)


def half_line(xp):
    """x − log x, for x > 0 only."""
    return Analytic(
        lambda x: x[0] - (xp.log(x[0]) if float(x[0]) > 0.0 else xp.asarray(math.nan, dtype=xp.float64)),
        1,
        lambda x: 1.0 - 1.0 / x,
        lambda x: (1.0 / (x * x))[None, :],
    )


def test_a_trial_that_is_not_finite_ends_a_raw_run_where_it_was(xp):
    """From 3 the step leads to −3."""
    result = minimize(half_line(xp), xp.asarray([3.0]), Newton())
    assert result.status is Status.STALLED and not result.success
    assert result.nit == 1 and not result.history[-1].accepted
    assert float(result.x[0]) == 3.0 and math.isfinite(result.fun)


@every_safe
def test_a_trial_that_is_not_finite_is_a_rejected_trial_with_a_safeguard(xp, solver):
    result = minimize(half_line(xp), xp.asarray([3.0]), solver)
    np.testing.assert_allclose(to_host(result.x), [1.0], rtol=1e-7)


@pytest.mark.parametrize("singular", ["raise", "pinv", "minimum-residual"])
@pytest.mark.parametrize("solver", [Newton(), *SAFE], ids=str)
def test_a_hessian_that_is_not_finite_ends_a_run_at_a_finite_point(xp, solver, singular):
    if isinstance(solver, Newton):
        solver = Newton(solver.safeguard, singular)
    broken = xp.asarray([[math.nan, 0.0], [0.0, 1.0]])
    objective = Analytic(lambda x: xp.vecdot(x, x), 2, lambda x: 2.0 * x, lambda x: broken)
    result = minimize(objective, xp.asarray([1.0, 2.0]), solver, max_iter=100)
    assert np.all(np.isfinite(to_host(result.x))) and result.fun <= 5.0 and result.nit <= 3


@pytest.mark.parametrize("solver", [DampedNewton(), DampedNewton(norm="spherical"), Newton("damped")], ids=str)
def test_a_hessian_whose_diagonal_vanishes_still_has_a_size(xp, solver):
    """x y + x + (x⁴ + y⁴) / 4 at 0, and a line, whose Hessian vanishes altogether."""
    swap = xp.asarray([[0.0, 1.0], [1.0, 0.0]])
    slope = xp.asarray([1.0, 0.0])
    objective = Analytic(
        lambda x: x[0] * x[1] + x[0] + 0.25 * xp.sum(x**4),
        2,
        lambda x: xp.matmul(swap, x) + slope + x**3,
        lambda x: swap + 3.0 * xp.eye(2) * (x * x)[None, :],
    )
    result = minimize(objective, xp.zeros(2, dtype=xp.float64), solver)
    assert result.success and classify(objective, result.x).kind == "minimum"
    falling = quadratic(np.zeros((2, 2)), np.array([1.0, 0.0]), xp)
    assert first_step(solver, falling, xp.zeros(2, dtype=xp.float64)).accepted


def test_the_first_damping_is_in_units_of_the_largest_entry(xp):
    objective = quadratic([[0.0, 8.0], [8.0, 2.0]], [1.0, 1.0], xp)
    state = DampedNewton(norm="spherical", initial_damping=0.25).init(objective, xp.zeros(2, dtype=xp.float64))
    assert state.control == 2.0


# -- curvatures


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_interpolated_curvature_is_between_a_gradient_step_and_newtons(xp, scale):
    objective, x0 = cubic(xp, (1.0, 2.0, 0.5)), xp.asarray([0.3, -0.2, 0.1])
    point = objective.at(x0)
    gradient, hessian = to_host(point.gradient), to_host(point.hessian)
    for share in (0.0, 0.25, 1.0):
        step = to_host(first_step(Newton(curvature=Interpolated(share, scale=scale)), objective, x0).params - x0)
        np.testing.assert_allclose(
            ((1.0 - share) * hessian + share * scale * np.eye(3)) @ step, -gradient, rtol=1e-12, atol=1e-15
        )
    np.testing.assert_allclose(step, -gradient / scale, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("solver", [Newton("armijo", "pinv", curvature="bfgs"), DampedNewton("bfgs")], ids=str)
def test_a_curvature_from_gradients_asks_for_no_hessian(solver):
    assert solver.requires == BFGSCurvature().requires
    objective = cubic(np, (1.0, 2.0, 0.5))
    result = minimize(objective, np.array([0.1, -0.1, 0.1]), solver, gtol=1e-10)
    assert result.status is Status.GRADIENT and result.nhev == 0


@pytest.mark.parametrize("solver", [Newton(curvature="gauss-newton"), DampedNewton("gauss-newton")], ids=str)
def test_what_the_curvature_needs_is_said_before_any_work(solver):
    objective = circle()
    with pytest.raises(TypeError, match="needs a Gauss-Newton matrix.*Analytic has none"):
        minimize(objective, [1.0], solver)
    assert objective.counts.nfev == 0
    with pytest.raises(TypeError, match="needs second derivatives"):
        objective.provides = frozenset()
        minimize(objective, [1.0], SaddleFreeNewton())


# -- contract


@pytest.mark.parametrize(
    "solver",
    [Newton(), *SAFE, Newton("armijo", "minimum-residual"), DampedNewton("gauss-newton", "spherical", "delayed-gratification")],
    ids=str,
)
def test_contract_of_solvers(xp, solver):
    check_solver(solver, xp)


def test_units_that_are_powers_of_two_change_no_bit():
    """Of a damped method in the scaling of its columns; F in units of 4⁵."""
    units, unit = 2.0 ** np.array([-12.0, 0.0, 9.0]), 4.0**5
    objective = cubic(np, (1.0, -2.0, 0.5))
    other = Analytic(
        lambda x: unit * objective.at(units * x).value,
        3,
        lambda x: unit * units * objective.at(units * x).gradient,
        lambda x: unit * units[:, None] * objective.at(units * x).hessian * units,
    )
    start = np.array([0.3, 0.2, 0.1])
    solver = DampedNewton()
    one, two = solver.init(objective, start), solver.init(other, start / units)
    for _ in range(8):
        one, two = solver.step(objective, one), solver.step(other, two)
        np.testing.assert_array_equal(units * two.params, one.params)
        assert (two.control, two.accepted, two.point.value) == (one.control, one.accepted, unit * one.point.value)


@pytest.mark.parametrize(
    "solver",
    [
        Newton(safeguard="wolfe"),
        Newton(singular="lu"),
        Newton(curvature="fisher"),
        Newton(curvature=Interpolated(1.5)),
        Newton("damped", curvature=Interpolated(scale=0.0)),
        DampedNewton(norm="max"),
        DampedNewton(damping="slow"),
        DampedNewton(initial_damping=0.0),
        SaddleFreeNewton(floor=1.0),
        SaddleFreeNewton(floor=-0.1),
    ],
    ids=str,
)
def test_parameters_out_of_range_are_named(solver):
    names = ("safeguard", "singular", "curvature", "strength", "scale", "norm", "damping", "initial_damping", "floor")
    with pytest.raises(ValueError, match="^(" + "|".join(names) + ")="):
        minimize(circle(), [1.0], solver)
