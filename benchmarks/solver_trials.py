"""A solver on a problem: how the run went, and what kind of point it ended at."""

import math
from typing import NamedTuple

import numpy as np
from scipy_solvers import Run

from newtonreg import Status, classify, minimize
from newtonreg.solvers.requirements import lacking
from newtonreg.testing import more_garbow_hillstrom, saddles

__all__ = ["PROBLEMS", "Trial", "applies", "attempt", "label"]

PROBLEMS = (*more_garbow_hillstrom.PROBLEMS, *saddles.PROBLEMS)

_LETTERS = {
    Status.GRADIENT: "G",
    Status.REDUCTION: "R",
    Status.STEP: "S",
    Status.EXHAUSTED: "E",
    Status.ZERO: "Z",
    Status.MAX_ITER: "M",
    Status.GRADIENT_FLAT: "F",
    Status.STALLED: "T",
}
_RTOL, _ATOL = 1e-6, 1e-12
"""A listed value is reached where F is this near to it: relative to the value, and to F at the start."""
_LIMIT_RTOL = 1e-3
"""Of a limit at infinity, which is approached like one over the distance."""
_UNBOUNDED = -1e6
"""Where F has no lower bound, values below show that a run has found that out."""


class Trial(NamedTuple):
    """A run and its judgment.

    `end`: "minimum", "unbounded", "saddle", "limit", "other" or "error". `lowest`: the end is the lowest there is.
    `values_to_end`: values of F asked for until a minimum was first reached; None for other ends.
    """

    status: str
    nit: int | None
    counts: dict
    value: float
    end: str
    lowest: bool
    values_to_end: int | None

    @property
    def reached(self):
        """Whether there was no more to be found from here: a listed minimum, or no bound where there is none."""
        return self.end in ("minimum", "unbounded")


def label(method):
    """What a table calls a method."""
    return method.__doc__.rstrip(".") if callable(method) else repr(method)


def applies(method, problem):
    """Whether the problem has what the method needs."""
    objective = problem.objective(np)
    if callable(method):
        return objective.is_sum_of_squares or "least_squares" not in method.__name__
    return not lacking(method, objective)


def attempt(method, problem, max_iter):
    """The `Trial` of a method on a problem, also where it raises."""
    with np.errstate(all="ignore"):
        try:
            run = method(problem, max_iter) if callable(method) else _run(method, problem, max_iter)
        except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
            return Trial(type(error).__name__, None, {}, math.nan, "error", False, None)
        end, target = _judge(problem, run)
    near = (nfev for nfev, value in run.trace if target is not None and _near(problem, value, target))
    lowest = end == "unbounded" or (end == "minimum" and target == problem.minima[0].value)
    return Trial(run.status, run.nit, vars(run.counts), run.value, end, lowest, next(near, None))


def _run(solver, problem, max_iter):
    objective = problem.objective(np)
    result = minimize(objective, np.array(problem.start), solver, max_iter=max_iter)
    trace = [(record.nfev, record.value) for record in result.history]
    return Run(result.x, result.fun, _LETTERS.get(result.status, result.status.name.lower()), result.nit, objective.counts, trace)


def _near(problem, value, target, rtol=_RTOL):
    unit = abs(problem.objective(np).at(np.array(problem.start)).value)
    return abs(value - target) <= rtol * abs(target) + _ATOL * unit


def _judge(problem, run):
    """The kind of the end, and the listed value that was reached, if any."""
    if not problem.minima and run.value < _UNBOUNDED:
        return "unbounded", None
    if not np.all(np.isfinite(problem.objective(np).at(run.x).hessian)):
        return "other", None
    point = classify(problem.objective(np), run.x)
    found = [known.value for known in problem.minima if _near(problem, run.value, known.value)]
    is_saddle = any(_near(problem, run.value, known.value) for known in problem.saddles)
    # where a saddle and a minimum are equally high, the curvature tells
    if found and not (is_saddle and point.index > 0):
        return "minimum", found[0]
    if is_saddle or point.kind in ("saddle", "maximum"):
        return "saddle", None
    if any(_near(problem, run.value, limit.value, _LIMIT_RTOL) for limit in problem.limits):
        return "limit", None
    return "other", None
