"""Writes the page: a section a group, from the raw results alone."""

from pathlib import Path

from default_fit import summary

__all__ = ["lines_of_failures", "table_of_runs", "write_page"]

_HEAD = """# The default fit beside its peers

Written by `benchmarks/run_default.py` from the raw results in `raw/`; `--report` writes it anew without a fit. Medians over
the seeds; test errors are root mean squared errors in units of std(y) unless a section says otherwise. Every fit has one
thread and the same seconds; X and y are standardized for everyone. Compilation and imports are not counted. A fit that
raises or predicts what is not finite is counted as failed, and as infinitely bad in a median. Networks of peers have the
same width and, where they take one, the same start; SciPy's solvers have newtonreg's analytic derivatives. Figures called
"earlier" or "published" come from other hardware, other samples or another precision.
"""


def write_page(folder, store, groups):
    """Write `default_fit.md` and its plots into `folder`."""
    folder = Path(folder)
    parts, runs, costs = [_HEAD], set(), []
    for group in groups:
        records = list(store.load(group.name).values())
        if records:
            parts.append(_section(group, records, folder))
            runs |= {record["run"] for record in records}
            costs.append([group.name, str(len(records)), f"{sum(record['wall'] for record in records):.0f}"])
    known = store.runs()
    parts.insert(1, _lacking(known, runs))
    parts.append(f"{table_of_runs(known, runs)}\n{summary.table(('group', 'fits', 'seconds of one core'), costs)}\n")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "default_fit.md"
    page.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {page}")


def _lacking(runs, used):
    """What newtonreg could not do in some of the runs, in bold."""
    texts = {
        "max_time": "`NewtonMLPRegressor` had no `max_time`: its fits ended by their own budget of work, some after the cap",
        "return_std": "`NewtonMLPRegressor.predict` had no `return_std`: there are no bands of newtonreg",
    }
    lines = []
    for key, text in texts.items():
        names = [name for name in sorted(used, key=int) if not runs[name][key]]
        lines += [f"**In run {', '.join(names)}: {text}.**\n"] if names else []
    return "\n".join(lines)


def _section(group, records, folder):
    lines = [f"## {group.title}\n", f"`{group.name}`. " + "\n".join(group.notes) + "\n"]
    lines += [f"{block}\n" for block in group.report(records)]
    plot = folder / f"{group.name}.png"
    if group.plot(records, plot):
        lines.append(f"![{group.title}]({plot.name})\n")
    return "\n".join([*lines, *lines_of_failures(records)])


def lines_of_failures(records):
    """What went wrong, each kind once."""
    kinds = {}
    for record in records:
        if record["failure"]:
            kinds.setdefault((record["method"], record["failure"]), []).append(record["problem"])
    if not kinds:
        return []
    rows = [
        [method, message, str(len(where)), ", ".join(sorted(set(where)))] for (method, message), where in sorted(kinds.items())
    ]
    return [f"Failures:\n\n{summary.table(('method', 'message', 'fits', 'problems'), rows)}\n"]


def table_of_runs(runs, used):
    """Commands, machines and versions that the numbers come from."""
    lines = ["## Runs\n"]
    for name in sorted(used, key=int):
        run = runs[name]
        versions = ", ".join(f"{package} {version}" for package, version in run["versions"].items())
        extra = [f"{key}={value}" for key, value in run.get("environment", {}).items()]
        notes = "; ".join([f"load before {run['load_before']}", *extra])
        lines.append(f"{name}. `{run['command']}`, {run['date']}, {run['machine']}; {versions}; {notes}.")
    return "\n".join(lines) + "\n"
