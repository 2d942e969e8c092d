"""What holds for every solver that `newtonreg.solvers` exports, found by looking: a new one is tested without a line here.

Orders of convergence that are not here: quasi-Newton methods in test_quasi_newton.py, Gauss-Newton in test_solvers.py and
test_levenberg_marquardt.py, inexact Newton in test_krylov_runs.py, root finders in test_root_finders.py.
"""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from random_problems import random_problems

import newtonreg.curvatures
import newtonreg.norms
import newtonreg.solvers
import newtonreg.solvers.damping
import newtonreg.subproblems
from newtonreg import EmpiricalRisk, LeastSquares, minimize
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.curvatures import resolve_curvature
from newtonreg.losses import Binomial, Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import (
    BFGS,
    INNA,
    LBFGS,
    SR1,
    SSBFGS,
    AdagradDescent,
    Adam,
    CubicRegularization,
    DampedNewton,
    GradientDescent,
    GradientNormMinimization,
    LevenbergMarquardt,
    Newton,
    NewtonMR,
    RMSPropDescent,
    SaddleFreeNewton,
    SSBroyden,
    TrustRegion,
    VariableProjection,
)
from newtonreg.solvers.requirements import lacking
from newtonreg.subproblems import GLTR, MoreSorensen
from newtonreg.testing import check_solver, more_garbow_hillstrom, saddles


def discovered(module, *interface):
    """Classes that `module` exports, with a name and with `interface`."""
    exported = (getattr(module, name) for name in module.__all__)
    return [cls for cls in exported if all(hasattr(cls, attribute) for attribute in ("name", *interface))]


def names(module, *interface):
    return [cls.name for cls in discovered(module, *interface)]


SOLVERS = discovered(newtonreg.solvers, "init", "step")
SUBPROBLEMS = discovered(newtonreg.subproblems, "solve")


def each(classes):
    return pytest.mark.parametrize("cls", classes, ids=lambda cls: cls.name)


# -- configurations: parameters that are names, by the name of the parameter

CHOICES = {
    "curvature": names(newtonreg.curvatures, "at"),
    "norm": names(newtonreg.norms, "scaling"),
    "damping": names(newtonreg.solvers.damping, "accepted"),
    "safeguard": [None, "damped", "modified-cholesky", "armijo", "strong-wolfe"],
    "singular": ["pinv", "minimum-residual", "raise"],
    "jacobian": ["kaufman", "golub-pereyra"],
    "method": {"levenberg-marquardt": ["cholesky", "qr", "svd", "dual"], "newton-mr": ["dense", "krylov"]},
}


def choices(cls, parameter):
    """Names that `parameter` of a solver may have."""
    if parameter == "subproblem":
        return [sub.name for sub in SUBPROBLEMS if sub.control_name == cls.control_name]
    known = CHOICES.get(parameter, [])
    return known.get(cls.name, []) if isinstance(known, dict) else known


def variable(cls):
    """The parameters of `cls` for which there are names to choose from."""
    return [name for name in cls().get_params(deep=False) if choices(cls, name)]


# -- random problems

COUNTS = ("nfev", "njev", "nhev", "nhvp", "n_backprops")
BY_ROUNDING = 1e-14
"""In units of F, now or at the start, by which F may rise: the last steps are taken where gradients recommend them, because
differences of F are then the rounding of its terms."""


def is_raw_newton(solver):
    return solver.name == "newton" and solver.safeguard is None


def check_history(result):
    """A row a trial, counts that only grow, and a rejected trial changes nothing."""
    history = result.history
    assert [row.n_iter for row in history] == list(range(result.nit + 1))
    assert all(row.n_backprops == row.njev + row.nhvp for row in [*history, result])
    for before, after in itertools.pairwise(history):
        assert all(getattr(before, name) <= getattr(after, name) for name in COUNTS)
        assert after.accepted or (after.value, after.gradient_norm) == (before.value, before.gradient_norm)
    # the last look for a way out of a saddle comes after its row
    assert all(getattr(history[-1], name) <= getattr(result, name) for name in COUNTS)
    assert (result.nfev, result.njev) == (history[-1].nfev, history[-1].njev)
    assert result.fun in [row.value for row in history]


