"""A group of the benchmark: problems, methods, what is measured, and the part of the page about it."""

from typing import NamedTuple

import numpy as np

from default_fit import summary
from default_fit.methods import all_methods, missing_packages

__all__ = ["Group", "Task"]

_FEW = 3
_QUICK_CAP = 0.3


class Task(NamedTuple):
    """A fit to be made and measured, or, for the groups that are not about fits, whatever has this name."""

    group: str
    problem: str
    method: str
    seed: int


class Group:
    """The usual kind: every method fits every problem.

    Class attributes: `name`, `title`, `notes` (lines over the tables), `methods` (names), `n_seeds` of newtonreg and, where they
    have fewer, `peer_seeds` of the others.
    """

    name = title = ""
    notes = ()
    methods = ()
    n_seeds = 5
    peer_seeds = None
    n_quick = 2

    def specs(self):
        """The `Spec`s."""
        raise NotImplementedError

    def some_specs(self, quick):
        """All, or a few for a quick look, with little time for each."""
        return [spec._replace(cap=min(spec.cap, _QUICK_CAP)) for spec in self.specs()[: self.n_quick]] if quick else self.specs()

    def method(self, name):
        """The `Method` of a name."""
        return all_methods()[name]

    def tasks(self, seeds, quick):
        """All `Task`s; a seed at a time, so that slow minutes of the machine hit all methods."""
        every = [
            Task(self.name, spec.name, name, seed)
            for spec in self.some_specs(quick)
            for name in self.methods
            for seed in range(1 if quick else self.count_seeds(self.method(name), spec, seeds))
        ]
        return sorted(every, key=lambda task: task.seed)

    def count_seeds(self, method, spec, asked):
        """How many seeds a method runs on a problem, where `asked` (None is the group's number) are wanted."""
        if spec.is_fixed and not method.is_random:
            return 1
        usual = self.n_seeds if method.name.startswith("newtonreg") else self.peer_seeds or self.n_seeds
        wanted = usual if asked is None else asked
        few = _FEW if method.slow_from is not None and spec.n_rows >= method.slow_from else wanted
        return min(wanted, few, method.most_seeds or wanted)

    def missing(self, name):
        """Packages that a method needs and that are not installed."""
        return missing_packages(self.method(name))

    def label(self, name):
        """How a method is called in the tables."""
        return self.method(name).label

    def spec(self, name, quick=False):
        """The `Spec` of a name."""
        return next(spec for spec in self.some_specs(quick) if spec.name == name)

    def execute(self, task, quick):
        """Values of a task, as a dict with `seconds`."""
        spec = self.spec(task.problem, quick)
        problem = spec.draw(task.seed)
        fitted = self.method(task.method).fit(problem, task.seed, spec.cap)
        return {"seconds": fitted.seconds, **(fitted.notes or {}), **self.measure(problem, fitted)}

    def measure(self, problem, fitted):
        """What is written down of a fit."""
        return {
            "test": problem.test_error(fitted.predict(problem.X_test)),
            "train": problem.train_error(fitted.predict(problem.X)),
        }

    def present(self, records):
        """The specs of which there are records, in their order."""
        names = {record["problem"] for record in records}
        return [spec for spec in self.specs() if spec.name in names]

    def report(self, records):
        """Blocks of Markdown."""
        raise NotImplementedError

    def plot(self, records, path):
        """Write a plot; returns whether there is one."""
        return False

    # -- the table that all such groups have

    def medians(self, records, column="test"):
        """Methods down, problems across; medians over the seeds, then median and most seconds, and how many fits failed."""
        specs = self.present(records)
        rows = [self._row(name, specs, summary.of(records, name), column) for name in self.methods]
        heading = ["method", *(spec.label for spec in specs), "s (most)", "seeds", "failed"]
        return summary.table(heading, rows)

    def _row(self, name, specs, mine, column):
        if not mine:
            missing = self.missing(name)
            return [self.label(name), *["not installed" if missing else "not run"] * len(specs), "-", "0", "-"]
        cells = [summary.figure(summary.median(summary.of(mine, problem=spec.name), column)) for spec in specs]
        seconds = [r["seconds"] for r in mine if not r["failure"]]
        times = f"{np.median(seconds):.2g} ({max(seconds):.2g})" if seconds else "-"
        seeds = max(len(summary.of(mine, problem=spec.name)) for spec in specs)
        return [self.label(name), *cells, times, str(seeds), f"{summary.failures(mine)} of {len(mine)}"]
