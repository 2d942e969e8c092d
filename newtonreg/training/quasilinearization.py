"""Newton's method in function space: each step is a linear equation, solved on units and points of its own."""

from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers.state import SolverState

__all__ = ["Quasilinearization", "QuasilinearOpening"]

_FACTORS = (1.0, 0.75, 1.33)
"""What the steepness is multiplied by in turn."""


class Quasilinearization:
    """u ← the solution v of 𝒩[u] + 𝒩'[u](v − u) = y, on fresh units and collocation points drawn where u varies.

    A trial is one such linear equation: units are drawn after the function that is known so far (`Variation`), and the
    coefficients alone are solved for, by least squares. It counts where the objective is lower, and its units' steepness, the
    control, then stays.

    Parameters
    ----------
    redrawing : Redrawing
        The problem: `step(solution, n_units, steepness, rng)`, `solution(params)` and `work(n_units)`.
    rng : RandomState
    steepness : float, default=2.0
        Of the first units.

    References
    ----------
    Bellman & Kalaba, *Quasilinearization and nonlinear boundary-value problems* (1965). Least squares over the coefficients of
    random units: Dong & Li, *Local extreme learning machines ... for partial differential equations* (2021).
    """

    requires = ()

    def __init__(self, redrawing, rng, steepness=2.0):
        self._redrawing = redrawing
        self._rng = rng
        self.steepness = steepness

    def __repr__(self):
        return "Quasilinearization()"

    def __getstate__(self):
        # a fitted estimator says what solved it; the problem, with functions of the user's, stays behind
        return {"steepness": self.steepness}

    def trial_work(self, objective):
        """Floating point operations of one trial."""
        return self._redrawing.work(objective.network.n_units)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        return SolverState(point=objective.at(x0), control=self.steepness, memory={"n_trials": 0})

    def step(self, objective, state):
        """State after one linear equation, solved on fresh units."""
        redrawing, n_trials = self._redrawing, state.memory["n_trials"]
        steepness = state.control * _FACTORS[n_trials % len(_FACTORS)]
        before = redrawing.solution(state.point.params)
        try:
            after = redrawing.step(before, objective.network.n_units, steepness, self._rng)
        except FloatingPointError:
            return state.replaced(accepted=False, exhausted=True)
        point = objective.at(after.params)
        xp = namespace(point.params)
        (length,) = to_floats(xp.linalg.vector_norm(point.params - state.point.params))
        state = state.replaced(step_norm=length, memory={"n_trials": n_trials + 1}, accepted=point.value < state.point.value)
        return state.replaced(point=point, control=steepness) if state.accepted else state


class QuasilinearOpening:
    """A solution on growing intervals of time, or at once, by a part of the units; then one step on all of them.

    Parameters
    ----------
    redrawing : Redrawing
    balance : callable
        balance(objective, families) returns the objective with its terms reweighted.
    """

    def __init__(self, redrawing, balance):
        self.redrawing = redrawing
        self._balance = balance

    def run(self, fit):
        """Begin `fit` where the approach has led to."""
        redrawing, course = self.redrawing, fit.course
        solution, fit.plan.solver.steepness = redrawing.approach(fit.objective.network.n_units, fit.rng, fit.plan.budget)
        course.objective = self._balance(fit.objective, [solution.units])
        course.begin(fit.plan.solver, solution.params)
