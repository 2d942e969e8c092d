"""Leaving a saddle: down along negative curvature, and on with the fit."""

from sklearn.utils.validation import check_is_fitted

from newtonreg.backend import linalg
from newtonreg.backend.arrays import to_device, to_floats
from newtonreg.landscape.classify import classify
from newtonreg.solvers.acceptance import rounding_noise

__all__ = ["escape"]

_FIRST = 1e-2
"""First step, of the length of the parameters."""
_DOUBLINGS = 30
_HALVINGS = 30


def escape(estimator, X, y, sample_weight=None, tol=1e-6):
    """Take a fit that ended at a saddle down along its most negative curvature, and fit on from there.

    With v the eigenvector of the lowest eigenvalue λ < 0 of the Hessian, F(w + t v) ≈ F(w) + t ∇Fᵀv + ½ λ t² falls whatever the
    sign of t; the step is doubled while F falls, or halved until it does, both ways, and the lower end is taken. Where rounding
    hides the fall the next eigenvector is tried.

    Parameters
    ----------
    estimator : estimator of this package
        Fitted; any solver, any number of hidden layers.
    X, y, sample_weight
        The training data, as for `fit`, which does not store them.
    tol : float, default=1e-6
        Largest relative gradient norm that counts as stationary.

    Returns
    -------
    estimator
        The same object, fitted again: a warm fit under its own parameters, `max_iter` included, from the lower point. It may end
        at another saddle; call `escape` again.

    Raises
    ------
    ValueError
        Where the fit did not end at a saddle; the message says what the point is. The estimator stays as it was.
    sklearn.exceptions.NotFittedError
        Where `estimator` was not fitted.
    TypeError
        Where `estimator` is not one of this package.

    Notes
    -----
    Costs `estimator.classify`, about 120 values of F a direction at most, and a fit. A fit by a solver that sees no negative
    curvature, such as Levenberg–Marquardt, may end at a saddle; the default trust region leaves saddles by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import NewtonMLPRegressor
    >>> from newtonreg.landscape.escape import escape
    >>> X = np.linspace(-1.0, 1.0, 41)[:, None]
    >>> start = np.array([[1.0], [0.0]])
    >>> y = X[:, 0] ** 2
    >>> model = NewtonMLPRegressor(1, solver="newton", init=start, alpha=0.0, n_restarts=1).fit(X, y)
    >>> print(model.stationary_point_.kind, model.stationary_point_.trivial_zero, round(model.score(X, y), 2))
    saddle True 0.0
    >>> escape(model.set_params(solver="trust-region"), X, y).score(X, y) > 0.3
    True
    """
    if not hasattr(estimator, "_fitted_objective"):
        raise TypeError(f"estimator={estimator!r:.100} is no estimator of newtonreg; pass one, fitted.")
    check_is_fitted(estimator, "params_")
    objective, params = estimator._fitted_objective(X, y, sample_weight)
    point = classify(objective, params, tol)
    if point.kind not in ("saddle", "maximum"):
        raise ValueError(f"The fit did not end at a saddle on these data: {point}. {_ADVICE.get(point.kind, _NOTHING)}")
    lower = _lower_point(objective, params, point)
    if lower is None:
        raise ValueError(
            f"The fit ended at a saddle whose negative curvature, {point.min_eigenvalue:.1e}, lowers the objective by no more "
            "than rounding: there is nothing to gain by leaving it."
        )
    return estimator._fit_on_from(lower, X, y, sample_weight)


_NOTHING = "There is no direction of negative curvature to leave along."
_ADVICE = {
    "not stationary": "Fit on, with warm_start=True or a larger max_iter.",
    "gradient-flat": "Fit on with a solver that lowers the objective, for instance solver='trust-region' and warm_start=True.",
    "not finite": "Fit anew, with a larger alpha or another random_state.",
}


def _lower_point(objective, params, point):
    """Parameters with a lower objective along the first direction of negative curvature that has any; None where none has."""
    first = _FIRST * max(1.0, to_floats(linalg.norm(params))[0])
    for i in range(point.negative_directions.shape[0]):
        direction = to_device(point.negative_directions[i, :], like=params)
        value, step = min(_lowest(objective, params, direction, point.value, sign * first) for sign in (1.0, -1.0))
        if value < point.value - rounding_noise(point.value):
            return params + step * direction
    return None


def _lowest(objective, params, direction, value, step):
    """The lowest F found along a direction, and the step there: doubled while F falls, or halved until it does."""

    def at(t):
        return objective.at(params + t * direction).value

    trial = at(step)
    for _ in range(_HALVINGS):
        if trial < value:
            break
        step *= 0.5
        trial = at(step)
    for _ in range(_DOUBLINGS):
        longer = at(2.0 * step)
        if not longer < min(trial, value):
            break
        step, trial = 2.0 * step, longer
    # NaN and infinity are no fall
    return (trial, step) if trial < value else (value, 0.0)
