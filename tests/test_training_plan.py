"""How a fit is composed: which starts are drawn, which of them go on, and what follows."""

from types import SimpleNamespace

import numpy as np
import pytest
from training_problems import LM, make_risk, start_of, training_with

from newtonreg import LevenbergMarquardt, TrustRegion
from newtonreg.bases import RadialGaussian, Tanh
from newtonreg.initializers import ForwardSelection, GivenUnits, Glorot, Knots, NguyenWidrow, SampledPairs
from newtonreg.losses import Poisson
from newtonreg.solvers.batched import levenberg_marquardt_batch
from newtonreg.training import Evidence, Options, Plan, Training, budget, opening, plan_fit, rules, usual_width
from newtonreg.training.budget import Budget, trial_work
from newtonreg.training.opening import EvidenceOpening
from newtonreg.training.phases import Descent
from newtonreg.training.screening import Screening
from newtonreg.training.thinning import ThinnedOpening, n_thinned

# -- screening ---------------------------------------------------------------------------------------------------------------


def test_screening_goes_on_with_the_lowest_loss():
    risk = make_risk(noise=0.1)
    fit = training_with(risk, opening=Screening([SampledPairs(), Knots()], 6, 5))
    losses = [restart["loss"] for restart in fit.restarts]
    assert [restart["n_iter"] for restart in fit.restarts] == [5] * 6
    assert fit.course.best.value / risk.total_weight == pytest.approx(min(losses), rel=1e-5)
    assert all(restart["loss"] <= restart["initial_loss"] for restart in fit.restarts)
    assert fit.plan.budget.spent == pytest.approx(6 * 5 * trial_work(risk, LM))
    assert fit.course.n_iter == 5
    np.testing.assert_array_equal(fit.plan.opening.best, fit.course.best.params)


def test_short_runs_side_by_side_find_what_they_find_one_by_one():
    risk = make_risk(noise=0.1)
    scaled = LevenbergMarquardt(method="cholesky")
    one_by_one = Training(risk, Plan(Screening([Knots()], 6, 5), scaled, [], Budget(1e12)), 1e-8)
    together = Training(
        risk, Plan(Screening([Knots()], 6, 5, side_by_side=levenberg_marquardt_batch), scaled, [], Budget(1e12)), 1e-8
    )
    for fit in (one_by_one, together):
        fit.start(np.random.RandomState(0))
    for key in ("loss", "initial_loss", "n_iter", "n_units"):
        expected = [restart[key] for restart in one_by_one.restarts]
        assert [restart[key] for restart in together.restarts] == pytest.approx(expected, rel=1e-6)
    # what goes on has a history from its first trial
    assert [record.n_iter for record in together.run.history] == list(range(6))
    np.testing.assert_allclose(together.course.best.params, one_by_one.course.best.params, rtol=1e-6)
    assert together.plan.budget.spent < one_by_one.plan.budget.spent


def test_a_screening_can_be_repeated_for_callbacks():
    risk = make_risk(noise=0.1)
    at_end, at_start = (
        training_with(risk, [Descent(LM, 0.0, 10**9, 0.1)], opening=Screening([Knots()], 4, 5, is_repeated=repeated))
        for repeated in (False, True)
    )
    assert (at_end.course.n_iter, at_start.course.n_iter) == (5, 0)
    seen = []
    at_start.callbacks = [lambda record, run: seen.append(record.n_iter)]
    at_start.finish()
    assert seen == list(range(at_start.course.n_iter + 1))
    assert at_start.run.history[5].value == pytest.approx(at_end.course.best.value, rel=1e-9)


def test_more_starts_begin_with_the_same_ones():
    risk = make_risk(noise=0.1)
    few, many = (training_with(risk, opening=Screening([Knots()], n, 3)).restarts for n in (2, 5))
    assert many[:2] == few and len(many) == 5


