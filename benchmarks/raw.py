"""Raw results: one comma-separated file a table, from which the numbers of `doc/papers.md` are read."""

import csv
from pathlib import Path

__all__ = ["write_rows"]

_ROOT = Path(__file__).resolve().parents[1]


def write_rows(name, rows, quick, group="landscape"):
    """Write `rows`, dictionaries with the same keys, to `doc/benchmarks/raw/GROUP/NAME.csv`; a quick run goes to `build`."""
    folder = _ROOT / ("build/benchmarks/raw" if quick else "doc/benchmarks/raw") / group
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)


def _cell(value):
    return format(value, ".10g") if isinstance(value, float) else value
