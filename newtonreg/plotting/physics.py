"""Solutions of differential equations, and how well they obey them."""

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from newtonreg.components import check_integer
from newtonreg.physics.collocation import uniform
from newtonreg.physics.operators import output_index
from newtonreg.plotting.figures import BLACK, BLUE, GRAY, ORANGE, axes_on

__all__ = ["ResidualDisplay", "SolutionDisplay"]

_N_POINTS = {1: 1001, 2: 161}
"""In each direction, for a curve and for a map."""
_FLOOR = 1e-20
"""Of what is drawn on a logarithmic scale, by its largest value."""
_DARKEST = 0.03
"""Share of a logarithmic map that is drawn in its lowest color: residuals are zero along lines, to any number of decades."""
_DOTS = {"linestyle": "none", "marker": "o", "markersize": 2.5, "markeredgewidth": 0.3}


class SolutionDisplay:
    """A solution along one variable, a curve, or over two, a map of colors.

    Parameters
    ----------
    axes : list of arrays
        Coordinates along the horizontal axis (n,), and along the vertical one (m,) of a map.
    values : array of shape (n,) or (m, n)
        u.
    exact : array like `values`, optional
        What u should be.
    points : array of shape (n_points, 1 or 2), optional
        Collocation points.
    data : tuple of arrays (n_data, 1 or 2) and (n_data,), optional
        Measured values and where.
    labels : sequence of str
        Names of the axes.
    name : str, default="u"
        Of the unknown function.

    Attributes
    ----------
    error : array like `values`, or None
        |u − exact|.
    ax_ : Axes
    figure_ : Figure
    line_, exact_ : Line2D or None
        Of a curve.
    map_ : QuadMesh or None
    points_ : Line2D or None
    data_ : PathCollection or None

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import PhysicsRegressor
    >>> from newtonreg.physics import D, Initial
    >>> from newtonreg.plotting import SolutionDisplay
    >>> X = np.linspace(0, 3, 40)[:, None]
    >>> model = PhysicsRegressor(D(1) + D(0), Initial(0.0, 1.0), random_state=0).fit(X)
    >>> display = SolutionDisplay.from_estimator(model, exact=lambda X: np.exp(-X[:, 0]))
    >>> bool(display.error.max() < 1e-8)
    True
    """

    def __init__(self, axes, values, exact=None, points=None, data=None, labels=("x", "y"), name="u"):
        self.axes = axes
        self.values = values
        self.exact = exact
        self.points = points
        self.data = data
        self.labels = labels
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator,
        *,
        exact=None,
        data=None,
        points=None,
        output=0,
        variables=None,
        at=None,
        n_points=None,
        kind="solution",
        ax=None,
        **kwargs,
    ):
        """Draw the solution of a fitted `PhysicsRegressor` over its domain.

        Parameters
        ----------
        estimator : fitted PhysicsRegressor
        exact : callable, optional
            Of points (n, d), returns (n,).
        data : tuple (X, y) or Data, optional
            Measured values of u to show, X (n, d) or, with one variable, (n,).
        points : array of shape (n, d), optional
            Collocation points to show.
        output : int or str, default=0
            Which of the unknown functions.
        variables : sequence of str, optional
            Names of the variables on the horizontal and the vertical axis, ``("t", "x")``; by default in their order.
        at : dict of str to float, optional
            Variables that are held, ``{"t": 0.5}``; one or two remain.
        n_points : int >= 2, optional
            In each direction: by default 1001 of a curve, 161 of a map.
        kind, ax, **kwargs
            As in `plot`.
        """
        _check_kind(kind, exact)
        sweep = _sweep(estimator, variables, at, n_points)
        names = estimator._solution.setting.outputs
        j = output_index(output, names)
        values = sweep.shaped(np.reshape(estimator.predict(sweep.X), (len(sweep.X), -1))[:, j])
        truth = None if exact is None else sweep.shaped(_called("exact", exact, sweep.X))
        measured = None if data is None else _measured(data, sweep)
        display = cls(sweep.axes, values, truth, sweep.chosen("points", points), measured, sweep.labels, names[j])
        return display.plot(kind, ax, **kwargs)

    @property
    def error(self):
        """|u − exact|."""
        return None if self.exact is None else np.abs(self.values - self.exact)

    def plot(self, kind="solution", ax=None, **kwargs):
        """Draw.

        Parameters
        ----------
        kind : {"solution", "error"}, default="solution"
            u, beside the exact solution where there is one and u is a curve; or the error, on a logarithmic scale.
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.plot` of a curve, `Axes.pcolormesh` of a map.

        Returns
        -------
        self
        """
        _check_kind(kind, self.exact)
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.line_ = self.exact_ = self.map_ = self.points_ = self.data_ = None
        label = self.name if kind == "solution" else f"|{self.name} − exact|"
        if len(self.axes) == 1:
            self._draw_curve(kind, label, kwargs)
        else:
            values = self.values if kind == "solution" else self.error
            self.map_ = _draw_map(self, values, label, kind == "error", kwargs)
            self._draw_data(kind, {"c": None if self.data is None else self.data[1], "edgecolors": "white", "linewidths": 0.6})
        self.points_ = _draw_points(self)
        return self

    def _draw_curve(self, kind, label, style):
        if kind == "error":
            self.line_ = _draw_logarithmic(self, self.error, label, {"color": ORANGE, **style})
            return
        (self.line_,) = self.ax_.plot(self.axes[0], self.values, **{"color": BLUE, "label": self.name, **style})
        if self.exact is not None:
            look = {"color": BLACK, "linestyle": "--", "linewidth": 1.0, "label": "exact"}
            (self.exact_,) = self.ax_.plot(self.axes[0], self.exact, **look)
        self._draw_data(kind, {"color": GRAY, "label": "data", "zorder": 1.5})
        self.ax_.set(xlabel=self.labels[0], ylabel=label)
        if self.exact is not None or self.data is not None:
            self.ax_.legend()

    def _draw_data(self, kind, look):
        if self.data is None or kind == "error":
            return
        where, values = self.data
        if self.map_ is None:
            self.data_ = self.ax_.scatter(where[:, 0], values, s=12.0, **look)
        else:
            self.data_ = self.ax_.scatter(*where.T, s=18.0, cmap=self.map_.cmap, norm=self.map_.norm, **look)


