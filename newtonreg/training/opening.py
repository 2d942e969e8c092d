"""How a fit with evidence opens: is the noise what limits it, or the network?"""

import math

from newtonreg.training.budget import UNLIMITED
from newtonreg.training.course import account
from newtonreg.training.evidence import Evidence
from newtonreg.training.growing import add_units, resized
from newtonreg.training.judging import LOOK_TRIALS, PLAINLY_CLEAN, can_be_clean, is_clean
from newtonreg.training.regularizing import begin_regularized, follow_evidence, n_excess
from newtonreg.training.starts import draw_start

__all__ = ["EvidenceOpening"]

_LADDER = (0.1, 1.0, 10.0)
"""Further first penalties: the fixed point that the evidence settles at depends on where it begins."""
_FIRST = 1e-2
"""First penalties of the first look, and of the smallest network."""
_RUNG = 0.1
"""Of the budget, at most, for one of the ladder."""
_RUNG_TRIALS = 400
_LEAST_TRIALS = 60
"""Fewer of them tell nothing about first penalties."""
_ROUGHLY = 0.03
"""Relative change of the penalties at which the search is content; the winner settles later."""
_SIZES = (2, 3, 4, 6, 8, 11, 15, 20, 30, 40, 60, 80, 120, 160, 240)
_WORTH = 1.0
"""Log evidence that a larger network has to gain."""
_AS_MUCH = 0.8
"""Noise variance of a larger network over that of a smaller one, above which they found the same noise."""
_GROWN = 0.8
"""Of the search, at most, for growing."""
_GROWN_FIRST = 0.4
"""Of the budget, at most, for growing before the first look."""
_PLENTY = 30
"""Observations for each parameter of a network of four units, with which still smaller ones are left out."""
_STEP_TRIALS = 100
"""Of a size on the way up."""
_PLAIN_TRIALS = 25
"""Without penalties, after a first look."""


