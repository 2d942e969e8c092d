"""Ellipsoidal trust regions with their parameters laid open: the estimators to study the method with."""

from newtonreg.components import check_integer
from newtonreg.estimators._classification import NetworkClassifier
from newtonreg.estimators._regression import NetworkRegressor
from newtonreg.training import ellipsoidal_trust_region, usual_batch_size

__all__ = ["TrustRegionClassifier", "TrustRegionRegressor"]


class _FlatTrustRegion:
    """`TrustRegion` from parameters of the estimator, the paper's where they are None; an accepted trial has a ratio ≥ eta1."""

    def _resolve_solver(self):
        """The one that products suffice for, unless a subproblem or a norm that wants more is asked for."""
        check_integer("warm_up_epochs", self.warm_up_epochs, 0)
        for name in ("curvature_batch_size", "pivot_epochs"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name), 1)
        solver = self._trust_region(has_matrices=False)
        solver.check_parameters()
        return solver

    def _solver_for(self, solver, has_matrices):
        return self._trust_region(has_matrices)

    def _usual_batch_size(self, n, has_matrices):
        return None if has_matrices else usual_batch_size(n)

    def _trust_region(self, has_matrices):
        norm = ("spherical" if has_matrices else "rmsprop") if isinstance(self.norm, str) and self.norm == "auto" else self.norm
        return ellipsoidal_trust_region(
            norm,
            has_matrices,
            curvature=self.curvature,
            subproblem=self.subproblem,
            initial_radius=self.initial_radius,
            max_radius=self.max_radius,
            eta1=self.eta1,
            eta2=self.eta2,
            increase=self.increase,
            decrease=self.decrease,
        )


