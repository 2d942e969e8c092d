"""Evidence and posterior against dense linear algebra in plain NumPy, and the fixed point of the penalties."""

import math

import numpy as np
import pytest

from newtonreg import LevenbergMarquardt
from newtonreg.bases import Identity, RadialGaussian, Tanh
from newtonreg.losses import Binomial, Multinomial, Poisson, SquaredError
from newtonreg.minimize import minimize
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.training import Evidence, Posterior
from newtonreg.training.budget import Budget
from newtonreg.training.course import Course
from newtonreg.training.evidence import robust_cholesky
from newtonreg.training.regularizing import begin_regularized, follow_evidence, n_excess

D, K, N = 2, 3, 25
RNG = np.random.default_rng(0)


def make_risk(xp=np, penalties=(0.3, 0.2, 0.05, 0.7), m=1, weights=None, basis=None, loss=None, repeat=None, seed=0):
    """A risk under one penalty a group, and parameters of size one."""
    rng = np.random.default_rng(seed)
    inputs, targets = rng.normal(size=(D, N)), rng.normal(size=(m, N))
    if loss is not None:
        targets = rng.poisson(1.5, size=(m, N)) + 0.0
    weights = np.ones(N) if weights is None else np.asarray(weights, dtype=float)
    if repeat is not None:
        inputs, targets = np.repeat(inputs, repeat, axis=1), np.repeat(targets, repeat, axis=1)
        weights = np.ones(inputs.shape[1])
    network = ShallowNetwork(basis or Tanh(), D, K, m)
    inputs, targets, weights, params = map(xp.asarray, (inputs, targets, weights, 0.7 * rng.normal(size=network.n_params)))
    risk = EmpiricalRisk([Term(network, inputs, targets, loss or SquaredError(), weights)], 0.0 * params)
    return risk.with_penalty(Evidence(risk).penalty(penalties, params)), params


def group_labels(network):
    """Number of the group that each parameter belongs to, -1 for intercepts; written out from the order of parameters."""
    inner = np.repeat(np.arange(network.n_unit_params), network.n_units)
    outer = [network.n_unit_params] * network.n_units + [-1]
    return np.concatenate([inner, outer * network.n_outputs])


def dense(risk, params, penalties):
    """gamma, noise variance, next penalties and log evidence with inverses and determinants, no floor, no cap."""
    (term,) = risk.terms
    network, labels = term.network, group_labels(term.network)
    point = network.at(term.inputs, params)
    jacobian = point.jacobian()
    R = np.where(labels >= 0, np.asarray(penalties)[labels], 0.0)
    A = np.einsum("jpn,jqn,n->pq", jacobian, jacobian, term.weights) + np.diag(R)
    n = term.weights.sum() * network.n_outputs
    inverse = np.linalg.inv(A)
    gammas = np.array([np.sum(labels == g) - penalties[g] * np.diag(inverse)[labels == g].sum() for g in range(len(penalties))])
    gamma = gammas.sum() + network.n_outputs
    misfit = np.sum(term.weights * (term.targets - point.values) ** 2)
    noise = misfit / (n - gamma)
    squares = np.array([np.sum(params[labels == g] ** 2) for g in range(len(penalties))])
    log_evidence = (
        -0.5 * (misfit + np.sum(R * params**2)) / noise
        + 0.5 * np.sum(np.log(R[labels >= 0] / noise))
        - 0.5 * n * np.log(2.0 * np.pi * noise)
        - 0.5 * np.linalg.slogdet(A / noise)[1]
        + 0.5 * network.n_outputs * np.log(2.0 * np.pi)
    )
    return gamma, noise, gammas * noise / squares, log_evidence


# -- assessment --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("weights", [None, RNG.uniform(0.5, 2.0, N)], ids=["equal", "weighted"])
def test_assessment_agrees_with_dense_linear_algebra(xp, m, weights):
    penalties = [0.3, 0.2, 0.05, 0.7]
    risk, params = make_risk(xp, penalties, m, weights)
    actual = Evidence(risk).assess(risk.at(params), penalties)
    gamma, noise, updated, log_evidence = dense(*make_risk(np, penalties, m, weights), penalties)
    np.testing.assert_allclose(actual.gamma, gamma, rtol=1e-9)
    np.testing.assert_allclose(actual.noise_variance, noise, rtol=1e-9)
    np.testing.assert_allclose(actual.penalties, updated, rtol=1e-8)
    np.testing.assert_allclose(actual.log_evidence, log_evidence, rtol=1e-9)


