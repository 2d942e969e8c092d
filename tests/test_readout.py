"""Readout: evenly spread units, and coefficients by least squares."""

import numpy as np
import pytest
from training_problems import LM, make_risk, training_with

from newtonreg import NewtonMLPRegressor
from newtonreg.backend.arrays import to_host
from newtonreg.training.phases import Descent
from newtonreg.training.readout import EvenUnits, Readout, even_units, with_solved_outer


@pytest.mark.parametrize("k", [1, 2, 7])
def test_even_units_bend_at_even_knots(xp, k):
    inputs = xp.asarray([[0.0, 3.0, 1.0, 2.0]], dtype=xp.float64)
    units = to_host(even_units(inputs, k, 0.2, 0.5))
    knots = -units[1] / units[0]
    assert units.shape == (2, k)
    np.testing.assert_allclose(knots[0], -1.5)
    if k > 1:
        np.testing.assert_allclose(knots, np.linspace(-1.5, 4.5, k), atol=1e-12)
        np.testing.assert_allclose(units[0] * (knots[1] - knots[0]), 0.2)


def test_units_of_constant_inputs_are_finite():
    assert np.isfinite(even_units(np.full((1, 4), 2.0), 5, 0.2, 0.1)).all()


@pytest.mark.parametrize("m", [1, 2])
def test_the_coefficients_are_those_of_least_squares(m):
    risk = make_risk(m=m, noise=0.3, k=4)
    term = risk.terms[0]
    units = np.random.default_rng(0).normal(size=(2, 4))
    params = with_solved_outer(risk, units)
    hidden = np.tanh(units[0][:, None] * term.inputs + units[1][:, None])
    columns = np.vstack([hidden, np.ones_like(term.weights)]).T
    root = np.sqrt(term.weights)[:, None]
    expected = np.linalg.lstsq(columns * root, term.targets.T * root, rcond=None)[0]
    np.testing.assert_allclose(term.network.at(term.inputs, params).values, (columns @ expected).T, atol=1e-10)
    # the gradient by the coefficients vanishes
    assert np.abs(risk.at(params).gradient[risk.outer]).max() < 1e-9 * risk.total_weight


def test_dependent_units_do_no_harm():
    risk = make_risk(noise=0.1, k=6)
    params = with_solved_outer(risk, np.ones((2, 6)))
    assert np.isfinite(params).all() and np.abs(params).max() < 1e3


def test_a_fit_goes_on_from_what_is_better_and_says_so():
    risk = make_risk(noise=0.0, k=12, n=100)
    fit = training_with(risk, [Descent(LM, 0.0, 10**9, 0.01)])
    even = EvenUnits(risk)
    value = even.best()[1]
    seen = []
    fit.course.callbacks = [lambda record, run: seen.append(record)]
    assert value < fit.course.best.value
    n_iter, before = fit.course.n_iter, fit.course.best.value
    Readout(even, margin=0.5 * value / before).run(fit)
    assert fit.course.best.value == before and not seen
    Readout(even).run(fit)
    assert fit.course.best.value == pytest.approx(value, rel=1e-6)
    assert seen[-1] is fit.run.history[-1] and fit.run.history[-1].value == pytest.approx(value, rel=1e-6)
    assert fit.course.n_iter == len(fit.run.history) - 1 >= n_iter


def test_a_wide_network_reaches_rounding_error():
    X = np.linspace(-1, 1, 400)[:, None]
    y = np.sin(np.pi * X[:, 0])
    model = NewtonMLPRegressor(64, random_state=0).fit(X, y)
    fresh = np.linspace(-1, 1, 777)
    assert np.abs(model.predict(fresh[:, None]) - np.sin(np.pi * fresh)).max() < 1e-11
    assert model.loss_ == pytest.approx(model.history_[-1]["loss"], rel=1e-6, abs=1e-25)
