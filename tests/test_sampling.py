"""Samples of rows add up to all of them, and are asked on the account of the whole."""

import math

import numpy as np
import pytest
from test_first_order import curve
from training_problems import make_risk

from newtonreg import Analytic, EmpiricalRisk
from newtonreg.backend.shuffling import random_order
from newtonreg.losses import Multinomial
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.objectives.sampling import n_rows, sample


def softmax_risk(n=37):
    """Three classes, unequal weights, a penalty."""
    rng = np.random.RandomState(3)
    network = ShallowNetwork(make_risk().network.basis, 2, 3, 3)
    labels = np.eye(3)[rng.randint(3, size=n)].T.copy()
    term = Term(network, rng.normal(size=(2, n)), labels, Multinomial(), rng.uniform(0.2, 3.0, size=n))
    return EmpiricalRisk([term], 0.3 * network.penalty_mask(term.inputs)), rng.normal(size=network.n_params)


def parts(n, size):
    """Index arrays that part n rows."""
    return np.split(random_order(n, 0, 0, np.zeros(1)), range(size, n, size))


@pytest.mark.parametrize("case", [curve, softmax_risk], ids=["squared error", "softmax"])
def test_samples_that_part_the_rows_add_up_to_the_whole(case):
    risk, params = case()
    whole, direction = risk.at(params), np.linspace(-1.0, 1.0, risk.n_params)
    points = [sample(risk, index).at(params) for index in parts(n_rows(risk), 7)]
    assert len(points) > 2
    for ask in (
        lambda point: point.value,
        lambda point: point.gradient,
        lambda point: point.hessian,
        lambda point: point.gauss_newton,
        lambda point: point.hvp(direction),
        lambda point: point.gnvp(direction),
    ):
        np.testing.assert_allclose(sum(map(ask, points)), ask(whole), rtol=1e-12, atol=1e-12 * np.abs(ask(whole)).max())
    assert math.isclose(sum(sample(risk, index).total_weight for index in parts(n_rows(risk), 7)), risk.total_weight)


def test_a_sample_is_asked_on_the_account_of_the_whole():
    risk, params = curve()
    before = risk.counts.njev
    few = sample(risk, np.arange(5))
    assert few.is_sampled and few.counts is risk.counts and not hasattr(risk, "is_sampled")
    few.at(params).gradient  # noqa: B018
    assert risk.counts.njev == before + 1


def test_rows_are_copied_once_and_shared_with_other_penalties():
    risk, _ = curve()
    sample(risk, np.arange(5))
    kept = risk.row_major
    sample(risk, np.arange(3))
    other = risk.with_penalty(2.0 * risk.penalty)
    sample(other, np.arange(3))
    assert risk.row_major is kept and other.row_major is kept
    assert kept.inputs.flags.c_contiguous and kept.inputs.shape == (30, 2)
    np.testing.assert_array_equal(kept.inputs, risk.terms[0].inputs.T)


def test_wide_samples_have_values_and_gradients_in_one_piece():
    rng = np.random.RandomState(0)
    network = ShallowNetwork(make_risk().network.basis, 300, 2, 1)
    weights = np.ones(120)
    term = Term(network, rng.normal(size=(300, 120)), rng.normal(size=(1, 120)), make_risk().terms[0].loss, weights)
    risk, params = EmpiricalRisk([term], np.zeros(network.n_params)), 0.1 * rng.normal(size=network.n_params)
    few = sample(risk, np.arange(100))
    pieces = EmpiricalRisk(few.terms, few.penalty)
    assert len(few.batches) == 1 < len(pieces.batches), "or this tests nothing"
    point, expected = few.at(params), pieces.at(params)
    np.testing.assert_allclose(point.gradient, expected.gradient, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(point.hvp(params), expected.hvp(params), rtol=1e-11, atol=1e-13)


def test_curvature_of_other_rows_comes_at_the_weight_of_the_batch():
    risk, params = softmax_risk()
    index, others = np.arange(20), np.arange(5, 30, 2)
    point, plain = sample(risk, index, others).at(params), sample(risk, index).at(params)
    assert point.value == plain.value and np.array_equal(point.gradient, plain.gradient)
    term, weights = risk.terms[0], risk.terms[0].weights
    scaled = term._replace(
        inputs=term.inputs[:, others],
        targets=term.targets[:, others],
        weights=weights[others] * (weights[index].sum() / weights[others].sum()),
    )
    share = weights[index].sum() / weights.sum()
    expected, direction = EmpiricalRisk([scaled], share * risk.penalty).at(params), np.linspace(-1.0, 1.0, risk.n_params)
    for name in ("hessian", "gauss_newton"):
        np.testing.assert_allclose(getattr(point, name), getattr(expected, name), rtol=1e-12, atol=1e-13)
    for name in ("hvp", "gnvp"):
        np.testing.assert_allclose(getattr(point, name)(direction), getattr(expected, name)(direction), rtol=1e-12, atol=1e-13)


def test_rows_are_those_of_one_term():
    risk, _ = curve()
    with pytest.raises(ValueError, match="2 terms"):
        n_rows(EmpiricalRisk([risk.terms[0], risk.terms[0]], risk.penalty))
    with pytest.raises(TypeError, match="Analytic has no rows"):
        n_rows(Analytic(lambda x: x @ x, 2))
