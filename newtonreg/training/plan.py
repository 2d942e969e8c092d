"""A fit: short runs from several starts, the best of them run to its end, and a second solver for the tail where it pays."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from newtonreg.backend.threads import threads_for
from newtonreg.minimize import Minimization, Status, Stopping
from newtonreg.objectives import Counts
from newtonreg.training.starts import draw_start

__all__ = ["Settings", "Training"]


_NEARLY_ZERO = 1e8
"""Slack in a loss's own level of zero, within which it is fitted to rounding and no second solver is called."""


class Settings(NamedTuple):
    """Numbers that rule a fit.

    `n_restarts` starts of which each gets `screening_iter` trials; `max_iter` trials for the one that goes on, the shared
    ones included; `tol` is compared with the objective's criticality; `n_jobs` processes for the short runs.
    """

    n_restarts: int
    screening_iter: int
    max_iter: int
    tol: float
    n_jobs: int | None


class Phase(NamedTuple):
    """A solver, and when it has stalled: where the objective falls by less than the fraction `ftol` in `patience` trials."""

    solver: object
    ftol: float
    patience: int


class Training:
    """A fit in progress.

    Parameters
    ----------
    objective : EmpiricalRisk
    phases : sequence of Phase
        The first does the restarts and the bulk; each later one takes over where the one before it stalled short of `tol`.
    settings : Settings
    callbacks : sequence of callable
        For the run that goes on, see `minimize`.

    Attributes
    ----------
    run : Minimization
        The run that goes on; None before there is one.
    restarts : list of dict
        What each start reached in its short run (a single start: in its run): `loss`, `initial_loss`, `n_iter`.
    """

    def __init__(self, objective, phases, settings, callbacks=()):
        self.objective = objective
        self.phases = list(phases)
        self.settings = settings
        self.callbacks = list(callbacks)
        self.run = None
        self.restarts = []

    def start(self, rng):
        """Draw the starts, give each its short run, keep the best; returns self."""
        with threads_for(self.objective.curvature_flops):
            return self._start(rng)

    def _start(self, rng):
        seeds = rng.randint(np.iinfo(np.int32).max, size=self.settings.n_restarts)
        # also something to fall back on should the user interrupt the first short run
        self._begin(seeds[0])
        if len(seeds) > 1:
            self._screen(seeds)
            self._begin(seeds[self._best_restart()])
        return self

    def _screen(self, seeds):
        parallel = Parallel(n_jobs=self.settings.n_jobs, return_as="generator")
        reached = []
        try:
            for outcome, params in parallel(delayed(_short_run)(self.objective, *self._short_phase(), seed) for seed in seeds):
                self.restarts.append(outcome)
                reached.append(params)
        except KeyboardInterrupt:
            if reached:
                self.resume(self.phases[0].solver.init(self.objective, reached[self._best_restart()]))
            raise

    def _short_phase(self):
        phase = self.phases[0]
        return phase.solver, self._stopping(phase)._replace(max_iter=min(self.settings.screening_iter, self.settings.max_iter))

    def _best_restart(self):
        """The first of those that rounding cannot tell apart: which of several perfect fits goes on must not hang on noise."""
        losses = [restart["loss"] for restart in self.restarts]
        level = min(losses) * (1.0 + 1e-6) + _NEARLY_ZERO * self.objective.zero_level / self.objective.total_weight
        return next(i for i, loss in enumerate(losses) if loss <= level)

    def _begin(self, seed):
        """The run from the start that `seed` draws. The kept start runs again from its beginning: a short run costs little, and
        history and callbacks, early stopping among them, then see every trial."""
        self.objective.counts = Counts()
        self.resume(self.phases[0].solver.init(self.objective, draw_start(self.objective, np.random.RandomState(seed))))

    def resume(self, state, history=()):
        """Go on from `state`, keeping `history`; returns self."""
        self.objective.counts = history[-1].counts if history else self.objective.counts
        phase = self.phases[0]
        self.run = Minimization(self.objective, phase.solver, state, self._stopping(phase), history)
        return self

    def finish(self):
        """Run to the end, handing over to the later solvers where the earlier ones stall; returns self."""
        with threads_for(self.objective.curvature_flops):
            return self._finish()

    def _finish(self):
        self.run.run(self.callbacks)
        if not self.restarts:
            self.restarts = [_reached(self.run, self.objective.total_weight)]
        for phase in self.phases[1:]:
            stalled = self.run.status in (Status.REDUCTION, Status.EXHAUSTED, Status.STALLED)
            if not stalled or self.run.best.criticality <= self.settings.tol or self.run.is_zero(_NEARLY_ZERO):
                break
            state = phase.solver.init(self.objective, self.run.best.params)
            self.run = Minimization(self.objective, phase.solver, state, self._stopping(phase), self.run.history)
            self.run.run(self.callbacks)
        return self

    def _stopping(self, phase):
        return Stopping(self.settings.max_iter, self.settings.tol, 0.0, phase.ftol, phase.patience)


def _short_run(objective, solver, stopping, seed):
    """What a run from the start that `seed` draws reaches: a row of `Training.restarts`, and its parameters."""
    with threads_for(objective.curvature_flops):
        start = draw_start(objective, np.random.RandomState(seed))
        run = Minimization(objective, solver, solver.init(objective, start), stopping).run()
    return _reached(run, objective.total_weight), run.best.params


def _reached(run, total):
    """A row of `Training.restarts`."""
    first, last = run.history[0], run.history[-1]
    return {"loss": last.value / total, "initial_loss": first.value / total, "n_iter": last.n_iter}
