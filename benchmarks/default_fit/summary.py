"""Medians and counts over records, and numbers as they stand in the tables."""

import math

import numpy as np
import pages

__all__ = ["best_of", "failures", "figure", "median", "of", "table", "values"]


def table(headings, rows):
    """A Markdown table; a bar in a cell is no border."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (headings, *rows)]
    return pages.table(escaped[0], escaped[1:])


def of(records, method=None, problem=None):
    """The records of a method, of a problem."""
    return [r for r in records if method in (None, r["method"]) and problem in (None, r["problem"])]


def values(records, name):
    """The values of a column by seed; infinite where a fit failed."""
    return np.array([math.inf if r["failure"] else r.get(name, math.nan) for r in records], dtype=float)


def median(records, name):
    """Median over the records, NaN where there are none; a failure counts as infinite."""
    found = values(records, name)
    if len(found) == 0 or np.isnan(found).any():
        return math.nan
    # of two middle ones, one infinite: infinite
    return float(np.median(found)) if np.isfinite(found).all() else float(np.sort(found)[len(found) // 2])


def failures(records):
    """Number of fits that failed."""
    return sum(bool(r["failure"]) for r in records)


def best_of(records, methods, name):
    """(method, median) of the best of `methods`; (None, NaN) where none has run."""
    medians = {method: median(of(records, method), name) for method in methods}
    known = {method: value for method, value in medians.items() if not math.isnan(value)}
    return min(known.items(), key=lambda item: item[1]) if known else (None, math.nan)


def figure(value, spec=".1e"):
    """A number for a table."""
    if value is None or math.isnan(value):
        return "-"
    if math.isinf(value):
        return "failed" if value > 0 else "-"
    if spec == ".1e":
        mantissa, exponent = format(value, spec).split("e")
        return f"{mantissa}e{int(exponent)}"
    return format(value, spec)
