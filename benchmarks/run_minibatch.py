"""Training in mini-batches beside what papers say of it: ``python benchmarks/run_minibatch.py [group …] [options]``.

Runs ellipsoidal trust regions, INNA and methods of first order on digits, keeps every single result, and writes
`doc/benchmarks/minibatch.md` with tables and plots. ``benchmarks/README.md`` says more.
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

# before NumPy is imported, here and in the processes started from here: one thread a run
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

_ROOT = Path(__file__).resolve().parents[1]


def _arguments(names):
    from run_default import positive

    parser = argparse.ArgumentParser(description="Train in mini-batches and write the page about it.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"{', '.join(names)}; default: all")
    parser.add_argument("--seeds", type=positive, help="of every method; default: each group's own numbers")
    parser.add_argument("--methods", nargs="+", default=(), metavar="METHOD", help="only these, or what begins with them")
    parser.add_argument("--rerun", nargs="+", default=(), metavar="METHOD", help="measure these anew, or 'all' of them")
    parser.add_argument("--jobs", type=positive, default=1, help="processes, of one thread each; at most one a core")
    parser.add_argument("--seconds", type=float, default=60.0, help="of a run at most, unless it ends by its epochs; default 60")
    parser.add_argument("--quick", action="store_true", help="few rows, rates, epochs and one seed: shows that everything works")
    parser.add_argument("--report", action="store_true", help="write the page from what was measured, run nothing")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="MNIST's files; default: mnist10k in NEWTONREG_DATA")
    parser.add_argument("--out", type=Path, help="folder of the page; default doc/benchmarks, or build/benchmarks where quick")
    arguments = parser.parse_args()
    unknown = set(arguments.groups) - set(names)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if not arguments.seconds > 0.0:
        parser.error(f"--seconds must be positive, got {arguments.seconds}")
    if arguments.data is not None and not arguments.data.is_dir():
        parser.error(f"--data {arguments.data} is no folder; pass that of MNIST's files, or leave it out")
    return arguments


def _measure(arguments, store, traces):
    from minibatch.catalog import GROUPS, NEED_MNIST
    from minibatch.data import data_folder
    from minibatch.groups import Settings
    from minibatch.running import Runner, description

    folder = data_folder(arguments.data)
    settings = Settings(arguments.quick, folder, arguments.seconds)
    command = shlex.join(["python", "benchmarks/run_minibatch.py", *sys.argv[1:]])
    runner = Runner(store, traces, arguments, settings, description(command))
    for name in arguments.groups or GROUPS:
        if folder is None and name in NEED_MNIST:
            print(f"{name}: left out, for there is no MNIST: pass --data FOLDER, or set NEWTONREG_DATA")
        else:
            runner.run(GROUPS[name])


def main():
    """Run what is not measured yet, then write the page."""
    from default_fit.records import Store
    from minibatch.catalog import GROUPS
    from minibatch.page import write_page
    from minibatch.traces import Traces

    arguments = _arguments(list(GROUPS))
    out = arguments.out or _ROOT / ("build/benchmarks" if arguments.quick else "doc/benchmarks")
    raw = out / "raw" / "minibatch"
    store, traces = Store(raw), Traces(raw)
    if not arguments.report:
        _measure(arguments, store, traces)
    write_page(out, store, traces, GROUPS.values())


if __name__ == "__main__":
    main()
