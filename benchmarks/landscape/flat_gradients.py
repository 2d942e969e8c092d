"""How often a search for stationary points ends where the gradient lies in the kernel of the Hessian.

Frye et al. (2020), arXiv 2003.10397, whose networks and shares are not known: only the statement is tested.
"""

import numpy as np
from raw import write_rows
from sklearn.datasets import load_iris
from tables import Table

from landscape.curves import draw_params, make_objective
from newtonreg import EmpiricalRisk, minimize
from newtonreg.bases import Tanh
from newtonreg.losses import Multinomial
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.solvers import NewtonMR

__all__ = ["run"]

N_STARTS, MAX_ITER, FLAT, SMALL, TINY = 60, 250, 0.9, 1e-10, 1e-20
FINDERS = {
    "newton-mr": NewtonMR(),
    "newton-mr, as published": NewtonMR(method="krylov", initial_step=0.1, growth=2.0, max_krylov=25, rank_rtol=1e-7),
}
"""The published code gives up directions beyond a condition number of 1e7."""


def classifier():
    """Iris, standardized: 4-6-3 with softmax, rows of weight 1/n, and a small penalty, without which there is no minimum."""
    x, labels = load_iris(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    network = ShallowNetwork(Tanh(), 4, 6, 3)
    term = Term(network, np.ascontiguousarray(x.T), np.eye(3)[:, labels], Multinomial(), np.full(len(x), 1.0 / len(x)))
    return EmpiricalRisk([term], 1e-4 * network.penalty_mask(term.inputs))


class Watch:
    """Largest flatness on the way, where |gradient|^2 is first below 1e-10 and the flatness there; ends the run at 1e-20."""

    def __init__(self):
        self.most, self.reached, self.last = 0.0, None, None

    def __call__(self, record, run):
        r, square = run.state.memory.get("flatness", np.nan), run.state.point.gradient_norm**2
        self.last = (r, square)
        if square >= SMALL and np.isfinite(r):
            self.most = max(self.most, r)
        if self.reached is None and square < SMALL:
            self.reached = r
        return square < TINY


def search(objective, start, finder):
    """`Watch` of a run from `start` (p,)."""
    watch = Watch()
    minimize(objective, start, finder, max_iter=MAX_ITER, gtol=0.0, patience=MAX_ITER, callbacks=[watch])
    return watch


def run(options):
    """Print the table."""
    networks = {"1-8-1 tanh, 30 rows": make_objective("sin 2 pi x", 8, options.seed, n_rows=30), "4-6-3 softmax": classifier()}
    columns = [
        ("network", "", 20),
        ("finder", "", 23),
        ("starts", "d"),
        ("flat %", ".0f"),
        ("small %", ".0f"),
        ("other %", ".0f"),
    ]
    columns += [("small, flat %", ".0f"), ("tiny %", ".0f"), ("passed flat %", ".0f"), ("median r", ".2f")]
    notes = [
        f"flat: the run ends with r > {FLAT} before |gradient|^2 < {SMALL:.0e}; small: it gets there; other: neither",
        f"small, flat: r > {FLAT} where it first gets there; tiny: it goes on to {TINY:.0e}; passed flat: r > {FLAT} before",
        "median r: at the end of the runs that do not get there",
    ]
    table, rows = Table("Gradient-flat regions: ends of Newton-MR from random starts", columns, notes), []
    for name, objective in networks.items():
        for label, finder in FINDERS.items():
            seeds = range(options.seed, options.seed + (5 if options.quick else N_STARTS))
            watches = [search(objective, draw_params(objective.network, np.random.RandomState(s)), finder) for s in seeds]
            cells = (name, label, len(watches), *_shares(watches))
            table.row(*cells)
            rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("gradient-flat", rows, options.quick)


def _shares(watches):
    small = [watch.reached is not None for watch in watches]
    flat = [watch.reached is None and watch.last[0] > FLAT for watch in watches]
    columns = [flat, small, [not (a or b) for a, b in zip(flat, small, strict=True)]]
    columns += [[watch.reached is not None and watch.reached > FLAT for watch in watches]]
    columns += [[watch.last[1] < TINY for watch in watches], [watch.most > FLAT for watch in watches]]
    left = [watch.last[0] for watch in watches if watch.reached is None]
    return [*(100.0 * float(np.mean(column)) for column in columns), float(np.median(left)) if left else np.nan]
