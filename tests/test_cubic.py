"""Cubic regularization: certificates of the subproblem, and the solver's orders, saddles, work and test problems."""

import math

import numpy as np
import pytest
import scipy.optimize
from quadratic_models import CASES, INDEFINITE, POSITIVE, model_of, random_problem, rotated
from sklearn.base import BaseEstimator

from newtonreg import Analytic, EmpiricalRisk, Status, classify, minimize
from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.norms import Scaling
from newtonreg.objectives import Term
from newtonreg.solvers import CubicRegularization
from newtonreg.subproblems import Cubic, Spectral, cubic_secular
from newtonreg.testing import check_solver, check_subproblem, more_garbow_hillstrom
from newtonreg.testing.problems import linear_least_squares, rosenbrock

SIGMAS = [1e-12, 1e-3, 1.0, 1e3, 1e12]


def violation(problem, sigma, step):
    """Largest violation of (B + λI) p = −g, λ = σ ‖p‖, B + λI ⪰ 0, relative to ‖g‖ + ‖B + λI‖ ‖p‖ and to λ."""
    (matrix, gradient), p, multiplier = problem, to_host(step.p), step.multiplier
    values, length = np.linalg.eigvalsh(matrix), np.linalg.norm(p)
    size = max(abs(values[0]), abs(values[-1])) + multiplier
    scale = np.linalg.norm(gradient) + size * length
    residual = np.linalg.norm(matrix @ p + multiplier * p + gradient)
    conditions = [
        residual / scale if scale else residual,
        abs(multiplier - sigma * length) / multiplier if multiplier else sigma * length,
        -(values[0] + multiplier) / size if size else 0.0,
        abs(length - step.norm),
    ]
    return max(0.0, *conditions[:3], conditions[3] / length if length else conditions[3])


def cubic_model(problem, sigma):
    """m(p), its gradient and its Hessian."""
    matrix, gradient = problem

    def value(p):
        return gradient @ p + 0.5 * p @ matrix @ p + sigma / 3.0 * np.linalg.norm(p) ** 3

    def hessian(p):
        length = np.linalg.norm(p)
        outer = np.outer(p, p) / length if length else 0.0
        return matrix + sigma * (length * np.eye(p.size) + outer)

    return value, lambda p: gradient + matrix @ p + sigma * np.linalg.norm(p) * p, hessian


# -- the subproblem


def test_contract(xp):
    check_subproblem(Cubic(), control="sigma", xp=xp)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("name", CASES)
def test_certificate(xp, name, sigma):
    problem = CASES[name][0]
    step = Cubic().solve(model_of(problem, xp), sigma)
    assert violation(problem, sigma, step) <= 1e-10
    assert not step.on_boundary
    assert type(step.multiplier) is type(step.norm) is type(step.predicted_reduction) is float


def test_certificate_on_random_problems():
    for seed in range(560):
        problem, scale = random_problem(seed)
        assert violation(problem, scale**3, Cubic().solve(model_of(problem), scale**3)) <= 1e-10, seed


@pytest.mark.parametrize("lowest", [1e-4, 1e-6, 1e-8, 1e-10, 1e-12, 1e-14, 0.0])
def test_the_nearly_hard_case_tends_to_the_hard_one(lowest):
    """There λ = −w_1, and the lowest eigenvector makes ‖p‖ up to λ / σ."""
    problem = rotated(INDEFINITE, [lowest, -0.3, 0.5, 0.2, -1.0])
    step = Cubic().solve(model_of(problem), 1.0)
    assert violation(problem, 1.0, step) <= 1e-12
    assert step.multiplier == pytest.approx(2.0, rel=1e-12, abs=2.0 * lowest)
    assert step.norm == pytest.approx(2.0, rel=1e-12, abs=2.0 * lowest)


def test_predicted_reduction_is_that_of_the_cubic_model():
    for seed in range(140):
        problem, scale = random_problem(seed)
        step = Cubic().solve(model_of(problem), scale)
        value, _, _ = cubic_model(problem, scale)
        size = abs(problem[1] @ step.p) + np.linalg.norm(problem[0], 2) * step.norm**2 + scale * step.norm**3
        assert step.predicted_reduction >= 0.0
        assert abs(step.predicted_reduction + value(step.p)) <= 1e-13 * size, seed


def test_scipy_finds_nothing_lower_on_the_cubic_model():
    rng = np.random.default_rng(0)
    for seed in range(0, 42, 2):
        problem, scale = random_problem(seed, max_size=6)
        value, gradient, hessian = cubic_model(problem, scale)
        step = Cubic().solve(model_of(problem), scale)
        for _ in range(3):
            start = step.norm * rng.standard_normal(problem[1].size)
            found = scipy.optimize.minimize(value, start, jac=gradient, hess=hessian, method="trust-exact")
            assert found.fun >= -(1.0 + 1e-9) * step.predicted_reduction, seed