def test_short_runs_stop_when_the_time_is_over(monkeypatch):
    monkeypatch.setattr(budget, "time", SimpleNamespace(perf_counter=iter(range(10**6)).__next__))
    risk = make_risk(noise=0.1)
    screening = Screening([Knots()], 30, 2)
    fit = Training(risk, Plan(screening, LM, [], Budget(1e9, max_time=0.5)), 1e-8).start(np.random.RandomState(0))
    assert sum(np.isfinite(restart["loss"]) for restart in fit.restarts) < 30


# -- opening with evidence ---------------------------------------------------------------------------------------------------


def evidence_opening(risk, trials=3000, **parameters):
    """A finished `EvidenceOpening` and the fit it began."""
    first = EvidenceOpening(Glorot(), LM, None, ["clean"], ["noisy"], **{"look": 0.1, **parameters})
    return training_with(risk, trials=trials, opening=first)


def test_noise_is_told_from_a_narrow_network():
    assert evidence_opening(make_risk(noise=0.5, n=60, k=3)).phases == ["noisy"]
    screening = Screening([SampledPairs()], 6, 40)
    clean = EvidenceOpening(SampledPairs(), LM, screening, ["clean"], ["noisy"])
    assert training_with(make_risk(noise=0.0, n=60, k=4), opening=clean, trials=3000).phases == ["clean"]


def test_the_course_with_the_best_evidence_goes_on():
    for any_width in (True, False):
        risk = make_risk(noise=0.4, n=60, k=5)
        fit = evidence_opening(risk, any_width=any_width, n_starts=2)
        best = max(fit.restarts, key=lambda restart: restart["log_evidence"])
        assert fit.course.assessment.log_evidence == best["log_evidence"]
        width = fit.objective.network.n_units
        assert width == best["n_units"] and (any_width or width == 5)
        assert fit.follows_evidence and fit.course.best.params.shape == (fit.objective.n_params,)
        assert fit.plan.budget.spent <= 0.8 * fit.plan.budget.work
        # the first looks, the sizes on the way up, the ladder
        n_units = [restart["n_units"] for restart in fit.restarts]
        assert n_units[:2] == [5, 5] and n_units[2:4] == [2, 3] and n_units[-3:] == [5] * 3


def screened_opening(monkeypatch):
    """A fit that found noise, begun from the first look: short runs without penalties came after that, and no ladder."""
    monkeypatch.setattr(opening, "_LADDER", ())
    first = EvidenceOpening(Glorot(), LM, Screening([Glorot()], 2, 10), ["clean"], ["noisy"])
    fit = training_with(make_risk(noise=0.5, n=60, k=2), opening=first, trials=3000)
    assert fit.phases == ["noisy"]
    return fit


def test_the_first_look_is_among_the_restarts_after_screening(monkeypatch):
    fit = screened_opening(monkeypatch)
    assert fit.course.assessment.log_evidence in [restart.get("log_evidence") for restart in fit.restarts]


def test_every_start_tells_its_width(monkeypatch):
    assert all("n_units" in restart for restart in screened_opening(monkeypatch).restarts)


def test_rows_of_restarts_have_the_same_entries(monkeypatch):
    names = {"loss", "initial_loss", "n_iter", "n_units", "log_evidence"}
    single = training_with(make_risk(noise=0.2), [Descent(LM, 0.0, 10**9, 0.1)]).finish()
    for fit in (screened_opening(monkeypatch), single):
        assert all(set(restart) == names for restart in fit.restarts)


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_given_units_have_no_random_starts(noise):
    risk = make_risk(noise=noise, n=60, k=4)
    given = GivenUnits(risk.network.unpack(start_of(risk)).units)
    fit = Training(risk, plan_fit(risk, Options(evidence=True, initializer=given)), 1e-8).start(np.random.RandomState(0))
    # one look, then the ladder where there is noise; and no networks of other widths
    assert len(fit.restarts) == (4 if noise else 1) and {restart["n_units"] for restart in fit.restarts} == {4}
    assert fit.follows_evidence is bool(noise)


