"""Courses whose penalties follow the evidence: where they end."""

from copy import copy
from types import SimpleNamespace

import numpy as np
import pytest
from training_problems import LM, make_risk, training_with

from newtonreg import NewtonMLPRegressor
from newtonreg.training import Evidence, regularizing


def assessed(log_evidence, shortfall=0.0):
    """A course at a point of such a log evidence."""
    assessment = SimpleNamespace(log_evidence=log_evidence, shortfall=shortfall)
    return SimpleNamespace(assessment=assessment, kept=lambda: log_evidence)


@pytest.mark.parametrize(
    ("seen", "kept", "passed"),
    [
        # the latest that is not much below the highest
        ([1.0, 5.0, 4.7, 4.4, 4.0], 4.7, 2),
        # a dip that is made up for
        ([5.0, 3.0, 3.0, 6.0], 6.0, 0),
        # what is far from its minimum is not the highest, however high
        ([1.0, (9.0, 20.0), 2.0], 2.0, 0),
        # nor counts against what it has passed
        ([5.0, (1.0, 20.0), (1.0, 20.0)], 5.0, 0),
        # nor may an early one make the course go back from further up
        ([-300.0, (-20.0, 20.0)], -20.0, 0),
    ],
)
def test_a_peak_of_the_log_evidence(seen, kept, passed):
    peak = regularizing._Peak(fall=0.5)
    for one in seen:
        peak.see(assessed(*one) if isinstance(one, tuple) else assessed(one))
    assert (peak.kept, peak.passed) == (kept, passed)


def test_settling_ends_at_what_was_assessed():
    course = training_with(make_risk(noise=0.4, n=60, d=2)).course
    course.regularize([0.1] * 4)
    regularizing.follow_evidence(course, LM, max_trials=60, fall=0.5)
    again = course.assess()
    assert course.penalties == Evidence(course.objective).groups(course.objective.penalty)
    assert again.log_evidence == pytest.approx(course.assessment.log_evidence, abs=1e-6)
    np.testing.assert_allclose(again.penalties, course.assessment.penalties, rtol=1e-6)


@pytest.mark.parametrize("better", [1.0, -1.0])
def test_the_end_is_no_worse_than_the_fallback(better):
    fit = training_with(make_risk(noise=0.4, n=60, d=2), trials=3000)
    aside = regularizing.begin_regularized(fit.course.aside(), LM, fit.course.best.params, [0.1] * 4)
    regularizing.follow_evidence(aside, LM, max_trials=300)
    alone = training_with(make_risk(noise=0.4, n=60, d=2), [regularizing.EvidenceDescent(LM)], trials=3000).finish()
    fit.fallback = copy(aside)
    fit.fallback.assessment = aside.assessment._replace(log_evidence=alone.course.log_evidence + better)
    fit.phases, seen = [regularizing.EvidenceDescent(LM)], []
    fit.callbacks = [lambda record, run: seen.append(record)]
    fit.finish()
    # trials of the fallback are none of this course, and callbacks have seen every row of its history
    assert list(map(id, seen)) == list(map(id, fit.run.history))
    assert (len(fit.run.history) > len(alone.run.history)) is (better > 0.0)


def test_a_plain_fit_that_lost_its_way_is_given_up():
    """A sine with 1% noise whose 50 rows the default width barely resolves: the weights of the plain fit grew to 1e5."""
    rng = np.random.default_rng(6)
    X = rng.uniform(-1.0, 1.0, (50, 1))
    truth = np.sin(2.0 * np.pi * X[:, 0])
    y = truth + 0.01 * truth.std() * rng.standard_normal(50)
    model = NewtonMLPRegressor(random_state=6).fit(X, y)
    assert model.noise_std_[0] < 0.02 * truth.std()
