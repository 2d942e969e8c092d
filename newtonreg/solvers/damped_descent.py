"""The frame of the damped methods: a step from a damped system, a trial, and a rule that adapts the damping."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import reduction_ratio, seen_rounding
from newtonreg.solvers.damping import resolve_damping
from newtonreg.solvers.state import SolverState

__all__ = ["DampedDescent"]

_LONGER = 1e-2
"""What is left of the damping where F does not show a step."""
_HOPELESS = 1e20
"""Damping over the largest curvature at which no step is left."""


class DampedDescent(BaseEstimator):
    """Solve (B + μ S⁻²) p = −g, move if F falls, adapt μ. A subclass says what B is and how the system is solved.

    It has the parameters `norm`, `damping` and `initial_damping`, and the methods

    - `_moved(state)`: the state, just moved to its point, with memory and cache (model, scaling, largest curvature);
    - `_modeled(state)`: the state with its cache made anew from its memory;
    - `_solve(state)`: the `Step` in the variables of the norm, or None;

    and may replace `_displacement(objective, state, step)`, the step in the parameters or None, and
    `_trial(objective, state, displacement)`, the point to be judged.
    """

    control_name = "damping"

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("initial_damping", self.initial_damping, low=0.0)
        for component in (resolve_norm(self.norm), resolve_damping(self.damping)):
            if hasattr(component, "check_parameters"):
                component.check_parameters()

    def _first(self, point, **memory):
        """The state at the starting `point`; exhausted where its gradient is not finite."""
        state = SolverState(point=point, control=math.nan, memory={"growth": 2.0, **memory})
        return self._moved(state) if math.isfinite(point.gradient_norm) else state.replaced(exhausted=True)

    def step(self, objective, state):
        """One trial: one value and one factorization, and after an accepted one gradient and matrix."""
        state = state if state.cache is not None else self._modeled(state)
        step = self._solve(state)
        displacement = None if step is None else self._displacement(objective, state, step)
        if displacement is None:
            length = math.nan if step is None else to_floats(linalg.norm(state.cache[1].step(step.p)))[0]
            return self._rejected(state, step_norm=length)
        trial = self._trial(objective, state, displacement)
        displacement = trial.params - state.params
        ratio = reduction_ratio(state.point, trial, displacement, step.predicted_reduction)
        outcome = {
            "step_norm": to_floats(linalg.norm(displacement))[0],
            "ratio": ratio,
            "predicted": step.predicted_reduction,
        }
        if not ratio > 0.0:
            noise = seen_rounding(state.point.value, step.predicted_reduction, ratio, state.memory.get("noise", 0.0))
            state = state.replaced(memory={**state.memory, "noise": noise})
            return self._unseen(state, **outcome) if step.predicted_reduction <= noise else self._rejected(state, **outcome)
        # the matrix first: value and gradient come in the same pass over the data
        moved = self._accepted(state, trial, **outcome)
        if math.isfinite(trial.gradient_norm):
            return moved
        # finite with derivatives that are not (overflow inside an activation): nowhere to go on from, so a rejected trial
        return self._rejected(state, **outcome)

    def _displacement(self, objective, state, step):
        return state.cache[1].step(step.p)

    def _trial(self, objective, state, displacement):
        return objective.at(state.params + displacement)

    def _floor(self, state):
        """Least damping, in units of the largest curvature."""
        return 1e-18

    def _accepted(self, state, trial, **outcome):
        damping, growth = resolve_damping(self.damping).accepted(state.control, state.memory["growth"], outcome["ratio"])
        memory = {**state.memory, "growth": growth, "was_too_long": False}
        return self._moved(state.replaced(point=trial, control=damping, accepted=True, memory=memory, **outcome))

    def _rejected(self, state, step_norm=math.nan, ratio=math.nan, predicted=math.nan):
        damping, growth = resolve_damping(self.damping).rejected(state.control, state.memory["growth"])
        return state.replaced(
            control=damping,
            accepted=False,
            step_norm=step_norm,
            ratio=ratio,
            predicted=predicted,
            # negated, so that NaN ends a run, and so does zero, from which no damping grows
            exhausted=not damping < _HOPELESS * state.cache[2],
            memory={**state.memory, "growth": growth, "was_too_long": True},
        )

    def _unseen(self, state, step_norm, ratio, predicted):
        """The state after a step too short for F to show it: a longer one may be seen, unless one has just been too long."""
        floor = self._floor(state) * state.cache[2]
        if state.memory.get("was_too_long") or state.control <= floor:
            return self._rejected(state, step_norm, ratio, predicted)
        return state.replaced(
            control=max(_LONGER * state.control, floor), accepted=False, step_norm=step_norm, ratio=ratio, predicted=predicted
        )

    def _cached(self, state, model, scaling, curvatures):
        """`state` with its cache, its damping above the floor, and its first damping where it has none.

        `curvatures` are numbers of which the largest says how large B is in the norm's variables; where it is zero only the
        gradient is left to say how long a step may be.
        """
        xp = namespace(curvatures)
        largest, slope = to_floats(xp.max(xp.abs(curvatures)), linalg.norm(model.gradient))
        largest = slope if largest == 0.0 else largest
        damping = self.initial_damping * largest if math.isnan(state.control) else state.control
        return state.replaced(cache=(model, scaling, largest), control=max(damping, self._floor(state) * largest))
