"""Many short runs, of which one goes on."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from newtonreg.backend.arrays import namespace
from newtonreg.backend.threads import threads_for
from newtonreg.minimize import Minimization, Stopping
from newtonreg.training.budget import trial_work
from newtonreg.training.course import NEARLY_ZERO, account
from newtonreg.training.starts import draw_start

__all__ = ["Screening"]

_TIE = 1e-6
"""Relative difference of losses that rounding may have made."""
_UNTIL = 0.35
"""Of the time, where there is a clock: after that no short run begins, and those that run end."""
_SIDE_BY_SIDE = 0.6
"""Cost of a trial among many, over that of one by itself, for networks that small."""
_GROUP = 8
"""Starts between two looks at the clock."""


class _Reached(NamedTuple):
    """Parameters, and the trials that led there."""

    params: object
    history: list


class Screening:
    """Starts drawn from initializers in turn, a short run from each; the best goes on.

    A budget of seconds ends the runs when a third of it is over; one start at least has had a run by then, others may have none.

    Parameters
    ----------
    initializers : sequence of Initializer
    n_starts : int
        A single start has no short run.
    n_trials : int
        Of each short run.
    n_jobs : int or None
        Processes.
    is_repeated : bool
        Whether the best start begins again at its beginning, for callbacks that must see every trial.
    side_by_side : callable or None
        ``side_by_side(objective, params, n_trials)`` makes all short runs in one go: what `levenberg_marquardt_batch` does and
        returns. It keeps no history, so the best start repeats its own.
    """

    def __init__(self, initializers, n_starts, n_trials=0, n_jobs=None, is_repeated=False, side_by_side=None):
        self.initializers = list(initializers)
        self.n_starts = n_starts
        self.n_trials = n_trials
        self.n_jobs = n_jobs
        self.is_repeated = is_repeated
        self.side_by_side = side_by_side
        self._reached = []

    @property
    def best(self):
        """Parameters of the best start so far, None before there is one."""
        return self._reached[0].params if self._reached else None

    def run(self, fit):
        """Begin `fit` with the best start, of those that have had a run where the user interrupts."""
        objective = fit.objective.with_penalty(fit.objective.penalty)
        starts = self._draw(objective, fit.rng)
        finite = [i for i, params in enumerate(starts) if math.isfinite(objective.at(params).value)] or [0]
        # something to fall back on should the user interrupt the first short run
        fit.course.begin(fit.plan.solver, starts[finite[0]])
        if len(starts) == 1:
            return
        try:
            best = self._screened(fit, objective, starts, finite)
        except KeyboardInterrupt:
            if self._reached:
                fit.course.begin(fit.plan.solver, self.best)
            raise
        fit.course.begin(fit.plan.solver, best.params, best.history)

    def _screened(self, fit, objective, starts, finite):
        """What goes on."""
        earlier, rows, reached = fit.restarts, [_no_run(objective) for _ in starts], {}
        if self.side_by_side is not None:
            for i, row in zip(finite, self._all_at_once(fit, objective, [starts[i] for i in finite]), strict=True):
                rows[i] = row
            # the best repeats its run, and has a history
            finite = _ranked(objective, rows)[:1]
        for i, one in self._short_runs(fit, objective, starts, finite):
            reached[i], rows[i] = one, account(objective, one.history)
            best = next(j for j in _ranked(objective, rows) if j in reached)
            self._reached = [reached[best]]
            fit.restarts = [*earlier, *rows]
        return _Reached(starts[best], []) if self.is_repeated else reached[best]

    def _all_at_once(self, fit, objective, starts):
        """Rows of `Training.restarts` of short runs side by side; all in one go, or in groups where there is a clock."""
        clock = fit.plan.budget.clock(_UNTIL)
        size, rows = _GROUP if clock else len(starts), []
        for first in range(0, len(starts), size):
            group = starts[first : first + size]
            is_over = rows and any(is_over(None, None) for is_over in clock)
            rows += [_no_run(objective) for _ in group] if is_over else self._group(fit, objective, group)
        return rows

    def _group(self, fit, objective, starts):
        total = objective.total_weight
        reached = self.side_by_side(objective, namespace(starts[0]).stack(starts), self.n_trials)
        fit.plan.budget.spend(_SIDE_BY_SIDE * trial_work(objective, fit.plan.solver) * sum(map(len, reached.accepted)))
        return [
            {
                **_no_run(objective),
                "loss": value / total,
                "initial_loss": objective.at(params).value / total,
                "n_iter": len(accepted),
            }
            for params, value, accepted in zip(starts, reached.values, reached.accepted, strict=True)
        ]

    def _draw(self, objective, rng):
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.n_starts)
        turns = [self.initializers[i % len(self.initializers)] for i in range(len(seeds))]
        return [draw_start(objective, one, np.random.RandomState(seed)) for one, seed in zip(turns, seeds, strict=True)]

    def _short_runs(self, fit, objective, starts, chosen):
        """Pairs of an index in `chosen` and what its short run reached, for as long as there is time."""
        solver, tol, clock = fit.plan.solver, fit.course.tol, fit.plan.budget.clock(_UNTIL)

        def tasks():
            for i in chosen:
                if self._reached and any(is_over(None, None) for is_over in clock):
                    return
                yield delayed(_short_run)(objective, solver, tol, self.n_trials, starts[i], clock)

        results = Parallel(n_jobs=self.n_jobs, return_as="generator")(tasks())
        for i, reached in zip(chosen, results, strict=False):
            fit.plan.budget.spend(trial_work(objective, solver) * reached.history[-1].n_iter)
            yield i, reached


def _no_run(objective):
    """A row of `Training.restarts` for a start that has had no run."""
    n_units = objective.network.n_units
    return {"loss": math.inf, "initial_loss": math.nan, "n_iter": 0, "n_units": n_units, "log_evidence": math.nan}


def _ranked(objective, restarts):
    """Starts by loss; of those that are equally perfect the first drawn: which of them goes on must not hang on rounding."""
    zero = NEARLY_ZERO * objective.zero_level / objective.total_weight
    losses = [row["loss"] if math.isfinite(row["loss"]) else math.inf for row in restarts]
    left, order = list(range(len(restarts))), []
    while left:
        level = min(losses[i] for i in left) * (1.0 + _TIE) + zero
        order.append(next(i for i in left if losses[i] <= level))
        left.remove(order[-1])
    return order


def _short_run(objective, solver, tol, n_trials, params, clock):
    """What `n_trials` reach, or fewer where `clock` (`Budget.clock`) says so."""
    stopping = Stopping(n_trials, tol, 0.0, 0.0, n_trials)
    with threads_for(objective.curvature_flops):
        run = Minimization(objective, solver, solver.init(objective, params), stopping).run(clock)
    return _Reached(run.best.params, run.history)
