"""What an estimator says of noise, penalties and its own uncertainty."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.training import Posterior, budget, opening, rules

RNG = np.random.RandomState(0)
X1 = np.linspace(-1.0, 1.0, 100)[:, None]
WAVE = np.sin(2.0 * np.pi * X1[:, 0])
NOISE = 0.1 * RNG.normal(size=100)
X2 = RNG.normal(size=(50, 2))
Y2 = np.column_stack([np.sin(X2[:, 0]), 20.0 * X2[:, 1]]) + [0.2, 4.0] * RNG.normal(size=(50, 2))
PENALTIES = [0.05, 0.1, 0.02, 0.3]
SMALL = {"hidden_layer_sizes": 3, "random_state": 0, "n_restarts": 1}


def penalized(y, **parameters):
    """A small fit under four given penalties."""
    return NewtonMLPRegressor(alpha=PENALTIES, store_covariance=True, **{**SMALL, **parameters}).fit(X2, y)


def jacobians(model, X):
    """d f_j(x_i) / d params of a tanh network in plain NumPy, (m, n, p), standardized; units row by row, then outer."""
    Z = np.column_stack([(X - X2.mean(axis=0)) / X2.std(axis=0), np.ones(len(X))])
    hidden = np.tanh(Z @ model.units_)
    scale = (Y2 if model.n_outputs_ == 2 else Y2[:, :1]).std(axis=0)
    coefs = model.coefs_[1] / scale
    extended = np.column_stack([hidden, np.ones(len(X))])
    rows = []
    for j in range(model.n_outputs_):
        inner = Z[:, :, None] * ((1.0 - hidden**2) * coefs[:, j])[:, None, :]
        outer = [extended if i == j else 0.0 * extended for i in range(model.n_outputs_)]
        rows.append(np.column_stack([inner.reshape(len(X), -1), *outer]))
    return np.stack(rows), scale


@pytest.fixture(params=[1, 2], ids=["one output", "two outputs"], scope="module")
def fitted(request):
    y = Y2[:, 0] if request.param == 1 else Y2
    return penalized(y), y.reshape(50, -1)


# -- posterior ---------------------------------------------------------------------------------------------------------------


def test_deviations_agree_with_explicit_linear_algebra(fitted):
    model, y = fitted
    m = y.shape[1]
    J, scale = jacobians(model, X2)
    R = np.concatenate([np.repeat(PENALTIES[:3], 3), np.tile([PENALTIES[3]] * 3 + [0.0], m)])
    A = sum(Jj.T @ Jj for Jj in J) + np.diag(R)
    residual = (y - model.predict(X2).reshape(y.shape)) / scale
    gamma = np.sum(np.diag(np.linalg.inv(A) @ (A - np.diag(R))))
    noise = np.sum(residual**2) / (50 * m - gamma)
    np.testing.assert_allclose(model.alpha_, PENALTIES, rtol=1e-12)
    np.testing.assert_allclose(model.effective_n_params_, gamma, rtol=1e-6)
    np.testing.assert_allclose(model.noise_std_, noise**0.5 * scale, rtol=1e-6)
    np.testing.assert_allclose(model.covariance_, noise * np.linalg.inv(A), rtol=1e-5, atol=1e-8)
    fresh = 2.0 * np.random.RandomState(1).normal(size=(20, 2))
    J, _ = jacobians(model, fresh)
    expected = np.sqrt(np.einsum("mnp,pq,mnq->nm", J, model.covariance_, J)) * scale
    _, std = model.predict(fresh, return_std="mean")
    np.testing.assert_allclose(std.reshape(20, m), expected, rtol=1e-6)


def test_covariance_is_symmetric_and_positive_semidefinite(fitted):
    covariance = fitted[0].covariance_
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-9, atol=1e-14)
    assert np.linalg.eigvalsh(covariance).min() > -1e-12 * np.abs(covariance).max()


def test_a_new_observation_has_the_noise_on_top(fitted):
    model, y = fitted
    mean, with_noise = model.predict(X2, return_std=True)
    same, without = model.predict(X2, return_std="mean")
    np.testing.assert_array_equal(mean, same)
    np.testing.assert_array_equal(mean, model.predict(X2))
    assert with_noise.shape == without.shape == mean.shape
    assert (without <= with_noise).all() and (without > 0.0).all()
    excess = (with_noise**2 - without**2).reshape(y.shape)
    np.testing.assert_allclose(excess, np.broadcast_to(model.noise_std_**2, excess.shape), rtol=1e-8)


def test_draws_have_the_mean_and_the_deviation_that_predict_says(fitted):
    model, y = fitted
    rows, n = X2[:6], 4000
    drawn = model.sample_y(rows, n, random_state=0)
    assert drawn.shape == ((6, n) if y.shape[1] == 1 else (6, 2, n))
    mean, std = model.predict(rows, return_std=True)
    # six standard errors
    assert (np.abs(drawn.mean(axis=-1) - mean) < 6.0 * std / n**0.5).all()
    np.testing.assert_allclose(drawn.std(axis=-1), std, rtol=6.0 / (2.0 * n) ** 0.5)
    np.testing.assert_array_equal(model.sample_y(rows, 3, random_state=1), model.sample_y(rows, 3, random_state=1))
    assert not np.array_equal(model.sample_y(rows, 3, random_state=1), model.sample_y(rows, 3, random_state=2))


def test_far_from_the_data_less_is_known():
    model = NewtonMLPRegressor(4, alpha=1e-3, n_restarts=1, random_state=0).fit(X1, WAVE + NOISE)
    _, std = model.predict([[0.0], [0.5], [1.5], [2.5]], return_std="mean")
    assert std[2] > 3.0 * std[:2].max() and std[3] > 3.0 * std[:2].max()


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_deviations_have_the_unit_of_y(factor):
    small, large = penalized(Y2[:, 0]), penalized(factor * Y2[:, 0] + factor)
    np.testing.assert_allclose(large.noise_std_, factor * small.noise_std_, rtol=1e-5)
    np.testing.assert_allclose(large.effective_n_params_, small.effective_n_params_, rtol=1e-5)
    np.testing.assert_allclose(large.log_evidence_, small.log_evidence_, rtol=1e-5)
    for kind in (True, "mean"):
        (_, one), (_, other) = (model.predict(X2, return_std=kind) for model in (small, large))
        np.testing.assert_allclose(other, factor * one, rtol=1e-4)


def test_weights_equal_repetition():
    weights = RNG.randint(0, 3, size=50)
    parameters = {"alpha": 0.1, **SMALL}
    one = NewtonMLPRegressor(**parameters).fit(X2, Y2[:, 0], sample_weight=weights)
    other = NewtonMLPRegressor(**parameters).fit(np.repeat(X2, weights, axis=0), np.repeat(Y2[:, 0], weights))
    for name in ("noise_std_", "effective_n_params_", "alpha_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-6)
    np.testing.assert_allclose(one.predict(X2, True)[1], other.predict(X2, True)[1], rtol=1e-5)


def test_float32_inputs_have_float32_deviations():
    model = NewtonMLPRegressor(alpha=PENALTIES, store_covariance=True, **SMALL).fit(X2.astype(np.float32), Y2[:, 0])
    assert model.noise_std_.dtype == model.alpha_.dtype == np.float32
    prediction, std = model.predict(X2.astype(np.float32), return_std=True)
    assert prediction.dtype == std.dtype == model.sample_y(X2.astype(np.float32)).dtype == np.float32


def test_a_covariance_is_in_float64():
    # strong penalties leave the free biases of dead units undetermined, with variances beyond float32
    model = NewtonMLPRegressor(alpha=1000.0, store_covariance=True, **SMALL).fit(X2.astype(np.float32), Y2[:, 0])
    assert model.covariance_.dtype == np.float64 and np.isfinite(model.covariance_).all()


def test_without_a_penalty_there_are_deviations_but_no_evidence():
    model = NewtonMLPRegressor(alpha=0.0, max_iter=60, **SMALL)
    with pytest.warns(UserWarning):
        model.fit(X2, Y2[:, 0])
    _, std = model.predict(X2, return_std=True)
    assert np.isfinite(std).all() and (std >= model.noise_std_).all()
    assert np.isnan(model.log_evidence_) and model.effective_n_params_ == pytest.approx(13, abs=0.1)


# -- what cannot be asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["std", None, 2, [True], "True"])
def test_an_unknown_kind_of_deviation_is_named(fitted, value):
    with pytest.raises(ValueError, match="return_std=.* is unknown; pass False, True or 'mean'"):
        fitted[0].predict(X2, return_std=value)


@pytest.mark.parametrize(("value", "same_as"), [(np.True_, True), (1, True), (np.False_, False), (0, False)], ids=repr)
def test_other_truths_mean_the_same(fitted, value, same_as):
    np.testing.assert_array_equal(fitted[0].predict(X2, return_std=value), fitted[0].predict(X2, return_std=same_as))


def test_counts_have_no_standard_deviation():
    model = NewtonMLPRegressor(loss="poisson", alpha=0.1, **SMALL).fit(X2, np.round(np.exp(X2[:, 0])))
    assert not hasattr(model, "noise_std_") and 0.0 < model.effective_n_params_ <= 13.0
    for ask in (lambda: model.predict(X2, return_std=True), lambda: model.sample_y(X2)):
        with pytest.raises(ValueError, match="loss='poisson' predicts no standard deviation"):
            ask()
    assert model.predict(X2, return_std=False).shape == (50,)


@pytest.mark.parametrize("value", [0, 1.5, "many", True, None])
def test_the_number_of_draws_is_checked(fitted, value):
    with pytest.raises(ValueError, match=f"n_samples={value!r} must be an integer >= 1"):
        fitted[0].sample_y(X2, n_samples=value)


def test_a_large_posterior_is_kept_only_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("newtonreg.estimators._outcome._POSTERIOR_UP_TO", 10)
    model = NewtonMLPRegressor(alpha=PENALTIES, **SMALL).fit(X2, Y2[:, 0])
    assert not hasattr(model, "noise_std_") and not hasattr(model, "covariance_")
    with pytest.raises(ValueError, match=r"13 parameters was not kept, or is not finite. Fit with store_covariance=True"):
        model.predict(X2, return_std=True)
    assert penalized(Y2[:, 0]).predict(X2, return_std=True)[1].shape == (50,)


def test_a_covariance_that_cannot_be_kept_is_warned_of(monkeypatch):
    monkeypatch.setattr(Posterior, "at", lambda *arguments: None)
    with pytest.warns(ConvergenceWarning, match="no covariance_, because the matrix of the 13 parameters is not finite"):
        model = penalized(Y2[:, 0])
    assert not hasattr(model, "covariance_") and np.isfinite(model.predict(X2)).all()
    with pytest.raises(ValueError, match="or is not finite"):
        model.predict(X2, return_std=True)


BAD = [
    *[({"max_time": value}, rf"max_time={value!r} must be a number in \(0, inf\)") for value in (0, -1.0, np.nan, np.inf)],
    *[({"max_time": value}, "max_time=.* must be a number") for value in ("1", True, [1.0])],
    *[
        ({"n_restarts": value}, f"n_restarts={value!r} must be an integer >= 1, or 'auto'")
        for value in (0, -2, 1.5, "many", True, None)
    ],
    *[({"alpha": value}, f"alpha={value!r} must be a number") for value in (-0.1, np.nan, np.inf, "Evidence", "", True, None)],
    *[({"alpha": value}, "alpha=.* must be a number") for value in ([], [1.0, -1.0, 1.0, 1.0], [1.0, "a", 1.0, 1.0], [[1.0]])],
    # a mapping or a set has no order
    *[({"alpha": value}, "alpha=.* must be a number") for value in ({0.1: 1.0}, {0.1}, {0.1: 1, 1.0: 1, 2.0: 1, 3.0: 1})],
    *[
        ({"hidden_layer_sizes": value}, "hidden_layer_sizes=.* must be an integer >= 1, one for each hidden layer, or 'auto'")
        for value in ({3}, {3: 1}, (), (5, 0), (5, 2.5), ("a",), (5, "auto"))
    ],
    *[({"init": value}, f"init={value!r} is unknown; .*, or an array of units") for value in (None, 3, "random")],
    *[({"alpha": [1.0] * n}, f"alpha=.* has {n} entries and the network 4 groups") for n in (1, 3, 5)],
    ({"alpha": [1.0] * 4, "activation": "radial"}, "alpha=.* has 4 entries and the network 5 groups"),
    *[
        ({"hidden_layer_sizes": value}, f"hidden_layer_sizes={value!r} must be an integer >= 1")
        for value in ("large", "", "5", None, True, 0, -1, 2.5, "auto,5")
    ],
    *[({"store_covariance": value}, f"store_covariance={value!r} must be True or False") for value in (1, "yes", None)],
]


@pytest.mark.parametrize(("parameters", "message"), BAD, ids=lambda value: str(value) if isinstance(value, dict) else "")
def test_a_bad_parameter_is_named_before_any_work(monkeypatch, parameters, message):
    monkeypatch.setattr("newtonreg.networks.ShallowNetwork.at", None)
    for make, y in ((NewtonMLPRegressor, Y2[:, 0]), (NewtonMLPClassifier, Y2[:, 0] > 0.0)):
        with pytest.raises(ValueError, match=message):
            make(**{"hidden_layer_sizes": 3, **parameters}).fit(X2, y)


@pytest.mark.parametrize("parameters", [{"alpha": np.array(0.1)}, {"hidden_layer_sizes": np.array(3)}], ids=str)
def test_an_array_of_one_number_is_a_number_or_named(parameters):
    try:
        NewtonMLPRegressor(**{"hidden_layer_sizes": 3, "alpha": 0.1, **parameters}).fit(X2, Y2[:, 0])
    except ValueError as error:
        assert next(iter(parameters)) in str(error)


# -- penalties by the evidence -----------------------------------------------------------------------------------------------


def test_clean_data_keep_their_digits():
    model = NewtonMLPRegressor(6, random_state=0).fit(X1, WAVE)
    fresh = np.random.RandomState(1).uniform(-1.0, 1.0, 300)[:, None]
    assert np.sqrt(np.mean((model.predict(fresh) - np.sin(2.0 * np.pi * fresh[:, 0])) ** 2)) < 1e-4
    assert np.sqrt(np.mean((model.predict(X1) - WAVE) ** 2)) < 1e-5
    assert model.noise_std_[0] < 1e-4 and model.alpha_.max() < 1e-6


@pytest.mark.parametrize("width", [4, "auto"])
def test_noise_is_estimated_and_not_fitted(width):
    model = NewtonMLPRegressor(width, random_state=0).fit(X1, WAVE + NOISE)
    assert abs(model.noise_std_[0] / NOISE.std() - 1.0) < 0.3
    assert np.sqrt(np.mean((model.predict(X1) - WAVE) ** 2)) < 0.7 * NOISE.std()
    p = 3 * model.units_.shape[1] + 1
    assert 3.0 < model.effective_n_params_ < p and model.units_.shape[0] == 2
    assert np.isfinite(model.log_evidence_) and (model.alpha_ > 0.0).all()
    # most truths lie where they should
    mean, std = model.predict(X1, return_std="mean")
    assert np.mean(np.abs(mean - WAVE) < 3.0 * std) > 0.8
    # those of many draws that the evidence chose among
    assert all(np.isfinite(row["loss"]) for row in model.restarts_) and len(model.restarts_) > 4


def test_the_evidence_does_not_depend_on_the_unit_of_y():
    scale = 1e6
    named = {"solver": "trust-region", "random_state": 0}
    one, other = (NewtonMLPRegressor(4, **named).fit(X1, s * (WAVE + NOISE)) for s in (1.0, scale))
    np.testing.assert_allclose(other.noise_std_, scale * one.noise_std_, rtol=1e-2)
    np.testing.assert_allclose(other.predict(X1), scale * one.predict(X1), rtol=1e-2, atol=1e-2 * scale)


def test_a_feature_that_says_nothing_is_switched_off():
    rng = np.random.RandomState(2)
    X = rng.normal(size=(80, 2))
    y = np.tanh(2.0 * X[:, 0]) + 0.2 * rng.normal(size=80)
    model = NewtonMLPRegressor(3, random_state=0).fit(X, y)
    assert model.alpha_.shape == (4,) and model.alpha_[1] > 100.0 * model.alpha_[0]


def test_evidence_of_a_classifier():
    labels = (X2[:, 0] + 0.3 * np.random.RandomState(0).normal(size=50) > 0.0).astype(int)
    model = NewtonMLPClassifier(3, alpha="evidence", random_state=0).fit(X2, labels)
    assert (model.alpha_ > 0.0).all() and np.isfinite(model.log_evidence_) and not hasattr(model, "noise_std_")
    assert 0.0 < model.effective_n_params_ <= 13.0 and model.score(X2, labels) > 0.85


def test_settling_does_not_throw_evidence_away(monkeypatch):
    monkeypatch.setattr(rules, "_BUDGET", 4e10)
    rng = np.random.RandomState(0)
    rng.normal(size=100)
    X = rng.normal(size=(60, 2))
    y = X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=60)
    model = NewtonMLPRegressor(4, random_state=0).fit(X, y)
    assert model.log_evidence_ > max(row["log_evidence"] for row in model.restarts_) - 1.0


# -- budgets, interruption, continuation -------------------------------------------------------------------------------------


def test_a_fit_ends_with_the_best_so_far_when_its_time_is_over(monkeypatch):
    ticks = iter(range(10**7))
    monkeypatch.setattr(budget, "time", type("Clock", (), {"perf_counter": staticmethod(lambda: float(next(ticks)))}))
    model = NewtonMLPRegressor(4, random_state=0, max_time=100.0).fit(X1, WAVE + NOISE)
    # a look at the clock a trial, at least
    assert next(ticks) < 200 and model.score(X1, WAVE) > 0.5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", [{}, {"n_restarts": 2}, {"alpha": 0.1, "n_restarts": 3}], ids=str)
def test_few_trials_are_few(parameters):
    model = NewtonMLPRegressor(3, random_state=0, max_iter=4, **parameters).fit(X2, Y2[:, 0])
    assert model.n_iter_ <= 4 and np.isfinite(model.predict(X2)).all()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_few_trials_are_few_with_automatic_restarts():
    assert NewtonMLPRegressor(3, random_state=0, alpha=0.1, max_iter=4).fit(X2, Y2[:, 0]).n_iter_ <= 4


def test_restarts_are_as_many_as_asked_for():
    for n_restarts in (2, 5):
        model = NewtonMLPRegressor(3, alpha=0.1, random_state=0, n_restarts=n_restarts).fit(X2, Y2[:, 0])
        assert len(model.restarts_) == n_restarts
        assert model.loss_ <= min(row["loss"] for row in model.restarts_) * (1.0 + 1e-9)


def test_control_c_while_searching_keeps_the_first_look(monkeypatch):
    follow, looked = opening.follow_evidence, []

    def interrupted(course, *arguments, **keywords):
        # a look that is short of trials gets a second turn
        if looked and looked[-1] is not course:
            raise KeyboardInterrupt
        looked.append(course)
        return follow(course, *arguments, **keywords)

    monkeypatch.setattr(opening, "follow_evidence", interrupted)
    model = NewtonMLPRegressor(3, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X2, Y2[:, 0])
    np.testing.assert_array_equal(model.units_.ravel(), looked[0].best.params[:9])
    assert model.status_.name == "INTERRUPTED" and model.score(X2, Y2[:, 0]) > 0.5
    assert np.isfinite(model.predict(X2, return_std=True)[1]).all()


def test_control_c_while_searching_on_some_rows_keeps_something(monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(opening, "follow_evidence", interrupt)
    X = np.linspace(-1.0, 1.0, 2100)[:, None]
    model = NewtonMLPRegressor(2, random_state=0)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, np.sin(3.0 * X[:, 0]))
    assert np.isfinite(model.predict(X)).all()


def test_a_warm_start_goes_on_under_the_penalties_it_found():
    # a start whose penalties come to rest: others end where settling would throw evidence away
    parameters = {"solver": "trust-region", "random_state": 7, "warm_start": True}
    model = NewtonMLPRegressor(3, **parameters).fit(X2, Y2[:, 0])
    before, n_iter = model.log_evidence_, model.n_iter_
    alpha = model.alpha_.copy()
    model.fit(X2, Y2[:, 0])
    assert model.n_iter_ < n_iter
    assert model.log_evidence_ == pytest.approx(before, abs=0.2)
    off = alpha > 1e4
    np.testing.assert_allclose(np.log(model.alpha_[~off]), np.log(alpha[~off]), atol=0.1)


@pytest.mark.parametrize("first", [{"alpha": 0.1}, {"alpha": [0.1, 0.1, 0.0, 0.1]}], ids=str)
def test_evidence_after_a_fit_with_a_free_group(first):
    model = NewtonMLPRegressor(**{**SMALL, **first, "warm_start": True}).fit(X2, Y2[:, 0])
    model.set_params(alpha="evidence").fit(X2, Y2[:, 0])
    assert (model.alpha_ > 0.0).all()


def test_a_warm_start_after_a_clean_fit():
    X = np.linspace(-1.0, 1.0, 40)[:, None]
    y = np.sin(3.0 * X[:, 0])
    model = NewtonMLPRegressor(4, random_state=0, warm_start=True).fit(X, y)
    model.fit(X, y + NOISE[:40])
    assert model.score(X, y) > 0.9


def test_alpha_of_one_number_a_group_is_alpha():
    one = NewtonMLPRegressor(alpha=0.1, **SMALL).fit(X2, Y2[:, 0])
    other = NewtonMLPRegressor(alpha=[0.1, 0.1, 0.0, 0.1], **SMALL).fit(X2, Y2[:, 0])
    np.testing.assert_array_equal(one.predict(X2), other.predict(X2))
    np.testing.assert_allclose(one.alpha_, [0.1, 0.1, 0.0, 0.1], rtol=1e-15)


def test_penalties_may_be_an_array_of_another_library():
    strict = pytest.importorskip("array_api_strict")
    elsewhere = strict.asarray(PENALTIES, device=strict.Device("device1"))
    for alpha in (elsewhere, list(elsewhere.to_device(strict.Device("CPU_DEVICE"))), np.asarray(PENALTIES), tuple(PENALTIES)):
        model = NewtonMLPRegressor(alpha=alpha, **SMALL).fit(X2, Y2[:, 0])
        np.testing.assert_allclose(model.alpha_, PENALTIES, rtol=1e-15)
    with pytest.raises(ValueError, match="must be a number"):
        NewtonMLPRegressor(alpha=-elsewhere, **SMALL).fit(X2, Y2[:, 0])
