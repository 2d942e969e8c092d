"""What a user's function answered, checked against what was asked."""

import numbers

from newtonreg.backend.arrays import as_floats

__all__ = ["check_callable", "checked_answer", "checked_number"]


def check_callable(name, function):
    """Raise TypeError, naming it, where `function` cannot be called."""
    if not callable(function):
        raise TypeError(f"{name}={function!r:.100} must be a function of x.")


def checked_number(answer):
    """`answer` of a scalar function, a real number or a 0-d array; TypeError where it is something else."""
    is_number = isinstance(answer, numbers.Real) or getattr(answer, "ndim", None) == 0
    if not is_number or "complex" in str(getattr(answer, "dtype", "")):
        got = f"an array of shape {tuple(answer.shape)}" if hasattr(answer, "shape") else f"{answer!r:.100}"
        raise TypeError(f"function(x) must return a real number, and returned {got}.")
    return answer


def checked_answer(name, answer, shape, why=""):
    """`answer` of the function called `name` as an array of `shape`; lists are taken, too.

    Raises
    ------
    TypeError
        Naming the function and both shapes.
    """
    try:
        array = as_floats(answer)
    except (TypeError, ValueError):
        array = None
    if array is None or tuple(array.shape) != tuple(shape):
        got = f"{answer!r:.100}" if array is None else f"an array of shape {tuple(array.shape)}"
        raise TypeError(f"{name}(x) must return an array of shape {tuple(shape)}{why}, and returned {got}.")
    return array
