"""Parts of a fit: what they may spend, and what they must not lose."""

from types import SimpleNamespace

import numpy as np
import pytest
from training_problems import LM, GivenOpening, make_risk, start_of, training_with

from newtonreg import TrustRegion
from newtonreg.bases import RadialGaussian, Tanh
from newtonreg.initializers import Glorot, Knots
from newtonreg.losses import Poisson
from newtonreg.objectives import EmpiricalRisk
from newtonreg.solvers import BFGS, LBFGS, VariableProjection
from newtonreg.training import Plan, Training, budget
from newtonreg.training.budget import Budget, trial_work
from newtonreg.training.course import Course
from newtonreg.training.growing import add_units, resized
from newtonreg.training.phases import Descent, Recycling, Tail
from newtonreg.training.recycling import recycle_units
from newtonreg.training.regularizing import EvidenceDescent
from newtonreg.training.starts import with_best_outer
from newtonreg.training.thinning import ThinnedOpening, thinned

# -- budget ------------------------------------------------------------------------------------------------------------------


def test_a_budget_of_work():
    spending = Budget(100.0)
    assert (spending.share(), spending.trials(7.0), spending.trials(7.0, 0.5)) == (0.0, 14, 7)
    spending.spend(60.0)
    assert spending.share() == 0.6 and spending.is_over(0.6) and not spending.is_over(0.7)
    assert spending.trials(7.0, 0.5) == 0 and spending.trials(7.0) == 5
    assert spending.clock() == []


def test_a_budget_of_seconds(monkeypatch):
    clock = SimpleNamespace(now=5.0)
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    spending = Budget(100.0, max_time=10.0)
    spending.spend(1e9)
    assert spending.share() == 0.0 and spending.trials(7.0) > 10**6
    (half, whole) = spending.clock(0.5) + spending.clock()
    clock.now += 5.0
    assert spending.share() == 0.5 and half(None, None) and not whole(None, None)
    clock.now += 5.0
    assert spending.is_over() and whole(None, None)


def test_a_trial_costs_what_it_computes():
    risk, wide = make_risk(), make_risk(k=30)
    costs = [trial_work(risk, solver) for solver in (LBFGS(), LM, VariableProjection())]
    assert costs == sorted(costs)
    assert trial_work(wide, LM) > trial_work(risk, LM) > trial_work(risk, LBFGS()) > 0.0
    # a quasi-Newton matrix in a trust region asks for no Hessian, and yet is factorized
    quasi_newton = TrustRegion(curvature="bfgs")
    assert trial_work(wide, quasi_newton) > trial_work(wide, BFGS())


# -- course ------------------------------------------------------------------------------------------------------------------


def begun(risk, trials=200, max_iter=None):
    course = Course(risk, Budget(trials * trial_work(risk, LM)), 1e-8, max_iter)
    return course.begin(LM, start_of(risk))


def test_a_course_in_parts_is_one_course():
    whole = begun(make_risk(noise=0.1)).descend(LM, 0.0, 10**9, max_trials=30)
    parts = begun(make_risk(noise=0.1))
    for n_trials in (10, 1, 0, 19):
        parts.descend(LM, 0.0, 10**9, max_trials=n_trials)
    np.testing.assert_array_equal(parts.best.params, whole.best.params)
    assert [r.n_iter for r in parts.run.history] == list(range(31))
    assert [r.value for r in parts.run.history] == [r.value for r in whole.run.history]
    assert parts.budget.spent == pytest.approx(whole.budget.spent) == 30 * trial_work(whole.objective, LM)


def test_max_iter_holds_for_the_whole_course():
    course = begun(make_risk(noise=0.1), max_iter=12)
    for solver in (LM, TrustRegion(), LM):
        course.descend(solver, 0.0, 10**9, max_trials=7)
    assert course.n_iter == 12 and course.is_over


def test_another_solver_goes_on_from_the_best():
    course = begun(make_risk(noise=0.1)).descend(LM, 0.0, 10**9, max_trials=5)
    before = course.best.value
    course.descend(TrustRegion(), 0.0, 10**9, max_trials=5)
    assert course.best.value <= before and course.n_iter == 10
    assert (np.diff([record.value for record in course.run.history]) <= 0.0).all()


def test_a_course_that_a_callback_stopped_stays_stopped():
    course = begun(make_risk(noise=0.1))
    course.callbacks = [lambda record, run: record.n_iter == 3]
    course.descend(LM, 0.0, 10**9)
    course.callbacks = []
    course.descend(LM, 0.0, 10**9)
    assert course.n_iter == 3 and course.is_over and course.run.status.name == "CALLBACK"