def log_marginal(design, targets, noise, prior_variance):
    """ln p(y) of y = a + c·design + noise, c normal with `prior_variance`, a with a flat prior of density one; exact."""
    covariance = noise * np.eye(targets.size) + prior_variance * design.T @ design
    inverse, ones = np.linalg.inv(covariance), np.ones(targets.size)
    rest = targets - (ones @ inverse @ targets) / (ones @ inverse @ ones)
    normal = targets @ inverse @ rest + np.linalg.slogdet(covariance)[1] + np.log(ones @ inverse @ ones)
    return -0.5 * normal - 0.5 * (targets.size - 1) * np.log(2.0 * np.pi)


@pytest.mark.parametrize("basis", [Identity(), Tanh()], ids=lambda basis: basis.name)
def test_log_evidence_of_a_network_with_pinned_units_is_the_marginal_likelihood(basis):
    held, outer = 1e8, 0.5
    penalties = [held] * (D + 1) + [outer]
    risk, params = make_risk(penalties=penalties, basis=basis, seed=3)
    (term,) = risk.terms
    design = np.vstack([term.network.at(term.inputs, params).hidden.values, np.ones((1, N))])
    ridge = np.diag([outer] * K + [0.0])
    params = params.copy()
    params[risk.outer] = np.linalg.solve(design @ design.T + ridge, design @ term.targets[0])
    assessment = Evidence(risk).assess(risk.at(params), penalties)
    noise = assessment.noise_variance
    expected = log_marginal(design[:-1], term.targets[0], noise, noise / outer)
    # what a prior says that holds the units where they are
    prior = -0.5 * held * np.sum(params[: risk.outer.start] ** 2) / noise
    assert assessment.log_evidence - prior == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("basis", [Tanh(), RadialGaussian()], ids=lambda basis: basis.name)
def test_a_penalty_a_group_and_back(xp, to_numpy, m, basis):
    risk, params = make_risk(xp, [1.0] * (basis.n_params(D) + 1), m, basis=basis)
    evidence = Evidence(risk)
    values = [10.0**k for k in range(evidence.n_groups)]
    vector = to_numpy(evidence.penalty(values, params))
    assert evidence.groups(evidence.penalty(values, params)) == values
    labels = group_labels(risk.network)
    np.testing.assert_array_equal(vector, np.where(labels >= 0, np.asarray(values)[labels], 0.0))
    sums = evidence.group_sums(params)
    expected = [to_numpy(params)[labels == g].sum() for g in range(evidence.n_groups)]
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-14)
    assert evidence.sizes == [np.sum(labels == g) for g in range(evidence.n_groups)]


def test_weights_equal_repetition():
    weights = np.arange(N) % 4
    penalties = [0.3, 0.2, 0.05, 0.7]
    (weighted, params), (repeated, _) = make_risk(weights=weights), make_risk(repeat=weights)
    one, other = (Evidence(risk).assess(risk.at(params), penalties) for risk in (weighted, repeated))
    np.testing.assert_allclose(one.penalties, other.penalties, rtol=1e-9)
    np.testing.assert_allclose(one[1:], other[1:], rtol=1e-9)
    assert n_excess(weighted) == pytest.approx(n_excess(repeated)) == weights.sum() - weighted.n_params


@pytest.mark.parametrize(
    "total",
    [
        1e3,
        25.0,
        2.0,
        0.5,
    ],
)
@pytest.mark.parametrize("level", [1e-12, 1e-3, 1.0, 1e6])
def test_effective_parameters_are_between_none_and_all(total, level):
    risk, params = make_risk(weights=np.full(N, total / N), penalties=[level] * 4)
    assessment = Evidence(risk).assess(risk.at(params), [level] * 4)
    assert 0.0 <= assessment.gamma <= min(risk.n_params, total)
    assert assessment.noise_variance > 0.0 and min(assessment.penalties) > 0.0 and math.isfinite(assessment.log_evidence)


def test_effective_parameters_fall_with_the_penalty():
    gammas = []
    for level in (0.0, 1e-4, 1e-2, 1.0, 1e2, 1e8):
        risk, params = make_risk(penalties=[level] * 4)
        gammas.append(Evidence(risk).assess(risk.at(params), [level] * 4).gamma)
    assert (np.diff(gammas) < 0.0).all()
    assert gammas[0] == pytest.approx(risk.n_params, rel=1e-6) and gammas[-1] == pytest.approx(1.0, abs=0.1)


def test_a_group_without_a_penalty_has_no_evidence():
    risk, params = make_risk(penalties=[0.3, 0.2, 0.0, 0.7])
    assessment = Evidence(risk).assess(risk.at(params), [0.3, 0.2, 0.0, 0.7])
    assert math.isnan(assessment.log_evidence)
    assert assessment.noise_variance > 0.0 and all(map(math.isfinite, assessment.penalties))


