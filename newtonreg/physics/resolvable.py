"""What all conditions share: how they are checked, called in messages, and made requirements."""

import math
from collections.abc import Mapping
from inspect import signature

from sklearn.base import BaseEstimator

from newtonreg.physics.operators import Operator, evaluate, output_index
from newtonreg.physics.pointwise import function_name, is_number
from newtonreg.physics.requirements import Requirement
from newtonreg.physics.where import Frame, axis_index, given_coordinates, resolve_values, resolve_where

__all__ = ["Resolvable", "check_operator"]

_HOW = ("soft", "hard", "exact")
_LONGEST, _LONGEST_LIST = 80, 8
"""Characters, and entries, of an argument in a message."""


class Resolvable(BaseEstimator):
    """What all conditions share: the checks of `weight`, `how` and `name`, and how they are called in messages."""

    _can_be_hard = False

    def resolve(self, variables, outputs, domain):
        """The condition as values of observations at points.

        Parameters
        ----------
        variables : sequence of str, length d
            Names of the inputs.
        outputs : sequence of str
            Names of the unknown functions.
        domain : sequence of (low, high)
            One interval a variable.

        Returns
        -------
        list of Requirement

        Raises
        ------
        ValueError, TypeError
            Naming the condition and the argument.
        """
        frame = Frame.checked(variables, outputs, domain)
        self._check()
        return self._requirements(frame)

    def coordinates(self, variables):
        """Coordinates that the condition gives whatever the domain is: d arrays, one a variable, some empty."""
        return given_coordinates(self.where, tuple(variables), self._described)

    @property
    def _described(self):
        if isinstance(self.name, str):
            return f"condition {self.name!r}"
        given = [(name, getattr(self, name), p.default) for name, p in signature(type(self)).parameters.items()]
        changed = [f"{name}={_short(value)}" for name, value, default in given if _short(value) != _short(default)]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _check(self):
        if self.name is not None and not (isinstance(self.name, str) and self.name):
            raise ValueError(f"name={self.name!r} of a condition must be a string, or None.")
        described = self._described
        is_auto = isinstance(self.weight, str) and self.weight == "auto"
        if not is_auto and not (is_number(self.weight) and 0.0 < self.weight < math.inf):
            raise ValueError(f"{described}: weight={self.weight!r} must be 'auto' or a number > 0.")
        if not isinstance(self.how, str) or self.how not in _HOW:
            raise ValueError(f"{described}: how={self.how!r} is unknown; pass 'soft', 'hard' or 'exact'.")
        if self.how == "hard" and not self._can_be_hard:
            raise ValueError(
                f"{described}: how='hard' is for Dirichlet and Initial, and for Neumann at the ends of an interval; pass "
                "'soft' or 'exact'."
            )

    def _requirement(self, title, points, operators, values, frame, **fields):
        """One requirement from operators, one for each array of points."""
        observed = [self._observed(operator, x, frame) for operator, x in zip(operators, points, strict=True)]
        weight = self.weight if isinstance(self.weight, str) else float(self.weight)
        return Requirement(title, points, observed, values, weight, self.how, **fields)

    def _observed(self, operator, points, frame):
        try:
            return evaluate(operator.resolve(frame.variables, frame.outputs), points)
        except ValueError as error:
            raise ValueError(f"{self._described}: {error}") from error

    def _output_text(self, frame):
        """What a title says of the output, which is checked: something only where there are several."""
        try:
            index = output_index(self.output, frame.outputs)
        except ValueError as error:
            raise ValueError(f"{self._described}: output={self.output!r}: {error}") from None
        return f" of {frame.outputs[index]}" if len(frame.outputs) > 1 else ""

    def _at(self, operator, title, frame):
        """One requirement of an operator at `where`."""
        place = resolve_where(self.where, frame, self.n_points, self._described)
        values = resolve_values(self.value, place.points, frame, self._described)
        title = self.name or f"{title} at {place.label}"
        return [self._requirement(title, [place.points], [operator], values, frame, faces=place.faces)]

    def _axis(self, frame):
        """The variable of a normal derivative: told, or the one that an edge fixes, or the only one."""
        if self.axis is not None:
            return axis_index(self.axis, frame.variables, self._described)
        if len(frame.variables) == 1:
            return 0
        if isinstance(self.where, Mapping) and len(self.where) == 1:
            return axis_index(next(iter(self.where)), frame.variables, self._described)
        example = f"{{{frame.variables[0]!r}: {frame.domain[0][0]:g}}}"
        raise ValueError(
            f"{self._described}: the derivative by which of the variables {', '.join(map(repr, frame.variables))}? Pass axis, or "
            f"an edge such as where={example}."
        )


def check_operator(operator, described):
    if not isinstance(operator, Operator):
        raise TypeError(f"{described}: operator={operator!r} is no Operator; build one with D, for instance D(0) or D('x').")


def _short(value):
    """An argument in a message: arrays by their shape, long lists by their length, functions by their name."""
    if hasattr(value, "shape") and value.shape:
        return f"array of shape {tuple(value.shape)}"
    if isinstance(value, (list, tuple)) and len(value) > _LONGEST_LIST:
        return f"{type(value).__name__} of length {len(value)}"
    if callable(value):
        return function_name(value)
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
