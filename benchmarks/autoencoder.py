"""The 2,517 stationary points of a deep linear autoencoder: who finds them, how small a gradient must be, which are missed.

Frye, Wadia, DeWeese & Bouchard (2019), arXiv 1901.10603, from whose plots the published numbers were counted.
"""

import math
import time

import numpy as np
from tables import Table

from newtonreg import minimize
from newtonreg.landscape import DeepLinearAutoencoder, NewtonTR
from newtonreg.landscape.starts import Descents, draw_starts
from newtonreg.solvers import GradientNormMinimization, NewtonMR

__all__ = ["run"]

N_TRAJECTORIES, N_STARTS, DESCENT = 3, 50, 20_000
CUTOFFS = (1e-6, 1e-8, 1e-10)
OFF_TRUTH = {1e-6: 70, 1e-8: 38, 1e-10: 0}
FINDERS = {
    "newton-mr": (NewtonMR(method="krylov", initial_step=0.1, growth=2.0, max_krylov=25), 500, 94),
    "newton-tr": (NewtonTR(), 500, 88),
    "gradient-norm": (GradientNormMinimization(), 50_000, 37),
}
NEGATIVE = -1e-5
"""Eigenvalues below this are counted, as published."""
NEAR = 0.01
"""Of the ranges of index and loss: what still lies on a point of the truth."""


class Crossings:
    """Parameters, and their step, where ‖∇F‖² first falls below each of `CUTOFFS`; ends the run at the last."""

    def __init__(self):
        self.found = {}

    def __call__(self, record, run):
        for cutoff in CUTOFFS:
            if cutoff not in self.found and record.gradient_norm**2 < cutoff:
                self.found[cutoff] = (run.state.params, record.n_iter)
        return CUTOFFS[-1] in self.found


class Truth:
    """Index and loss of all analytic points, on axes that run from 0 to 1."""

    def __init__(self, objective):
        self.objective = objective
        points = list(objective.critical_points())
        self.n_points = len(points)
        rows = np.array([[point.index, point.value] for point in points])
        self.low, self.range = rows.min(axis=0), np.ptp(rows, axis=0)
        self.rows = (rows - self.low) / self.range

    def misses(self, params):
        """Whether index and loss of `params` are those of no analytic point."""
        point = self.objective.at(params)
        index = np.sum(np.linalg.eigvalsh(point.hessian) < NEGATIVE)
        place = (np.array([index, point.value]) - self.low) / self.range
        return np.min(np.linalg.norm(self.rows - place, axis=1)) > NEAR


def make_starts(objective, kind, noise, options):
    """Lists of starts, one a trajectory: the same trajectories for every kind."""
    n_starts = 5 if options.quick else N_STARTS
    descent = Descents(1, None, DESCENT)
    seeds = range(options.seed, options.seed + N_TRAJECTORIES)
    return [draw_starts(objective, n_starts, kind, noise, np.random.RandomState(seed), descent) for seed in seeds]


def search(objective, solver, max_iter, x0):
    """`Crossings.found` of a run from `x0`."""
    crossings = Crossings()
    minimize(objective, x0, solver, max_iter=max_iter, gtol=0.0, patience=max_iter, callbacks=[crossings])
    return crossings.found


def entropy(objective, found):
    """Bits of the distribution of eigenvectors over the points found, with a bar for the point at zero: log2(17) at most."""
    subsets = [objective.identify(params) for params in found]
    counts = np.zeros(objective.n_features + 1)
    for subset in subsets:
        for i in subset or (() if subset is None else (objective.n_features,)):
            counts[i] += 1
    shares = counts[counts > 0] / counts.sum()
    return float(-np.sum(shares * np.log2(shares))), len(set(subsets) - {None})


def _ends(runs):
    return [found[CUTOFFS[-1]][0] for found in runs if CUTOFFS[-1] in found]


