"""A fit in progress: an opening that draws starts, and phases that take the best of them further."""

import numpy as np

from newtonreg.backend.threads import threads_for
from newtonreg.minimize import Status
from newtonreg.training.course import Course, account
from newtonreg.training.phases import WarmUp

__all__ = ["Training"]


class Training:
    """A fit in progress.

    Parameters
    ----------
    objective : EmpiricalRisk
    plan : Plan
        How it starts and which phases follow.
    tol : float
        Compared with the objective's criticality.
    max_iter : int or None
        Trials of the course that goes on, of which callbacks hear.

    Attributes
    ----------
    course : Course
        What goes on.
    callbacks : list of callable
        For the course, see `minimize`.
    fallback : Course or None
        A course aside with a log evidence that the end must not fall below.
    n_before : int
        Trials of the fit that this one goes on from exactly, see `resume`.
    restarts : list of dict
        What each start reached in its short run (a single start: in its run): `loss`, `initial_loss`, `n_iter`, `n_units`,
        `log_evidence` (NaN without).
    """

    def __init__(self, objective, plan, tol, max_iter=None):
        self.plan = plan
        self.phases = plan.phases
        self.course = Course(objective, plan.budget, tol, max_iter)
        self.restarts = []
        self.fallback = None
        self.rng = None
        self.callbacks = []
        self.n_before = 0
        self._n_seen = 0

    @property
    def objective(self):
        """Under the penalty of the moment."""
        return self.course.objective

    @property
    def run(self):
        """The `Minimization` that goes on; None before there is one."""
        return self.course.run

    @property
    def follows_evidence(self):
        """Whether the penalties are not those the objective came with."""
        return self.course.penalties is not None

    @property
    def has_matrices(self):
        """Whether the fit knows the curvature where it ends: not so in mini-batches, nor of a large network."""
        return not self.plan.in_batches and "gauss_newton" in self.objective.provides

    @property
    def solvers(self):
        """Those that an exact continuation may resume: the one the fit begins with, and one that warms it up."""
        return [self.plan.solver, *(phase.solver for phase in self.phases if isinstance(phase, WarmUp))]

    def start(self, rng):
        """Draw the starts, give them their short runs, begin with the best, also where the user interrupts; returns self."""
        self.rng = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        with threads_for(self.objective.curvature_flops):
            self.plan.opening.run(self)
        return self

    def _replay(self):
        """Show callbacks the trials that led to where the course begins; one that asks to stop stops what would follow."""
        for record in self.run.history[self._n_seen :]:
            # every callback sees every record, whoever asks to stop
            asked = [callback(record, self.run) for callback in self.callbacks]
            if any(asked):
                self.run.status = Status.CALLBACK
                return

    def go_on(self, params, penalties, rng):
        """Begin at given parameters, under `penalties` where the fit follows the evidence; returns self.

        Where some of the penalties are zero the evidence has nothing to begin with: the least of the others takes their place;
        where all are zero the phases choose, as for a course that never had any.
        """
        self.rng = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        self.course.begin(self.plan.solver, params)
        positive = [] if penalties is None else [float(value) for value in penalties if value > 0.0]
        if positive:
            self.course.regularize([float(value) or min(positive) for value in penalties])
        return self

    def resume(self, solver, state, history):
        """Go on exactly where a fit ended, in a `state` of a named `solver`: that of the plan or of its warm-up; returns self."""
        self.n_before = history[-1].n_iter
        if self.course.max_iter is not None:
            self.course.max_iter += self.n_before
        self.rng = np.random.RandomState(0)
        self.course.resume(solver, state, history)
        self._n_seen = len(history)
        return self

    def finish(self):
        """Run through the phases; returns self."""
        self.course.callbacks = self.callbacks
        self._replay()
        with threads_for(self.objective.curvature_flops):
            for phase in self.phases:
                phase.run(self)
            self.course.close(self.plan.solver)
        if not self.restarts:
            self.restarts = [account(self.objective, self.run.history, self.course.log_evidence)]
        return self
