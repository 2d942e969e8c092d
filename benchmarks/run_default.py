"""The default fit beside what else one would use: ``python benchmarks/run_default.py [group …] [options]``.

Runs newtonreg at its default parameters and its peers on the same problems and seeds and within the same seconds, keeps every
single result, and writes `doc/benchmarks/default_fit.md` with tables and plots. ``benchmarks/README.md`` says more.
"""

import argparse
import os
import shlex
import sys
from pathlib import Path

# before NumPy is imported, here and in the processes started from here: one thread a fit
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("MPLBACKEND", "Agg")

_ROOT = Path(__file__).resolve().parents[1]


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _arguments(names, usual):
    parser = argparse.ArgumentParser(description="Compare the default fit with its peers and write the page about it.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"{', '.join(names)}; default: {', '.join(usual)}")
    parser.add_argument("--seeds", type=positive, help="of every method; default: each group's own numbers")
    parser.add_argument("--methods", nargs="+", default=(), metavar="METHOD", help="only these; default: all of a group")
    parser.add_argument("--rerun", nargs="+", default=(), metavar="METHOD", help="measure these anew, or 'all' of them")
    parser.add_argument("--jobs", type=positive, default=1, help="processes, of one thread each; at most one a core")
    parser.add_argument("--quick", action="store_true", help="few problems, one seed, 0.3 s: shows that everything works")
    parser.add_argument("--report", action="store_true", help="write the page from what was measured, run nothing")
    parser.add_argument("--out", type=Path, help="folder of the page; default doc/benchmarks, or build/benchmarks where quick")
    arguments = parser.parse_args()
    unknown = set(arguments.groups) - set(names)
    if unknown:
        parser.error(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return arguments


def main():
    """Run what is not measured yet, then write the page."""
    from default_fit.catalog import GROUPS, USUAL
    from default_fit.page import write_page
    from default_fit.records import Store
    from default_fit.running import Runner, description

    arguments = _arguments(list(GROUPS), USUAL)
    out = arguments.out or _ROOT / ("build/benchmarks" if arguments.quick else "doc/benchmarks")
    store = Store(out / "raw")
    if not arguments.report:
        command = shlex.join(["python", "benchmarks/run_default.py", *sys.argv[1:]])
        runner = Runner(store, arguments, description(command))
        for name in arguments.groups or USUAL:
            runner.run(GROUPS[name])
    write_page(out, store, GROUPS.values())


if __name__ == "__main__":
    main()
