"""The shared test problems: derivatives, values that were computed elsewhere, and what is said to be known of each."""

import dataclasses
import math
import re

import numpy as np
import pytest

from newtonreg import TrustRegion, classify, minimize
from newtonreg.testing import check_hessian, more_garbow_hillstrom, saddles, taylor_slopes
from newtonreg.testing.claims import host
from newtonreg.testing.known import known_points

SUMS_OF_SQUARES = more_garbow_hillstrom.PROBLEMS
PROBLEMS = (*SUMS_OF_SQUARES, *saddles.PROBLEMS)

# F at the standard starting points, by fifty-digit arithmetic on residuals written for that purpose only.
START_VALUES = {
    "rosenbrock": 12.1,
    "freudenstein-roth": 200.25,
    "powell-badly-scaled": 0.56763085867418921,
    "brown-badly-scaled": 499999000001.5,
    "beale": 7.1015625,
    "jennrich-sampson": 2085.6530809802473,
    "helical-valley": 1250.0,
    "bard": 20.840847930839003,
    "gaussian": 1.944053495583401e-6,
    "gulf": 6.055352912784744,
    "box": 515.57690530469917,
    "powell-singular": 107.5,
    "wood": 9596.0,
    "kowalik-osborne": 0.0026565861360542707,
    "brown-dennis": 3963346.6684987162,
    "meyer": 846803904.71807295,
    "osborne-1": 0.43951314677232019,
    "biggs-exp6": 0.38953503782798523,
    "osborne-2": 1.046709757106032,
    "watson-6": 15.0,
    "watson-9": 15.0,
    "watson-12": 15.0,
    "extended-rosenbrock-10": 60.5,
    "extended-powell-singular-12": 322.5,
    "penalty-1-4": 442.53132,
    "penalty-1-10": 74016.282675,
    "penalty-2-4": 1.1700044027315123,
    "penalty-2-10": 81.326388282983562,
    "variably-dimensioned-10": 1099275.58125,
    "trigonometric-10": 0.0035378797331111007,
    "brown-almost-linear-10": 136.62402391433716,
    "discrete-boundary-value-10": 0.00039425955063241174,
    "discrete-integral-equation-10": 0.031708420789726317,
    "broyden-tridiagonal-10": 10.5,
    "broyden-banded-10": 180.0,
    "linear-full-rank": 12.5,
    "linear-rank-1": 42492.5,
    "linear-rank-1-zero": 7943.0,
    "chebyquad-8": 0.019308849142965136,
    "chebyquad-9": 0.014441490144113018,
    "chebyquad-10": 0.016881632731440014,
    "double-well": 0.5,
    "quadratic-saddle": 0.5,
    "monkey-saddle": 0.125,
    "bounded-monkey-saddle": 0.140625,
    "badly-scaled-quadratic": 500050.0050005,
    "flat-quartic": 0.75,
}


def each(problems):
    return pytest.mark.parametrize("problem", problems, ids=lambda problem: problem.name)


def each_known(kind):
    pairs = [(problem, known) for problem in PROBLEMS for known in getattr(problem, kind)]
    ids = [f"{problem.name}-{getattr(problem, kind).index(known)}" for problem, known in pairs]
    return pytest.mark.parametrize(("problem", "known"), pairs, ids=ids)


def beside(point, size, seed=1):
    """`point` with every coordinate moved by `size` of itself, a zero by a tenth of `size`."""
    point = np.asarray(point)
    scale = np.where(point == 0.0, 0.1, np.abs(point))
    return point + size * scale * np.random.default_rng(seed).uniform(-1.0, 1.0, point.size)


# -- derivatives


@each(PROBLEMS)
def test_gradient_and_hessian_pass_the_taylor_test(xp, problem):
    check_hessian(problem.objective(xp), xp.asarray(beside(problem.start, 0.1)))


