"""A slice of an objective, and the path of a run in it."""

import numpy as np

from newtonreg.backend.arrays import to_device, to_host
from newtonreg.components import check_integer
from newtonreg.plotting.directions import checked_path, resolve_directions, resolve_extent
from newtonreg.plotting.figures import BLUE, ORANGE, axes_on, is_logarithmic

__all__ = ["LandscapeDisplay"]

_N_LEVELS = 20
_FLOOR = 1e-6
"""Of the largest value: contours below that are not drawn."""


class LandscapeDisplay:
    """F(x + a u + b v) over a rectangle of (a, b), or F(x + a u) over an interval: contours, or a curve.

    Parameters
    ----------
    values : array of shape (n_points,) or (n_points, n_points)
        F; entry (i, j) belongs to a_j and b_i.
    axes : list of one or two arrays of shape (n_points,)
        a, b.
    labels : list of str
        One a direction.
    path : array of shape (t, n_directions) or None, default=None
        Coordinates of iterates.
    path_values : array of shape (t,) or None, default=None
        F at the iterates themselves, wherever they are.
    share : float, default=1.0
        Of the squared distances of the iterates from x: how much is within the slice.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure
    line_ : Line2D or None
        The curve, with one direction.
    contours_ : QuadContourSet or None
        With two.
    path_ : Line2D or None

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> from newtonreg.plotting import LandscapeDisplay
    >>> saddle = Analytic(lambda x: x[0] ** 2 - 3 * x[1] ** 2, 2)
    >>> display = LandscapeDisplay.from_objective(saddle, np.zeros(2), n_points=11)
    >>> display.labels
    ['eigenvector of -6', 'eigenvector of 2']
    """

    def __init__(self, values, axes, labels, path=None, path_values=None, share=1.0):
        self.values = values
        self.axes = axes
        self.labels = labels
        self.path = path
        self.path_values = path_values
        self.share = share

    @classmethod
    def from_objective(
        cls, objective, params, directions=None, path=None, *, extent=None, n_points=41, labels=None, ax=None, **kwargs
    ):
        """Evaluate and draw; `n_points` values, or their square, and one for each iterate.

        Parameters
        ----------
        objective : Objective
        params : array of shape (p,)
            x, the origin of the slice.
        directions : array of shape (p,), (1, p) or (2, p), or None, default=None
            u and v, taken as they are. None: the principal directions of the path around x (one, where it is straight); without a
            path, the eigenvectors of the lowest and the highest eigenvalue of the Hessian.
        path : array of shape (t, p) or None, default=None
            Iterates, projected onto the slice by least squares.
        extent : float > 0, sequence of a pair of floats for each direction, or None, default=None
            Half the width, or first and last coordinate. None: the path and a fifth of its size more; without a path, 1.
        n_points : int >= 2, default=41
            In each direction.
        labels : list of str or None, default=None
            Of the directions.
        ax, **kwargs
            As in `plot`.
        """
        check_integer("n_points", n_points, low=2)
        origin = to_host(params)
        path = None if path is None else checked_path(path, origin)
        rows, names = resolve_directions(objective, params, origin, directions, path)
        coordinates = None if path is None else np.linalg.lstsq(rows.T, (path - origin).T)[0].T
        axes = [np.linspace(low, high, n_points) for low, high in resolve_extent(extent, coordinates, len(rows))]

        def value(point):
            return objective.at(to_device(point, params)).value

        grid = np.stack(np.meshgrid(*axes), axis=-1)
        values = np.asarray([value(origin + at @ rows) for at in grid.reshape(-1, len(rows))]).reshape(grid.shape[:-1])
        more = (
            () if path is None else (coordinates, np.asarray([value(x) for x in path]), _share(coordinates @ rows, path - origin))
        )
        return cls(values, axes, names if labels is None else labels, *more).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw; contours and curves of objectives that are positive over more than two decades are logarithmic.

        Parameters
        ----------
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.contour`, or to `Axes.plot` with one direction.

        Returns
        -------
        self
        """
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.line_ = self.contours_ = self.path_ = None
        draw = self._draw_curve if len(self.axes) == 1 else self._draw_contours
        heights = draw(kwargs)
        if self.path is not None:
            share = "" if self.share > 0.9995 else f" ({100 * self.share:.3g}% within the slice)"
            look = {"color": ORANGE, "marker": ".", "linewidth": 1.2, "label": f"path{share}"}
            (self.path_,) = self.ax_.plot(self.path[:, 0], heights, **look)
            self.ax_.plot(self.path[-1, 0], heights[-1], "*", color=ORANGE, markersize=12)
            self.ax_.legend()
        self.ax_.set_xlabel(self.labels[0])
        return self

    def _draw_curve(self, style):
        (self.line_,) = self.ax_.plot(self.axes[0], self.values, **{"color": BLUE, **style})
        if is_logarithmic(self.values):
            self.ax_.set_yscale("log", nonpositive="clip")
        self.ax_.set_ylabel("F")
        return self.path_values

    def _draw_contours(self, style):
        values = np.ma.masked_invalid(self.values)
        low, high = float(values.min()), float(values.max())
        look = {"cmap": "viridis", "levels": _N_LEVELS}
        if is_logarithmic(self.values):
            from matplotlib.colors import LogNorm

            low = max(low, _FLOOR * high)
            values = np.ma.maximum(values, low)
            look |= {"levels": np.geomspace(low, high, _N_LEVELS + 2)[1:-1], "norm": LogNorm(low, high)}
        self.contours_ = self.ax_.contour(*self.axes, values, **{**look, **style})
        self.figure_.colorbar(self.contours_, ax=self.ax_, label="F", format=lambda level, _: f"{level:.2g}")
        self.ax_.set_ylabel(self.labels[1])
        return None if self.path is None else self.path[:, 1]


def _share(within, full):
    total = float((full**2).sum())
    return float((within**2).sum()) / total if total > 0.0 else 1.0
