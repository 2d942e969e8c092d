"""Writes the page: a section a group, from the raw results alone."""

from pathlib import Path

from default_fit import page, summary

__all__ = ["write_page"]

_HEAD = """# Mini-batches: what papers say and what was measured

Written by `benchmarks/run_minibatch.py` from the raw results in `raw/minibatch/`; `--report` writes it anew without a run. One
thread a process. Verdicts are computed from the numbers: "agrees" where the measured medians are in the order that is expected,
however close, "undecided" where neither gets there or something is missing. The networks here are small and the seeds few;
papers show curves of larger networks on other data, so a disagreement here does not refute them, nor an agreement confirm them.
MNIST is its 10,000 test images alone unless the folder has the training files, too: 8,000 of them train and 2,000 test. The
images that come last are the harder ones, so that test accuracies are lower than those one knows.
"""


def write_page(folder, store, traces, groups):
    """Write `minibatch.md` and its plots into `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    parts, runs, costs = [_HEAD], set(), []
    for group in groups:
        records = list(store.load(group.name).values())
        if records:
            parts.append(_section(group, records, traces.load(group.name), folder))
            runs |= {record["run"] for record in records}
            costs.append([group.name, str(len(records)), f"{sum(record['wall'] for record in records):.0f}"])
    parts.append(f"{page.table_of_runs(store.runs(), runs)}\n{summary.table(('group', 'runs', 'seconds of one core'), costs)}\n")
    path = folder / "minibatch.md"
    path.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {path}")


def _section(group, records, traces, folder):
    lines = [f"## {group.title}\n", f"`{group.name}`. " + "\n".join(group.notes) + "\n"]
    lines += [f"{block}\n" for block in group.report(records)]
    plot = folder / f"minibatch-{group.name}.png"
    if group.plot(records, traces, plot):
        lines.append(f"![{group.title}]({plot.name})\n")
    return "\n".join([*lines, *page.lines_of_failures(records)])