@each(SUMS_OF_SQUARES)
def test_every_column_of_jacobian_and_hessians_passes_the_taylor_test(problem):
    """Coordinate by coordinate, each in its own unit: what `check_hessian` sees of a badly scaled problem is one parameter."""
    x = beside(problem.start, 0.1)
    objective = problem.objective(np)

    def moved(step):
        point = objective.at(x + step)
        return np.concatenate([point.residuals, np.ravel(point.jacobian / np.maximum(1.0, np.abs(x)))])

    for j in range(x.size):
        direction = np.zeros(x.size)
        direction[j] = max(abs(x[j]), 0.1)
        point = objective.at(x)
        bend = np.stack([objective.weighted_hessians(x, row) @ direction for row in np.eye(point.residuals.size)])
        slope = np.concatenate([point.jacobian @ direction, np.ravel(bend / np.maximum(1.0, np.abs(x)))])
        slopes = taylor_slopes(lambda size, d=direction: moved(size * d), [moved(0.0 * direction), slope], largest=2.0**-6)
        assert slopes[1] > 1.75


@each(SUMS_OF_SQUARES)
def test_products_with_the_transposed_jacobian_agree(xp, problem):
    """Jᵀ r(x + h v) = gradient + h (JᵀJ v) + h²/2 `second_directional`(v) + O(h³), J at x."""
    x = xp.asarray(beside(problem.start, 0.1))
    objective = problem.objective(xp)
    point = objective.at(x)
    v = xp.asarray(beside(problem.start, 1.0, seed=2) - np.asarray(problem.start))
    transposed = xp.matrix_transpose(point.jacobian)
    terms = [point.gradient, xp.matmul(point.gauss_newton, v), point.second_directional(v)]
    slopes = taylor_slopes(lambda size: xp.matmul(transposed, objective.at(x + size * v).residuals), terms, largest=2.0**-6)
    assert slopes[1] > 1.75 and slopes[2] > 2.75


@each(PROBLEMS)
def test_array_libraries_agree(xp, problem):
    ours, reference = problem.objective(xp).at(xp.asarray(problem.start)), problem.objective(np).at(np.asarray(problem.start))
    for name in ("value", "gradient", "hessian"):
        actual, expected = getattr(ours, name), np.asarray(getattr(reference, name))
        np.testing.assert_allclose(host(actual), expected, rtol=0.0, atol=1e-13 * np.abs(expected).max())
    assert type(ours.hessian) is type(xp.asarray(1.0)) and ours.hessian.dtype == xp.float64


# -- what is known


def test_all_thirty_five_problems_have_names_and_standard_values():
    names = [problem.name for problem in PROBLEMS]
    assert len(set(names)) == len(names) and set(names) == set(START_VALUES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)
    families = {re.sub(r"(?<=[a-z12])-\d+$", "", problem.name) for problem in SUMS_OF_SQUARES} - {"penalty"}
    assert len(SUMS_OF_SQUARES) == 41 and len(families) >= 33


@each(PROBLEMS)
def test_value_at_the_standard_start(problem):
    objective = problem.objective(np)
    assert objective.n_params == problem.n_params
    assert objective.at(np.asarray(problem.start)).value == pytest.approx(START_VALUES[problem.name], rel=1e-12)


@each(PROBLEMS)
def test_records_are_frozen_and_objectives_fresh(problem):
    with pytest.raises(dataclasses.FrozenInstanceError):
        problem.start = ()
    used = problem.objective(np)
    assert used.at(np.asarray(problem.start)).hessian.shape == (problem.n_params,) * 2
    assert used.counts.nhev == 1 and problem.objective(np).counts.nhev == 0
    values = [known.value for known in problem.minima]
    assert values == sorted(values)
    assert problem.minima or "Unbounded below" in problem.note


def test_a_table_of_numbers_becomes_points():
    first, second = known_points(2, "0.5 1 2\n  -1.0 3\n 4", index=1)
    assert (first.value, first.at, first.index) == (0.5, (1.0, 2.0), 1)
    assert (second.value, second.at) == (-1.0, (3.0, 4.0))


def check_stationary(problem, known):
    """The value, a gradient that is rounding noise, and the number of negative eigenvalues are those on record."""
    objective, x = problem.objective(np), np.asarray(known.at)
    assert x.shape == (problem.n_params,)
    point = objective.at(x)
    # Watson's with twelve parameters has residuals of 4e-6 from terms of order 1, so its tenth digit is rounding
    assert point.value == pytest.approx(known.value, rel=1e-9, abs=1e-28 * max(1.0, START_VALUES[problem.name]))
    if objective.is_sum_of_squares and known.value > 0.0:
        scale = np.linalg.norm(point.jacobian, axis=0) * np.linalg.norm(point.residuals)
        assert np.all(np.abs(point.gradient) <= 1e-9 * scale)
    elif known.value != 0.0:
        assert point.gradient_norm <= 1e-12
    assert classify(objective, x).index == known.index
    return objective, x


