"""Where units start: what a draw depends on, and what it does not."""

import numpy as np
import pytest
from sklearn.base import clone

import newtonreg.initializers
from newtonreg import NewtonMLPRegressor
from newtonreg.bases import RadialGaussian, Tanh
from newtonreg.initializers import ForwardSelection, GivenUnits, Glorot, Knots, NguyenWidrow, SampledPairs, select_forward
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.training import draw_start

D, K, N = 2, 4, 24
RNG = np.random.default_rng(0)
GIVEN = RNG.normal(size=(D + 1, K))
DRAWN = [ForwardSelection(), Glorot(), Knots(), NguyenWidrow(), SampledPairs()]
FROM_WEIGHTS = [ForwardSelection(), Knots(), SampledPairs()]
ALL = [*DRAWN, GivenUnits(GIVEN)]
X, Y = RNG.normal(size=(D, N)), RNG.normal(size=(1, N))


def name_of(initializer):
    return type(initializer).__name__


def each(initializers):
    return pytest.mark.parametrize("initializer", initializers, ids=name_of)


def make_term(inputs, targets, weights=None, basis=None, xp=np):
    """A `Term` of four units."""
    weights = np.ones(inputs.shape[1]) if weights is None else weights
    inputs, targets, weights = (xp.asarray(np.asarray(a, dtype=float)) for a in (inputs, targets, weights))
    network = ShallowNetwork(basis or Tanh(), inputs.shape[0], K, targets.shape[0])
    return Term(network, inputs, targets, SquaredError(), weights)


def draw(initializer, term, seed=0):
    return initializer.units(term.network.basis, term, K, np.random.RandomState(seed))


# -- all of them -------------------------------------------------------------------------------------------------------------


def test_every_initializer_is_among_those_tested():
    exported = {cls for cls in vars(newtonreg.initializers).values() if isinstance(cls, type)}
    assert exported == {type(initializer) for initializer in ALL}


@each(ALL)
def test_an_initializer_is_a_value(initializer):
    copy = clone(initializer)
    assert copy is not initializer and repr(copy) == repr(initializer)
    before = repr(initializer)
    draw(initializer, make_term(X, Y))
    assert repr(initializer) == before and vars(initializer).keys() == initializer.get_params().keys()


@each(ALL)
def test_units_are_finite_and_hang_on_the_generator_alone(initializer):
    term = make_term(X, Y)
    units = draw(initializer, term)
    assert units.shape == (D + 1, K) and np.isfinite(units).all()
    np.testing.assert_array_equal(draw(clone(initializer), term), units)
    if getattr(initializer, "is_random", True):
        assert not np.array_equal(draw(initializer, term, seed=1), units)


@each(ALL)
def test_every_array_library_draws_the_same(xp, to_numpy, initializer):
    expected = draw(initializer, make_term(X, Y))
    np.testing.assert_allclose(to_numpy(draw(initializer, make_term(X, Y, xp=xp))), expected, rtol=1e-12, atol=1e-12)


@each([Knots(), ForwardSelection(), GivenUnits(RNG.normal(size=(2 * D, K)))])
def test_radial_units(xp, to_numpy, initializer):
    units = to_numpy(draw(initializer, make_term(X, Y, basis=RadialGaussian(), xp=xp)))
    assert units.shape == (2 * D, K) and np.isfinite(units).all()


@each(FROM_WEIGHTS)
def test_weights_equal_repetition(initializer):
    weights = np.arange(N) % 4
    weighted = draw(initializer, make_term(X, Y, weights))
    repeated = draw(initializer, make_term(np.repeat(X, weights, axis=1), np.repeat(Y, weights, axis=1)))
    np.testing.assert_allclose(weighted, repeated, rtol=1e-10, atol=1e-12)


@each(FROM_WEIGHTS)
def test_rows_of_weight_zero_are_never_drawn(initializer):
    weights = np.where(np.arange(N) % 3 == 0, 0.0, 1.0)
    wild_X, wild_Y = np.where(weights > 0.0, X, 1e3), np.where(weights > 0.0, Y, -1e6)
    expected = draw(initializer, make_term(X[:, weights > 0.0], Y[:, weights > 0.0]))
    np.testing.assert_allclose(draw(initializer, make_term(wild_X, wild_Y, weights)), expected, rtol=1e-10, atol=1e-12)


@each(FROM_WEIGHTS)
def test_the_order_of_rows_does_not_matter(initializer):
    order = RNG.permutation(N)
    shuffled = draw(initializer, make_term(X[:, order], Y[:, order]))
    np.testing.assert_allclose(shuffled, draw(initializer, make_term(X, Y)), rtol=1e-10, atol=1e-12)


