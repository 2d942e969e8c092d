"""Weighted standardization of the rows of an array: the problem that is solved has means 0 and standard deviations 1."""

from typing import NamedTuple

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["Scaling", "check_range", "fit_scaling", "identity_scaling"]

_EPS = 2.220446049250313e-16
_LARGEST = 4e307


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
