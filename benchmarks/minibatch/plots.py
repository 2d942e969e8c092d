"""Plots of the groups, as PNG files."""

from default_fit.plots import save

__all__ = ["curves", "panels", "save"]

_DASHES = ("-", "--", ":", "-.")
_COLORS = 10


def panels(n_panels, width=4.6, height=4.2):
    """A figure with axes side by side."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, n_panels, figsize=(width * n_panels + 2.2, height), layout="constrained", squeeze=False)
    for each in axes[0]:
        each.grid(color="0.9")
        each.set_axisbelow(True)
    return figure, list(axes[0])


def curves(figure, axes, lines, columns, labels, y="loss", has_legend=True):
    """One line a method, the run with the median end, in every panel; panel i has `columns[i]` across, logarithmic up.

    `lines` maps a label to traces.
    """
    for index, (label, traces) in enumerate(lines.items()):
        style = {"color": f"C{index % _COLORS}", "ls": _DASHES[index // _COLORS % len(_DASHES)], "lw": 1.4, "alpha": 0.9}
        trace = sorted(traces, key=lambda rows: rows[-1][y])[(len(traces) - 1) // 2]
        for panel, column in zip(axes, columns, strict=True):
            panel.plot([row[column] for row in trace], [row[y] for row in trace], label=label, **style)
    for panel, label in zip(axes, labels, strict=True):
        panel.set_yscale("log")
        panel.set_xlabel(label)
    axes[0].set_ylabel("training loss, a row")
    if not has_legend:
        return
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, fontsize=8, loc="outside right center", frameon=False)
