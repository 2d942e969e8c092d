"""What the subproblem solvers share where a model gives no answer by itself: no finite numbers, or no preferred direction."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.protocols import Step

__all__ = ["directed", "generic_direction", "stay"]


def stay(model):
    """The zero `Step`, which promises nothing: the answer to a model or a control that is not finite."""
    return Step(namespace(model.gradient).zeros_like(model.gradient), 0.0, False, 0.0, 0.0)


def generic_direction(like):
    """A fixed unit vector of the shape (p,) of `like`, at right angles to nothing that a model would come up with.

    It starts inverse iteration, and it decides which of two equally good signs of an eigenvector is taken, the same on every
    array library. The entries cos(j²) have no pattern that a symmetric or smooth eigenvector could be orthogonal to.
    """
    xp = namespace(like)
    index = xp.arange(1, like.shape[0] + 1, dtype=like.dtype, device=device_of(like))
    entries = xp.cos(index * index)
    return entries / linalg.norm(entries)


def directed(solution, make_lowest):
    """Coordinates of a `SecularSolution`, in the hard case with the sign of the first one that `generic_direction` prefers.

    `make_lowest` returns the lowest eigenvector (p,), and is asked in the hard case only.
    """
    y = solution.coordinates
    if not solution.undirected:
        return y
    lowest = make_lowest()
    if to_floats(namespace(lowest).vecdot(lowest, generic_direction(lowest)))[0] >= 0.0:
        return y
    xp = namespace(y)
    return xp.where(xp.arange(y.shape[0]) == 0, -y, y)
