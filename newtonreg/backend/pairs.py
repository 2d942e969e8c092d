"""Unordered pairs of indices, for symmetric blocks."""

from functools import lru_cache
from typing import NamedTuple

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["Pairs", "pairs"]


class Pairs(NamedTuple):
    """Pairs a ≤ b of `size` indices: `rows` a and `cols` b, and for every (a, b), row by row, the `position` of its pair."""

    rows: object
    cols: object
    position: object


def pairs(size, like):
    """`Pairs` of 0 … `size` − 1 as index arrays in the library and on the device of `like`, made once and kept there."""
    device = device_of(like)
    return _pairs(size, namespace(like), _Key(device))


class _Key:
    """A device that can be a key of a cache, whatever library it comes from."""

    def __init__(self, device):
        self.device = device

    def __hash__(self):
        return hash(str(self.device))

    def __eq__(self, other):
        return str(self.device) == str(other.device)


@lru_cache(maxsize=64)
def _pairs(size, xp, key):
    rows = [a for a in range(size) for b in range(a, size)]
    cols = [b for a in range(size) for b in range(a, size)]
    starts = [a * size - a * (a - 1) // 2 for a in range(size)]
    position = [starts[min(a, b)] + abs(a - b) for a in range(size) for b in range(size)]
    return Pairs(*(xp.asarray(index, dtype=xp.int64, device=key.device) for index in (rows, cols, position)))
