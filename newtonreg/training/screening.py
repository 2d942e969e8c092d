"""Many short runs of which few go on."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from newtonreg.backend.threads import threads_for
from newtonreg.minimize import Minimization, Stopping
from newtonreg.training.budget import trial_work
from newtonreg.training.course import NEARLY_ZERO
from newtonreg.training.starts import draw_start

__all__ = ["Round", "Screening"]

_TIE = 1e-6
"""Relative difference of losses that rounding may have made."""


class Round(NamedTuple):
    """`n_kept` of the starts go on, with `n_trials` each."""

    n_kept: int
    n_trials: int


class _Reached(NamedTuple):
    """Parameters, and the trials that led there."""

    params: object
    history: list


class Screening:
    """Starts drawn from initializers in turn; rounds of short runs, each from where the better half, or less, of the last ended.

    Parameters
    ----------
    initializers : sequence of Initializer
    rounds : sequence of Round
        With falling `n_kept`; the first says how many starts are drawn.
    n_jobs : int or None
        Processes.
    is_repeated : bool
        Whether the best start begins again at its beginning, for callbacks that must see every trial.
    """

    def __init__(self, initializers, rounds, n_jobs=None, is_repeated=False):
        self.initializers = list(initializers)
        self.rounds = list(rounds)
        self.n_jobs = n_jobs
        self.is_repeated = is_repeated
        self._reached = []

    @property
    def best(self):
        """Parameters of the best start so far, None before there is one."""
        return self._reached[0].params if self._reached else None

    def run(self, fit):
        """Begin `fit` with the best start."""
        objective = fit.objective.with_penalty(fit.objective.penalty)
        starts = [_Reached(params, []) for params in self._draw(objective, fit.rng)]
        drawn = list(starts)
        fit.restarts = [{"loss": math.inf, "initial_loss": None, "n_iter": 0} for _ in starts]
        # something to fall back on should the user interrupt the first short run
        fit.course.begin(fit.plan.solver, starts[0].params)
        order = list(range(len(starts)))
        for stage in self.rounds if len(starts) > 1 else []:
            for i, reached in self._short_runs(fit, objective, starts, order[: stage.n_kept], stage.n_trials):
                starts[i] = reached
                _note(fit.restarts, i, reached.history, objective.total_weight)
                order = _ranked(objective, fit.restarts)
                self._reached = [starts[j] for j in order]
        best = (drawn if self.is_repeated else starts)[order[0]]
        fit.course.begin(fit.plan.solver, best.params, best.history)
        if len(starts) == 1:
            fit.restarts = []

    def _draw(self, objective, rng):
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.rounds[0].n_kept)
        turns = [self.initializers[i % len(self.initializers)] for i in range(len(seeds))]
        return [draw_start(objective, one, np.random.RandomState(seed)) for one, seed in zip(turns, seeds, strict=True)]

    def _short_runs(self, fit, objective, starts, order, n_trials):
        """Pairs of an index in `order` and what its short run reached."""
        solver, tol = fit.plan.solver, fit.course.tol
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator")
        results = parallel(delayed(_short_run)(objective, solver, tol, n_trials, starts[i]) for i in order)
        for i, reached in zip(order, results, strict=True):
            trials = reached.history[-1].n_iter - (starts[i].history[-1].n_iter if starts[i].history else 0)
            fit.plan.budget.spend(trial_work(objective, solver) * trials)
            yield i, reached


def _note(restarts, i, history, total):
    """What start `i` has reached."""
    restarts[i] = {"loss": history[-1].value / total, "initial_loss": history[0].value / total, "n_iter": history[-1].n_iter}


def _ranked(objective, restarts):
    """Starts by loss; of those that are equally perfect the first drawn: which of them goes on must not hang on rounding."""
    zero = NEARLY_ZERO * objective.zero_level / objective.total_weight
    left, order = list(range(len(restarts))), []
    while left:
        level = min(restarts[i]["loss"] for i in left) * (1.0 + _TIE) + zero
        order.append(next(i for i in left if restarts[i]["loss"] <= level))
        left.remove(order[-1])
    return order


def _short_run(objective, solver, tol, n_trials, start):
    """What `n_trials` more trials reach."""
    n_iter = start.history[-1].n_iter if start.history else 0
    stopping = Stopping(n_iter + n_trials, tol, 0.0, 0.0, n_trials)
    with threads_for(objective.curvature_flops):
        run = Minimization(objective, solver, solver.init(objective, start.params), stopping, start.history).run()
    return _Reached(run.best.params, run.history)
