"""A point under another penalty: the same as a fresh one, for less work."""

import numpy as np
import pytest

import newtonreg.objectives.empirical_risk as empirical_risk
from newtonreg.backend.arrays import to_host
from newtonreg.bases import Tanh
from newtonreg.losses import Poisson, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term

QUANTITIES = ("value", "gradient", "hessian", "gauss_newton")
ANSWERS = (*QUANTITIES, "gradient_norm", "criticality", "second_order")


def make_risk(xp, loss, n_samples=20, alpha=0.1):
    """A risk with three outputs, and parameters."""
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), 2, 3, 3)
    inputs, targets = rng.normal(size=(2, n_samples)), rng.poisson(1.5, size=(3, n_samples)) + 0.0
    inputs, targets, weights, w = map(xp.asarray, (inputs, targets, rng.uniform(0.2, 2.0, n_samples), rng.normal(size=21)))
    return EmpiricalRisk([Term(network, inputs, targets, loss, weights)], alpha * network.penalty_mask(inputs)), w


def knowing(risk, w, names):
    """An evaluation that was asked for all of `names`."""
    point = risk.at(w)
    for name in names:
        getattr(point, name)
    return point


def work(risk):
    counts = risk.counts
    return counts.nfev, counts.njev, counts.nhev, counts.nhvp


@pytest.fixture(params=[1, 3], ids=["one batch", "three batches"])
def n_samples(request, monkeypatch):
    """Rows that take so many batches of at most 64."""
    monkeypatch.setattr(empirical_risk, "_BATCH_DOUBLES", 1)
    monkeypatch.setattr(empirical_risk, "_GPU_BATCH_DOUBLES", 1)
    monkeypatch.setattr(empirical_risk, "_LEAST_ROWS", 64)
    return {1: 20, 3: 130}[request.param]


@pytest.mark.parametrize("known", [(), ("value",), ("gauss_newton",), QUANTITIES, ("second_order",)])
@pytest.mark.parametrize("loss", [SquaredError(), Poisson()], ids=lambda loss: loss.name)
def test_it_equals_a_fresh_evaluation(xp, loss, n_samples, known):
    risk, w = make_risk(xp, loss, n_samples)
    other = risk.with_penalty(3.0 * risk.penalty + 0.01)
    point, fresh = knowing(risk, w, known).repenalized(other), other.at(w)
    actual, expected = ({name: to_host(getattr(at, name)) for name in ANSWERS} for at in (point, fresh))
    actual |= {"gnvp": to_host(point.gnvp(w)), "hvp": to_host(point.hvp(w))}
    expected |= {"gnvp": to_host(fresh.gnvp(w)), "hvp": to_host(fresh.hvp(w))}
    for name, array in expected.items():
        np.testing.assert_allclose(actual[name], array, rtol=0.0, atol=1e-12 * np.abs(array).max(), err_msg=name)


def test_only_what_was_not_known_is_computed(monkeypatch):
    risk, w = make_risk(np, SquaredError())
    known = QUANTITIES[:3]
    old = knowing(risk, w, known)
    before = {name: np.copy(getattr(old, name)) for name in known}
    # whoever evaluates the network again is found out
    monkeypatch.setattr(ShallowNetwork, "at", None)
    other = risk.with_penalty(2.0 * risk.penalty)
    point = old.repenalized(other)
    knowing_again = [getattr(point, name) for name in (*known, "gradient_norm")]
    assert work(other) == (0, 0, 0, 0) and len(knowing_again) == 4
    assert point.gauss_newton.shape == (21, 21)
    assert work(other) == (0, 0, 1, 0)
    assert point.params is old.params
    for name, kept in before.items():
        np.testing.assert_array_equal(getattr(old, name), kept)


def test_another_penalty_shares_the_batches_and_knows_whether_it_is_one(n_samples):
    risk, _ = make_risk(np, SquaredError(), n_samples, alpha=0.0)
    assert not risk.has_penalty
    other = risk.with_penalty(risk.penalty + 1.0)
    assert other.batches is risk.batches
    assert other.has_penalty and not risk.has_penalty
    assert other.n_residuals - risk.n_residuals == risk.n_params


def test_other_terms_are_refused():
    (risk, w), (other, _) = make_risk(np, SquaredError()), make_risk(np, SquaredError())
    with pytest.raises(ValueError, match="other terms"):
        risk.at(w).repenalized(other)
