"""The loop: iteration, stopping, counting, callbacks. Solvers do the steps."""

import math
import numbers
from enum import IntEnum
from itertools import accumulate
from typing import NamedTuple

from scipy.optimize import OptimizeResult

import newtonreg.solvers
from newtonreg.backend import linalg
from newtonreg.backend.arrays import as_floats, namespace, to_floats
from newtonreg.components import resolve
from newtonreg.objectives import Counts
from newtonreg.solvers.acceptance import rounding_noise
from newtonreg.solvers.requirements import check_objective, check_requirements
from newtonreg.solvers.stationarity import is_stationary

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
    GRADIENT_FLAT = 8
    STALLED = 9
    TIME = 10

    @property
    def message(self):
        """A sentence."""
        return _MESSAGES[self]

    @property
    def success(self):
        """Whether the run ended because nothing more was to be gained."""
        return self <= Status.ZERO


_MESSAGES = {
    Status.GRADIENT: "The gradient norm, in the unit of the objective, is at most gtol.",
    Status.REDUCTION: "The objective fell by less than the fraction ftol over the last trials.",
    Status.STEP: "The step is at most xtol relative to the parameters.",
    Status.EXHAUSTED: "No further reduction can be told from rounding.",
    Status.ZERO: "The objective is zero to rounding.",
    Status.MAX_ITER: "The trials allowed were used up before a stopping rule held.",
    Status.CALLBACK: "A callback asked to stop.",
    Status.INTERRUPTED: "Interrupted from the keyboard.",
    Status.TIME: "The time allowed ran out before a stopping rule held.",
    Status.STALLED: "No further step helps; the point is not stationary. Check the derivatives, or try another solver or start.",
    Status.GRADIENT_FLAT: "Gradient-flat: the gradient does not vanish, but lies in the kernel of the Hessian.",
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
    predicted_reduction: float
    nfev: int
    njev: int
    nhev: int
    nhvp: int
    n_backprops: int

    @property
    def counts(self):
        """The `Counts` at that moment."""
        return Counts(self.nfev, self.njev, self.nhev, self.nhvp)


_NEARLY_ZERO = 1e8
"""Slack in the objective's own level of zero, for a run that ends for want of a step: four digits of the residuals."""
_NOISE_TRIALS = 4
"""Trials in a row that promise less than rounding noise and do not halve the gradient, after which a run is exhausted."""
_FLAT = 0.9
"""Relative gradient flatness above which a root finder has ended where no step lowers the gradient (Frye et al. 2020)."""


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
        self._stood_still = False
        self._start = state.point
        self._progress = list(accumulate(map(self._merit, self.history), min))
        if not math.isfinite(state.point.value):
            raise FloatingPointError(f"The objective is {state.point.value} at the starting point: nothing to start from.")

    def run(self, callbacks=()):
        """Iterate until a stopping rule holds or a callback returns True; returns self. Ctrl-C sets `status` and passes on."""
        try:
            if self.history and self.state.point.criticality <= self._stopping.gtol:
                self.status = self._check(self.history[-1])
            for n_iter in range(len(self.history), self._stopping.max_iter + 1):
                if self.status is not None:
                    break
                if n_iter > 0:
                    before, self.state = self.state, self.solver.step(self.objective, self.state)
                    self._stood_still = self.state.accepted and _is_same(before.params, self.state.params)
                    self._keep_best()
                record = self._record(n_iter)
                self.history.append(record)
                self._progress.append(min(self._progress[-1:] + [self._merit(record)]))
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

    def _merit(self, record):
        """What the solver lowers."""
        finds_root = getattr(self.solver, "merit", "value") == "gradient"
        return record.gradient_norm if finds_root else record.value

    def _keep_best(self):
        """The latest point, unless the solver may climb: then the latest of those that rounding cannot tell from the lowest.

        A solver whose `merit` is the gradient looks for stationary points, not for low ones.
        """
        value, solver = self.state.point.value, self.solver
        self._lowest = min(self._lowest, value)
        descends = getattr(solver, "monotone", True) or getattr(solver, "merit", "value") == "gradient"
        if descends or value <= self._lowest + rounding_noise(self._lowest):
            self.best = self.state.point

    def is_zero(self, slack=1.0):
        """Whether a nonnegative objective is at its lower bound to rounding, or within `slack` of that."""
        if not getattr(self.objective, "is_nonnegative", False):
            return False
        return self.best.value <= slack * self.best.zero_level(self._start)

    def note(self):
        """Put the state as it is into the history: a record, which is returned, without a trial."""
        record = self._record(len(self.history))
        self.history.append(record)
        self._progress.append(min(self._progress[-1:] + [self._merit(record)]))
        return record

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
            state.predicted,
            counts.nfev,
            counts.njev,
            counts.nhev,
            counts.nhvp,
            counts.n_backprops,
        )

    def _check(self, record):
        stop, state = self._stopping, self.state
        if self.is_zero():
            return Status.ZERO
        if record.accepted and _is_critical(state.point, stop.gtol) and not _at_saddle(self):
            return Status.GRADIENT
        if state.exhausted or self._stands_still(record):
            return self._end_without_step()
        if record.n_iter > 0 and record.accepted and record.step_norm <= stop.xtol * _length(state.params):
            return Status.STEP
        if record.n_iter >= self._first + stop.patience:
            before = self._progress[record.n_iter - stop.patience]
            if before - self._progress[-1] <= stop.ftol * abs(before):
                return Status.REDUCTION if stop.ftol > 0.0 else self._end_without_step()
        return Status.MAX_ITER if record.n_iter >= stop.max_iter else None

    def _stands_still(self, record):
        """Whether the last step changed no parameter, or the last few promised nothing and left the gradient as it was."""
        if self._stood_still:
            return True
        if record.n_iter < self._first + _NOISE_TRIALS:
            return False
        last, before = self.history[-_NOISE_TRIALS:], self.history[self._first : -_NOISE_TRIALS]
        if not _promise_at_most(rounding_noise(record.value), last):
            return False
        # the gradient is known more exactly than F, and while it still shrinks these steps are worth taking
        if min(trial.gradient_norm for trial in last) <= 0.5 * min(trial.gradient_norm for trial in before):
            return False
        # nor do the short steps of a region that has shrunk, or of a large damping, say that nothing is left
        return self._is_stationary()

    def _is_stationary(self):
        is_zero = self.is_zero(_NEARLY_ZERO)
        return is_zero or is_stationary(self.solver, self.objective, self.state.point, self.history[0].value)

    def _end_without_step(self):
        """Whether that is because rounding leaves nothing to gain, or for other reasons."""
        if self._is_stationary() or self._only_rounding_left():
            return Status.EXHAUSTED
        return Status.GRADIENT_FLAT if self.state.memory.get("flatness", 0.0) > _FLAT else Status.STALLED

    def _only_rounding_left(self):
        """Whether a damped descent has met nothing but rounding.

        The last step promised less than the rounding that trials before it showed; or ever shorter steps downhill, by derivatives
        that are beyond doubt, seemed to lead up until they changed no parameter.
        """
        memory = self.state.memory
        if self.state.predicted <= memory.get("noise", -1.0):
            return True
        is_at_end = self._stood_still or (self.state.exhausted and memory.get("was_too_long"))
        return "noise" in memory and is_at_end and getattr(self.objective, "has_own_derivatives", False)

    def result(self):
        """`scipy.optimize.OptimizeResult` with `x fun jac nit nfev njev nhev nhvp n_backprops status message success history`."""
        counts = self.objective.counts
        # without safeguards a stationary point need not be the lowest one seen
        is_stationary_at_end = self.status in (Status.GRADIENT, Status.EXHAUSTED) and not self.is_zero(_NEARLY_ZERO)
        point = self.state.point if is_stationary_at_end else self.best
        return OptimizeResult(
            x=point.params,
            fun=point.value,
            jac=point.gradient,
            nit=self.history[-1].n_iter,
            nfev=counts.nfev,
            njev=counts.njev,
            nhev=counts.nhev,
            nhvp=counts.nhvp,
            n_backprops=counts.n_backprops,
            status=self.status,
            message=self.status.message,
            success=self.status.success,
            history=_History(self.history),
        )


