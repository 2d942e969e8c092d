"""Phases of a fit; each takes the run further within its share of the budget."""

from typing import Any, NamedTuple

from newtonreg.minimize import Status
from newtonreg.training.budget import UNLIMITED
from newtonreg.training.recycling import recycle_units

__all__ = ["Descent", "Recycling", "Tail", "WarmUp"]


class Descent(NamedTuple):
    """A solver, until it stalls: until the objective falls by less than the fraction `ftol` in `patience` trials."""

    solver: Any
    ftol: float
    patience: int
    until: float = 1.0

    def run(self, fit):
        """Take `fit` further."""
        fit.course.descend(self.solver, self.ftol, self.patience, self.until)


class Tail(NamedTuple):
    """A solver that goes on where the ones before it ended short of a stationary point."""

    solver: Any
    ftol: float
    patience: int

    def run(self, fit):
        """Take `fit` further."""
        course = fit.course
        ended = course.run.status in (Status.GRADIENT, Status.ZERO)
        if not ended and course.best.criticality > course.tol:
            course.descend(self.solver, self.ftol, self.patience)


class WarmUp(NamedTuple):
    """So many trials of another solver, before the one that the course began with; those of the fit that goes on count."""

    solver: Any
    n_trials: int

    def run(self, fit):
        """Take `fit` further."""
        left = self.n_trials - fit.n_before
        if left > 0:
            fit.course.descend(self.solver, 0.0, UNLIMITED, max_trials=left)


_TRIALS = 120
_MORE = 6
_FALLING = 0.3
_HOPELESS = 30.0
_DIG = 150
_MOST_FAILURES = 40


class Recycling(NamedTuple):
    """Replace the cheapest units, run on, keep what is better; again and again, for a share of the budget.

    A local minimum of a network is left by other units, not by another solver. The constants were chosen on other functions than
    those of the benchmarks.
    """

    solver: Any
    until: float

    def run(self, fit):
        """Take `fit` further."""
        course = fit.course
        failures = successes = 0
        while not course.budget.is_over(self.until) and not course.is_over and failures < _MOST_FAILURES:
            n_out = 1 if course.objective.network.n_units < 4 or fit.rng.uniform() < 0.5 else 2
            params = self._try(course, recycle_units(course.objective, course.best.params, n_out, fit.rng))
            if params is not None:
                course.jump(params).descend(self.solver, 0.05, 60, self.until)
                successes, failures = successes + 1, 0
                continue
            failures += 1
            if failures % (6 if successes else 4) == 0:
                course.descend(self.solver, 0.0, _DIG, self.until, max_trials=_DIG)

    def _try(self, course, params):
        """Parameters with a lower objective than the best so far, or None."""
        best, other = course.best.value, course.aside().begin(self.solver, params)
        for _ in range(1 + _MORE):
            other.descend(self.solver, 0.0, _TRIALS, self.until, max_trials=_TRIALS)
            if other.best.value < best:
                return other.best.params
            history = other.run.history
            falling = other.best.value < (1.0 - _FALLING) * history[-min(60, len(history))].value
            if not falling or other.best.value > _HOPELESS * best or other.is_over or course.budget.is_over(self.until):
                return None
        return None
