"""Tables that print a row as soon as it is there: a long run shows how far it is."""

import os
import platform
from importlib import metadata
from typing import NamedTuple

__all__ = ["Column", "Table", "print_environment"]

_BUSY = 0.5
"""Load average above which somebody else is using the machine."""


class Column(NamedTuple):
    """A heading, the format specification of the numbers under it, and the least width; texts need no specification."""

    heading: str
    spec: str = ""
    width: int = 0

    @property
    def size(self):
        """Characters the column takes."""
        return max(len(self.heading), self.width)

    def cell(self, value):
        """`value` as text, padded: numbers to the right, texts to the left; None is a dash."""
        if value is None:
            return "-".rjust(self.size)
        if isinstance(value, str):
            return value.ljust(self.size)
        return format(value, self.spec).rjust(self.size)


class Table:
    """Prints its title, its notes and its headings when made, then a line for each `row`."""

    def __init__(self, title, columns, notes=()):
        self._columns = [Column(*column) for column in columns]
        print(f"\n{title}")
        for note in notes:
            print(f"  {note}")
        heading = "  ".join(c.heading.rjust(c.size) if c.spec else c.heading.ljust(c.size) for c in self._columns)
        print(f"\n{heading}\n{'-' * len(heading)}", flush=True)

    def row(self, *values):
        """Print a line, a value a column."""
        cells = [column.cell(value) for column, value in zip(self._columns, values, strict=True)]
        print("  ".join(cells).rstrip(), flush=True)

    def gap(self):
        """Print an empty line between groups of rows."""
        print(flush=True)


def print_environment():
    """Versions, cores and load: what a reader needs before comparing with a run of another day."""
    packages = ("newtonreg", "numpy", "scipy", "scikit-learn", "autograd", "jax")
    print(f"Python {platform.python_version()}, " + ", ".join(f"{name} {_version(name) or '-'}" for name in packages))
    print(f"{platform.machine()}, {os.cpu_count()} cores; compare ratios inside one run, not seconds of two runs")
    if _version("jax") is None:
        print("JAX is not installed: Hessians are compared with autograd's, where that is affordable, on fewer rows")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > _BUSY:
        print(f"WARNING: the load average is {load:.1f} before this run starts: seconds and ratios will be unsteady")


def _version(name):
    """The installed version, or None; newtonreg may be run from a checkout on the path."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "(checkout)" if name == "newtonreg" else None
