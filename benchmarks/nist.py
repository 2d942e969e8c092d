"""NIST's nonlinear regression problems: how many certified digits each solver reaches, and from which start."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import least_squares
from tables import Table

import newtonreg.solvers
from newtonreg import Analytic, LeastSquares, LevenbergMarquardt, TrustRegion, minimize
from newtonreg.testing import nist

__all__ = ["run"]

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "nist_strd"
_MAX_ITER = 2000
_TIGHT = 1e-15
"""SciPy's tolerances: MINPACK refuses to go below the rounding unit, and much above it stops some digits early."""
_PASSED = (4, 8)
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


def run(options):
    """Print the table."""
    folder = options.data or _DATA
    paths = sorted(folder.glob("*.dat"))
    if not paths:
        print(f"\nNo .dat files in {folder}: the table of NIST's problems is left out; --data names another folder")
        return
    methods = _methods()
    columns = [("problem", "", 9), ("start", "d"), *((label, "", 24) for label in methods)]
    table = Table(f"Nonlinear regression, {len(paths)} problems of NIST's", columns, _NOTES)
    scores = {label: [] for label in methods}
    for path in paths:
        record = nist.read(path)
        problem = nist.problem(record)
        for number, start in list(enumerate(record.starts, start=1))[1 if options.quick else 0 :]:
            cells = []
            for label, method in methods.items():
                outcome = _attempt(method, problem, start)
                least = None if outcome is None else float(np.min(nist.digits(outcome.x, record.certified)))
                scores[label] += [] if least is None else [least]
                cells.append(None if least is None else f"{least:4.1f} {outcome.n_values:5d} {outcome.reason}")
            table.row(record.name, number, *cells)
    table.gap()
    for passed in _PASSED:
        counts = [f"{sum(least >= passed for least in reached):4d} of {len(reached)}" for reached in scores.values()]
        table.row(f">= {passed}", None, *counts)


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
    return _minimized(_least_squares(problem), start, newtonreg.solvers.VariableProjection()) if problem.outer else None


def _scipy(problem, start):
    objective = _least_squares(problem)
    tolerances = {"ftol": _TIGHT, "xtol": _TIGHT, "gtol": _TIGHT, "max_nfev": _MAX_ITER}
    result = least_squares(
        problem.residuals, start, jac=lambda b: objective.at(b).jacobian, method="lm", x_scale="jac", **tolerances
    )
    return _Outcome(result.x, result.nfev, _SCIPY_REASONS[result.status])


_SCIPY_REASONS = {-1: "refused", 0: "max_iter", 1: "gtol", 2: "ftol", 3: "xtol", 4: "ftol, xtol"}


def _methods():
    """Method by heading; `VariableProjection` where this version has it."""
    methods = {"LevenbergMarquardt()": _levenberg_marquardt, "TrustRegion()": _trust_region}
    if hasattr(newtonreg.solvers, "VariableProjection"):
        methods["VariableProjection()"] = _variable_projection
    else:
        print("\nThis newtonreg has no VariableProjection: its column is left out")
    return {**methods, "SciPy least_squares, lm": _scipy}
