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

__all__ = ["CLASSIFIERS", "DATA", "N_FOLDS", "difference", "run", "test_fold"]

DATA = {"digits": load_digits, "breast cancer": load_breast_cancer, "wine": load_wine, "iris": load_iris}
CLASSIFIERS = {"NewtonMLPClassifier()": NewtonMLPClassifier, "MLPClassifier()": MLPClassifier}
N_FOLDS = 5

_COLUMNS = (
    ("data", "", 14),
    ("method", "", 22),
    ("accuracy", ".4f"),
    ("log loss", ".4f"),
    ("s/fit", ".3f", 7),
    ("iterations", ".0f"),
)

_NOTES = (
    f"StandardScaler pipeline, {N_FOLDS}-fold stratified cross-validation, both on the same folds and random states: means over",
    "the folds, median seconds and iterations. Difference: newtonreg minus MLPClassifier, mean ± standard error over the paired",
    "folds (repeats share rows, so the standard error is on the small side). 'not below': accuracy, within one standard error.",
)


def run(options):
    """Print the table."""
    seeds = options.seeds or (1 if options.quick else 3)
    table = Table(f"Classification at the defaults, {seeds} x {N_FOLDS} folds", _COLUMNS, _NOTES)
    for name in list(DATA)[1:] if options.quick else DATA:
        folds = np.array([[test_fold(name, label, number) for label in CLASSIFIERS] for number in range(seeds * N_FOLDS)])
        for column, label in enumerate(CLASSIFIERS):
            accuracy, loss, seconds, n_iter = folds[:, column].T
            table.row(name, label, accuracy.mean(), loss.mean(), float(np.median(seconds)), float(np.median(n_iter)))
        _print_difference(folds)


def test_fold(data, label, number):
    """(accuracy, log loss, seconds, iterations) of a classifier on fold `number`, those of the second repeat from 5 on."""
    X, y = DATA[data](return_X_y=True)
    seed, fold = divmod(number, N_FOLDS)
    train, test = list(StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed).split(X, y))[fold]
    classifier = CLASSIFIERS[label](random_state=seed)
    is_peer = isinstance(classifier, MLPClassifier)
    model, seconds = timed_fit(make_pipeline(StandardScaler(), classifier), X[train], y[train], is_peer)
    probability = model.predict_proba(X[test])
    accuracy = accuracy_score(y[test], model.predict(X[test]))
    return accuracy, log_loss(y[test], probability, labels=model.classes_), seconds, model[-1].n_iter_


def difference(ours, theirs):
    """Mean and standard error of paired differences."""
    gap = np.asarray(ours) - np.asarray(theirs)
    return float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(len(gap)))


def _print_difference(folds):
    (accuracy, error), (loss, loss_error) = (difference(folds[:, 0, column], folds[:, 1, column]) for column in (0, 1))
    verdict = "not below" if accuracy >= -error else "BELOW"
    speed = np.median(folds[:, 0, 2] / folds[:, 1, 2])
    print(
        f"{'':16}difference: accuracy {accuracy:+.4f} ± {error:.4f} ({verdict}), log loss {loss:+.4f} ± {loss_error:.4f}, "
        f"time {speed:.2f} x\n",
        flush=True,
    )
