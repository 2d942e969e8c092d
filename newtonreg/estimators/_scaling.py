"""Weighted standardization of the rows of an array: the problem that is solved has means 0 and standard deviations 1."""

from typing import NamedTuple

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["Scaling", "check_range", "fit_input_scaling", "fit_scaling", "identity_scaling"]

_EPS = 2.220446049250313e-16
_LARGEST = 4e307
_PICTURE, _SAME_TOP, _BACKGROUND = 8, 1 / 3, 1 / 4
"""Inputs of a picture at least, the share of them that reach the largest value, and the share of entries at the least one."""


class Scaling(NamedTuple):
    """Offset and scale of r rows, both (r,)."""

    offset: object
    scale: object

    def transform(self, rows):
        """(rows − offset) / scale for `rows` (r, n)."""
        return (rows - self.offset[:, None]) / self.scale[:, None]

    def inverse(self, rows):
        """rows × scale + offset."""
        return rows * self.scale[:, None] + self.offset[:, None]


def fit_scaling(rows, weights):
    """Weighted mean and standard deviation of `rows` (r, n).

    A row that is constant to rounding gets scale 1 and its own value as offset, so it is mapped to exact zeros. The deviations
    are divided by their largest before they are squared: data of size 1e200 do not overflow.
    """
    xp = namespace(rows)
    total = xp.sum(weights)
    # the mean of deviations from any value of the row: exact where the row is constant, accurate where it is far from zero
    anchor = rows[:, 0]
    offset = anchor + xp.sum((rows - anchor[:, None]) * weights, axis=1) / total
    deviation = rows - offset[:, None]
    largest = xp.max(xp.abs(deviation), axis=1)
    constant = largest <= 10.0 * _EPS * xp.max(xp.abs(rows), axis=1)
    safe = xp.where(constant, xp.ones_like(largest), largest)
    scale = safe * xp.sqrt(xp.sum((deviation / safe[:, None]) ** 2 * weights, axis=1) / total)
    return Scaling(xp.where(constant, anchor, offset), xp.where(constant, xp.ones_like(scale), scale))


def fit_input_scaling(rows, weights):
    """`fit_scaling` of inputs (d, n); those that form a picture share one scale.

    Rows on a common background, such as pixels, counts of words or indicators: all have the same least value, a quarter of all
    entries are that value, and a third of the rows have the same largest one. They have one unit, and to blow up what is rarely
    on would make its few rows outliers. The scale is the root mean square of the deviations.
    """
    scaling = fit_scaling(rows, weights)
    xp = namespace(rows)
    least, largest = xp.min(rows, axis=1), xp.max(rows, axis=1)
    varies = least < largest
    # constant rows belong to no picture, and are no reason against one
    extremes = (
        xp.min(xp.where(varies, least, xp.full_like(least, _LARGEST))),
        xp.max(xp.where(varies, largest, -xp.full_like(least, _LARGEST))),
    )
    n_varying, floor, ceiling = to_floats(xp.sum(xp.astype(varies, xp.float64)), *extremes)
    if n_varying < _PICTURE:
        return scaling
    at_floor = xp.sum(xp.astype(rows <= floor, xp.float64) * weights, axis=1) / xp.sum(weights)
    is_lowest, is_highest = (xp.astype(varies & flags, xp.float64) for flags in (least <= floor, largest >= ceiling))
    background = xp.sum(xp.where(varies, at_floor, xp.zeros_like(at_floor)))
    lowest, highest, share = (count / n_varying for count in to_floats(xp.sum(is_lowest), xp.sum(is_highest), background))
    if lowest < 1.0 or highest < _SAME_TOP or share < _BACKGROUND:
        return scaling
    squares = xp.where(varies, scaling.scale**2, xp.zeros_like(scaling.scale))
    common = xp.sqrt(xp.sum(squares) / n_varying)
    return scaling._replace(scale=xp.where(varies, common, scaling.scale))


def identity_scaling(n_rows, like):
    """The scaling that changes nothing."""
    xp = namespace(like)
    return Scaling(xp.zeros_like(like[:n_rows, 0]), xp.ones_like(like[:n_rows, 0]))


def check_range(name, rows):
    """Raise where differences of the entries of `rows` would overflow."""
    (largest,) = to_floats(namespace(rows).max(namespace(rows).abs(rows)))
    if largest > _LARGEST:
        raise ValueError(
            f"{name} contains {largest:g}: its range is beyond the largest float64, so it cannot be standardized; rescale it."
        )
