"""A course: one run from one start, taken further by one solver after the other, under one penalty after the other."""

import math

from newtonreg.minimize import Minimization, Status, Stopping
from newtonreg.objectives import Counts
from newtonreg.training.budget import UNLIMITED, trial_work
from newtonreg.training.evidence import Evidence

__all__ = ["NEARLY_ZERO", "Course", "account"]

NEARLY_ZERO = 1e8
"""Slack in a loss's own level of zero, within which it is fitted to rounding and no second solver is called."""


class Course:
    """A run with one history that phases take further.

    Parameters
    ----------
    objective : EmpiricalRisk
    budget : Budget
        What its trials are charged to.
    tol : float
        Compared with the objective's criticality.
    max_iter : int or None
        Trials at most.
    callbacks : sequence of callable
        See `minimize`.

    Attributes
    ----------
    objective : EmpiricalRisk
        Under the penalty of the moment.
    run : Minimization or None
        The latest; its history is that of the whole course.
    penalties : list of float or None
        One a group (`Evidence`), where they are not what the objective came with.
    assessment : Assessment or None
        What the evidence said last.
    noise_fall : float
        Noise variance at the end of following the evidence, over that halfway; 1 where it came to rest.
    """

    def __init__(self, objective, budget, tol, max_iter=None, callbacks=()):
        self.objective = objective
        self.budget = budget
        self.tol = tol
        self.max_iter = max_iter
        self.callbacks = list(callbacks)
        self.run = None
        self.penalties = None
        self.assessment = None
        self.noise_fall = 1.0
        self._state = None

    @property
    def best(self):
        """The evaluation with the lowest objective so far."""
        return self.run.best

    @property
    def n_iter(self):
        """Trials so far."""
        return self.run.history[-1].n_iter if self.run.history else 0

    @property
    def log_evidence(self):
        """Of the assessment; NaN without."""
        return math.nan if self.assessment is None else self.assessment.log_evidence

    @property
    def is_over(self):
        """Whether nothing may take it further: stopped by a callback or the number of trials, or fitted to rounding."""
        stopped = self.run.status in (Status.CALLBACK, Status.INTERRUPTED, Status.ZERO)
        used_up = self.max_iter is not None and self.n_iter >= self.max_iter
        return stopped or used_up or bool(self.run.history) and self.is_perfect

    @property
    def is_perfect(self):
        """Whether the best point fits to rounding."""
        return self.run.is_zero(NEARLY_ZERO)

    def begin(self, solver, params, history=()):
        """Start from `params` (p,), which trials in `history` have led to; returns self."""
        self._count_on(history)
        return self._take(solver, solver.init(self.objective, params), history)

    def resume(self, solver, state, history=()):
        """Start from a state of `solver` after the trials in `history`; returns self."""
        self._count_on(history)
        return self._take(solver, state, history)

    def _count_on(self, history):
        self.objective.counts = history[-1].counts if history else Counts()

    def _take(self, solver, state, history):
        self._state = state
        self.run = Minimization(self.objective, solver, state, Stopping(1, self.tol, 0.0, 0.0, 1), history)
        return self

    def descend(self, solver, ftol, patience, until=1.0, max_trials=UNLIMITED):
        """Go on by `solver` until it ends, stalls, or the share `until` of the budget is spent; returns self.

        Where the last solver was the same one it keeps its damping.
        """
        if self.is_over:
            return self
        keeps = self._state is not None and (solver is self.run.solver or repr(solver) == repr(self.run.solver))
        state = self._state if keeps else solver.init(self.objective, self.best.params)
        cost, before = trial_work(self.objective, solver), self.n_iter
        last = before + min(self.budget.trials(cost, until), max_trials)
        stopping = Stopping(last if self.max_iter is None else min(last, self.max_iter), self.tol, 0.0, ftol, patience)
        self.run = Minimization(self.objective, solver, state, stopping, self.run.history)
        watch = self.budget.clock(until)
        try:
            self.run.run([*self.callbacks, *watch])
        finally:
            self.budget.spend(cost * (self.n_iter - before))
        self._state = self.run.state
        if watch and self.run.status is Status.CALLBACK and self.budget.is_over(until):
            self.run.status = Status.TIME
        return self

    def close(self, solver):
        """At least one record, and a status, whatever the phases did; returns self."""
        if self.run.status is None:
            self.descend(solver, 0.01, 100)
        if self.run.status is None:
            self.run.status = Status.ZERO if self.is_perfect else Status.MAX_ITER
        return self

    def assess(self):
        """What the evidence says of the best point under the penalties of the moment; an `Assessment` or None."""
        evidence = Evidence(self.objective)
        return evidence.assess(self.best, evidence.groups(self.objective.penalty))

    def aside(self, objective=None):
        """A course on the same (or another) objective, charged to the same budget, of which no callback hears."""
        objective = self.objective if objective is None else objective
        other = Course(objective.with_penalty(objective.penalty), self.budget, self.tol, self.max_iter)
        other.penalties = self.penalties
        return other

    def adopt(self, other, solver):
        """Take over a course aside, with its penalties and its history; returns self."""
        self.objective, self.penalties, self.assessment = other.objective, other.penalties, other.assessment
        return self.begin(solver, other.best.params, other.run.history)

    def jump(self, params):
        """Go on from other parameters, which have been found aside: a row of the history without a trial. Returns self."""
        solver = self.run.solver
        record = self._take(solver, solver.init(self.objective, params), self.run.history).run.note()
        asked = [callback(record, self.run) for callback in self.callbacks]
        if any(asked):
            self.run.status = Status.CALLBACK
        return self

    def kept(self):
        """What `go_back` takes: the best point, its objective and penalties, and what the evidence said of them."""
        return self.objective, self.run.best, self.penalties, self.assessment

    def go_back(self, kept):
        """To where the course was when `kept` was taken; the history stays. Returns self."""
        counts, moved = self.objective.counts, self.run.best.params is not kept[1].params
        self.objective, self.run.best, self.penalties, self.assessment = kept
        self.objective.counts = counts
        self._state = None if moved or self._state is None else self._state.moved_to(self.run.best)
        if not self.is_over:
            # what ended the descent held for other penalties
            self.run.status = None
        return self

    def regularize(self, penalties):
        """Go on under other `penalties`, one a group; the solver keeps its damping. Returns self."""
        self.penalties = list(penalties)
        best, state = self.run.best, self.run.state
        counts = self.objective.counts
        self.objective = self.objective.with_penalty(Evidence(self.objective).penalty(penalties, best.params))
        self.objective.counts = counts
        self.run.best = best.repenalized(self.objective)
        self._state = state.moved_to(self.run.best) if self._state is not None and state.point is best else None
        return self


def account(objective, history, log_evidence=math.nan):
    """A row of `Training.restarts`, from the trials of a start."""
    total = objective.total_weight
    return {
        "loss": history[-1].value / total,
        "initial_loss": history[0].value / total,
        "n_iter": history[-1].n_iter,
        "n_units": objective.network.n_units,
        "log_evidence": log_evidence,
    }
