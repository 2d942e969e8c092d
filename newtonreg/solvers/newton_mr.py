"""Newton's method for ∇F = 0: it finds stationary points of any kind."""

from sklearn.base import BaseEstimator

from newtonreg.components import check_integer, check_number
from newtonreg.solvers.gradient_merit import direction_memory, start_search, try_direction
from newtonreg.subproblems.minimum_residual import minimum_residual, pseudoinverse_residual

__all__ = ["NewtonMR"]

_EPS = 2.220446049250313e-16
_DENSE_UP_TO = 250
"""Parameters up to which eigenvalues cost no more than the products of a Krylov space."""


class NewtonMR(BaseEstimator):
    """x ← x + t p with p the shortest minimizer of ‖∇²F p + ∇F‖, t halved until ‖∇F‖² falls.

    Accepted is t with ‖∇F(x + t p)‖² ≤ ‖∇F‖² + 2 rho t pᵀ∇²F∇F. It seeks stationary points, maxima and saddles as well as minima,
    and does not look at F: pass its result to `classify`. Quadratic convergence near a point with a nonsingular Hessian.

    Parameters
    ----------
    method : {"auto", "dense", "krylov"}, default="auto"
        "dense": eigenvalues of the Hessian; "krylov": products with it. "auto" takes "dense" up to 250 parameters.
    rtol : float >= 0, default=1e-10
        Of the residual ‖∇²F p + ∇F‖, where a Krylov space stops growing.
    rank_rtol : float >= 0, default=1e-13
        Curvature up to this fraction of the largest counts as zero: p does not go there.
    max_krylov : int >= 1, default=100
        Largest dimension of a Krylov space.
    rho : float in (0, 1), default=1e-4
        Share of the promised decrease of ‖∇F‖² that is asked for.
    initial_step : float in (0, 1], default=1.0
        First t.
    shrink : float in (0, 1), default=0.5
        Factor of t after a rejected trial.
    growth : float > 1 or None, default=None
        After an accepted trial t is multiplied by it, up to 1. None: every direction starts from `initial_step` again.
    min_step : float > 0, default=1e-10
        The run is exhausted where t falls below.

    Notes
    -----
    `state.memory["flatness"]` is r = ‖∇²F p + ∇F‖ / (‖∇²F‖ ‖p‖ + ‖∇F‖) at the current point: where r > 0.9 the gradient is nearly
    in the kernel of the Hessian (gradient-flat), and a search that ends there has found no stationary point. An accepted trial
    costs a gradient, a value, and a Hessian with 9 p³ flops ("dense") or at most `max_krylov` + 1 products and as many vectors of
    memory ("krylov"); a rejected trial costs a gradient.

    References
    ----------
    Roosta, Liu, Xu & Mahoney, *Newton-MR: inexact Newton method with minimum residual sub-problem solver* (2022), Algorithm 1;
    Frye et al., *Critical point-finding methods reveal gradient-flat regions of deep network losses* (2021), arXiv 2003.10397,
    whose code takes `initial_step=0.1, growth=2.0, max_krylov=25`.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic, minimize
    >>> from newtonreg.solvers import NewtonMR
    >>> saddle = Analytic(lambda x: x[0] ** 4 - x[0] ** 2 + x[1] ** 2, 2)
    >>> abs(minimize(saddle, np.array([0.2, 1.0]), NewtonMR()).x).round(9)
    array([0., 0.])
    """

    name = "newton-mr"
    control_name = "step_size"
    merit = "gradient"
    requires = ("hessian",)

    def __init__(
        self,
        method="auto",
        rtol=1e-10,
        rank_rtol=1e-13,
        max_krylov=100,
        rho=1e-4,
        initial_step=1.0,
        shrink=0.5,
        growth=None,
        min_step=1e-10,
    ):
        self.method = method
        self.rtol = rtol
        self.rank_rtol = rank_rtol
        self.max_krylov = max_krylov
        self.rho = rho
        self.initial_step = initial_step
        self.shrink = shrink
        self.growth = growth
        self.min_step = min_step

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if self.method not in ("auto", "dense", "krylov"):
            raise ValueError(f"method={self.method!r} is unknown; pass 'auto', 'dense' or 'krylov'.")
        for name in ("rtol", "rank_rtol"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name}={getattr(self, name)!r} must be a number in [0, 1).")
        check_integer("max_krylov", self.max_krylov, low=1)
        for name in ("rho", "shrink"):
            check_number(name, getattr(self, name), low=0.0, high=1.0)
        if not 0.0 < self.initial_step <= 1.0:
            raise ValueError(f"initial_step={self.initial_step!r} must be a number in (0, 1].")
        if self.growth is not None:
            check_number("growth", self.growth, low=1.0)
        check_number("min_step", self.min_step, low=0.0)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return start_search(objective, x0, self._find_direction, self.initial_step)

    def step(self, objective, state):
        """One trial: a gradient, and after an accepted one a value and the next direction."""
        longer = self.initial_step if self.growth is None else min(1.0, self.growth * state.control)
        return try_direction(self, objective, state, self._find_direction, float(longer))

    def _find_direction(self, point):
        """Memory for `point`; None where its curvature is not finite."""
        if self.method == "dense" or (self.method == "auto" and point.params.shape[0] <= _DENSE_UP_TO):
            found = pseudoinverse_residual(point.hessian, point.gradient, self.rank_rtol)
        else:
            found = minimum_residual(point.hvp, point.gradient, self.rtol, self.max_krylov, self.rank_rtol)
        if found is None:
            return None
        # ‖∇F‖² can fall by ‖∇²F p‖² at most: no slope where that is lost in its rounding
        slope = found.image_norm * found.image_norm
        visible = slope > _EPS * point.gradient_norm * point.gradient_norm
        return direction_memory(found.p, slope if visible else 0.0, flatness=found.flatness)
