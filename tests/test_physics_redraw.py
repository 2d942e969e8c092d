"""Newton's method in function space on units that are drawn anew: which problems it is for, its steps, what it reaches."""

import pickle
import warnings

import autograd.numpy as anp
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from newtonreg import PhysicsRegressor
from newtonreg.estimators._physics_redraw import Redrawing, _denser, _shares
from newtonreg.estimators._physics_setup import set_up
from newtonreg.physics import Data, Dirichlet, Initial, Periodic, collocation
from newtonreg.training import PhysicsOpening, Quasilinearization

DOMAIN = [(-1.0, 1.0), (0.0, 1.0)]
START = Initial({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0]))
WALLS = [Dirichlet({"x": -1.0}), Dirichlet({"x": 1.0})]


def burgers(u, u_t, u_x, u_xx):
    return u_t + u * u_x - 0.02 * u_xx


def regressor(conditions, operator=burgers, width=12, **settings):
    return PhysicsRegressor(operator, conditions, width, variables=("x", "t"), random_state=0, **settings)


def exact(X):
    """Of u_t + u u_x = ν u_xx: a front that travels, a shock of viscosity 0.02."""
    return 0.5 - 0.5 * anp.tanh((X[:, 0] - 0.5 * X[:, 1]) / 0.08)


TRAVELLING = [Initial({"t": 0.0}, exact), Dirichlet({"x": -1.0}, exact), Dirichlet({"x": 1.0}, exact)]


@pytest.fixture
def asked(monkeypatch):
    """Whether the opening of each fit had units to draw anew."""
    answers, begin = [], PhysicsOpening.__init__

    def recorded(self, *args):
        begin(self, *args)
        answers.append(self.redrawing is not None)

    monkeypatch.setattr(PhysicsOpening, "__init__", recorded)
    return answers


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("conditions", "source", "weights", "opens"),
    [
        ([START, *WALLS], None, None, True),
        ([Dirichlet({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0])), *WALLS], None, None, True),
        ([START, *WALLS], lambda X: X[:, 0], None, True),
        ([START, *WALLS, Data([[0.0, 0.5]], [0.0])], None, None, False),
        ([START, Dirichlet({"x": -1.0}, how="exact"), WALLS[1]], None, None, False),
        ([START, *WALLS], None, np.arange(1.0, 61.0), False),
    ],
    ids=["evolution", "no initial values", "source", "data", "exact", "weights"],
)
def test_which_problems_are_open(conditions, source, weights, opens, asked):
    regressor(conditions, source=source, max_iter=3).fit(collocation.uniform(DOMAIN, [10, 6]), sample_weight=weights)
    assert asked == [opens]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_targets_known_at_points_alone_close_it(asked):
    X = collocation.uniform(DOMAIN, [10, 6])
    regressor([START, *WALLS], max_iter=3).fit(X, 0.1 * X[:, 0])
    assert asked == [False]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_wide_networks_solve_a_front_and_narrow_ones_move_their_units():
    X = collocation.uniform(DOMAIN, [60, 20])
    wide = regressor(TRAVELLING, width=400, max_iter=2).fit(X)
    assert isinstance(wide.solver_, Quasilinearization)
    assert wide.units_.shape == (3, 400)
    grid = collocation.uniform(DOMAIN, [101, 51])
    assert np.linalg.norm(wide.predict(grid) - exact(grid)) < 1e-3 * np.linalg.norm(exact(grid))
    narrow = regressor(TRAVELLING, width=20, max_iter=2).fit(X)
    assert not isinstance(narrow.solver_, Quasilinearization)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_is_the_same_again_and_the_best_of_its_trials_is_kept():
    X = collocation.uniform(DOMAIN, [40, 20])
    first, second = (regressor(TRAVELLING, width=400, max_iter=3).fit(X) for _ in range(2))
    np.testing.assert_array_equal(first.params_, second.params_)
    assert first.loss_ == min(first.loss_curve_)
    copied = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copied.predict(X), first.predict(X))
    assert repr(copied.solver_) == repr(first.solver_)