class ResidualDisplay:
    """How far a solution is from obeying its equation, |𝒩[u] − y|, on a logarithmic scale along one variable or over two.

    Parameters
    ----------
    axes : list of arrays
        Coordinates along the horizontal axis (n,), and along the vertical one (m,) of a map.
    values : array of shape (n,) or (m, n)
        |𝒩[u] − y|.
    points : array of shape (n_points, 1 or 2), optional
        Collocation points.
    labels : sequence of str
        Names of the axes.

    Attributes
    ----------
    ax_ : Axes
    figure_ : Figure
    line_ : Line2D or None
        Of a curve.
    map_ : QuadMesh or None
    points_ : Line2D or None

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import PhysicsRegressor
    >>> from newtonreg.physics import D, Initial
    >>> from newtonreg.plotting import ResidualDisplay
    >>> X = np.linspace(0, 3, 40)[:, None]
    >>> model = PhysicsRegressor(D(1) + D(0), Initial(0.0, 1.0), random_state=0).fit(X)
    >>> display = ResidualDisplay.from_estimator(model, points=X)
    >>> bool(display.values.max() < 1e-6)
    True
    """

    def __init__(self, axes, values, points=None, labels=("x", "y")):
        self.axes = axes
        self.values = values
        self.points = points
        self.labels = labels

    @classmethod
    def from_estimator(
        cls, estimator, *, y=None, points=None, equation=0, variables=None, at=None, n_points=None, ax=None, **kwargs
    ):
        """Draw the residual of a fitted `PhysicsRegressor` over its domain.

        Parameters
        ----------
        estimator : fitted PhysicsRegressor
        y : callable, optional
            Right-hand side as a function of points (n, d). Needed where it varied in `fit` and `source` was not set.
        points : array of shape (n, d), optional
            Collocation points to show.
        equation : int, default=0
            Which one of a system.
        variables, at, n_points
            As in `SolutionDisplay.from_estimator`.
        ax, **kwargs
            As in `plot`.
        """
        sweep = _sweep(estimator, variables, at, n_points)
        residual = estimator.residual(sweep.X, None if y is None else _called("y", y, sweep.X))
        residual = np.reshape(residual, (len(sweep.X), -1))
        if equation not in range(residual.shape[1]):
            raise ValueError(f"equation={equation!r} must be an integer from 0 to {residual.shape[1] - 1}.")
        values = sweep.shaped(np.abs(residual[:, equation]))
        return cls(sweep.axes, values, sweep.chosen("points", points), sweep.labels).plot(ax, **kwargs)

    def plot(self, ax=None, **kwargs):
        """Draw.

        Parameters
        ----------
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.plot` of a curve, `Axes.pcolormesh` of a map.

        Returns
        -------
        self
        """
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.line_ = self.map_ = None
        if len(self.axes) == 1:
            self.line_ = _draw_logarithmic(self, self.values, "|residual|", {"color": ORANGE, **kwargs})
        else:
            self.map_ = _draw_map(self, self.values, "|residual|", True, kwargs)
        self.points_ = _draw_points(self)
        return self


