"""Rules for the damping: what a trial's outcome makes of it."""

from sklearn.base import BaseEstimator

import newtonreg.solvers
from newtonreg.components import check_number, resolve

__all__ = ["DelayedGratification", "Nielsen", "resolve_damping"]

_MOST_GROWTH = 2.0**20
"""Bound of Nielsen's factor ν, which doubles with every rejection."""


class Nielsen(BaseEstimator):
    """Accepted: μ ← μ max(decrease, 1 − (2ρ − 1)³), ν ← 2; rejected: μ ← ν μ, ν ← 2ν.

    Parameters
    ----------
    decrease : float in (0, 1), default=1/5
        Strongest shrinking after one accepted trial.

    References
    ----------
    Nielsen, *Damping parameter in Marquardt's method* (1999).
    """

    name = "nielsen"

    def __init__(self, decrease=0.2):
        self.decrease = decrease

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("decrease", self.decrease, low=0.0, high=1.0)

    def accepted(self, damping, growth, ratio):
        """Damping and ν after an accepted trial with this ratio of actual to predicted reduction."""
        factor = max(self.decrease, 1.0 - (2.0 * min(ratio, 1.0) - 1.0) ** 3)
        return damping * min(factor, 2.0), 2.0

    def rejected(self, damping, growth):
        """Damping and ν after a rejected trial."""
        return damping * growth, min(2.0 * growth, _MOST_GROWTH)


class DelayedGratification(BaseEstimator):
    """Accepted: μ ← μ / lower, ν ← raise_; rejected: μ ← ν μ, ν ← raise_ ν.

    Raised slightly at first, and lowered a good deal more: a path that turns gently follows narrow canyons to their end.

    Parameters
    ----------
    lower : float > 1, default=3.0
    raise_ : float > 1, default=1.5

    References
    ----------
    Transtrum & Sethna, *Improvements to the Levenberg–Marquardt algorithm for nonlinear least-squares minimization* (2012), arXiv
    1201.5885, §3. Deviation: raising speeds up with every further rejection.
    """

    name = "delayed-gratification"

    def __init__(self, lower=3.0, raise_=1.5):
        self.lower = lower
        self.raise_ = raise_

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("lower", self.lower, low=1.0)
        check_number("raise_", self.raise_, low=1.0)

    def accepted(self, damping, growth, ratio):
        """Damping and ν after an accepted trial; the ratio is not looked at."""
        return damping / self.lower, self.raise_

    def rejected(self, damping, growth):
        """Damping and ν after a rejected trial."""
        return damping * growth, min(growth * self.raise_, _MOST_GROWTH)


def resolve_damping(damping):
    """A damping rule from its name or an object."""
    return resolve("damping", damping, newtonreg.solvers, ("accepted", "rejected"))
