"""What a user gives at points: numbers, arrays and functions of the points, checked and named in messages."""

import functools
import numbers

import numpy as np

from newtonreg.backend.arrays import is_device_array, to_host

__all__ = ["as_array", "as_number", "evaluate_function", "format_point", "function_name", "is_number"]


def is_number(value):
    """Whether `value` is one real number: Python's, NumPy's or an array without axes; True and False are none."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0 and value.dtype.kind in "iuf"
    return isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))


def as_number(value, described):
    """A float; ValueError, with what it is for, unless `value` is a finite real number."""
    if not is_number(value) or not np.isfinite(float(value)):
        raise ValueError(f"{described}={value!r} must be a finite real number.")
    return float(value)


def as_array(value, described):
    """An array of float64; ValueError, with what it is for, where `value` holds anything but real numbers."""
    try:
        raw = np.asarray(to_host(value) if is_device_array(value) else value)
    except ValueError:  # rows of different lengths
        raw = np.asarray(None)
    if raw.dtype.kind not in "biuf":
        shown = " ".join(f"{value!r:.200}".split())
        raise ValueError(f"{described} must be real numbers, and is {shown}.")
    return raw.astype(np.float64)


def evaluate_function(function, points, described):
    """A user's function at points.

    Parameters
    ----------
    function : callable
        Of the points (n, d) to (n,); (n, 1) is taken too, because an elementwise function of one variable returns that.
    points : array (n, d)
    described : str
        What the function is for, for messages.

    Returns
    -------
    array (n,)
        float64; whether it is finite the caller checks.

    Raises
    ------
    ValueError
        Where the function returns another shape, or no real numbers. A single number is refused: a mean over all points by
        mistake looks the same as a constant.
    """
    n = points.shape[0]
    values = as_array(function(points), f"{described}: the values of {function_name(function)}(X)")
    if values.shape not in ((n,), (n, 1)):
        raise ValueError(
            f"{described}: {function_name(function)}(X) has shape {values.shape} for X of shape {points.shape}; return one "
            f"number a point, shape ({n},)."
        )
    return values.reshape(n)


def function_name(function):
    """What a function is called in messages."""
    while isinstance(function, functools.partial):
        function = function.func
    return getattr(function, "__name__", type(function).__name__)


def format_point(point, variables=None):
    """A point as text, ``(x=0, t=0.5)``."""
    names = [""] * len(point) if variables is None else [f"{name}=" for name in variables]
    return f"({', '.join(f'{name}{float(value):.6g}' for name, value in zip(names, point, strict=True))})"
