"""Newton's method in a trust region, with exact or Gauss–Newton curvature."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

import newtonreg.subproblems
from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.components import check_number, resolve
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import MAX_NOISE_TRIALS, NEGLIGIBLE_CURVATURE, count_noise, reduction_ratio
from newtonreg.solvers.state import SolverState
from newtonreg.subproblems import MoreSorensen, Spectral

__all__ = ["TrustRegion"]

_SPECTRAL_UP_TO = 250
"""Parameters up to which a step comes from an eigendecomposition: a few milliseconds more than factorizations, and exact."""


_RTOL = 1e-2
"""Of the radius: within a looser tolerance rounding picks one of many steps, a tighter one costs two more factorizations."""


class TrustRegion(BaseEstimator):
    """Minimize m(p) = gᵀp + ½ pᵀBp over ‖p‖ ≤ radius, move if F falls as predicted, adapt the radius.

    Parameters
    ----------
    curvature : {"exact", "gauss-newton"}, default="exact"
        B. The exact Hessian sees negative curvature and leaves saddles; Gauss–Newton is positive semidefinite.
    norm : str or Norm, default="spherical"
        Shape of the region.
    subproblem : str or Subproblem, default=None
        None takes `Spectral()` up to 250 parameters and `MoreSorensen(rtol=1e-2)` above.
    initial_radius, max_radius : float > 0
        In the norm's variables.
    eta1, eta2 : float, 0 < eta1 < eta2 < 1
        A ratio of actual to predicted reduction below `eta1` shrinks the radius, above `eta2` a step to the boundary grows it.
    increase, decrease : float, increase > 1 > decrease > 0
        Factors of the radius.
    accept : float, 0 <= accept < eta1
        A trial is accepted where its ratio exceeds this.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000), Algorithm 6.1.1. Deviations: ratios are shifted by rounding noise
    (§17.4.2), a shrinking radius starts from the length of the rejected step, and a trial that is not finite is a rejected one.
    """

    name = "trust-region"
    control_name = "radius"

    def __init__(
        self,
        curvature="exact",
        norm="spherical",
        subproblem=None,
        initial_radius=1.0,
        max_radius=1e6,
        eta1=0.25,
        eta2=0.75,
        increase=2.0,
        decrease=0.25,
        accept=1e-4,
    ):
        self.curvature = curvature
        self.norm = norm
        self.subproblem = subproblem
        self.initial_radius = initial_radius
        self.max_radius = max_radius
        self.eta1 = eta1
        self.eta2 = eta2
        self.increase = increase
        self.decrease = decrease
        self.accept = accept

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if self.curvature not in ("exact", "gauss-newton"):
            raise ValueError(f"curvature={self.curvature!r} is unknown; pass 'exact' or 'gauss-newton'.")
        for name in ("initial_radius", "max_radius"):
            check_number(name, getattr(self, name), low=0.0)
        check_number("eta1", self.eta1, low=0.0, high=1.0)
        check_number("eta2", self.eta2, low=self.eta1, high=1.0)
        check_number("increase", self.increase, low=1.0)
        check_number("decrease", self.decrease, low=0.0, high=1.0)
        resolve_norm(self.norm)
        check_number("accept", self.accept, low=-1e-300, high=self.eta1)
        if self.subproblem is not None:
            subproblem = resolve("subproblem", self.subproblem, newtonreg.subproblems, ("solve",))
            if getattr(subproblem, "control_name", "radius") != "radius":
                raise ValueError(
                    f"subproblem={self.subproblem!r} takes a damping, not a radius; pass 'spectral' or 'more-sorensen'."
                )

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return self._with_model(SolverState(point=objective.at(x0), control=float(self.initial_radius)))

    def step(self, objective, state):
        """One trial: one value, and after an accepted one gradient, matrix and factorization."""
        state = state if state.cache is not None else self._with_model(state)
        model, scaling = state.cache
        step = self._subproblem(objective).solve(model, state.control)
        displacement = scaling.step(step.p)
        trial = objective.at(state.params + displacement)
        ratio = reduction_ratio(state.point.value, trial.value, step.predicted_reduction)
        accepted = ratio > self.accept
        radius = self._next_radius(state.control, step, ratio)
        length = to_floats(linalg.norm(displacement))[0]
        size = to_floats(linalg.norm(state.params))[0]
        noise = count_noise(state.memory.get("noise", 0), state.point.value, step.predicted_reduction)
        common = {
            "control": radius,
            "accepted": accepted,
            "step_norm": length,
            "ratio": ratio,
            "exhausted": length <= 1e-16 * size or noise >= MAX_NOISE_TRIALS,
            "memory": {**state.memory, "noise": noise},
        }
        if not accepted:
            return replace(state, **common)
        moved = self._with_model(replace(state, point=trial, **common))
        # finite with derivatives that are not (overflow inside an activation): nowhere to go on from, so a rejected trial
        if not math.isfinite(trial.gradient_norm):
            return replace(state, **{**common, "accepted": False, "control": self.decrease * min(state.control, step.norm)})
        return moved

    def leaves_saddle(self, state):
        """Whether the model at `state` has a direction of negative curvature to leave a stationary point along."""
        if self.curvature != "exact":
            return False
        matrix = state.point.hessian
        xp = namespace(matrix)
        shift = NEGLIGIBLE_CURVATURE * to_floats(xp.max(xp.abs(xp.linalg.diagonal(matrix))))[0]
        return linalg.cholesky(index_add_diagonal(matrix, shift)) is None

    def _with_model(self, state):
        """`state` with the quadratic model at its point, in the norm's variables; a rejected trial uses it again."""
        point = state.point
        matrix = point.hessian if self.curvature == "exact" else point.gauss_newton
        scaling = resolve_norm(self.norm).scaling(point, matrix, state.memory.get("scaling"))
        model = scaling.model(point.gradient, matrix)
        return replace(state, cache=(model, scaling), memory={**state.memory, "scaling": scaling})

    def _subproblem(self, objective):
        if self.subproblem is None:
            return Spectral() if objective.n_params <= _SPECTRAL_UP_TO else MoreSorensen(rtol=_RTOL)
        return resolve("subproblem", self.subproblem, newtonreg.subproblems, ("solve",))

    def _next_radius(self, radius, step, ratio):
        if ratio < self.eta1:
            return self.decrease * min(radius, step.norm)
        if ratio > self.eta2 and step.on_boundary and math.isfinite(ratio):
            return min(self.increase * radius, float(self.max_radius))
        return radius