class TrustRegionRegressor(_FlatTrustRegion, NetworkRegressor):
    """Regression by a small network, trained by Newton's method in an ellipsoidal trust region.

    Every step minimizes m(p) = gᵀp + ½ pᵀBp over ‖p‖_M ≤ radius; it is taken where F falls by at least `eta1` of what m promised.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int, default=(20,)
        Widths of the hidden layers, >= 1. "auto" allows three observations for each parameter, at least 5 and at most 50 units;
        where `init` is an array it is the number of its columns.
    activation : str, Basis, callable or sequence of them, default="tanh"
        As in `NewtonMLPRegressor`.
    loss : {"squared_error", "pseudo_huber", "poisson", "binomial"} or Loss, default="squared_error"
        As in `NewtonMLPRegressor`.
    curvature : {"exact", "gauss-newton", "saddle-free", "bfgs", "sr1"} or Curvature, default="exact"
        B.
    norm : str or Norm, default="auto"
        M: "spherical", "rmsprop", "adagrad", "column-scaling", "diagonal-hessian" or "hessian-ellipsoid". The second and third
        take it from the gradients of the loss averaged over rows. "auto" is "spherical", which needs the fewest trials on small
        networks with all rows in a step, and "rmsprop" in mini-batches and where matrices do not fit.
    subproblem : {"spectral", "more-sorensen", "steihaug", "gltr", "dogleg", "cauchy"} or Subproblem, default=None
        None is exact, "spectral" up to 250 parameters and "more-sorensen" above; `Steihaug(max_iter=5)`, which only multiplies
        by B, in mini-batches and where matrices do not fit. The published experiments allow 50 products.
    initial_radius : float > 0 or None, default=None
        In the norm. None is the paper's: 1e-4 for "rmsprop", 0.05 for the others.
    max_radius : float > 0, default=10.0
    eta1, eta2 : float, default=0.01 and 0.95
        0 < eta1 < eta2 < 1. Below `eta1` a trial is rejected and the radius divided by `decrease`; above `eta2` it is multiplied
        by `increase` where the step reached the boundary.
    increase : float > 1, default=1.1
    decrease : float > 1 or None, default=None
        None is the paper's: 1.75 for "rmsprop", 1.5 for the others.
    alpha : float >= 0, sequence of float or "evidence", default=1e-4
        L2 penalty as in `NewtonMLPRegressor`; that small it only decides between networks that fit equally well. With "evidence"
        the penalties follow it, from one start.
    batch_size : "auto", "full" or int >= 1, default="auto"
        Rows that a step sees, fresh ones each time; an iteration is then an epoch. "auto" is all rows where the network has
        matrices, else a sixteenth of them, at least 32 and at most 512.
    curvature_batch_size : int >= 1 or None, default=None
        Rows of each batch that B comes from; None is all of them.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    pivot_epochs : int >= 1 or None, default=None
        After so many epochs the loss of all rows is evaluated; where it has not fallen, all that was done since is undone and
        batches grow by a twentieth. The published experiments use 10.
    warm_up_epochs : int >= 0, default=0
        Epochs of Adagrad before the trust region begins; mini-batches only.
    max_iter, random_state, tol, verbose, warm_start, early_stopping, validation_fraction, n_iter_no_change
        As in `NewtonMLPRegressor`.
    n_restarts : int >= 1 or "auto", default=1
        Random starts that get a short run each; the best goes on, by its loss. "auto" is 1.
    n_jobs, device, init, max_time, store_covariance
        As in `NewtonMLPRegressor`.

    Attributes
    ----------
    solver_, history_, stationary_point_, coefs_, intercepts_, n_iter_, loss_, loss_curve_, status_, restarts_, …
        As in `NewtonMLPRegressor`.

    Notes
    -----
    The defaults of the region are the published ones for networks of this kind, made for mini-batches: the radius grows by a
    tenth a step. `NewtonMLPRegressor` needs fewer steps. Cost as there.

    References
    ----------
    Adolphs, Kohler & Lucchi, *Ellipsoidal trust region methods and the marginal value of Hessian information for neural network
    training* (2019), arXiv 1905.09201, Algorithm 1. Deviations: with matrices all rows are in every step and the subproblem is
    solved exactly; the matrix of the norm is refreshed after accepted steps only, as the paper says, where its published code
    does so after rejected ones, too; batches part the rows; ratios are safe from rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import TrustRegionRegressor
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = TrustRegionRegressor(10, norm="spherical", random_state=0).fit(X, y)
    >>> bool(abs(model.predict(X) - y).max() < 1e-2)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes=(20,),
        activation="tanh",
        *,
        loss="squared_error",
        curvature="exact",
        norm="auto",
        subproblem=None,
        initial_radius=None,
        max_radius=10.0,
        eta1=0.01,
        eta2=0.95,
        increase=1.1,
        decrease=None,
        alpha=1e-4,
        batch_size="auto",
        curvature_batch_size=None,
        shuffle=True,
        pivot_epochs=None,
        warm_up_epochs=0,
        max_iter=None,
        random_state=None,
        tol=1e-8,
        verbose=False,
        warm_start=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=20,
        n_restarts=1,
        n_jobs=None,
        device=None,
        init="auto",
        max_time=None,
        store_covariance=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.curvature = curvature
        self.norm = norm
        self.subproblem = subproblem
        self.initial_radius = initial_radius
        self.max_radius = max_radius
        self.eta1 = eta1
        self.eta2 = eta2
        self.increase = increase
        self.decrease = decrease
        self.alpha = alpha
        self.batch_size = batch_size
        self.curvature_batch_size = curvature_batch_size
        self.shuffle = shuffle
        self.pivot_epochs = pivot_epochs
        self.warm_up_epochs = warm_up_epochs
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_restarts = n_restarts
        self.n_jobs = n_jobs
        self.device = device
        self.init = init
        self.max_time = max_time
        self.store_covariance = store_covariance


class TrustRegionClassifier(_FlatTrustRegion, NetworkClassifier):
    """Classification by a small network, trained by Newton's method in an ellipsoidal trust region.

    Every step minimizes m(p) = gᵀp + ½ pᵀBp over ‖p‖_M ≤ radius; it is taken where F falls by at least `eta1` of what m promised.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int, default="auto"
        Widths of the hidden layers, >= 1; "auto" as in `NewtonMLPClassifier`.
    activation : str, Basis, callable or sequence of them, default="auto"
        As in `NewtonMLPClassifier`.
    curvature, norm, subproblem, initial_radius, max_radius, eta1, eta2, increase, decrease
        As in `TrustRegionRegressor`.
    alpha : float >= 0, sequence of float or "evidence", default=3.0
        As in `NewtonMLPClassifier`.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the classes; "balanced" gives every class the same total weight.
    moderated : bool, default=False
        Probabilities account for the uncertainty of the parameters, as in `NewtonMLPClassifier`.
    batch_size, curvature_batch_size, shuffle, pivot_epochs, warm_up_epochs
        As in `TrustRegionRegressor`.
    max_iter, random_state, tol, verbose, warm_start, early_stopping, validation_fraction, n_iter_no_change
        As in `NewtonMLPClassifier`.
    n_restarts, n_jobs, device, init, max_time, store_covariance
        As in `NewtonMLPClassifier`.

    Attributes
    ----------
    classes_, solver_, history_, stationary_point_, coefs_, intercepts_, n_iter_, loss_, loss_curve_, status_, restarts_, …
        As in `NewtonMLPClassifier`.

    References
    ----------
    Adolphs, Kohler & Lucchi (2019), arXiv 1905.09201; deviations as in `TrustRegionRegressor`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from newtonreg import TrustRegionClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(TrustRegionClassifier(5, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes="auto",
        activation="auto",
        *,
        curvature="exact",
        norm="auto",
        subproblem=None,
        initial_radius=None,
        max_radius=10.0,
        eta1=0.01,
        eta2=0.95,
        increase=1.1,
        decrease=None,
        alpha=3.0,
        class_weight=None,
        moderated=False,
        batch_size="auto",
        curvature_batch_size=None,
        shuffle=True,
        pivot_epochs=None,
        warm_up_epochs=0,
        max_iter=None,
        random_state=None,
        tol=1e-8,
        verbose=False,
        warm_start=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=20,
        n_restarts=1,
        n_jobs=None,
        device=None,
        init="auto",
        max_time=None,
        store_covariance=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.curvature = curvature
        self.norm = norm
        self.subproblem = subproblem
        self.initial_radius = initial_radius
        self.max_radius = max_radius
        self.eta1 = eta1
        self.eta2 = eta2
        self.increase = increase
        self.decrease = decrease
        self.alpha = alpha
        self.class_weight = class_weight
        self.moderated = moderated
        self.batch_size = batch_size
        self.curvature_batch_size = curvature_batch_size
        self.shuffle = shuffle
        self.pivot_epochs = pivot_epochs
        self.warm_up_epochs = warm_up_epochs
        self.max_iter = max_iter
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_restarts = n_restarts
        self.n_jobs = n_jobs
        self.device = device
        self.init = init
        self.max_time = max_time
        self.store_covariance = store_covariance
