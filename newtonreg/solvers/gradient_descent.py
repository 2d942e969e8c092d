"""Gradient descent with momentum."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.solvers.first_order import check_rates, gradient_per_weight, start_descent, take_step
from newtonreg.solvers.vectors import Vectors

__all__ = ["GradientDescent"]


class GradientDescent(BaseEstimator):
    """v ← momentum v − η g, x ← x + v; with Nesterov's momentum x ← x + momentum v − η g, v the new one; g per unit of weight.

    Parameters
    ----------
    learning_rate : float > 0, default=0.001
        η, the `control`, in scikit-learn's unit: the loss averaged over samples. An objective without weights is taken as it is.
        Networks on standardized data often stand 0.1 in full batches, and are slow with 0.001.
    momentum : float in [0, 1), default=0.9
    nesterov : bool, default=True

    Notes
    -----
    F may rise: the run keeps its best point. A trial where F or its gradient is not finite is rejected, and halves η and v for
    good. Costs a value and a gradient a step. Stable at a minimum where η times the largest curvature per unit of weight is below
    2 (1 + momentum), with Nesterov's momentum below 2 (1 + momentum) / (1 + 2 momentum).

    References
    ----------
    Sutskever, Martens, Dahl & Hinton, *On the importance of initialization and momentum in deep learning* (2013), in the form of
    scikit-learn's `MLPRegressor(solver="sgd")`, where x is the point that they look ahead to.
    """

    name = "sgd"
    control_name = "learning_rate"
    monotone = False
    requires = ()
    takes_batches = True

    def __init__(self, learning_rate=0.001, momentum=0.9, nesterov=True):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.nesterov = nesterov

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_rates(self, "momentum")

    def init(self, objective, x0):
        """State at `x0` (p,), at rest."""
        self.check_parameters()
        return start_descent(self, objective, x0, lambda g: {"motion": Vectors(velocity=namespace(g).zeros_like(g))})

    def step(self, objective, state):
        """One step: a value and a gradient."""
        before = state.memory["motion"]["velocity"]
        pull = state.control * gradient_per_weight(objective, state.point)
        velocity = self.momentum * before - pull
        displacement = self.momentum * velocity - pull if self.nesterov else velocity
        # the velocity has the rate inside: half of both is half of the step
        rejected = {"motion": Vectors(velocity=0.5 * before)}
        return take_step(objective, state, displacement, {"motion": Vectors(velocity=velocity)}, rejected)
