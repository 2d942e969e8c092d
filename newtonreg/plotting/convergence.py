"""How a run went, trial by trial."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from newtonreg.plotting.figures import is_logarithmic, panels_on

__all__ = ["ConvergenceDisplay"]

_QUANTITIES = ("loss", "gradient_norm", "control", "ratio")
_WORK = {
    "n_iter": "trials",
    "n_backprops": "gradients and products with a curvature matrix",
    "nfev": "values",
    "njev": "gradients",
}
_MOST = 10.0
"""Size of ratios that are shown: where rounding decides, they have any."""
_LABELS = {"gradient_norm": "‖∇F‖", "ratio": "actual / predicted"}


class ConvergenceDisplay:
    """Loss, gradient norm, control (radius, damping, σ, step length) and ratio of a run against the work done.

    A rejected trial is a cross; what it does not change is drawn where it was. Use `from_estimator` or `from_result`.

    Parameters
    ----------
    history : dict of str to array of shape (n_trials + 1,)
        Columns loss, gradient_norm, control, ratio, accepted, and those that count work; row 0 is the starting point.
    control_name : str, default="control"
        What the solver controls, a label.
    name : str or None, default=None
        Of the run, for the legend.

    Attributes
    ----------
    ax_ : array of Axes
        One for each quantity.
    figure_ : Figure
    lines_, crosses_ : dict of str to Line2D
        By quantity: all trials; the rejected ones.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic, TrustRegion, minimize
    >>> from newtonreg.plotting import ConvergenceDisplay
    >>> rosenbrock = Analytic(lambda x: 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2, 2)
    >>> result = minimize(rosenbrock, np.array([-1.2, 1.0]), TrustRegion())
    >>> display = ConvergenceDisplay.from_result(result, quantities=["loss", "ratio"], control_name="radius")
    >>> display.ax_.shape
    (2,)
    """

    def __init__(self, history, control_name="control", name=None):
        self.history = history
        self.control_name = control_name
        self.name = name

    @classmethod
    def from_estimator(cls, estimator, *, quantities=_QUANTITIES, against="n_iter", name=None, ax=None, **kwargs):
        """Draw the `history_` of a fitted estimator; parameters as in `plot`.

        The loss is `loss_curve_`; ‖∇F‖ is that of the objective F, the loss times the sum of the weights.
        """
        check_is_fitted(estimator, "history_")
        control = getattr(estimator.solver_, "control_name", "control")
        name = type(estimator).__name__ if name is None else name
        return cls(_columns(estimator.history_), control, name).plot(quantities, against, ax, **kwargs)

    @classmethod
    def from_result(
        cls, result, *, quantities=_QUANTITIES, against="n_iter", control_name="control", name=None, ax=None, **kwargs
    ):
        """Draw the history of what `newtonreg.minimize` returned; parameters as in `plot`."""
        if not hasattr(result, "history"):
            raise ValueError(f"result={type(result).__name__} has no history; pass what newtonreg.minimize returned.")
        rows = [row._asdict() for row in result.history]
        columns = _columns([{"loss": row["value"], **row} for row in rows])
        return cls(columns, control_name, name).plot(quantities, against, ax, **kwargs)

    def plot(self, quantities=_QUANTITIES, against="n_iter", ax=None, **kwargs):
        """Draw a panel for each quantity.

        Parameters
        ----------
        quantities : sequence of {"loss", "gradient_norm", "control", "ratio"}
            Logarithmic where they are positive and span more than two decades; ratios are
            shown from −10 to 10, linear up to 1 in size.
        against : {"n_iter", "n_backprops", "nfev", "njev"}, default="n_iter"
            The work on the horizontal axis: trials, gradients plus products, values, gradients.
        ax : Axes, array of Axes or None, default=None
            One for each quantity, for instance `ax_` of another display, to compare runs; None: a new figure.
        **kwargs : dict
            To `Axes.plot`.

        Returns
        -------
        self
        """
        _check(quantities, against)
        self.ax_ = panels_on(ax, len(quantities))
        self.figure_ = self.ax_[0].figure
        self.lines_, self.crosses_ = {}, {}
        for axes, quantity in zip(self.ax_, quantities, strict=True):
            self._draw(axes, quantity, self.history[against], {"label": self.name, **kwargs})
        self.ax_[-1].set_xlabel(_WORK[against])
        if self.name is not None:
            self.ax_[0].legend()
        return self

    def _draw(self, axes, quantity, work, style):
        values, rejected = self.history[quantity], ~self.history["accepted"]
        rejected = rejected & (np.arange(rejected.size) > 0)
        (line,) = axes.plot(work, values, **{"marker": ".", **style})
        self.lines_[quantity] = line
        (self.crosses_[quantity],) = axes.plot(work[rejected], values[rejected], "x", color=line.get_color())
        if quantity == "ratio":
            axes.set_yscale("symlog", linthresh=1.0)
            # of all runs that are drawn here
            axes.autoscale(True, axis="y")
            axes.set_ylim(*np.clip(axes.get_ylim(), -_MOST, _MOST))
            axes.axhline(1.0, color="0.6", linewidth=0.8, zorder=0)
        elif is_logarithmic(values):
            axes.set_yscale("log", nonpositive="clip")
        axes.set_ylabel(self.control_name if quantity == "control" else _LABELS.get(quantity, quantity))


def _columns(rows):
    return {name: np.asarray([row[name] for row in rows]) for name in (*_QUANTITIES, "accepted", *_WORK)}


def _check(quantities, against):
    if isinstance(quantities, str) or not quantities or set(quantities) - set(_QUANTITIES):
        raise ValueError(f"quantities={quantities!r} must be a list of names among {', '.join(_QUANTITIES)}.")
    if against not in _WORK:
        raise ValueError(f"against={against!r} is unknown; pass one of {', '.join(_WORK)}.")