class _History(list):
    """Records of a run; printed as their number, so that a printed result fits a screen."""

    def __repr__(self):
        return f"<{len(self)} records>"


def _is_critical(point, gtol):
    """Whether `criticality` is at most `gtol`, asking for a cheap lower bound of it first where there is one."""
    return getattr(point, "column_criticality", 0.0) <= gtol and point.criticality <= gtol


def _promise_at_most(bound, trials):
    """Whether every one of `trials` has a model, and it promised no more than `bound`; NaN, where there is none, is more."""
    return all(trial.predicted_reduction <= bound for trial in trials)


def _at_saddle(run):
    """A vanishing gradient ends a run unless the solver knows of a direction of negative curvature to leave along."""
    leaves = getattr(run.solver, "leaves_saddle", None)
    return leaves is not None and leaves(run.state)


def _is_same(params, others):
    return bool(namespace(params).all(params == others))


def _length(params):
    return to_floats(linalg.norm(params))[0]


def minimize(objective, x0, solver, *, max_iter=5000, gtol=None, xtol=0.0, ftol=0.0, patience=50, callbacks=(), state=None):
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
    gtol : float >= 0 or None, default=None
        Stop where the objective's `criticality` (the gradient norm, relative where the objective has a scale) is at most this.
        None takes the objective's own: 1e-8 for a network, 1e-10 for `LeastSquares`, and 0 for `Analytic`, which has no unit to
        compare with: such a run ends when rounding leaves nothing to gain.
    xtol : float >= 0
        Stop where an accepted step is at most this relative to ‖x‖.
    ftol : float >= 0
        Stop where the objective (for a root finder the gradient norm) fell by at most this fraction over the last `patience`
        trials.
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
    check_objective(objective)
    gtol = getattr(objective, "gtol", 1e-8) if gtol is None else gtol
    stopping = Stopping(max_iter, gtol, xtol, ftol, patience)
    _check_stopping(stopping)
    callbacks = _checked_callbacks(callbacks)
    solver = resolve("solver", solver, newtonreg.solvers, ("init", "step"))
    check_requirements(solver, objective)
    x0 = _checked_start(x0, objective)
    start = solver.init(objective, x0) if state is None else state.attached(objective)
    if not math.isfinite(start.point.gradient_norm):
        raise FloatingPointError(
            f"The gradient has norm {start.point.gradient_norm} at the starting point. Start elsewhere, or check the derivatives "
            "with newtonreg.testing.check_gradient."
        )
    return Minimization(objective, solver, start, stopping).run(callbacks).result()


def _check_stopping(stopping):
    for name, value in stopping._asdict().items():
        is_count = name in ("max_iter", "patience")
        if not isinstance(value, numbers.Integral if is_count else numbers.Real) or not value >= (1 if is_count else 0):
            raise ValueError(f"{name}={value!r} must be {'an integer >= 1' if is_count else 'a number >= 0'}.")


def _checked_callbacks(callbacks):
    """A list of callables; a single one will do."""
    listed = [callbacks] if callable(callbacks) else list(callbacks) if isinstance(callbacks, (list, tuple)) else [None]
    if any(isinstance(callback, type) or not callable(callback) for callback in listed):
        raise TypeError(f"callbacks={callbacks!r} must be a list of objects to be called as callback(record, run).")
    return listed


def _checked_start(x0, objective):
    x0 = as_floats(x0)
    if x0.ndim != 1 or objective.n_params not in (None, x0.shape[0]):
        raise ValueError(f"x0 has shape {tuple(x0.shape)} and the objective has n_params={objective.n_params}; they must agree.")
    if not bool(namespace(x0).all(namespace(x0).isfinite(x0))):
        raise FloatingPointError(f"x0={x0!r:.200} is not finite: nothing to start from.")
    return x0
