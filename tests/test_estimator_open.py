"""Widths, numbers of starts and penalties that are left open, or that follow from what else is given."""

import numpy as np
import pytest

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegionClassifier, TrustRegionRegressor
from newtonreg.initializers import GivenUnits

RNG = np.random.RandomState(0)
X = RNG.normal(size=(50, 2))
Y = np.sin(X[:, 0]) + 0.2 * RNG.normal(size=50)
PENALTIES = [0.05, 0.1, 0.02, 0.3]
UNITS = np.random.RandomState(3).normal(size=(3, 7))


@pytest.mark.parametrize("init", [UNITS, UNITS.tolist(), GivenUnits(UNITS)], ids=["array", "list", "object"])
@pytest.mark.parametrize("parameters", [{}, {"alpha": 0.1}, {"solver": "trust-region"}], ids=str)
def test_given_units_say_the_width(init, parameters):
    model = NewtonMLPRegressor(init=init, random_state=0, **parameters).fit(X, Y)
    assert model.units_.shape == UNITS.shape


def test_a_width_of_ones_own_must_be_that_of_the_given_units():
    with pytest.raises(ValueError, match=r"init has shape \(3, 7\); 5 units of 2 features need \(3, 5\)"):
        NewtonMLPRegressor(5, init=UNITS).fit(X, Y)
    with pytest.raises(ValueError, match=r"init has shape \(3,\)"):
        NewtonMLPRegressor(init=UNITS[:, 0]).fit(X, Y)


def test_a_fit_that_goes_on_keeps_its_width_whatever_units_are_given():
    model = NewtonMLPRegressor(4, alpha=0.1, random_state=0, warm_start=True).fit(X, Y)
    model.set_params(hidden_layer_sizes="auto", init=UNITS).fit(X, Y)
    assert model.units_.shape == (3, 4)


@pytest.mark.parametrize(
    "estimator", [TrustRegionRegressor, TrustRegionClassifier, NewtonMLPClassifier], ids=lambda one: one.__name__
)
def test_every_estimator_may_leave_all_of_it_open(estimator):
    y = Y if estimator is TrustRegionRegressor else Y > 0.0
    model = estimator("auto", alpha="evidence", n_restarts="auto", random_state=0).fit(X, y)
    # a regressor's width is by the number of rows, a classifier's is fixed
    assert model.units_.shape == (3, 5 if estimator is TrustRegionRegressor else 30) and len(model.restarts_) == 1
    assert model.alpha_.shape == (4,) and (model.alpha_ > 0.0).all()
    given = estimator(3, alpha=PENALTIES, random_state=0).fit(X, y)
    np.testing.assert_allclose(given.alpha_, PENALTIES, rtol=1e-15)


def test_radial_units_have_a_penalty_a_row():
    model = NewtonMLPRegressor(3, activation="radial", alpha=[0.1, 0.2, 0.3, 0.4, 0.5], random_state=0).fit(X, Y)
    assert model.alpha_.shape == (model.units_.shape[0] + 1,) == (5,)