def test_a_loss_with_its_own_noise_has_none_to_estimate():
    risk, params = make_risk(loss=Poisson())
    evidence = Evidence(risk)
    assessment = evidence.assess(risk.at(params), [0.3, 0.2, 0.05, 0.7])
    assert not evidence.has_noise and assessment.noise_variance == 1.0
    labels = group_labels(risk.network)
    matrix = risk.at(params).gauss_newton
    traces = [np.diag(np.linalg.inv(matrix))[labels == g].sum() for g in range(4)]
    gammas = [np.sum(labels == g) - r * t for g, (r, t) in enumerate(zip([0.3, 0.2, 0.05, 0.7], traces, strict=True))]
    np.testing.assert_allclose(assessment.gamma, sum(gammas) + 1.0, rtol=1e-9)
    np.testing.assert_allclose(
        assessment.penalties, [g / np.sum(params[labels == i] ** 2) for i, g in enumerate(gammas)], rtol=1e-8
    )


def test_what_is_not_finite_is_not_assessed():
    risk, params = make_risk()
    point = risk.at(params)
    point.__dict__["gauss_newton"] = np.full_like(point.gauss_newton, np.nan)
    assert Evidence(risk).assess(point, [1.0] * 4) is None
    assert Posterior.at(point, 1.0) is None


# -- factorization -----------------------------------------------------------------------------------------------------------


def _rebuilt(factor, scale):
    lower = np.tril(np.asarray(factor.lower))
    return scale[:, None] * (lower @ lower.T) * scale[None, :]


SINGULAR = {
    "rank one": np.outer([1.0, -2.0, 3.0], [1.0, -2.0, 3.0]),
    "zero": np.zeros((3, 3)),
    "a zero row": np.diag([2.0, 0.0, 1.0]),
    "one number": np.zeros((1, 1)),
    "nearly the same twice": np.array([[1.0, 1.0 - 1e-17], [1.0 - 1e-17, 1.0]]),
}


@pytest.mark.parametrize("matrix", SINGULAR.values(), ids=SINGULAR)
def test_singular_matrices_are_factorized(xp, to_numpy, matrix):
    factor, scale = robust_cholesky(xp.asarray(matrix))
    lower, scale = np.tril(to_numpy(factor.lower)), to_numpy(scale)
    rebuilt = scale[:, None] * (lower @ lower.T) * scale[None, :]
    diagonal = np.diag(matrix)
    # as much as rounding asks for, relative to the diagonal
    assert (np.abs(rebuilt - matrix) <= 1e-9 * np.sqrt(np.outer(diagonal, diagonal)) + 1e-9).all()
    assert (np.diag(lower) > 0.0).all() and (scale > 0.0).all()


def test_a_regular_matrix_is_left_alone_however_it_is_scaled():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(6, 6))
    units = 10.0 ** np.linspace(-12, 12, 6)
    matrix = (half @ half.T) * units[:, None] * units[None, :]
    rebuilt = _rebuilt(*robust_cholesky(matrix))
    np.testing.assert_allclose(rebuilt / np.outer(units, units), half @ half.T, atol=1e-13 * np.abs(half @ half.T).max())


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1.0, -1.0]),
        np.array([[1.0, 2.0], [2.0, 1.0]]),
        np.full((2, 2), np.nan),
        pytest.param(
            np.full((2, 2), np.inf),
        ),
    ],
    ids=["negative", "indefinite", "nan", "infinite"],
)
def test_what_has_no_factor_gives_none(matrix):
    assert robust_cholesky(matrix)[0] is None


# -- posterior ---------------------------------------------------------------------------------------------------------------


def test_posterior_agrees_with_dense_linear_algebra(xp, to_numpy):
    risk, params = make_risk(xp, m=2)
    posterior = Posterior.at(risk.at(params), 0.25)
    matrix = to_numpy(risk.at(params).gauss_newton)
    covariance = to_numpy(posterior.covariance())
    np.testing.assert_allclose(covariance, 0.25 * np.linalg.inv(matrix), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-10, atol=1e-14)
    assert np.linalg.eigvalsh(covariance).min() > 0.0
    (term,) = risk.terms
    jacobian = term.network.at(term.inputs, params).jacobian()[1, ...]
    j = to_numpy(jacobian)
    np.testing.assert_allclose(to_numpy(posterior.variance(jacobian)), np.sum(j * (covariance @ j), axis=0), rtol=1e-8)
    # the factor of the covariance: deviations of unit vectors are its columns
    root = to_numpy(posterior.deviations(xp.asarray(np.eye(risk.n_params))))
    np.testing.assert_allclose(root @ root.T, covariance, rtol=1e-8, atol=1e-10)
    assert isinstance(posterior.on_host().lower, np.ndarray)


