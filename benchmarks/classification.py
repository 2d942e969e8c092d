"""Cross-validated classification with the defaults of both sides, on the same folds."""

import numpy as np
from peers import timed_fit
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tables import Table

from newtonreg import NewtonMLPClassifier

__all__ = ["run"]

_DATA = (("digits", load_digits), ("breast cancer", load_breast_cancer), ("wine", load_wine), ("iris", load_iris))
_CLASSIFIERS = (("NewtonMLPClassifier()", NewtonMLPClassifier), ("MLPClassifier()", MLPClassifier))
_N_FOLDS = 5

_COLUMNS = (
    ("data", "", 14),
    ("method", "", 22),
    ("accuracy", ".4f"),
    ("log loss", ".4f"),
    ("s/fit", ".3f", 7),
    ("iterations", ".0f"),
)

_NOTES = (
    f"StandardScaler pipeline, {_N_FOLDS}-fold stratified cross-validation, both on the same folds and random states: means over",
    "the folds, median seconds and iterations. Difference: newtonreg minus MLPClassifier, mean ± standard error over the paired",
    "folds (repeats share rows, so the standard error is on the small side). 'not below': accuracy, within one standard error.",
)


def run(options):
    """Print the table."""
    seeds = options.seeds or (1 if options.quick else 3)
    table = Table(f"Classification at the defaults, {seeds} x {_N_FOLDS} folds", _COLUMNS, _NOTES)
    for name, load in _DATA[1:] if options.quick else _DATA:
        X, y = load(return_X_y=True)
        folds = np.array([row for seed in range(seeds) for row in _cross_validate(X, y, seed)])
        for column, (label, _) in enumerate(_CLASSIFIERS):
            accuracy, loss, seconds, n_iter = folds[:, column].T
            table.row(name, label, accuracy.mean(), loss.mean(), float(np.median(seconds)), float(np.median(n_iter)))
        _print_difference(folds)


def _cross_validate(X, y, seed):
    """For every fold and classifier: accuracy, log loss, seconds, iterations."""
    splitter = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=seed)
    for train, test in splitter.split(X, y):
        yield [_test(make(random_state=seed), X, y, train, test) for _, make in _CLASSIFIERS]


def _test(classifier, X, y, train, test):
    is_peer = isinstance(classifier, MLPClassifier)
    model, seconds = timed_fit(make_pipeline(StandardScaler(), classifier), X[train], y[train], is_peer)
    probability = model.predict_proba(X[test])
    accuracy = accuracy_score(y[test], model.predict(X[test]))
    return accuracy, log_loss(y[test], probability, labels=model.classes_), seconds, model[-1].n_iter_


def _print_difference(folds):
    difference = folds[:, 0] - folds[:, 1]
    mean = difference.mean(axis=0)
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    verdict = "not below" if mean[0] >= -error[0] else "BELOW"
    speed = np.median(folds[:, 0, 2] / folds[:, 1, 2])
    print(
        f"{'':16}difference: accuracy {mean[0]:+.4f} ± {error[0]:.4f} ({verdict}), log loss {mean[1]:+.4f} ± {error[1]:.4f}, "
        f"time {speed:.2f} x\n",
        flush=True,
    )
