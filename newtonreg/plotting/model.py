"""What a step was promised, and what it gets."""

import numpy as np

from newtonreg.backend.arrays import namespace, to_device, to_floats
from newtonreg.components import check_integer
from newtonreg.curvatures import resolve_curvature
from newtonreg.plotting.figures import BLUE, ORANGE, axes_on

__all__ = ["ModelDisplay"]


class ModelDisplay:
    """Objective and quadratic model along a step: F(x + t p) and F + t gᵀp + ½ t² pᵀBp.

    Parameters
    ----------
    fractions : array of shape (n_points,)
        t; 0 is the point, 1 the end of the step.
    values, model : arrays of shape (n_points,)
    ends : tuple of three floats
        F(x), F(x + p) and the model at t = 1.

    Attributes
    ----------
    ratio : float
        Actual over predicted reduction, what a trust region judges the step by; NaN where nothing is predicted.
    ax_ : Axes
    figure_ : Figure
    lines_ : dict of str to Line2D
        "objective", "model".

    Examples
    --------
    Newton's step for a quartic gets a fifth more than its model promises.

    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> from newtonreg.plotting import ModelDisplay
    >>> quartic = Analytic(lambda x: x[0] ** 4, 1)
    >>> display = ModelDisplay.from_objective(quartic, np.array([1.0]), np.array([-1 / 3]))
    >>> print(f"{display.ratio:.3f}")
    1.204
    """

    def __init__(self, fractions, values, model, ends):
        self.fractions = fractions
        self.values = values
        self.model = model
        self.ends = ends

    @classmethod
    def from_objective(cls, objective, params, step, *, curvature="exact", n_points=101, extent=(-0.25, 1.5), ax=None, **kwargs):
        """Evaluate and draw; n_points + 2 values, a gradient and one product with B.

        Parameters
        ----------
        objective : Objective
        params, step : arrays of shape (p,)
            x and p.
        curvature : str or Curvature, default="exact"
            B, for instance "gauss-newton".
        n_points : int >= 2, default=101
        extent : pair of floats, default=(-0.25, 1.5)
            First and last t.
        ax, **kwargs
            As in `plot`.
        """
        check_integer("n_points", n_points, low=2)
        if tuple(step.shape) != tuple(params.shape):
            raise ValueError(f"step has shape {tuple(step.shape)} and params {tuple(params.shape)}; pass p entries each.")
        step = to_device(step, params)
        evaluation = objective.at(params)
        image = resolve_curvature(curvature).at(evaluation, None).product(step)
        xp = namespace(step)
        slope, bend = to_floats(xp.vecdot(evaluation.gradient, step), 0.5 * xp.vecdot(step, image))
        fractions = np.linspace(*extent, n_points)
        values = np.asarray([objective.at(params + float(t) * step).value for t in fractions])
        start = evaluation.value
        model = start + fractions * slope + fractions**2 * bend
        return cls(fractions, values, model, (start, objective.at(params + step).value, start + slope + bend)).plot(ax, **kwargs)

    @property
    def ratio(self):
        """(F(x) − F(x + p)) / (F(x) − model)."""
        start, end, promised = self.ends
        return (start - end) / (start - promised) if start != promised else float("nan")

    def plot(self, ax=None, **kwargs):
        """Draw both curves, with a mark at the point and at each end of the step.

        Parameters
        ----------
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.plot` of the curves.

        Returns
        -------
        self
        """
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        start, end, promised = self.ends
        curves = {"objective": (self.values, end, BLUE, "-"), "model": (self.model, promised, ORANGE, "--")}
        self.lines_ = {}
        for name, (values, last, color, style) in curves.items():
            look = {"color": color, "linestyle": style, "label": name, **kwargs}
            (self.lines_[name],) = self.ax_.plot(self.fractions, values, **look)
            self.ax_.plot(1.0, last, "o", color=color)
        self.ax_.plot(0.0, start, "o", color="black")
        self.ax_.set(xlabel="fraction of the step", ylabel="F", title=f"actual / predicted reduction {self.ratio:.3g}")
        self.ax_.legend()
        return self
