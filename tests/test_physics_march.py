"""Evolution problems step by step: which have steps, where their points lie, and what they are for."""

import numpy as np
import pytest

from newtonreg import PhysicsRegressor
from newtonreg.estimators._physics_march import Marching
from newtonreg.physics import Data, Dirichlet, Initial, collocation

DOMAIN = [(-1.0, 1.0), (0.0, 1.0)]
START = Initial({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0]))
WALLS = [Dirichlet({"x": -1.0}), Dirichlet({"x": 1.0})]


def burgers(u, u_t, u_x, u_xx):
    return u_t + u * u_x - 0.02 * u_xx


def regressor(conditions, operator=burgers, **settings):
    return PhysicsRegressor(operator, conditions, 12, variables=("x", "t"), random_state=0, max_iter=30, **settings)


@pytest.fixture
def asked(monkeypatch):
    """What `Marching.of` answered in each fit."""
    answers, of = [], Marching.of.__func__

    def recorded(cls, *args):
        answers.append(of(cls, *args))

    monkeypatch.setattr(Marching, "of", classmethod(recorded))
    return answers


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("conditions", "source", "marches"),
    [
        ([START, *WALLS], None, True),
        ([START, *WALLS, Data([[0.0, 0.5]], [0.0])], None, False),
        ([Dirichlet({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0])), *WALLS], None, False),
        ([START, *WALLS], lambda X: X[:, 0], False),
    ],
    ids=["evolution", "data", "no initial values", "varying source"],
)
def test_which_problems_march(conditions, source, marches, asked):
    regressor(conditions, source=source).fit(collocation.uniform(DOMAIN, [10, 6]))
    assert (asked[0] is not None) == marches


def test_steps_squeeze_all_points_towards_the_initial_time():
    X = collocation.uniform(DOMAIN, [5, 4])
    squeezed, domain = Marching(None, X, DOMAIN, 1, 0.0)._squeezed(0.25)
    np.testing.assert_allclose(squeezed, X * [1.0, 0.25])
    assert domain == [(-1.0, 1.0), (0.0, 0.25)]
    # initial values at the upper end: time runs backwards
    squeezed, domain = Marching(None, X, DOMAIN, 1, 1.0)._squeezed(0.25)
    np.testing.assert_allclose(squeezed[:, 1], 0.75 + 0.25 * X[:, 1])
    assert domain[1] == (0.75, 1.0)


def test_marching_starts_lower_where_a_front_forms():
    def steep(u, u_t, u_x, u_xx):
        return u_t + u * u_x - 0.003 * u_xx

    model = regressor([START, *WALLS], steep)
    with pytest.warns(Warning):
        model.fit(collocation.uniform(DOMAIN, [30, 15]))
    assert model.history_[0]["loss"] < 0.5 * min(row["initial_loss"] for row in model.restarts_)


def test_marching_spends_no_more_than_its_share_of_the_budget(monkeypatch):
    spent, run = [], Marching.run

    def watched(self, rng, budget, until):
        found = run(self, rng, budget, until)
        spent.append((budget.share(), until))
        return found

    def steep(u, u_t, u_x, u_xx):
        return u_t + u * u_x - 0.003 * u_xx

    monkeypatch.setattr(Marching, "run", watched)
    monkeypatch.setattr("newtonreg.training.physics._BUDGET", 1e10)
    PhysicsRegressor(steep, [START, *WALLS], 12, variables=("x", "t"), random_state=0).fit(collocation.uniform(DOMAIN, [30, 15]))
    ((share, until),) = spent
    assert 0.1 < share < until + 0.05