def test_an_interrupted_search_leaves_the_first_look(monkeypatch):
    risk = make_risk(noise=0.5, n=60, k=3)
    first = EvidenceOpening(Glorot(), LM, None, ["clean"], ["noisy"])
    looked = []
    follow = opening.follow_evidence

    def watched(course, *arguments, **keywords):
        is_at_rest = follow(course, *arguments, **keywords)
        looked.append(course.best.params)
        return is_at_rest

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "follow_evidence", watched)
    monkeypatch.setattr(EvidenceOpening, "_grow", interrupted)
    fit = Training(risk, Plan(first, LM, [], Budget(1e10)), 1e-8)
    with pytest.raises(KeyboardInterrupt):
        fit.start(np.random.RandomState(0))
    np.testing.assert_array_equal(fit.course.best.params, looked[-1])
    assert fit.course.penalties == Evidence(risk).groups(fit.objective.penalty) and min(fit.course.penalties) > 0.0


def test_an_interrupted_first_look_leaves_the_start(monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "begin_regularized", interrupt)
    risk = make_risk(noise=0.5)
    fit = Training(risk, Plan(EvidenceOpening(Glorot(), LM, None, [], []), LM, [], Budget(1e10)), 1e-8)
    with pytest.raises(KeyboardInterrupt):
        fit.start(np.random.RandomState(0))
    assert np.isfinite(fit.course.best.value)


# -- going on ----------------------------------------------------------------------------------------------------------------


def test_going_on_begins_where_it_is_told_under_the_penalties_it_is_told():
    risk = make_risk(noise=0.2)
    params = start_of(risk)
    fit = Training(risk, plan_fit(risk, Options(evidence=True)), 1e-8).go_on(params, [0.1, 0.2, 0.3], np.random.RandomState(0))
    assert fit.course.best.params is params and fit.follows_evidence
    assert Evidence(risk).groups(fit.objective.penalty) == [0.1, 0.2, 0.3]
    assert fit.finish().run.status is not None


def test_going_on_with_evidence_from_a_fit_without_penalties():
    risk = make_risk(noise=0.2)
    fit = Training(risk, plan_fit(risk, Options(evidence=True)), 1e-8)
    fit.go_on(start_of(risk), [0.1, 0.0, 0.1], np.random.RandomState(0)).finish()
    assert min(fit.course.penalties) > 0.0


# -- plan --------------------------------------------------------------------------------------------------------------------


def names(plan):
    return [(type(phase).__name__, getattr(getattr(phase, "solver", None), "name", None)) for phase in plan.phases]


def test_the_usual_width_leaves_three_residuals_for_each_parameter():
    widths = [usual_width(total, 2, 1) for total in (0.0, 10, 29, 36, 90, 200, 299, 1e6)]
    assert widths == sorted(widths) and widths[0] == widths[1] == 5 and widths[-1] == 50
    assert usual_width(90, 2, 1) == 10 and usual_width(90.0, 11, 1) == 5 and isinstance(usual_width(90.5, 2, 1), int)
    for total, q, m in [(90, 2, 1), (400, 3, 2), (77, 2, 3)]:
        width = usual_width(total, q, m)
        assert width == 5 or total * m >= 3 * width * (q + m)


def test_a_plan_depends_on_sizes_alone():
    risk = make_risk(noise=0.1)
    one, other = plan_fit(risk), plan_fit(risk)
    assert names(one) == names(other) and one.budget.work == other.budget.work
    assert [name for name, _ in names(one)][:4] == ["Readout", "Descent", "Recycling", "Readout"]
    assert ("Descent", "variable-projection") in names(one)


