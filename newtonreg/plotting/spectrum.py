"""Eigenvalues of a curvature matrix, by sign."""

import numpy as np

from newtonreg.landscape import spectrum as spectrum_at
from newtonreg.plotting.figures import BLUE, GRAY, ORANGE, axes_on

__all__ = ["SpectrumDisplay"]

_ZERO = 1e-10
"""Of the largest size: eigenvalues below that are rounding."""
_KINDS = ("auto", "eigenvalues", "density")
_FLOOR = 1e-6
"""Of the largest density: below is not shown."""


class SpectrumDisplay:
    """Eigenvalues of a Hessian in ascending order, colored by sign; or their density, where only that is known.

    Parameters
    ----------
    spectrum : newtonreg.landscape.Spectrum

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure
    lines_ : dict of str to Line2D
        "negative", "zero" and "positive", those of them that exist; or "density".

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> from newtonreg.plotting import SpectrumDisplay
    >>> saddle = Analytic(lambda x: x[0] ** 2 - 3 * x[1] ** 2, 2)
    >>> display = SpectrumDisplay.from_objective(saddle, np.zeros(2))
    >>> sorted(display.lines_)
    ['negative', 'positive']
    """

    def __init__(self, spectrum):
        self.spectrum = spectrum

    @classmethod
    def from_objective(
        cls,
        objective,
        params,
        *,
        method="auto",
        curvature="exact",
        random_state=None,
        kind="auto",
        width=None,
        ax=None,
        **kwargs,
    ):
        """Draw the spectrum at `params` (p,), see `newtonreg.landscape.spectrum` for the first parameters and the cost."""
        found = spectrum_at(objective, params, method, random_state=random_state, curvature=curvature)
        return cls(found).plot(kind, width, ax, **kwargs)

    @classmethod
    def from_spectrum(cls, spectrum, *, kind="auto", width=None, ax=None, **kwargs):
        """Draw what `newtonreg.landscape.spectrum` returned."""
        return cls(spectrum).plot(kind, width, ax, **kwargs)

    def plot(self, kind="auto", width=None, ax=None, **kwargs):
        """Draw.

        Parameters
        ----------
        kind : {"auto", "eigenvalues", "density"}, default="auto"
            "eigenvalues": on a logarithmic scale to both sides of zero, where sizes below 1e-10 of the largest count as zero;
            needs all of them. "density": with a logarithmic scale of its own. "auto": the former where it can.
        width : float > 0 or None, default=None
            Standard deviation of the Gaussians of the density; None: 1/100 of the length of the spectrum.
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.plot`.

        Returns
        -------
        self
        """
        is_complete = self.spectrum.method == "dense"
        if kind not in _KINDS:
            raise ValueError(f"kind={kind!r} is unknown; pass one of {', '.join(map(repr, _KINDS))}.")
        if kind == "eigenvalues" and not is_complete:
            raise ValueError("kind='eigenvalues' needs all of them, and this spectrum is a density; use method='dense'.")
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.lines_ = {}
        if kind == "density" or not is_complete:
            self._draw_density(width, kwargs)
        else:
            self._draw_eigenvalues(kwargs)
        return self

    def _draw_eigenvalues(self, style):
        values, axes = self.spectrum.nodes, self.ax_
        rank, sizes = np.arange(1, values.size + 1), np.abs(values)
        zero = _ZERO * sizes.max()
        signs = {"negative": (values < -zero, ORANGE), "zero": (sizes <= zero, GRAY), "positive": (values > zero, BLUE)}
        for sign, (where, color) in signs.items():
            if where.any():
                look = {"color": color, "label": f"{where.sum()} {sign}", "marker": ".", "linestyle": "none", **style}
                (self.lines_[sign],) = axes.plot(rank[where], values[where], **look)
        if zero > 0.0:
            # a power of ten, where a tick is
            axes.set_yscale("symlog", linthresh=10.0 ** np.floor(np.log10(sizes[sizes > zero].min())))
        axes.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set(xlabel="rank", ylabel="eigenvalue")
        axes.legend()

    def _draw_density(self, width, style):
        low, high = self.spectrum.nodes[[0, -1]]
        width = 0.01 * ((high - low) or 1.0) if width is None else width
        grid = np.linspace(low - 5.0 * width, high + 5.0 * width, 1001)
        density = self.spectrum.density(grid, width)
        (self.lines_["density"],) = self.ax_.plot(grid, density, **{"color": BLUE, **style})
        self.ax_.axvline(0.0, color="0.8", linewidth=0.8, zorder=0)
        self.ax_.set(xlabel="eigenvalue", ylabel="density", yscale="log", ylim=(_FLOOR * density.max(), 2.0 * density.max()))
