"""What is found of a landscape: ``python benchmarks/run_landscape.py [group …] [--quick] [--seed N]``.

Nothing is asserted here; ``benchmarks/README.md`` says what each group measures.
"""

import argparse
import importlib
from typing import NamedTuple

from tables import print_environment

GROUPS = {
    "autoencoder": "autoencoder",
    "manifolds": "landscape.manifolds",
    "newton": "landscape.rowan",
    "newton-no-bias": "landscape.no_intercept",
    "newton-starts": "landscape.coefficient_scales",
    "pinn": "landscape.pinn",
    "safeguards": "landscape.safeguards",
    "gradient-flat": "landscape.flat_gradients",
    "diagonal": "landscape.diagonal",
    "whitening": "landscape.whitening",
}
"""Names of groups to modules."""


class Options(NamedTuple):
    """What a group may be told: the seed of its draws, and `quick` for few starts."""

    seed: int
    quick: bool


def main():
    """Print the tables of the groups asked for, in their order."""
    parser = argparse.ArgumentParser(description="Print tables on stationary points.")
    parser.add_argument("groups", nargs="*", default="all", choices=[*GROUPS, "all"], metavar="group", help=", ".join(GROUPS))
    parser.add_argument("--seed", type=int, default=14, help="of all random draws")
    parser.add_argument("--quick", action="store_true", help="few starts: shows that everything works")
    arguments = parser.parse_args()
    print_environment()
    for name, module in GROUPS.items():
        if "all" in arguments.groups or name in arguments.groups:
            importlib.import_module(module).run(Options(arguments.seed, arguments.quick))


if __name__ == "__main__":
    main()
