"""The loop: iteration, stopping, counting, callbacks. Solvers do the steps."""

import math
from enum import IntEnum
from typing import NamedTuple

from scipy.optimize import OptimizeResult

import newtonreg.solvers
from newtonreg.backend import linalg
from newtonreg.backend.arrays import as_floats, to_floats
from newtonreg.components import resolve
from newtonreg.solvers.acceptance import rounding_noise

__all__ = ["IterationRecord", "Minimization", "Status", "minimize"]


class Status(IntEnum):
    """Why a run stopped."""

    GRADIENT = 0
    REDUCTION = 1
    STEP = 2
    EXHAUSTED = 3
    ZERO = 4
    MAX_ITER = 5
    CALLBACK = 6
    INTERRUPTED = 7

    @property
    def message(self):
        """A sentence."""
        return _MESSAGES[self]

    @property
    def success(self):
        """Whether the run ended because nothing more was to be gained."""
        return self <= Status.ZERO


_MESSAGES = {
    Status.GRADIENT: "The relative gradient norm is at most gtol.",
    Status.REDUCTION: "The objective fell by less than the fraction ftol over the last trials.",
    Status.STEP: "The step is at most xtol relative to the parameters.",
    Status.EXHAUSTED: "No further reduction can be told from rounding.",
    Status.ZERO: "The objective is zero to rounding.",
    Status.MAX_ITER: "The trials allowed were used up while the objective was still falling.",
    Status.CALLBACK: "A callback asked to stop.",
    Status.INTERRUPTED: "Interrupted from the keyboard.",
}


class IterationRecord(NamedTuple):
    """A row of the history: what is known after trial `n_iter`; row 0 is the starting point."""

    n_iter: int
    value: float
    gradient_norm: float
    step_norm: float
    ratio: float
    control: float
    accepted: bool
    nfev: int
    njev: int
    nhev: int


_ZERO = 1e-28
"""Of its value at the start, below which a nonnegative objective is zero to rounding (a residual of 1e-14)."""


class Stopping(NamedTuple):
    """Tolerances of a run, see `minimize`."""

    max_iter: int
    gtol: float
    xtol: float
    ftol: float
    patience: int


class Minimization:
    """A run in progress: an iterator over `IterationRecord` that can be stopped, resumed and asked for its result.

    Parameters are those of `minimize`. The loop is here and nowhere else; `minimize` is this class run to its end.
    """

    def __init__(self, objective, solver, state, stopping, history=()):
        self.objective = objective
        self.solver = solver
        self.state = state
        self.status = None
        self.history = list(history)
        self._first = len(self.history)
        self.best = state.point
        self._lowest = state.point.value
        self._stopping = stopping
        if not math.isfinite(state.point.value):
            raise FloatingPointError(f"The objective is {state.point.value} at the starting point: nothing to start from.")
        start = self.history[0].value if self.history else state.point.value
        self._scale = start if getattr(objective, "is_nonnegative", False) else -math.inf

    def run(self, callbacks=()):
        """Iterate until a stopping rule holds or a callback returns True; returns self. Ctrl-C sets `status` and passes on."""
        try:
            if self.history and self.state.point.criticality <= self._stopping.gtol:
                self.status = self._check(self.history[-1])
            for n_iter in range(len(self.history), self._stopping.max_iter + 1):
                if self.status is not None:
                    break
                if n_iter > 0:
                    self.state = self.solver.step(self.objective, self.state)
                    self._keep_best()
                record = self._record(n_iter)
                self.history.append(record)
                self.status = self._check(record)
                # every callback sees every record, whoever asks to stop
                asked = [callback(record, self) for callback in callbacks]
                if any(asked) and self.status not in (Status.GRADIENT, Status.ZERO):
                    self.status = Status.CALLBACK
        except KeyboardInterrupt:
            self.interrupt()
            raise
        if self.status is None:
            self.status = Status.MAX_ITER
        for callback in callbacks:
            if hasattr(callback, "end"):
                callback.end(self)
        return self

    def _keep_best(self):
        """The latest point whose value cannot be told from the lowest: at rounding level its gradient is the smaller one."""
        value = self.state.point.value
        self._lowest = min(self._lowest, value)
        if value <= self._lowest + rounding_noise(self._lowest):
            self.best = self.state.point

    def is_zero(self, fraction=_ZERO):
        """Whether a nonnegative objective has fallen to this fraction of its value at the start."""
        return self.best.value <= fraction * self._scale

    def interrupt(self):
        """Close a run that was interrupted, perhaps before its first record."""
        self.status = Status.INTERRUPTED
        if not self.history:
            self.history.append(self._record(0))

    def _record(self, n_iter):
        state, counts = self.state, self.objective.counts
        gradient_norm = state.point.gradient_norm if state.accepted else self.history[-1].gradient_norm
        return IterationRecord(
            n_iter,
            state.point.value,
            gradient_norm,
            state.step_norm,
            state.ratio,
            state.control,
            state.accepted,
            counts.nfev,
            counts.njev,
            counts.nhev,
        )

    def _check(self, record):
        stop, state = self._stopping, self.state
        if self.is_zero():
            return Status.ZERO
        if record.accepted and state.point.criticality <= stop.gtol and not _at_saddle(self):
            return Status.GRADIENT
        if state.exhausted:
            return Status.EXHAUSTED
        if record.n_iter > 0 and record.accepted and record.step_norm <= stop.xtol * _length(state.params):
            return Status.STEP
        if record.n_iter >= self._first + stop.patience:
            before = self.history[record.n_iter - stop.patience].value
            if before - record.value <= stop.ftol * abs(before):
                return Status.REDUCTION
        return Status.MAX_ITER if record.n_iter >= stop.max_iter else None

    def result(self):
        """`scipy.optimize.OptimizeResult` with `x fun jac nit nfev njev nhev status message success history`."""
        counts = self.objective.counts
        # a solver without safeguards may end at a stationary point that is not its lowest one
        point = self.state.point if self.status is Status.GRADIENT else self.best
        return OptimizeResult(
            x=point.params,
            fun=point.value,
            jac=point.gradient,
            nit=self.history[-1].n_iter,
            nfev=counts.nfev,
            njev=counts.njev,
            nhev=counts.nhev,
            status=self.status,
            message=self.status.message,
            success=self.status.success,
            history=self.history,
        )


