"""Adam: momentum over the recent size of the gradients."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.solvers.first_order import check_rates, gradient_per_weight, start_descent, take_step
from newtonreg.solvers.vectors import Vectors

__all__ = ["Adam"]


class Adam(BaseEstimator):
    """x ← x − η_t m / (v^½ + eps), entry by entry, with m and v the running means of g and g²; g per unit of weight.

    m ← beta1 m + (1 − beta1) g, v ← beta2 v + (1 − beta2) g², and η_t = η (1 − beta2ᵗ)^½ / (1 − beta1ᵗ) makes up for their start
    at zero.

    Parameters
    ----------
    learning_rate : float > 0, default=0.01
        η, the `control`: about the length of a step in each parameter while its gradient keeps its sign. scikit-learn has 0.001,
        for many mini-batches an epoch: a run of a thousand full steps would hardly leave its start.
    beta1, beta2 : float in [0, 1), default=0.9 and 0.999
    eps : float > 0, default=1e-8
        In the unit of a gradient.

    Notes
    -----
    F may rise: the run keeps its best point. A trial where F or its gradient is not finite is rejected, and halves η for good.
    Costs a value and a gradient a step.

    References
    ----------
    Kingma & Ba, *Adam: a method for stochastic optimization* (2015), arXiv 1412.6980, Algorithm 1 in the order of computation
    that ends its §2, which scikit-learn has, too.
    """

    name = "adam"
    control_name = "learning_rate"
    monotone = False
    requires = ()
    takes_batches = True

    def __init__(self, learning_rate=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_rates(self, "beta1", "beta2")
        check_number("eps", self.eps, low=0.0)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return start_descent(self, objective, x0, _at_rest)

    def step(self, objective, state):
        """One step: a value and a gradient."""
        gradient = gradient_per_weight(objective, state.point)
        moments, count = state.memory["moments"], state.memory["count"] + 1
        mean = self.beta1 * moments["mean"] + (1.0 - self.beta1) * gradient
        square = self.beta2 * moments["square"] + (1.0 - self.beta2) * (gradient * gradient)
        rate = state.control * math.sqrt(1.0 - self.beta2**count) / (1.0 - self.beta1**count)
        displacement = -rate * mean / (namespace(square).sqrt(square) + self.eps)
        return take_step(objective, state, displacement, {"moments": Vectors(mean=mean, square=square), "count": count})


def _at_rest(gradient):
    zeros = namespace(gradient).zeros_like(gradient)
    return {"moments": Vectors(mean=zeros, square=zeros), "count": 0}
