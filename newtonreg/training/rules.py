"""How a fit is composed: rules on sizes, never on seconds."""

from functools import partial
from typing import Any, NamedTuple

from newtonreg.backend.arrays import is_cupy_array
from newtonreg.initializers import ForwardSelection, Glorot, Knots, SampledPairs
from newtonreg.solvers import LBFGS, AdagradDescent, LevenbergMarquardt, Nielsen, TrustRegion, VariableProjection
from newtonreg.solvers.batched import levenberg_marquardt_batch
from newtonreg.training.budget import Budget, trial_work
from newtonreg.training.ellipsoids import ellipsoidal_trust_region
from newtonreg.training.opening import EvidenceOpening
from newtonreg.training.phases import Descent, Recycling, Tail, WarmUp
from newtonreg.training.readout import EvenUnits, Readout
from newtonreg.training.regularizing import EvidenceDescent
from newtonreg.training.screening import Screening
from newtonreg.training.thinning import ThinnedOpening, n_thinned

__all__ = ["Options", "Plan", "affordable_params", "levenberg_marquardt", "plan_fit", "usual_batch_size", "usual_width"]

_BUDGET = 1e11
"""Floating point operations that a fit may spend before it is cut off: a second or two."""
_SCREENING = 0.3
"""Of the budget, at most, for short runs."""
_LONG = 4
"""Rows over those that the search needs, above which it leaves the others out."""
_THINNED = 0.6
"""Of the budget, for the search on some of the rows."""
_SHORT = 40
_MANY = 24
"""Starts in one dimension."""
_SEVERAL = 4
_NARROWEST, _WIDEST = 5, 50
_EPOCHS, _FULL_STEPS = 200, 500
"""Of mini-batches, and of full steps without matrices, at most, where the user leaves it open."""
_SMALLEST_BATCH, _LARGEST_BATCH, _BATCHES = 32, 512, 16
_RUN = 40
"""Trials that a run by matrices takes at least."""
_SHORT_EPOCHS = 3
"""Of a short run, where there are several starts."""
_STALLED, _EPOCHS_OF_STALL, _STEPS_OF_STALL = 0.01, 10, 160
"""Share of the running loss that so many epochs, and so many steps, have to lower it by."""
_OVERHEAD_ONLY = 100
"""Parameters up to which several runs side by side are faster on a CPU than one after the other."""


class Options(NamedTuple):
    """What a user may decide: None and "auto" leave it to the rules.

    `solver`, `initializer`: components; `n_restarts` an integer or "auto"; `evidence`, whether the penalties follow it;
    `any_width`, whether the evidence may choose another width; `is_watched`, whether callbacks must see every trial (early
    stopping); `max_time` in seconds; `n_jobs` processes for short runs;
    `max_iter` trials; `work`, floating point operations; `batches`, a function that makes an epoch of mini-batches of a solver;
    `warm_up`, epochs of a method of first order before the solver begins.
    """

    solver: Any = None
    initializer: Any = None
    n_restarts: Any = "auto"
    evidence: bool = False
    any_width: bool = False
    is_watched: bool = False
    max_time: float | None = None
    n_jobs: int | None = None
    max_iter: int | None = None
    work: float | None = None
    batches: Any = None
    warm_up: int = 0


_DEFAULTS = Options()


class Plan(NamedTuple):
    """An opening that begins the run, the solver it begins with, phases that take it further, and the budget they share.

    `in_batches` where a trial is an epoch of mini-batches.
    """

    opening: Any
    solver: Any
    phases: list
    budget: Budget
    in_batches: bool = False


