"""Pivots of mini-batches: epochs that did not lower the objective of all rows are undone, and batches grow."""

import pickle

import numpy as np
import pytest
from test_first_order import curve
from test_mini_batches import run

from newtonreg import minimize
from newtonreg.solvers import Adam, MiniBatches


def climbing(**changes):
    """Steps far too long for this curve, short of divergence."""
    return MiniBatches(Adam(learning_rate=2.0), **{"batch_size": 4, "pivot_every": 2, "largest_share": 0.5, **changes})


def test_a_pivot_undoes_exactly():
    risk, start = curve()
    solver = climbing(batch_growth=1.5)
    states = run(solver, risk, start, 2)
    first, last = states[0], states[-1]
    assert not last.accepted, "or this tests nothing"
    np.testing.assert_array_equal(last.params, start)
    assert last.control == first.control and last.memory["count"] == 0
    np.testing.assert_array_equal(last.memory["moments"]["square"], first.memory["moments"]["square"])
    assert last.point.value == risk.at(start).value and last.memory["epoch"] == 2
    assert last.memory["batch_size"] == 6
    again = pickle.loads(pickle.dumps(last.detached())).attached(risk)
    np.testing.assert_array_equal(solver.step(risk, again).params, solver.step(risk, last).params)


def test_a_pivot_costs_one_value_of_all_rows():
    risk, start = curve()
    counts = []
    for solver in (climbing(), climbing(pivot_every=None)):
        before = risk.counts.nfev
        run(solver, risk, start, 2)
        counts.append(risk.counts.nfev - before)
    assert counts[0] == counts[1] + 1


def test_a_pivot_that_is_lower_becomes_the_next():
    risk, start = curve()
    plain, pivoted = (MiniBatches(Adam(), batch_size=8, pivot_every=every) for every in (None, 2))
    expected, states = run(plain, risk, start, 4)[-1], run(pivoted, risk, start, 4)
    assert all(state.accepted for state in states)
    np.testing.assert_array_equal(states[-1].params, expected.params)
    assert states[-1].memory["pivot_loss"] == risk.at(states[-1].params).value < risk.at(start).value
    assert states[-1].memory["batch_size"] == 8


@pytest.mark.parametrize(("share", "sizes"), [(0.2, [4, 5, 6, 6]), (0.1, [4, 4, 4, 4])])
def test_batches_grow_up_to_a_share_of_the_rows(share, sizes):
    risk, start = curve()
    states = run(climbing(pivot_every=1, largest_share=share), risk, start, 3)
    assert not any(state.accepted for state in states[1:]), "or this tests nothing"
    assert [state.memory["batch_size"] for state in states] == sizes


def test_an_undone_epoch_does_not_end_a_run():
    risk, start = curve()
    result = minimize(risk, start, climbing(pivot_every=1), max_iter=5)
    assert result.nit == 5 and result.fun <= result.history[0].value
