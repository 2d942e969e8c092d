"""Differential equations: ``python benchmarks/run_physics.py [group …] [--seeds N] [--quick]``.

Groups: accuracy (relative L2 errors beside published ones), wide (nonlinear problems with other numbers of units, also on a GPU),
peers (SciPy's solvers of ordinary equations), solvers (other methods from the same starts), inverse (coefficients from noisy
data). Rows are kept in ``doc/benchmarks/raw/physics``.
"""

import argparse
import time
from functools import partial

import numpy as np
from physics.inverse import INVERSE
from physics.peers import run_peers
from physics.problems import PROBLEMS, WIDE
from physics.references import DOMAINS, SOLUTIONS, relative_l2
from raw import write_rows
from tables import Table, print_environment

from newtonreg import Newton

_QUANTILE = 1.959963984540054


def grid(name):
    """Points at which errors are measured: 1001 in one variable, 201 × 101 in two."""
    domain = DOMAINS[name]
    sizes = (1001,) if len(domain) == 1 else (201, 101)
    axes = [np.linspace(low, high, size) for (low, high), size in zip(domain, sizes, strict=True)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")], axis=1)


def measured(name, fit, seed):
    """A fitted model, its error and its seconds."""
    begin = time.perf_counter()
    model = fit(seed)
    seconds = time.perf_counter() - begin
    X = grid(name)
    return model, relative_l2(model.predict(X), SOLUTIONS[name](X)), seconds


def accuracy(options):
    """Every problem at its defaults."""
    _errors(options, PROBLEMS, "accuracy")


def wide(options):
    """Nonlinear problems with other numbers of units."""
    problems = [problem._replace(fit=partial(problem.fit, device=options.device)) for problem in WIDE]
    _errors(options, problems, "wide")


def _errors(options, problems, name):
    columns = [("problem", "", 12), ("units", "d", 5), ("median", ".1e", 8), ("worst", ".1e", 8), ("seconds", ".2f", 7)]
    table = Table(
        "Relative L2 error on a fine grid",
        [*columns, ("target", ".0e", 6), ("met", "", 4), ("settings", "", 8), ("published", "", 30)],
        [f"{options.seeds} seeds; starts, fit and balance in the seconds, imports not"],
    )
    rows = []
    for problem in problems:
        if options.problems and problem.name not in options.problems:
            continue
        found = [measured(problem.name, problem.fit, seed) for seed in range(options.seeds)]
        errors, seconds = [error for _, error, _ in found], [spent for _, _, spent in found]
        units = found[0][0].units_.shape[1]
        middle = float(np.median(errors))
        table.row(
            problem.name,
            units,
            middle,
            max(errors),
            float(np.median(seconds)),
            problem.target,
            "yes" if middle <= problem.target else "no",
            problem.settings,
            problem.published,
        )
        rows += [
            {
                "problem": problem.name,
                "units": units,
                "seed": seed,
                "error": error,
                "seconds": spent,
                "loss": model.loss_,
                "n_iter": model.n_iter_,
                "status": model.status_.name,
                "target": problem.target,
            }
            for seed, (model, error, spent) in enumerate(found)
        ]
    write_rows(name, rows, options.quick or bool(options.problems), "physics")


def peers(options):
    """SciPy's solvers of ordinary differential equations."""
    columns = [("problem", "", 12), ("method", "", 10), ("tolerance", ".0e", 9), ("error", ".1e", 8), ("ms", ".1f", 6)]
    table = Table("SciPy's solve_bvp and solve_ivp", columns, ["evaluation of the interpolant on 1001 points included"])
    rows = run_peers(repeats=1 if options.quick else 5)
    for row in rows:
        table.row(row["problem"], row["method"], row["tolerance"], row["error"], 1e3 * row["seconds"])
    write_rows("peers", rows, options.quick, "physics")


def solvers(options):
    """Other methods from the same starts, the same seconds."""
    names = ("variable-projection", "levenberg-marquardt", "trust-region", Newton(singular="pinv"), "bfgs", "ssbroyden", "lbfgs")
    columns = [("problem", "", 12), ("solver", "", 20), ("median", ".1e", 8), ("worst", ".1e", 8), ("seconds", ".2f", 7)]
    table = Table("The same starts, other solvers", columns, ["at most 5 s each"])
    rows = []
    for problem in PROBLEMS:
        if problem.name not in ("poisson_1d", "heat", "van_der_pol"):
            continue
        for name in names:
            fit = partial(problem.fit, solver=name, max_time=5.0)
            found = [measured(problem.name, fit, seed) for seed in range(options.seeds)]
            errors, seconds = [error for _, error, _ in found], [spent for _, _, spent in found]
            name = getattr(name, "name", name)
            table.row(problem.name, name, float(np.median(errors)), max(errors), float(np.median(seconds)))
            rows.append({"problem": problem.name, "solver": name, "median": float(np.median(errors)), "worst": max(errors)})
    write_rows("solvers", rows, options.quick, "physics")


def inverse(options):
    """Coverage and width of 95% intervals."""
    columns = [("problem", "", 27), ("repeats", "d", 7), ("covered", ".0%", 7), ("width / bound", ".2f", 13)]
    table = Table(
        "Unknown coefficients from data with noise of 1%",
        [*columns, ("noise", ".4f", 6), ("seconds", ".2f", 7)],
        ["width / bound: median standard error over that of Cramér and Rao; noise: median estimate"],
    )
    rows = []
    for problem in INVERSE:
        for seed in range(options.repeats):
            estimate, error, bound, noise, seconds = problem.repeat(seed)
            rows.append(
                {
                    "problem": problem.name,
                    "seed": seed,
                    "estimate": estimate,
                    "standard_error": error,
                    "bound": bound,
                    "noise": noise,
                    "seconds": seconds,
                    "covered": int(abs(estimate - problem.truth) <= _QUANTILE * error),
                }
            )
        own = [row for row in rows if row["problem"] == problem.name]
        median = {key: float(np.median([row[key] for row in own])) for key in ("noise", "seconds")}
        width = float(np.median([row["standard_error"] / row["bound"] for row in own]))
        table.row(
            problem.name, len(own), float(np.mean([row["covered"] for row in own])), width, median["noise"], median["seconds"]
        )
    write_rows("inverse", rows, options.quick, "physics")


GROUPS = {"accuracy": accuracy, "wide": wide, "peers": peers, "solvers": solvers, "inverse": inverse}


def main():
    """Print the tables of the groups asked for."""
    parser = argparse.ArgumentParser(description="Differential equations with known solutions.")
    parser.add_argument("groups", nargs="*", default=[], metavar="group", help=", ".join(GROUPS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=50, help="of inverse problems")
    parser.add_argument("--problems", nargs="*", default=[], help="only these, for the group accuracy; into build")
    parser.add_argument("--device", default=None, help="for the group wide: cuda")
    parser.add_argument("--quick", action="store_true", help="one seed: shows that everything works")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.repeats = 1, 2
    print_environment()
    for name, group in GROUPS.items():
        if not options.groups or name in options.groups:
            group(options)


if __name__ == "__main__":
    main()
