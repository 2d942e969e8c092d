"""The basis a fit has found, and what it adds up to."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from newtonreg.backend.arrays import to_host
from newtonreg.plotting.figures import BLACK, GRAY, axes_on

__all__ = ["BasisDisplay"]


class BasisDisplay:
    """Terms c_k h_k(x) of a fitted network along one input, its intercept, and their sum, the raw prediction.

    Where a `PhysicsRegressor` meets conditions by construction, u = G + B N, the terms are B c_k h_k, and G counts as intercept.

    Parameters
    ----------
    inputs : array of shape (n,)
        Ascending.
    terms : array of shape (n, k)
        c_k h_k(x_i), in the unit of the targets.
    intercept : float or array of shape (n,)
    feature_name : str, default="x"
    output_name : str, default="raw prediction"

    Attributes
    ----------
    total : array of shape (n,)
        Sum of the terms and the intercept.
    ax_ : Axes
    figure_ : Figure
    terms_ : list of Line2D
    intercept_, total_ : Line2D

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import NewtonMLPRegressor
    >>> from newtonreg.plotting import BasisDisplay
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> model = NewtonMLPRegressor(3, random_state=0, n_restarts=1).fit(X, np.sin(3 * X[:, 0]))
    >>> display = BasisDisplay.from_estimator(model, X)
    >>> bool(np.allclose(display.total, model.predict(X)))
    True
    """

    def __init__(self, inputs, terms, intercept, feature_name="x", output_name="raw prediction"):
        self.inputs = inputs
        self.terms = terms
        self.intercept = intercept
        self.feature_name = feature_name
        self.output_name = output_name

    @classmethod
    def from_estimator(cls, estimator, X, *, feature=0, output=0, ax=None, **kwargs):
        """Draw the last hidden layer of a fitted estimator at the rows of X.

        Parameters
        ----------
        estimator : fitted estimator
            With any basis and any number of hidden layers.
        X : array-like of shape (n, n_features)
            With several features, rows on a line.
        feature : int, default=0
            The input on the horizontal axis.
        output : int, default=0
            Column of the targets, or of the decision function; which of the unknown functions.
        ax, **kwargs
            As in `plot`.
        """
        check_is_fitted(estimator, "n_outputs_")
        for name, number, size in (
            ("feature", feature, estimator.n_features_in_),
            ("output", output, estimator.n_outputs_),
        ):
            if number not in range(size):
                raise ValueError(f"{name}={number!r} must be an integer from 0 to {size - 1}.")
        hidden = to_host(estimator.basis_functions(X))  # first, because it checks X
        rows = np.asarray(to_host(X) if hasattr(X, "dtype") else X)
        order = np.argsort(rows[:, feature], kind="stable")
        if hasattr(estimator, "variables_"):
            terms, intercept = _solution_terms(estimator, hidden[order], rows[order].astype(float), output)
            names = estimator.variables_[feature], estimator._solution.setting.outputs[output]
        else:
            coefs, intercept = _outer(estimator._model, output)
            terms = hidden[order] * coefs
            names = (getattr(estimator, "feature_names_in_", {feature: "x"})[feature],)
        return cls(rows[order, feature], terms, intercept, *names).plot(ax, **kwargs)

    @property
    def total(self):
        """Raw prediction (n,)."""
        return self.terms.sum(axis=1) + self.intercept

    def plot(self, ax=None, **kwargs):
        """Draw the terms in colors and their sum in black.

        Parameters
        ----------
        ax : Axes or None, default=None
        **kwargs : dict
            To `Axes.plot` of the terms.

        Returns
        -------
        self
        """
        self.ax_ = axes_on(ax)
        self.figure_ = self.ax_.figure
        self.terms_ = self.ax_.plot(self.inputs, self.terms, **{"linewidth": 1.0, **kwargs})
        if self.terms_:
            self.terms_[0].set_label(f"{len(self.terms_)} terms $c_k h_k(x)$")
        look = {"color": GRAY, "linestyle": ":", "label": "intercept"}
        if np.ndim(self.intercept) == 0:
            self.intercept_ = self.ax_.axhline(self.intercept, **look)
        else:
            (self.intercept_,) = self.ax_.plot(self.inputs, self.intercept, **look)
        (self.total_,) = self.ax_.plot(self.inputs, self.total, color=BLACK, linewidth=2.0, label="sum")
        self.ax_.set(xlabel=self.feature_name, ylabel=self.output_name)
        self.ax_.legend()
        return self


def _outer(model, output):
    """Coefficients (k,) and intercept of an output, in the unit of the targets, on the host; of ridge and other bases."""
    _, outer = model.network.unpack(model.params)
    row, scale, offset = (to_host(array)[output] for array in (outer, model.targets.scale, model.targets.offset))
    return row[:-1] * scale, float(row[-1] * scale + offset)


def _solution_terms(estimator, hidden, X, output):
    """Terms (n, k) and intercept of a solution at X (n, d): what hard conditions make of those of its network."""
    terms, intercept = hidden * estimator.coefs_[-1][:, output], float(estimator.intercepts_[-1][output])
    hard = estimator._solution.setting.hard
    if hard is None:
        return terms, intercept
    none = (0,) * X.shape[1]
    factors, offset = hard.terms(none, output, X)
    return factors[none][:, None] * terms, factors[none] * intercept + offset
