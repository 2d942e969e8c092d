"""INNA: inertia with Newtonian damping, from gradients alone."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_floats
from newtonreg.components import check_number
from newtonreg.solvers.first_order import gradient_per_weight, take_step
from newtonreg.solvers.state import SolverState
from newtonreg.solvers.vectors import Vectors
from newtonreg.subproblems.safeguards import generic_direction

__all__ = ["INNA", "stable_rate"]

_PRODUCTS = 8
"""With the Hessian at the start: on networks they find the largest curvature to a quarter."""
_SHARE = 0.5
"""Of the stable rate: the stiffest mode is then damped best. With 0.7 of it the loss of networks ends 7% lower, but of 20 runs
with relu units on digits in batches of 32 rows one diverged, and none with half of it."""
_HOLD = 256
"""Steps before the rate of our choice decays. Of rates that decay by q = 1/4 from the first step on, the best γ_0 is about twice
the stable rate, _SHARE _HOLD^q times, in full batches and in small ones; but first steps of that length put a start at risk."""
_USUAL_FRICTION, _LEAST_FRICTION = 0.5, 0.05
"""α from which the rate of our choice is the full share, and below which it falls no more."""
_DIFFERENCE = 1e-4
"""Of x: the length over which a gradient's change shows curvature."""


class INNA(BaseEstimator):
    """ẍ + α ẋ + β ∇²F ẋ + ∇F = 0 by explicit Euler steps: two vectors, one gradient a step, no product with ∇²F.

    c = (1/β − α) x − ψ/β, then ψ ← ψ + γ_k c and x ← x + γ_k (c − β g), both from the old pair, with γ_k = γ_0 (k + 1)^−q after k
    steps and g per unit of weight. x is at rest where g = 0 and ψ = (1 − αβ) x.

    Parameters
    ----------
    learning_rate : float > 0 or None, default=None
        γ_0, the `control`. None takes half of the largest rate that is stable (`stable_rate`) for the largest curvature at the
        start, for α < ½ only 2α of that, and keeps it for 256 steps: γ_k = γ_0 min(1, (256 / (k + 1))^q).
    alpha : float >= 0, default=0.5
        α, viscous damping: a small one is fast and oscillates. Where αβ > 1 the method is like gradient descent, without
        oscillations.
    beta : float > 0, default=0.1
        β, Newtonian damping.
    decay_power : float in [0, 1), default=0.25
        q. Gradients of batches that differ need a q > 0 to come to rest.
    initial_speed : float or None, default=None
        s: the first step is along −s g, ψ_0 = (1 − αβ) x_0 − β² g + β s g. None is β, ψ_0 = (1 − αβ) x_0, as in the authors'
        PyTorch code; 1 is their Keras code. With 1 and curvatures L above 4/β² the first steps are 1/β times as long as gradient
        descent's with a rate of 1/L: from a sharp start a run may then climb beyond return.
    weight_decay : float >= 0, default=0.0
        d: x ← x + γ_k (c − β g − d x), ψ as before. The run then rests where g = −(d / β) x, as with a penalty of d / β in
        F, which is the plainer way: neither F nor the tests that end a run know of d.

    Notes
    -----
    F may rise: the run keeps its best point. A trial where F or its gradient is not finite is rejected, and halves the rate for
    good. Costs a value and a gradient a step, and 8 further gradients at the start if there is no `learning_rate`.
    That rate knows a curvature, not the noise of gradients: with relu units on digits, batches of 8 rows may still diverge.

    With a constant rate x moves by γ (c − βg) and c ← (1 − αγ) c − γ (1 − αβ) g: momentum of 1 − αγ, and γ/α is the rate in the
    long run.

    References
    ----------
    Castera, Bolte, Févotte & Pauwels, *An inertial Newton algorithm for deep learning* (2021), JMLR 22(134), Algorithm 1, and
    the authors' code. Deviations: the rate by default, and q is 1/4, which their Figure 4 finds best, where their default is 1/2.
    """

    name = "inna"
    control_name = "learning_rate"
    monotone = False
    requires = ()
    takes_batches = True

    def __init__(self, learning_rate=None, alpha=0.5, beta=0.1, decay_power=0.25, initial_speed=None, weight_decay=0.0):
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.beta = beta
        self.decay_power = decay_power
        self.initial_speed = initial_speed
        self.weight_decay = weight_decay

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if self.learning_rate is not None:
            check_number("learning_rate", self.learning_rate, low=0.0)
        check_number("beta", self.beta, low=0.0)
        if self.initial_speed is not None:
            check_number("initial_speed", self.initial_speed)
        for name, high in (("alpha", math.inf), ("decay_power", 1.0), ("weight_decay", math.inf)):
            value = getattr(self, name)
            if not 0.0 <= value < high:
                raise ValueError(f"{name}={value!r} must be a number in [0, {high:g}).")

    def init(self, objective, x0):
        """State at `x0` (p,), on the way along −∇F with the `initial_speed`."""
        self.check_parameters()
        point = objective.at(x0)
        stuck = not math.isfinite(point.gradient_norm)
        rate = self.learning_rate
        if rate is None:
            rate = self.beta if stuck else self._largest_rate(objective, point)
        speed = self.beta if self.initial_speed is None else self.initial_speed
        # so that c − βg = −s g
        pull = self.beta * (speed - self.beta) * gradient_per_weight(objective, point)
        psi = (1.0 - self.alpha * self.beta) * x0 + pull
        return SolverState(point, float(rate), exhausted=stuck, memory={"phase": Vectors(psi=psi), "count": 0})

    def step(self, objective, state):
        """One step: a value and a gradient."""
        x, psi, count = state.params, state.memory["phase"]["psi"], state.memory["count"]
        rate = state.control * self._decay(count)
        drift = (1.0 / self.beta - self.alpha) * x - psi / self.beta
        velocity = drift - self.beta * gradient_per_weight(objective, state.point)
        if self.weight_decay > 0.0:
            velocity = velocity - self.weight_decay * x
        memory = {"phase": Vectors(psi=psi + rate * drift), "count": count + 1}
        return take_step(objective, state, rate * velocity, memory)

    def _decay(self, count):
        """γ_k / γ_0 after `count` steps."""
        hold = _HOLD if self.learning_rate is None else 1
        return max(1.0, (count + 1) / hold) ** -self.decay_power

    def _largest_rate(self, objective, point):
        """γ_0 of our choice; β, which suits curvatures up to 4 / β², where there is none to be seen."""
        curvature = _largest_curvature(objective, point)
        if not 0.0 < curvature < math.inf:
            return self.beta
        # gradients of batches push γ / α far in the long run, which the stability of full steps does not see
        friction = min(1.0, max(self.alpha, _LEAST_FRICTION) / _USUAL_FRICTION)
        return _SHARE * friction * stable_rate(curvature, self.alpha, self.beta)