@each(DRAWN)
@pytest.mark.parametrize("case", ["one constant feature", "all features constant", "constant targets", "one row"])
def test_data_that_say_little_give_no_error(initializer, case):
    inputs, targets = X.copy(), Y.copy()
    inputs[: {"one constant feature": 1, "all features constant": 2}.get(case, 0)] = 0.0
    if case == "constant targets":
        targets[:] = 0.0
    if case == "one row":
        inputs, targets = inputs[:, :1], targets[:, :1]
    term = make_term(inputs, targets)
    units = draw(initializer, term)
    assert units.shape == (D + 1, K) and np.isfinite(units).all()
    risk = EmpiricalRisk([term], np.zeros(term.network.n_params))
    assert np.isfinite(risk.at(draw_start(risk, initializer, np.random.RandomState(0))).value)


# -- each of them ------------------------------------------------------------------------------------------------------------


def test_knots_lie_at_data_points():
    units = draw(Knots(), make_term(X, Y))
    z = units[:-1].T @ X + units[-1][:, None]
    assert (np.abs(z).min(axis=1) < 1e-12).all()


def test_glorot_is_bounded_and_fills_its_range():
    drawn = Glorot().units(Tanh(), make_term(X, Y), 500, np.random.RandomState(0))
    bound = np.sqrt(6.0 / (D + 500))
    assert 0.97 * bound < np.abs(drawn).max() <= bound
    np.testing.assert_allclose(drawn.std(), bound / np.sqrt(3.0), rtol=0.05)


def test_nguyen_widrow_covers_the_box_evenly():
    low, high = X.min(axis=1), X.max(axis=1)
    units = draw(NguyenWidrow(), make_term(X, Y))
    # back to inputs in [-1, 1]: x = ((high - low) u + high + low) / 2
    weights = units[:-1] * (high - low)[:, None] / 2.0
    biases = units[-1] + units[:-1].T @ ((high + low) / 2.0)
    np.testing.assert_allclose(np.linalg.norm(weights, axis=0), 2.0 * 0.7 * K ** (1.0 / D), rtol=1e-12)
    np.testing.assert_allclose(np.abs(biases) / np.linalg.norm(weights, axis=0), [1.0, 1 / 3, 1 / 3, 1.0], rtol=1e-9)


def _unit_of_a_pair(unit):
    """Whether a ridge unit is -½ and ½ at two of the data points, with a weight along their difference."""
    for i in range(N):
        for j in range(N):
            way = X[:, j] - X[:, i]
            if i != j and abs(unit[0] * way[1] - unit[1] * way[0]) < 1e-9 * np.linalg.norm(unit[:2]) * np.linalg.norm(way):
                values = np.tanh(unit[:2] @ X[:, [i, j]] + unit[2])
                if np.abs(values - [-0.5, 0.5]).max() < 1e-9:
                    return True
    return False


def test_sampled_pairs_rise_by_half_their_range_between_two_points():
    assert all(_unit_of_a_pair(unit) for unit in draw(SampledPairs(), make_term(X, Y)).T)


def test_sampled_pairs_prefer_where_the_targets_are_steep():
    x = np.linspace(-1.0, 1.0, 200)[None, :]
    step = np.tanh(x / 0.02)
    units = SampledPairs(n_pairs=20).units(Tanh(), make_term(x, step), 200, np.random.RandomState(0))
    flat = SampledPairs(n_pairs=20).units(Tanh(), make_term(x, 0.0 * x), 200, np.random.RandomState(0))
    straddle, by_chance = (np.mean(np.abs(u[1] / u[0]) < np.arctanh(0.5) / np.abs(u[0])) for u in (units, flat))
    assert straddle > 0.9 > 0.7 > by_chance


def _best_by_force(candidates, targets, weights, n_select, kept):
    """Greedy least squares in plain NumPy: every candidate is tried, by `lstsq`."""
    root, chosen = np.sqrt(weights)[:, None], []

    def error(indices):
        design = np.vstack([np.ones(candidates.shape[1]), kept, candidates[indices]]).T * root
        rest = targets.T * root
        return np.sum((rest - design @ np.linalg.lstsq(design, rest, rcond=None)[0]) ** 2)

    for _ in range(n_select):
        left = [k for k in range(candidates.shape[0]) if k not in chosen]
        chosen.append(min(left, key=lambda k: error([*chosen, k])))
    return chosen


@pytest.mark.parametrize("n_kept", [0, 3])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_forward_selection_agrees_with_brute_force(xp, n_kept, n_outputs):
    rng = np.random.default_rng(10 * n_kept + n_outputs)
    candidates, targets, kept = (rng.normal(size=(r, 30)) for r in (12, n_outputs, n_kept))
    weights = rng.uniform(0.2, 2.0, 30)
    chosen = select_forward(*map(xp.asarray, (candidates, targets, weights)), 5, kept=xp.asarray(kept))
    assert chosen == _best_by_force(candidates, targets, weights, 5, kept)


