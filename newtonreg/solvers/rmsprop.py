"""RMSProp: gradients over their recent size."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.solvers.first_order import check_rates, gradient_per_weight, start_descent, take_step
from newtonreg.solvers.vectors import Vectors

__all__ = ["RMSPropDescent"]


class RMSPropDescent(BaseEstimator):
    """v ← decay v + (1 − decay) g², x ← x − η g / (v + eps)^½, entry by entry; g per unit of weight.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        η, the `control`: about the length of a step in each parameter while its gradient keeps its size.
    decay : float in [0, 1), default=0.9
    eps : float > 0, default=1e-10
        In the unit of a squared gradient.

    Notes
    -----
    The same as −η M⁻¹g with the matrix M of `norms.RMSProp(decay, eps)`: the minimizer of the linear model in the ellipsoid
    ‖p‖_M ≤ η ‖g‖_{M⁻¹}. Steps do not shrink at a minimum: it ends in oscillations of size η. F may rise: the run keeps its best
    point. A trial where F or its gradient is not finite is rejected, and halves η for good. Costs a value and a gradient a step.

    References
    ----------
    Tieleman & Hinton, *Lecture 6.5: RMSProp* (2012). Deviation: eps is under the root, as in Adolphs, Kohler & Lucchi (2019),
    arXiv 1905.09201.
    """

    name = "rmsprop"
    control_name = "learning_rate"
    monotone = False
    requires = ()
    takes_batches = True

    def __init__(self, learning_rate=0.01, decay=0.9, eps=1e-10):
        self.learning_rate = learning_rate
        self.decay = decay
        self.eps = eps

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_rates(self, "decay")
        check_number("eps", self.eps, low=0.0)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return start_descent(self, objective, x0, lambda g: {"moments": Vectors(mean=namespace(g).zeros_like(g))})

    def step(self, objective, state):
        """One step: a value and a gradient."""
        gradient = gradient_per_weight(objective, state.point)
        mean = self.decay * state.memory["moments"]["mean"] + (1.0 - self.decay) * gradient * gradient
        displacement = -state.control * gradient / namespace(mean).sqrt(mean + self.eps)
        return take_step(objective, state, displacement, {"moments": Vectors(mean=mean)})
