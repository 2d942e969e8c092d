"""Courses whose penalties follow the evidence."""

import math
from typing import Any, NamedTuple

from newtonreg.training.budget import UNLIMITED, trial_work
from newtonreg.training.evidence import Evidence

__all__ = ["FIRST_TRIALS", "EvidenceDescent", "begin_regularized", "follow_evidence", "n_excess"]

FIRST_TRIALS = 30
"""Trials under the first penalties: earlier, the network has not seen the data and the evidence switches groups off."""
_EVERY = 5
"""Trials between two updates."""
_SETTLED = 1e-3
"""Largest relative change of a penalty at rest."""
_SETTLED_TIMES = 4
_SHORTFALL = 3.0
"""Largest distance, in log evidence, from a minimum at which a log evidence is one."""
_FALL = 0.5
"""What settling may cost in log evidence."""
_FALLING_TIMES = 10
"""Updates below it after which the highest log evidence counts as passed."""
_SWITCHED_OFF = 1e6
"""Penalty beyond which a group is switched off; it may go on growing."""
_MOST = 2000
"""Trials that penalties get to come to rest."""
_PERFECT = 1e-12
"""Mean squared residual, of standardized targets, that leaves nothing to regularize."""


def begin_regularized(course, solver, params, penalties):
    """Begin `course` from `params` (p,) under `penalties`, one a group, and take its first trials; returns it."""
    evidence = Evidence(course.objective)
    course.objective = course.objective.with_penalty(evidence.penalty(penalties, params))
    course.penalties = list(penalties)
    return course.begin(solver, params).descend(solver, 0.0, UNLIMITED, max_trials=FIRST_TRIALS)


def follow_evidence(course, solver, until=1.0, max_trials=_MOST, tol=_SETTLED, fall=math.inf, enough=0.0):
    """Descend by `solver` while the penalties follow the evidence; returns whether both came to rest.

    At rest the penalties change by less than the fraction `tol`, and the objective by a thousandth of it. MacKay's rules are a
    fixed point and no ascent: where the log evidence has fallen by more than `fall` for several updates, the course ends and goes
    back to where it had not, to a point and penalties that were assessed. Without `fall` it ends where it has come to, under the
    penalties that its assessment asks for. A noise variance below `enough` ends it too.
    """
    peak = _Peak(fall)
    try:
        return _follow(course, solver, until, max_trials, tol, peak, enough)
    finally:
        if fall < math.inf and peak.kept is not None:
            course.go_back(peak.kept)


def _follow(course, solver, until, max_trials, tol, peak, enough):
    evidence = Evidence(course.objective)
    before, calm, updates, first, noises = math.inf, 0, 0, course.n_iter, []
    while calm < _SETTLED_TIMES and peak.passed < _FALLING_TIMES:
        updates += 1
        left = max_trials - max(course.n_iter - first, updates)
        if left <= 0 or course.is_over or course.budget.is_over(until):
            return False
        start = course.n_iter
        course.descend(solver, 0.0, UNLIMITED, until, max_trials=min(_EVERY, left))
        assessment = evidence.assess(course.best, course.penalties)
        course.budget.spend(trial_work(course.objective, solver))
        if assessment is None:
            return False
        course.assessment = assessment
        noises.append(assessment.noise_variance)
        course.noise_fall = noises[-1] / noises[len(noises) // 2]
        peak.see(course)
        if assessment.noise_variance < enough:
            return False
        change = _change(course.penalties, assessment.penalties)
        settled = change < tol and before - course.best.value <= 1e-3 * tol * course.best.value
        calm = calm + 1 if settled else 0
        if change < tol and course.n_iter == start:
            return True
        before = course.best.value
        course.regularize(assessment.penalties)
    return calm >= _SETTLED_TIMES


class _Peak:
    """The latest point and penalties whose log evidence is at most `fall` below the highest, `kept`, and updates since, `passed`.

    Away from a minimum a log evidence may be too high, and then is not the highest.
    """

    def __init__(self, fall):
        self.kept = None
        self.passed = 0
        self._fall = fall
        self._highest = -math.inf

    def see(self, course):
        """Look at what the course has come to."""
        log_evidence, is_minimum = course.assessment.log_evidence, course.assessment.shortfall <= _SHORTFALL
        if is_minimum:
            self._highest = max(self._highest, log_evidence)
        if not log_evidence < self._highest - self._fall:
            self.kept, self.passed = course.kept(), 0
        elif is_minimum:
            self.passed += 1


def _change(old, new):
    """Largest relative change of a penalty that is not switched off; infinite from or to zero."""
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if max(a, b) < _SWITCHED_OFF and a != b]
    return max((abs(math.log(b / a)) if min(a, b) > 0.0 else math.inf for a, b in pairs), default=0.0)


def n_excess(objective):
    """Residuals that are left when every parameter has taken one."""
    return objective.total_weight * objective.network.n_outputs - objective.n_params


class EvidenceDescent(NamedTuple):
    """A solver, while the penalties follow the evidence, until both come to rest or the share `until` of the budget is spent.

    Where the course has no penalties yet it begins with a tenth of the mean squared residual for each group, unless the fit is so
    good that there is nothing to regularize: residuals below 1e-6 of the targets, and three of them for each parameter. A course
    that ran long without penalties may have lost its way: `fit.fallback` goes on instead where its log evidence is higher.
    """

    solver: Any
    until: float = 1.0

    def run(self, fit):
        """Take `fit` further."""
        course = fit.course
        if course.is_over:
            return
        if course.penalties is None:
            excess = n_excess(course.objective)
            mean_square = 2.0 * course.best.value / (excess + course.objective.n_params)
            if mean_square < _PERFECT and excess > 2 * course.objective.n_params:
                return
            course.regularize([0.1 * mean_square] * Evidence(course.objective).n_groups)
        follow_evidence(course, self.solver, self.until, fall=_FALL)
        if fit.fallback is not None and not course.log_evidence >= fit.fallback.log_evidence and not course.is_over:
            course.go_back(fit.fallback.kept())
            follow_evidence(course, self.solver, self.until, fall=_FALL)
