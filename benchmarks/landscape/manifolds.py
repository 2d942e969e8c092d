"""Where raw Newton and a trust region end on the unit circle and on an elliptic torus, from 2,000 uniform starts.

Rowan (2025), arXiv 2510.11987; the shares expected were worked out from the formulas, the paper states none.
"""

import numpy as np
from raw import write_rows
from tables import Table

from newtonreg import Newton, TrustRegion, classify, minimize
from newtonreg.landscape import elliptic_torus, unit_circle

__all__ = ["run"]

N_STARTS = 2000
KINDS = ("minimum", "maximum", "saddle", "other")
SHIFTED = (0.2, 0.1, 0.1)
EXPECTED = {
    "circle": (unit_circle, (50.2, 49.8, 0.0)),
    "torus, v = 0": (elliptic_torus, (31.7, 13.4, 55.0)),
    "torus, v = (.2, .1, .1)": (lambda: elliptic_torus(v=SHIFTED), (33.4, 13.3, 53.3)),
}


def run(options):
    """Print the table."""
    columns = [("manifold", "", 24), ("method", "", 13), *((kind + " %", ".1f") for kind in KINDS), ("expected %", "", 18)]
    columns += [("distinct", "d")]
    notes = [f"{N_STARTS:,} uniform starts; distinct: stationary points that any run ended at, angles modulo a turn"]
    table, rows = Table("Two manifolds", columns, notes), []
    for name, (make, expected) in EXPECTED.items():
        for method, solver in {"raw Newton": Newton(), "trust region": TrustRegion()}.items():
            kinds, places = ends(make(), solver, 100 if options.quick else N_STARTS, options.seed)
            shares = [100.0 * kinds.count(kind) / len(kinds) for kind in KINDS]
            text = " / ".join(f"{share:.1f}" for share in expected) if method == "raw Newton" else "100 / 0 / 0"
            cells = (name, method, *shares, text, len(places))
            table.row(*cells)
            rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    write_rows("manifolds", rows, options.quick)


def ends(objective, solver, n_starts, seed):
    """Kinds of the ends, and the set of stationary ones, by angles."""
    rng, size = np.random.RandomState(seed), objective.n_params
    kinds, places = [], set()
    for _ in range(n_starts):
        x = minimize(objective, rng.uniform(0.0, 2.0 * np.pi, size), solver, max_iter=200).x
        kind = classify(objective, x).kind
        kinds.append(kind if kind in KINDS else "other")
        if kind in KINDS:
            places.add(tuple(np.round(np.concatenate([np.cos(x), np.sin(x)]), 4) + 0.0))
    return kinds, places
