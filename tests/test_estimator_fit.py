"""What a fit does: weights, restarts, warm starts, early stopping, interruption, what is reported."""

import io
from contextlib import redirect_stdout

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from newtonreg import LevenbergMarquardt, NewtonMLPClassifier, NewtonMLPRegressor, Status, TrustRegion

X1 = np.linspace(-1.0, 1.0, 100)[:, None]
WAVE = np.sin(2.0 * np.pi * X1[:, 0])
RNG = np.random.RandomState(0)
X5 = RNG.normal(size=(60, 5))
NOISY = X5[:, 0] * X5[:, 1] + RNG.normal(size=60)
SHORT = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("target", [lambda x: np.sin(2 * np.pi * x), lambda x: 1 / (1 + 25 * x**2)], ids=["sine", "Runge"])
def test_default_fit_of_a_smooth_function_has_six_digits(target):
    fresh = np.random.RandomState(1).uniform(-1.0, 1.0, 500)
    x = np.linspace(-1.0, 1.0, 256)
    model = NewtonMLPRegressor(random_state=0).fit(x[:, None], target(x))
    assert np.sqrt(np.mean((model.predict(fresh[:, None]) - target(fresh)) ** 2)) < 1e-6
    assert model.stationary_point_.kind == "global minimum"


@pytest.mark.parametrize("alpha", [0.01, 1.0, 100.0])
def test_a_penalized_fit_ends_at_a_stationary_point_without_negative_curvature(alpha):
    model = NewtonMLPRegressor(alpha=alpha, random_state=0).fit(X5, NOISY)
    assert model.status_ in (Status.GRADIENT, Status.EXHAUSTED)
    assert model.stationary_point_.kind in ("minimum", "degenerate")
    assert model.stationary_point_.criticality <= 1e-6
    assert model.stationary_point_.index == 0


@SHORT
@pytest.mark.parametrize(
    "parameters",
    [{"hidden_layer_sizes": 3}, {"alpha": 0.1}, {"loss": "poisson", "alpha": 0.1}, {"activation": "radial", "alpha": 1e-2}],
    ids=str,
)
def test_weights_equal_repetition(parameters):
    y = np.exp(X5[:, 0] / 2) if "loss" in parameters else NOISY
    if "alpha" not in parameters:
        # little noise, and a width of one's own: evidence that is about the same for several fits lets rounding choose
        y = X5[:, 0] * X5[:, 1] + 0.1 * (NOISY - X5[:, 0] * X5[:, 1])
    weights = RNG.randint(0, 4, size=60)
    shuffled = RNG.permutation(60)
    weighted = NewtonMLPRegressor(random_state=3, **parameters).fit(X5[shuffled], y[shuffled], sample_weight=weights[shuffled])
    repeated = NewtonMLPRegressor(random_state=3, **parameters).fit(np.repeat(X5, weights, axis=0), np.repeat(y, weights))
    # penalties that follow the evidence are at rest to 1e-3, and what is left of that hangs on rounding
    rtol = 1e-7 if "alpha" in parameters else 1e-3
    np.testing.assert_allclose(weighted.predict(X5), repeated.predict(X5), rtol=rtol, atol=0.1 * rtol)


@pytest.mark.parametrize("seed", [2, 5])
def test_rounding_does_not_choose_between_perfect_fits(seed):
    """With more features than rows every width interpolates, and the log evidence of what is left is made of rounding."""
    rng = np.random.RandomState(42)
    X, y, weights = rng.uniform(size=(15, 30)), rng.randint(3, size=15), rng.randint(5, size=15)
    weighted = NewtonMLPRegressor(random_state=seed).fit(X[::-1], y[::-1], sample_weight=weights[::-1])
    repeated = NewtonMLPRegressor(random_state=seed).fit(np.repeat(X, weights, axis=0), np.repeat(y, weights))
    assert np.abs(repeated.predict(X) - y)[weights > 0].max() < 1e-6
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-4, atol=1e-4)


def test_class_weights_equal_sample_weights():
    labels = (NOISY > 0.5).astype(int)
    by_class = NewtonMLPClassifier(random_state=0, class_weight={0: 1.0, 1: 3.0}).fit(X5, labels)
    by_sample = NewtonMLPClassifier(random_state=0).fit(X5, labels, sample_weight=np.where(labels == 1, 3.0, 1.0))
    np.testing.assert_array_equal(by_class.predict_proba(X5), by_sample.predict_proba(X5))
    balanced = NewtonMLPClassifier(random_state=0, class_weight="balanced", alpha=1e4).fit(X5, labels)
    np.testing.assert_allclose(balanced.predict_proba(X5), 0.5, atol=0.05)


