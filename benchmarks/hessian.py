"""Exact Hessian of a shallow network: right to rounding, and for the price of one `dsyrk` of the Jacobian."""

import numpy as np
from problems import SIZES, jacobian_rows, make_problem
from reference import reference_hessian
from scipy.linalg import blas
from tables import Table
from timing import interleave

from newtonreg.backend.threads import threads_for

__all__ = ["relative_difference", "run"]

_BUDGET = 30.0
"""Seconds of timing a size; the largest takes longer, because every candidate gets three rounds."""

_COLUMNS = (
    ("d", "d", 3),
    ("k", "d", 4),
    ("n", "d", 6),
    ("p", "d", 5),
    ("rel. diff.", ".1e"),
    ("against", "", 21),
    ("exact s", ".2e", 8),
    ("G-N s", ".2e", 8),
    ("dsyrk s", ".2e", 8),
    ("exact/dsyrk", ".2f"),
    ("exact/G-N", ".2f"),
    ("reference s", ".2e", 8),
    ("reference/exact", ".0f"),
)

_NOTES = (
    "Squared error, one output, tanh, weighted rows, a point with large residuals. rel. diff. = max |H - R| / max |R|.",
    "exact: a fresh objective.at(w).hessian (with value and gradient); G-N: .gauss_newton; dsyrk: SciPy's, of the n x p Jacobian",
    "that is already there. They take turns; ratios are medians over the rounds. Asked for: 1e-10, and exact/dsyrk <= 2 from",
    "p = 500 on. reference s: automatic differentiation (JAX compiled), in chunks of rows that take 2 GB, scaled to n rows.",
)


def run(options):
    """Print the table."""
    table = Table("Exact Hessian against automatic differentiation and against one dsyrk", _COLUMNS, _NOTES)
    for size in SIZES[:4] if options.quick else SIZES:
        problem = make_problem(size)
        times = _times(problem, budget=2.0 if options.quick else _BUDGET)
        reference = reference_hessian(problem, options.quick)
        exact = times.median("exact")
        seconds = reference.seconds_a_row * size[2]
        table.row(
            *size,
            problem.network.n_params,
            relative_difference(problem, reference),
            f"{reference.name}, {'all' if reference.n_rows == size[2] else reference.n_rows} rows",
            exact,
            times.median("Gauss-Newton"),
            times.median("dsyrk"),
            times.ratio("exact", "dsyrk"),
            times.ratio("exact", "Gauss-Newton"),
            seconds,
            seconds / exact,
        )


def relative_difference(problem, reference):
    """max |H − R| / max |R| on the rows the reference took."""
    hessian = problem.first(reference.n_rows).objective().at(problem.params).hessian
    return float(np.max(np.abs(hessian - reference.hessian)) / np.max(np.abs(reference.hessian)))


def _times(problem, budget):
    objective, params = problem.objective(), problem.params
    rows = jacobian_rows(problem)
    candidates = {
        "exact": lambda: objective.at(params).hessian,
        "Gauss-Newton": lambda: objective.at(params).gauss_newton,
        "dsyrk": lambda: blas.dsyrk(1.0, rows.T, trans=1, lower=1),
    }
    # as many BLAS threads as a fit of this size would use, for all candidates
    with threads_for(objective.curvature_flops):
        return interleave(candidates, budget)
