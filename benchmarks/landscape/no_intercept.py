"""Raw Newton on networks without an output bias, as in Rowan (2025), where a constant network is zero."""

import numpy as np
from raw import write_rows
from tables import Table

from landscape.curves import N_ROWS, TARGETS, draw_params, make_objective
from landscape.trivial import RANK, RESTARTS, ZERO, restart_values
from newtonreg import Analytic, Newton, TrustRegion, classify, minimize
from newtonreg.solvers import BFGS, SaddleFreeNewton

__all__ = ["KINDS", "METHODS", "Pinned", "last_point", "run"]

WIDTHS, LOOKED_AT = (3, 10, 20), 4
METHODS = {
    "raw Newton": (Newton(singular="pinv"), 200, 1e-12, 100),
    "trust region": (TrustRegion(), 100, 1e-8, 20),
    "saddle-free": (SaddleFreeNewton(), 100, 1e-8, 20),
    "BFGS": (BFGS(), 200, 1e-8, 20),
}
"""Solver, trials, tolerance, starts."""
KINDS = ("zero, coefs", "zero, else", "saddle", "minimum", "other")
"""Zero: a stationary network that is zero at all rows, because all coefficients vanish or otherwise."""
VANISHING, ABSENT = 1e-4, 1e-6


class Pinned:
    """A network objective with its only intercept, the last parameter, fixed at zero."""

    def __init__(self, target, width, seed):
        self.risk = make_objective(target, width, seed, center=False)
        self.network, self.inputs = self.risk.network, self.risk.terms[0].inputs
        at, full = self.risk.at, self.full
        gradient, hessian = (lambda x: at(full(x)).gradient[:-1]), (lambda x: at(full(x)).hessian[:-1, :-1])
        self.objective = Analytic(lambda x: at(full(x)).value, self.risk.n_params - 1, gradient, hessian)

    def full(self, params):
        """All parameters (p,), of all but the intercept (p - 1,)."""
        return np.concatenate([params, np.zeros(1)])

    def kind(self, params):
        """A word of `KINDS`, and the norm of the coefficients."""
        found = classify(self.objective, params)
        network = self.network.at(self.inputs, self.full(params))
        length = float(np.linalg.norm(network.coefs))
        if found.kind not in ("minimum", "degenerate", "saddle", "maximum", "global minimum"):
            return "other", length
        if length <= VANISHING:
            return "zero, coefs", length
        if np.sqrt(np.mean(network.values**2)) <= ABSENT:
            return "zero, else", length
        return ("saddle" if found.kind in ("saddle", "maximum") else "minimum"), length

    def inertia(self, params):
        """Positive, negative, zero eigenvalues of the Hessian as text, and of the formula: k, rank C, the rest."""
        values = np.linalg.eigvalsh(self.objective.at(params).hessian)
        zero, k = ZERO * np.max(np.abs(values)), self.network.n_units
        positive, negative = int(np.sum(values > zero)), int(np.sum(values < -zero))
        rank = int(np.sum(self._slopes(params) > RANK * np.max(self._slopes(params))))
        size = len(values)
        return f"{positive} {negative} {size - positive - negative}", f"{k} {rank} {size - k - rank}"

    def _slopes(self, params):
        """Lengths (k,) of the blocks <r, d_j h_k>, which are the singular values of C."""
        term, parts = self.risk.terms[0], self.network.unpack(self.full(params))
        residual = (self.network.at(self.inputs, self.full(params)).values - term.targets) * term.weights
        with_ones = self.network.at(self.inputs, self.network.pack(parts.units, np.ones_like(parts.outer)))
        return np.linalg.norm(self.network.unpack(with_ones.pullback(residual)).units, axis=0)


def last_point(objective, start, solver, max_iter, gtol):
    """The last parameters of a run."""
    kept = []
    look = [lambda record, run: kept.append(run.state.params)]
    minimize(objective, start, solver, max_iter=max_iter, gtol=gtol, callbacks=look)
    return kept[-1]


def run(options):
    """Print where raw Newton ends, and the zeros among these closely."""
    columns = [("target", "", 12), ("width", "d"), ("method", "", 12), ("starts", "d"), *((kind, ".0f") for kind in KINDS)]
    notes = [f"{N_ROWS} rows, y of mean square 1, so the zero network has F = 0.5; percent of runs by where they end"]
    title = "Raw Newton, and methods with a safeguard from the first starts, on networks without an output bias"
    table, rows, zeros = Table(title, [*columns, ("median F", ".1e")], notes), [], []
    for target, width in ((target, width) for target in TARGETS for width in WIDTHS):
        pinned = Pinned(target, width, options.seed)
        for name, (solver, max_iter, gtol, n_starts) in METHODS.items():
            n_starts = 3 if options.quick else n_starts
            rngs = [np.random.RandomState(options.seed + i) for i in range(n_starts)]
            starts = [draw_params(pinned.network, rng)[:-1] for rng in rngs]
            ends = [last_point(pinned.objective, start, solver, max_iter, gtol) for start in starts]
            kinds = [pinned.kind(end)[0] for end in ends]
            value = float(np.median([pinned.objective.at(end).value for end in ends]))
            cells = (target, width, name, n_starts, *(100.0 * kinds.count(kind) / n_starts for kind in KINDS), value)
            table.row(*cells)
            labels = [*(column[0] for column in columns), "median F"]
            rows.append(dict(zip(labels, cells, strict=True)))
            ended = [end for end, kind in zip(ends, kinds, strict=True) if kind == KINDS[0]]
            zeros += [(target, width, pinned, end) for end in ended[:LOOKED_AT]]
    write_rows("rowan-no-bias", rows, options.quick)
    if zeros:
        write_rows("rowan-no-bias-restarts", _look_at(zeros, options.seed), options.quick)


def _look_at(zeros, seed):
    columns = [("target", "", 12), ("width", "d"), ("F", ".6f"), ("|coefs|", ".0e"), ("inertia", "", 10), ("formula", "", 10)]
    columns += [(name, ".1e") for name in RESTARTS]
    notes = [
        f"the first {LOOKED_AT} a row above; inertia: positive, negative, zero eigenvalues, the coefficients set to zero exactly",
        "last columns: F after 500 trials from the end + noise, trust region and saddle-free",
    ]
    table, rows = Table("Its trivial zeros", columns, notes), []
    for target, width, pinned, end in zeros:
        emptied = np.where(np.arange(len(end)) < pinned.network.n_inner, end, 0.0)
        cells = (target, width, pinned.objective.at(end).value, pinned.kind(end)[1], *pinned.inertia(emptied))
        cells += tuple(restart_values(pinned.objective, end, seed).values())
        table.row(*cells)
        rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    return rows
