"""Short runs of Levenberg–Marquardt from 24 starts, all at once and one after the other: ``python benchmarks/batched_starts.py``.

With ``--cupy`` on a GPU. One BLAS thread; both go the same ways, so what is compared is overhead.
"""

import argparse
import importlib

import numpy as np
from tables import Table, print_environment
from timing import interleave

from newtonreg.backend.threads import threads_for
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.minimize import Minimization, Stopping
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.solvers import LevenbergMarquardt, Nielsen
from newtonreg.solvers.batched import levenberg_marquardt_batch

_N_STARTS, _N_TRIALS = 24, 40
_SIZES = ((1, 10, 100), (1, 20, 256), (2, 10, 200), (3, 20, 500), (4, 50, 1000))
"""(d, k, n)."""

_COLUMNS = (
    ("d", "d", 3),
    ("k", "d", 4),
    ("n", "d", 6),
    ("p", "d", 5),
    ("accepted", ".2f"),
    ("same decisions", ".3f"),
    ("us a trial, alone", ".0f"),
    ("together", ".0f", 9),
    ("alone/together", ".2f"),
)


def _problem(xp, d, k, n):
    """A smooth function without noise, standardized, and starts: random units, best coefficients."""
    rng = np.random.default_rng(0)
    x = rng.uniform(-1.0, 1.0, size=(d, n)) * 3.0**0.5
    y = np.sin(3.0 * np.sum(x, axis=0) / d**0.5) * np.exp(0.5 * x[0])
    y = (y - np.mean(y)) / np.std(y)
    network = ShallowNetwork(Tanh(), d, k, 1)
    arrays = [xp.asarray(array) for array in (x, y[None, :], np.ones(n), np.zeros(network.n_params))]
    risk = EmpiricalRisk([Term(network, arrays[0], arrays[1], SquaredError(), arrays[2])], arrays[3])
    starts = []
    for _ in range(_N_STARTS):
        weights = 2.0 * rng.normal(size=(d, k)) / d**0.5
        units = np.vstack([weights, -np.sum(weights * x[:, rng.integers(n, size=k)], axis=0)])
        params = xp.asarray(network.pack(units, np.zeros((1, k + 1))))
        starts.append(params + risk.at(params).outer_step())
    return risk, xp.stack(starts)


def _row(xp, size, budget):
    risk, starts = _problem(xp, *size)
    scaled, rule = (True, Nielsen()) if size[0] == 1 else (False, Nielsen(decrease=1.0 / 3.0))
    solver = LevenbergMarquardt(norm="column-scaling" if scaled else "spherical", damping=rule, method="cholesky")

    def alone():
        stopping = Stopping(_N_TRIALS, gtol=0.0, xtol=0.0, ftol=0.0, patience=_N_TRIALS + 1)
        return [Minimization(risk, solver, solver.init(risk, start), stopping).run() for start in starts]

    def together():
        return levenberg_marquardt_batch(risk, starts, _N_TRIALS, scaled=scaled, damping=rule)

    single = np.array([[record.accepted for record in run.history[1:]] for run in alone()])
    same = np.mean(single == np.array(together().accepted))
    times = interleave({"alone": alone, "together": together}, budget)
    microseconds = [1e6 * times.median(name) / (_N_STARTS * _N_TRIALS) for name in ("alone", "together")]
    return *size, risk.n_params, np.mean(single), same, *microseconds, times.ratio("alone", "together")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description="Batched starts against single runs.")
    parser.add_argument("--cupy", action="store_true", help="on a GPU")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds a row")
    arguments = parser.parse_args()
    print_environment()
    table = Table(f"{_N_STARTS} starts, {_N_TRIALS} trials each", _COLUMNS)
    with threads_for(1.0):
        for size in _SIZES:
            table.row(*_row(importlib.import_module("cupy") if arguments.cupy else np, size, arguments.budget))


if __name__ == "__main__":
    main()
