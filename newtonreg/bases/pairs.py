"""Unordered pairs of indices, for symmetric blocks."""

__all__ = ["pair_index"]


def pair_index(size):
    """Rows and columns of the pairs a ≤ b of `size` indices, and for every (a, b), row by row, the position of its pair."""
    rows = [a for a in range(size) for b in range(a, size)]
    cols = [b for a in range(size) for b in range(a, size)]
    starts = [a * size - a * (a - 1) // 2 for a in range(size)]
    position = [starts[min(a, b)] + abs(a - b) for a in range(size) for b in range(size)]
    return rows, cols, position
