"""Levenberg–Marquardt from several starts at once: each goes the way it would go alone."""

import math

import numpy as np
import pytest

import newtonreg.solvers.batched as batched
from newtonreg.backend.arrays import to_host
from newtonreg.backend.linalg_batched import cholesky, fetch, put_rows, take_rows
from newtonreg.bases import RadialGaussian, Sine, Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.solvers import LevenbergMarquardt, Nielsen
from newtonreg.solvers.batched import levenberg_marquardt_batch

N_STARTS = 5
CASES = {
    "one input": {"n_features": 1},
    "several inputs": {"n_features": 3, "scaled": False, "damping": Nielsen(decrease=1.0 / 3.0)},
    "another rule": {"damping": "delayed-gratification"},
    "outputs and weights": {"n_outputs": 3, "weighted": True},
    "penalty": {"n_outputs": 2, "alpha": 0.05},
    "penalty, unscaled": {"alpha": 0.05, "weighted": True, "scaled": False},
    "two terms": {"n_terms": 2, "weighted": True},
    "no ridge functions": {"basis": RadialGaussian(), "n_outputs": 2},
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


class Problem:
    """Random data and starts, NumPy all, and the options of the method."""

    def __init__(self, n_features=2, n_units=4, n_outputs=1, weighted=False, alpha=0.0, n_terms=1, basis=None, **options):
        rng = np.random.default_rng(1)
        self.network = ShallowNetwork(basis or Tanh(), n_features, n_units, n_outputs)
        self.alpha, self.options = alpha, options
        self.data = [self._term(rng, n_outputs, n_samples, weighted) for n_samples in (30, 17)[:n_terms]]
        self.starts = rng.normal(size=(N_STARTS, self.network.n_params))

    def _term(self, rng, n_outputs, n_samples, weighted):
        x = rng.normal(size=(self.network.n_features, n_samples))
        y = np.sin(3.0 * x[0] + np.arange(n_outputs)[:, None]) + 0.1 * rng.normal(size=(n_outputs, n_samples))
        return x, y, rng.uniform(0.2, 2.0, size=n_samples) if weighted else np.ones(n_samples)

    def risk(self, xp=np, loss=None):
        loss = loss or SquaredError()
        terms = [Term(self.network, xp.asarray(x), xp.asarray(y), loss, xp.asarray(s)) for x, y, s in self.data]
        return EmpiricalRisk(terms, xp.asarray(self.alpha * self.network.penalty_mask(self.data[0][0])))

    def together(self, n_trials, xp=np, **options):
        """The objective, and the result of all starts at once."""
        risk = self.risk(xp)
        return risk, levenberg_marquardt_batch(risk, xp.asarray(self.starts), n_trials, **{**self.options, **options})

    def alone(self, n_trials, **options):
        """The objective, and the states of the runs from each start, one after the other."""
        options = {"scaled": True, "damping": "nielsen", **self.options, **options}
        norm = "column-scaling" if options["scaled"] else "spherical"
        solver, risk = LevenbergMarquardt(norm=norm, damping=options["damping"], method="cholesky"), self.risk()
        return risk, [_states(solver, risk, start, n_trials) for start in self.starts]


def _states(solver, risk, start, n_trials):
    """States of a run, the first one included; it ends where the solver is exhausted."""
    states = [solver.init(risk, start)]
    while len(states) <= n_trials and not states[-1].exhausted:
        states.append(solver.step(risk, states[-1]))
    return states


def _accepted(paths):
    return [[state.accepted for state in states[1:]] for states in paths]


@every_case
def test_each_start_goes_the_way_it_would_go_alone(xp, case):
    problem = Problem(**case)
    _, early = problem.together(8, xp)
    _, late = problem.together(40, xp)
    _, paths = problem.alone(40)
    np.testing.assert_allclose(early.values, [states[8].point.value for states in paths], rtol=1e-6)
    np.testing.assert_allclose(early.damping, [states[8].control for states in paths], rtol=1e-5)
    np.testing.assert_allclose(to_host(early.params), [states[8].params for states in paths], rtol=1e-5, atol=1e-6)
    assert [flags[:20] for flags in late.accepted] == [flags[:20] for flags in _accepted(paths)]
    assert {len(flags) for flags in late.accepted} == {40} and not any(late.exhausted)
    assert any(not all(flags) for flags in late.accepted), "no trial was rejected, which tests half of it"


@every_case
def test_values_are_those_of_the_parameters(xp, case):
    risk, result = Problem(**case).together(15, xp)
    values = [risk.at(result.params[i, :]).value for i in range(N_STARTS)]
    np.testing.assert_allclose(result.values, values, rtol=1e-12)


@every_case
def test_counts_are_those_of_all_runs(case):
    problem = Problem(**case)
    together, alone = problem.together(12)[0].counts, problem.alone(12)[0].counts
    assert together == alone


def test_the_first_batch_of_derivatives_is_the_objectives_own(xp):
    for case in CASES.values():
        problem = Problem(**case)
        risk, starts = problem.risk(xp), xp.asarray(problem.starts)
        points, v = batched._Points(batched._Data(risk), starts), xp.asarray(problem.starts[::-1].copy())
        for name in ("gradient", "gauss_newton"):
            found = getattr(points, name)
            expected = [to_host(getattr(risk.at(starts[i, :]), name)) for i in range(N_STARTS)]
            np.testing.assert_allclose(to_host(found() if callable(found) else found), expected, rtol=1e-9, atol=1e-11)
        expected = [to_host(risk.at(starts[i, :]).second_directional(v[i, :])) for i in range(N_STARTS)]
        np.testing.assert_allclose(to_host(points.second_directional(v)), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("size", [1, 2])
def test_groups_of_starts_change_nothing(xp, monkeypatch, size):
    problem = Problem(n_outputs=2, alpha=0.01)
    _, whole = problem.together(12, xp)
    monkeypatch.setattr(batched, "_group_size", lambda objective, params: size)
    _, split = problem.together(12, xp)
    np.testing.assert_allclose(split.values, whole.values, rtol=1e-9)
    np.testing.assert_allclose(to_host(split.params), to_host(whole.params), rtol=1e-6, atol=1e-9)
    assert split.accepted == whole.accepted


def test_groups_hold_few_starts_of_large_problems():
    sizes = []
    for n_units, n_samples in ((5, 50), (20, 1000), (50, 5000)):
        network = ShallowNetwork(Tanh(), 4, n_units, 1)
        term = Term(network, np.ones((4, n_samples)), np.ones((1, n_samples)), SquaredError(), np.ones(n_samples))
        sizes.append(batched._group_size(EmpiricalRisk([term], np.zeros(network.n_params)), np.zeros((1, network.n_params))))
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 50 and sizes[-1] == 1


class _Impatient(Nielsen):
    """Gives up at the tenth rejection."""

    def accepted(self, damping, growth, ratio):
        return super().accepted(damping, growth, ratio)[0], growth

    def rejected(self, damping, growth):
        return (8.0 * damping, growth + 1.0) if growth < 11.0 else (math.inf, growth)


def test_starts_leave_when_they_are_exhausted_as_they_would_alone(xp):
    problem = Problem()
    _, result = problem.together(40, xp, damping=_Impatient())
    _, paths = problem.alone(40, damping=_Impatient())
    assert result.accepted == _accepted(paths)
    assert result.exhausted == [states[-1].exhausted for states in paths]
    lengths = {len(flags) for flags in result.accepted}
    assert len(lengths) > 2, "starts should leave one after the other"
    np.testing.assert_allclose(result.values, [states[-1].point.value for states in paths], rtol=1e-6)
    np.testing.assert_allclose(to_host(result.params), [states[-1].params for states in paths], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lost", [[1], list(range(N_STARTS))], ids=["one", "all"])
def test_a_start_that_is_not_finite_stays_and_disturbs_no_other(xp, lost):
    problem = Problem()
    _, clean = problem.together(10, xp)
    problem.starts[lost, 2] = np.nan
    _, result = problem.together(10, xp)
    params = to_host(result.params)
    for i in range(N_STARTS):
        if i in lost:
            assert result.exhausted[i] and not result.accepted[i]
            assert math.isnan(result.values[i]) and math.isnan(result.damping[i])
            np.testing.assert_array_equal(params[i], problem.starts[i])
        else:
            np.testing.assert_allclose(result.values[i], clean.values[i], rtol=1e-9)


def test_a_trial_that_is_not_finite_is_rejected(xp):
    problem = Problem()
    nowhere = _NotBeyond(problem.starts)
    problem.network = ShallowNetwork(nowhere, 2, 4, 1)
    risk, result = problem.together(15, xp)
    assert all(math.isfinite(value) for value in result.values)
    assert all(value < risk.at(xp.asarray(start)).value for value, start in zip(result.values, problem.starts, strict=True))
    _, paths = problem.alone(15)
    assert result.accepted == _accepted(paths)


class _NotBeyond(Tanh):
    """tanh z, whose slope is NaN for |z| beyond all that the starts see, and which itself is NaN a little further out."""

    def __init__(self, starts=None):
        self.starts = starts

    def function(self, z):
        xp = batched.namespace(z)
        return xp.where(xp.abs(z) < 14.0, xp.tanh(z), xp.nan)

    def derivative(self, z, value):
        xp = batched.namespace(z)
        return xp.where(xp.abs(z) < 12.0, 1.0 - value * value, xp.nan)


def test_the_last_digits_are_those_of_a_run_alone(xp):
    # F stands still by then, and the ratio is made of gradients
    problem = Problem(n_units=1)
    risk, result = problem.together(80, xp)
    _, paths = problem.alone(80)
    last = [states[-1].point.criticality for states in paths]
    assert max(last) < 1e-8
    np.testing.assert_allclose([risk.at(result.params[i, :]).criticality for i in range(N_STARTS)], last, rtol=0.1)
    assert result.accepted == _accepted(paths)


def test_the_starts_are_not_written_to(xp):
    problem = Problem()
    starts = xp.asarray(problem.starts)
    levenberg_marquardt_batch(problem.risk(xp), starts, 5)
    np.testing.assert_array_equal(to_host(starts), problem.starts)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"n_trials": 0}, "n_trials"),
        ({"params": np.zeros(17)}, "params"),
        ({"params": np.zeros((2, 16))}, "params"),
        ({"params": np.zeros((0, 17))}, "params"),
        ({"objective": Problem(basis=Sine()).risk(loss=Poisson())}, "squared error"),
        ({"damping": "none"}, "damping"),
    ],
)
def test_errors_name_what_is_wrong(change, named):
    problem = Problem()
    arguments = {"objective": problem.risk(), "params": problem.starts, "n_trials": 3, **change}
    with pytest.raises(ValueError, match=named):
        levenberg_marquardt_batch(**arguments)


