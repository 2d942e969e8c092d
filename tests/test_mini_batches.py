"""Epochs of mini-batches: functions of seed and number, whose steps ask one batch only; what is refused."""

import math
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from test_first_order import curve
from training_problems import make_risk

from newtonreg import EmpiricalRisk, minimize
from newtonreg.objectives.sampling import sample
from newtonreg.solvers import (
    BFGS,
    LBFGS,
    AdagradDescent,
    Adam,
    CubicRegularization,
    GradientDescent,
    LevenbergMarquardt,
    MiniBatches,
    NewtonMR,
    RMSPropDescent,
    SSBroyden,
    TrustRegion,
    VariableProjection,
)
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.solvers.mini_batches import _edges
from newtonreg.subproblems import Steihaug

FIRST_ORDER = [GradientDescent(learning_rate=0.02), AdagradDescent(), RMSPropDescent(), Adam()]
ELLIPSOIDAL = TrustRegion(norm="rmsprop", subproblem="steihaug", initial_radius=0.05)
DENSE = TrustRegion(curvature="gauss-newton", norm="spherical", initial_radius=0.5)
TAKERS = [*FIRST_ORDER, ELLIPSOIDAL, DENSE]
every_taker = pytest.mark.parametrize("solver", TAKERS, ids=lambda solver: f"{solver.name}-{getattr(solver, 'subproblem', '')}")


def run(solver, risk, start, n_epochs):
    """States after each epoch, the first included."""
    states = [solver.init(risk, start)]
    for _ in range(n_epochs):
        states.append(solver.step(risk, states[-1]))
    return states


def watch(monkeypatch):
    """What `sample` is asked for from here on: a list of index arrays."""
    asked = []

    def watched(objective, index, curvature_index=None):
        asked.append(np.asarray(index))
        return sample(objective, index, curvature_index)

    monkeypatch.setattr("newtonreg.solvers.mini_batches.sample", watched)
    return asked


# -- epochs ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [(30, 10, [10, 10, 10]), (35, 10, [10, 10, 10, 5]), (34, 10, [10, 10, 14]), (30, 30, [30]), (31, 30, [31]), (3, 1, [1] * 3)],
)
def test_a_last_batch_of_less_than_half_is_merged(n, size, sizes):
    assert np.diff(_edges(n, size)).tolist() == sizes


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_epoch_parts_the_rows(monkeypatch, shuffle):
    risk, start = curve()
    solver = MiniBatches(Adam(), batch_size=8, shuffle=shuffle)
    state = solver.init(risk, start)
    epochs = []
    for _ in range(3):
        asked = watch(monkeypatch)
        state = solver.step(risk, state)
        epochs.append(np.concatenate(asked))
        assert [len(index) for index in asked] == [8, 8, 8, 6]
        assert sorted(epochs[-1]) == list(range(30))
    in_order = [np.array_equal(order, np.arange(30)) for order in epochs]
    assert in_order == [not shuffle] * 3
    assert np.array_equal(epochs[0], epochs[1]) is not shuffle


@every_taker
def test_an_epoch_is_a_function_of_seed_and_number(solver):
    risk, start = curve()
    solver = MiniBatches(solver, batch_size=8)
    states = run(solver, risk, start, 4)
    assert states[-1].memory["epoch"] == 4
    again = pickle.loads(pickle.dumps(states[2].detached())).attached(risk)
    for expected in states[3:]:
        again = solver.step(risk, again)
        np.testing.assert_array_equal(again.params, expected.params)
        assert again.control == expected.control and again.point.value == expected.point.value
    other = run(clone(solver).set_params(seed=1), risk, start, 1)[-1]
    assert not np.array_equal(other.params, states[1].params)


@every_taker
def test_one_batch_of_all_rows_is_the_solver_itself(solver):
    risk, start = curve()
    inner, outer = solver.init(risk, start), MiniBatches(solver, batch_size=30, shuffle=False).init(risk, start)
    values = []
    for _ in range(12):
        values.append(inner.point.value)
        inner, outer = solver.step(risk, inner), MiniBatches(solver, batch_size=30, shuffle=False).step(risk, outer)
        np.testing.assert_allclose(outer.params, inner.params, rtol=0.0, atol=1e-12)
        assert math.isclose(outer.control, inner.control, rel_tol=1e-9) and outer.accepted == inner.accepted
        assert math.isclose(outer.point.value, values[-1], rel_tol=1e-10)


@pytest.mark.parametrize("solver", FIRST_ORDER, ids=lambda solver: solver.name)
def test_first_order_asks_one_value_and_one_gradient_a_batch(solver):
    risk, start = curve()
    solver = MiniBatches(solver, batch_size=8)
    state = solver.init(risk, start)
    for _ in range(3):
        before = (risk.counts.nfev, risk.counts.njev)
        state = solver.step(risk, state)
        assert (risk.counts.nfev - before[0], risk.counts.njev - before[1]) == (4, 4)
    assert risk.counts.nhev == risk.counts.nhvp == 0