@each_known("minima")
def test_minima_are_stationary_and_runs_from_beside_them_end_there(problem, known):
    objective, x = check_stationary(problem, known)
    assert known.index == 0
    start = beside(x, 1e-3)
    result = minimize(objective, start, TrustRegion(), max_iter=200, gtol=1e-12)
    # a singular minimizer is approached linearly, until F is zero in the unit of the starting value
    assert result.fun == pytest.approx(known.value, rel=1e-9, abs=1e-20 * START_VALUES[problem.name])


@each_known("saddles")
def test_saddles_are_stationary_and_exact_curvature_leaves_them(problem, known):
    objective, x = check_stationary(problem, known)
    if known.index > 0:
        assert minimize(objective, x, TrustRegion(), max_iter=20).fun < known.value - 1e-3 * abs(known.value) - 1e-9
    else:
        # no eigenvalue tells, but there is less nearby
        values = [objective.at(x + 0.3 * direction).value for direction in _directions(x)]
        assert min(values) < known.value


def _directions(x):
    """Where F falls from the degenerate points: the arms of the monkey saddles, and Brown's curve (t, …, t, 11 − 10 t)."""
    if x.size == 2:
        return [np.array([-1.0, 0.0])]
    return [np.concatenate([np.ones(x.size - 1), [-float(x.size)]])]


@each_known("limits")
def test_limits_at_infinity_are_approached_along_their_paths(problem, known):
    """To first order in 1/s or faster, so that 2 F(4) − F(2) is nearly the limit."""
    objective = problem.objective(np)
    near, far = (objective.at(np.asarray(known.path(s))).value - known.value for s in (2.0, 4.0))
    assert 0.0 < abs(far) <= 0.6 * abs(near)
    assert abs(2.0 * far - near) <= 0.02 * known.value


@each(PROBLEMS)
def test_a_run_from_the_standard_start_ends_at_a_known_value(problem):
    objective, start = problem.objective(np), np.asarray(problem.start)
    if not problem.minima:
        assert minimize(objective, start, TrustRegion(), max_iter=60).fun < -1e6
        return
    result = minimize(objective, start, TrustRegion(), max_iter=300)
    unit = 1e-12 * START_VALUES[problem.name]
    gaps = [abs(result.fun - known.value) / max(abs(known.value), unit) for known in problem.minima]
    # a limit at infinity is approached like 1/s
    gaps += [1e-3 * abs(result.fun - limit.value) / limit.value for limit in problem.limits]
    assert min(gaps) < 1e-6


def test_newton_is_linear_at_the_singular_minimizer():
    """x⁴/4: a full Newton step leaves two thirds of x."""
    problem = next(problem for problem in PROBLEMS if problem.name == "flat-quartic")
    point = problem.objective(np).at(np.array([0.9, 0.0]))
    step = np.linalg.solve(point.hessian, -point.gradient)
    assert (point.params + step)[0] == pytest.approx(0.6, rel=1e-12)


def test_closed_forms():
    """Minimizers and values that have formulas are those of the tables."""
    find = {problem.name: problem for problem in PROBLEMS}
    root = math.sqrt(22.0)
    expected = [(53.0 - 4.0 * root) / 3.0, (2.0 - root) / 3.0], [(53.0 + 4.0 * root) / 3.0, (2.0 + root) / 3.0]
    freudenstein = find["freudenstein-roth"]
    for known, point in zip((freudenstein.minima[1], freudenstein.saddles[0]), expected, strict=True):
        np.testing.assert_allclose(known.at, point, rtol=1e-15)
    alpha = find["brown-almost-linear-10"].minima[1].at[0]
    assert 10.0 * alpha**10 - 11.0 * alpha**9 + 1.0 == pytest.approx(0.0, abs=1e-14)
    nodes = np.asarray(find["chebyquad-9"].minima[0].at)
    for degree in range(1, 10):
        assert np.mean(nodes**degree) == pytest.approx(1.0 / (degree + 1), rel=1e-13)
