"""The benchmarks of newtonreg's core, one table each: ``python benchmarks/run_core.py [table …] [--seeds N] [--quick]``.

Nothing is asserted here; ``benchmarks/README.md`` says what each table measures.
"""

import argparse
import importlib
from pathlib import Path
from typing import NamedTuple

from tables import print_environment

TABLES = ("hessian", "memory", "outputs", "classification", "nist", "solvers")


class Options(NamedTuple):
    """What a table may be told: `seeds` (None is the table's own number), `quick` for a look at small sizes, where `data` are."""

    seeds: int | None
    quick: bool
    data: Path | None


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {number}")
    return number


def _arguments():
    parser = argparse.ArgumentParser(description="Print the tables of newtonreg's core benchmarks.")
    parser.add_argument("tables", nargs="*", default="all", choices=[*TABLES, "all"], metavar="table", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=_positive, help="repeated cross-validations (classification)")
    parser.add_argument("--quick", action="store_true", help="small sizes and few seeds: shows that everything works")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="NIST's .dat files (nist); default ../shared/data/nist_strd")
    return parser.parse_args()


def main():
    """Print the tables asked for, in their order."""
    arguments = _arguments()
    print_environment()
    for name in TABLES:
        if "all" in arguments.tables or name in arguments.tables:
            importlib.import_module(name).run(Options(arguments.seeds, arguments.quick, arguments.data))


if __name__ == "__main__":
    main()