def check_run(solver, problem, max_iter=30):
    """A run of any solver on any problem ends at finite numbers, no higher than it began, and tells what it took."""
    objective, start = problem.make()
    assume(not lacking(solver, objective))
    initial = problem.make()[0].at(start)
    try:
        result = minimize(objective, start, solver, max_iter=max_iter)
    except np.linalg.LinAlgError as error:
        assert getattr(solver, "singular", "") == "raise" and "Pass singular='pinv'" in str(error)
        return
    assert result.nit <= max_iter
    assert math.isfinite(result.fun) and np.all(np.isfinite(result.x))
    assert result.fun == problem.make()[0].at(result.x).value
    if getattr(solver, "merit", "value") == "gradient":
        assert all(b.gradient_norm <= a.gradient_norm for a, b in itertools.pairwise(result.history))
    elif getattr(solver, "monotone", True):
        values = [initial.value, *(row.value for row in result.history)]
        assert all(b <= a + BY_ROUNDING * max(abs(a), abs(initial.value)) for a, b in itertools.pairwise(values))
    elif not is_raw_newton(solver):
        assert result.fun <= initial.value
    if not solver.requires:
        assert result.nhev == result.nhvp == 0
    check_history(result)


@each(SOLVERS)
@settings(max_examples=200)
@given(problem=random_problems())
def test_no_random_problem_breaks_a_solver(cls, problem):
    check_run(cls(), problem)


@each([cls for cls in SOLVERS if variable(cls)])
@settings(max_examples=200)
@given(data=st.data())
def test_no_random_problem_breaks_a_solver_in_another_configuration(cls, data):
    solver = cls(**{name: data.draw(st.sampled_from(choices(cls, name))) for name in variable(cls)})
    check_run(solver, data.draw(random_problems()))


# -- the contract

CHECKED_ELSEWHERE = {
    "test_quasi_newton.py": (BFGS, LBFGS, SR1, SSBFGS, SSBroyden),
    "test_first_order.py": (AdagradDescent, Adam, GradientDescent, RMSPropDescent),
    "test_root_finders.py": (GradientNormMinimization, NewtonMR),
    "test_cubic.py": (CubicRegularization,),
    "test_levenberg_marquardt.py": (LevenbergMarquardt,),
    "test_newton.py": (DampedNewton, Newton, SaddleFreeNewton),
    "test_inna.py": (INNA,),
}
"""With bounds of their own. Of `VariableProjection` the check asks too much: its runs start at other coefficients than x0."""
HERE = [cls for cls in SOLVERS if cls is not VariableProjection and cls not in sum(CHECKED_ELSEWHERE.values(), ())]


@each(HERE)
def test_contract(xp, cls):
    check_solver(cls(), xp)


@each(HERE)
def test_contract_in_every_configuration(cls):
    """But with steps along −g alone, which take longer."""
    for values in itertools.product(*(choices(cls, name) for name in variable(cls))):
        if "cauchy" not in values:
            check_solver(cls(**dict(zip(variable(cls), values, strict=True))))


def test_other_files_check_the_contract_of_the_others():
    for file, classes in CHECKED_ELSEWHERE.items():
        text = Path(__file__).with_name(file).read_text(encoding="utf-8")
        assert "check_solver(" in text and all(f"{cls.__name__}(" in text for cls in classes)


# -- known minima and saddles

MINIMIZERS = [TrustRegion(), CubicRegularization(), LevenbergMarquardt()]


def run_from_standard_start(problem, xp, solver):
    with np.errstate(over="ignore", invalid="ignore"):
        return minimize(problem.objective(xp), xp.asarray(problem.start, dtype=xp.float64), solver)


def trials_to(result, value):
    """Trials after which F has come as near to `value` as 1e-4 of the way; later ones may hang on rounding."""
    near = value + 1e-4 * (result.history[0].value - value)
    return next(row.n_iter for row in result.history if row.value <= near)