def test_a_trust_region_asks_one_gradient_a_batch_and_the_products_of_its_subproblem(monkeypatch):
    risk, start = curve()
    solver = MiniBatches(ELLIPSOIDAL, batch_size=8)
    state, products = solver.init(risk, start), []
    solve = Steihaug.solve

    def counting(self, model, control):
        before = risk.counts.nhvp
        step = solve(self, model, control)
        products.append(risk.counts.nhvp - before)
        return step

    monkeypatch.setattr(Steihaug, "solve", counting)
    for _ in range(5):
        del products[:]
        before = (risk.counts.nfev, risk.counts.njev, risk.counts.nhvp)
        state = solver.step(risk, state)
        assert risk.counts.nfev - before[0] == 8, "before and after each step"
        assert risk.counts.njev - before[1] == 4 == len(products)
        assert risk.counts.nhvp - before[2] == sum(products) > 0
    assert risk.counts.nhev == 0


def test_the_ratio_of_a_trust_region_is_that_of_one_batch(monkeypatch):
    risk, start = curve()
    seen = []

    def watched(point, trial, displacement, predicted):
        seen.append((point, trial))
        return reduction_ratio(point, trial, displacement, predicted)

    monkeypatch.setattr("newtonreg.solvers.trust_region.reduction_ratio", watched)
    asked = watch(monkeypatch)
    solver = MiniBatches(ELLIPSOIDAL, batch_size=8)
    state = solver.init(risk, start)
    del asked[:]
    solver.step(risk, state)
    assert len(seen) == len(asked) == 4
    for (point, trial), index in zip(seen, asked, strict=True):
        expected = sample(risk, index)
        assert point.value == expected.at(point.params).value and trial.value == expected.at(trial.params).value


def test_the_norm_follows_fresh_gradients_after_accepted_steps_only():
    risk, start = curve()
    first, second = (sample(risk, np.arange(10 * i, 10 * i + 10)) for i in range(2))
    begun = ELLIPSOIDAL.init(first, start)
    accepted = ELLIPSOIDAL.step(first, begun)
    rejected = ELLIPSOIDAL.step(first, begun.replaced(control=1e4))
    assert accepted.accepted and not rejected.accepted, "or this tests nothing"
    for state in (accepted, rejected):
        assert state.memory["scaling"] is begun.memory["scaling"]
    point = second.at(accepted.params)
    after = ELLIPSOIDAL.step(second, accepted.moved_to(point))
    gradient = point.gradient / second.total_weight
    mean = 0.8 * begun.memory["scaling"].memory + 0.2 * gradient**2
    np.testing.assert_allclose(after.memory["scaling"].memory, mean, rtol=1e-13)
    after = ELLIPSOIDAL.step(second, rejected.moved_to(second.at(start)))
    assert after.memory["scaling"] is begun.memory["scaling"]


def test_the_record_of_an_epoch():
    risk, start = curve()
    solver = MiniBatches(GradientDescent(learning_rate=1e-12), batch_size=8, shuffle=False)
    before, after = run(solver, risk, start, 1)
    # nothing moved: the running loss is F, and the last gradient that of the last batch
    assert math.isclose(after.point.value, before.point.value, rel_tol=1e-9)
    last = sample(risk, np.arange(24, 30))
    norm = last.at(start).gradient_norm * risk.total_weight / last.total_weight
    assert math.isclose(after.point.gradient_norm, norm, rel_tol=1e-9)
    assert after.point.criticality >= before.point.criticality
    np.testing.assert_allclose(after.point.gradient, before.point.gradient, rtol=1e-9)
    assert after.accepted and math.isnan(after.ratio)
    assert math.isclose(after.step_norm, np.linalg.norm(after.params - start), rel_tol=1e-12)


def test_the_ratio_of_an_epoch_is_the_share_of_accepted_steps():
    risk, start = curve()
    far = MiniBatches(clone(ELLIPSOIDAL).set_params(initial_radius=1e3), batch_size=8)
    shares = [state.ratio for state in run(far, risk, start, 6)[1:]]
    assert set(shares) <= {0.0, 0.25, 0.5, 0.75, 1.0} and min(shares) < 1.0 and max(shares) > 0.0


def test_minimize_counts_epochs_and_keeps_the_last():
    risk, start = curve()
    seen = []
    result = minimize(
        risk, start, MiniBatches(Adam(), batch_size=10), max_iter=25, callbacks=lambda record, run: seen.append(run.state)
    )
    assert result.nit == 25 and len(result.history) == 26
    assert result.history[0].value == risk.at(start).value
    assert result.x is seen[-1].params and result.fun == result.history[-1].value
    assert result.fun < 0.5 * result.history[0].value
    np.testing.assert_array_equal(result.jac, risk.at(result.x).gradient)


def test_an_epoch_without_an_accepted_step_does_not_end_a_run():
    risk, start = curve()
    solver = MiniBatches(clone(ELLIPSOIDAL).set_params(initial_radius=1e4), batch_size=30)
    result = minimize(risk, start, solver, max_iter=60, patience=60)
    rejected = [record.accepted for record in result.history].index(False)
    assert any(record.accepted for record in result.history[rejected:])
    # one batch: its criticality is that of all rows
    assert result.success and result.status.name == "GRADIENT"


