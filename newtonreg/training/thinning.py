"""Many rows, few parameters: the search is done on some of the rows, and only the last steps on all."""

from newtonreg.backend.arrays import device_of, namespace
from newtonreg.objectives.sampling import taken
from newtonreg.training.fit import Training
from newtonreg.training.growing import resized

__all__ = ["ThinnedOpening", "n_thinned", "thinned"]

_ROWS_OF_A_CURVE, _ROWS = 400, 1000
_PER_PARAMETER = 6
"""Rows that the search sees: this many at least, with one feature and with several, and so many for each parameter."""


def n_thinned(objective):
    """Rows that are enough for the search."""
    rows = _ROWS_OF_A_CURVE if objective.network.n_features == 1 else _ROWS
    return max(rows, _PER_PARAMETER * objective.n_params)


def thinned(objective, n_rows, rng):
    """`objective` on `n_rows` random rows, its penalty reduced in proportion."""
    (term,) = objective.terms
    n = term.weights.shape[0]
    xp = namespace(term.inputs)
    index = xp.asarray(sorted(rng.permutation(n)[:n_rows].tolist()), dtype=xp.int64, device=device_of(term.inputs))
    return type(objective)([taken(term, index)], objective.penalty * (n_rows / n))


class ThinnedOpening:
    """Another opening and its phases, on some of the rows; the fit goes on from there on all rows.

    Parameters
    ----------
    plan : callable
        plan(objective) returns a `Plan` for the thinned objective.
    n_rows : int
    """

    def __init__(self, plan, n_rows):
        self._plan = plan
        self._n_rows = n_rows

    def run(self, fit):
        """Begin `fit` where the fit to some of the rows ends, or where the user interrupts it."""
        part = thinned(fit.objective, self._n_rows, fit.rng)
        small = Training(part, self._plan(part), fit.course.tol, fit.course.max_iter)
        try:
            small.start(fit.rng).finish()
        finally:
            if small.run is not None:
                self._hand_over(fit, small)

    def _hand_over(self, fit, small):
        fit.restarts = small.restarts
        fit.plan.budget.spend(small.plan.budget.spent)
        course = fit.course
        if small.objective.network.n_units != course.objective.network.n_units:
            course.objective = resized(course.objective, small.objective.network.n_units)
        course.begin(fit.plan.solver, small.run.best.params)
        if small.course.penalties is not None:
            course.regularize(small.course.penalties)