def test_forward_selection_never_takes_what_it_has():
    rng = np.random.default_rng(1)
    candidates, kept = rng.normal(size=(3, 30)), rng.normal(size=(2, 30))
    # copies, multiples, constants and sums of what is there
    pool = np.vstack([candidates, 2.0 * candidates, np.ones((2, 30)), kept[:1] - 3.0 * candidates[:1] + 1.0, kept])
    chosen = select_forward(pool, rng.normal(size=(1, 30)), np.ones(30), 11, kept=kept)
    assert len(chosen) == 3 and {k % 3 for k in chosen if k < 6} | {0 for k in chosen if k == 8} == {0, 1, 2}


def test_forward_selection_finds_the_units_that_made_the_targets():
    rng = np.random.default_rng(2)
    candidates = np.tanh(rng.normal(size=(40, 1)) * rng.normal(size=(1, 60)) + rng.normal(size=(40, 1)))
    targets = 3.0 * candidates[7:8] + 0.5
    chosen = select_forward(candidates, targets, np.ones(60), 5)
    assert chosen[0] == 7 and len(set(chosen)) == 5


def test_given_units_are_returned_as_they_are(xp, to_numpy):
    np.testing.assert_array_equal(to_numpy(draw(GivenUnits(GIVEN.tolist()), make_term(X, Y, xp=xp))), GIVEN)
    with pytest.raises(ValueError, match=r"init has shape \(3, 3\); 4 units of 2 features need \(3, 4\)"):
        draw(GivenUnits(GIVEN[:, :3]), make_term(X, Y))


# -- through the estimator ---------------------------------------------------------------------------------------------------


class Data:
    X, y = X.T, Y[0] + X[0]


def fit(**parameters):
    parameters = {"hidden_layer_sizes": K, "alpha": 0.1, "max_iter": 2, "n_restarts": 1, **parameters}
    return NewtonMLPRegressor(random_state=0, solver="trust-region", **parameters).fit(Data.X, Data.y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("initializer", DRAWN, ids=name_of)
def test_a_name_means_the_object(initializer):
    by_name, by_object = fit(init=initializer.name), fit(init=initializer)
    np.testing.assert_array_equal(by_name.units_, by_object.units_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fit_starts_at_the_units_it_is_given():
    model = NewtonMLPRegressor(K, alpha=0.1, random_state=0).fit(Data.X, Data.y)
    again = NewtonMLPRegressor(K, alpha=0.1, random_state=1, init=model.units_).fit(Data.X, Data.y)
    assert again.loss_ <= model.loss_ * (1.0 + 1e-6)
    assert len(again.restarts_) == 1
    as_list = NewtonMLPRegressor(K, alpha=0.1, random_state=2, init=model.units_.tolist()).fit(Data.X, Data.y)
    np.testing.assert_array_equal(as_list.units_, again.units_)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"init": "random"}, "init='random' is unknown; pass one of 'auto', 'forward-selection'"),
        ({"init": None}, "init=None is unknown"),
        ({"init": 3}, "init=3 is unknown"),
        ({"init": Glorot}, r"init=Glorot is a class; pass an object: Glorot\(\)"),
        ({"init": "glorot", "activation": "radial"}, "init='glorot' is for ridge functions, and activation=RadialGaussian"),
        ({"init": NguyenWidrow(), "activation": "radial"}, r"init=NguyenWidrow\(\) is for ridge functions"),
        ({"init": SampledPairs(), "activation": "radial"}, r"init=SampledPairs\(\) is for ridge functions"),
        ({"init": GIVEN[:, :2]}, r"init has shape \(3, 2\); 4 units of 2 features need \(3, 4\)"),
        ({"init": GIVEN, "activation": "radial"}, r"init has shape \(3, 4\); 4 units of 2 features need \(4, 4\)"),
        ({"init": [1.0, 2.0]}, r"init has shape \(2,\)"),
        pytest.param(
            {"init": np.where(GIVEN[0, 0] == GIVEN, np.nan, GIVEN)},
            "init",
        ),
        pytest.param(
            {"init": [["a"] * K] * 3},
            "init",
        ),
        pytest.param(
            {"init": [[1.0, 2.0], [3.0]]},
            "init",
        ),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:40],
)
def test_a_bad_start_is_named_before_any_work(monkeypatch, parameters, message):
    # whoever evaluates a network has begun to work
    monkeypatch.setattr(ShallowNetwork, "at", None)
    with pytest.raises((ValueError, FloatingPointError), match=message):
        fit(**parameters)


def test_given_units_and_evidence_on_noisy_data():
    x = np.linspace(-1.0, 1.0, 40)[:, None]
    y = np.sin(3.0 * x[:, 0]) + 0.3 * np.random.RandomState(0).normal(size=40)
    model = NewtonMLPRegressor(K, init=np.random.RandomState(1).normal(size=(2, K)), random_state=0).fit(x, y)
    assert model.score(x, y) > 0.5