@SHORT
@pytest.mark.parametrize(
    "solver",
    ["trust-region", "levenberg-marquardt", LevenbergMarquardt(norm="column-scaling"), TrustRegion(norm="column-scaling")],
    ids=str,
)
def test_warm_start_continues_bit_by_bit(solver):
    parameters = {"solver": solver, "n_restarts": 1, "random_state": 5, "alpha": 1e-3}
    whole = NewtonMLPRegressor(max_iter=40, **parameters).fit(X1, WAVE)
    halves = NewtonMLPRegressor(max_iter=20, warm_start=True, **parameters)
    halves.fit(X1, WAVE).fit(X1, WAVE)
    np.testing.assert_array_equal(halves.units_, whole.units_)
    assert halves.loss_curve_ == whole.loss_curve_
    assert halves.n_iter_ == whole.n_iter_ == 40


@SHORT
def test_warm_start_survives_pickling_and_copes_with_new_data():
    import pickle

    parameters = {"solver": "trust-region", "n_restarts": 1, "random_state": 5, "warm_start": True, "max_iter": 20}
    model = NewtonMLPRegressor(**parameters).fit(X1, WAVE)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.fit(X1, WAVE).units_, model.fit(X1, WAVE).units_)
    offset = model._model.inputs.offset
    model.fit(X1 + 0.1, WAVE)
    np.testing.assert_array_equal(model._model.inputs.offset, offset)
    assert model.n_iter_ == 20
    with pytest.raises(ValueError, match="warm_start=True continues the network"):
        model.set_params(hidden_layer_sizes=(7,)).fit(X1, WAVE)


def test_training_data_are_not_stored():
    model = NewtonMLPRegressor(random_state=0, warm_start=True, hidden_layer_sizes=3, max_iter=None).fit(
        np.linspace(0, 1, 1234)[:, None], np.linspace(0, 1, 1234) ** 2
    )
    import pickle

    assert len(pickle.dumps(model)) < 8 * 1234 + 400 * len(model.history_)
    stored = [a for a in _arrays(vars(model), set()) if a.size >= 1234]
    assert not stored


def _arrays(value, seen):
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        yield value
    children = (
        value.values()
        if isinstance(value, dict)
        else value
        if isinstance(value, (list, tuple))
        else vars(value).values()
        if hasattr(value, "__dict__")
        else ()
    )
    for child in children:
        yield from _arrays(child, seen)


def test_a_fit_is_a_function_of_its_random_state():
    first, second, other = (NewtonMLPRegressor(alpha=0.1, random_state=s).fit(X5, NOISY) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.units_, second.units_)
    assert not np.array_equal(first.units_, other.units_)


def test_more_restarts_are_not_worse_at_the_end_of_screening():
    losses = [NewtonMLPRegressor(alpha=0.0, random_state=0, n_restarts=r, max_iter=None).fit(X5, NOISY).restarts_ for r in (2, 6)]
    assert min(r["loss"] for r in losses[1]) <= min(r["loss"] for r in losses[0])
    assert len(losses[1]) == 6


def test_parallel_restarts_find_the_same():
    serial = NewtonMLPRegressor(alpha=0.1, random_state=0, n_restarts=3).fit(X5, NOISY)
    parallel = NewtonMLPRegressor(alpha=0.1, random_state=0, n_restarts=3, n_jobs=2).fit(X5, NOISY)
    np.testing.assert_allclose(parallel.predict(X5), serial.predict(X5), rtol=1e-7)


@pytest.mark.parametrize("solver", ["trust-region", "levenberg-marquardt", "auto"])
def test_early_stopping_keeps_the_best_held_out_parameters(solver):
    model = NewtonMLPRegressor(
        random_state=0, solver=solver, early_stopping=True, validation_fraction=0.3, n_iter_no_change=8, n_restarts=1
    ).fit(X5, NOISY)
    accepted = sum(h["accepted"] for h in model.history_)
    assert len(model.validation_scores_) == accepted
    assert model.best_validation_score_ in model.validation_scores_
    assert model.n_iter_ < 1000
    assert model.best_loss_ <= model.loss_


def test_early_stopping_of_a_classifier_holds_out_every_class():
    labels = np.repeat([0, 1, 2], [40, 12, 8])
    model = NewtonMLPClassifier(random_state=0, early_stopping=True, validation_fraction=0.25).fit(X5, labels)
    _, held = __import__("newtonreg.estimators._input", fromlist=["_"]).split_validation(
        model, model._rows(X5, labels, None, reset=False)[0], np.random.RandomState(0)
    )
    counts = np.asarray(held.targets).sum(axis=1)
    np.testing.assert_allclose(counts, [10, 3, 2], atol=1)


def test_control_c_keeps_the_best_so_far_and_is_raised():
    class Impatient(TrustRegion):
        def step(self, objective, state):
            if objective.counts.nfev > 15:
                raise KeyboardInterrupt
            return super().step(objective, state)

    for restarts in (1, 3):
        model = NewtonMLPRegressor(random_state=0, solver=Impatient(), n_restarts=restarts)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X1, WAVE)
        assert np.isfinite(model.predict(X1)).all()
        assert np.mean((model.predict(X1) - WAVE) ** 2) < np.var(WAVE)


