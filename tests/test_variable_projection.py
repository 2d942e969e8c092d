"""Variable projection: the reduced problem against its definition, optimal coefficients, work, degenerate bases, units."""

import math
import pickle

import autograd.numpy as anp
import numpy as np
import pytest

import newtonreg.norms
from newtonreg import EmpiricalRisk, LeastSquares, LevenbergMarquardt, Status, VariableProjection, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Analytic, Counts, Term
from newtonreg.solvers.variable_projection import reduced_problem

KINDS = ("kaufman", "golub-pereyra")
every_kind = pytest.mark.parametrize("kind", KINDS)
T = np.linspace(0.0, 4.0, 15)
RATES, COEFS = np.array([0.4, 2.0, 0.9]), np.array([1.0, -2.0, 0.5, 1.5])


def exponentials(xp=np, n_terms=2, rows=15, noise=0.1, units=None, unit=1.0):
    """Σ_j c_j exp(−e_j t) + c_0 − y, parameters (e, c) in units of their own and residuals in another one."""
    k = n_terms
    units = np.ones(2 * k + 1) if units is None else units
    truth = np.concatenate([RATES[:k], COEFS[: k + 1]])
    clean = np.exp(-np.outer(T[:rows], truth[:k])) @ truth[k:-1] + truth[-1]
    y = xp.asarray(clean + noise * np.sin(9.0 * T[:rows]))
    t, scale = xp.asarray(T[:rows]), xp.asarray(units)

    def waves(x):
        return xp.exp(-t[:, None] * (scale * x)[None, :k])

    def residuals(x):
        coefs = (scale * x)[k:]
        return unit * (xp.matmul(waves(x), coefs[:-1]) + coefs[-1] - y)

    def jacobian(x):
        w, coefs = waves(x), (scale * x)[k:-1]
        return unit * scale * xp.concat([-t[:, None] * w * coefs, w, xp.ones_like(t)[:, None]], axis=1)

    def hessians(x):
        w, coefs, eye = waves(x), (scale * x)[k:-1], xp.eye(k)
        bend = (t[:, None] ** 2 * w * coefs)[:, :, None] * eye
        mixed = (-t[:, None] * w)[:, :, None] * eye
        zero = xp.zeros((t.shape[0], k, 1))
        top = xp.concat([bend, mixed, zero], axis=2)
        middle = xp.concat([mixed, xp.zeros((t.shape[0], k, k + 1))], axis=2)
        full = xp.concat([top, middle, xp.zeros((t.shape[0], 1, 2 * k + 1))], axis=1)
        return unit * full * scale[:, None] * scale[None, :]

    start = np.concatenate([RATES[:k] + [0.3, 0.5, 0.2][:k], np.ones(k + 1)])
    objective = LeastSquares(residuals, 2 * k + 1, jacobian, hessians, outer=slice(k, None))
    return objective, xp.asarray(start / units)


def network_risk(xp=np, n_outputs=2, alpha=0.05, duplicate=False, n_samples=25, noise=0.2):
    """Several outputs, weights, a penalty; perhaps one unit twice."""
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), 1, 3, n_outputs)
    inputs, truth = rng.normal(size=(1, n_samples)), rng.normal(size=network.n_params)
    targets = network.at(inputs, truth).values + noise * rng.normal(size=(n_outputs, n_samples))
    arrays = [xp.asarray(a) for a in (inputs, targets, rng.uniform(0.5, 2.0, n_samples))]
    start = truth + 0.2 * rng.normal(size=network.n_params)
    if duplicate:
        units, outer = network.unpack(start)
        start = network.pack(units[:, [0, 1, 1]], outer)
    risk = EmpiricalRisk(
        [Term(network, *arrays[:2], SquaredError(), arrays[2])], xp.asarray(alpha * network.penalty_mask(inputs))
    )
    return risk, xp.asarray(start)


def rows_of(objective, x):
    """Residuals and Jacobian of a sum of squares, those of a penalty last; NumPy."""
    if isinstance(objective, LeastSquares):
        return objective.at(x).residuals, objective.at(x).jacobian
    (term,) = objective.terms
    point, root, below = term.network.at(term.inputs, x), np.sqrt(term.weights), np.sqrt(objective.penalty)
    jacobian = np.moveaxis(point.jacobian() * root, 1, 2).reshape(-1, len(x))
    residuals = ((point.values - term.targets) * root).reshape(-1)
    return np.concatenate([residuals, below * x]), np.vstack([jacobian, np.diag(below)])