def compare_finders(objective, truth, starts, quick):
    """Print who finds what; the runs of newton-mr."""
    table = Table(
        "Finders: starts whose run reaches |gradient|^2 < 1e-10",
        [
            ("finder", "", 13),
            ("starts", "d"),
            ("share %", ".0f"),
            ("published %", ".0f"),
            ("off truth", "d"),
            ("distinct", "d"),
            ("median trials", ".0f"),
            ("cap", "d", 6),
            ("seconds", ".0f"),
        ],
        notes=["starts uniform in loss height on gradient descent; off truth: (index, loss) of no analytic point"],
    )
    kept = None
    for name, (solver, max_iter, published) in FINDERS.items():
        begun, max_iter = time.perf_counter(), max_iter // 10 if quick and max_iter > 500 else max_iter
        runs = [search(objective, solver, max_iter, x0) for group in starts for x0 in group]
        seconds, ends = time.perf_counter() - begun, _ends(runs)
        trials = [found[CUTOFFS[-1]][1] for found in runs if CUTOFFS[-1] in found]
        distinct = len({objective.identify(params) for params in ends})
        off, share, median = sum(map(truth.misses, ends)), 100 * len(ends) / len(runs), np.median(trials) if trials else math.nan
        table.row(name, len(runs), share, published, int(off), distinct, median, max_iter, seconds)
        kept = runs if kept is None else kept
    return kept


def compare_cutoffs(truth, runs):
    """Print the share of false points that a looser tolerance lets pass."""
    table = Table(
        "Cutoff: newton-mr stopped early",
        [("|gradient|^2", ".0e"), ("reached", "d"), ("off truth %", ".0f"), ("published %", ".0f")],
    )
    for cutoff in reversed(CUTOFFS):
        reached = [found[cutoff][0] for found in runs if cutoff in found]
        off = 100 * float(np.mean([truth.misses(params) for params in reached])) if reached else math.nan
        table.row(cutoff, len(reached), off, OFF_TRUTH[cutoff])


def compare_starts(objective, height_runs, options):
    """Print how many different eigenvectors the found points use."""
    table = Table(
        "Bias: bits of the eigenvectors of the points that newton-mr finds, of log2(17) = 4.09",
        [
            ("starts", "", 28),
            ("found", "d"),
            ("bits, by trajectory", "", 20),
            ("all", ".2f", 5),
            ("published", ".2f"),
            ("distinct", "d"),
        ],
    )
    solver, max_iter, _ = FINDERS["newton-mr"]
    # published noise levels are variances
    kinds = [("trajectory-height", 1e-4, 3.10), ("trajectory-height", 1e-2, 3.38), ("trajectory-height", 1e-1, 2.96)]
    kinds += [("trajectory-iteration", 0.0, 2.22), ("trajectory-iteration", 1e-2, 2.51)]
    _bias_row(table, objective, "trajectory-height", np.array_split(np.array(height_runs, dtype=object), N_TRAJECTORIES), 3.07)
    for kind, variance, published in kinds:
        groups = make_starts(objective, kind, math.sqrt(variance), options)
        label = f"{kind} + {variance:g}" if variance else kind
        runs = [[search(objective, solver, max_iter, x0) for x0 in group] for group in groups]
        _bias_row(table, objective, label, runs, published)


def _bias_row(table, objective, label, runs, published):
    groups = [_ends(group) for group in runs]
    bits, distinct = entropy(objective, [params for group in groups for params in group])
    each = " ".join(f"{entropy(objective, group)[0]:.2f}" for group in groups)
    table.row(label, sum(map(len, groups)), each, bits, published, distinct)


def run(options):
    """Print the tables."""
    objective = DeepLinearAutoencoder()
    truth = Truth(objective)
    largest = max(objective.at(point.params).gradient_norm for point in objective.critical_points())
    print(f"\n{truth.n_points} analytic points, largest gradient norm {largest:.1e}")
    runs = compare_finders(objective, truth, make_starts(objective, "trajectory-height", 0.0, options), options.quick)
    compare_cutoffs(truth, runs)
    compare_starts(objective, runs, options)