def test_small_sigma_gives_newtons_step_and_a_large_one_steepest_descent():
    matrix, gradient = rotated(POSITIVE, [1.0, -0.3, 0.5, 2.0, -1.0])
    newton = -np.linalg.solve(matrix, gradient)
    size = np.linalg.norm(gradient)
    for sigma in (1e-15, 1e-100, 1e-300, 5e-324):
        np.testing.assert_allclose(Cubic().solve(model_of((matrix, gradient)), sigma).p, newton, rtol=1e-12)
    for sigma in (1e30, 1e100, 1e300):
        step = Cubic().solve(model_of((matrix, gradient)), sigma)
        np.testing.assert_allclose(step.p * math.sqrt(sigma), -gradient / math.sqrt(size), rtol=1e-12)


def test_the_step_is_the_trust_region_step_of_its_own_length():
    for seed in range(70):
        problem, scale = random_problem(seed)
        step = Cubic().solve(model_of(problem), scale)
        inside = Spectral().solve(model_of(problem), step.norm)
        quadratic = step.predicted_reduction + scale / 3.0 * step.norm**3
        assert quadratic == pytest.approx(inside.predicted_reduction, rel=1e-9), seed


@pytest.mark.parametrize("exponent", [-40, -20, 20, 40])
def test_units_do_not_matter(exponent):
    (matrix, gradient), _, _ = CASES["nearly hard, 1e-8"]
    unit, expected = 10.0**exponent, Cubic().solve(model_of((matrix, gradient)), 0.7)
    of_f = Cubic().solve(model_of((unit * matrix, unit * gradient)), 0.7 * unit)
    of_p = Cubic().solve(model_of((matrix / unit**2, gradient / unit)), 0.7 / unit**3)
    assert of_f.norm == pytest.approx(expected.norm, rel=1e-12)
    assert of_p.norm == pytest.approx(unit * expected.norm, rel=1e-12)
    assert of_p.predicted_reduction == pytest.approx(expected.predicted_reduction, rel=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_gets_no_step(xp, bad):
    matrix, gradient = np.diag([1.0, 2.0]), np.ones(2)
    wrong_matrix, wrong_gradient = np.full((2, 2), bad), np.array([1.0, bad])
    cases = [((wrong_matrix, gradient), 1.0), ((matrix, wrong_gradient), 1.0), ((matrix, gradient), bad)]
    # no float64 says how far down an indefinite model goes without resistance
    for problem, sigma in [*cases, ((matrix, gradient), 0.0), ((-matrix, gradient), 1e-300)]:
        step = Cubic().solve(model_of(problem, xp), sigma)
        assert to_host(step.p).tolist() == [0.0, 0.0] and step.predicted_reduction == step.norm == 0.0


def test_secular_equation_takes_few_iterations_and_a_model_one_decomposition(counted):
    evaluations, decompositions, calls = counted(cubic_secular, "divided"), counted(linalg, "eigh"), []
    for seed in range(280):
        problem, scale = random_problem(seed)
        model = model_of(problem)
        for sigma in (1e-6 * scale, scale, 1e6 * scale):
            before = evaluations.calls
            Cubic().solve(model, sigma)
            calls.append(evaluations.calls - before)
    # up to two of them are not iterations
    assert np.mean(calls) < 6 and max(calls) <= 15
    assert decompositions.calls == 280


# -- the solver


def curve(noise=0.3, alpha=0.1, xp=np, n_units=2):
    """A small network with residuals and a penalty, and a start beside the truth."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(1, 40))
    network = ShallowNetwork(Tanh(), 1, n_units, 1)
    truth = rng.normal(size=network.n_params)
    targets = network.at(inputs, truth).values + noise * rng.normal(size=(1, 40))
    arrays = [xp.asarray(a) for a in (inputs, targets, np.ones(40))]
    penalty = alpha * network.penalty_mask(arrays[0])
    risk = EmpiricalRisk([Term(network, arrays[0], arrays[1], SquaredError(), arrays[2])], penalty)
    return risk, xp.asarray(truth + 0.1 * rng.normal(size=network.n_params))


@pytest.mark.parametrize(
    "solver",
    [
        CubicRegularization(),
        CubicRegularization(norm="column-scaling"),
        CubicRegularization(norm="hessian-ellipsoid"),
        CubicRegularization(curvature="gauss-newton"),
        CubicRegularization(curvature="sr1"),
        CubicRegularization(initial_sigma=1e-12),
        CubicRegularization(initial_sigma=1e12),
    ],
    ids=str,
)
def test_solver_contract(xp, solver):
    check_solver(solver, xp)


@pytest.mark.parametrize("problem", more_garbow_hillstrom.PROBLEMS, ids=lambda problem: problem.name)
def test_every_standard_start_leads_to_a_known_minimum(problem):
    with np.errstate(over="ignore", invalid="ignore"):
        result = minimize(problem.objective(np), np.asarray(problem.start), CubicRegularization(), max_iter=1000)
    start = result.history[0].value
    assert any(abs(result.fun - known.value) <= 1e-8 * known.value + 1e-12 * start for known in problem.minima)
    assert result.success


def test_convergence_is_quadratic():
    risk, start = curve()
    norms = [r.gradient_norm for r in minimize(risk, start, CubicRegularization(), gtol=1e-13).history if r.accepted]
    kept = [g for g in norms if 1e-12 < g < 1e-1]
    orders = [math.log(c / b) / math.log(b / a) for a, b, c in zip(kept, kept[1:], kept[2:], strict=False)]
    assert orders[-1] >= 1.8


def test_a_convex_quadratic_takes_about_one_step_without_resistance(xp):
    solver = CubicRegularization(initial_sigma=1e-20)
    assert minimize(linear_least_squares(xp), xp.zeros(3, dtype=xp.float64), solver, gtol=1e-10).nit <= 2


@pytest.mark.parametrize("start", [(0.0, 0.0), (0.0, 0.5), (1e-9, -1e-9)])
def test_saddles_are_left(xp, start):
    well = Analytic(
        lambda x: x[0] ** 4 / 4.0 - x[0] ** 2 / 2.0 + x[1] ** 2 / 2.0,
        2,
        gradient=lambda x: xp.stack([x[0] ** 3 - x[0], x[1]]),
        hessian=lambda x: xp.stack([xp.stack([3.0 * x[0] ** 2 - 1.0, 0.0 * x[0]]), xp.stack([0.0 * x[0], 0.0 * x[0] + 1.0])]),
    )
    result = minimize(well, xp.asarray(list(start)), CubicRegularization())
    np.testing.assert_allclose(np.abs(to_host(result.x)), [1.0, 0.0], atol=1e-8)
    assert classify(well, result.x).kind == "minimum"
    held = minimize(well, xp.asarray([0.0, 0.0]), CubicRegularization(curvature="saddle-free"))
    assert held.nit == 0 and held.status is Status.GRADIENT


def test_backends_walk_the_same_path(xp):
    results = []
    for namespace in (np, xp):
        risk, start = curve(xp=namespace, n_units=3, noise=0.1, alpha=1e-2)
        results.append(minimize(risk, start, CubicRegularization(), max_iter=15))
    one, other = ([(r.accepted, r.value, r.control) for r in result.history] for result in results)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_neither_the_unit_of_f_nor_that_of_the_parameters_matters():
    def valley(x):
        return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

    start = np.array([-1.2, 1.0])
    paths = [
        minimize(Analytic(lambda x, f=f, u=u: f * valley(x / u), 2), u * start, CubicRegularization(), max_iter=20).history
        for f, u in [(1.0, 1.0), (2.0**60, 1.0), (1.0, 2.0**20), (2.0**-40, 2.0**-30)]
    ]
    for path in paths[1:]:
        np.testing.assert_allclose([r.ratio for r in path], [r.ratio for r in paths[0]], rtol=1e-6)


class FixedScaling(BaseEstimator):
    """‖S⁻¹p‖ with the same S everywhere."""

    name = "fixed-scaling"

    def __init__(self, scales):
        self.scales = scales

    def scaling(self, evaluation, curvature, previous):
        """p = diag(scales) q."""
        return Scaling(diagonal=self.scales)


def test_a_norm_is_a_change_of_variables():
    def valley(x):
        return 5.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2

    scales, start = np.array([0.3, 4.0]), np.array([-1.2, 1.0])
    one = minimize(Analytic(valley, 2), start, CubicRegularization(norm=FixedScaling(scales)), max_iter=12)
    other = minimize(Analytic(lambda u: valley(scales * u), 2), start / scales, CubicRegularization(), max_iter=12)
    np.testing.assert_allclose(one.x, scales * other.x, rtol=1e-8)


def test_a_rejected_trial_costs_one_value(counted):
    decompositions = counted(linalg, "eigh")
    result = minimize(rosenbrock(np), np.array([-1.2, 1.0]), CubicRegularization(initial_sigma=1e-6))
    rejected = sum(not record.accepted for record in result.history)
    assert rejected >= 2
    assert decompositions.calls <= result.nhev == result.nit + 1 - rejected
    assert result.nfev == result.nit + 1


@pytest.mark.parametrize("sigma", [1e-10, 1e-5, 1e5, 1e10])
def test_sigma_is_found_from_what_was_seen(sigma):
    """A factor of 1e10 takes a few trials to put right: at most a thousand at a time up, five down."""
    quartic = Analytic(lambda x: 0.25 * x[0] ** 4 - x[0], 1)
    history = minimize(quartic, np.array([-3.0]), CubicRegularization(initial_sigma=sigma)).history
    assert history[-1].value == pytest.approx(-0.75) and len(history) < 40
    assert sum(not record.accepted for record in history) <= 8


def test_parameters_are_checked():
    start = np.array([-1.2, 1.0])
    wrong = {"initial_sigma": 0.0, "eta1": 1.5, "eta2": 0.05, "increase": 0.5, "decrease": 0.2, "min_sigma": -1.0}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"{name}={value!r}"):
            CubicRegularization(**{name: value}).init(rosenbrock(np), start)
    with pytest.raises(ValueError, match="subproblem='spectral' takes a radius"):
        CubicRegularization(subproblem="spectral").init(rosenbrock(np), start)
