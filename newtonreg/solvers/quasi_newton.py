"""What quasi-Newton methods with a line search share: direction, search, update."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.curvatures import first_length, secant_pair
from newtonreg.solvers.acceptance import reduction_ratio, rounding_noise
from newtonreg.solvers.line_search import strong_wolfe
from newtonreg.solvers.state import SolverState

__all__ = ["QuasiNewton"]

_NO_CURVATURE = 1e-10
"""Cosine between s and y below which yᵀs is no curvature to learn from; 2 / √κ is the least that a condition number κ allows."""


class QuasiNewton(BaseEstimator):
    """x⁺ = x + t p with p = −H ∇F and t from the strong Wolfe conditions.

    A subclass gives `update(secant, pair, bend)`: what it remembers of the curvature, from what it remembered (None before the
    first update), the `SecantPair` of the step, and sᵀBs with B = H⁻¹. What it remembers has `direction(gradient)`, and
    `state` as in `SolverState.memory`.

    Where the search fails and more than rounding is to be gained, it is repeated once from H = I, that is, along −∇F; where that
    fails, too, the state is exhausted. A step whose s and y show no positive curvature updates nothing; only a search that met a
    wall, or no end of the descent, returns one.

    `predicted` is the decrease that the slopes at both ends of a step give, which is known when differences of F are rounding.
    """

    control_name = "step length"
    requires = ()

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("slope_reduction", self.slope_reduction, low=0.0, high=1.0)
        check_number("sufficient_decrease", self.sufficient_decrease, low=0.0, high=min(0.5, self.slope_reduction))

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        point = objective.at(x0)
        return SolverState(point=point, control=first_length(point), memory={"secant": None})

    def step(self, objective, state):
        """One line search: a value or more, and a gradient where the value has fallen."""
        point, secant = state.point, state.memory["secant"]
        found = self._search(objective, point, secant)
        if found is None and secant is not None and self._promises(point, secant):
            secant = None
            found = self._search(objective, point, secant)
        if found is None:
            return replace(state, accepted=False, step_norm=math.nan, ratio=math.nan, predicted=math.nan, exhausted=True)
        displacement = found.point.params - point.params
        (length,) = to_floats(linalg.norm(displacement))
        predicted = found.predicted_reduction
        return replace(
            state,
            point=found.point,
            control=found.length,
            accepted=True,
            step_norm=length,
            ratio=reduction_ratio(point, found.point, displacement, predicted),
            predicted=predicted,
            memory={"secant": self._learned(secant, point, found)},
        )

    def _search(self, objective, point, secant):
        """`LineSearchResult` along −H ∇F, or None."""
        direction, first = (-point.gradient, first_length(point)) if secant is None else (secant.direction(point.gradient), 1.0)
        return strong_wolfe(objective, point, direction, first, self.sufficient_decrease, self.slope_reduction)

    @staticmethod
    def _promises(point, secant):
        """Whether the model's decrease ½ ∇FᵀH∇F is more than rounding, or no decrease at all because H is spoiled."""
        (slope,) = to_floats(namespace(point.gradient).vecdot(point.gradient, secant.direction(point.gradient)))
        return not 0.0 <= -0.5 * slope <= rounding_noise(point.value)

    def _learned(self, secant, point, found):
        """What is remembered after the step to `found`."""
        pair = secant_pair(found.point, point)
        if pair is None or not pair.sy > _NO_CURVATURE * math.sqrt(pair.ss) * math.sqrt(pair.yy):
            return secant
        # p = −H ∇F, so pᵀBp = −∇Fᵀp; before the first update H is the scaled identity of the update itself
        bend = found.length * found.length * -found.slope if secant is not None else pair.ss / pair.sy * pair.yy
        return self.update(secant, pair, bend)
