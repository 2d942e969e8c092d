"""The estimators at their defaults beside scikit-learn's."""

import time

import numpy as np
from classification import difference
from default_fit import summary
from default_fit.groups import Task
from sklearn.neural_network import MLPClassifier

from minibatch.claims import number
from minibatch.data import digits, mnist
from minibatch.groups import Group
from newtonreg import INNAClassifier, NewtonMLPClassifier, TrustRegionClassifier

__all__ = ["Accuracy"]

_DATA = {
    "digits": "digits, 1,347 rows",
    "digits-standardized": "the same, standardized",
    "mnist-8000": "MNIST, 8,000 rows",
    "mnist-8000-standardized": "the same, standardized",
}
_SEEDS = {"digits": 10, "digits-standardized": 10, "mnist-8000": 3, "mnist-8000-standardized": 3}
_ESTIMATORS = {"inna": INNAClassifier, "trust-region": TrustRegionClassifier, "newton-mlp": NewtonMLPClassifier}
_QUICK_ROWS, _QUICK_SECONDS = 300, 0.3


class Accuracy(Group):
    """Every record is a pair: an estimator and, before it in the same process, `MLPClassifier`."""

    name, title = "accuracy", "Classifiers at their defaults"
    notes = (
        "Default parameters but for `random_state`; pixels from 0 to 1, or standardized: less their means, over one standard",
        "deviation for all of them, which helps `MLPClassifier`, and hides from newtonreg that they form a picture. On digits",
        "a seed is a split and a random state, on MNIST (8,000 rows for training) a random state. Every fit is paired with",
        'one of `MLPClassifier` in the same process just before it; "in its seconds" has `max_time` set to what that took.',
        'Differences are ours minus theirs, mean ± standard error over the seeds. "Ahead", "behind": by two of them.',
    )

    def plan(self, known, seeds, settings):
        counts = {name: 1 if settings.quick else seeds or _SEEDS[name] for name in _DATA}
        every = [Task(self.name, name, method, seed) for name in _DATA for method in _ESTIMATORS for seed in range(counts[name])]
        return sorted(every, key=lambda task: task.seed)

    def execute(self, task, settings):
        split = digits(settings, task.seed) if task.problem.startswith("digits") else mnist(settings)
        split = split.cut(_QUICK_ROWS, None) if settings.quick else split
        split = split.standardized() if task.problem.endswith("standardized") else split
        peer, peer_seconds = _fit(MLPClassifier(random_state=task.seed), split)
        make, seed = _ESTIMATORS[task.method], task.seed
        ours, seconds = _fit(make(random_state=seed, max_time=_QUICK_SECONDS if settings.quick else None), split)
        capped, capped_seconds = _fit(make(random_state=seed, max_time=peer_seconds), split)
        names = ("accuracy", "seconds", "peer", "peer_seconds", "capped", "capped_seconds")
        return dict(zip(names, (ours, seconds, peer, peer_seconds, capped, capped_seconds), strict=True))

    def report(self, records):
        heading = ("data", "classifier", "test accuracy, ours / theirs", "difference", "", "s, ours / theirs", "seeds")
        rows = [
            self._line(summary.of(records, method, problem), problem, method, column)
            for problem in _DATA
            for method in _ESTIMATORS
            for column in ("accuracy", "capped")
        ]
        return [summary.table(heading, [row for row in rows if row])]

    def _line(self, records, problem, method, column):
        done = [r for r in records if not r["failure"]]
        if not done:
            return []
        ours, theirs = ([r[name] for r in done] for name in (column, "peer"))
        gap, error = difference(ours, theirs) if len(done) > 1 else (ours[0] - theirs[0], float("nan"))
        words = (
            "undecided" if np.isnan(error) else "ahead" if gap > 2 * error else "behind" if gap < -2 * error else "no difference"
        )
        seconds = "seconds" if column == "accuracy" else "capped_seconds"
        times = " / ".join(number(summary.median(done, name)) for name in (seconds, "peer_seconds"))
        label = _ESTIMATORS[method].__name__ + (", in its seconds" if column == "capped" else ", no cap")
        means = " / ".join(f"{np.mean(side):.4f}" for side in (ours, theirs))
        return [_DATA[problem], label, means, f"{gap:+.4f} ± {number(error, '.4f')}", words, times, str(len(done))]


def _fit(classifier, split):
    """(test accuracy, seconds)."""
    begin = time.perf_counter()
    classifier.fit(split.X_train, split.y_train)
    seconds = time.perf_counter() - begin
    return float(classifier.score(split.X_test, split.y_test)), seconds