def _at_saddle(run):
    """A vanishing gradient ends a run unless the solver knows of a direction of negative curvature to leave along."""
    leaves = getattr(run.solver, "leaves_saddle", None)
    return leaves is not None and leaves(run.state)


def _length(params):
    return to_floats(linalg.norm(params))[0]


def minimize(objective, x0, solver, *, max_iter=1000, gtol=1e-8, xtol=0.0, ftol=0.0, patience=50, callbacks=(), state=None):
    """Minimize an objective by a solver.

    Parameters
    ----------
    objective : Objective
        For instance `objectives.Analytic` or `objectives.EmpiricalRisk`.
    x0 : array of shape (p,)
        Starting point; fixes array library and device.
    solver : str or Solver
        For instance `TrustRegion()` or "trust-region".
    max_iter : int >= 1
        Trials, accepted or not.
    gtol : float >= 0
        Stop where the objective's `criticality` (the gradient norm, relative where the objective has a scale) is at most this.
    xtol : float >= 0
        Stop where an accepted step is at most this relative to ‖x‖.
    ftol : float >= 0
        Stop where the objective fell by at most this fraction over the last `patience` trials.
    patience : int >= 1
        See `ftol`.
    callbacks : sequence of callable
        Called as callback(record, run) after every trial with an `IterationRecord` and the `Minimization`; True stops.
    state : SolverState, optional
        A detached state to continue from instead of `x0`.

    Returns
    -------
    scipy.optimize.OptimizeResult

    Raises
    ------
    ValueError
        Where x0 has the wrong shape or the solver is unknown.
    FloatingPointError
        Where the objective is not finite at the starting point.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic, TrustRegion, minimize
    >>> rosenbrock = Analytic(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, n_params=2)
    >>> minimize(rosenbrock, np.array([-1.2, 1.0]), TrustRegion()).x.round(6)
    array([1., 1.])
    """
    for name, value, least in (("max_iter", max_iter, 1), ("patience", patience, 1), ("gtol", gtol, 0), ("xtol", xtol, 0)):
        if not value >= least:
            raise ValueError(f"{name}={value!r} must be at least {least}.")
    solver = resolve("solver", solver, newtonreg.solvers, ("init", "step"))
    x0 = as_floats(x0)
    if tuple(x0.shape) != (objective.n_params,):
        raise ValueError(f"x0 has shape {tuple(x0.shape)} and the objective has n_params={objective.n_params}; they must agree.")
    start = solver.init(objective, x0) if state is None else state.attached(objective)
    return Minimization(objective, solver, start, Stopping(max_iter, gtol, xtol, ftol, patience)).run(callbacks).result()
