"""Ten outputs: the Hessian costs its structure, not ten single outputs."""

import numpy as np
from hessian import relative_difference
from problems import jacobian_rows, make_problem
from reference import reference_hessian
from scipy.linalg import blas
from tables import Table
from timing import interleave

from newtonreg.backend.threads import threads_for

__all__ = ["run"]

_N_OUTPUTS = 10
_SIZES = ((8, 50, 10_000), (8, 200, 10_000), (20, 100, 20_000), (64, 20, 1797))
"""(d, k, n); the last is a width of 20 on scikit-learn's digits."""

_COLUMNS = (
    ("loss", "", 13),
    ("d", "d", 3),
    ("k", "d", 4),
    ("n", "d", 6),
    ("p", "d", 5),
    ("rel. diff.", ".1e"),
    ("against", "", 21),
    ("exact s", ".2e", 8),
    ("G-N s", ".2e", 8),
    ("dsyrk s", ".2e", 8),
    ("write s", ".2e", 8),
    ("exact/(dsyrk+write)", ".2f"),
    ("exact/(10 dsyrk)", ".2f"),
    ("exact/(1 output)", ".2f"),
)

_NOTES = (
    "dsyrk: one symmetric product of the (q k + k + 1) x n rows of a single output; write: filling a fresh p x p array.",
    "Squared error needs one such product whatever m is: exact/(dsyrk+write) <= 1.5 is asked for. Softmax is held against ten",
    "products of that size. exact/(1 output): against the exact Hessian of the same network with one output, squared error.",
)


def run(options):
    """Print the table."""
    table = Table(f"Exact Hessian with m = {_N_OUTPUTS} outputs", _COLUMNS, _NOTES)
    for loss in ("squared error", "multinomial"):
        for size in (_SIZES[0], _SIZES[-1]) if options.quick else _SIZES:
            problem = make_problem(size, _N_OUTPUTS, loss)
            times = _times(problem, make_problem(size), budget=2.0 if options.quick else 20.0)
            reference = reference_hessian(problem, quick=True)
            table.row(
                loss,
                *size,
                problem.network.n_params,
                relative_difference(problem, reference),
                f"{reference.name}, {'all' if reference.n_rows == size[2] else reference.n_rows} rows",
                *(times.median(name) for name in ("exact", "Gauss-Newton", "dsyrk", "write")),
                times.ratio("exact", ("dsyrk", "write")),
                times.ratio("exact", "dsyrk", factor=_N_OUTPUTS),
                times.ratio("exact", "one output"),
            )


def _times(problem, single, budget):
    objective, params = problem.objective(), problem.params
    single_objective, p = single.objective(), problem.network.n_params
    rows = jacobian_rows(single)
    candidates = {
        "exact": lambda: objective.at(params).hessian,
        "Gauss-Newton": lambda: objective.at(params).gauss_newton,
        "dsyrk": lambda: blas.dsyrk(1.0, rows.T, trans=1, lower=1),
        "write": lambda: np.full((p, p), 1.0),
        "one output": lambda: single_objective.at(single.params).hessian,
    }
    with threads_for(objective.curvature_flops):
        return interleave(candidates, budget)