PROBLEMS = {
    "exponentials": exponentials,
    "network": network_risk,
    "one output, no penalty": lambda xp=np: network_risk(xp, 1, 0.0),
    "a unit twice": lambda xp=np: network_risk(xp, 2, 0.0, duplicate=True),
    "a unit twice, penalty": lambda xp=np: network_risk(xp, 2, 0.05, duplicate=True),
}
every_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def outer_indices(objective):
    return np.arange(objective.n_params)[objective.outer]


def inner_indices(objective):
    return np.setdiff1d(np.arange(objective.n_params), outer_indices(objective))


def reduced_residuals(objective, x):
    """Residuals at the inner parameters of `x` and their best coefficients, by `numpy.linalg.lstsq`."""
    outer = outer_indices(objective)
    residuals, jacobian = rows_of(objective, x)
    step = np.linalg.lstsq(jacobian[:, outer], -residuals, rcond=1e-12)[0]
    return residuals + jacobian[:, outer] @ step


def moved(x, index, step):
    y = x.copy()
    y[index] += step
    return y


def assert_never_rising(values):
    """But for rounding, as `check_solver` has it."""
    assert all(b <= a + 1e-14 * a for a, b in zip(values, values[1:], strict=False))


def path(objective, x0, solver, n_trials):
    states = [solver.init(objective, x0)]
    for _ in range(n_trials):
        states.append(solver.step(objective, states[-1]))
    return states


# -- the reduced problem


# where a unit is there twice, moving one of the two changes the rank: there is no derivative to compare with
@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "a unit twice"])
def test_golub_pereyra_is_the_derivative_of_the_reduced_residuals(xp, name):
    objective, x0 = PROBLEMS[name](xp)
    reference, _ = PROBLEMS[name]()
    point = VariableProjection().init(objective, x0).point
    x, h = to_host(point.params), 1e-6
    derivative = np.stack(
        [
            (reduced_residuals(reference, moved(x, i, h)) - reduced_residuals(reference, moved(x, i, -h))) / (2.0 * h)
            for i in inner_indices(reference)
        ],
        axis=1,
    )
    rows, residuals = (to_host(getattr(reduced_problem(point, full=True), key)) for key in ("rows", "residuals"))
    scale = np.abs(derivative.T @ derivative).max()
    np.testing.assert_allclose(rows.T @ rows, derivative.T @ derivative, atol=1e-7 * scale)
    gradient = derivative.T @ reduced_residuals(reference, x)
    np.testing.assert_allclose(rows.T @ residuals, gradient, atol=1e-7 * scale)
    np.testing.assert_allclose(to_host(reduced_problem(point, full=True).gradient), gradient, atol=1e-7 * scale)


@every_problem
def test_kaufman_is_the_projected_jacobian(xp, problem):
    objective, x0 = problem(xp)
    reference, _ = problem()
    point = VariableProjection().init(objective, x0).point
    residuals, jacobian = rows_of(reference, to_host(point.params))
    outer, inner = outer_indices(reference), inner_indices(reference)
    basis, values, _ = np.linalg.svd(jacobian[:, outer], full_matrices=False)
    basis = basis[:, values > 1e-12 * values[0]]
    projected = jacobian[:, inner] - basis @ (basis.T @ jacobian[:, inner])
    reduced = reduced_problem(point, full=False)
    rows, rest = to_host(reduced.rows), to_host(reduced.residuals)
    scale = np.abs(projected).max() ** 2
    np.testing.assert_allclose(rows.T @ rows, projected.T @ projected, atol=1e-11 * scale)
    np.testing.assert_allclose(rows.T @ rest, jacobian[:, inner].T @ residuals, atol=1e-11 * scale)
    np.testing.assert_allclose(to_host(reduced.matrix), rows.T @ rows, atol=1e-12 * scale)


