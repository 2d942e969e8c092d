"""Stationary points: how many directions go down, at which loss."""

import numpy as np

from newtonreg.plotting.figures import BLACK, BLUE, GRAY, GREEN, ORANGE, PURPLE, axes_on

__all__ = ["IndexDisplay"]

_COLORS = {"global minimum": GREEN, "minimum": BLUE, "saddle": ORANGE, "maximum": BLACK, "degenerate": PURPLE}


class IndexDisplay:
    """Share of negative eigenvalues of stationary points against their loss, a color for each kind.

    Parameters
    ----------
    loss, index_share : arrays of shape (n_points,)
        F, and the number of negative eigenvalues over p.
    kind : sequence of str, n_points of them
        As `newtonreg.classify` says.
    n_found : array of shape (n_points,)
        Starts that led there: the area of a mark.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure
    points_ : dict of str to PathCollection
        By kind.

    References
    ----------
    Dauphin et al., *Identifying and attacking the saddle point problem in high-dimensional non-convex optimization* (2014),
    figure 1, after Bray & Dean (2007); there the axes are the other way around.

    Examples
    --------
    >>> from newtonreg import Analytic
    >>> from newtonreg.landscape import find_stationary_points
    >>> from newtonreg.plotting import IndexDisplay
    >>> double_well = Analytic(lambda x: x[0] ** 2 + 0.25 * (x[1] ** 2 - 1) ** 2, 2)
    >>> display = IndexDisplay.from_points(find_stationary_points(double_well, 30, random_state=0))
    >>> print(display.index_share)
    [0.  0.  0.5]
    """

    def __init__(self, loss, index_share, kind, n_found):
        self.loss = loss
        self.index_share = index_share
        self.kind = kind
        self.n_found = n_found

    @classmethod
    def from_points(cls, points, *, ax=None, **kwargs):
        """Draw what `newtonreg.landscape.find_stationary_points` found; parameters as in `plot`."""
        if len(points) == 0:
            raise ValueError(f"points={points!r} is empty: there is nothing to draw; try more starts.")
        columns = {name: [getattr(point, name) for point in points] for name in ("value", "index", "kind", "n_found")}
        share = np.asarray(columns["index"]) / points[0].params.shape[0]
        return cls(np.asarray(columns["value"]), share, columns["kind"], np.asarray(columns["n_found"])).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw a mark a point, its area in proportion to the logarithm of the starts that led there.

        Parameters
        ----------
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.scatter`.

        Returns
        -------
        self
        """
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.points_ = {}
        kinds, area = np.asarray(self.kind), 30.0 * (1.0 + np.log(self.n_found))
        # in the order of the legend, other kinds last
        for kind in sorted(set(self.kind), key=lambda kind: (*_COLORS, kind).index(kind)):
            at = kinds == kind
            look = {"s": area[at], "color": _COLORS.get(kind, GRAY), "alpha": 0.7, "label": f"{kind} ({at.sum()})", **kwargs}
            self.points_[kind] = self.ax_.scatter(self.loss[at], self.index_share[at], **look)
        self.ax_.set(xlabel="F", ylabel="index / p")
        self.ax_.legend()
        return self
