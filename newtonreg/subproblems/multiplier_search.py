"""The search of `MoreSorensen` for the multiplier: one Cholesky factorization a step, a bracket around it that only shrinks."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.protocols import Step
from newtonreg.subproblems.lanczos import estimate_multiplier
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["MultiplierSearch"]

_EPS = 2.220446049250313e-16
_INVERSE_ITERATIONS = 3


class _Trial(NamedTuple):
    """One multiplier λ with H = B + λI = L Lᵀ positive definite."""

    multiplier: float
    factor: Any
    p: Any
    """−H⁻¹g."""
    norm: float
    """‖p‖."""
    bend: float
    """pᵀH⁻¹p, which is −‖p‖ times the derivative of ‖p‖ by λ."""
    energy: float
    """pᵀHp."""


class _Completion(NamedTuple):
    """The step p + τz to the boundary along a unit vector z, an estimate of the lowest eigenvector of H."""

    length: float
    """τ, NaN where the line does not meet the sphere."""
    curvature: float
    """zᵀHz, an upper bound of the lowest eigenvalue of H."""
    residual: float
    """‖Hz‖, so that ‖H (p + τz) + g‖ = |τ| ‖Hz‖."""


class MultiplierSearch:
    """Where λ can still be, and where to look next. All scalars are Python floats.

    Parameters
    ----------
    model : QuadraticModel
    radius : float
    rtol : float in (0, 1)
        As in `MoreSorensen`.

    Notes
    -----
    `lower` and `upper` enclose λ: Gershgorin's bounds at first, then failed factorizations and steps too long from below, Rayleigh
    quotients from below, and steps too short from above (Conn, Gould & Toint 2000, §7.3.8).
    """

    def __init__(self, model, radius, rtol):
        self.model, self.radius, self.rtol = model, radius, rtol
        xp = namespace(model.matrix)
        diagonal = xp.linalg.diagonal(model.matrix)
        others = xp.sum(xp.abs(model.matrix), axis=1) - xp.abs(diagonal)
        numbers = xp.min(diagonal), xp.min(diagonal - others), xp.max(diagonal + others), xp.sum(others)
        self.gradient_norm, least, low, high, total = to_floats(linalg.norm(model.gradient), *numbers)
        force = self.gradient_norm / radius if radius > 0.0 else math.inf
        self.is_well_posed = math.isfinite(force + low + high + total) and math.isfinite(radius)
        self.noise = 10.0 * _EPS * max(abs(low), abs(high))
        self.lower = max(0.0, -least, force - high)
        self.upper = max(0.0, force - low) + 2.0 * self.noise
        self.multiplier = 0.0
        self._estimate = self._last = self._short = None
        self._margin = 0.0
        self._direction = generic_direction(model.gradient)

    def start(self):
        """Choose the first multiplier: 0, unless a bound already excludes it."""
        if self.lower > 0.0:
            self.multiplier = min(self._estimated(), self.upper)

    def advance(self):
        """One factorization: the step where it is good enough, else None and the next multiplier."""
        trial = self._try()
        if trial is None:
            self.lower = max(self.lower, self.multiplier)
            self.multiplier = min(self._after_failure(), self.upper)
            return None
        self._last = trial
        if trial.norm <= self.radius and trial.multiplier <= self.noise:
            return self._plain(trial)._replace(multiplier=0.0, on_boundary=False)
        if abs(trial.norm - self.radius) <= self.rtol * self.radius:
            return self._plain(trial)
        return self._inside(trial) if trial.norm < self.radius else self._outside(trial)

    def best(self):
        """A step in the ball from the last factorization that succeeded, or from the upper bound's; None if even that fails."""
        if self._last is None:
            self.multiplier = self.upper
            self._last = self._try()
        trial = self._last
        if trial is None:
            return None
        if trial.norm > self.radius:
            return self._shortened(trial)
        completion = self._complete(trial)
        return max(self._plain(trial), self._completed(trial, completion), key=lambda step: step.predicted_reduction)