def test_a_course_stops_at_its_time_and_says_so(monkeypatch):
    ticks = iter(range(10**6))
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    risk = make_risk(noise=0.1)
    course = Course(risk, Budget(1.0, max_time=20.0), 1e-8).begin(LM, start_of(risk))
    course.descend(LM, 0.0, 10**9, until=0.5)
    assert course.run.status.name == "TIME" and course.n_iter <= 11
    first = course.n_iter
    course.descend(LM, 0.0, 10**9)
    assert first < course.n_iter <= 21


def test_a_course_aside_changes_nothing_but_the_budget():
    course = begun(make_risk(noise=0.1)).descend(LM, 0.0, 10**9, max_trials=5)
    elsewhere = start_of(course.objective, 1)
    best, counts, spent = course.best.params.copy(), course.objective.counts.nfev, course.budget.spent
    heard = []
    course.callbacks = [lambda record, run: heard.append(record)]
    other = course.aside().begin(LM, elsewhere).descend(LM, 0.0, 10**9, max_trials=8)
    np.testing.assert_array_equal(course.best.params, best)
    assert (course.objective.counts.nfev, course.n_iter, heard) == (counts, 5, [])
    assert course.budget.spent == pytest.approx(spent + 8 * trial_work(course.objective, LM))
    course.adopt(other, LM)
    np.testing.assert_array_equal(course.best.params, other.best.params)
    assert course.n_iter == 8


def test_another_penalty_is_another_value_of_the_same_point():
    course = begun(make_risk(noise=0.1)).descend(LM, 0.0, 10**9, max_trials=5)
    params, misfit = course.best.params, course.best.value
    course.regularize([0.1, 0.2, 0.3])
    units, outer = course.objective.network.unpack(params)
    expected = misfit + 0.5 * (0.1 * np.sum(units[0] ** 2) + 0.2 * np.sum(units[1] ** 2) + 0.3 * np.sum(outer[:, :-1] ** 2))
    assert course.best.params is params and course.best.value == pytest.approx(expected, rel=1e-12)
    assert course.descend(LM, 0.0, 10**9, max_trials=3).best.value <= expected


def test_a_course_goes_back_to_where_it_was():
    course = begun(make_risk(noise=0.1)).regularize([0.1, 0.2, 0.3]).descend(LM, 0.0, 10**9, max_trials=5)
    course.assessment = course.assess()
    kept, value, params = course.kept(), course.best.value, course.best.params
    course.regularize([1e-3, 1e-3, 1e-3]).descend(LM, 0.0, 10**9, max_trials=5)
    course.assessment = course.assess()
    spent = course.objective.counts.nfev
    course.go_back(kept)
    assert course.best.params is params and course.best.value == value == pytest.approx(course.objective.at(params).value)
    assert course.penalties == [0.1, 0.2, 0.3] and course.assess() == course.assessment
    assert course.n_iter == 10 and course.objective.counts.nfev >= spent
    assert course.descend(LM, 0.0, 10**9, max_trials=5).best.value < value and course.n_iter == 15


# -- phases ------------------------------------------------------------------------------------------------------------------

PHASES = {
    "descent": (lambda until: [Descent(LM, 0.0, 10**9, until)], 0.0),
    "descent by variable projection": (lambda until: [Descent(VariableProjection(), 0.0, 10**9, until)], 0.0),
    "recycling": (lambda until: [Recycling(LM, until)], 0.0),
    "descent with evidence": (lambda until: [EvidenceDescent(LM, until)], 0.3),
    "two": (lambda until: [Descent(LM, 0.0, 10**9, until / 2), Recycling(LM, until)], 0.3),
}


