"""Axes to draw on, and the colors all displays share. Matplotlib is imported here only, and only to draw."""

import numpy as np

__all__ = ["BLACK", "BLUE", "GRAY", "GREEN", "ORANGE", "PURPLE", "axes_on", "is_logarithmic", "panels_on"]

# Okabe and Ito: told apart without color vision
BLUE, ORANGE, GREEN, PURPLE, GRAY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.6", "black"
_DECADES = 2.0


def _pyplot():
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError("Drawing a display needs Matplotlib: pip install 'newtonreg[plot]'.") from error
    return matplotlib.pyplot


def axes_on(ax):
    """`ax`, or the axes of a new figure where it is None."""
    return _pyplot().subplots(layout="constrained")[1] if ax is None else ax


def panels_on(ax, n_panels):
    """Array of `n_panels` axes: those given, or a new column that shares its x axis where `ax` is None."""
    if ax is None:
        size = (6.4, 1.2 + 1.8 * n_panels)
        return _pyplot().subplots(n_panels, sharex=True, squeeze=False, figsize=size, layout="constrained")[1][:, 0]
    panels = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if panels.size != n_panels:
        raise ValueError(f"ax has {panels.size} axes for {n_panels} quantities; pass one for each, or None for a new figure.")
    return panels


def is_logarithmic(values):
    """Whether `values`, where finite, are at least 0 and span more than two decades."""
    values = np.asarray(values)[np.isfinite(values)]
    positive = values[values > 0.0]
    return positive.size > 0 and values.min() >= 0.0 and np.log10(positive.max()) - np.log10(positive.min()) > _DECADES
