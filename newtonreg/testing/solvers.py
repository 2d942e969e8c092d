"""The contract of a solver."""

import math
import pickle

import numpy as np

from newtonreg.minimize import minimize
from newtonreg.testing.claims import check_value_object, host, require
from newtonreg.testing.problems import linear_least_squares, rosenbrock

__all__ = ["check_solver"]

_INTERRUPTED_AFTER = 4


def check_solver(solver, xp=np, max_iter=200, gtol=1e-8):
    """Check a solver on a convex quadratic, on Rosenbrock's valley, and there behind a wall of NaN.

    The objective never rises and is never NaN; a rejected trial stays where it was; states are frozen, and the same state has the
    same successor, bit for bit, also after it was detached, pickled and attached again; the gradient norm falls to `gtol`
    within `max_iter` trials; the component is a value object. Of a solver whose `merit` is "gradient" the gradient norm never
    rises, in place of the objective. A solver with `monotone = False` may climb: `minimize` must return a point that is no higher
    than the start all the same.

    Parameters
    ----------
    solver : Solver
    xp : module, default=numpy
        Array API namespace.
    max_iter : int, default=200
        Trials that a problem may take.
    gtol : float, default=1e-8
        Gradient norm to be reached.

    Raises
    ------
    AssertionError

    Notes
    -----
    The objectives are sums of squares with two and three parameters and provide all that an `Evaluation` promises.

    Examples
    --------
    >>> from newtonreg import LevenbergMarquardt, TrustRegion
    >>> from newtonreg.testing import check_solver
    >>> check_solver(TrustRegion(curvature="gauss-newton"))
    >>> check_solver(LevenbergMarquardt())
    """
    before = dict(vars(solver))
    valley = xp.asarray([-1.2, 1.0])
    states = _check_run(solver, rosenbrock(xp, wall=0.5), valley, max_iter, -math.inf)
    for objective, x0 in ((linear_least_squares(xp), xp.zeros(3, dtype=xp.float64)), (rosenbrock(xp), valley)):
        states = _check_run(solver, objective, x0, max_iter, gtol)
        least = states[-1].point.gradient_norm
        require(least <= gtol, solver, f"the gradient norm falls to {gtol:g} in {max_iter} trials; it is {least:.1e}")
        _check_frozen(solver, objective, states)
        _check_continuation(solver, objective, states)
    require(vars(solver) == before, solver, "no method changes the component")
    check_value_object(solver)


def _check_run(solver, objective, x0, max_iter, gtol):
    """The states of a run, each checked against the one before."""
    state = solver.init(objective, x0)
    require(np.array_equal(host(state.params), host(x0)), solver, "the run starts at x0")
    states = [state]
    while len(states) <= max_iter and not state.exhausted and state.point.gradient_norm > gtol:
        state = solver.step(objective, states[-1])
        value = state.point.value
        require(math.isfinite(value) and np.all(np.isfinite(host(state.params))), solver, "the point is finite")
        _check_merit(solver, states[-1].point, state.point)
        stayed = np.array_equal(host(state.params), host(states[-1].params))
        require(state.accepted or stayed, solver, "a rejected trial stays where it was")
        states.append(state)
    if not getattr(solver, "monotone", True):
        best = minimize(objective, x0, solver, max_iter=max_iter, gtol=0.0, patience=max_iter)
        claim = f"the point that `minimize` returns is no higher than the start; it is at {best.fun}"
        require(best.fun <= states[0].point.value and np.all(np.isfinite(host(best.x))), solver, claim)
    return states


def _check_merit(solver, before, after):
    """What a solver promises not to raise; a step that no objective can tell from standing still may raise it by rounding."""
    if getattr(solver, "merit", "value") == "gradient":
        what, old, new = "gradient norm", before.gradient_norm, after.gradient_norm
    elif getattr(solver, "monotone", True):
        what, old, new = "objective", before.value, after.value
    else:
        return
    require(new <= old + 1e-14 * abs(old), solver, f"the {what} never rises; from {old} to {new}")


def _check_frozen(solver, objective, states):
    state = states[min(_INTERRUPTED_AFTER, len(states) - 1)]
    before = _bits(state)
    first, second = solver.step(objective, state), solver.step(objective, state)
    require(_bits(first) == _bits(second), solver, "the same state has the same successor")
    require(_bits(state) == before, solver, "a step leaves the state before it as it was")
    try:
        state.control = 1.0
    except AttributeError:
        return
    require(False, solver, "a state is frozen")


def _check_continuation(solver, objective, states):
    """Detach, pickle, attach, and go the same way again."""
    start = min(_INTERRUPTED_AFTER, len(states) - 1)
    state = pickle.loads(pickle.dumps(states[start].detached())).attached(objective)
    for expected in states[start:]:
        require(_bits(state) == _bits(expected), solver, "a detached, pickled and attached state goes on bit for bit the same")
        state = solver.step(objective, state) if expected is not states[-1] else state


def _bits(state):
    """What tells two states apart."""
    return host(state.params).tobytes(), state.control, state.accepted
