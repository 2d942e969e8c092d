"""Levenberg–Marquardt with geodesic acceleration: the work horse of clean fits."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.solvers.state import SolverState
from newtonreg.subproblems import Damped

__all__ = ["LevenbergMarquardt"]


class LevenbergMarquardt(BaseEstimator):
    """Solve (B + μ S⁻²) p = −g with the Gauss–Newton matrix B, move if F falls, adapt μ.

    Parameters
    ----------
    norm : str or Norm, default="spherical"
        Scaling S of the damping. "column-scaling" is Moré's running maximum of column norms: better in
        one dimension, worse in several.
    geodesic_acceleration : bool, default=True
        Add half of the second-order correction a = −(B + μ S⁻²)⁻¹ Jᵀ ∂²r[p, p], by the factorization at hand. Only for sums of
        squares; other losses go without.
    acceleration_limit : float > 0, default=0.75
        A trial with ‖a‖ > 2 × this × ‖p‖ (scaled norm) is rejected.
    initial_damping, min_damping : float > 0
        In units of the largest diagonal entry of B in the norm's variables.
    decrease : float in (0, 1), default=1/5
        Strongest shrinking of μ after one accepted trial.

    Notes
    -----
    μ follows Nielsen's rule: after an accepted trial μ ← μ max(decrease, 1 − (2ρ − 1)³), after a rejected one μ ← ν μ, ν ← 2ν.

    References
    ----------
    Nielsen, *Damping parameter in Marquardt's method* (1999); Transtrum & Sethna, *Improvements to the Levenberg–Marquardt
    algorithm* (2012), arXiv 1201.5885. Deviations: the floor of μ is 1e-18, below which slow valleys are lost.
    """

    name = "levenberg-marquardt"
    control_name = "damping"

    def __init__(
        self,
        norm="spherical",
        geodesic_acceleration=True,
        acceleration_limit=0.75,
        initial_damping=1e-5,
        min_damping=1e-18,
        decrease=0.2,
    ):
        self.norm = norm
        self.geodesic_acceleration = geodesic_acceleration
        self.acceleration_limit = acceleration_limit
        self.initial_damping = initial_damping
        self.min_damping = min_damping
        self.decrease = decrease

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        for name in ("acceleration_limit", "initial_damping", "min_damping"):
            check_number(name, getattr(self, name), low=0.0)
        check_number("decrease", self.decrease, low=0.0, high=1.0)
        resolve_norm(self.norm)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return self._with_model(SolverState(point=objective.at(x0), control=math.nan, memory={"growth": 2.0}))

    def step(self, objective, state):
        """One trial: one value and one factorization, and after an accepted one gradient and matrix."""
        state = state if state.cache is not None else self._with_model(state)
        model, scaling, largest = state.cache
        step = Damped().solve(model, state.control)
        if step is None:
            return self._rejected(state, largest, math.nan, math.nan)
        p = step.p
        if self.geodesic_acceleration and getattr(objective, "is_sum_of_squares", False):
            bend = state.point.second_directional(scaling.step(p))
            acceleration = -step.resolve(scaling.gradient(bend))
            length = to_floats(linalg.norm(acceleration))[0]
            # negated, so that NaN rejects
            if not length <= 2.0 * self.acceleration_limit * step.norm:
                return self._rejected(state, largest, step.norm, math.nan)
            p = p + 0.5 * acceleration
        displacement = scaling.step(p)
        trial = objective.at(state.params + displacement)
        ratio = reduction_ratio(state.point.value, trial.value, step.predicted_reduction)
        length = to_floats(linalg.norm(displacement))[0]
        if not ratio > 0.0:
            return self._rejected(state, largest, length, ratio)
        moved = self._accepted(state, largest, trial, length, ratio)
        # finite with derivatives that are not (overflow inside an activation): nowhere to go on from, so a rejected trial
        return moved if math.isfinite(trial.gradient_norm) else self._rejected(state, largest, length, ratio)

    def _accepted(self, state, largest, trial, length, ratio):
        factor = max(self.decrease, 1.0 - (2.0 * min(ratio, 1.0) - 1.0) ** 3)
        damping = max(state.control * min(factor, 2.0), self.min_damping * largest)
        size = to_floats(linalg.norm(state.params))[0]
        moved = replace(
            state,
            point=trial,
            control=damping,
            accepted=True,
            step_norm=length,
            ratio=ratio,
            exhausted=length <= 1e-16 * size,
            memory={**state.memory, "growth": 2.0},
        )
        return self._with_model(moved)

    def _rejected(self, state, largest, length, ratio):
        growth = state.memory["growth"]
        damping = max(state.control, self.min_damping * largest) * growth
        return replace(
            state,
            control=damping,
            accepted=False,
            step_norm=length,
            ratio=ratio,
            exhausted=damping > 1e20 * largest,
            memory={**state.memory, "growth": min(2.0 * growth, 2.0**20)},
        )

    def _with_model(self, state):
        """`state` with the model at its point; a rejected trial uses it again."""
        point = state.point
        matrix = point.gauss_newton
        scaling = resolve_norm(self.norm).scaling(point, matrix, state.memory.get("scaling"))
        model = scaling.model(point.gradient, matrix)
        xp = namespace(matrix)
        largest = to_floats(xp.max(xp.linalg.diagonal(model.matrix)))[0]
        damping = self.initial_damping * largest if math.isnan(state.control) else state.control
        return replace(state, cache=(model, scaling, largest), control=damping, memory={**state.memory, "scaling": scaling})
