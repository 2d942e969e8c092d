"""Runs in mini-batches that are watched: what they have cost and what they have reached, step by step."""

import contextlib
import math
import time

from default_fit.clock import Deadline

from newtonreg import minimize
from newtonreg.solvers import MiniBatches

__all__ = ["Watch", "Watched", "Wrapped", "first_row", "train"]

_GROWTH = 0.05
"""Of the cost since the start: a run is looked at so often, and at least whenever a pass through the data has been paid for."""
COSTS = ("epoch", "backprops", "passes", "seconds")
"""Columns of a trace that say what a run has cost."""


class Watch:
    """Rows of a run: its costs and `Problem.scores`; the time that the looking takes is left out.

    `backprops` are those of Adolphs et al., max(1, products) a step of a trust region and 1 a step of first order, and `passes`
    1 + products, as there is a gradient besides; both in proportion to the rows of the step: 1 an epoch of first order.
    """

    def __init__(self, problem, cap):
        self.rows, self.diverged = [], ""
        self._problem, self._cap = problem, cap
        self._costs = dict.fromkeys(COSTS[:-1], 0.0)
        self._is_seen, self._paused, self._start = False, 0.0, time.perf_counter()

    @property
    def seconds(self):
        """Seconds of the run so far."""
        return time.perf_counter() - self._start - self._paused

    def count(self, n_rows, n_products, params):
        """A step on `n_rows` rows that left `params`; raises `Deadline` where the time is up."""
        share = n_rows / self._problem.n_rows
        for name, number in zip(self._costs, (1, max(1, n_products), 1 + n_products), strict=True):
            self._costs[name] += share * number
        self._is_seen = False
        last = self.rows[-1]["passes"]
        if self._costs["passes"] >= last + max(1.0, _GROWTH * last) or self.seconds > self._cap:
            self._look(params)
        if self.seconds > self._cap:
            raise Deadline

    def __call__(self, record, run):
        """An epoch is over; a callback of `minimize`."""
        self._costs["epoch"] = float(record.n_iter)
        if not self._is_seen:
            self._look(run.state.params)
        return False

    def _look(self, params):
        costs, begin = {**self._costs, "seconds": self.seconds}, time.perf_counter()
        self.rows.append({**costs, **self._problem.scores(params)})
        self._is_seen = True
        self._paused += time.perf_counter() - begin

    def record(self):
        """What is left at the end: all of the last row, or an infinite loss where the run diverged."""
        values = {**self.rows[-1], "trace": self.rows, "diverged": self.diverged}
        return {**values, "loss": math.inf} if self.diverged or not math.isfinite(values["loss"]) else values


class Wrapped:
    """A solver around a solver, which it is in all that a subclass does not say."""

    def __init__(self, solver):
        self._solver = solver

    def __getattr__(self, name):
        if name.startswith("__") or name == "_solver":
            raise AttributeError(name)
        return getattr(self._solver, name)


class Watched(Wrapped):
    """Reports the cost of its steps to a `Watch`."""

    def __init__(self, solver, watch):
        super().__init__(solver)
        self._watch = watch

    def step(self, objective, state):
        """The solver's step on a batch."""
        before = objective.counts.nhvp
        after = self._solver.step(objective, state)
        self._watch.count(objective.terms[0].weights.shape[0], objective.counts.nhvp - before, after.params)
        return after


def train(problem, solver, batch_size, epochs, cap, seed, pivot_every=None):
    """The record of at most `epochs` epochs and about `cap` seconds of `solver` in batches, the orders of which `seed` says."""
    watch = Watch(problem, cap)
    size = min(batch_size, problem.n_rows)
    batches = MiniBatches(Watched(solver, watch), batch_size=size, pivot_every=pivot_every, seed=seed)
    options = {"max_iter": epochs, "gtol": 0.0, "patience": epochs + 1, "callbacks": [watch]}
    try:
        with contextlib.suppress(Deadline):
            minimize(problem.risk, problem.start, batches, **options)
    except FloatingPointError as error:
        watch.diverged = str(error).split(":")[-1].strip()[:80]
    return watch.record()


def first_row(rows, name, level, rises=True):
    """Costs of the first row whose `name` is at least `level` (at most, where it falls), infinite where there is none."""
    found = (row for row in rows if (row[name] >= level if rises else row[name] <= level))
    return {cost: value for cost, value in next(found, dict.fromkeys(COSTS, math.inf)).items() if cost in COSTS}
