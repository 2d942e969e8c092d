"""What whitening, and Newton's method, forget: accuracy on new digits, and curvature between Newton and gradient descent.

Wadia, Duckworth, Schoenholz, Dyer & Sohl-Dickstein, arXiv 2008.07545; the settings are ours.
"""

import numpy as np
from raw import write_rows
from sklearn.datasets import load_digits
from tables import Table

from newtonreg import EmpiricalRisk, Newton, TrustRegion, Whitener, minimize
from newtonreg.bases import Tanh
from newtonreg.curvatures import Interpolated
from newtonreg.losses import Multinomial
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

__all__ = ["run"]

WAYS = ("none", "training rows", "training and test rows")
FULL = [(30, 20, 40)]
"""Training rows, test rows, splits: together fewer than the directions that the pixels have."""
RELAXED = [(32, 200, 8), (64, 200, 8), (128, 200, 6), (256, 200, 4), (512, 200, 3)]
STRENGTHS = (0.0, 1e-3, 1e-2, 1e-1, 0.3, 1.0)
SWEEP_ROWS, SWEEP_NEW, SWEEP_STARTS, TARGET, SWEEP_STEPS = 200, 1000, 3, 0.1, 600


def _draw(digits, rng, n_train, n_test):
    images, labels = digits
    train, test = np.split(rng.permutation(len(labels))[: n_train + n_test], [n_train])
    return images[train], labels[train], images[test], labels[test]


def _scaled(train, test):
    """Both in units of the root-mean-square length of a training row: one number, so that nothing is whitened by it."""
    unit = np.sqrt((train**2).sum(axis=1).mean())
    return train / unit, test / unit


def _risk(rows, labels, n_units, penalty):
    network = ShallowNetwork(Tanh(), rows.shape[1], n_units, 10)
    term = Term(network, np.ascontiguousarray(rows.T), np.eye(10)[:, labels], Multinomial(), np.ones(len(rows)))
    return EmpiricalRisk([term], np.full(network.n_params, penalty))


def _accuracy(risk, params, rows, labels):
    return float((risk.network.at(np.ascontiguousarray(rows.T), params).values.argmax(axis=0) == labels).mean())


def _transformed(train, test, way):
    if way == "none":
        return *_scaled(train, test), 0
    whitener = Whitener(center=False).fit(train if way == "training rows" else np.concatenate([train, test]))
    return *_scaled(whitener.transform(train), whitener.transform(test)), whitener.rank_


def _fitted(digits, way, n_train, n_test, seed):
    """Accuracies on training and test rows, and the rank that the whitener saw."""
    train, labels, test, test_labels = _draw(digits, np.random.RandomState(seed), n_train, n_test)
    train, test, rank = _transformed(train, test, way)
    risk = _risk(train, labels, n_units=3, penalty=1e-2)
    # a ball and random units without a preferred direction see the rows by their products only
    start = np.random.RandomState(1000 + seed).standard_normal(risk.n_params)
    found = minimize(risk, start, TrustRegion(norm="spherical"), gtol=1e-3, max_iter=60)
    return _accuracy(risk, found.x, train, labels), _accuracy(risk, found.x, test, test_labels), rank


def whitened_on(digits, options):
    """Print accuracies by what the whitener was fitted on."""
    columns = [("whitened on", "", 23), ("n_train", "d"), ("n_test", "d"), ("splits", "d"), ("rank", ".0f", 4)]
    columns += [("train acc", ".3f"), ("test acc", ".3f"), ("z", ".1f", 6)]
    notes = ["64 pixels, 64-3-10 network; z: binomial standard deviations of test accuracy from chance, 0.1"]
    table, rows = Table("Whitening on what?", columns, notes), []
    for n_train, n_test, splits in FULL if options.quick else FULL + RELAXED:
        for way in WAYS if (n_train, n_test, splits) in FULL else WAYS[:2]:
            splits = 2 if options.quick else splits
            runs = np.array([_fitted(digits, way, n_train, n_test, options.seed + s) for s in range(splits)])
            fitted, accuracy, rank = (float(a) for a in runs.mean(axis=0))
            z = (accuracy - 0.1) / np.sqrt(0.09 / (n_test * splits))
            cells = (way, n_train, n_test, splits, rank, fitted, accuracy, float(z))
            table.row(*cells)
            rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("whitening", rows, options.quick)


def _to_target(digits, strength, seed):
    """Steps, loss and accuracy on new rows where the training loss is at its target, and whether it got there."""
    train, labels, test, test_labels = _draw(digits, np.random.RandomState(seed), SWEEP_ROWS, SWEEP_NEW)
    mean = train.mean(axis=0)
    train, test = _scaled(train - mean, test - mean)
    risk = _risk(train, labels, n_units=4, penalty=1e-3)
    start = 0.5 * np.random.RandomState(1000 + seed).standard_normal(risk.n_params)
    # B grows with the number of rows; a tenth is about what a row adds to it in a direction that matters
    solver = Newton("armijo", singular="pinv", curvature=Interpolated(strength, "gauss-newton", scale=0.1 * SWEEP_ROWS))
    level = TARGET * SWEEP_ROWS
    found = minimize(risk, start, solver, max_iter=SWEEP_STEPS, callbacks=[lambda record, _: record.value <= level])
    new_loss = _risk(test, test_labels, n_units=4, penalty=0.0).at(found.x).value / SWEEP_NEW
    return found.nit, new_loss, _accuracy(risk, found.x, test, test_labels), found.fun <= level


def sweep(digits, options):
    """Print steps to a training loss of 0.1 a row, and the test loss there, by the share of the identity."""
    columns = [("lambda", "g", 6), ("starts", "d"), ("reached", "d"), ("steps", ".1f"), ("test loss", ".3f"), ("test acc", ".3f")]
    notes = ["curvature (1 - lambda) B + lambda I, B Gauss-Newton, Armijo steps; 64-4-10, 200 digits, to a loss of 0.1 a row"]
    table, rows = Table("Between Newton and gradient descent", columns, notes), []
    for strength in STRENGTHS[:-1] if options.quick else STRENGTHS:
        n_starts = 1 if options.quick else SWEEP_STARTS
        runs = np.array([_to_target(digits, strength, options.seed + s) for s in range(n_starts)])
        steps, loss, accuracy = (float(a) for a in runs[:, :3].mean(axis=0))
        cells = (strength, n_starts, int(runs[:, 3].sum()), steps, loss, accuracy)
        table.row(*cells)
        rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("lambda-sweep", rows, options.quick)


def run(options):
    """Print the tables."""
    images, labels = load_digits(return_X_y=True)
    whitened_on((images / 16.0, labels), options)
    sweep((images / 16.0, labels), options)
