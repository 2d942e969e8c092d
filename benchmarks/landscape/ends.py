"""Where a run ended, in the words of a table."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg import classify, minimize

__all__ = ["KINDS", "End", "run_from", "shares"]

KINDS = ("trivial zero", "constant", "saddle", "minimum", "flat", "other")
"""Trivial zero: stationary, and all coefficients vanish. Constant: stationary, and the network does not vary, but not for that
reason. Saddle, minimum: any other stationary point; a minimum may be degenerate. Flat: gradient-flat. Other: not stationary."""
_CONSTANT = 1e-6
"""Standard deviation of predictions, the targets' being about 1."""
_MINIMA = ("global minimum", "minimum", "degenerate")


class End(NamedTuple):
    """A word of `KINDS`, the parameters (p,), the loss, trials, and the record of `classify`."""

    kind: str
    params: Any
    value: float
    trials: int
    point: Any


class _Latest:
    """The last point of a run, which may be above the lowest that `minimize` keeps."""

    def __call__(self, record, run):
        self.params = run.state.params


def run_from(objective, start, solver, max_iter, gtol):
    """`End` of a run from `start` (p,)."""
    latest = _Latest()
    result = minimize(objective, start, solver, max_iter=max_iter, gtol=gtol, callbacks=[latest])
    point = classify(objective, latest.params)
    return End(_kind(objective, latest.params, point), latest.params, point.value, result.nit, point)


def _kind(objective, params, point):
    if point.kind == "gradient-flat":
        return "flat"
    if point.kind not in (*_MINIMA, "saddle", "maximum"):
        return "other"
    if point.trivial_zero:
        return "trivial zero"
    if np.std(objective.network.at(objective.terms[0].inputs, params).values) <= _CONSTANT:
        return "constant"
    return "minimum" if point.kind in _MINIMA else "saddle"


def shares(ends):
    """Percent of `ends` of each of `KINDS`."""
    return [100.0 * sum(end.kind == kind for end in ends) / len(ends) for kind in KINDS]
