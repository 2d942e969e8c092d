"""Peak memory of one exact Hessian beyond the data, each size in a process of its own."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from problems import SIZES, make_problem
from tables import Table

__all__ = ["run"]

_SEVERAL = (
    ("squared error", (8, 50, 10_000), 10),
    ("squared error", (8, 200, 10_000), 10),
    ("multinomial", (8, 50, 10_000), 10),
    ("multinomial", (8, 200, 10_000), 10),
    ("multinomial", (1, 300, 10_000), 3),
)
"""Loss, size and outputs of the networks with several; the last has few parameters and many pairs of units."""

_COLUMNS = (
    ("loss", "", 13),
    ("d", "d", 3),
    ("k", "d", 4),
    ("n", "d", 6),
    ("m", "d", 3),
    ("p", "d", 5),
    ("X MB", ".1f", 6),
    ("peak beyond X MB", ".0f"),
    ("bound MB", ".0f"),
    ("peak/bound", ".2f"),
    ("in p^2 doubles", ".1f"),
)

_NOTES = (
    "Resident memory at its highest while the objective is built and its exact Hessian computed, less what was resident when the",
    "data stood. Bound: 256 MB + 4 p^2 doubles (1 MB = 1e6 bytes).",
)


def run(options):
    """Print the table."""
    table = Table("Peak memory of one exact Hessian beyond X", _COLUMNS, _NOTES)
    cases = [("squared error", size, 1) for size in (SIZES[:5] if options.quick else SIZES)]
    for loss, size, m in (*cases, *_SEVERAL):
        report = _measure(loss, size, m)
        p, peak = report["p"], report["peak"]
        bound = 256e6 + 4 * 8 * p**2
        table.row(loss, *size, m, p, report["data"] / 1e6, peak / 1e6, bound / 1e6, peak / bound, peak / (8 * p**2))


def _measure(loss, size, n_outputs):
    command = [sys.executable, str(Path(__file__).resolve()), json.dumps([loss, size, n_outputs])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def _report(loss, size, n_outputs):
    """Runs in the child."""
    problem = make_problem(tuple(size), n_outputs, loss)
    before = _reset_peak()
    matrix = problem.objective().at(problem.params).hessian
    return {"p": matrix.shape[0], "data": problem.inputs.nbytes, "peak": _peak() - before}


def _reset_peak():
    """Bytes resident now, and on Linux the high-water mark set back to that: importing SciPy must not hide anything."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return _peak()
    return _status("VmRSS")


def _peak():
    """Bytes resident at the highest. Not `ru_maxrss` on Linux: a child's starts at what its parent had when it forked."""
    try:
        return _status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(field):
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    print(json.dumps(_report(*json.loads(sys.argv[1]))))