def test_the_two_are_one_without_residuals_and_two_with_them():
    for noise, same in ((0.0, True), (0.1, False)):
        objective, _ = exponentials(noise=noise)
        x = np.concatenate([RATES[:2], COEFS[:3]])
        point = VariableProjection().init(objective, x).point
        kaufman, both = (reduced_problem(point, full).matrix for full in (False, True))
        difference = np.linalg.eigvalsh(both - kaufman)
        # the second part is a square of its own
        assert difference[0] > -1e-12
        assert bool(difference[-1] < 1e-12) is same


# -- runs


@every_kind
@every_problem
def test_coefficients_are_optimal_at_every_point_and_values_fall(xp, kind, problem):
    objective, x0 = problem(xp)
    reference, _ = problem()
    states = path(objective, x0, VariableProjection(jacobian=kind), 12)
    outer = outer_indices(reference)
    for state in states:
        x = to_host(state.params)
        residuals, jacobian = rows_of(reference, x)
        columns = jacobian[:, outer]
        share = np.abs(columns.T @ residuals) / np.linalg.norm(columns, axis=0)
        # what the residuals are sums of, and uncertain by
        assert np.max(share) < 1e-14 * np.linalg.norm(np.abs(columns) @ np.abs(x[outer]))
        # a basis that loses rank has coefficients, and residuals, to 1e-11 only
        np.testing.assert_allclose(state.point.value, 0.5 * np.sum(reduced_residuals(reference, x) ** 2), rtol=1e-11)
    assert_never_rising([state.point.value for state in states])
    assert states[-1].point.value < states[0].point.value


@every_kind
def test_it_finds_the_minimum_of_levenberg_marquardt(xp, kind):
    for objective, x0 in (exponentials(xp, noise=0.02), network_risk(xp)):
        ours, theirs = (
            minimize(objective, x0, solver, gtol=1e-7) for solver in (VariableProjection(jacobian=kind), LevenbergMarquardt())
        )
        assert ours.status is theirs.status is Status.GRADIENT
        assert ours.fun == pytest.approx(theirs.fun, rel=1e-11)
        # a network has several, units in another order or with other signs
        if isinstance(objective, LeastSquares):
            np.testing.assert_allclose(to_host(ours.x), to_host(theirs.x), rtol=1e-5)


@every_kind
@pytest.mark.parametrize(("n_terms", "noise"), [(3, 0.0), (2, 0.02)])
def test_it_takes_fewer_trials_than_levenberg_marquardt(kind, n_terms, noise):
    objective, x0 = exponentials(n_terms=n_terms, noise=noise)
    ours = minimize(objective, x0, VariableProjection(jacobian=kind), max_iter=500)
    theirs = minimize(objective, x0, LevenbergMarquardt(geodesic_acceleration=False), max_iter=500)
    assert ours.success and ours.nit < 0.7 * theirs.nit
    assert ours.fun <= theirs.fun * (1.0 + 1e-9) + 1e-25


@every_kind
@pytest.mark.parametrize(
    "norm", [cls().name for cls in map(vars(newtonreg.norms).get, newtonreg.norms.__all__) if hasattr(cls, "name")]
)
def test_every_norm_will_do(kind, norm):
    objective, x0 = exponentials()
    result = minimize(objective, x0, VariableProjection(jacobian=kind, norm=norm), max_iter=200)
    assert result.success and result.fun == pytest.approx(minimize(objective, x0, VariableProjection()).fun, rel=1e-9)


def test_a_trial_costs_two_values_and_a_wall_is_a_rejected_trial(xp):
    inside, x0 = exponentials(xp)
    wall = float(x0[0]) - 1e-3

    def residuals(x):
        return xp.where(x[0] >= wall, inside._residuals(x), xp.asarray(math.nan, dtype=xp.float64))

    objective = LeastSquares(residuals, 5, inside._jacobian, inside._hessians, outer=slice(2, None))
    result = minimize(objective, x0, VariableProjection(), max_iter=60)
    assert math.isfinite(result.fun) and np.all(np.isfinite(to_host(result.x)))
    assert_never_rising([record.value for record in result.history])
    assert any(not record.accepted for record in result.history) and result.nfev <= 2 * (result.nit + 1)


# -- degenerate problems


@every_kind
def test_more_coefficients_than_rows_are_fitted_and_the_run_ends(xp, kind):
    objective, x0 = exponentials(xp, n_terms=3, rows=3)
    result = minimize(objective, x0, VariableProjection(jacobian=kind))
    assert result.status in (Status.EXHAUSTED, Status.ZERO, Status.GRADIENT) and result.nit < 10
    assert result.fun < 1e-25


