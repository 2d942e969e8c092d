"""Courses whose penalties follow the evidence: where they end."""

from types import SimpleNamespace

import numpy as np
import pytest
from training_problems import LM, make_risk, training_with

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
