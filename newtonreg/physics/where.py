"""Where conditions hold: points, edges and faces of the domain, its whole boundary; and the values there."""

import numbers
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from newtonreg.physics.operators import variable_index
from newtonreg.physics.pointwise import as_array, as_number, evaluate_function, format_point, function_name, is_number

__all__ = ["Frame", "Place", "axis_index", "given_coordinates", "resolve_points", "resolve_values", "resolve_where", "sweep"]

_USUAL_POINTS = {0: 1, 1: 64, 2: 16, 3: 8}
"""Points along each swept variable, by how many of them there are: a few thousand at most in all."""
_MARGIN = 0.1
"""Of the domain's width: how far outside of it a condition may lie."""


class Frame(NamedTuple):
    """What conditions are resolved in: names of the variables and of the outputs, and (low, high) of each variable."""

    variables: tuple
    outputs: tuple
    domain: tuple

    @classmethod
    def checked(cls, variables, outputs, domain):
        """The frame; ValueError where the domain is not one interval a variable."""
        variables, outputs = tuple(variables), tuple(outputs)
        bounds = as_array(domain, "domain")
        if bounds.shape != (len(variables), 2):
            raise ValueError(f"domain={domain!r} must have one (low, high) for each of the variables {', '.join(variables)}.")
        for name, (low, high) in zip(variables, bounds, strict=True):
            if not (np.isfinite([low, high]).all() and low < high):
                raise ValueError(f"domain: {name} from {low:g} to {high:g}; both must be finite, and low < high.")
        return cls(variables, outputs, tuple((float(low), float(high)) for low, high in bounds))


class Place(NamedTuple):
    """Points (n, d), a label for messages, and the hyperplanes that they make up.

    `faces`: (index of the variable, coordinate) each; empty where the points are given one by one or several variables are fixed.
    """

    points: object
    label: str
    faces: tuple = ()


def resolve_where(where, frame, n_points, described):
    """The place that a user means.

    Parameters
    ----------
    where : number, array (n, d) or (n,) where d = 1, dict, or "boundary"
        A dict fixes variables by name; the others are swept. "boundary" means all faces in the order low and high of the first
        variable, of the second, and so on.
    frame : Frame
    n_points : int >= 2, or None
        Chebyshev–Lobatto points along each swept variable; None for 64 where there is one, 16 for two and 8 for three.
    described : str
        The condition, for messages.

    Returns
    -------
    Place

    Raises
    ------
    ValueError
        Where it is none of these, is not finite, or lies outside of the domain by more than a tenth of its width.
    """
    if isinstance(where, str):
        if where != "boundary":
            raise ValueError(f"{described}: where={where!r} is unknown; pass {_WHERE}.")
        place = _boundary(frame, n_points, described)
    elif isinstance(where, Mapping):
        place = _edge(_fixed(where, frame.variables, described), frame, n_points, described)
    else:
        if n_points is not None:
            raise ValueError(f"{described}: n_points={n_points!r} is for edges, which sweep variables; points are given here.")
        points = resolve_points(where, frame.variables, described)
        place = Place(points, _points_label(points, frame.variables), ((0, float(points[0, 0])),) if is_number(where) else ())
    check_inside(place.points, frame, described)
    return place


_WHERE = "a number (one variable), points (n, d), a dict such as {'x': 0.0}, or 'boundary'"


def resolve_points(points, variables, described, argument="where"):
    """Points (n, d) from a number or an array."""
    d = len(variables)
    if is_number(points):
        if d > 1:
            raise ValueError(
                f"{described}: {argument}={points!r} is one number, and the variables are {', '.join(variables)}; say which one "
                f"it is, for instance {{{variables[0]!r}: {points!r}}}, or pass points (n, {d})."
            )
        return np.asarray([[as_number(points, f"{described}: {argument}")]])
    if points is None or isinstance(points, Mapping) or callable(points):
        allowed = _WHERE if argument == "where" else f"a number (one variable) or points (n, {d})"
        raise ValueError(f"{described}: {argument}={points!r} is no point; pass {allowed}.")
    array = as_array(points, f"{described}: {argument}")
    array = array[:, None] if array.ndim == 1 and d == 1 else array
    if array.ndim != 2 or array.shape[1] != d or not array.shape[0]:
        raise ValueError(
            f"{described}: {argument} has shape {np.shape(points)}; with the variables {', '.join(variables)} pass points "
            f"(n, {d}), one row a point, n >= 1{_row_advice(array, d)}."
        )
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).all(axis=1)))
        raise ValueError(f"{described}: {argument} has the point {format_point(array[row], variables)}, which is not finite.")
    return array


def _row_advice(array, d):
    return "; for a single point pass one row, [[...]]" if d > 1 and array.shape == (d,) else ""


def given_coordinates(where, variables, described):
    """Coordinates that the user gives before the domain is known: d arrays, one a variable; swept variables have none."""
    if isinstance(where, str):
        return [np.empty(0)] * len(variables)
    if isinstance(where, Mapping):
        fixed = _fixed(where, variables, described)
        return [np.asarray([fixed[axis]] if axis in fixed else [], dtype=np.float64) for axis in range(len(variables))]
    return list(resolve_points(where, variables, described).T)


