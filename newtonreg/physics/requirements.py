"""What conditions come down to: values of observations of the outputs at points."""

from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from newtonreg.physics.pointwise import format_point

__all__ = ["Requirement", "conflicting"]

_SAME_POINT = 1e-12
"""Relative to the largest coordinate: below it two points are one."""
_SAME_VALUE = 1e-8


class Requirement(NamedTuple):
    """Σ_p (L_p u)(x_pi) = v_i, i = 1 ... n: each value is of the outputs at P points.

    `name`: for messages and plots; `points`: P arrays (n, d); `operators`: P lists of (multi-index, index of the output,
    coefficients (n,)), a term each; `values` (n,); `weight`: "auto" or a number > 0; `how`: "soft", "hard" or "exact";
    `noise_std`: of measured values, a number, (n,) or None; `is_data`: whether the values are measured; `faces`: the hyperplanes
    (index of the variable, coordinate) that the points make up, empty where they are given one by one.
    """

    name: str
    points: list
    operators: list
    values: object
    weight: object = "auto"
    how: str = "soft"
    noise_std: object = None
    is_data: bool = False
    faces: tuple = ()


def conflicting(requirements, variables=None):
    """Raise where requirements to be met exactly contradict each other.

    Two rows, of one requirement or of two, contradict where the same operators at the same points have values with
    |v − w| > 1e-8 (1 + |v|). Those with how="soft" are left out: they are weighed against each other.

    Parameters
    ----------
    requirements : sequence of Requirement
    variables : sequence of str, optional
        Names of the inputs, for the message.

    Raises
    ------
    ValueError
        Naming both conditions, the point and both values.
    """
    rows_of = {}
    for requirement in requirements:
        if requirement.how != "soft":
            rows_of.setdefault(_kind(requirement), []).append(requirement)
    for alike in rows_of.values():
        _check_alike(alike, variables)


def _kind(requirement):
    """Which derivatives of which outputs it observes at each of its points."""
    return tuple(tuple((index, output) for index, output, _ in operator) for operator in _in_order(requirement))


def _in_order(requirement):
    return [sorted(operator, key=lambda term: term[:2]) for operator in requirement.operators]


def _check_alike(alike, variables):
    rows = np.concatenate([_rows(requirement) for requirement in alike])
    values = np.concatenate([requirement.values for requirement in alike])
    owners = np.repeat(np.arange(len(alike)), [len(requirement.values) for requirement in alike])
    largest = np.max(np.abs(rows), axis=0)
    scaled = rows / np.where(largest > 0.0, largest, 1.0)
    pairs = cKDTree(scaled).query_pairs(_SAME_POINT, p=np.inf, output_type="ndarray")
    gaps = np.abs(values[pairs[:, 0]] - values[pairs[:, 1]])
    contradictions = pairs[gaps > _SAME_VALUE * (1.0 + np.abs(values[pairs[:, 0]]))]
    if not len(contradictions):
        return
    one, other = min(tuple(sorted(pair)) for pair in contradictions.tolist())
    first, second = alike[owners[one]], alike[owners[other]]
    points = " and ".join(format_point(x, variables) for x in np.split(rows[one, : _n_coordinates(first)], len(first.points)))
    raise ValueError(
        f"conditions {first.name!r} (how={first.how!r}) and {second.name!r} (how={second.how!r}) contradict each other at "
        f"{points}: {values[one]:.10g} and {values[other]:.10g}. Correct one, or pass how='soft' to one."
    )


def _rows(requirement):
    """Coordinates of all points, then all coefficients: one row a value."""
    coefficients = [coefficient[:, None] for operator in _in_order(requirement) for _, _, coefficient in operator]
    return np.concatenate([*requirement.points, *coefficients], axis=1)


def _n_coordinates(requirement):
    return sum(points.shape[1] for points in requirement.points)
