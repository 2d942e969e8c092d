"""Newton's method with adaptive cubic regularization."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

import newtonreg.subproblems
from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.components import check_number, resolve
from newtonreg.curvatures import resolve_curvature
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.solvers.modeling import at_new_point, at_same_point
from newtonreg.solvers.saddles import sees_way_out
from newtonreg.solvers.starting_scale import starting_scale
from newtonreg.solvers.state import SolverState

__all__ = ["CubicRegularization"]

_MOST_GROWTH = 1e3
"""Factor of σ after one rejected trial at most: far from the model's reach a third-order estimate says little."""
_BLIND_GROWTH = 10.0
"""Factor of σ where the trial is not finite and says nothing."""


class CubicRegularization(BaseEstimator):
    """Minimize m(p) = gᵀp + ½ pᵀBp + σ/3 ‖p‖³, move if F falls as predicted, adapt σ to the third-order term that was seen.

    Parameters
    ----------
    curvature : str or Curvature, default="exact"
        B: "exact", "gauss-newton", "saddle-free", "bfgs", "sr1" or an object of `newtonreg.curvatures`. With the exact Hessian,
        saddles are left and convergence is quadratic.
    norm : str or Norm, default="spherical"
        That of ‖p‖³: "spherical", "column-scaling", "adagrad", "rmsprop", "diagonal-hessian", "hessian-ellipsoid" or an object
        of `newtonreg.norms`.
    subproblem : str or Subproblem, default="cubic"
        One whose `control_name` is "sigma".
    initial_sigma : float > 0 or None, default=None
        In the norm's variables. None is b / (2 |F| / b)^½ at the start, b = max_j |B_jj|: along the stiffest parameter a step
        that changes a sum of squares by all of its value then meets as much cubic as quadratic resistance. A factor of 30 up
        or down made no difference on the test problems.
    eta1, eta2 : float, 0 < eta1 < eta2 < 1
        A trial whose ratio of actual to predicted reduction is below `eta1` is rejected and σ grows; above `eta2` σ may shrink.
    increase, decrease : float > 1
        σ is multiplied by `increase` at least, or divided by `decrease` at most.
    min_sigma : float > 0, default=1e-30
        Least σ, in units of the first one. On the test problems it falls as low as 1e-25.

    Notes
    -----
    With s = F(x + p) − (F + gᵀp + ½ pᵀBp) the model would have been right for σ̂ = 3 s / ‖p‖³. After a rejected trial σ becomes σ̂,
    but at least σ `increase` and at most 1000 σ; after a very good one σ̂, but at least σ / `decrease` and at most σ. An
    accepted trial costs a gradient, a matrix and its eigendecomposition; a rejected one a value and 4 p² flops.

    References
    ----------
    Cartis, Gould & Toint, *Adaptive cubic regularisation methods for unconstrained optimization, part I* (2011), Algorithm 2.1;
    Gould, Porcelli & Toint, *Updating the regularization parameter in the adaptive cubic regularization algorithm* (2012).
    Deviations: σ by σ̂ as above, which took a fifth fewer trials than factors of 2 on the Moré–Garbow–Hillstrom problems; ratios
    are shifted by rounding noise; a trial that is not finite is a rejected one; the model's minimizer is the global one.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic, minimize
    >>> from newtonreg.solvers import CubicRegularization
    >>> rosenbrock = Analytic(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, n_params=2)
    >>> minimize(rosenbrock, np.array([-1.2, 1.0]), CubicRegularization()).x.round(6)
    array([1., 1.])
    """

    name = "cubic-regularization"
    control_name = "sigma"

    def __init__(
        self,
        curvature="exact",
        norm="spherical",
        subproblem="cubic",
        initial_sigma=None,
        eta1=0.1,
        eta2=0.9,
        increase=2.0,
        decrease=5.0,
        min_sigma=1e-30,
    ):
        self.curvature = curvature
        self.norm = norm
        self.subproblem = subproblem
        self.initial_sigma = initial_sigma
        self.eta1 = eta1
        self.eta2 = eta2
        self.increase = increase
        self.decrease = decrease
        self.min_sigma = min_sigma

    @property
    def requires(self):
        """What the curvature requires of an objective."""
        return resolve_curvature(self.curvature).requires

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if self.initial_sigma is not None:
            check_number("initial_sigma", self.initial_sigma, low=0.0)
        check_number("min_sigma", self.min_sigma, low=0.0)
        check_number("eta1", self.eta1, low=0.0, high=1.0)
        check_number("eta2", self.eta2, low=self.eta1, high=1.0)
        check_number("increase", self.increase, low=1.0)
        check_number("decrease", self.decrease, low=1.0)
        for component in (resolve_curvature(self.curvature), resolve_norm(self.norm)):
            if hasattr(component, "check_parameters"):
                component.check_parameters()
        if getattr(self._subproblem(), "control_name", "sigma") != "sigma":
            raise ValueError(f"subproblem={self.subproblem!r} takes a radius or a damping, not a sigma; pass 'cubic'.")

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        state = self._moved(SolverState(point=objective.at(x0), control=math.nan))
        length, stiffest = starting_scale(state)
        sigma = stiffest / length if self.initial_sigma is None else float(self.initial_sigma)
        # nothing bends: any σ will do for a start
        sigma = sigma if 0.0 < sigma < math.inf else 1.0
        return replace(state, control=sigma, memory={**state.memory, "least": self.min_sigma * sigma})

    def step(self, objective, state):
        """One trial: one value, and after an accepted one gradient, matrix and factorization."""
        if state.cache is None:
            state = at_same_point(state, resolve_curvature(self.curvature), self._needs_matrix())
        model, scaling = state.cache
        step = self._subproblem().solve(model, state.control)
        displacement = scaling.step(step.p)
        trial = objective.at(state.params + displacement)
        ratio = reduction_ratio(state.point, trial, displacement, step.predicted_reduction)
        common = {
            "control": self._next_sigma(state, step, ratio),
            "step_norm": to_floats(linalg.norm(displacement))[0],
            "ratio": ratio,
            "predicted": step.predicted_reduction,
        }
        if not ratio >= self.eta1:
            return replace(state, accepted=False, **common)
        moved = self._moved(replace(state, point=trial, accepted=True, **common))
        if moved.cache[0].is_finite:
            return moved
        # finite with derivatives that are not (overflow inside an activation): nowhere to go on from, so a rejected trial
        return replace(state, accepted=False, **{**common, "control": _BLIND_GROWTH * state.control})

    def leaves_saddle(self, state):
        """Whether the model at `state` has a direction of negative curvature to leave a stationary point along."""
        return sees_way_out(state.point, resolve_curvature(self.curvature), self._subproblem())

    def _moved(self, state):
        return at_new_point(state, resolve_curvature(self.curvature), resolve_norm(self.norm), self._needs_matrix())

    def _needs_matrix(self):
        return getattr(self._subproblem(), "needs_matrix", True)

    def _subproblem(self):
        return resolve("subproblem", self.subproblem, newtonreg.subproblems, ("solve",))

    def _next_sigma(self, state, step, ratio):
        """σ after a trial."""
        sigma = state.control
        if not (math.isfinite(ratio) and step.norm > 0.0):
            return _BLIND_GROWTH * sigma
        needed = sigma + 3.0 * (1.0 - ratio) * step.predicted_reduction / step.norm / step.norm / step.norm
        if ratio < self.eta1:
            return min(max(needed, self.increase * sigma), _MOST_GROWTH * sigma)
        if ratio > self.eta2:
            return max(min(max(needed, sigma / self.decrease), sigma), state.memory["least"])
        return sigma