@pytest.mark.parametrize("solver", MINIMIZERS, ids=lambda solver: solver.name)
@pytest.mark.parametrize("problem", more_garbow_hillstrom.PROBLEMS, ids=lambda problem: problem.name)
def test_a_known_minimum_is_reached_from_every_standard_start(xp, problem, solver):
    result = run_from_standard_start(problem, xp, solver)
    # a zero is approached until F vanishes in the unit of its first value
    zero = 1e-20 * result.history[0].value
    reached = [known for known in problem.minima if abs(result.fun - known.value) <= 1e-8 * known.value + zero]
    assert reached and result.success
    reference = run_from_standard_start(problem, np, solver)
    # another library rounds otherwise, which may cost a trial or two on a long way
    steps, expected = trials_to(result, reached[0].value), trials_to(reference, reached[0].value)
    assert abs(steps - expected) <= max(1, 0.1 * expected)


SADDLES = [
    (problem, known)
    for problem in (*more_garbow_hillstrom.PROBLEMS, *saddles.PROBLEMS)
    for known in problem.saddles
    if known.index > 0
]


@each([cls for cls in SOLVERS if hasattr(cls, "leaves_saddle") and resolve_curvature(cls().curvature).is_exact])
def test_saddles_are_left(cls):
    assert len(SADDLES) >= 8
    for problem, known in SADDLES:
        result = minimize(problem.objective(np), np.asarray(known.at), cls(), max_iter=20)
        assert result.fun < known.value - 1e-3 * abs(known.value) - 1e-9, problem.name


# -- networks and a curve


def network_risk(xp=np, loss=None):
    """A network of two inputs on noisy data of another one, and a start beside that one's parameters."""
    rng = np.random.RandomState(0)
    network, loss = ShallowNetwork(Tanh(), 2, 2, 1), loss or SquaredError()
    inputs, truth = rng.normal(size=(2, 60)), rng.normal(size=network.n_params)
    raw = network.at(inputs, truth).values
    draw = {
        "squared_error": lambda: raw + 0.3 * rng.normal(size=raw.shape),
        "poisson": lambda: rng.poisson(np.exp(raw)).astype(float),
        "binomial": lambda: (rng.uniform(size=raw.shape) < 1.0 / (1.0 + np.exp(-raw))).astype(float),
    }
    arrays = [xp.asarray(array) for array in (inputs, draw[loss.name](), np.ones(60))]
    risk = EmpiricalRisk([Term(network, *arrays[:2], loss, arrays[2])], 0.1 * network.penalty_mask(arrays[0]))
    return risk, xp.asarray(truth + 0.03 * rng.normal(size=network.n_params))


def decay(xp=np):
    """b_0 exp(−b_1 t) + b_2 on noisy data, the coefficients b_0 and b_2 linear, and a start."""
    t = np.linspace(0.0, 4.0, 25)
    y = xp.asarray(3.0 * np.exp(-0.8 * t) + 0.5 + 0.05 * np.random.RandomState(0).normal(size=25))
    t = xp.asarray(t)
    zero, one = xp.zeros_like(t), xp.ones_like(t)

    def jacobian(b):
        e = xp.exp(-b[1] * t)
        return xp.stack([e, -b[0] * t * e, one], axis=1)

    def hessians(b):
        e = xp.exp(-b[1] * t)
        rows = [[zero, -t * e, zero], [-t * e, b[0] * t * t * e, zero], [zero, zero, zero]]
        return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)

    curve = LeastSquares(lambda b: b[0] * xp.exp(-b[1] * t) + b[2] - y, 3, jacobian, hessians, outer=[0, 2])
    return curve, xp.asarray([2.0, 1.0, 0.0])


