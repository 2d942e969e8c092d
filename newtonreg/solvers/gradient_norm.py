"""Descent on the squared gradient norm: the plainest root finder of the gradient."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.components import check_number
from newtonreg.solvers.gradient_merit import direction_memory, start_search, try_direction

__all__ = ["GradientNormMinimization"]

_LONGEST = 1e100
"""Bound of t, which doubles with every accepted trial."""


class GradientNormMinimization(BaseEstimator):
    """Minimize ½ ‖∇F‖² by x ← x − t ∇²F ∇F, t halved until it falls by rho t ‖∇²F ∇F‖².

    It seeks stationary points of any kind and does not look at F. It squares the condition number of the Hessian, so `NewtonMR`
    takes far fewer trials; it is here for comparison, and for its price of one product a trial.

    Parameters
    ----------
    rho : float in (0, 1), default=1e-4
        Armijo's condition: share of the promised decrease that is asked for.
    initial_step : float > 0, default=0.1
        First t, in units of F per squared gradient, that is, of a squared inverse curvature.
    shrink : float in (0, 1), default=0.5
        Factor of t after a rejected trial.
    growth : float > 1, default=2.0
        Factor of t after an accepted trial.
    min_step : float > 0, default=1e-30
        The run is exhausted where t falls below.

    Notes
    -----
    `state.memory["slope"]` is ‖∇²F ∇F‖². Where it vanishes and ∇F does not, the point is gradient-flat: a stationary point of the
    gradient norm only, and the run is exhausted. An accepted trial costs a gradient, a value and a product with the Hessian, a
    rejected one a gradient.

    References
    ----------
    Frye, Wadia, DeWeese & Bouchard, *Numerically recovering the critical points of a deep linear autoencoder* (2019), arXiv
    1901.10603. Deviation: Armijo's condition only; their line search has a curvature condition as well.
    """

    name = "gradient-norm"
    control_name = "step_size"
    merit = "gradient"
    requires = ("hessian",)

    def __init__(self, rho=1e-4, initial_step=0.1, shrink=0.5, growth=2.0, min_step=1e-30):
        self.rho = rho
        self.initial_step = initial_step
        self.shrink = shrink
        self.growth = growth
        self.min_step = min_step

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        for name in ("rho", "shrink"):
            check_number(name, getattr(self, name), low=0.0, high=1.0)
        for name in ("initial_step", "min_step"):
            check_number(name, getattr(self, name), low=0.0)
        check_number("growth", self.growth, low=1.0)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return start_search(objective, x0, _find_direction, self.initial_step)

    def step(self, objective, state):
        """One trial: a gradient, and after an accepted one a value and a product with the Hessian."""
        return try_direction(self, objective, state, _find_direction, min(self.growth * state.control, _LONGEST))


def _find_direction(point):
    """Memory for `point`; None where the product is not finite."""
    image = point.hvp(point.gradient)
    (length,) = to_floats(linalg.norm(image))
    slope = length * length
    return direction_memory(-image, slope) if math.isfinite(slope) else None
