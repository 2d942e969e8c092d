"""Where raw Newton ends on small networks, beside methods with a safeguard from the same starts.

Rowan (2025), arXiv 2510.11987, whose widths, targets and starts are not known: only the statement is tested.
"""

import numpy as np
from raw import write_rows
from tables import Table

from landscape.curves import TARGETS, draw_params, make_objective
from landscape.ends import KINDS, run_from, shares
from landscape.trivial import RESTARTS, correlation, inertia, restart_values
from newtonreg import Newton, TrustRegion
from newtonreg.solvers import BFGS, LBFGS, LevenbergMarquardt, SaddleFreeNewton

__all__ = ["run", "run_safeguarded"]

WIDTHS, N_STARTS = (10, 20, 40), 100
SEARCHED = {"safeguard": "armijo", "singular": "pinv", "curvature": "gauss-newton"}
NEWTON = "Newton, no safeguard"
METHODS = {
    NEWTON: (Newton(singular="pinv"), 200, 1e-12),
    "saddle-free Newton": (SaddleFreeNewton(), 200, 1e-8),
    "trust region": (TrustRegion(), 200, 1e-8),
    "BFGS": (BFGS(), 400, 1e-8),
    "L-BFGS": (LBFGS(), 400, 1e-8),
    "Gauss-Newton, Armijo": (Newton(**SEARCHED), 200, 1e-8),
    "Levenberg-Marquardt": (LevenbergMarquardt(), 200, 1e-8),
}
"""Solver, trials, and the tolerance; tighter for Newton, whose ends are looked at closely."""
FEW_STARTS = {10: 20, 20: 5, 40: 5}
NOTES = (
    "squared error, 64 rows, x and y standardized: the best constant has F = 0.5; percent of runs by where they end",
    "minimum: no negative eigenvalue; other: not stationary; median F of the last point of a run",
)
COLUMNS = [("target", "", 12), ("width", "d"), ("method", "", 21), ("starts", "d"), *((kind, ".0f") for kind in KINDS)]
COLUMNS += [("median F", ".1e"), ("trials", ".0f")]


def ends_of(objective, name, n_starts, seed):
    """`End` of each run of a method, from the first `n_starts` of the starts that all methods share."""
    solver, max_iter, gtol = METHODS[name]
    starts = [draw_params(objective.network, np.random.RandomState(seed + i)) for i in range(n_starts)]
    return [run_from(objective, start, solver, max_iter, gtol) for start in starts]


def _row(table, target, width, name, ends):
    values, trials = [end.value for end in ends], [end.trials for end in ends]
    cells = (*shares(ends), float(np.median(values)), float(np.median(trials)))
    table.row(target, width, name, len(ends), *cells)
    labels = ("target", "width", "method", "starts", *KINDS, "median F", "trials")
    return dict(zip(labels, (target, width, name, len(ends), *cells), strict=True))


def run(options):
    """Print where raw Newton ends, and what its trivial zeros are."""
    table, rows, zeros = Table("Raw Newton on networks", COLUMNS, NOTES), [], []
    for target in TARGETS:
        for width in WIDTHS[:1] if options.quick else WIDTHS:
            objective = make_objective(target, width, options.seed)
            ends = ends_of(objective, NEWTON, 5 if options.quick else N_STARTS, options.seed)
            rows.append(_row(table, target, width, NEWTON, ends))
            zeros += [(target, width, objective, end) for end in ends if end.kind == "trivial zero"]
            constants = [end for end in ends if end.kind == "constant"]
            zeros += [(target, width, objective, end) for end in constants[: 2 if width == WIDTHS[0] else 0]]
    write_rows("rowan-newton", rows, options.quick)
    if zeros:
        write_rows("rowan-restarts", _look_at(zeros, options.seed), options.quick)


def _look_at(zeros, seed):
    columns = [("target", "", 12), ("width", "d"), ("kind", "", 12), ("F", ".6f"), ("|coefs|", ".0e"), ("max corr", ".0e")]
    columns += [("inertia", "", 12), ("formula", "", 12), *((name, ".1e") for name in RESTARTS)]
    notes = ["inertia: positive, negative, zero eigenvalues; last: F after 500 trials from there + noise"]
    table, rows = Table("Constants that raw Newton ends at: all trivial zeros, two others a row of width 10", columns, notes), []
    for target, width, objective, end in zeros:
        # the formula is for vanishing coefficients
        counted, expected = inertia(objective, end.params)
        left = restart_values(objective, end.params, seed)
        length = float(np.linalg.norm(objective.network.unpack(end.params).outer[:, :-1]))
        is_zero = end.kind == "trivial zero"
        cells = (_text(counted), _text(expected) if is_zero else "-", *left.values())
        cells = (target, width, end.kind, end.value, length, correlation(objective, end.params), *cells)
        table.row(*cells)
        rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    return rows


def _text(counts):
    return " ".join(map(str, counts))


def run_safeguarded(options):
    """Print where the other methods end, from the first of the same starts."""
    table, rows = Table("Methods with a safeguard, and raw Newton, from the same starts", COLUMNS, NOTES), []
    for width in WIDTHS[:1] if options.quick else WIDTHS:
        for target in TARGETS:
            objective = make_objective(target, width, options.seed)
            for name in METHODS:
                ends = ends_of(objective, name, 3 if options.quick else FEW_STARTS[width], options.seed)
                rows.append(_row(table, target, width, name, ends))
    write_rows("rowan-safeguarded", rows, options.quick)