def plan_fit(objective, options=_DEFAULTS):
    """`Plan` for an `EmpiricalRisk`.

    Squared error in one dimension, no penalty: many short runs of Levenberg–Marquardt from units chosen against the targets; one
    goes on, its cheapest units are recycled, evenly spread units are tried too, and variable projection polishes. Squared error
    otherwise: Levenberg–Marquardt, scaled by running column norms in one dimension and unscaled in several, then exact Newton in
    a trust region. Other losses: exact Newton from the start. With evidence, see `EvidenceOpening`. Networks without matrices,
    and mini-batches: one solver from one start.
    """
    if options.batches is not None or "gauss_newton" not in objective.provides:
        return _plan_without_matrices(objective, options)
    if options.solver is None and objective.is_sum_of_squares and not options.is_watched and _is_long(objective):
        return _thinned_plan(objective, options)
    solver = options.solver or _first_solver(objective)
    cost = trial_work(objective, solver)
    budget = _budget(options, cost)
    screening = _screening(objective, options, budget.work / cost)
    if options.solver is not None:
        phases = [_named(solver, objective)]
        phases = [EvidenceDescent(solver), *phases] if options.evidence else phases
        return Plan(screening, solver, phases, budget)
    even = _even_units(objective)
    clean = _clean_phases(objective, solver, options.evidence, even)
    if not options.evidence:
        return Plan(screening, solver, clean, budget)
    noisy = [EvidenceDescent(solver, 0.98), Tail(_newton(), 1e-9, 50)]
    if not objective.is_sum_of_squares or options.is_watched:
        return Plan(screening, solver, noisy, budget)
    one_input = _is_curve(objective)
    opening = EvidenceOpening(
        screening.initializers[0],
        solver,
        screening if one_input else None,
        [*clean, *noisy],
        noisy,
        even,
        look=0.1 if one_input else 0.06,
        any_width=options.any_width,
        n_starts=1 if options.n_restarts == "auto" else options.n_restarts,
    )
    return Plan(opening, solver, noisy, budget)


