"""Newton's method in a trust region, with any curvature, norm and subproblem."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

import newtonreg.subproblems
from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.components import check_number, resolve
from newtonreg.curvatures import Exact, GaussNewton, resolve_curvature
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.solvers.modeling import at_new_point, at_point, deferred
from newtonreg.solvers.saddles import sees_way_out
from newtonreg.solvers.starting_scale import starting_scale
from newtonreg.solvers.state import SolverState
from newtonreg.subproblems import MoreSorensen, Spectral

__all__ = ["TrustRegion"]

_SPECTRAL_UP_TO = 250
"""Parameters up to which a step comes from an eigendecomposition: a few milliseconds more than factorizations, and exact."""


_CAUTION = 0.25
"""Of the starting scale. Of eight factors between 0.1 and 3 it was best on the problem sets of `newtonreg.testing`: other first
steps end in other basins."""
_RTOL = 1e-2
"""Of the radius: within a looser tolerance rounding picks one of many steps, a tighter one costs two more factorizations."""


class TrustRegion(BaseEstimator):
    """Minimize m(p) = gᵀp + ½ pᵀBp over ‖p‖ ≤ radius, move if F falls as predicted, adapt the radius.

    Parameters
    ----------
    curvature : str or Curvature, default="exact"
        B: "exact", "gauss-newton", "saddle-free", "bfgs", "sr1" or an object of `newtonreg.curvatures`. The exact Hessian sees
        negative curvature and leaves saddles; Gauss–Newton is positive semidefinite.
    norm : str or Norm, default="column-scaling"
        Shape of the region: "spherical", "column-scaling", "adagrad", "rmsprop", "diagonal-hessian", "hessian-ellipsoid" or an
        object of `newtonreg.norms`. With the default, and exact or Gauss–Newton curvature, a run does not depend on the units of
        the parameters.
    subproblem : str or Subproblem, default=None
        "spectral", "more-sorensen", "steihaug", "gltr", "dogleg", "cauchy" or an object of `newtonreg.subproblems`. None takes
        `Spectral()` up to 250 parameters and `MoreSorensen(rtol=1e-2)` above. Steihaug, GLTR and Cauchy only multiply by B; no
        matrix is assembled for them unless the norm wants it, as "column-scaling", "diagonal-hessian" and "hessian-ellipsoid" do.
    initial_radius : float > 0 or None, default=None
        In the norm's variables. None is ¼ (2 |F| / max_j |B_jj|)^½ at the start; four times that, along the stiffest parameter,
        changes a sum of squares by all of its value.
    max_radius : float > 0, default=inf
    eta1, eta2 : float, 0 < eta1 < eta2 < 1
        A ratio of actual to predicted reduction below `eta1` shrinks the radius, above `eta2` a step to the boundary grows it.
    increase, decrease : float > 1
        The radius is multiplied by the one or divided by the other.
    accept : float, 0 <= accept <= eta1
        A trial is accepted where its ratio exceeds this.

    Notes
    -----
    On a sample of rows (see `MiniBatches`) an accepted point is left unevaluated: the next step takes gradient, norm and model
    from its own rows. After a rejected trial the norm stays, as Adolphs, Kohler & Lucchi (2019) have it, arXiv 1905.09201,
    Algorithm 1; their published code refreshes it then, too.

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
        norm="column-scaling",
        subproblem=None,
        initial_radius=None,
        max_radius=math.inf,
        eta1=0.25,
        eta2=0.75,
        increase=2.0,
        decrease=4.0,
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

    @property
    def requires(self):
        """What the curvature requires of an objective: products where nothing needs its matrix, else that."""
        curvature = resolve_curvature(self.curvature)
        if self._subproblem_needs_matrix(math.inf) or getattr(resolve_norm(self.norm), "needs_matrix", True):
            return curvature.requires
        # other curvatures make a matrix before they multiply by it
        is_product = isinstance(curvature, (Exact, GaussNewton))
        return tuple(f"{name}_product" for name in curvature.requires) if is_product else curvature.requires

    @property
    def takes_batches(self):
        """Whether a step makes sense on some of the rows: a matrix of secant updates would learn the noise of gradients."""
        return len(resolve_curvature(self.curvature).requires) > 0

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if self.initial_radius is not None:
            check_number("initial_radius", self.initial_radius, low=0.0)
        if self.max_radius != math.inf:
            check_number("max_radius", self.max_radius, low=0.0)
        check_number("eta1", self.eta1, low=0.0, high=1.0)
        check_number("eta2", self.eta2, low=self.eta1, high=1.0)
        check_number("increase", self.increase, low=1.0)
        check_number("decrease", self.decrease, low=1.0)
        check_number("accept", self.accept, low=0.0, high=1.0, with_low=True)
        if self.accept > self.eta1:
            raise ValueError(f"accept={self.accept!r} must be at most eta1={self.eta1!r}.")
        if self.initial_radius is not None and self.initial_radius > self.max_radius:
            raise ValueError(f"initial_radius={self.initial_radius!r} must be at most max_radius={self.max_radius!r}.")
        for component in (resolve_curvature(self.curvature), resolve_norm(self.norm), self._subproblem(1)):
            if hasattr(component, "check_parameters"):
                component.check_parameters()
        if getattr(self._subproblem(1), "control_name", "radius") != "radius":
            raise ValueError(
                f"subproblem={self.subproblem!r} takes a damping or a sigma, not a radius; pass 'spectral' or 'more-sorensen'."
            )

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        state = self._moved(SolverState(point=objective.at(x0), control=math.nan))
        radius = _CAUTION * starting_scale(state)[0] if self.initial_radius is None else float(self.initial_radius)
        return replace(state, control=min(radius, float(self.max_radius)))

    def step(self, objective, state):
        """One trial: one value, and after an accepted one gradient, matrix and factorization."""
        if state.cache is None:
            state = at_point(state, *self._components(state))
        model, scaling = state.cache
        step = self._subproblem(state.params.shape[0]).solve(model, state.control)
        displacement = scaling.step(step.p)
        trial = objective.at(state.params + displacement)
        ratio = reduction_ratio(state.point, trial, displacement, step.predicted_reduction)
        (length,) = to_floats(linalg.norm(displacement))
        common = {
            "control": self._next_radius(state.control, step, ratio),
            "step_norm": length,
            "ratio": ratio,
            "predicted": step.predicted_reduction,
        }
        if not ratio > self.accept:
            return replace(state, accepted=False, **common)
        if getattr(objective, "is_sampled", False):
            return deferred(replace(state, point=trial, accepted=True, **common))
        moved = self._moved(replace(state, point=trial, accepted=True, **common))
        if moved.cache[0].is_finite:
            return moved
        # finite with derivatives that are not (overflow inside an activation): nowhere to go on from, so a rejected trial
        return replace(state, accepted=False, **{**common, "control": min(state.control, step.norm) / self.decrease})

    def leaves_saddle(self, state):
        """Whether the model at `state` has a direction of negative curvature to leave a stationary point along."""
        return sees_way_out(state.point, resolve_curvature(self.curvature), self._subproblem(state.params.shape[0]))

    def _moved(self, state):
        return at_new_point(state, *self._components(state))

    def _components(self, state):
        """Curvature, norm and whether the subproblem needs a matrix."""
        needs_matrix = self._subproblem_needs_matrix(state.params.shape[0])
        return resolve_curvature(self.curvature), resolve_norm(self.norm), needs_matrix

    def _subproblem_needs_matrix(self, n_params):
        return getattr(self._subproblem(n_params), "needs_matrix", True)

    def _subproblem(self, n_params):
        if self.subproblem is None:
            return Spectral() if n_params <= _SPECTRAL_UP_TO else MoreSorensen(rtol=_RTOL)
        return resolve("subproblem", self.subproblem, newtonreg.subproblems, ("solve",))

    def _next_radius(self, radius, step, ratio):
        if ratio < self.eta1:
            return min(radius, step.norm) / self.decrease
        if ratio > self.eta2 and step.on_boundary and math.isfinite(ratio):
            return min(self.increase * radius, float(self.max_radius))
        return radius
