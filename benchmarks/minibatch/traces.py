"""Traces of runs: one CSV file a group beside its records, one line for each look at a run."""

import csv
from pathlib import Path

__all__ = ["Traces"]

_KEY = ("problem", "method", "seed")


class Traces:
    """The traces in a folder, as {(problem, method, seed): list of rows}."""

    def __init__(self, folder):
        self._folder = Path(folder)

    def load(self, group):
        """All that there are of a group."""
        path = self._path(group)
        found = {}
        if path.exists():
            with path.open(encoding="utf-8", newline="") as lines:
                for line in csv.DictReader(lines):
                    key = line.pop("problem"), line.pop("method"), int(line.pop("seed"))
                    found.setdefault(key, []).append({name: float(value) for name, value in line.items()})
        return found

    def save(self, group, traces):
        """Write all traces of a group, sorted; nothing where there are none."""
        rows = [(key, row) for key in sorted(traces) for row in traces[key]]
        if not rows:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._path(group).with_suffix(".part")
        with draft.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow([*_KEY, *rows[0][1]])
            writer.writerows([*key, *(format(value, ".4g") for value in row.values())] for key, row in rows)
        draft.replace(self._path(group))

    def _path(self, group):
        return self._folder / f"{group}-trace.csv"
