"""What the argument names of a residual function mean: points, fields, derivatives of fields, coefficients."""

import inspect
import re
from itertools import product
from typing import NamedTuple

__all__ = ["Arguments", "Names", "shown"]

_POINTS = -1
"""Stands for the points among the indices of fields and scalars."""


class Names(NamedTuple):
    """Names of the d inputs, of the unknown functions, and of the unknown scalars."""

    variables: tuple
    outputs: tuple
    coefficients: tuple = ()

    def channels_called(self, name):
        """Every channel that an argument of this name can mean: (orders by variable, index of the output)."""
        n_inputs, found = len(self.variables), []
        for index, output in enumerate(self.outputs):
            if name == output:
                found.append(((0,) * n_inputs, index))
            total = re.fullmatch(rf"d([1-9]\d*)?{re.escape(output)}", name)
            if total and n_inputs == 1:
                found.append(((int(total[1] or 1),), index))
            if name.startswith(f"{output}_"):
                found += [(orders, index) for orders in self._orders_called(name[len(output) + 1 :])]
        return found

    def _orders_called(self, suffix):
        """Every multi-index that `suffix` can mean: x_t or x0_x0, or letters in a row such as xxt."""
        choices = []
        for part in suffix.split("_"):
            letters = (tuple(part),) if len(part) > 1 and set(part) <= set(self.variables) else ()
            choices.append((((part,),) if part in self.variables else ()) + letters)
        readings = [[name for part in reading for name in part] for reading in product(*choices)]
        return [tuple(reading.count(variable) for variable in self.variables) for reading in readings]

    def understood(self):
        """What arguments can be called, for messages."""
        u, first, last = self.outputs[0], self.variables[0], self.variables[-1]
        joint = "" if all(len(name) == 1 for name in self.variables) else "_"
        partials = [f"{u}_{first}", f"{u}_{first}{joint}{first}", f"{u}_{first}{joint}{last}"]
        derivatives = [f"d{u}", f"d2{u}", *partials[:2]] if len(self.variables) == 1 else partials
        coefficients = f", {', '.join(self.coefficients)} (coefficients)" if self.coefficients else ""
        return (
            f"x (the points, first), {', '.join(self.outputs)} (unknown functions), {', '.join(derivatives)}, ... "
            f"(derivatives){coefficients}"
        )


class Arguments:
    """The arguments of a residual function, and calls with them.

    Parameters
    ----------
    function : callable
    names : Names

    Attributes
    ----------
    channels : dict
        Channels to the names of their arguments, in the order of the arguments.

    Raises
    ------
    TypeError, ValueError
        See `newtonreg.physics.equations.Equation`.
    """

    def __init__(self, function, names):
        self._function, self._names = function, names
        parameters = self._parameters()
        meanings = [self._meaning(parameter, place == 0) for place, parameter in enumerate(parameters)]
        self.channels = {}
        for parameter, meaning in zip(parameters, meanings, strict=True):
            if isinstance(meaning, tuple):
                self.channels.setdefault(meaning, parameter.name)
        self._check_used(meanings)
        places = {meaning: index for index, meaning in enumerate((*self.channels, *names.coefficients))} | {"": _POINTS}
        self._positional, self._keyword = [], {}
        for parameter, meaning in zip(parameters, meanings, strict=True):
            if parameter.kind is parameter.KEYWORD_ONLY:
                self._keyword[parameter.name] = (places.get(meaning), parameter.default)
            else:
                self._positional.append((places.get(meaning), parameter.default))

    def call(self, points, inputs):
        """The function's answer; `inputs` are the fields in the order of `channels`, then the coefficients."""

        def value(index, default):
            return default if index is None else points if index == _POINTS else inputs[index]

        return self._function(
            *[value(index, default) for index, default in self._positional],
            **{name: value(index, default) for name, (index, default) in self._keyword.items()},
        )

    def _parameters(self):
        try:
            parameters = list(inspect.signature(self._function).parameters.values())
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"operator={self._function!r:.100} must be a Python function with named arguments, such as residual(x, u, du)."
            ) from error
        starred = [str(p) for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        if starred:
            raise TypeError(
                f"The residual function {shown(self._function)} takes {' and '.join(starred)}, but the names of its arguments "
                f"say which derivatives it needs. Write out what it takes: {self._names.understood()}."
            )
        return parameters

    def _meaning(self, parameter, is_first):
        """A channel, the name of a coefficient, "" for the points, or None where the default is kept."""
        name, names = parameter.name, self._names
        readings = names.channels_called(name) + [name] * (name in names.coefficients)
        if len(readings) > 1:
            raise ValueError(
                f"The argument {name!r} of the residual function {shown(self._function)} can be read in {len(readings)} ways, "
                f"given variables={names.variables}, outputs={names.outputs} and coefficients {names.coefficients}. Rename one."
            )
        if readings:
            return readings[0]
        if is_first and name in ("x", "X", *(names.variables if len(names.variables) == 1 else ())):
            return ""
        if parameter.default is parameter.empty:
            raise ValueError(
                f"The residual function {shown(self._function)} has an argument {name!r}, which is not understood. Its arguments "
                f"may be {names.understood()}. Or give {name!r} a default, or a starting value in coefficients."
            )
        return None

    def _check_used(self, meanings):
        if not self.channels:
            raise ValueError(
                f"The residual function {shown(self._function)} takes no unknown function and no derivative of one. Its "
                f"arguments may be {self._names.understood()}."
            )
        unused = [name for name in self._names.coefficients if name not in meanings]
        if unused:
            raise ValueError(
                f"coefficients has {', '.join(map(repr, unused))}, and the residual function {shown(self._function)} has no such "
                "argument. Add it there, or leave it out of coefficients."
            )


def shown(function):
    """Name of a function, for messages."""
    return getattr(function, "__name__", None) or f"{function!r:.100}"
