"""How diagonal the Hessians of networks are during a fit, against two random matrices.

Adolphs, Kohler & Lucchi, arXiv 1905.09201; their networks are larger and their batches have 32 rows.
"""

import numpy as np
from raw import write_rows
from sklearn.datasets import load_digits
from tables import Table

from landscape.curves import draw_params, make_objective
from newtonreg import EmpiricalRisk, TrustRegion, minimize
from newtonreg.bases import Tanh
from newtonreg.landscape import diagonal_share, least_squares_share, wigner_share
from newtonreg.losses import Multinomial, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

__all__ = ["run"]

BATCH = 32
MOMENTS = (0, 1, 3, 10, 30, 60)
"""Trials of the trust region after which the Hessian is looked at."""


def _risk(network, inputs, targets, loss, penalty):
    n = inputs.shape[1]
    return EmpiricalRisk([Term(network, inputs, targets, loss, np.full(n, 1.0 / n))], penalty * network.penalty_mask(inputs))


def _eight_features(seed):
    x = np.random.RandomState(seed).standard_normal((8, 500))
    y = np.sin(x[0] * x[1]) + x[2] ** 2 - x[3]
    return _risk(ShallowNetwork(Tanh(), 8, 20, 1), x, ((y - y.mean()) / y.std())[None, :], SquaredError(), 0.0)


def _digits(seed):
    images, labels = load_digits(return_X_y=True)
    rows = np.random.RandomState(seed).permutation(len(labels))[:500]
    x, labels = images[rows], labels[rows]
    x = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1.0)
    return _risk(ShallowNetwork(Tanh(), 64, 8, 10), np.ascontiguousarray(x.T), np.eye(10)[:, labels], Multinomial(), 1e-4)


def run(options):
    """Print the table."""
    networks = {"tanh 1-20-1": make_objective("sin 2 pi x", 20, options.seed), "tanh 8-20-1": _eight_features(options.seed)}
    networks |= {} if options.quick else {"softmax 64-8-10": _digits(options.seed)}
    columns = [
        ("network", "", 16),
        ("p", "d"),
        ("n", "d"),
        ("trial", "d"),
        ("F", ".1e"),
        ("Hessian", ".4f"),
        ("of 32 rows", ".4f"),
    ]
    columns += [("Wigner", ".4f"), ("least squares", ".4f"), ("l. s., 32 rows", ".4f")]
    notes = ["diagonal share: sum |A_ii| / sum |A_ij|; least squares: independent features, as many as parameters"]
    table, rows = Table("Diagonal share along a trust-region fit", columns, notes), []
    for name, objective in networks.items():
        n = objective.terms[0].inputs.shape[1]
        for trial, params in moments(objective, options.seed):
            point, p = objective.at(params), objective.n_params
            shares = [diagonal_share(point.hessian), _share_of_batch(objective, params, options.seed), wigner_share(p)]
            shares += [least_squares_share(p, n), least_squares_share(p, BATCH)]
            cells = (name, p, n, trial, point.value, *shares)
            table.row(*cells)
            rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("diagonal-share", rows, options.quick)


def _share_of_batch(objective, params, seed):
    """Mean diagonal share of the Hessians of ten batches of 32 rows."""
    term, rng, shares = objective.terms[0], np.random.RandomState(seed), []
    for _ in range(10):
        rows = rng.permutation(term.inputs.shape[1])[:BATCH]
        inputs, targets = (np.ascontiguousarray(a[:, rows]) for a in (term.inputs, term.targets))
        batch = EmpiricalRisk([Term(term.network, inputs, targets, term.loss, np.full(BATCH, 1.0 / BATCH))], objective.penalty)
        shares.append(diagonal_share(batch.at(params).hessian))
    return float(np.mean(shares))


def moments(objective, seed):
    """Pairs of a trial of `MOMENTS` and the parameters after it; the last of a run that ended before."""
    seen = []

    def look(record, run):
        if record.n_iter in MOMENTS:
            seen.append((record.n_iter, run.state.params))

    start = draw_params(objective.network, np.random.RandomState(seed))
    minimize(objective, start, TrustRegion(), max_iter=MOMENTS[-1], callbacks=[look])
    return seen
