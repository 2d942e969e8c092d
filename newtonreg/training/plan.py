"""A fit: short runs from several starts, the best of them run to its end, and a second solver for the tail where it pays."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from newtonreg.backend.threads import threads_for
from newtonreg.minimize import Minimization, Status, Stopping
from newtonreg.objectives import Counts
from newtonreg.training.starts import draw_start

__all__ = ["Settings", "Training"]


_NEARLY_ZERO = 1e-20
"""Of its value at the start, below which a loss is fitted to rounding and no second solver is called."""


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
        What each start reached: its loss and trials.
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
        if self.settings.n_restarts == 1:
            start = draw_start(self.objective, np.random.RandomState(seeds[0]))
            return self.resume(self.phases[0].solver.init(self.objective, start))
        # something to fall back on should the user interrupt the first short run
        self.resume(self.phases[0].solver.init(self.objective, draw_start(self.objective, np.random.RandomState(seeds[0]))))
        parallel = Parallel(n_jobs=self.settings.n_jobs, return_as="generator")
        short = self._stopping(self.phases[0])._replace(max_iter=min(self.settings.screening_iter, self.settings.max_iter))
        outcomes = []
        try:
            for outcome in parallel(delayed(_short_run)(self.objective, self.phases[0].solver, short, seed) for seed in seeds):
                outcomes.append(outcome)
        finally:
            if outcomes:
                self._keep_best(outcomes)
        return self

    def _keep_best(self, outcomes):
        scale = self.objective.total_weight
        self.restarts = [{"loss": history[-1].value / scale, "n_iter": history[-1].n_iter} for _, history in outcomes]
        # the first of those that rounding cannot tell apart: which of several perfect fits is chosen must not hang on noise
        values = [history[-1].value for _, history in outcomes]
        level = min(values) * (1.0 + 1e-6) + _NEARLY_ZERO * max(history[0].value for _, history in outcomes)
        state, history = next(outcome for outcome, value in zip(outcomes, values, strict=True) if value <= level)
        self.resume(state.attached(self.objective), history)

    def resume(self, state, history=()):
        """Go on from `state`, keeping `history`; returns self."""
        self.objective.counts = Counts(*history[-1][-3:]) if history else self.objective.counts
        phase = self.phases[0]
        self.run = Minimization(self.objective, phase.solver, state, self._stopping(phase), history)
        return self

    def finish(self):
        """Run to the end, handing over to the later solvers where the earlier ones stall; returns self."""
        with threads_for(self.objective.curvature_flops):
            return self._finish()

    def _finish(self):
        self.run.run(self.callbacks)
        for phase in self.phases[1:]:
            stalled = self.run.status in (Status.REDUCTION, Status.EXHAUSTED)
            if not stalled or self.run.best.criticality <= self.settings.tol or self.run.is_zero(_NEARLY_ZERO):
                break
            state = phase.solver.init(self.objective, self.run.best.params)
            self.run = Minimization(self.objective, phase.solver, state, self._stopping(phase), self.run.history)
            self.run.run(self.callbacks)
        return self

    def _stopping(self, phase):
        return Stopping(self.settings.max_iter, self.settings.tol, 0.0, phase.ftol, phase.patience)


def _short_run(objective, solver, stopping, seed):
    """Detached state and history of a run from the start that `seed` draws."""
    objective.counts = Counts()
    with threads_for(objective.curvature_flops):
        start = draw_start(objective, np.random.RandomState(seed))
        run = Minimization(objective, solver, solver.init(objective, start), stopping).run()
    return run.state.detached(), run.history
