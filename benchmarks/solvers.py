"""Every solver on the shared problems: what it reaches and what that takes. ``python benchmarks/solvers.py [--markdown]``.

Without `--markdown` the summary is printed; with it summary and matrices, as they are in `doc/solvers.md`.
"""

import argparse
import math
import sys
import textwrap
import time
import warnings

import numpy as np
from pages import table
from solver_list import GROUPS
from solver_trials import PROBLEMS, applies, attempt, label
from tables import Table, print_environment

from newtonreg.testing import more_garbow_hillstrom

__all__ = ["markdown", "run"]

_WIDTH = 140
_MOST_NAMES = 12
"""Problems that a summary names; of more it gives the number."""
_MISSES = ("unbounded", "saddle", "limit", "other", "error")

_NOTES = (
    "reached: the run ends at a listed minimum, local ones included, or falls without bound where F has no minimum.",
    "lowest: it is the lowest one. F counts as that of a minimum within 1e-6 of it, or within 1e-12 of F at the start.",
    "to it: values of F until the minimum is as near as that. values, gradients, matrices, products: of the whole run.",
    "These are geometric means over the {common} problems that all methods of the first five groups reach.",
    "most: the most values on one of them.",
)
_LEGEND = (
    "A cell: iterations, values of F, what else is counted, F at the end, and why the run stopped.",
    "G gradient, S step, E nothing left but rounding, Z zero, F gradient-flat, T stalled,",
    "M out of iterations.",
    "Of SciPy's methods, which have tolerances of their own, C is any of those, L a line search or a model that found nothing.",
    "Where a run did not end at a listed minimum, its end follows in bold: saddle (stationary, with negative curvature),",
    "limit (within 1e-3 of a listed limit at infinity), unbounded, other, or an exception.",
)
_WORK = {"nhev": "matrices", "nhvp": "products", "njev": "gradients or Jacobians"}


def run(options):
    """Print the summary."""
    results = _results(_problems(options.quick))
    counts = [*((name, ".1f") for name in _COUNTS), ("most", "d")]
    columns = [("solver", "", 50), ("reached", "", 8), ("lowest", "d"), *counts, ("did not reach",)]
    printed = Table(f"Solvers on {len(_problems(options.quick))} problems", columns, _notes(results))
    for group in GROUPS:
        for method in group.methods:
            printed.row(*_summary(results, group, method))
        printed.gap()


def markdown(quick=False):
    """Summary and matrices as Markdown."""
    results = _results(_problems(quick))
    text = ["## Summary", _filled(_notes(results))]
    headings = ["solver", "reached", "lowest", *_COUNTS, "most", "did not reach"]
    rows = [_texts(_summary(results, group, method)) for group in GROUPS for method in group.methods]
    text += [table(headings, rows), "## Every run", _filled(_LEGEND)]
    for group in GROUPS:
        about = f"Iterations, values, {_WORK[group.work]}, F. At most {group.max_iter} iterations."
        text += [f"### {group.title}", about, _matrix(results, group, quick)]
    return "\n\n".join(text) + "\n"


def _filled(sentences):
    return textwrap.fill(" ".join(sentences), _WIDTH)


def _problems(quick):
    return [problem for problem in PROBLEMS if not quick or problem.n_params <= 3]


def _results(problems):
    """{(method's label, problem's name): Trial}, with the progress on standard error."""
    results = {}
    # what SciPy's methods have to say is in the statuses
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for group in GROUPS:
            for method in group.methods:
                start = time.perf_counter()
                for problem in problems:
                    if applies(method, problem):
                        results[label(method), problem.name] = attempt(method, problem, group.max_iter)
                print(f"{label(method)}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
    return results


# -- summary

_COUNTS = {"to it": None, "values": "nfev", "gradients": "njev", "matrices": "nhev", "products": "nhvp"}


def _common(results):
    """Names of the sums of squares that all methods reach that look for minima."""
    names = {problem.name for problem in more_garbow_hillstrom.PROBLEMS}
    serious = {label(method) for group in GROUPS if group.is_for_minima for method in group.methods}
    return names - {name for (method, name), trial in results.items() if method in serious and not trial.reached}


def _notes(results):
    common = {name for _, name in results} & _common(results)
    return [note.format(common=len(common)) for note in _NOTES]


def _summary(results, group, method):
    """A row: texts and numbers."""
    own = {name: trial for (solver, name), trial in results.items() if solver == label(method)}
    reached = sum(trial.reached for trial in own.values())
    cells = [label(method), f"{reached:2d} of {len(own)}", sum(trial.lowest for trial in own.values())]
    common = [own[name] for name in sorted(_common(results)) if name in own]
    if group.is_for_minima and common:
        cells += [_mean([trial.counts[key] if key else trial.values_to_end for trial in common]) for key in _COUNTS.values()]
        cells.append(max(trial.counts["nfev"] for trial in common))
    else:
        cells += [None] * (len(_COUNTS) + 1)
    return [*cells, _misses(own)]


def _mean(counts):
    """Geometric mean; None where nothing was counted."""
    return math.exp(np.mean(np.log(np.maximum(counts, 1)))) if any(counts) else None


def _misses(own):
    """The problems that were not reached, by where the runs ended."""
    kinds = {kind: [name for name, trial in own.items() if trial.end == kind and not trial.reached] for kind in _MISSES}
    few = sum(map(len, kinds.values())) <= _MOST_NAMES
    parts = (f"{kind}: {', '.join(names) if few else len(names)}" for kind, names in kinds.items() if names)
    return "; ".join(parts)


# -- Markdown


def _texts(cells):
    """Cells of a summary as texts."""
    name, *numbers, missed = cells
    texts = ["-" if cell is None else f"{cell:.1f}" if isinstance(cell, float) else str(cell).strip() for cell in numbers]
    return [_code(name), *texts, missed]


def _code(name):
    return name if "`" in name or name.startswith("SciPy") else f"`{name}`"


def _matrix(results, group, quick):
    """One row a problem, one column a method."""
    headings = ["problem", "least F", *(_code(label(method)) for method in group.methods)]
    rows = []
    for problem in _problems(quick):
        trials = [results.get((label(method), problem.name)) for method in group.methods]
        if any(trials):
            least = _number(problem.minima[0].value) if problem.minima else "none"
            rows.append([problem.name, least, *(_cell(trial, group.work) for trial in trials)])
    return table(headings, rows)


def _cell(trial, work):
    if trial is None:
        return "-"
    if trial.end == "error":
        return f"**{trial.status}**"
    counts = ["-" if trial.nit is None else trial.nit, trial.counts["nfev"], trial.counts[work]]
    text = " ".join([*map(str, counts), _number(trial.value), trial.status])
    return text if trial.end == "minimum" else f"{text} **{trial.end}**"


def _number(value):
    """Three digits; one where that is rounding or underflow."""
    text = f"{value:.3g}" if abs(value) >= 1e-13 or value == 0.0 else f"{value:.0e}"
    return text.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Every solver on the shared test problems.")
    parser.add_argument("--markdown", action="store_true", help="summary and every run, as in doc/solvers.md")
    parser.add_argument("--quick", action="store_true", help="problems of up to three parameters only")
    arguments = parser.parse_args()
    if arguments.markdown:
        print(markdown(arguments.quick), end="")
    else:
        print_environment()
        run(arguments)
