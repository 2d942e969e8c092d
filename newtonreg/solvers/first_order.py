"""What methods of first order share: the gradient that a rate multiplies, and a step that is taken wherever it is finite."""

import math
from dataclasses import replace

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.components import check_number
from newtonreg.solvers.state import SolverState

__all__ = ["check_rates", "gradient_per_weight", "start_descent", "take_step"]

_EPS = 2.220446049250313e-16
_DIVERGED = 1e150
"""Values of F that are as bad as infinite: their squares are."""


def check_rates(solver, *decays):
    """Raise ValueError, naming it, unless `learning_rate` is positive and each of `decays` is in [0, 1)."""
    check_number("learning_rate", solver.learning_rate, low=0.0)
    for name in decays:
        value = getattr(solver, name)
        if not 0.0 <= value < 1.0:
            raise ValueError(f"{name}={value!r} must be a number in [0, 1).")


def gradient_per_weight(objective, point):
    """∇F over the sum of the sample weights, (p,): the gradient of the mean loss, to which scikit-learn's rates refer."""
    weight = getattr(objective, "total_weight", 1.0)
    return point.gradient if weight == 1.0 else point.gradient / weight


def start_descent(solver, objective, x0, make_memory):
    """State at `x0`; `make_memory` (gradient (p,) to a dict) is the memory before the first step."""
    point = objective.at(x0)
    stuck = not math.isfinite(point.gradient_norm)
    return SolverState(point, float(solver.learning_rate), exhausted=stuck, memory=make_memory(point.gradient))


def take_step(objective, state, displacement, memory, memory_if_rejected=None):
    """`state` moved by `displacement` (p,), with `memory`; the only test is that value and gradient are finite (F below 1e150).

    If they are not, the point stays, the rate is half of what it was from here on, and the memory stays or is
    `memory_if_rejected`, such that the next trial is half as long. One value and one gradient. Exhausted where that is nothing.

    On a sample of rows (`is_sampled`) the point moves and nothing is evaluated: the next step sees other rows, and whoever draws
    them sees to it that value and gradient are finite there.
    """
    trial = objective.at(state.params + displacement)
    if getattr(objective, "is_sampled", False):
        return replace(state, point=trial, accepted=True, step_norm=math.nan, memory=memory)
    length, size = to_floats(linalg.norm(displacement), linalg.norm(state.params))
    if abs(trial.value) < _DIVERGED and math.isfinite(trial.gradient_norm):
        return replace(state, point=trial, accepted=True, step_norm=length, memory=memory)
    memory = state.memory if memory_if_rejected is None else memory_if_rejected
    spent = length <= _EPS * size
    return replace(state, accepted=False, control=0.5 * state.control, step_norm=length, exhausted=spent, memory=memory)