def stable_rate(curvature, alpha, beta):
    """The constant rate below which INNA's steps are stable at a minimum with curvatures in (0, `curvature`].

    A curvature L has the modes z = 1 + γμ with μ² + (α + βL) μ + L = 0, and |z| < 1 where γ < (α + βL) / L for complex ones, and
    γ < 4 / (α + βL + √((α + βL)² − 4L)) for real ones. That falls with L, except where real modes precede complex ones: then it
    rises from 2/α.

    Parameters
    ----------
    curvature : float > 0
        L, the largest eigenvalue of the Hessian.
    alpha : float >= 0
    beta : float > 0

    Returns
    -------
    float
        β < γ < β + α/L up to L = 4/β² or nearly so, for larger L about 2 / (βL).
    """
    damping = alpha + beta * curvature
    discriminant = damping * damping - 4.0 * curvature
    bound = damping / curvature if discriminant < 0.0 else 4.0 / (damping + math.sqrt(discriminant))
    return min(bound, 2.0 / alpha) if alpha > 0.0 else bound


def _largest_curvature(objective, point):
    """About the largest eigenvalue of ∇²F per unit of weight in size, by power iteration on differences of gradients."""
    gradient = gradient_per_weight(objective, point)
    size, slope = to_floats(linalg.norm(point.params), linalg.norm(gradient))
    length = _DIFFERENCE * (size or 1.0)
    vector = gradient / (slope or 1.0) + 0.5 * generic_direction(gradient)
    vector = vector / linalg.norm(vector)
    for _ in range(_PRODUCTS):
        ahead = objective.at(point.params + length * vector)
        image = (gradient_per_weight(objective, ahead) - gradient) / length
        curvature = linalg.norm(image)
        vector = image / (curvature + 1e-300)
    return to_floats(curvature)[0]
