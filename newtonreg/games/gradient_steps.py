"""Steps along the field: plain, extrapolated, and with the memory of the last one."""

from sklearn.base import BaseEstimator

from newtonreg.components import check_number
from newtonreg.games.stepping import start, take
from newtonreg.solvers.vectors import Vectors

__all__ = ["ExtraGradient", "GradientDescentAscent", "OptimisticGradient"]


class _GradientStep(BaseEstimator):
    control_name = "step_size"
    monotone = False
    merit = "gradient"
    requires = ()

    def __init__(self, step_size=0.1):
        self.step_size = step_size

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("step_size", self.step_size, low=0.0)

    def init(self, objective, x0):
        """State at P(`x0`), x0 (p,)."""
        return start(self, objective, x0, self.step_size)


class GradientDescentAscent(_GradientStep):
    """z ← P(z − η F(z)): each player follows its own gradient, at the same time.

    Parameters
    ----------
    step_size : float > 0, default=0.1
        η. Converges with η < 2 m / L² where F is strongly monotone (⟨F(z) − F(z'), z − z'⟩ ≥ m ‖z − z'‖², Lipschitz constant L);
        on f = x y it spirals out, by √(1 + η²) a step, whatever η is.

    Notes
    -----
    One field a step.

    References
    ----------
    Facchinei & Pang, *Finite-dimensional variational inequalities and complementarity problems* (2003), chapter 12.
    """

    name = "gradient-descent-ascent"

    def step(self, objective, state):
        """One step: one field."""
        return take(state, objective.at(objective.projected(state.params - state.control * state.point.gradient)))


class ExtraGradient(_GradientStep):
    """ẑ = P(z − η F(z)), z ← P(z − η F(ẑ)): the field is asked where the step would lead.

    Parameters
    ----------
    step_size : float > 0, default=0.1
        η. Converges for monotone F with η < 1 / L, L the Lipschitz constant of F; on f = x y by √(1 − η² + η⁴) a step.

    Notes
    -----
    Two fields a step.

    References
    ----------
    Korpelevich, *The extragradient method for finding saddle points and other problems* (1976).
    """

    name = "extragradient"

    def step(self, objective, state):
        """One step: two fields."""
        z, step_size = state.params, state.control
        ahead = objective.at(objective.projected(z - step_size * state.point.gradient))
        return take(state, objective.at(objective.projected(z - step_size * ahead.gradient)))


class OptimisticGradient(_GradientStep):
    """z ← P(z − 2 η F(z) + η F(z₋)), z₋ the point before: the next field is foretold from the last two.

    Parameters
    ----------
    step_size : float > 0, default=0.1
        η. Converges for monotone F with η < 1 / (2 L), L the Lipschitz constant of F.

    Notes
    -----
    One field a step; the first step is plain.

    References
    ----------
    Popov, *A modification of the Arrow–Hurwicz method for search of saddle points* (1980); Daskalakis et al., *Training GANs with
    optimism* (2018); with a projection the method is that of Malitsky & Tam, *A forward-backward splitting method for monotone
    inclusions without cocoercivity* (2020).
    """

    name = "optimistic-gradient"

    def step(self, objective, state):
        """One step: one field."""
        field = state.point.gradient
        before = state.memory["last"]["field"] if "last" in state.memory else field
        z = state.params - state.control * (2.0 * field - before)
        return take(state, objective.at(objective.projected(z)), {"last": Vectors(field=field)})