def test_a_matrix_that_is_not_positive_definite_spoils_no_other(xp):
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(6, 7, 7))
    matrices = roots @ roots.transpose(0, 2, 1) + np.eye(7)
    matrices[1, 0, 0] = -1.0
    matrices[2, -1, -1] = -1.0
    matrices[3, 3, 3] = -1.0
    matrices[4, 2, 2] = np.nan
    damping, rhs = [0.0, 0.1, 0.1, 0.1, 0.1, 2.0], rng.normal(size=(6, 7))
    factors = cholesky(xp.asarray(matrices), damping)
    solution, half = to_host(factors.solve(xp.asarray(rhs))), to_host(factors.half_solve(xp.asarray(rhs)))
    assert np.all(np.isnan(solution[1:5])) and np.all(np.isnan(half[1:5]))
    for i in (0, 5):
        expected = np.linalg.solve(matrices[i] + damping[i] * np.eye(7), rhs[i])
        np.testing.assert_allclose(solution[i], expected, rtol=1e-10)
        np.testing.assert_allclose(half[i] @ half[i], expected @ rhs[i], rtol=1e-10)


def test_rows_are_taken_out_and_put_back(xp):
    array = xp.asarray(np.arange(12.0).reshape(4, 3))
    assert take_rows(array, [0, 1, 2, 3]) is array
    assert tuple(take_rows(array, []).shape) == (0, 3)
    put_rows(array, [1, 3], 10.0 * take_rows(array, [1, 3]))
    put_rows(array, [], take_rows(array, []))
    np.testing.assert_array_equal(to_host(array)[:, 0], [0.0, 30.0, 6.0, 90.0])
    assert fetch(array[:, 0], array[:, 1]) == [[0.0, 30.0, 6.0, 90.0], [1.0, 40.0, 7.0, 100.0]]