def test_curvature_of_the_first_rows_of_each_batch(monkeypatch):
    risk, start = curve()
    asked = []

    def watched(objective, index, curvature_index=None):
        asked.append((np.asarray(index), np.asarray(curvature_index)))
        return sample(objective, index, curvature_index)

    monkeypatch.setattr("newtonreg.solvers.mini_batches.sample", watched)
    run(MiniBatches(ELLIPSOIDAL, batch_size=8, curvature_size=3), risk, start, 1)
    assert all(np.array_equal(index[:3], few) for index, few in asked)


def test_batches_without_weight_are_left_out():
    risk, start = curve()
    term = risk.terms[0]
    weights = np.where(np.arange(30) < 10, 0.0, term.weights)
    light = EmpiricalRisk([term._replace(weights=weights)], risk.penalty)
    solver = MiniBatches(Adam(), batch_size=5, shuffle=False)
    state = run(solver, light, start, 2)[-1]
    assert np.all(np.isfinite(state.params)) and math.isfinite(state.point.value)


@every_taker
def test_epochs_on_other_arrays(xp, to_numpy, solver):
    there, start = curve(xp)
    here, begin = curve()
    solver = MiniBatches(solver, batch_size=8, curvature_size=6, pivot_every=2)
    state, expected = run(solver, there, start, 3)[-1], run(solver, here, begin, 3)[-1]
    np.testing.assert_allclose(to_numpy(state.params), expected.params, rtol=0.0, atol=1e-9)
    assert math.isclose(state.point.value, expected.point.value, rel_tol=1e-9)


# -- guards ------------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize(
    ("solver", "match"),
    [
        (
            GradientDescent(learning_rate=500.0),
            r"GradientDescent with learning_rate=500.0 diverges in batches: in epoch \d+ the loss",
        ),
        (Adam(learning_rate=1e200), "Adam with learning_rate=1e[+]200 diverges.*smaller learning_rate"),
    ],
)
def test_a_run_that_diverges_says_what_to_do(solver, match):
    risk, start = curve()
    with pytest.raises(FloatingPointError, match=match):
        minimize(risk, start, MiniBatches(solver, batch_size=8), max_iter=100)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_parameters_that_overflow_in_the_last_step_are_noticed():
    risk, start = curve()
    with pytest.raises(FloatingPointError, match="epoch 1 the parameters are not finite"):
        run(MiniBatches(GradientDescent(learning_rate=1e308), batch_size=30), risk, 1e3 * start, 1)


@pytest.mark.parametrize(
    "solver",
    [BFGS(), LBFGS(), SSBroyden(), VariableProjection(), LevenbergMarquardt(), NewtonMR(), CubicRegularization()]
    + [TrustRegion(curvature="bfgs"), TrustRegion(curvature="sr1"), MiniBatches(Adam())],
    ids=str,
)
def test_solvers_that_need_all_rows_are_refused(solver):
    risk, start = curve()
    with pytest.raises(TypeError, match=r"needs all rows in every step: leave batch_size='auto' or 'full'"):
        MiniBatches(solver, batch_size=8).init(risk, start)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"batch_size": 31}, "batch_size=31 must be at most the number of rows to train on, 30"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 10, "curvature_size": 11}, "curvature_size=11 must be at most batch_size=10"),
        ({"batch_size": 10, "curvature_size": 0}, "curvature_size=0"),
        ({"batch_size": 10, "seed": -1}, "seed=-1"),
        ({"batch_size": 10, "seed": 2**32}, "seed=4294967296"),
        ({"batch_size": 10, "pivot_every": 0}, "pivot_every=0"),
        ({"batch_size": 10, "batch_growth": 0.5}, "batch_growth=0.5"),
        ({"batch_size": 10, "largest_share": 1.5}, "largest_share=1.5"),
        ({"batch_size": 10, "solver": Adam(eps=-1.0)}, "eps=-1.0"),
        ({"batch_size": 10, "solver": "adma"}, "solver='adma' is unknown"),
    ],
)
def test_parameters_outside_their_ranges(changes, match):
    risk, start = curve()
    with pytest.raises(ValueError, match=match):
        MiniBatches(**{"solver": "adam", **changes}).init(risk, start)


def test_it_is_a_value_object_and_speaks_for_its_solver():
    solver = MiniBatches(ELLIPSOIDAL, batch_size=8)
    assert repr(clone(solver)) == repr(solver)
    assert solver.control_name == "radius" and MiniBatches("adam").control_name == "learning_rate"
    assert solver.requires == ELLIPSOIDAL.requires and MiniBatches("adam").requires == ()
    assert clone(solver).set_params(solver__increase=1.1).solver.increase == 1.1


def test_a_saddle_is_left_where_the_solver_can():
    risk = make_risk()
    start = np.zeros(risk.n_params)
    start[-1] = risk.terms[0].targets.mean()
    state = MiniBatches(TrustRegion(), batch_size=10).init(risk, start)
    assert state.point.gradient_norm < 1e-10
    assert MiniBatches(TrustRegion(), batch_size=10).leaves_saddle(state)
    assert not MiniBatches(Adam(), batch_size=10).leaves_saddle(state)
