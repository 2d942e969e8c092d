"""What the steppers share: a start in X, and a step that is taken wherever the field is finite."""

import math
from dataclasses import replace

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.games.game import Game
from newtonreg.solvers.state import SolverState

__all__ = ["rejected", "start", "take"]

_EPS = 2.220446049250313e-16
_DIVERGED = 1e100
"""Natural residuals that are as bad as infinite."""


def start(stepper, game, z0, step_size):
    """State at P(z0)."""
    stepper.check_parameters()
    if not isinstance(game, Game):
        raise TypeError(f"{stepper!r} steps along the field of a Game; objective={game!r:.100} is none, see Game.from_saddle.")
    return SolverState(game.at(game.projected(z0)), float(step_size))


def take(state, trial, memory=None):
    """`state` moved to `trial`, an evaluation; where the field is not finite there the point stays and η is halved for good."""
    (length,) = to_floats(linalg.norm(trial.params - state.params))
    if not (math.isfinite(length) and trial.gradient_norm < _DIVERGED):
        return rejected(state)
    return replace(state, point=trial, accepted=True, step_norm=length, memory=state.memory if memory is None else memory)


def rejected(state):
    """`state` after a trial that was not taken: half the step size, exhausted where that is nothing."""
    step_size = 0.5 * state.control
    return replace(state, control=step_size, accepted=False, step_norm=math.nan, exhausted=step_size < _EPS)
