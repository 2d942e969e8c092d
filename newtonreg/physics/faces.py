"""Faces of a box that carry values or derivatives: what conditions by construction are made of, and whether they agree."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from newtonreg.physics.interpolation import ChebyshevTensor
from newtonreg.physics.pointwise import format_point
from newtonreg.physics.where import sweep

__all__ = ["Face", "hard_faces"]

_SAME_PLACE = 1e-12
"""Relative to the width, or to the ends if they are larger: below it a point is where it should be."""
_AGREEING = 1e-6
_ADVICE = "pass how='exact' or how='soft'"


class Face(NamedTuple):
    """∂^order u / ∂x_axis^order of one output at one end of the domain, a polynomial in the other variables.

    `axis`, `end` (0 or 1), `order`, `output`: indices; `name` of the condition; `values`, a `ChebyshevTensor` constant along
    `axis`.
    """

    axis: int
    end: int
    order: int
    output: int
    name: str
    values: ChebyshevTensor


def hard_faces(requirements, frame):
    """Faces of the requirements with how="hard", checked and in the order of their axes, ends and orders.

    Parameters
    ----------
    requirements : sequence of Requirement
        Others than hard ones are left out.
    frame : Frame

    Returns
    -------
    list of list of Face
        One list an output, empty where it has no hard condition.

    Raises
    ------
    ValueError
        Naming the condition: where a requirement is none of whole faces at ends of the domain, observes anything but u or its
        derivatives along the axis of the face, misses a lower order, is one of two for the same, or disagrees with another at
        a corner.
    """
    faces = [face for one in requirements if one.how == "hard" for face in _faces_of(one, frame)]
    ordered = sorted(faces, key=lambda face: (face.output, face.axis, face.end, face.order))
    by_output = [[face for face in ordered if face.output == output] for output in range(len(frame.outputs))]
    for alike in by_output:
        _check_orders(alike, frame)
        for one, other in combinations(alike, 2):
            if one.axis != other.axis:
                _check_corner(one, other, frame)
    return by_output


# -- one requirement


def _faces_of(requirement, frame):
    """Its faces; "boundary" has several, and so have points of one variable."""
    if len(requirement.points) != 1:
        raise ValueError(_no_face(requirement))
    (points,) = requirement.points
    is_interval = len(frame.variables) == 1
    planes = [(0, float(x)) for x in points[:, 0]] if is_interval else requirement.faces
    if not planes or len(points) % len(planes):
        raise ValueError(_no_face(requirement))
    parts = zip(planes, np.split(points, len(planes)), np.split(_scaled_values(requirement), len(planes)), strict=True)
    return [_face(requirement, plane, X, values, frame) for plane, X, values in parts]


def _no_face(requirement):
    return (
        f"condition {requirement.name!r}: how='hard' is for whole faces of the domain, which Dirichlet and Initial take as a "
        f"dict or as 'boundary', and, in one variable, for Dirichlet, Initial and Neumann at the ends; here {_ADVICE}."
    )


def _face(requirement, plane, X, values, frame):
    axis, coordinate = plane
    end = _end(requirement, axis, coordinate, frame)
    n_swept = len(frame.variables) - 1
    n = round(len(X) ** (1.0 / n_swept)) if n_swept else 1
    if n**n_swept != len(X) or (n_swept and n < 2):
        raise ValueError(_no_face(requirement))
    expected = sweep({axis: frame.domain[axis][end]}, frame, n if n_swept else None, f"condition {requirement.name!r}")
    if not (np.abs(X - expected) <= _tolerances(frame)).all():
        raise ValueError(_no_face(requirement))
    shape = [1 if a == axis else n for a in range(n_swept + 1)]
    order, output = _observed(requirement, axis, frame)
    return Face(axis, end, order, output, requirement.name, ChebyshevTensor.through(values.reshape(shape), frame.domain))


def _tolerances(frame):
    ends = np.asarray(frame.domain)
    return _SAME_PLACE * np.maximum(ends[:, 1] - ends[:, 0], np.max(np.abs(ends), axis=1))


def _end(requirement, axis, coordinate, frame):
    """0 or 1, the end of the domain at which the face is."""
    low, high = frame.domain[axis]
    is_near = np.abs(np.asarray([low, high]) - coordinate) <= _tolerances(frame)[axis]
    if not is_near.any():
        name = frame.variables[axis]
        raise ValueError(
            f"condition {requirement.name!r}: how='hard' is for the ends of the domain, {name} in [{low:g}, {high:g}], and "
            f"{name}={coordinate:g} is none; {_ADVICE}, or a domain that ends there."
        )
    return int(np.argmax(is_near))


def _scaled_values(requirement):
    """What the derivative itself is: the values over the coefficient of the operator."""
    (_, _, coefficient), *others = requirement.operators[0]
    if others or coefficient[0] == 0.0 or (coefficient != coefficient[0]).any():
        raise ValueError(
            f"condition {requirement.name!r}: how='hard' is for u or one of its derivatives, with a constant coefficient that is "
            f"not 0; {_ADVICE}."
        )
    return requirement.values / coefficient


def _observed(requirement, axis, frame):
    """The order along the axis of the face, and the index of the output."""
    ((index, output, _),) = requirement.operators[0]
    if sum(index) != index[axis]:
        raise ValueError(
            f"condition {requirement.name!r}: how='hard' is for derivatives by {frame.variables[axis]}, which the face fixes, "
            f"and {_quantity(index, output, frame)} is another; {_ADVICE}."
        )
    return index[axis], output


# -- several


def _check_orders(faces, frame):
    """Raise unless each face has the orders 0, 1, ... once."""
    places = {}
    for face in faces:
        places.setdefault((face.axis, face.end), []).append(face)
    for (axis, end), alike in places.items():
        at = f"{frame.variables[axis]}={frame.domain[axis][end]:g}"
        for one, other in zip(alike, alike[1:], strict=False):
            if one.order == other.order:
                raise ValueError(
                    f"conditions {one.name!r} and {other.name!r} (how='hard') are both for {_of_face(one, frame)} at {at}; "
                    "remove one."
                )
        for order, face in enumerate(alike):
            if face.order != order:
                missing = _of_face(face._replace(order=order), frame)
                raise ValueError(
                    f"condition {face.name!r}: how='hard' for {_of_face(face, frame)} at {at} needs {missing} there to be hard "
                    f"too; add that condition, or {_ADVICE}."
                )


def _check_corner(one, other, frame):
    """Raise where the derivatives that both of them know, on what their faces have in common, differ."""
    fixed = {face.axis: frame.domain[face.axis][face.end] for face in (one, other)}
    n = max(*one.values.coefficients.shape, *other.values.coefficients.shape)
    points = sweep(fixed, frame, n if len(frame.variables) > 2 else None, "a corner")
    index = tuple(_orders(one, frame)[a] + _orders(other, frame)[a] for a in range(len(frame.variables)))
    first = one.values.values(_orders(other, frame), points)
    second = other.values.values(_orders(one, frame), points)
    excess = np.abs(first - second) / (1.0 + np.abs(first))
    worst = int(np.argmax(excess))
    if excess[worst] > _AGREEING:
        raise ValueError(
            f"conditions {one.name!r} and {other.name!r} (how='hard') contradict each other at the corner "
            f"{format_point(points[worst], frame.variables)}: {_quantity(index, one.output, frame)} is {first[worst]:.10g} by "
            f"the one and {second[worst]:.10g} by the other. Correct one, or pass how='soft' to one."
        )


def _orders(face, frame):
    return tuple(face.order if a == face.axis else 0 for a in range(len(frame.variables)))


def _of_face(face, frame):
    return _quantity(_orders(face, frame), face.output, frame)


def _quantity(index, output, frame):
    """u, or u_xt: what a multi-index of an output is called in messages."""
    by = "".join(name * order for name, order in zip(frame.variables, index, strict=True))
    return f"{frame.outputs[output]}_{by}" if by else frame.outputs[output]
