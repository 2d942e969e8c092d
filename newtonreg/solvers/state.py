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
    predicted : float
        Reduction that the model promised for the last trial; NaN where there is no model.
    exhausted : bool
        The solver has nothing left to try.
    memory : dict
        What else the solver needs to go on: numbers, and objects such as a norm's `Scaling` whose `state` is their arrays.
    cache : Any
        Factorizations of the current model; never needed to go on, and left out of copies.
    """

    point: Any
    control: float
    accepted: bool = True
    step_norm: float = math.nan
    ratio: float = math.nan
    predicted: float = math.nan
    exhausted: bool = False
    memory: dict = field(default_factory=dict)
    cache: Any = None

    @property
    def params(self):
        """Current parameters (p,)."""
        return self.point.params

    def replaced(self, **changes):
        """A copy with other attributes, as by `dataclasses.replace` for a fifth of its time: solvers make several a trial."""
        copied = object.__new__(type(self))
        copied.__dict__.update(self.__dict__, **changes)
        return copied

    def detached(self, convert=None):
        """A copy without the data behind it: `point` becomes the bare parameters. For pickling and warm starts.

        `convert` is applied to every array, for instance to bring them to the host.
        """
        convert = convert or _unchanged
        return replace(self, point=_Parameters(convert(self.point.params)), memory=self._converted(convert), cache=None)

    def attached(self, objective, convert=None):
        """A detached state at work on `objective` again; the same data give bitwise the same continuation."""
        convert = convert or _unchanged
        return replace(self, point=objective.at(convert(self.point.params)), memory=self._converted(convert), cache=None)

    def moved_to(self, point):
        """The same solver, at another evaluation of the same parameters: what was made from the old one is made anew."""
        return replace(self, point=point, cache=None)

    def _converted(self, convert):
        """The memory with `convert` applied to the arrays in it, which are those of a norm's scaling."""
        return {
            name: type(value)(**{key: convert(array) for key, array in value.state.items()}) if hasattr(value, "state") else value
            for name, value in self.memory.items()
        }


def _unchanged(array):
    return array


@dataclass(frozen=True)
class _Parameters:
    params: Any