# -- fixed point -------------------------------------------------------------------------------------------------------------


def noisy_course(penalties=(0.01, 0.01, 0.01), n=80, k=4):
    """A course on a noisy wave, its first trials taken."""
    rng = np.random.RandomState(0)
    x = np.linspace(-1.7, 1.7, n)[None, :]
    y = np.sin(2.0 * x) + 0.2 * rng.normal(size=(1, n))
    network = ShallowNetwork(Tanh(), 1, k, 1)
    risk = EmpiricalRisk([Term(network, x, y, SquaredError(), np.ones(n))], np.zeros(network.n_params))
    course = Course(risk, Budget(1e10), 1e-8)
    start = np.concatenate([rng.normal(size=2 * k), np.zeros(k + 1)])
    return begin_regularized(course, LevenbergMarquardt(), start, list(penalties))


def test_at_rest_the_penalties_are_a_fixed_point():
    course = noisy_course()
    assert follow_evidence(course, LevenbergMarquardt())
    penalties, params = course.penalties, course.best.params
    assert course.best.criticality < 1e-3
    assert Evidence(course.objective).groups(course.objective.penalty) == penalties
    gamma, noise, updated, log_evidence = dense(course.objective, params, penalties)
    np.testing.assert_allclose(penalties, updated, rtol=1e-2)
    assert 0.1 < noise**0.5 < 0.3 and 2.0 < gamma < course.objective.n_params
    assert course.assessment.log_evidence == pytest.approx(log_evidence, abs=0.05)
    # a fixed point of MacKay's rules is a stationary point of the evidence, up to how the curvature changes
    for factor in (0.1, 10.0):
        other = noisy_course([factor * value for value in penalties])
        other.jump(params).descend(LevenbergMarquardt(), 0.0, 10**9, max_trials=100)
        assert other.assess().log_evidence < log_evidence


def test_following_the_evidence_respects_its_trials():
    course = noisy_course()
    before = course.n_iter
    assert not follow_evidence(course, LevenbergMarquardt(), max_trials=17)
    assert course.n_iter - before <= 17


def test_assessing_changes_nothing():
    course = noisy_course()
    value, n_iter, penalties = course.best.value, course.n_iter, list(course.penalties)
    assert course.assess().log_evidence == course.assess().log_evidence
    assert (course.best.value, course.n_iter, course.penalties) == (value, n_iter, penalties)


def test_two_classes_have_the_evidence_of_one_logit():
    """c₂ = −c₁ = b/2 is the same function, with the same prior where R = 2 R_b; the intercept is measured in another unit."""
    rng = np.random.default_rng(3)
    n, k, d = 60, 3, 2
    X = rng.normal(size=(d, n))
    labels = (X[0] + 0.5 * rng.normal(size=n) > 0).astype(float)
    one, two = ShallowNetwork(Tanh(), d, k, 1), ShallowNetwork(Tanh(), d, k, 2)
    logit = EmpiricalRisk([Term(one, X, labels[None, :], Binomial(), np.ones(n))], np.zeros(one.n_params))
    softmax = EmpiricalRisk([Term(two, X, np.vstack([1.0 - labels, labels]), Multinomial(), np.ones(n))], np.zeros(two.n_params))
    penalties = [0.3, 0.2, 0.1, 0.05]
    evidence = Evidence(logit)
    logit = logit.with_penalty(evidence.penalty(penalties, X))
    start = rng.normal(size=one.n_params)
    best = minimize(logit, start, "trust-region", gtol=1e-12).x
    units, outer = one.unpack(best)
    both = two.pack(units, np.vstack([-outer / 2, outer / 2]))
    doubled = [*penalties[:-1], 2.0 * penalties[-1]]
    softmax = softmax.with_penalty(Evidence(softmax).penalty(doubled, X))
    assert softmax.at(both).value == pytest.approx(logit.at(best).value, rel=1e-10)
    a, b = evidence.assess(logit.at(best), penalties), Evidence(softmax).assess(softmax.at(both), doubled)
    assert b.gamma == pytest.approx(a.gamma, rel=1e-6)
    np.testing.assert_allclose(b.penalties, [*a.penalties[:-1], 2.0 * a.penalties[-1]], rtol=1e-6)
    assert b.log_evidence == pytest.approx(a.log_evidence - 0.5 * np.log(2.0), abs=1e-6)
