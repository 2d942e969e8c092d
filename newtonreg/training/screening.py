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


class Round(NamedTuple):
    """`n_kept` of the starts go on, with `n_trials` each."""

    n_kept: int
    n_trials: int


class Screening:
    """Starts drawn from initializers in turn; rounds of short runs, each from where the better half, or less, of the last ended.

    Parameters
    ----------
    initializers : sequence of Initializer
    rounds : sequence of Round
        With falling `n_kept`; the first says how many starts are drawn.
    n_jobs : int or None
        Processes.
    """

    def __init__(self, initializers, rounds, n_jobs=None):
        self.initializers = list(initializers)
        self.rounds = list(rounds)
        self.n_jobs = n_jobs
        self._reached = []

    @property
    def best(self):
        """Parameters of the best start so far, None before there is one."""
        return self._reached[0] if self._reached else None

    def run(self, fit):
        """Begin `fit` with the best start."""
        objective = fit.objective.with_penalty(fit.objective.penalty)
        starts = self._draw(objective, fit.rng)
        fit.restarts = [{"loss": math.inf, "initial_loss": None, "n_iter": 0} for _ in starts]
        order = list(range(len(starts)))
        for stage in self.rounds if len(starts) > 1 else []:
            for i, (row, params) in self._short_runs(fit, objective, starts, order[: stage.n_kept], stage.n_trials):
                starts[i] = params
                _note(fit.restarts, i, row)
                order = _ranked(objective, fit.restarts)
                self._reached = [starts[j] for j in order]
        fit.course.begin(fit.plan.solver, starts[order[0]])
        if len(starts) == 1:
            fit.restarts = []

    def _draw(self, objective, rng):
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.rounds[0].n_kept)
        turns = [self.initializers[i % len(self.initializers)] for i in range(len(seeds))]
        return [draw_start(objective, one, np.random.RandomState(seed)) for one, seed in zip(turns, seeds, strict=True)]

    def _short_runs(self, fit, objective, starts, order, n_trials):
        """Pairs of an index in `order` and what its short run reached."""
        solver = fit.plan.solver
        stopping = Stopping(n_trials, fit.course.tol, 0.0, 0.0, n_trials)
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator")
        results = parallel(delayed(_short_run)(objective, solver, stopping, starts[i]) for i in order)
        for i, result in zip(order, results, strict=True):
            fit.plan.budget.spend(trial_work(objective, solver) * result[0]["n_iter"])
            yield i, result


def _note(restarts, i, row):
    """Add a short run to what start `i` reached."""
    before = restarts[i]
    first = row["initial_loss"] if before["initial_loss"] is None else before["initial_loss"]
    restarts[i] = {"loss": row["loss"], "initial_loss": first, "n_iter": before["n_iter"] + row["n_iter"]}


def _ranked(objective, restarts):
    """Starts by loss; of those that are equally perfect the first drawn: which of them goes on must not hang on rounding."""
    zero = NEARLY_ZERO * objective.zero_level / objective.total_weight
    return sorted(range(len(restarts)), key=lambda i: (max(restarts[i]["loss"], zero), i))


def _short_run(objective, solver, stopping, start):
    """What a run from `start` reaches: a row of `restarts`, and its parameters."""
    with threads_for(objective.curvature_flops):
        run = Minimization(objective, solver, solver.init(objective, start), stopping).run()
    total = objective.total_weight
    first, last = run.history[0], run.history[-1]
    return {"loss": last.value / total, "initial_loss": first.value / total, "n_iter": last.n_iter}, run.best.params
