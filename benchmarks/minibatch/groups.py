"""A group of the benchmark, and the kind whose methods have a rate to be chosen on a grid."""

import math
from typing import Any, NamedTuple

from default_fit import summary
from default_fit.groups import Task
from default_fit.records import key_of

from minibatch.watching import train

__all__ = ["Entry", "Group", "Settings", "Tuned"]


class Settings(NamedTuple):
    """What every task is told: whether to be quick, the folder of MNIST, and the most seconds of a run."""

    quick: bool
    data: Any
    seconds: float

    @property
    def cap(self):
        """Seconds of a run."""
        return min(self.seconds, 0.5) if self.quick else self.seconds


class Group:
    """Class attributes: `name`, `title`, `notes` (lines over the tables), `n_seeds`."""

    name = title = ""
    notes = ()
    n_seeds = 3

    def absent(self):
        """Why nothing of the group can be run here; an empty string where it can."""
        return ""

    def missing(self, method):
        """What a method needs and this machine lacks; an empty string where that is nothing."""
        return ""

    def plan(self, known, seeds, settings):
        """`Task`s that belong to the group as far as can be said from the records `known`, {key: record}."""
        raise NotImplementedError

    def count_seeds(self, seeds, settings):
        """How many are run, where `seeds` (None is the group's own number) are asked for."""
        return 1 if settings.quick else seeds or self.n_seeds

    def execute(self, task, settings):
        """Values of a task, as a dict with `seconds`; rows under `trace` are kept in a file of their own."""
        raise NotImplementedError

    def shown(self, known):
        """Keys of the records whose traces are kept."""
        return set(known)

    def report(self, records):
        """Blocks of Markdown."""
        raise NotImplementedError

    def plot(self, records, traces, path):
        """Write a plot; returns whether there is one."""
        return False


class Entry(NamedTuple):
    """A method: `make` gives its solver, from a rate of the grid `rates` where there are any.

    `batch_size` is a number or one a problem; `epochs` the most of a run.
    """

    name: str
    label: str
    make: Any
    batch_size: Any
    epochs: int
    rates: tuple = ()
    pivot_every: int | None = None

    def size(self, problem):
        """Rows of a batch."""
        return self.batch_size[problem] if isinstance(self.batch_size, dict) else self.batch_size


class Tuned(Group):
    """Every entry runs on every problem; where it has rates, the one with the least loss of seed 0 after the grid's epochs.

    Class attributes besides: `problems`, `entries`, `grid_epochs` (None: a run of the grid is the run of seed 0 itself).
    """

    problems = ()
    entries = ()
    grid_epochs = None

    def plan(self, known, seeds, settings):
        tasks = []
        for problem in self.problems:
            for entry in self.entries:
                grid = self._grid(problem, entry)
                grid = grid[:: max(1, len(grid) // 2)] if settings.quick else grid
                if any(key_of(task._asdict()) not in known for task in grid):
                    tasks += grid
                    continue
                name = self.chosen(known.values(), problem, entry)
                runs = range(self.count_seeds(seeds, settings) if name else 0)
                tasks += [*grid, *(Task(self.name, problem, name, seed) for seed in runs)]
        return sorted(dict.fromkeys(tasks), key=lambda task: task.seed)

    def _grid(self, problem, entry):
        return [Task(self.name, self._grid_problem(problem), f"{entry.name}@{rate:g}", 0) for rate in entry.rates]

    def _grid_problem(self, problem):
        return problem if self.grid_epochs is None else f"{problem}-grid"

    def chosen(self, records, problem, entry):
        """The method's name with its best rate, None where all of the grid diverged or nothing was run."""
        if not entry.rates:
            return entry.name
        names = {task.method for task in self._grid(problem, entry)}
        grid = [r for r in summary.of(records, problem=self._grid_problem(problem)) if r["method"] in names and r["seed"] == 0]
        done = [r for r in grid if not r["failure"] and math.isfinite(r["loss"])]
        return min(done, key=lambda r: r["loss"])["method"] if done else None

    def shown(self, known):
        chosen = {(problem, self.chosen(known.values(), problem, entry)) for problem in self.problems for entry in self.entries}
        return {key for key in known if key[:2] in chosen}

    def execute(self, task, settings):
        name, _, rate = task.method.partition("@")
        entry = next(entry for entry in self.entries if entry.name == name)
        problem_name = task.problem.removesuffix("-grid")
        epochs = entry.epochs if task.problem == problem_name else self.grid_epochs
        problem = self.problem(problem_name, task.seed, settings)
        solver = entry.make(float(rate)) if rate else entry.make()
        return self.measured(problem, self.run(problem, solver, entry, problem_name, epochs, task.seed, settings))

    def run(self, problem, solver, entry, problem_name, epochs, seed, settings):
        """The record of a run."""
        epochs = min(epochs, 2) if settings.quick else epochs
        return train(problem, solver, entry.size(problem_name), epochs, settings.cap, seed, entry.pivot_every)

    def problem(self, name, seed, settings):
        """The `Problem` of a name, with the start of a seed."""
        raise NotImplementedError

    def measured(self, problem, values):
        """The record with what else is written down of it."""
        return values

    # -- pieces of tables

    def runs(self, records, problem, entry):
        """Records of an entry at its best rate."""
        name = self.chosen(records, problem, entry)
        return [] if name is None else summary.of(records, name, problem)

    def lines(self, records, traces, problem, names=None):
        """Label to the traces of an entry at its best rate, for all entries or some, where there are any."""
        lines = {}
        for entry in self.entries if names is None else map(self.entry, names):
            keys = [(problem, record["method"], record["seed"]) for record in self.runs(records, problem, entry)]
            lines[entry.label] = [traces[key] for key in keys if key in traces]
        return {label: found for label, found in lines.items() if found}

    def entry(self, name):
        """The entry of a name."""
        return next(entry for entry in self.entries if entry.name == name)

    def median(self, records, problem, name, column):
        """Median over the seeds of an entry."""
        return summary.median(self.runs(records, problem, self.entry(name)), column)

    def rate(self, records, problem, entry):
        """The best rate, with a mark where it is at an end of the grid."""
        name = self.chosen(records, problem, entry)
        if not entry.rates or name is None:
            return "-" if name else "all diverged"
        rate = float(name.partition("@")[2])
        return f"{rate:g}" + (" (end of grid)" if rate in (entry.rates[0], entry.rates[-1]) else "")
