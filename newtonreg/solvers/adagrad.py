"""Adagrad: rates that fall with the gradients seen."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.solvers.first_order import check_rates, gradient_per_weight, start_descent, take_step
from newtonreg.solvers.vectors import Vectors

__all__ = ["AdagradDescent"]


class AdagradDescent(BaseEstimator):
    """G ← G + g², x ← x − η g / (G + eps)^½, entry by entry; g per unit of weight.

    Parameters
    ----------
    learning_rate : float > 0, default=0.1
        η, the `control`: the length of the first step in each parameter.
    eps : float > 0, default=1e-10
        Where the sum starts, in the unit of a squared gradient.

    Notes
    -----
    The same as −η M⁻¹g with the matrix M of `norms.Adagrad`: the minimizer of the linear model in the ellipsoid
    ‖p‖_M ≤ η ‖g‖_{M⁻¹}. F may rise: the run keeps its best point. A trial where F or its gradient is not finite is rejected, and
    halves η for good. Costs a value and a gradient a step.

    References
    ----------
    Duchi, Hazan & Singer, *Adaptive subgradient methods for online learning and stochastic optimization* (2011). Deviation: eps
    is under the root, as in Adolphs, Kohler & Lucchi (2019), arXiv 1905.09201.
    """

    name = "adagrad"
    control_name = "learning_rate"
    monotone = False
    requires = ()
    takes_batches = True

    def __init__(self, learning_rate=0.1, eps=1e-10):
        self.learning_rate = learning_rate
        self.eps = eps

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_rates(self)
        check_number("eps", self.eps, low=0.0)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return start_descent(self, objective, x0, lambda g: {"moments": Vectors(total=namespace(g).zeros_like(g))})

    def step(self, objective, state):
        """One step: a value and a gradient."""
        gradient = gradient_per_weight(objective, state.point)
        total = state.memory["moments"]["total"] + gradient * gradient
        displacement = -state.control * gradient / namespace(total).sqrt(total + self.eps)
        return take_step(objective, state, displacement, {"moments": Vectors(total=total)})