def axis_index(axis, variables, described):
    """The index of a variable given by name or by index."""
    if isinstance(axis, numbers.Integral) and not isinstance(axis, bool) and 0 <= axis < len(variables):
        return int(axis)
    if not isinstance(axis, str):
        raise ValueError(
            f"{described}: axis={axis!r} must be one of the variables {', '.join(map(repr, variables))}, or its index."
        )
    try:
        return variable_index(axis, variables)
    except ValueError as error:
        raise ValueError(f"{described}: axis={axis!r}: {error}") from None


def check_inside(points, frame, described):
    """Raise where a point lies outside of the domain by more than a tenth of its width."""
    low, high = np.asarray(frame.domain).T
    margin = _MARGIN * (high - low)
    is_inside = ((points >= low - margin) & (points <= high + margin)).all(axis=1)
    if not is_inside.all():
        first = points[int(np.argmin(is_inside))]
        sides = zip(frame.variables, frame.domain, strict=True)
        domain = ", ".join(f"{name} in [{low:g}, {high:g}]" for name, (low, high) in sides)
        raise ValueError(
            f"{described}: the point {format_point(first, frame.variables)} lies outside of the domain, {domain}; move the "
            "condition, or pass a larger domain."
        )


def resolve_values(value, points, frame, described, argument="value"):
    """Values (n,) at points from a number, an array or a function of the points; finite, or ValueError."""
    n = points.shape[0]
    if is_number(value):
        return np.full(n, as_number(value, f"{described}: {argument}"))
    if callable(value):
        values, source = evaluate_function(value, points, f"{described}: {argument}"), f"{function_name(value)}(X)"
    else:
        values, source = as_array(value, f"{described}: {argument}"), argument
        if values.shape not in ((n,), (n, 1)):
            raise ValueError(f"{described}: {argument} has shape {values.shape}, and there are {n} points; pass {n} values.")
        values = values.reshape(n)
    if not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values)))
        point = format_point(points[first], frame.variables)
        raise ValueError(f"{described}: {source} is {values[first]} at the point {point}; it must be finite.")
    return values


def sweep(fixed, frame, n_points, described):
    """The tensor product of Chebyshev–Lobatto points over the domain in the variables that `fixed` {axis: number} leaves open."""
    n = _n_points(n_points, len(frame.variables) - len(fixed), described)
    nodes = [
        [fixed[axis]] if axis in fixed else chebyshev_lobatto(*frame.domain[axis], n) for axis in range(len(frame.variables))
    ]
    return np.stack([grid.ravel() for grid in np.meshgrid(*nodes, indexing="ij")], axis=1)


def chebyshev_lobatto(low, high, n):
    """x_k = low + (high − low) sin²(πk / 2(n−1)), k = 0 ... n−1: both ends, which are hit exactly."""
    points = low + (high - low) * np.sin(np.pi / 2 * np.arange(n) / (n - 1)) ** 2
    points[[0, -1]] = low, high
    return points


def _n_points(n_points, n_swept, described):
    if n_points is None:
        if n_swept not in _USUAL_POINTS:
            raise ValueError(f"{described} sweeps {n_swept} variables; pass n_points, or points (n, d) instead of an edge.")
        return _USUAL_POINTS[n_swept]
    if not isinstance(n_points, numbers.Integral) or isinstance(n_points, bool) or n_points < 2:
        raise ValueError(f"{described}: n_points={n_points!r} must be an integer >= 2, or None.")
    return int(n_points)


def _fixed(where, variables, described):
    """{axis: number} from a dict by names."""
    fixed = {}
    for name, value in where.items():
        if not isinstance(name, str):
            raise ValueError(
                f"{described}: where={where!r} has the key {name!r}; keys are names of variables, {', '.join(variables)}."
            )
        try:
            axis = variable_index(name, variables)
        except ValueError as error:
            raise ValueError(f"{described}: where={where!r}: {error}") from None
        fixed[axis] = as_number(value, f"{described}: where[{name!r}]")
    if not fixed:
        raise ValueError(f"{described}: where={{}} fixes no variable; pass {_WHERE}.")
    return fixed


def _edge(fixed, frame, n_points, described):
    label = ", ".join(f"{frame.variables[axis]}={value:g}" for axis, value in sorted(fixed.items()))
    return Place(sweep(fixed, frame, n_points, described), label, tuple(fixed.items()) if len(fixed) == 1 else ())


def _boundary(frame, n_points, described):
    faces = tuple((axis, end) for axis, ends in enumerate(frame.domain) for end in ends)
    points = [sweep({axis: end}, frame, n_points, described) for axis, end in faces]
    return Place(np.concatenate(points), "the boundary", faces)


def _points_label(points, variables):
    if len(points) > 1:
        return f"{len(points)} points"
    return f"{variables[0]}={points[0, 0]:g}" if len(variables) == 1 else format_point(points[0], variables)
