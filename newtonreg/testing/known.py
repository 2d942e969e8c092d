"""What is known of a test problem: where to start, and where it is stationary."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Known", "Limit", "Problem", "known_points"]


@dataclass(frozen=True)
class Known:
    """A stationary point of F.

    Attributes
    ----------
    value : float
        F there, to double precision.
    at : tuple of float
        The point, to double precision; one of them where a set of points has this value.
    note : str, default=""
        What there is to say: other points with the same value, where lists in the literature have it otherwise.
    index : int, default=0
        Number of negative eigenvalues of ∇²F: 0 at a minimum.
    """

    value: float
    at: tuple[float, ...]
    note: str = ""
    index: int = 0


@dataclass(frozen=True)
class Limit:
    """A limit of F along a path to infinity, where a run may end because nothing more is gained on it.

    It need not be an infimum: there may be less beside the path.

    Attributes
    ----------
    value : float
        The limit, to double precision.
    path : callable
        s to the p numbers of a point, 1 ≤ s ≤ 5; F − `value` falls about as 1/s or faster.
    note : str, default=""
        Where the path goes.
    """

    value: float
    path: Callable[[float], tuple[float, ...]]
    note: str = ""


@dataclass(frozen=True)
class Problem:
    """A function of a vector with its standard starting point and its known stationary points.

    Attributes
    ----------
    name : str
        In kebab-case, with the number of parameters where a family has several.
    start : tuple of float
        The standard starting point.
    make : callable
        xp (an array API namespace) to an objective with hand-written derivatives. Use `objective`.
    minima : tuple of Known
        Local ones included, lowest first; `value` is F, the objective's own value, which for sums of squares is ½ Σ r².
        Empty where F is unbounded below.
    saddles : tuple of Known, default=()
        Stationary points that are no minima.
    limits : tuple of Limit, default=()
        Where F is stationary at infinity.
    note : str, default=""
        Symmetries, and how complete the lists are.
    """

    name: str
    start: tuple[float, ...] = field(repr=False)
    make: Callable[[Any], Any] = field(repr=False)
    minima: tuple[Known, ...] = field(repr=False)
    saddles: tuple[Known, ...] = field(default=(), repr=False)
    limits: tuple[Limit, ...] = field(default=(), repr=False)
    note: str = field(default="", repr=False)

    @property
    def n_params(self):
        """p."""
        return len(self.start)

    def objective(self, xp):
        """A fresh objective, its counts at zero, for arrays of the namespace `xp`."""
        return self.make(xp)


def known_points(n_params, table, index=0):
    """Known points from a text of numbers: the value and the p numbers of the point, for one point after the other.

    Parameters
    ----------
    n_params : int
        p.
    table : str
    index : int, default=0
        Of all points.

    Returns
    -------
    tuple of Known
    """
    numbers = [float(word) for word in table.split()]
    rows = [numbers[k : k + n_params + 1] for k in range(0, len(numbers), n_params + 1)]
    return tuple(Known(value, tuple(point), index=index) for value, *point in rows)
