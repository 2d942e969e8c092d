"""Inertia with Newtonian damping: second-order dynamics from gradients alone, in mini-batches."""

from newtonreg.components import check_number
from newtonreg.estimators._classification import NetworkClassifier
from newtonreg.estimators._partial_fit import PartialFitClassifier, PartialFitRegressor
from newtonreg.estimators._regression import NetworkRegressor
from newtonreg.solvers import INNA

__all__ = ["INNAClassifier", "INNARegressor"]

_USUAL_BATCH = 200


class _Inertial:
    """`INNA` from parameters of the estimator, in mini-batches."""

    _rate_name = "gamma0"

    def _resolve_solver(self):
        for name in ("inna_alpha", "weight_decay", "decay_power"):
            check_number(name, getattr(self, name), low=0.0, with_low=True)
        if self.initial_speed is not None:
            check_number("initial_speed", self.initial_speed, low=0.0, with_low=True)
        check_number("inna_beta", self.inna_beta, low=0.0)
        if self.gamma0 is not None:
            check_number("gamma0", self.gamma0, low=0.0)
        solver = INNA(
            learning_rate=self.gamma0,
            alpha=self.inna_alpha,
            beta=self.inna_beta,
            decay_power=self.decay_power,
            initial_speed=self.initial_speed,
            weight_decay=self.weight_decay,
        )
        solver.check_parameters()
        return solver

    def _usual_batch_size(self, n, has_matrices):
        return min(_USUAL_BATCH, n)


class INNARegressor(PartialFitRegressor, _Inertial, NetworkRegressor):
    """Regression by a network trained by INNA, an inertial Newton algorithm that asks for gradients only.

    θ̈ + α θ̇ + β ∇²F θ̇ + ∇F = 0, a heavy ball whose friction grows with curvature, needs no Hessian in first-order form:
    c = (1/β − α) θ − ψ/β, then ψ ← ψ + γ_k c and θ ← θ + γ_k (c − β g), g a gradient of one mini-batch.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int, default=(100,)
        Widths of the hidden layers, >= 1.
    activation : str, Basis, callable or sequence of them, default="relu"
        As in `NewtonMLPRegressor`. The derivative of "relu" at 0 is taken as 0: where a fit rests on kinks it may be critical
        for back-propagation only, which `classify` tells.
    loss : str or Loss, default="squared_error"
        As in `NewtonMLPRegressor`.
    inna_alpha : float >= 0, default=0.5
        α, viscous damping.
    inna_beta : float > 0, default=0.1
        β, Newtonian damping.
    gamma0 : float > 0 or None, default=None
        γ_0 of the step sizes γ_k = γ_0 (k + 1)^−decay_power, for the loss averaged over rows. None takes half of the
        largest stable one for the largest curvature at the start, less for inna_alpha < 0.5, and lets it decay after 256 steps.
    decay_power : float in [0, 1), default=0.25
        q.
    initial_speed : float >= 0 or None, default=None
        The first step is along −initial_speed g; None is `inna_beta`, as in the authors' PyTorch code, 1 as in that for Keras.
    weight_decay : float >= 0, default=0.0
        Decoupled: θ ← θ − γ_k weight_decay θ, on θ only.
    alpha : float >= 0, sequence of float or "evidence", default=1e-4
        L2 penalty as in `NewtonMLPRegressor`, divided by the total weight in `loss_`. "evidence" needs all rows and is 1e-4 here.
    batch_size : "auto", "full" or int >= 1, default="auto"
        Rows of a step; "auto" is 200, or all where there are fewer.
    shuffle : bool, default=True
        Whether every epoch has an order of its own.
    max_iter : int >= 1 or None, default=None
        Epochs; None is 200. A fit ends before where the running loss has not fallen by a hundredth in ten epochs.
    random_state, tol, verbose, early_stopping, validation_fraction, n_iter_no_change
        As in `NewtonMLPRegressor`, with epochs for trials.
    warm_start : bool, default=False
        Go on from the last fit: θ, ψ and the number of steps are kept, and the orders of the batches go on.
    n_restarts, n_jobs, device, init, max_time
        As in `NewtonMLPRegressor`; `n_restarts` is 1.

    Attributes
    ----------
    solver_, history_, coefs_, intercepts_, n_iter_, loss_, loss_curve_, status_, t_, …
        As in `NewtonMLPRegressor`; a row of `history_` and an entry of `loss_curve_` is an epoch.

    Raises
    ------
    FloatingPointError
        From `fit`, naming gamma0, where a run diverges; the estimator stays as it was.

    Notes
    -----
    Cost: a value and a gradient of every batch, two vectors of memory.

    References
    ----------
    Castera, Bolte, Févotte & Pauwels, *An inertial Newton algorithm for deep learning* (2021), JMLR 22(134), Algorithm 1.
    Deviations: the step size by default, and its decay by k^−1/4, which they find best, where their default is k^−1/2.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import INNARegressor
    >>> X = np.linspace(-1, 1, 400)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> bool(INNARegressor(batch_size=50, random_state=0).fit(X, y).score(X, y) > 0.99)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        loss="squared_error",
        inna_alpha=0.5,
        inna_beta=0.1,
        gamma0=None,
        decay_power=0.25,
        initial_speed=None,
        weight_decay=0.0,
        alpha=1e-4,
        batch_size="auto",
        shuffle=True,
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
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.inna_alpha = inna_alpha
        self.inna_beta = inna_beta
        self.gamma0 = gamma0
        self.decay_power = decay_power
        self.initial_speed = initial_speed
        self.weight_decay = weight_decay
        self.alpha = alpha
        self.batch_size = batch_size
        self.shuffle = shuffle
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


class INNAClassifier(PartialFitClassifier, _Inertial, NetworkClassifier):
    """Classification by a network trained by INNA, an inertial Newton algorithm that asks for gradients only.

    Parameters
    ----------
    hidden_layer_sizes, activation, inna_alpha, inna_beta, gamma0, decay_power, initial_speed, weight_decay
        As in `INNARegressor`.
    alpha : float >= 0 or sequence of float, default=1e-4
        L2 penalty, divided by the total weight in `loss_`, as in scikit-learn's `MLPClassifier`.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the classes; "balanced" gives every class the same total weight.
    batch_size, shuffle, max_iter, random_state, tol, verbose, warm_start, early_stopping, validation_fraction, n_iter_no_change
        As in `INNARegressor`.
    n_restarts, n_jobs, device, init, max_time
        As in `INNARegressor`.

    Attributes
    ----------
    classes_, solver_, history_, coefs_, intercepts_, n_iter_, loss_, loss_curve_, status_, t_, …
        As in `NewtonMLPClassifier`; a row of `history_` and an entry of `loss_curve_` is an epoch.

    References
    ----------
    Castera, Bolte, Févotte & Pauwels (2021), JMLR 22(134); deviations as in `INNARegressor`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from newtonreg import INNAClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(INNAClassifier(batch_size=30, random_state=0).fit(X, y).score(X, y) > 0.95)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        inna_alpha=0.5,
        inna_beta=0.1,
        gamma0=None,
        decay_power=0.25,
        initial_speed=None,
        weight_decay=0.0,
        alpha=1e-4,
        class_weight=None,
        batch_size="auto",
        shuffle=True,
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
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.inna_alpha = inna_alpha
        self.inna_beta = inna_beta
        self.gamma0 = gamma0
        self.decay_power = decay_power
        self.initial_speed = initial_speed
        self.weight_decay = weight_decay
        self.alpha = alpha
        self.class_weight = class_weight
        self.batch_size = batch_size
        self.shuffle = shuffle
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
