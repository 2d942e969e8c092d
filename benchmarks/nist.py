"""NIST's nonlinear regression problems: how many certified digits each solver reaches, and from which start."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pages import table
from scipy.optimize import least_squares
from tables import Table

from newtonreg import Analytic, LeastSquares, LevenbergMarquardt, TrustRegion, VariableProjection, minimize
from newtonreg.testing import nist

__all__ = ["markdown", "run"]

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "nist_strd"
_MAX_ITER = 5000
"""That of `minimize`, for SciPy too."""
_TIGHT = 1e-15
"""SciPy's tolerances: MINPACK refuses to go below the rounding unit, and much above it stops some digits early."""
_PASSED = (8, 4)
"""Digits that the last rows count."""

_NOTES = (
    "An entry: correct digits of the worst parameter (11 are certified), evaluations of the residuals, why the run stopped.",
    f"Start 1 is far from the certified parameters, start 2 near. At most {_MAX_ITER} trials; default tolerances.",
    f"SciPy gets the same Jacobian, x_scale='jac' and tolerances of {_TIGHT:g}.",
)


class _Outcome(NamedTuple):
    """Where a run ended, how often it evaluated the residuals, and why it stopped."""

    x: Any
    n_values: int
    reason: str


class _Score(NamedTuple):
    """Correct digits of the worst parameter, and what that took."""

    digits: float
    n_values: int
    reason: str


def run(options):
    """Print the table."""
    folder = options.data or _DATA
    paths = sorted(folder.glob("*.dat"))
    if not paths:
        print(f"\nNo .dat files in {folder}: the table of NIST's problems is left out; --data names another folder")
        return
    columns = [("problem", "", 9), ("start", "d"), *((heading, "", 24) for heading in _METHODS)]
    printed = Table(f"Nonlinear regression, {len(paths)} problems of NIST's", columns, _NOTES)
    rows = []
    for path in paths:
        for number in (2,) if options.quick else (1, 2):
            rows.append(_scores(path, number))
            texts = (score and f"{score.digits:4.1f} {score.n_values:5d} {score.reason}" for score in rows[-1])
            printed.row(path.stem, number, *texts)
    printed.gap()
    for passed in _PASSED:
        printed.row(f">= {passed}", None, *(_count(column, passed) for column in zip(*rows, strict=True)))


def markdown(folder=None):
    """Digits of every run as Markdown, and how many runs reach enough of them: of all, and of those beside the checkout."""
    scores = {path.stem: (_scores(path, 1), _scores(path, 2)) for path in sorted((folder or _DATA).glob("*.dat"))}
    if not scores:
        raise SystemExit(f"no .dat files in {folder or _DATA}; --data names another folder")
    rows = []
    for name, starts in scores.items():
        rows.append([name, *_pairs([["-" if score is None else f"{score.digits:.1f}" for score in start] for start in starts])])
    beside = [name for name in scores if (_DATA / f"{name}.dat").exists()]
    for names in (list(scores), beside):
        for passed in _PASSED:
            counts = [[_count(column, passed) for column in _columns(scores, names, start)] for start in (0, 1)]
            rows.append([f"≥ {passed} digits, of {len(names)} problems", *_pairs(counts)])
    separable = [name for name, starts in scores.items() if None not in starts[0]]
    means = [[f"{_mean(column):.0f}" for column in _columns(scores, separable, start)] for start in (0, 1)]
    rows.append([f"evaluations, mean of {len(separable)} problems", *_pairs(means)])
    headings = (heading if heading.startswith("SciPy") else f"`{heading}`" for heading in _METHODS)
    return table(["problem", *headings], rows) + "\n"


def _columns(scores, names, start):
    """The scores of each method."""
    return zip(*(scores[name][start] for name in names), strict=True)


def _pairs(texts):
    """What two starts gave, method by method."""
    return [" / ".join(pair) for pair in zip(*texts, strict=True)]


def _mean(scores):
    """Geometric mean of the evaluations."""
    return np.exp(np.mean([np.log(score.n_values) for score in scores]))


def _count(scores, passed):
    """How many of the runs reach `passed` digits; runs that do not apply are left out."""
    digits = [score.digits for score in scores if score is not None]
    return f"{sum(least >= passed for least in digits)} of {len(digits)}"


def _scores(path, number):
    """`_Score` of every method from one of the two starts, None where the method does not apply."""
    record = nist.read(path)
    problem, scores = nist.problem(record), []
    for method in _METHODS.values():
        outcome = _attempt(method, problem, record.starts[number - 1])
        digits = None if outcome is None else float(np.min(nist.digits(outcome.x, record.certified)))
        scores.append(None if outcome is None else _Score(digits, outcome.n_values, outcome.reason))
    return scores


def _attempt(method, problem, start):
    """The outcome, also of a run that ends with an error, or None where the method does not apply."""
    # what autograd does after a residual function has returned may overflow as well
    with np.errstate(all="ignore"):
        try:
            return method(problem, start)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
            return _Outcome(np.full_like(start, np.nan), 0, type(error).__name__)


def _least_squares(problem):
    return LeastSquares(problem.residuals, problem.n_params, outer=problem.outer or None)


def _minimized(objective, start, solver):
    result = minimize(objective, start, solver, max_iter=_MAX_ITER)
    return _Outcome(result.x, result.nfev, result.status.name.lower())


def _levenberg_marquardt(problem, start):
    return _minimized(_least_squares(problem), start, LevenbergMarquardt())


def _trust_region(problem, start):
    return _minimized(Analytic(problem.half_square, problem.n_params), start, TrustRegion())


def _variable_projection(problem, start):
    return _minimized(_least_squares(problem), start, VariableProjection()) if problem.outer else None


def _scipy(problem, start):
    objective = _least_squares(problem)
    tolerances = {"ftol": _TIGHT, "xtol": _TIGHT, "gtol": _TIGHT, "max_nfev": _MAX_ITER}
    result = least_squares(
        problem.residuals, start, jac=lambda b: objective.at(b).jacobian, method="lm", x_scale="jac", **tolerances
    )
    return _Outcome(result.x, result.nfev, _SCIPY_REASONS[result.status])


_SCIPY_REASONS = {-1: "refused", 0: "max_iter", 1: "gtol", 2: "ftol", 3: "xtol", 4: "ftol, xtol"}

_METHODS = {
    "LevenbergMarquardt()": _levenberg_marquardt,
    "TrustRegion()": _trust_region,
    "VariableProjection()": _variable_projection,
    "SciPy least_squares, lm": _scipy,
}
