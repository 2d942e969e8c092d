"""What a solver carries from one trial to the next."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["SolverState"]


@dataclass(frozen=True)
class SolverState:
    """State after a trial; frozen.

    Attributes
    ----------
    point : Evaluation
        The objective at the current parameters.
    control : float
        Radius, damping or sigma: the one scalar that the next trial is governed by.
    accepted : bool
        Whether the last trial moved the point.
    step_norm : float
        Length of the last trial step, in the parameters.
    ratio : float
        Actual over predicted reduction of the last trial; NaN before the first.
    exhausted : bool
        No further reduction can be told from rounding.
    memory : dict
        What else the solver needs to go on (arrays and numbers, picklable).
    cache : Any
        Factorizations of the current model; never needed to go on, and left out of copies.
    """

    point: Any
    control: float
    accepted: bool = True
    step_norm: float = math.nan
    ratio: float = math.nan
    exhausted: bool = False
    memory: dict = field(default_factory=dict)
    cache: Any = None

    @property
    def params(self):
        """Current parameters (p,)."""
        return self.point.params

    def detached(self):
        """A copy without the data behind it: `point` becomes the bare parameters. For pickling and warm starts."""
        return replace(self, point=_Parameters(self.point.params), cache=None)

    def attached(self, objective):
        """A detached state at work on `objective` again; the same data give bitwise the same continuation."""
        return replace(self, point=objective.at(self.point.params), cache=None)


@dataclass(frozen=True)
class _Parameters:
    params: Any