def test_named_solvers_and_own_units_are_not_replaced():
    X = collocation.uniform(DOMAIN, [10, 6])
    for settings in ({"solver": "levenberg-marquardt"}, {"init": np.ones((3, 400))}):
        with pytest.warns(Warning):
            model = regressor([START, *WALLS], width=400, max_iter=1, **settings).fit(X)
        assert not isinstance(model.solver_, Quasilinearization)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_hard_conditions_systems_and_sources():
    """u_t = v + 1 − t, v_t = −u + x with hard walls of neither; u and v known."""

    def system(u, v, u_t, v_t):
        return u_t - v * (1.0 + 0.0 * u), v_t + u

    conditions = [
        Initial({"t": 0.0}, lambda X: np.sin(X[:, 0]), how="hard"),
        Initial({"t": 0.0}, lambda X: np.cos(X[:, 0]), output="v"),
    ]
    X = collocation.uniform(DOMAIN, [30, 20])
    model = regressor(conditions, system, 400, outputs=("u", "v"), max_iter=1, source=lambda X: np.zeros((len(X), 2))).fit(X)
    assert isinstance(model.solver_, Quasilinearization)
    truth = np.stack([np.sin(X.sum(axis=1)), np.cos(X.sum(axis=1))], axis=1)
    np.testing.assert_allclose(model.predict(X), truth, atol=1e-5)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_elliptic_equations_are_solved_at_once():
    """Δu = u³ + f."""

    def residual(x, u, u_xx, u_yy):
        return u_xx + u_yy - u**3

    def solution(X):
        return np.sin(np.pi * X[:, 0]) * np.sin(np.pi * X[:, 1])

    def source(X):
        return -2.0 * np.pi**2 * solution(X) - solution(X) ** 3

    X = collocation.uniform([(0.0, 1.0)] * 2, 30)
    model = PhysicsRegressor(residual, Dirichlet("boundary"), 400, source=source, random_state=0, max_iter=2).fit(X)
    np.testing.assert_allclose(model.predict(X), solution(X), atol=1e-6)


def test_intervals_grow_to_the_whole():
    shares = list(_shares(True))
    assert shares[0] == 0.1 and shares[-1] == 1.0 and (np.diff(shares) > 0.0).all()
    assert max(b / a for a, b in zip(shares, shares[1:], strict=False)) < 1.3 + 1e-9
    assert list(_shares(False)) == [1.0]


def test_time_may_run_backwards():
    conditions = [Initial({"t": 1.0}, exact)]

    def backwards(u, u_t, u_x):
        return u_t + 0.5 * u_x * (1.0 + 0.0 * u)

    X = collocation.uniform(DOMAIN, [40, 20])
    with pytest.warns(Warning):
        model = regressor([*conditions, Dirichlet({"x": 1.0}, exact)], backwards, 400, max_iter=1).fit(X)
    assert np.abs(model.predict(X) - exact(X)).max() < 0.02


def test_conditions_are_asked_more_densely_where_their_values_are_known():
    assert _denser(WALLS[0], 400, 2).n_points == 200
    assert _denser(WALLS[0], 400, 3).n_points == 15
    given = Initial({"t": 0.0}, [np.zeros(5)], n_points=5)
    assert _denser(given, 400, 2) is given
    assert _denser(Periodic("x", n_points=500), 400, 2).n_points == 500


def test_a_spent_budget_skips_intervals(monkeypatch):
    seen, step = [], Redrawing._step

    def watched(self, solution, domain, *others):
        seen.append(domain[1][1])
        return step(self, solution, domain, *others)

    monkeypatch.setattr(Redrawing, "_step", watched)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        regressor(TRAVELLING, width=400, max_time=0.1).fit(collocation.uniform(DOMAIN, [20, 10]))
    assert len(set(seen)) < 6 and seen[-1] == 1.0


@pytest.mark.filterwarnings("ignore:The equation has derivatives:UserWarning")
@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (TRAVELLING, (1, 0.0)),
        ([*TRAVELLING, Dirichlet({"t": 1.0}, exact)], None),
        ([*TRAVELLING, Dirichlet({"t": 1.0}, exact, how="hard")], None),
        ([Initial({"t": 0.5}, exact), *TRAVELLING[1:]], None),
        (TRAVELLING[1:], None),
    ],
    ids=["evolution", "also at the end", "hard at the end", "in the middle", "none"],
)
def test_which_problems_have_a_time(conditions, expected):
    X = collocation.uniform(DOMAIN, 5)
    setup = set_up(regressor(conditions), X)
    assert Redrawing(None, setup, None, None)._time == expected


@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")
def test_an_equation_that_ceases_to_be_finite_says_so():
    def residual(u, u_t, u_x):
        return u_t + u_x + anp.exp(50.0 * u * u) - 1.0

    model = regressor(TRAVELLING, residual, 400, max_iter=1)
    with pytest.raises(FloatingPointError, match="damped"):
        model.fit(collocation.uniform(DOMAIN, [20, 10]))


def test_a_source_that_is_not_finite_between_the_points_is_named():
    X = collocation.uniform(DOMAIN, [20, 10])

    def source(points):
        return np.where(np.isin(points[:, 0], X[:, 0]), points[:, 0], np.nan)

    with pytest.raises(ValueError, match=r"source\(X\) contains NaN or infinity, inside the domain: at \["):
        regressor(TRAVELLING, width=400, source=source).fit(X)
