"""What root finders of the gradient share: one trial along a direction in which ‖∇F‖² falls."""

import math
from dataclasses import replace

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers.state import SolverState
from newtonreg.solvers.vectors import Vectors

__all__ = ["direction_memory", "start_search", "try_direction"]


def direction_memory(p, slope, **notes):
    """Memory of a state that looks along `p` (p,), where ½ ‖∇F‖² has the derivative −`slope` ≤ 0; `notes` are numbers."""
    return {"direction": Vectors(p=p), "slope": slope, **notes}


def start_search(objective, x0, find_direction, initial_step):
    """State at `x0`; `find_direction(evaluation)` is the memory for a point, None where its derivatives are not finite."""
    point = objective.at(x0)
    memory = find_direction(point)
    if memory is None:
        memory = direction_memory(namespace(x0).zeros_like(x0), 0.0)
    return SolverState(point, float(initial_step), exhausted=memory["slope"] == 0.0, memory=memory)


def try_direction(solver, objective, state, find_direction, next_step):
    """One trial x + t p, t the control: a gradient, and after an accepted one a value and a direction.

    Accepted where ‖∇F(x + t p)‖² ≤ ‖∇F‖² − 2 rho t slope, and strictly smaller, value and next direction finite; `next_step` is
    then the next t, else t is shrunk. Exhausted where t falls below `min_step`, or ‖∇F‖ is stationary though ∇F is not zero.
    """
    t = state.control
    displacement = t * state.memory["direction"]["p"]
    (length,) = to_floats(linalg.norm(displacement))
    trial = objective.at(state.params + displacement)
    if _falls(state.point, trial, 2.0 * solver.rho * t * state.memory["slope"]):
        memory = find_direction(trial)
        if memory is not None:
            spent = memory["slope"] == 0.0
            return replace(state, point=trial, control=next_step, accepted=True, step_norm=length, exhausted=spent, memory=memory)
    t = solver.shrink * t
    return replace(state, control=t, accepted=False, step_norm=length, exhausted=t < solver.min_step)


def _falls(point, trial, decrease):
    """‖∇F_trial‖² ≤ ‖∇F‖² − decrease and strictly smaller; NaN is a no. The value is asked only of a trial that passes."""
    norm, before = trial.gradient_norm, point.gradient_norm
    return norm < before and norm * norm <= before * before - decrease and math.isfinite(trial.value)
