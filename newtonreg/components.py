"""Shorthands: a component from the `name` of its class, so that strings work wherever objects do."""

import math
import numbers
from functools import lru_cache

__all__ = ["check_integer", "check_number", "resolve"]


def resolve(argument, value, package, interface, extra=()):
    """The component that `value` means.

    Parameters
    ----------
    argument : str
        Name of the parameter, for messages.
    value : str or object
        An object that has every attribute of `interface` is returned as it is; a string is looked up.
    package : module
        Its exported classes are searched for one whose `name` is `value`: a new file and its export line are all that a new
        name needs.
    interface : tuple of str
        What an object must have.
    extra : tuple of str
        Further strings that the caller understands, for the message.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        Naming the argument, the value and the choices.
    """
    if all(hasattr(value, name) for name in interface) and not isinstance(value, type):
        return value
    classes = _selectable(package, interface)
    if isinstance(value, str) and value in classes:
        return classes[value]()
    if isinstance(value, type) and all(hasattr(value, name) for name in interface):
        raise ValueError(f"{argument}={value.__name__} is a class; pass an object: {value.__name__}().")
    names = ", ".join(repr(name) for name in sorted([*classes, *extra]))
    raise ValueError(f"{argument}={value!r} is unknown; pass one of {names}, or an object of {package.__name__}.")


@lru_cache
def _selectable(package, interface):
    """Names and classes of one kind in a package; hot loops ask for components by name."""
    return {cls.name: cls for cls in vars(package).values() if isinstance(cls, type) and _is_selectable(cls, interface)}


def _is_selectable(cls, interface):
    """A class of this kind with a name and no required argument (a callable activation needs its function)."""
    is_named = isinstance(getattr(cls, "name", None), str) and cls.name != "callable"
    return is_named and all(hasattr(cls, name) for name in interface)


def check_number(name, value, low=-math.inf, high=math.inf, with_low=False):
    """Raise ValueError, naming it, unless `value` is a finite real number between `low` and `high`, `low` itself only if told."""
    valid = isinstance(value, numbers.Real) and not isinstance(value, bool) and low < value < high
    is_low = with_low and isinstance(value, numbers.Real) and not isinstance(value, bool) and value == low
    if not (valid or is_low):
        raise ValueError(f"{name}={value!r} must be a number in {'[' if with_low else '('}{low:g}, {high:g}).")


def check_integer(name, value, low):
    """Raise ValueError, naming it, unless `value` is an integer of at least `low`."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name}={value!r} must be an integer >= {low}.")
