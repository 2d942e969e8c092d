"""Losses: derivatives, convexity, minimum, constant model and target checks, on every array library."""

import math
import pickle

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
import scipy.special
from sklearn.base import clone

from newtonreg.backend.arrays import to_host
from newtonreg.losses import Binomial, Multinomial, Poisson, PseudoHuber, SquaredError

M, N = 3, 8
LOSSES = [SquaredError(), PseudoHuber(), PseudoHuber(delta=0.3), Poisson(), Binomial(), Multinomial()]


def naive_multinomial(y, f):
    return anp.log(anp.sum(anp.exp(f), 0)) - anp.sum(y * f - y * anp.log(y), 0) + anp.sum(f, 0) ** 2 / (2 * len(f))


NAIVE = {
    "squared_error": lambda y, f, loss: anp.sum(0.5 * (f - y) ** 2, 0),
    "pseudo_huber": lambda y, f, loss: anp.sum(loss.delta**2 * (anp.sqrt(1.0 + ((f - y) / loss.delta) ** 2) - 1.0), 0),
    "poisson": lambda y, f, loss: anp.sum(anp.exp(f) - y * f + y * anp.log(y) - y, 0),
    "binomial": lambda y, f, loss: anp.sum(anp.log(1 + anp.exp(f)) - y * f + y * anp.log(y) + (1 - y) * anp.log(1 - y), 0),
    "multinomial": lambda y, f, loss: naive_multinomial(y, f),
}


@pytest.fixture(params=LOSSES, ids=repr)
def loss(request):
    return request.param


def make_targets(loss, n_samples=N, seed=0, hard=False):
    """Admissible targets (M, n); `hard` puts them on the boundary of the domain (zeros, classes) where there is one."""
    rng = np.random.default_rng(seed)
    if loss.name == "poisson":
        return rng.poisson(1.5, size=(M, n_samples)).astype(float) if hard else rng.gamma(2.0, size=(M, n_samples))
    if loss.name == "binomial":
        y = rng.uniform(0.05, 0.95, size=(M, n_samples))
        return np.round(y) if hard else y
    if loss.name == "multinomial":
        return np.eye(M)[:, rng.integers(M, size=n_samples)] if hard else rng.dirichlet(np.ones(M), size=n_samples).T
    return rng.normal(scale=2.0, size=(M, n_samples))


def make_raw(n_samples=N, seed=1, scale=1.5):
    return np.random.default_rng(seed).normal(scale=scale, size=(M, n_samples))


def full_hessian(loss, y, f):
    """The Hessian as (n, m, m) on the host, whatever its structure."""
    hessian = to_host(loss.hessian(y, f))
    if loss.hessian_structure == "full":
        return np.moveaxis(hessian, -1, 0)
    return np.eye(M) * np.broadcast_to(hessian, (M, f.shape[-1])).T[:, :, None]


@pytest.mark.parametrize("hard", [False, True])
def test_taylor_remainders_have_slopes_two_and_three(xp, loss, hard):
    y, f, d = make_targets(loss, hard=hard), make_raw(), make_raw(seed=2, scale=1.0)
    sizes = 0.02 * 2.0 ** -np.arange(4)
    value, gradient = to_host(loss.value(xp.asarray(y), xp.asarray(f))), to_host(loss.gradient(xp.asarray(y), xp.asarray(f)))
    slope = np.sum(gradient * d, axis=0)
    curvature = np.einsum("jn,njk,kn->n", d, full_hessian(loss, xp.asarray(y), xp.asarray(f)), d)
    trials = np.array([to_host(loss.value(xp.asarray(y), xp.asarray(f + h * d))) - value for h in sizes])
    first = np.linalg.norm(trials - sizes[:, None] * slope, axis=1)
    second = np.linalg.norm(trials - sizes[:, None] * slope - 0.5 * sizes[:, None] ** 2 * curvature, axis=1)
    np.testing.assert_allclose(np.diff(np.log2(first)), -2.0, atol=0.05)
    if loss.is_sum_of_squares:
        np.testing.assert_allclose(second, 0.0, atol=1e-14)
    else:
        np.testing.assert_allclose(np.diff(np.log2(second)), -3.0, atol=0.05)