class EvidenceOpening:
    """Look at the data under evidence; then look whether the residual falls without penalties.

    Where it is the network, its start or the time that limit the fit, and not the noise (`judging.is_clean`), `clean` phases
    follow. Else `noisy` ones do, from the best log evidence among several first penalties and a network grown step by step. With
    several features and the width left open the network grows before all this: if its evidence passes a peak, noise it is.

    Parameters
    ----------
    initializer : Initializer
    solver : Solver
    screening : Screening or None
        Short runs without penalties; None, or a single start, goes on from the first look.
    clean, noisy : list of phases
    even : EvenUnits or None
        Units that show without a look that there is no noise.
    look, search : float
        Share of the budget for the first look, twice as much where it is short of trials; share at which the search for the best
        evidence ends.
    any_width : bool
        Whether the width is for the evidence to choose; else the network has the width it came with.
    n_starts : int
        First looks, of which the one with the best evidence counts.

    Notes
    -----
    With units that the user gives, which are the same in every draw, the first penalties differ and no network grows.
    """

    def __init__(
        self, initializer, solver, screening, clean, noisy, even=None, look=0.1, search=0.7, any_width=False, n_starts=1
    ):
        self.initializer = initializer
        self.solver = solver
        self.screening = screening
        self.clean = clean
        self.noisy = noisy
        self.even = even
        self.look = look
        self.search = search
        self.any_width = any_width
        self.n_starts = n_starts
        self._finished = []

    def run(self, fit):
        """Begin `fit` with the best start, of those that are finished where the user interrupts."""
        # something to fall back on should the user interrupt the first course
        fit.course.begin(self.solver, draw_start(fit.objective, self.initializer, fit.rng))
        try:
            self._search(fit)
        except KeyboardInterrupt:
            if self._finished:
                fit.course.adopt(_best(self._finished), self.solver)
            raise
        finally:
            self._finished.clear()

    def _search(self, fit):
        grown, is_peak = self._grow(fit, _GROWN_FIRST) if self._grows_first(fit) else (None, False)
        if is_peak:
            # more units do not help: it is the noise that limits the fit, and a look at the full width would be a waste
            fit.phases = self.noisy
            return self._adopt(fit, [grown, *self._ladder(fit, grown.objective)])
        if self._is_plain(fit):
            if not fit.course.is_perfect:
                self.screening.run(fit)
            fit.phases = self.clean
            return None
        before = fit.plan.budget.share()
        enough, share = (PLAINLY_CLEAN if can_be_clean(fit.objective) else 0.0), self.look / self._n_different
        looks = [self._rung(fit, fit.objective, _FIRST, share, enough) for _ in range(self._n_different)]
        first = _best(looks)
        cost = (fit.plan.budget.share() - before) / sum(max(1, course.n_iter) for course in looks)
        if self._is_clean(fit, first):
            fit.phases, fit.fallback = self.clean, first
            return None
        fit.phases = self.noisy
        # small networks are quick, and need to have had their turn before the budget is spent
        if grown is None and self._is_random:
            grown, _ = self._grow(fit, _GROWN * self.search)
        candidates = [first] if grown is None else [first, grown]
        return self._adopt(fit, [*candidates, *self._ladder(fit, fit.objective, cost)])

    def _adopt(self, fit, candidates):
        fit.course.adopt(_best(candidates), self.solver)

    def _ladder(self, fit, objective, cost=0.0):
        """Courses from other first penalties, as many as there is budget for where a trial costs the share `cost`."""
        left = max(0.0, self.search - fit.plan.budget.share())
        # each gets no more than its own share, however much is left
        affordable = left if _LEAST_TRIALS * cost <= _RUNG else 0.0
        n_rungs = min(len(_LADDER), int(affordable / (_LEAST_TRIALS * cost))) if cost else len(_LADDER)
        levels = _LADDER[-n_rungs:] if n_rungs else ()
        return [self._rung(fit, objective, level, min(_RUNG, left / n_rungs)) for level in levels]

    def _grows_first(self, fit):
        """With several features small networks tell the noise sooner than a look at the full width does."""
        return self.any_width and self._is_random and fit.objective.network.n_features > 1

    @property
    def _is_random(self):
        return getattr(self.initializer, "is_random", True)

    @property
    def _n_different(self):
        return self.n_starts if self._is_random else 1

    def _rung(self, fit, objective, level, share, enough=0.0):
        """A course that begins with all penalties at `level`, for a `share` of the budget; it has been assessed."""
        until = fit.plan.budget.share() + share
        course = fit.course.aside(objective)
        start = draw_start(course.objective, self.initializer, fit.rng)
        begin_regularized(course, self.solver, start, [level] * Evidence(course.objective).n_groups)
        is_at_rest = follow_evidence(course, self.solver, until, _RUNG_TRIALS, tol=_ROUGHLY, enough=enough)
        if enough and not is_at_rest and course.n_iter < LOOK_TRIALS:
            left = LOOK_TRIALS - course.n_iter
            is_at_rest = follow_evidence(course, self.solver, until + share, left, tol=_ROUGHLY, enough=enough)
        if is_at_rest:
            course.noise_fall = 1.0
        return self._finish(fit, course)

    def _finish(self, fit, course):
        if course.assessment is None:
            course.assessment = course.assess()
        if self.any_width or course.objective.n_params == fit.objective.n_params:
            self._finished.append(course)
        fit.restarts.append(account(course.objective, course.run.history, course.log_evidence))
        return course

    def _is_plain(self, fit):
        """Whether units that nobody trained leave next to nothing: no noise, then, and no look. The fit begins there."""
        if self.even is None or not can_be_clean(fit.objective):
            return False
        params, value = self.even.best()
        if not 2.0 * value / n_excess(fit.objective) < PLAINLY_CLEAN:
            return False
        fit.course.begin(self.solver, params)
        return True

    def _is_clean(self, fit, first):
        """Whether the noise is not what limits `first`; the fit then begins without penalties."""
        if first.assessment is None or not can_be_clean(first.objective):
            return False
        if self.screening is not None and self.screening.n_starts > 1:
            self.screening.run(fit)
        else:
            fit.course.begin(self.solver, first.best.params, first.run.history)
            fit.course.descend(self.solver, 0.0, UNLIMITED, max_trials=_PLAIN_TRIALS)
        return is_clean(first, fit.course)

    def _grow(self, fit, until):
        """The best of a growing network, at the width asked for, and whether it has passed a peak; None where nothing grows."""
        width = fit.objective.network.n_units
        best = course = None
        worse = 0
        for size in _sizes(fit.objective):
            course = self._grown(fit, course, size, until)
            is_better = best is None or _log_evidence(course) > _log_evidence(best) + _WORTH
            best, worse = (course, 0) if is_better else (best, worse + 1)
            if worse == 2 or fit.plan.budget.is_over(until):
                break
        is_through = worse == 2 or worse == 1 and not fit.plan.budget.is_over(until)
        # where a larger network left less noise it was stuck, and says nothing of still larger ones
        is_peak = is_through and _log_evidence(best) > -math.inf and _noise(course) > _AS_MUCH * _noise(best)
        if best is not None and not self.any_width:
            best = self._grown(fit, best, width, self.search)
        return best, is_peak

    def _grown(self, fit, smaller, size, until):
        """A course of `size` units that goes on from a smaller one."""
        course = fit.course.aside(resized(fit.objective, size))
        evidence = Evidence(course.objective)
        if smaller is None:
            start, penalties = draw_start(course.objective, self.initializer, fit.rng), [_FIRST] * evidence.n_groups
        else:
            start = add_units(course.objective, smaller.objective.network, smaller.best.params, fit.rng)
            penalties = [min(value, 10.0) for value in smaller.penalties]
        begin_regularized(course, self.solver, start, penalties)
        follow_evidence(course, self.solver, until, _STEP_TRIALS, tol=_ROUGHLY)
        return self._finish(fit, course)


def _best(courses):
    """The course with the best log evidence; the first where none has one."""
    return max(courses, key=_log_evidence)


def _sizes(objective):
    """Sizes of networks on the way to the width of `objective`."""
    network = objective.network
    if not network.is_explicit:
        return []
    n_params = 4 * (network.n_unit_params + network.n_outputs) + network.n_outputs
    has_plenty = objective.total_weight * network.n_outputs >= _PLENTY * n_params
    return [size for size in _SIZES if (4 if has_plenty else 0) <= size < network.n_units]


def _noise(course):
    return 0.0 if course.assessment is None else course.assessment.noise_variance


def _log_evidence(course):
    """−inf where there is none.

    Where a network takes up all residuals the noise may vanish before the penalties do. What is left is rounding, and a log
    evidence far below that of no network at all is made of it: which course goes on must not hang on that.
    """
    is_rounding = _noise(course) < PLAINLY_CLEAN and course.log_evidence < 0.0
    return -math.inf if math.isnan(course.log_evidence) or is_rounding else course.log_evidence
