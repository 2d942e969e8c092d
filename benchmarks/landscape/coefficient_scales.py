"""Raw Newton from starts with smaller coefficients, without an output bias: how often it ends at a trivial zero then.

Near vanishing coefficients the Newton system asks for a basis orthogonal to the target, see Rowan (2025), arXiv 2510.11987.
"""

import numpy as np
from raw import write_rows
from tables import Table

from landscape.curves import TARGETS, draw_params
from landscape.no_intercept import KINDS, METHODS, Pinned, last_point

__all__ = ["run"]

WIDTH, SCALES, N_STARTS = 10, (1.0, 0.1, 0.01, 0.001), 100


def run(options):
    """Print the table."""
    columns = [("target", "", 12), ("width", "d"), ("scale", "g", 6), ("starts", "d"), *((kind, ".0f") for kind in KINDS)]
    notes = ["scale: factor of the coefficients of the starts; percent of runs by where they end"]
    table, rows = Table("Raw Newton without an output bias, by the size of the first coefficients", columns, notes), []
    solver, max_iter, gtol, _ = METHODS["raw Newton"]
    n_starts = 5 if options.quick else N_STARTS
    for target in TARGETS:
        pinned = Pinned(target, WIDTH, options.seed)
        for scale in SCALES:
            kinds = []
            for i in range(n_starts):
                start = draw_params(pinned.network, np.random.RandomState(options.seed + i))[:-1]
                start[pinned.network.n_inner :] *= scale
                kinds.append(pinned.kind(last_point(pinned.objective, start, solver, max_iter, gtol))[0])
            cells = (target, WIDTH, scale, n_starts, *(100.0 * kinds.count(kind) / n_starts for kind in KINDS))
            table.row(*cells)
            rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("rowan-starts", rows, options.quick)