def test_value_gradient_and_hessian_agree_with_autograd(xp, loss):
    y, f = make_targets(loss), make_raw()
    formula = NAIVE[loss.name]

    def total(raw):
        return anp.sum(formula(y, raw, loss))

    np.testing.assert_allclose(to_host(loss.value(xp.asarray(y), xp.asarray(f))), formula(y, f, loss), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(to_host(loss.gradient(xp.asarray(y), xp.asarray(f))), autograd.grad(total)(f), rtol=1e-12)
    expected = np.zeros((M, N, M, N))
    expected[:, np.arange(N), :, np.arange(N)] = full_hessian(loss, xp.asarray(y), xp.asarray(f))
    np.testing.assert_allclose(expected, autograd.hessian(total)(f), rtol=1e-11, atol=1e-14)


def test_shapes_array_type_and_dtype(xp, loss):
    y, f = xp.asarray(make_targets(loss)), xp.asarray(make_raw())
    shapes = {"shared": (N,), "diagonal": (M, N), "full": (M, M, N)}
    results = [loss.value(y, f), loss.gradient(y, f), loss.hessian(y, f), loss.predict(f)]
    assert [r.shape for r in results] == [(N,), (M, N), shapes[loss.hessian_structure], (M, N)]
    results.append(loss.initial_raw_prediction(y, xp.ones(N)))
    assert results[-1].shape == (M,)
    assert all(type(r) is type(f) and r.dtype == xp.float64 for r in results)


def test_leading_axes_of_raw_predictions_broadcast(xp, loss):
    y, stack = xp.asarray(make_targets(loss)), np.stack([make_raw(seed=3), make_raw(seed=4)])
    for method in (loss.value, loss.gradient, loss.hessian):
        expected = [to_host(method(y, xp.asarray(f))) for f in stack]
        np.testing.assert_allclose(to_host(method(y, xp.asarray(stack))), np.stack(expected), rtol=1e-15)


@pytest.mark.parametrize("hard", [False, True])
def test_value_is_nonnegative_and_the_hessian_positive_semidefinite(xp, loss, hard):
    y, f = xp.asarray(make_targets(loss, 200, hard=hard)), xp.asarray(make_raw(200, scale=4.0))
    assert np.all(to_host(loss.value(y, f)) >= 0.0)
    assert np.linalg.eigvalsh(full_hessian(loss, y, f)).min() > 0.0
    hessian = full_hessian(loss, y, f)
    np.testing.assert_array_equal(hessian, np.swapaxes(hessian, 1, 2))


def test_minimum_is_zero_where_the_prediction_is_the_target(xp, loss):
    y = make_targets(loss)
    links = {"poisson": np.log, "binomial": scipy.special.logit, "multinomial": lambda y: np.log(y) - np.mean(np.log(y), 0)}
    y, f = xp.asarray(y), xp.asarray(links.get(loss.name, np.copy)(y))
    np.testing.assert_allclose(to_host(loss.predict(f)), to_host(y), rtol=1e-14)
    np.testing.assert_allclose(to_host(loss.value(y, f)), 0.0, atol=2e-15)
    assert np.all(to_host(loss.value(y, f)) >= 0.0)
    np.testing.assert_allclose(to_host(loss.gradient(y, f)), 0.0, atol=2e-15)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("raw", [[-800.0, 0.0, 800.0], [800.0, 800.0, 800.0], [-800.0, -800.0, -800.0]])
def test_extreme_raw_predictions_are_finite(xp, loss, hard, raw):
    y, f = xp.asarray(make_targets(loss, hard=hard)), xp.asarray(np.tile(np.array(raw)[:, None], (1, N)))
    results = [to_host(r) for r in (loss.value(y, f), loss.gradient(y, f), loss.hessian(y, f), loss.predict(f))]
    if loss.name == "poisson" and 800.0 in raw:
        # exp(800) is beyond the largest double: infinity, without NaN and without a warning, makes it a rejected trial.
        assert np.all(np.isposinf(results[0]))
        assert not any(np.any(np.isnan(r)) for r in results)
    else:
        assert all(np.all(np.isfinite(r)) for r in results)
        assert np.all(results[0] >= 0.0)


def test_components_are_value_objects(xp, loss):
    before = dict(vars(loss))
    y, f = xp.asarray(make_targets(loss)), xp.asarray(make_raw())
    loss.check_target(y)
    for method in (loss.value, loss.gradient, loss.hessian):
        method(y, f)
    loss.initial_raw_prediction(y, xp.ones(N))
    assert vars(loss) == before
    for copy in (clone(loss), pickle.loads(pickle.dumps(loss))):
        assert repr(copy) == repr(loss)
        assert copy.get_params() == loss.get_params()
    assert repr(PseudoHuber(delta=0.3)) == "PseudoHuber(delta=0.3)"


@pytest.mark.parametrize("hard", [False, True])
def test_initial_raw_prediction_is_stationary_and_weights_equal_repetition(xp, loss, hard):
    y, counts = make_targets(loss, 40, hard=hard), np.arange(40) % 4
    raw = loss.initial_raw_prediction(xp.asarray(y), xp.asarray(counts.astype(float)))
    pull = to_host(loss.gradient(xp.asarray(y), raw[:, None])) * counts
    np.testing.assert_allclose(np.sum(pull, axis=1), 0.0, atol=1e-13 * np.sum(np.abs(pull)))
    repeated = loss.initial_raw_prediction(xp.asarray(np.repeat(y, counts, axis=1)), xp.ones(int(counts.sum())))
    np.testing.assert_allclose(to_host(repeated), to_host(raw), rtol=1e-12, atol=1e-13)


@pytest.mark.filterwarnings("error")
def test_initial_raw_prediction_is_finite_and_nearly_stationary_for_degenerate_targets(xp, loss):
    extremes = {"multinomial": [[1.0, 0.0, 0.0]], "binomial": [[0.0] * M, [1.0] * M]}.get(loss.name, [[0.0] * M])
    for column in extremes:
        y = xp.asarray(np.tile(np.array(column)[:, None], (1, N)))
        raw = loss.initial_raw_prediction(y, xp.ones(N))
        assert np.all(np.isfinite(to_host(raw)))
        np.testing.assert_allclose(to_host(loss.gradient(y, raw[:, None])), 0.0, atol=1e-14)


@pytest.mark.parametrize("targets", [[0.0] * 3 + [1e6], [0.0, 0.1, 50.0, 1e9, -1e9, 0.3], [-1e5, -1e5, 1e5, 1e5, 7.0], [4.0] * 5])
def test_pseudo_huber_constant_is_found_through_gross_outliers(xp, targets):
    y, loss = np.array([targets]), PseudoHuber(delta=1e-2)
    raw = loss.initial_raw_prediction(xp.asarray(y), xp.ones(len(targets)))
    pull = to_host(loss.gradient(xp.asarray(y), raw[:, None]))
    assert abs(np.sum(pull)) <= 1e-10 * loss.delta


def test_small_losses_and_gradients_of_confident_right_answers_keep_their_digits(xp):
    y, f = xp.asarray([[1.0, 0.0]]), xp.asarray([[50.0, -50.0]])
    np.testing.assert_allclose(to_host(Binomial().value(y, f)), np.exp(-50.0), rtol=1e-15)
    np.testing.assert_allclose(to_host(Binomial().gradient(y, f)), np.exp(-50.0) * np.array([[-1.0, 1.0]]), rtol=1e-15)
    value = Multinomial().value(xp.asarray([[1.0], [0.0]]), xp.asarray([[25.0], [-25.0]]))
    np.testing.assert_allclose(to_host(value), np.exp(-50.0), rtol=1e-15)
    for count, t in ((1e6, 1e-6), (1e6, -1e-6), (1e-6, 1e-4)):
        value = Poisson().value(xp.asarray([[count]]), xp.asarray([[math.log(count) + t]]))
        np.testing.assert_allclose(to_host(value), count * (t**2 / 2 + t**3 / 6 + t**4 / 24), rtol=1e-8)


def test_multinomial_with_two_classes_is_binomial_in_the_difference_up_to_the_gauge_term(xp):
    share, f = np.random.default_rng(5).uniform(size=(1, N)), make_raw()[:2]
    two, difference = xp.asarray(np.concatenate([1.0 - share, share])), xp.asarray(f[1:] - f[:1])
    value = to_host(Multinomial().value(two, xp.asarray(f))) - np.sum(f, axis=0) ** 2 / 4.0
    np.testing.assert_allclose(value, to_host(Binomial().value(xp.asarray(share), difference)), rtol=1e-13, atol=1e-15)


def test_multinomial_gauge_changes_no_probability_and_makes_the_hessian_positive_definite(xp):
    loss, f = Multinomial(), make_raw()
    y = make_targets(loss)
    shifted = to_host(loss.predict(xp.asarray(f + np.linspace(-300.0, 300.0, N))))
    np.testing.assert_allclose(shifted, to_host(loss.predict(xp.asarray(f))), rtol=1e-12)
    hessian = full_hessian(loss, xp.asarray(y), xp.asarray(f))
    np.testing.assert_allclose(hessian @ np.ones(M), 1.0, rtol=1e-14)
    assert np.linalg.eigvalsh(hessian).min() > 1e-4
    centered = f - f.mean(axis=0)
    assert np.all(to_host(loss.value(xp.asarray(y), xp.asarray(centered))) <= to_host(loss.value(xp.asarray(y), xp.asarray(f))))


@pytest.mark.parametrize(
    "loss, y, message",
    [
        (Poisson(), [[1.0, -3.0]], "y contains the negative value -3.0; loss='poisson' needs counts y >= 0."),
        (Poisson(), [[1.0, math.inf]], "y contains inf; loss='poisson'"),
        (Binomial(), [[0.0, 1.5]], "y contains the value 1.5; loss='binomial' needs targets in [0, 1]."),
        (Binomial(), [[0.0, math.nan]], "y contains the value nan; loss='binomial'"),
        (Multinomial(), [[1.0, 0.5], [0.0, 0.4]], "y contains class probabilities that sum to 0.9; loss='multinomial'"),
        (Multinomial(), [[1.0, 1.5], [0.0, -0.5]], "y contains the value -0.5; loss='multinomial'"),
        (Multinomial(), [[1.0, 1.0]], "y has 1 class; loss='multinomial'"),
        (SquaredError(), [[0.0, math.nan]], "y contains nan; loss='squared_error' needs finite targets."),
        (PseudoHuber(), [[0.0, -math.inf]], "y contains -inf; loss='pseudo_huber' needs finite targets."),
        (PseudoHuber(delta=0.0), [[0.0]], "delta must be a finite number > 0 in loss='pseudo_huber', got 0.0."),
    ],
)
def test_check_target_names_y_the_loss_and_the_offending_value(xp, loss, y, message):
    with pytest.raises(ValueError) as error:
        loss.check_target(xp.asarray(y))
    assert str(error.value).startswith(message)


def test_values_and_derivatives_agree_with_scikit_learn_up_to_constants():
    theirs = pytest.importorskip("sklearn._loss")
    pairs = [(SquaredError(), "HalfSquaredError"), (Poisson(), "HalfPoissonLoss"), (Binomial(), "HalfBinomialLoss")]
    for ours, name in pairs:
        y, f, other = make_targets(ours)[:1], make_raw()[:1], getattr(theirs, name)()
        constant = ours.value(y, np.zeros((1, N))) - other.loss(y[0], np.zeros(N))
        np.testing.assert_allclose(ours.value(y, f), other.loss(y[0], f[0].copy()) + constant, rtol=1e-13, atol=1e-15)
        gradient, hessian = other.gradient_hessian(y[0], f[0].copy())
        np.testing.assert_allclose(ours.gradient(y, f)[0], gradient, rtol=1e-13)
        np.testing.assert_allclose(ours.hessian(y, f).reshape(-1), np.broadcast_to(hessian, N), rtol=1e-13)
    ours, other, f = Multinomial(), theirs.HalfMultinomialLoss(n_classes=M), make_raw() - make_raw().mean(axis=0)
    labels = np.random.default_rng(7).integers(M, size=N)
    loss, gradient = other.loss_gradient(labels.astype(float), np.ascontiguousarray(f.T))
    np.testing.assert_allclose(ours.value(np.eye(M)[:, labels], f), loss, rtol=1e-13)
    np.testing.assert_allclose(ours.gradient(np.eye(M)[:, labels], f), gradient.T, rtol=1e-12, atol=1e-15)