def _plan_without_matrices(objective, options):
    solver = options.solver or _matrix_free_solver(objective, options.batches is not None)
    phases = [_named(solver, objective)]
    if options.batches is not None:
        solver = options.batches(solver)
        steps = max(1, objective.terms[0].weights.shape[0] // solver.batch_size)
        phases = [Descent(solver, _STALLED, max(_EPOCHS_OF_STALL, _STEPS_OF_STALL // steps))]
        if options.warm_up:
            phases.insert(0, WarmUp(options.batches(AdagradDescent()), options.warm_up))
    cost = trial_work(objective, solver)
    n_trials = options.max_iter or (_EPOCHS if options.batches else _FULL_STEPS)
    budget = Budget(options.work or (n_trials + 0.5) * cost, options.max_time)
    options = options._replace(max_iter=min(n_trials, _SHORT_EPOCHS) if options.batches else options.max_iter)
    return Plan(_screening(objective, options, n_trials), solver, phases, budget, options.batches is not None)


def _budget(options, cost):
    """What a fit whose trials cost so much may spend."""
    # a number of trials that the user asks for is never cut short by the budget
    work = options.work or max(_BUDGET, 40.0 * cost, 2.0 * cost * (options.max_iter or 0))
    return Budget(work, options.max_time)


def usual_width(total_weight, n_unit_params, n_outputs):
    """Width where the user leaves it open: three residuals for each parameter, between 5 and 50; evidence may choose fewer."""
    return int(min(_WIDEST, max(_NARROWEST, total_weight * n_outputs // (3 * (n_unit_params + n_outputs)))))


def _is_long(objective):
    """Whether there are so many rows that the search may leave most of them out."""
    return objective.terms[0].weights.shape[0] > _LONG * n_thinned(objective)


def _thinned_plan(objective, options):
    """The whole of another plan on some of the rows, then the last steps on all."""
    solver = _first_solver(objective)
    budget = _budget(options, trial_work(objective, solver))
    seconds = None if options.max_time is None else _THINNED * options.max_time
    inner = options._replace(max_time=seconds, work=_THINNED * budget.work)
    phases = [Descent(solver, 0.05, 15, 0.98), Tail(_newton(), 1e-9, 50)]
    if options.evidence:
        phases = [EvidenceDescent(solver, 0.98), phases[-1]]
    elif not objective.has_penalty:
        phases = [Descent(solver, 0.01, 100, 0.98)]
    return Plan(ThinnedOpening(lambda part: plan_fit(part, inner), n_thinned(objective)), solver, phases, budget)


def _first_solver(objective):
    return levenberg_marquardt(objective.network.n_features) if objective.is_sum_of_squares else _newton()


def levenberg_marquardt(n_features):
    """The work horse of sums of squares, for data and nonlinear equations alike.

    In one dimension running column norms are several times better than the identity, in several the identity is.
    """
    if n_features == 1:
        return LevenbergMarquardt(method="cholesky")
    return LevenbergMarquardt(norm="spherical", damping=Nielsen(decrease=1.0 / 3.0), method="cholesky")


def _matrix_free_solver(objective, in_batches):
    # L-BFGS compares gradients, which those of different batches do not allow
    return LBFGS() if objective.is_sum_of_squares and not in_batches else ellipsoidal_trust_region("rmsprop")


def affordable_params(n_rows):
    """Parameters for which the budget pays a run by matrices: labels ask for a good solution, not for its last digits."""
    n_params = 1.0
    while _RUN * (n_rows * n_params**2 + n_params**3 / 3) <= _BUDGET:
        n_params *= 1.05
    return int(n_params)


def usual_batch_size(n_rows):
    """Rows of a batch where the user leaves it open, None for all: sixteen steps an epoch, of 32 to 512 rows."""
    size = min(_LARGEST_BATCH, max(_SMALLEST_BATCH, n_rows // _BATCHES))
    return size if 2 * size <= n_rows else None


def _newton():
    # standardized data make the parameters comparable: a ball of radius 1
    return TrustRegion(norm="spherical", initial_radius=1.0, max_radius=1e6)


def _named(solver, objective):
    # a method that may climb needs a longer look before it counts as stalled
    if not getattr(solver, "monotone", True):
        return Descent(solver, 1e-3, 200)
    return Descent(solver, 1e-9, 50) if objective.has_penalty else Descent(solver, 0.01, 100)


def _is_curve(objective):
    """Whether a single input goes through a single hidden layer, whose units bend here and there along it."""
    return objective.network.n_features == 1 and objective.network.is_explicit


def _even_units(objective):
    """`EvenUnits` where they are worth a look: None elsewhere."""
    is_worth_it = _is_curve(objective) and hasattr(objective.network.basis, "rise")
    return EvenUnits(objective) if is_worth_it and objective.is_sum_of_squares and not objective.has_penalty else None


def _clean_phases(objective, solver, evidence, even):
    """Phases where the penalty stays what it is.

    With a penalty there is a minimizer to be found to the last digit, by exact Newton, and Gauss–Newton is left soon. Without one
    a fit goes on for as long as the loss falls: towards zero on clean data, towards infinity in the weights on noisy ones.
    """
    if not objective.is_sum_of_squares:
        return [_named(solver, objective)]
    if objective.has_penalty:
        return [Descent(solver, 0.05, 15), Tail(_newton(), 1e-9, 50)]
    if not _is_curve(objective):
        return [Descent(solver, 0.01, 100, 0.7 if evidence else 0.98), *([] if evidence else [Tail(_newton(), 0.01, 100)])]
    polish = VariableProjection()
    return [
        *([Readout(even, 1e-4)] if even else []),
        Descent(solver, 0.1, 60, 0.6),
        Recycling(solver, 0.6),
        *([Readout(even)] if even else []),
        Descent(polish, 0.01, 100, 0.95),
        Descent(LevenbergMarquardt(method="qr"), 0.01, 100, 0.95),
        # for fits that stalled early
        Recycling(solver, 0.9),
        Descent(polish, 0.01, 100, 0.97),
        Descent(solver, 0.01, 100, 0.97),
    ]


def _screening(objective, options, trials):
    """The short runs that a fit of so many `trials` can afford."""
    own = _usual_initializers(objective) if options.initializer is None else [options.initializer]
    one_input = _is_curve(objective)
    affordable = max(1, int(_SCREENING * trials / _SHORT))
    if not getattr(own[0], "is_random", True):
        return Screening(own, 1)
    short = min(_SHORT, options.max_iter or _SHORT)
    how = (options.n_jobs, options.is_watched, _side_by_side(objective, options))
    if options.n_restarts != "auto":
        return Screening(own, options.n_restarts, short, *how)
    if options.solver is not None or not objective.is_sum_of_squares:
        return Screening(own, 1)
    return Screening(own, min(_MANY if one_input else _SEVERAL, affordable), short, *how)


def _usual_initializers(objective):
    """What starts are drawn from in turn: by the steepness of real targets, and with one feature also chosen against them."""
    network = objective.network
    is_ridge, is_real = hasattr(network.bases[0], "rise"), objective.terms[0].loss.out_activation == "identity"
    if not network.is_explicit:
        return [Glorot()]
    if is_real and network.n_features == 1:
        return [ForwardSelection(), SampledPairs()] if is_ridge else [ForwardSelection()]
    if not is_ridge:
        return [Knots()]
    return [SampledPairs() if is_real else Glorot()]


def _side_by_side(objective, options):
    """How all starts make their first trials at once, where that is faster than one after the other; else None."""
    is_plain = options.solver is None and options.n_jobs is None and objective.network.is_explicit
    if not is_plain or not objective.is_sum_of_squares:
        return None
    if objective.n_params > _OVERHEAD_ONLY and not is_cupy_array(objective.penalty):
        return None
    solver = _first_solver(objective)
    return partial(levenberg_marquardt_batch, scaled=objective.network.n_features == 1, damping=solver.damping)
