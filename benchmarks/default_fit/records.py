"""Raw results: one CSV file a group, one line a fit, beside a list of the runs that the lines come from."""

import csv
import json
import math
from pathlib import Path

__all__ = ["Store", "key_of"]

_FIRST = ("problem", "method", "seed", "run", "seconds", "failure")
_WORDS = {"problem", "method", "run", "failure"}


def key_of(record):
    """What a record is of: (problem, method, seed)."""
    return record["problem"], record["method"], record["seed"]


class Store:
    """The raw results in a folder; every change is written at once, so that an interrupted run is gone on with."""

    def __init__(self, folder):
        self._folder = Path(folder)

    def load(self, group):
        """Key to record, of what was measured so far."""
        path = self._path(group)
        if not path.exists():
            return {}
        with path.open(encoding="utf-8", newline="") as lines:
            records = [_parsed(line) for line in csv.DictReader(lines)]
        return {key_of(record): record for record in records}

    def save(self, group, records):
        """Write all records of a group, sorted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = [records[key] for key in sorted(records)]
        others = sorted({name for row in rows for name in row} - set(_FIRST))
        draft = self._path(group).with_suffix(".part")
        with draft.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, [*_FIRST, *others], lineterminator="\n")
            writer.writeheader()
            writer.writerows({name: _short(value) for name, value in row.items()} for row in rows)
        draft.replace(self._path(group))

    def runs(self):
        """Name of a run to what is known of it: command, date, versions, machine."""
        path = self._folder / "runs.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def add_run(self, description):
        """Number a run and keep its description; returns its name."""
        runs = self.runs()
        name = str(1 + max(map(int, runs), default=0))
        runs[name] = description
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "runs.json").write_text(json.dumps(runs, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return name

    def _path(self, group):
        return self._folder / f"{group}.csv"


def _short(value):
    return format(value, ".4g") if isinstance(value, float) else value


def _parsed(line):
    record = {name: text if name in _WORDS else _number(text) for name, text in line.items()}
    return {**record, "seed": int(record["seed"])}


def _number(text):
    if text == "":
        return math.nan
    try:
        return float(text)
    except ValueError:
        return text