class _Sweep(NamedTuple):
    """Points X (N, d) where variables `columns`, one or two, run along `axes` and the others are held."""

    X: Any
    axes: list
    columns: list
    names: tuple

    @property
    def labels(self):
        return [self.names[column] for column in self.columns]

    def shaped(self, values):
        """(N,) as (n,), or as (m, n) with the vertical axis first."""
        return values if len(self.axes) == 1 else values.reshape([len(axis) for axis in self.axes]).T

    def chosen(self, name, points):
        """Points (n, d), or (n,) of one variable, in the coordinates that are drawn."""
        if points is None:
            return None
        points = np.asarray(points, dtype=float)
        points = points[:, None] if points.ndim == 1 and len(self.names) == 1 else points
        if points.ndim != 2 or points.shape[1] != len(self.names):
            raise ValueError(f"{name} has shape {points.shape}; pass (n, {len(self.names)}), a column for each variable.")
        return points[:, self.columns]


def _sweep(estimator, variables, at, n_points):
    check_is_fitted(estimator, "domain_")
    names, held = estimator.variables_, dict(at or {})
    unknown = set(held) - set(names)
    if unknown:
        raise ValueError(f"at={at!r} holds {', '.join(map(repr, sorted(unknown)))}; the variables are {', '.join(names)}.")
    free = [name for name in names if name not in held]
    shown = free if variables is None else [variables] if isinstance(variables, str) else list(variables)
    if sorted(shown) != sorted(free) or len(shown) not in (1, 2):
        raise ValueError(
            f"variables={variables!r}, at={at!r}: draw one or two of the variables {', '.join(names)}, and hold the others in at."
        )
    n_points = _N_POINTS[len(shown)] if n_points is None else n_points
    check_integer("n_points", n_points, 2)
    columns = [names.index(name) for name in shown]
    grid = uniform([estimator.domain_[column] for column in columns], n_points)
    X = np.empty((len(grid), len(names)))
    X[:, columns] = grid
    for name, value in held.items():
        X[:, names.index(name)] = value
    return _Sweep(X, [np.unique(grid[:, a]) for a in range(len(columns))], columns, names)


def _called(name, function, X):
    if not callable(function):
        raise TypeError(f"{name} is a {type(function).__name__}, and must be a function of the points (n, d).")
    values = np.asarray(function(X), dtype=float)
    if values.shape[:1] != X.shape[:1]:
        raise ValueError(f"{name} returned shape {values.shape} for {len(X)} points.")
    return values


def _measured(data, sweep):
    X, y = (data.X, data.y) if hasattr(data, "X") else data
    where = sweep.chosen("data", X)
    y = np.ravel(np.asarray(y, dtype=float))
    if y.size != len(where):
        raise ValueError(f"data has {len(where)} points and {y.size} values.")
    return where, y


def _check_kind(kind, exact):
    if kind not in ("solution", "error"):
        raise ValueError(f"kind={kind!r} is unknown; pass 'solution' or 'error'.")
    if kind == "error" and exact is None:
        raise ValueError("kind='error' needs exact: pass the exact solution as a function of the points.")


def _draw_logarithmic(display, values, label, style):
    """A curve on a logarithmic scale, where anything is above zero; the rest is clipped."""
    (line,) = display.ax_.plot(display.axes[0], values, **{"linewidth": 1.0, **style})
    if (values > 0.0).any():
        display.ax_.set_yscale("log", nonpositive="clip")
    display.ax_.set(xlabel=display.labels[0], ylabel=label)
    return line


def _draw_map(display, values, label, is_logarithmic, style):
    """Colors over two variables."""
    look = {"cmap": "viridis", "shading": "gouraud", "rasterized": True}
    if is_logarithmic:
        from matplotlib.colors import LogNorm

        high = float(values.max()) or 1.0
        low = min(max(float(np.quantile(values, _DARKEST)), _FLOOR * high), 0.1 * high)
        style = dict(style)
        look |= {"cmap": "magma", "norm": LogNorm(style.pop("vmin", low), style.pop("vmax", high))}
        values = np.maximum(values, _FLOOR * high)
    mesh = display.ax_.pcolormesh(*display.axes, values, **{**look, **style})
    display.figure_.colorbar(mesh, ax=display.ax_, label=label)
    display.ax_.set(xlabel=display.labels[0], ylabel=display.labels[1])
    return mesh


def _draw_points(display):
    """Dots on a map; below a curve marks along the axis."""
    if display.points is None:
        return None
    if len(display.axes) == 2:
        look = {"color": "white", "markeredgecolor": BLACK, "label": "collocation points", **_DOTS}
        return display.ax_.plot(*display.points.T, **look)[0]
    look = {"color": GRAY, "marker": "|", "markersize": 6.0, "linestyle": "none", "label": "collocation points"}
    transform = display.ax_.get_xaxis_transform()
    return display.ax_.plot(display.points[:, 0], np.full(len(display.points), 0.02), transform=transform, **look)[0]
