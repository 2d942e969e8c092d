"""Rows of a least-squares problem that come batch by batch."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_diagonal, device_of, namespace
from newtonreg.objectives.separable import shortest_solution

__all__ = ["outer_row_step", "stacked"]


def outer_row_step(rows, rhs, penalty, coefs):
    """The step of one output's coefficients, its penalty as further rows."""
    xp = namespace(rows)
    root = xp.sqrt(penalty)
    below = add_diagonal(xp.zeros((root.shape[0], root.shape[0]), dtype=root.dtype, device=device_of(root)), root)
    return shortest_solution(xp.concat([rows, below], axis=0), -xp.concat([rhs, root * coefs]))


def stacked(rows, rhs, more_rows, more_rhs):
    """A square root of the sum of two: the rows themselves while they are no more than the columns, then a triangle."""
    n_rows = more_rows.shape[0] + (0 if rows is None else rows.shape[0])
    if n_rows > more_rows.shape[1]:
        if rows is None:
            return linalg.triangularize(more_rows, more_rhs)
        return linalg.triangularize_over(rows, rhs, more_rows, more_rhs)
    if rows is None:
        return more_rows, more_rhs
    xp = namespace(rows)
    return xp.concat([rows, more_rows], axis=0), xp.concat([rhs, more_rhs], axis=0)