@pytest.mark.parametrize("until", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("trials", [1, 60])
@pytest.mark.parametrize(("phases", "noise"), PHASES.values(), ids=PHASES)
def test_phases_never_spend_more_than_a_trial_too_much(phases, noise, trials, until):
    risk = make_risk(noise=noise)
    fit = training_with(risk, phases(until), trials)
    for phase in fit.phases:
        phase.run(fit)
    assert fit.plan.budget.spent <= until * fit.plan.budget.work + trial_work(risk, LM)


def test_phases_never_go_beyond_max_iter():
    for make, noise in PHASES.values():
        fit = training_with(make_risk(noise=noise), make(1.0), max_iter=25).finish()
        assert fit.course.n_iter <= 25 and fit.run.status is not None


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_recycling_never_makes_the_best_worse(noise):
    risk = make_risk(noise=noise, k=3)
    fit = training_with(risk, trials=600)
    fit.course.descend(LM, 0.0, 10**9, max_trials=40)
    before = fit.course.best.value
    jumped = []
    jump = fit.course.jump
    fit.course.jump = lambda params: jumped.append(risk.at(params).value) or jump(params)
    Recycling(LM, 1.0).run(fit)
    values = [before, *jumped, fit.course.best.value]
    assert (np.diff(values) <= 1e-6 * np.asarray(values[:-1])).all()
    # clean data are what it is for
    assert jumped or noise > 0.0


def test_a_tail_leaves_a_finished_run_alone():
    fit = training_with(make_risk(noise=0.1, alpha=0.1))
    fit.course.descend(TrustRegion(), 0.0, 10**9)
    assert fit.run.status.name == "GRADIENT"
    n_iter = fit.course.n_iter
    Tail(TrustRegion(), 1e-9, 50).run(fit)
    assert fit.course.n_iter == n_iter
    short = training_with(make_risk(noise=0.1, alpha=0.1))
    short.course.descend(LM, 0.0, 10**9, max_trials=3)
    Tail(TrustRegion(), 1e-9, 50).run(short)
    assert short.course.best.criticality <= 1e-8 or short.run.status.name == "EXHAUSTED"


@pytest.mark.parametrize(("residual", "is_perfect"), [(1e-7, True), (1e-4, False)])
def test_nothing_is_regularized_where_the_fit_is_perfect(residual, is_perfect):
    risk = make_risk(k=3)
    (term,), params = risk.terms, start_of(risk)
    targets = risk.network.at(term.inputs, params).values + residual * np.random.RandomState(0).normal(size=(1, 40))
    fit = training_with(EmpiricalRisk([term._replace(targets=targets)], risk.penalty), params=params)
    EvidenceDescent(LM).run(fit)
    assert fit.follows_evidence is not is_perfect


def test_a_training_without_phases_is_finished_all_the_same():
    fit = training_with(make_risk(noise=0.1)).finish()
    assert fit.run.status is not None and len(fit.restarts) == 1
    assert fit.restarts[0]["loss"] <= fit.restarts[0]["initial_loss"]


# -- starts, growing, recycling, thinning ------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [None, Poisson()], ids=["squared error", "Poisson"])
def test_coefficients_of_a_start_are_no_worse_than_a_constant(xp, to_numpy, loss):
    risk = make_risk(xp, loss=loss)
    term = risk.terms[0]
    for seed in range(3):
        units = Glorot().units(term.network.basis, term, 4, np.random.RandomState(seed))
        start = with_best_outer(risk, units, 1e-6)
        constant = xp.concat([xp.zeros((1, 4)), term.loss.initial_raw_prediction(term.targets, term.weights)[:, None]], axis=1)
        assert risk.at(start).value <= risk.at(term.network.pack(units, constant)).value
        np.testing.assert_array_equal(to_numpy(term.network.unpack(start).units), to_numpy(units))


def test_coefficients_of_a_start_are_ridge_regression():
    risk, ridge = make_risk(noise=0.3, m=2), 1e-2
    term = risk.terms[0]
    units = Glorot().units(Tanh(), term, 4, np.random.RandomState(0))
    _, outer = term.network.unpack(with_best_outer(risk, units, ridge))
    design = np.vstack([term.network.basis.at(term.inputs, units).values, np.ones((1, 40))])
    # towards the best constant, not towards zero
    middle = np.hstack([np.zeros((2, 4)), term.targets.mean(axis=1)[:, None]])
    change = (term.targets - middle @ design) @ design.T @ np.linalg.inv(design @ design.T + ridge * 40 * np.eye(5))
    np.testing.assert_allclose(outer, middle + change, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("basis", [Tanh(), RadialGaussian()], ids=lambda basis: basis.name)
@pytest.mark.parametrize("width", [4, 5, 9])
def test_a_grown_network_starts_about_where_the_smaller_one_ended(width, basis):
    risk = make_risk(k=3, noise=0.1, basis=basis)
    small = risk.network
    params = training_with(risk, params=start_of(risk, 0, Knots())).course.descend(LM, 0.0, 10**9, max_trials=40).best.params
    large = resized(risk, width)
    grown = add_units(large, small, params, np.random.RandomState(0))
    assert grown.shape == (large.network.n_params,) and not large.has_penalty
    np.testing.assert_array_equal(large.network.unpack(grown).units[:, :3], small.unpack(params).units)
    # coefficients minimize F + ½ ρ Σs ‖c - c₀‖², c₀ the best constant, and those of the smaller network are a candidate
    change = small.unpack(params).outer.copy()
    change[:, -1] -= risk.terms[0].targets.mean(axis=1)
    bound = risk.at(params).value + 0.5 * 1e-6 * 40 * np.sum(change**2)
    assert large.at(grown).value <= bound * (1.0 + 1e-9)


def test_a_resized_objective_has_the_same_data():
    risk = make_risk(alpha=0.1)
    large = resized(risk, 7)
    assert large.network.n_units == 7 and large.n_params == large.penalty.shape[0]
    assert large.terms[0].inputs is risk.terms[0].inputs and risk.network.n_units == 4


@pytest.mark.parametrize("n_out", [1, 2])
def test_recycling_replaces_as_many_units_as_asked_for(n_out):
    risk = make_risk(noise=0.1)
    params = training_with(risk).course.descend(LM, 0.0, 10**9, max_trials=30).best.params
    before = risk.network.unpack(params).units
    for seed in range(4):
        after = risk.network.unpack(recycle_units(risk, params, n_out, np.random.RandomState(seed))).units
        kept = [any(np.array_equal(a, b) for a in after.T) for b in before.T]
        assert sum(kept) == 4 - n_out and np.isfinite(after).all()


def test_an_idle_unit_is_recycled_first():
    risk = make_risk(noise=0.1)
    params = training_with(risk).course.descend(LM, 0.0, 10**9, max_trials=30).best.params.copy()
    units, outer = risk.network.unpack(params)
    outer[0, 2] = 0.0
    for seed in range(4):
        after = risk.network.unpack(recycle_units(risk, params, 1, np.random.RandomState(seed))).units
        assert not any(np.array_equal(unit, units[:, 2]) for unit in after.T)


def test_every_array_library_grows_recycles_and_thins_alike(xp, to_numpy):
    def pieces(xp):
        risk = make_risk(xp, noise=0.1, k=3)
        params = start_of(risk)
        grown = add_units(resized(risk, 5), risk.network, params, np.random.RandomState(0))
        recycled = recycle_units(risk, params, 1, np.random.RandomState(1))
        few = thinned(risk, 11, np.random.RandomState(2)).terms[0]
        return params, grown, recycled, few.inputs, few.targets

    for actual, expected in zip(pieces(xp), pieces(np), strict=True):
        np.testing.assert_allclose(to_numpy(actual), expected, rtol=1e-6, atol=1e-6)


def test_thinning_takes_rows_once_and_the_penalty_in_proportion():
    risk = make_risk(n=50, alpha=0.2)
    small = thinned(risk, 20, np.random.RandomState(0))
    (few,), (all_rows,) = small.terms, risk.terms
    index = [int(np.flatnonzero(all_rows.inputs[0] == x)[0]) for x in few.inputs[0]]
    assert index == sorted(set(index)) and len(index) == 20
    np.testing.assert_array_equal(few.targets, all_rows.targets[:, index])
    np.testing.assert_allclose(small.penalty, 0.4 * risk.penalty, rtol=1e-14)


def thinned_plan(part, phase):
    return Plan(GivenOpening(start_of(part)), LM, [phase], Budget(1000.0 * trial_work(part, LM)))


def test_a_thinned_search_hands_over_what_it_found():
    risk = make_risk(n=200, noise=0.2)
    seen = []

    class Watched(EvidenceDescent):
        def run(self, small):
            super().run(small)
            seen.append(small)

    fit = training_with(risk, [EvidenceDescent(LM)], opening=ThinnedOpening(lambda part: thinned_plan(part, Watched(LM)), 60))
    (small,) = seen
    assert small.objective.terms[0].weights.shape == (60,)
    np.testing.assert_array_equal(fit.course.best.params, small.run.best.params)
    assert fit.course.penalties == small.course.penalties and fit.restarts is small.restarts
    assert fit.plan.budget.spent == small.plan.budget.spent > 0.0
    before = fit.course.best.value
    assert fit.finish().run.best.value < before


def test_an_interrupted_thinned_search_leaves_something():
    class Interrupted(Descent):
        def run(self, small):
            small.course.regularize([0.1, 0.2, 0.3]).descend(LM, 0.0, 10**9, max_trials=5)
            reached.append(small.course.best.params)
            raise KeyboardInterrupt

    reached = []
    risk = make_risk(n=200, noise=0.2)
    opening = ThinnedOpening(lambda part: thinned_plan(part, Interrupted(LM, 0.0, 1)), 60)
    fit = Training(risk, Plan(opening, LM, [], Budget(1e9)), 1e-8)
    with pytest.raises(KeyboardInterrupt):
        fit.start(np.random.RandomState(0))
    np.testing.assert_array_equal(fit.run.best.params, reached[0])
    assert fit.course.penalties == [0.1, 0.2, 0.3] and fit.plan.budget.spent > 0.0