def test_what_each_kind_of_fit_is_made_of():
    assert names(plan_fit(make_risk(alpha=0.1)))[-1] == ("Tail", "trust-region")
    assert plan_fit(make_risk(loss=Poisson())).solver.name == "trust-region"
    assert isinstance(plan_fit(make_risk(), Options(evidence=True)).opening, EvidenceOpening)
    assert names(plan_fit(make_risk(), Options(evidence=True)))[0][0] == "EvidenceDescent"
    assert isinstance(plan_fit(make_risk(n=3000)).opening, ThinnedOpening)
    named = Options(solver=TrustRegion(), evidence=True)
    assert names(plan_fit(make_risk(n=3000), named)) == [("EvidenceDescent", "trust-region"), ("Descent", "trust-region")]
    # callbacks that must see every trial see all rows
    assert not isinstance(plan_fit(make_risk(n=3000), Options(is_watched=True)).opening, ThinnedOpening)


@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("basis", [Tanh(), RadialGaussian()], ids=lambda basis: basis.name)
def test_starts_that_a_fit_draws(d, basis):
    auto = plan_fit(make_risk(d=d, basis=basis)).opening
    assert auto.n_starts == (24 if d == 1 else 4)
    kinds = {type(one) for one in auto.initializers}
    ridge = {ForwardSelection, SampledPairs} if d == 1 else {SampledPairs}
    assert kinds == (ridge if basis.name == "tanh" else {ForwardSelection if d == 1 else Knots})
    assert [type(one) for one in plan_fit(make_risk(d=2, loss=Poisson())).opening.initializers] == [Glorot]
    opening_ = plan_fit(make_risk(d=d), Options(n_restarts=7)).opening
    assert (opening_.n_starts, opening_.n_trials) == (7, 40)
    assert plan_fit(make_risk(d=d), Options(solver=LM)).opening.n_starts == 1
    own = plan_fit(make_risk(d=d), Options(initializer=NguyenWidrow())).opening
    assert [type(one) for one in own.initializers] == [NguyenWidrow]


def test_trials_that_are_asked_for_are_within_the_budget():
    risk = make_risk()
    for max_iter in (None, 10, 10**6):
        plan = plan_fit(risk, Options(max_iter=max_iter))
        assert plan.budget.trials(trial_work(risk, plan.solver)) >= (max_iter or 40)


def test_a_large_problem_has_fewer_starts(monkeypatch):
    risk = make_risk(k=20)
    few = []
    for trials in (50, 600, 5000):
        monkeypatch.setattr(rules, "_BUDGET", trials * trial_work(risk, plan_fit(risk).solver))
        few.append(plan_fit(risk).opening.n_starts)
    assert few == [1, 4, 24]


def test_a_search_on_some_rows_leaves_work_for_all_rows():
    risk = make_risk(n=3000, noise=0.2)
    spent = []
    for evidence in (False, True):
        fit = Training(risk, plan_fit(risk, Options(evidence=evidence, max_iter=30)), 1e-8, 30).start(np.random.RandomState(0))
        spent.append(fit.plan.budget.share())
        assert fit.course.n_iter == 0 and max(restart["n_iter"] for restart in fit.restarts) <= 30
    assert max(spent) <= 0.7


def test_the_search_sees_enough_rows():
    risk = make_risk(k=100)
    assert n_thinned(make_risk()) == 400 and n_thinned(make_risk(d=2)) == 1000 and n_thinned(risk) == 6 * risk.n_params


@pytest.mark.parametrize(
    ("d", "options"),
    [
        (1, {}),
        (2, {}),
        (1, {"evidence": True}),
        (2, {"evidence": True}),
        (1, {"n_restarts": 3}),
        (2, {"n_restarts": 3}),
        (1, {"solver": LM}),
    ],
)
def test_no_start_has_more_trials_than_asked_for(d, options):
    opening = plan_fit(make_risk(d=d), Options(max_iter=5, **options)).opening
    screening = opening.screening if isinstance(opening, EvidenceOpening) else opening
    assert screening is None or screening.n_trials <= 5
