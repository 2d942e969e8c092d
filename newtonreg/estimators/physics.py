"""Functions from their differential equations."""

import numbers

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from newtonreg.callbacks import ProgressTable
from newtonreg.components import check_integer
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._base import unchanged_on_error
from newtonreg.estimators._callbacks import CallbackBridge
from newtonreg.estimators._physics_fit import PhysicsFit
from newtonreg.estimators._physics_setup import set_up
from newtonreg.estimators._sklearn import (
    BaseEstimator,
    CallbackSupportMixin,
    MultiOutputMixin,
    RegressorMixin,
    check_sample_weight,
    with_callbacks,
)
from newtonreg.landscape import classify
from newtonreg.physics.operators import Operator

__all__ = ["PhysicsRegressor"]


class PhysicsRegressor(CallbackSupportMixin, RegressorMixin, MultiOutputMixin, BaseEstimator):
    """The solution of a differential equation as a small network, by second-order methods.

    Minimizes over networks u with one hidden layer

        ½ mean_i (𝒩[u](x_i) − y_i)² + ½ Σ_c λ_c mean_i (L_c[u](x_ci) − v_ci)² + ½ α (‖weights‖² + ‖coefficients‖²)

    with 𝒩 the equation at collocation points, L_c the conditions. Linear operators and residual functions have exact derivatives
    of any order in x, and exact Hessians in the parameters.

    Parameters
    ----------
    operator : Operator, list of Operator, or callable
        The equation, 𝒩[u] = y. Linear: built with `D`, for instance ``D(2) + 4 * D(0)`` or ``D("t") - 0.1 * D("x", "x")``; a
        list is a system. Nonlinear: a function whose arguments are named after what they are, ``residual(x, u, du, d2u)`` with
        one variable, ``residual(u, u_t, u_x, u_xx)`` with several, and unknown coefficients by their names; it returns (n,), or
        a tuple of those for a system, and is written with arithmetic, NumPy's ufuncs or ``autograd.numpy``.
    conditions : Condition or list of them, default=()
        `Dirichlet`, `Neumann`, `Robin`, `Initial`, `Periodic`, `MultiPoint`, `Data`, or a general `Condition`.
    hidden_layer_sizes : "auto", int or (int,), default="auto"
        Units. "auto" is a third of the residuals, between 5 and 40 with one variable, 200 with several, and 2,000 where units are
        drawn anew (see `solver`); beside `Data` so few that the equation has two residuals for each parameter.
    activation : str, Basis or callable, default="tanh"
        A ridge function; its derivatives must reach the order of the equation.
    variables : sequence of str, optional
        Names of the columns of X; the feature names of a data frame, else "x", "y", "z", and with more x0, x1, ...
    outputs : sequence of str, default=("u",)
        Names of the unknown functions.
    domain : sequence of (low, high), optional
        Of each variable; the box of X and of the conditions' points. It is mapped to [−1, 1].
    coefficients : dict of str to float, optional
        Unknown coefficients that a residual function takes, and where to start; they are estimated.
    source : callable or number, optional
        y as a function of the points (n, d), for `fit` without y and for `residual` at other points.
    solver : str or Solver, default="auto"
        "auto" is variable projection for linear equations, and Levenberg–Marquardt with geodesic acceleration and then variable
        projection for others; for nonlinear ones in several variables, on 400 units or more, Newton's method in function space,
        each step a linear equation on units and collocation points of its own, drawn where the solution varies. Else any solver
        of `newtonreg.solvers`: "levenberg-marquardt", "variable-projection", "trust-region", "newton", "bfgs", "ssbroyden", ...
    alpha : float >= 0, default=0.0
        L2 penalty on weights and coefficients of the network on inputs in [−1, 1].
    max_iter : int >= 1 or None, default=None
        Trials; None takes what a budget of floating point operations allows, some seconds of work.
    max_time : float > 0 or None, default=None
        Seconds that count instead; the result then depends on the speed of the machine.
    n_restarts : int >= 1, default=1
        Draws of units to choose from, each of several kinds; of no account where units are drawn anew.
    init : "auto", str, Initializer or array (q, k), default="auto"
        Where the units start. "auto" compares several kinds and steepnesses by the residual at points left out.
    random_state : int, RandomState or None, default=None
    tol : float >= 0, default=1e-10
        Stop where no column of the Jacobian has a larger cosine with the residual.
    verbose : bool, default=False
        Print a row a trial.
    warm_start : bool, default=False
        Go on from the last fit, for instance on refined points (`collocation.refine`).
    device : {None, "cpu", "cuda"}, default=None
        "cuda" fits on the GPU; residual functions are evaluated on the host, a few numbers a point.

    Attributes
    ----------
    coefficients_ : dict of str to float
        Estimates of the unknown coefficients.
    coefficient_std_ : dict of str to float
        Their standard errors; NaN without `Data`.
    noise_std_ : dict of str to float
        Noise of measured data by the name of the condition, estimated from the data alone, or as given.
    condition_weights_ : dict of str to float
        λ by the name of the condition.
    domain_, variables_ : tuple
    params_ : array of shape (p,)
        Of the network on inputs in [−1, 1], then coefficients of the equation.
    units_ : array of shape (q, k)
    coefs_, intercepts_ : list of arrays
        As in scikit-learn's MLP, in the units of X; of the network, before hard conditions.
    n_iter_, loss_, loss_curve_, history_, status_, solver_, restarts_, n_features_in_, feature_names_in_
        As in `NewtonMLPRegressor`; `loss_` is the sum above. `restarts_` has a row for each kind of start.
    stationary_point_ : StationaryPoint or None
        Up to 500 parameters.

    Notes
    -----
    A trial costs N p² flops for N residuals and p = (d + 2) k + 1 parameters, in float64. Conditions with how="exact" are met to
    rounding by a bordered least squares inside variable projection.

    References
    ----------
    Golub & Pereyra (1973) for variable projection; Bellman & Kalaba (1965) for Newton's method in function space; Raissi,
    Perdikaris & Karniadakis, *Physics-informed neural networks* (2019).

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import PhysicsRegressor
    >>> from newtonreg.physics import D, Dirichlet
    >>> X = np.linspace(0.0, 1.0, 50)[:, None]
    >>> ends = [Dirichlet(0.0, 0.0), Dirichlet(1.0, 0.0)]
    >>> model = PhysicsRegressor(-D(2), ends, random_state=0).fit(X, np.pi**2 * np.sin(np.pi * X[:, 0]))
    >>> bool(abs(model.predict([[0.5]])[0] - 1.0) < 1e-9)
    True
    """

    def __init__(
        self,
        operator,
        conditions=(),
        hidden_layer_sizes="auto",
        activation="tanh",
        *,
        variables=None,
        outputs=("u",),
        domain=None,
        coefficients=None,
        source=None,
        solver="auto",
        alpha=0.0,
        max_iter=None,
        max_time=None,
        n_restarts=1,
        init="auto",
        random_state=None,
        tol=1e-10,
        verbose=False,
        warm_start=False,
        device=None,
    ):
        self.operator = operator
        self.conditions = conditions
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.variables = variables
        self.outputs = outputs
        self.domain = domain
        self.coefficients = coefficients
        self.source = source
        self.solver = solver
        self.alpha = alpha
        self.max_iter = max_iter
        self.max_time = max_time
        self.n_restarts = n_restarts
        self.init = init
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.device = device

    @with_callbacks
    def fit(self, X, y=None, sample_weight=None):
        """Solve the equation at collocation points.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Collocation points.
        y : array-like of shape (n_samples,) or (n_samples, n_equations), optional
            Right-hand sides, y_i = 𝒩[u](x_i). Without them `source` is asked, and zero where there is none.
        sample_weight : array-like of shape (n_samples,), optional
            Of collocation points, nonnegative; their sum is of no account.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            On parameters, conditions or data outside their domain, naming them; the estimator stays as it was.
        """
        with unchanged_on_error(self):
            validation.check_physics(self)
            X = validate_data(self, X, dtype=np.float64, ensure_min_samples=2)
            weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
            setup = set_up(self, X)
            targets = self._right_hand_side(X, y, setup)
            self._constant = targets[:, 0] if (targets == targets[:, :1]).all() else None
            # what has no weight must not have a say in widths and starts either
            counted = weights > 0.0
            rows = X[counted], np.ascontiguousarray(targets[:, counted]), weights[counted]
            return self._run(PhysicsFit(self, setup, *rows), {"X": X, "y": y, "metadata": {"sample_weight": sample_weight}})

    def _run(self, fit, arguments):
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, **arguments)
        training = fit.training
        if self.verbose:
            training.callbacks.append(ProgressTable(training.objective.total_weight))
        if getattr(self, "_skl_callbacks", None):
            training.callbacks.append(CallbackBridge(self, context, arguments, fit.attributes))
        try:
            fit.start(check_random_state(self.random_state)).finish()
        except KeyboardInterrupt as interrupt:
            if training.run is not None:
                training.run.interrupt()
                vars(self).update(fit.outcome())
                interrupt.best_is_kept = True
            raise
        vars(self).update(fit.outcome())
        fit.warn()
        context.call_on_fit_task_end(estimator=self, reconstruction_attributes=lambda: dict(self.__dict__), **arguments)
        return self

    def _right_hand_side(self, X, y, setup):
        """Targets (E, n)."""
        n_equations = setup.n_equations or self._count_equations(X, setup)
        return self._source(X, n_equations) if y is None else _targets("y", y, X, n_equations)

    def _count_equations(self, X, setup):
        fields = np.random.RandomState(0).standard_normal((len(setup.equation.channels), X.shape[0]))
        x = X[:, 0] if X.shape[1] == 1 else X
        return setup.equation.check(x, fields, setup.scalars)

    def _source(self, X, n_equations):
        """Targets (E, n) where y is not given."""
        if self.source is None or isinstance(self.source, numbers.Real):
            return np.full((n_equations, X.shape[0]), float(self.source or 0.0))
        return _targets("source(X)", self.source(X), X, n_equations)

    # -- what a fitted solution can be asked ----------------------------------------------------------------------------------

    def _points(self, X):
        check_is_fitted(self, "params_")
        return validate_data(self, X, reset=False, dtype=np.float64)

    def _shaped(self, values):
        """(m, n) as (n,) or (n, m)."""
        return values[0] if len(values) == 1 else values.T

    def predict(self, X):
        """u.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        u : array of shape (n_samples,) or (n_samples, n_outputs)
        """
        X = self._points(X)
        return self._shaped(self._solution.values(X))

    def predict_derivative(self, X, order=1):
        """Derivatives of u, in closed form.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        order : int >= 1 or Operator, default=1
            1: the gradient; 2: all second derivatives; with one variable any order. Or what `D` builds, ``D("x", "t")``.

        Returns
        -------
        derivative : array
            (n_samples,) with one variable or for an operator, else (n_samples, d) or (n_samples, d, d); with an axis of outputs
            after the first where there are several, except for an operator, which says itself of which output it is.
        """
        X = self._points(X)
        if isinstance(order, Operator):
            resolved = order.resolve(self.variables_, self._solution.setting.outputs)
            self._solution.network.basis.check_order(order.order)
            return self._solution.applied(resolved, X)
        check_integer("order", order, 1)
        d, m = X.shape[1], len(self._solution.setting.outputs)
        if d > 1 and order > 2:
            raise ValueError(f"order={order!r}: with several variables pass 1, 2, or an operator such as D('x', 'x', 'x').")
        self._solution.network.basis.check_order(int(order))
        axes = np.stack(np.meshgrid(*[np.arange(d)] * int(order), indexing="ij")).reshape(int(order), -1).T
        wanted = [(tuple(np.bincount(row, minlength=d).tolist()), j) for j in range(m) for row in axes]
        values = self._solution.fields(X, wanted).T.reshape(X.shape[0], m, *([d] * int(order) if d > 1 else []))
        return values[:, 0] if m == 1 else values

    def residual(self, X, y=None):
        """The defect 𝒩[u](x) − y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_equations), optional
            Right-hand sides; may be left out where they were constant in `fit`, or `source` tells them.

        Returns
        -------
        residual : array of shape (n_samples,) or (n_samples, n_equations)
        """
        X = self._points(X)
        values = self._solution.equation_values(X)
        if y is not None:
            targets = _targets("y", y, X, values.shape[0])
        elif self.source is not None:
            targets = self._source(X, values.shape[0])
        elif self._constant is not None:
            targets = self._constant[:, None]
        else:
            raise ValueError("y is missing: the right-hand side varied in fit. Pass y, or set source to a function.")
        return self._shaped(values - targets)

    def score(self, X, y=None, sample_weight=None):
        """Minus the mean squared defect: the larger, the better.

        Parameters
        ----------
        X, y
            As in `residual`.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        score : float
        """
        defect = self.residual(X, y)
        squares = defect**2 if defect.ndim == 1 else (defect**2).mean(axis=1)
        return -float(np.average(squares, weights=sample_weight))

    def basis_functions(self, X):
        """Values of the units, (n_samples, n_units)."""
        X = self._points(X)
        return self._solution.hidden(X).T

    def classify(self, X, y=None, sample_weight=None, tol=1e-6, method="auto"):
        """What kind of point the fit ended at, see `newtonreg.classify`; X, y, sample_weight as in `fit`.

        Returns
        -------
        newtonreg.landscape.StationaryPoint
        """
        X = self._points(X)
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        setup = set_up(self, X, self.domain_)._replace(setting=self._solution.setting)
        fit = PhysicsFit(self, setup, X, self._right_hand_side(X, y, setup), weights, self._solution.network)
        return classify(fit.weighted(self.condition_weights_), self.params_, tol, method)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.regressor_tags.poor_score = True
        return tags


def _targets(name, y, X, n_equations):
    """Right-hand sides (E, n) from what the user calls `name`."""
    try:
        values = np.asarray(y)
        values = values.astype(float) if values.dtype.kind in "biufO" else None
    except (TypeError, ValueError):
        values = None
    if values is None:
        raise ValueError(f"{name} must be real numbers, and is {' '.join(f'{y!r:.100}'.split())}.")
    n, columns = X.shape[0], values[:, None] if values.ndim == 1 else values
    if columns.ndim != 2 or columns.shape[0] != n or columns.shape[1] not in (1, n_equations):
        raise ValueError(
            f"{name} has shape {values.shape}; {n} collocation points and {n_equations} equation"
            f"{'' if n_equations == 1 else 's'} need ({n},) or ({n}, {n_equations})."
        )
    if not np.isfinite(columns).all():
        row, column = np.argwhere(~np.isfinite(columns))[0]
        raise ValueError(f"Input {name} contains NaN or infinity: {columns[row, column]} in row {row}.")
    return np.ascontiguousarray(np.broadcast_to(columns, (n, n_equations)).T)