@pytest.mark.parametrize("make", [network_risk, decay], ids=lambda make: make.__name__)
@each(SOLVERS)
def test_array_libraries_walk_the_same_path(xp, cls, make):
    results = []
    for namespace in (np, xp):
        objective, start = make(namespace)
        results.append(minimize(objective, start, cls(), max_iter=25))
    one, other = ([(row.value, row.control) for row in result.history] for result in results)
    assert abs(len(one) - len(other)) <= 1
    np.testing.assert_allclose(*zip(*zip(one, other, strict=False), strict=True), rtol=1e-6)
    np.testing.assert_allclose(to_host(results[1].x), results[0].x, rtol=1e-6, atol=1e-8)


# -- work


MATRIX_FREE = [
    *(
        TrustRegion(curvature, norm, subproblem.name)
        for curvature in ("exact", "gauss-newton")
        for norm in ("spherical", "adagrad", "rmsprop")
        for subproblem in SUBPROBLEMS
        if not getattr(subproblem, "needs_matrix", True)
    ),
    NewtonMR(method="krylov"),
    GradientNormMinimization(),
    Newton(singular="minimum-residual"),
]


@pytest.mark.parametrize("solver", MATRIX_FREE, ids=str)
def test_matrix_free_methods_take_products_only(solver):
    result = minimize(*network_risk(), solver, max_iter=12)
    check_history(result)
    assert result.nhev == 0 < result.nhvp


@each(SOLVERS)
def test_work_on_a_network_is_what_the_solver_says_it_needs(cls):
    result = minimize(*network_risk(), cls(), max_iter=12)
    check_history(result)
    assert result.nfev >= 1 and result.njev >= 1
    assert (result.nhev + result.nhvp > 0) == bool(cls().requires)


# -- quadratic convergence

QUADRATIC = [
    Newton(),
    TrustRegion(subproblem="spectral"),
    TrustRegion(subproblem=MoreSorensen(rtol=1e-10)),
    TrustRegion(norm="spherical", subproblem=GLTR(rtol=1e-12)),
    CubicRegularization(),
]
FIND = {problem.name: problem for problem in more_garbow_hillstrom.PROBLEMS}
CURVES = ("freudenstein-roth", "jennrich-sampson", "bard", "kowalik-osborne", "brown-dennis", "chebyquad-8")


def minimizer_with_residuals(name):
    """An objective and a nonsingular minimizer of it with F > 0."""
    if name in FIND:
        known = next(known for known in FIND[name].minima if known.value > 0.0)
        return FIND[name].objective(np), np.asarray(known.at)
    risk, start = network_risk(loss={"poisson": Poisson(), "binomial": Binomial()}[name])
    return risk, minimize(risk, start, TrustRegion(), gtol=1e-15).x


def order(solver, objective, best, direction):
    """Square root of the slope of ‖∇F‖ after two steps over the distance of the start, in logarithms: no constant is left in it.

    From the three shortest distances that leave more than rounding, a hundred times the gradient at the minimizer.
    """
    errors, rounding = [], 100.0 * objective.at(best).gradient_norm
    for distance in 2.0 ** -np.arange(4, 20):
        first = solver.step(objective, solver.init(objective, best + distance * direction))
        second = solver.step(objective, first)
        if second.point.gradient_norm <= rounding:
            break
        errors = [*errors, second.point.gradient_norm] if first.accepted and second.accepted else []
    return math.sqrt(0.5 * math.log2(errors[-3] / errors[-1]))


@pytest.mark.parametrize("solver", QUADRATIC, ids=str)
@pytest.mark.parametrize("name", [*CURVES, "poisson", "binomial"])
def test_convergence_is_quadratic(name, solver):
    objective, best = minimizer_with_residuals(name)
    values = np.linalg.eigvalsh(objective.at(best).hessian)
    assert values[0] > 1e-6 * values[-1]
    scale = np.maximum(np.abs(best), 0.1)
    for seed in range(3):
        direction = scale * np.random.default_rng(seed).normal(size=best.size)
        if isinstance(solver, CubicRegularization):
            # the first sigma is a guess from far away: take one that a run has come to
            sigma = minimize(objective, best + 0.01 * direction, CubicRegularization(), gtol=0.0).history[-1].control
            solver = CubicRegularization(initial_sigma=sigma)
        assert 1.9 <= order(solver, objective, best, direction) <= 2.1