def test_a_trial_that_is_not_finite_is_rejected():
    class Reckless(TrustRegion):
        """Every third trial is made infinite."""

        def step(self, objective, state):
            at = objective.at
            calls = objective.__dict__.setdefault("calls", [])
            calls.append(1)
            if len(calls) % 3 == 0:
                objective.at = lambda params: at(params * np.inf)
            try:
                return super().step(objective, state)
            finally:
                objective.at = at

    with np.errstate(all="ignore"):
        model = NewtonMLPRegressor(random_state=0, solver=Reckless(), n_restarts=1, alpha=0.1).fit(X5, NOISY)
    assert not all(h["accepted"] for h in model.history_)
    assert np.isfinite(model.predict(X5)).all() and all(np.isfinite(model.loss_curve_))


def test_loss_curve_never_rises():
    curve = NewtonMLPRegressor(alpha=0.1, random_state=0).fit(X5, NOISY).loss_curve_
    assert (np.diff(curve) <= 1e-14 * np.abs(curve[:-1])).all()


def test_warning_quotes_the_reason_only_where_more_trials_would_help():
    with pytest.warns(ConvergenceWarning, match="max_iter=3; relative gradient norm"):
        NewtonMLPRegressor(random_state=0, max_iter=3).fit(X5, NOISY)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        NewtonMLPRegressor(random_state=0, alpha=1.0, max_iter=500).fit(X5, NOISY)


def test_verbose_prints_one_aligned_row_an_iteration():
    out = io.StringIO()
    with redirect_stdout(out):
        model = NewtonMLPRegressor(random_state=0, alpha=1.0, verbose=1, n_restarts=1, solver="trust-region").fit(X5, NOISY)
    lines = out.getvalue().splitlines()
    assert lines[0].split() == ["iter", "loss", "|gradient|", "|step|", "ratio", "radius"]
    rows = lines[1:-1]
    assert len(rows) == model.n_iter_ + 1
    assert len({len(row.removesuffix("  x")) for row in [lines[0], *rows]}) == 1
    assert lines[-1].split(":")[0] in ("gradient", "exhausted")


@SHORT
def test_history_has_a_row_an_iteration():
    model = NewtonMLPRegressor(solver="trust-region", alpha=0.1, random_state=0, max_iter=15, n_restarts=1).fit(X5, NOISY)
    assert [row["n_iter"] for row in model.history_] == list(range(16))
    assert {"loss", "gradient_norm", "step_norm", "ratio", "control", "accepted", "nfev", "njev", "nhev"} <= set(
        model.history_[0]
    )
    assert model.history_[-1]["nfev"] >= 16


def test_early_stopping_with_restarts_watches_from_the_first_trial():
    model = NewtonMLPRegressor(random_state=0, early_stopping=True, validation_fraction=0.25, n_restarts=3).fit(X5, NOISY)
    assert len(model.validation_scores_) == sum(row["accepted"] for row in model.history_)
    assert model.history_[0]["n_iter"] == 0
    assert len(model.restarts_) == 3


def test_another_penalty_starts_a_warm_fit_anew():
    parameters = {"solver": "trust-region", "n_restarts": 1, "random_state": 5, "warm_start": True}
    model = NewtonMLPRegressor(alpha=0.1, **parameters).fit(X5, NOISY)
    model.set_params(alpha=10.0).fit(X5, NOISY)
    assert model.history_[0]["n_iter"] == 0
    assert (np.diff(model.loss_curve_) <= 1e-14).all()
    assert model.status_.success


@SHORT
def test_nothing_of_an_earlier_fit_is_left_behind():
    model = NewtonMLPRegressor(random_state=0, early_stopping=True, max_iter=10).fit(X5, NOISY)
    assert hasattr(model, "validation_scores_") and hasattr(model, "coefs_")
    model.set_params(early_stopping=False, activation="radial").fit(X5, NOISY)
    assert not hasattr(model, "validation_scores_") and not hasattr(model, "coefs_")


@SHORT
def test_warm_start_can_be_switched_on_later():
    model = NewtonMLPRegressor(random_state=0, alpha=0.1, max_iter=10).fit(X5, NOISY)
    before = model.loss_
    model.set_params(warm_start=True).fit(X5, NOISY)
    assert model.loss_ <= before


def test_classify_does_not_change_the_estimator():
    model = NewtonMLPRegressor(random_state=0, alpha=1.0).fit(X5, NOISY)
    model.classify(X5, NOISY[:, None])
    assert model.predict(X5).ndim == 1
    with pytest.raises(ValueError, match="y has 2 outputs"):
        model.classify(X5, np.column_stack([NOISY, NOISY]))
