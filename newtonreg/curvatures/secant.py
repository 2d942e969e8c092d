"""What secant updates share: a pair of differences, a first length and a first matrix, and where the last update stood."""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.curvatures.model import CurvaturePoint

__all__ = ["Secant", "SecantCurvature", "SecantPair", "first_length", "secant_pair"]

_TINY = 1e-290
_ROUNDING = 1e-15
"""Of the gradients, below which their difference is noise that no update should learn from."""
_LEAST_COSINE = 1e-3
"""Between s and y, for the first matrix: of two directions that are nearly orthogonal yᵀy / |sᵀy| says nothing."""


class SecantPair(NamedTuple):
    """s = Δx and y = Δ∇F, (p,) each, with sᵀy, sᵀs and yᵀy as Python floats."""

    s: Any
    y: Any
    sy: float
    ss: float
    yy: float


def secant_pair(evaluation, previous):
    """The `SecantPair` from `previous`, anything with `params` and `gradient`.

    None where nothing moved, and where y is rounding or not finite.
    """
    xp = namespace(evaluation.params)
    s, y = evaluation.params - previous.params, evaluation.gradient - previous.gradient
    sizes = (linalg.norm(evaluation.gradient), linalg.norm(previous.gradient))
    sy, ss, yy, now, before = to_floats(xp.vecdot(s, y), xp.vecdot(s, s), xp.vecdot(y, y), *sizes)
    noise = _ROUNDING * (now + before)
    # not noise ** 2, which raises where Python floats overflow
    # and nothing that a quotient would overflow on
    if min(ss, abs(sy)) < _TINY or not max(noise * noise, _TINY) < yy < math.inf:
        return None
    return SecantPair(s, y, sy, ss, yy)


def first_length(evaluation):
    """A first t along −∇F: a hundredth of the parameters' own length, or where they are zero, what the size of F suggests.

    References
    ----------
    Hager & Zhang, *Algorithm 851: CG_DESCENT* (2006), rule I0; Euclidean norms here. F in other units gives the same step, and
    so do parameters in another unit.
    """
    (length,) = to_floats(linalg.norm(evaluation.params))
    slope = evaluation.gradient_norm
    t = 1.0
    if 0.0 < slope < math.inf:
        t = 0.01 * (length if length > 0.0 else abs(evaluation.value) / slope or 1.0) / slope
    return t if 0.0 < t < math.inf else 1.0


@dataclass(frozen=True, eq=False)
class Secant:
    """Where a secant update stands: parameters (p,), gradient (p,) and B (p, p), None before the first update."""

    params: Any
    gradient: Any
    matrix: Any = None

    @property
    def state(self):
        """The arrays inside, by name: what a checkpoint has to keep; `Secant(**state)` is this one again."""
        arrays = {"params": self.params, "gradient": self.gradient, "matrix": self.matrix}
        return {name: array for name, array in arrays.items() if array is not None}


class SecantCurvature(BaseEstimator):
    """B from gradients at accepted points: I / t with t of `first_length` at first, (yᵀy / |sᵀy|) I before the first update.

    A subclass gives `update(matrix, pair)`. At the same point again B is the same. 4 p² flops an update.
    """

    is_exact = False
    requires = ()

    def at(self, evaluation, previous=None):
        """`CurvaturePoint` at `evaluation`, updated from the `Secant` of the last accepted point."""
        matrix = None if previous is None else self._updated(evaluation, previous)
        like = evaluation.gradient
        memory = Secant(evaluation.params, like, matrix)
        return CurvaturePoint(
            lambda: _scaled_identity(1.0 / first_length(evaluation), like) if matrix is None else matrix, memory=memory
        )

    def _updated(self, evaluation, previous):
        pair = secant_pair(evaluation, previous)
        if pair is None:
            return previous.matrix
        first = pair.yy / max(abs(pair.sy), _LEAST_COSINE * math.sqrt(pair.ss) * math.sqrt(pair.yy))
        return self.update(_scaled_identity(first, pair.s) if previous.matrix is None else previous.matrix, pair)


def _scaled_identity(scale, like):
    """`scale` I (p, p) beside the vector `like`."""
    return scale * namespace(like).eye(like.shape[0], dtype=like.dtype, device=device_of(like))