@every_kind
def test_as_many_rows_as_coefficients_and_one_more(kind):
    for rows in (4, 5, 6):
        objective, x0 = exponentials(n_terms=3, rows=rows, noise=0.0)
        result = minimize(objective, x0, VariableProjection(jacobian=kind), max_iter=300)
        assert result.success and result.fun < 1e-20


def test_coefficients_alone_are_a_linear_problem_solved_at_the_start(xp):
    matrix, rhs = np.random.default_rng(0).standard_normal((6, 3)), np.ones(6)
    a, b = xp.asarray(matrix), xp.asarray(rhs)
    objective = LeastSquares(lambda x: xp.matmul(a, x) - b, 3, lambda x: a, lambda x: xp.zeros((6, 3, 3)), outer=slice(None))
    result = minimize(objective, xp.zeros(3, dtype=xp.float64), VariableProjection())
    assert result.status is Status.GRADIENT and result.nit == 0
    np.testing.assert_allclose(to_host(result.x), np.linalg.lstsq(matrix, rhs)[0], rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_start_without_derivatives_is_no_start():
    objective = LeastSquares(lambda x: x[0] * anp.ones(4) + anp.sqrt(x[1]) * np.arange(4.0) - 1.0, outer=(0,))
    state = VariableProjection().init(objective, np.zeros(2))
    assert state.exhausted and math.isfinite(state.point.value)
    with pytest.raises(FloatingPointError, match="gradient has norm nan at the starting point"):
        minimize(objective, [0.0, 0.0], VariableProjection())


def poisson_risk():
    network = ShallowNetwork(Tanh(), 1, 2, 1)
    term = Term(network, np.ones((1, 4)), np.ones((1, 4)), Poisson(), np.ones(4))
    return EmpiricalRisk([term], np.zeros(network.n_params))


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (Analytic(lambda x: x @ x, 2), "needs residuals.*Analytic has none"),
        (poisson_risk(), r"needs residuals.*EmpiricalRisk of Poisson\(\) has none"),
        (
            LeastSquares(lambda x: x, 2),
            r"needs parameters that enter the residuals linearly; LeastSquares has none.*outer=\.\.\.",
        ),
        (LeastSquares(lambda x: x, 2, outer=()), "needs parameters that enter the residuals linearly"),
    ],
    ids=["Analytic", "Poisson", "no outer", "empty outer"],
)
def test_objectives_without_linear_parameters_are_refused_before_any_work(objective, message):
    with pytest.raises(TypeError, match=r"VariableProjection\(\) " + message):
        minimize(objective, np.ones(objective.n_params), VariableProjection())
    assert objective.counts == Counts()


# -- units and continuation


@every_kind
def test_units_that_are_powers_of_two_change_no_bit(kind):
    solver, units, unit = VariableProjection(jacobian=kind), 2.0 ** np.array([-20.0, 9.0, 0.0, 30.0, -7.0]), 2.0**11
    states = path(*exponentials(), solver, 12)
    others = path(*exponentials(units=units, unit=unit), solver, 12)
    assert states[-1].point.value < states[0].point.value
    for state, other in zip(states, others, strict=True):
        np.testing.assert_array_equal(other.params * units, state.params)
        assert other.point.value == unit**2 * state.point.value
        assert (other.control, other.accepted) == (state.control, state.accepted)


@every_kind
@every_problem
def test_a_detached_state_continues_bit_by_bit(kind, problem):
    solver, (objective, x0) = VariableProjection(jacobian=kind), problem()
    states = path(objective, x0, solver, 10)
    for start in (0, 4):
        state = pickle.loads(pickle.dumps(states[start].detached())).attached(objective)
        for expected in states[start + 1 :]:
            state = solver.step(objective, state)
            np.testing.assert_array_equal(state.params, expected.params)
            assert (state.control, state.accepted) == (expected.control, expected.accepted)


@pytest.mark.parametrize("bad", [{"jacobian": "exact"}, {"norm": "max"}, {"damping": "fast"}, {"initial_damping": -1.0}], ids=str)
def test_parameters_out_of_range_are_named(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}="):
        minimize(*exponentials(), VariableProjection(**bad))
