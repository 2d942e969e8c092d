"""Plots of the groups, as PNG files."""

import numpy as np

from default_fit import summary

__all__ = ["bars_of_ratios", "errors", "reaching", "save"]

_OURS, _BETTER = "#d62728", "#2ca02c"
_FAMILIES = (
    (("gp",), "#ff7f0e"),
    (("kernel-ridge", "boosting", "ridge"), "#9467bd"),
    (("spline", "chebyshev", "even-units", "random-units", "random-units-many"), "#2ca02c"),
)
_NETWORK = "#1f77b4"
"""Colors say what kind of method it is, markers which one."""
_MARKERS = "sD^v<>Pp*hXd8"
_LEGEND_INCHES, _LEAST_INCHES = 3.4, 4.0


def _axes(width, height, grid="y"):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(width, height), layout="constrained")
    axes.grid(axis=grid, color="0.9")
    axes.set_axisbelow(True)
    return figure, axes


def _wide_axes(specs, height):
    return _axes(_LEGEND_INCHES + max(_LEAST_INCHES, 0.9 * len(specs)), height)


def save(figure, path):
    from matplotlib import pyplot

    # no version in the file: the same numbers give the same bytes
    figure.savefig(path, dpi=100, metadata={"Software": None})
    pyplot.close(figure)


def _finish(axes, specs, label, title):
    axes.set_yscale("log")
    axes.set_xlim(-0.6, len(specs) - 0.4)
    axes.set_xticks(np.arange(len(specs)), [spec.label for spec in specs], rotation=30, ha="right", rotation_mode="anchor")
    axes.set_ylabel(label)
    axes.set_title(title, fontsize=11)
    handles, labels = axes.get_legend_handles_labels()
    # matplotlib puts bars of errors last
    order = sorted(range(len(labels)), key=lambda index: not labels[index].startswith("newtonreg"))
    ordered = [handles[index] for index in order], [labels[index] for index in order]
    axes.legend(*ordered, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)


def _styles(methods):
    """Method to color and marker."""
    counts, styles = {}, {}
    for name in methods:
        color = next((color for names, color in _FAMILIES if name in names), _NETWORK)
        color = _OURS if name.startswith("newtonreg") else color
        counts[color] = counts.get(color, -1) + 1
        styles[name] = {"color": color, "marker": "o" if color == _OURS and counts[color] == 0 else _MARKERS[counts[color]]}
    return styles


def errors(group, records, path, label, column="test"):
    """Median errors, a column of markers a problem; newtonreg's with a bar from its best to its worst seed."""
    specs = group.present(records)
    figure, axes = _wide_axes(specs, 5.5)
    here, styles = np.arange(len(specs)), _styles(group.methods)
    for index, name in enumerate(group.methods):
        mine = [summary.of(records, name, spec.name) for spec in specs]
        if not any(mine):
            continue
        medians = np.array([summary.median(each, column) for each in mine])
        medians[~np.isfinite(medians)] = np.nan
        if name == "newtonreg":
            spread = np.abs(np.array([_spread(each, column) for each in mine]).T - medians)
            axes.errorbar(here, medians, spread, fmt="o", ms=9, capsize=4, color=_OURS, label=group.label(name), zorder=3)
        else:
            shift = 0.6 * (index / len(group.methods) - 0.5)
            axes.plot(here + shift, medians, linestyle="", ms=6, alpha=0.8, label=group.label(name), **styles[name])
    _finish(axes, specs, label, group.title)
    save(figure, path)


def _spread(records, column):
    found = summary.values(records, column)
    found = found[np.isfinite(found)]
    return (found.min(), found.max()) if len(found) else (np.nan, np.nan)


def bars_of_ratios(names, means, standard_errors, path, title, label):
    """A horizontal bar of a log ratio a data set, with its standard error; to the left of zero newtonreg is better."""
    figure, axes = _axes(7.5, 1.2 + 0.26 * len(names), grid="x")
    here = np.arange(len(names))[::-1]
    colors = [_OURS if mean > 0 else _BETTER for mean in means]
    axes.barh(here, means, xerr=standard_errors, color=colors, alpha=0.75, capsize=2, error_kw={"lw": 1})
    axes.axvline(0.0, color="0.2", lw=1)
    axes.set_yticks(here, names, fontsize=8)
    axes.set_xlabel(label)
    axes.set_title(title, fontsize=11)
    save(figure, path)


def reaching(group, records, path, column, label):
    """Seconds to an accuracy, a column of markers a problem; what was not reached stands at the upper edge, hollow."""
    specs = group.present(records)
    figure, axes = _wide_axes(specs, 5.0)
    here, styles = np.arange(len(specs)), _styles(group.methods)
    limit = 2.0 * max(spec.cap for spec in specs)
    for index, name in enumerate(group.methods):
        times = np.array([summary.median(summary.of(records, name, spec.name), column) for spec in specs])
        shift = 0.4 * (index / len(group.methods) - 0.5)
        reached, never = np.isfinite(times), np.isposinf(times)
        axes.plot(here[reached] + shift, times[reached], ms=7, linestyle="", label=group.label(name), **styles[name])
        axes.plot(here[never] + shift, np.full(never.sum(), limit), ms=7, linestyle="", fillstyle="none", **styles[name])
    axes.axhline(limit, color="0.7", ls=":", lw=1)
    axes.text(len(specs) - 0.45, limit, "not reached", ha="right", va="bottom", fontsize=8, color="0.4")
    _finish(axes, specs, label, group.title)
    save(figure, path)
