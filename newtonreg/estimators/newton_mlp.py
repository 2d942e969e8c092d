"""The general estimators: every solver through `solver=`, a good one by default."""

from newtonreg.estimators._classification import NetworkClassifier
from newtonreg.estimators._regression import NetworkRegressor

__all__ = ["NewtonMLPClassifier", "NewtonMLPRegressor"]


class NewtonMLPRegressor(NetworkRegressor):
    """Regression by a small network, trained by second-order methods with exact curvature.

    f_j(x) = b_j + Σ_k c_jk h_k(x; θ_k) minimizes F = Σ_i s_i ℓ(y_i, f(x_i)) + ½ α (‖weights‖² + ‖coefficients‖²), with X and y
    standardized by weighted means and deviations.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int, default="auto"
        Widths of the hidden layers, >= 1. One layer of up to 4,000 parameters is explicit: exact matrices cost little more than
        gradients. More layers have matrices up to 2,000 parameters, made of products; beyond that a fit is matrix-free, and
        promises no eight digits. "auto" is one layer that allows three observations for each parameter, at least 5 and at most 50
        units; where noise limits the fit the network grows from two units for as long as the evidence rises
        (``alpha="evidence"``). Where `init` is an array it is the number of its columns.
    activation : str, Basis, callable or sequence of them, default="tanh"
        One of "tanh", "logistic", "sine", "softplus", "gaussian", "erf", "silu", "relu", "relu-power", "identity",
        "radial"; an object of `newtonreg.bases`; or a function of an array, differentiated by autograd (NumPy only).
        A sequence has one for each hidden layer; "auto", which is for classifiers, is "tanh".
    loss : {"squared_error", "pseudo_huber", "poisson", "binomial"} or Loss, default="squared_error"
        Pseudo-Huber works in standard deviations of y; Poisson predicts exp(f) for counts y >= 0; binomial is the binary
        cross-entropy of proportions, such as pixels, y in [0, 1], each output by itself, and predicts 1 / (1 + exp(−f)).
    solver : str or Solver, default="auto"
        "auto" is Levenberg–Marquardt with geodesic acceleration; with one feature and clean data recycling of the cheapest units
        and variable projection follow, on noisy data exact Newton in a trust region finds the last digits; for other losses than
        squared error the trust region is used from the start; without matrices it is L-BFGS, in mini-batches a trust region of
        products. A string is the `name` of any solver in `newtonreg.solvers`: "trust-region", "levenberg-marquardt",
        "variable-projection" (squared error only), "cubic-regularization"; from gradients alone "lbfgs", "bfgs", "ssbroyden"; of
        first order, with all rows in a step, "sgd", "adam", "adagrad", "rmsprop"; for study "newton", "saddle-free-newton",
        "newton-mr", and more.
        Pass an object to set its parameters, for instance ``TrustRegion(curvature="gauss-newton", norm=ColumnScaling())``.
    alpha : "evidence", float >= 0 or sequence of float, default="evidence"
        L2 penalty for the standardized problem; as in scikit-learn's MLP it is divided by the total weight in `loss_`. A number
        is for weights and coefficients, biases and intercepts are free. "evidence" finds one penalty for the weights of each
        feature, one for the biases and one for the coefficients, and the noise, by MacKay's rules (`alpha_`); on noise-free data
        they vanish by themselves; it needs matrices and all rows, and is 1e-4 without. A sequence gives these numbers, as
        `alpha_` has them: d + 2 for ridge functions.
    batch_size : "auto", "full" or int >= 1, default="auto"
        Rows that a step sees, where the solver is "sgd", "adam", "adagrad", "rmsprop", "inna" or a trust region of products; an
        iteration is then an epoch. "auto" is all rows.
    learning_rate_init : float > 0 or None, default=None
        Of "sgd", "adam", "adagrad", "rmsprop" and "inna" given by name, for the loss averaged over rows. None is the solver's
        own.
    max_iter : int >= 1 or None, default=None
        Trials, accepted or not, of the start that goes on; epochs in mini-batches, where None is 200. Else None takes what a
        budget of floating point operations allows, a second or two of work; a budget counts work, never seconds.
    shuffle : bool, default=True
        As in scikit-learn, only mini-batches use it.
    random_state : int, RandomState or None, default=None
        Fixes starts and the validation split.
    tol : float >= 0, default=1e-8
        Stop where ‖∇F‖ ≤ tol √(2 F Σs) on the standardized problem.
    verbose : bool, default=False
        Print a row a trial: loss, gradient norm, step norm, ratio of actual to predicted reduction, and the solver's scalar, such
        as a radius or a damping.
    warm_start : bool, default=False
        Go on from the last fit. With a named solver, a number as `alpha`, one restart and the same data the continuation is
        exact: 20 trials and 20 more are 40 trials, bit by bit. On other data the scalings stay and the solver starts anew from
        the last parameters.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows, stop when the loss on them has not improved for `n_iter_no_change` accepted
        trials, and keep the parameters where it was best. Works with every solver.
    validation_fraction : float in (0, 1), default=0.1
    n_iter_no_change : int >= 1, default=20
    n_restarts : "auto" or int >= 1, default="auto"
        Random starts that get a short run each; the best goes on, by its loss or, with evidence, by that. "auto" is 24 with one
        feature, 4 with several (fewer where they would take more than 30% of the budget), and 1 for a named solver or another
        loss than squared error; with evidence and several features other first penalties and widths take the place of random
        starts, and a number is that of the first looks.
    n_jobs : int or None, default=None
        Processes (joblib) for the short runs; None is 1. BLAS threads are divided among them.
    device : {None, "cpu", "cuda"}, default=None
        None computes where X is: CuPy arrays (with scikit-learn's array API dispatch on) stay on the GPU. "cuda" moves NumPy
        data to the GPU once, fits there, and returns NumPy.
    init : str, Initializer or array, default="auto"
        Where the units start: "glorot", "knots", "sampled-pairs", "forward-selection" or "nguyen-widrow"; an array (q, k) gives
        them for standardized X, as `units_` has them. "auto" is units chosen against the targets with one feature,
        "sampled-pairs" with several, "glorot" for other losses than those of real targets, and layer by layer in deep networks.
    max_time : float > 0 or None, default=None
        Seconds after which the fit ends with the best so far; its phases then share the time instead of a budget of work, so that
        a longer time gives a better fit. The result depends on the speed of the machine.
    store_covariance : bool, default=False
        Keep `covariance_`, and what predictive standard deviations need beyond 1000 parameters; p² doubles. A ConvergenceWarning
        says where there is none, because the matrix is not finite.

    Attributes
    ----------
    coefs_ : list of arrays of shapes (n_features, k) and (k, n_outputs)
        Weights in the user's units, for reading and export; ridge bases only. Folding in the scalings loses digits where X is
        far from zero, so `predict` uses the standardized parameters instead.
    intercepts_ : list of arrays of shapes (k,) and (n_outputs,)
    units_ : array of shape (q, k)
        Parameters of the basis for standardized X.
    n_iter_ : int
        Trials of the start that went on, at least 1.
    loss_ : float
        F / Σs on the standardized problem, at the parameters kept.
    best_loss_ : float
        The lowest training loss of the run.
    loss_curve_ : list of float
    history_ : list of dict
        A row a trial: n_iter, loss, gradient_norm (of F), step_norm, ratio, control (radius, damping, σ, step length or learning
        rate), accepted, predicted_reduction (of F), and what was evaluated so far: nfev values, njev gradients, nhev curvature
        matrices, nhvp products with one, n_backprops = njev + nhvp.
    stationary_point_ : StationaryPoint or None
        What kind of point was reached, from the eigenvalues of the exact Hessian; None above 500 parameters, where
        `classify(X, y)` computes it.
    alpha_ : array of shape (q + 1,)
        Penalties the fit ended with, one a row of `units_` and one of the coefficients. For ridge functions these are d + 2:
        weights of each feature, biases, coefficients; for radial units 2 d + 1.
    effective_n_params_ : float
        γ, the number of parameters that the data determine; up to 1000 parameters, or with `store_covariance`.
    log_evidence_ : float
        Logarithm of the evidence of the standardized targets, for comparing fits to the same data; NaN where a group is not
        penalized.
    noise_std_ : array of shape (n_outputs,)
        Estimated standard deviation of the noise in y.
    covariance_ : array of shape (p, p)
        Of the parameters of the standardized problem, σ² (Gauss–Newton + penalty)⁻¹, in float64; with `store_covariance`.
    status_ : Status
        Why the run stopped; ``status_.message`` is a sentence.
    solver_ : Solver
        The solver that finished.
    restarts_ : list of dict
        A row a start, in the order they were tried: `loss`, `initial_loss`, `n_iter`, `n_units`, and `log_evidence`, NaN where
        the penalties did not follow it. A start whose turn did not come within `max_time` has an infinite loss.
    validation_scores_, best_validation_score_ : list of float, float
        R² of the held-out rows after every accepted trial, and where their loss was lowest; with early stopping only.
    n_layers_, n_outputs_, out_activation_, t_, n_features_in_, feature_names_in_
        As in scikit-learn's MLP; `t_` is rows times trials.

    Notes
    -----
    With n rows, q parameters a unit (d + 1 for ridge functions) and m outputs there are p = q k + m (k + 1) parameters. A trial
    costs n (q k + k + 1)² flops for the curvature and p³ / 3 for the step, in float64
    whatever X is; memory is about 6 p² doubles.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000); Transtrum & Sethna, arXiv 1201.5885 (geodesic acceleration). Exact
    Hessians of one-hidden-layer networks: Bishop, *Neural Computation* 4 (1992) 494; Netlab and R's nnet have had them since the
    1990s.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import NewtonMLPRegressor
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = NewtonMLPRegressor(random_state=0).fit(X, y)
    >>> bool(abs(model.predict(X) - y).max() < 1e-6)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes="auto",
        activation="tanh",
        *,
        loss="squared_error",
        solver="auto",
        alpha="evidence",
        batch_size="auto",
        learning_rate_init=None,
        max_iter=None,
        shuffle=True,
        random_state=None,
        tol=1e-8,
        verbose=False,
        warm_start=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=20,
        n_restarts="auto",
        n_jobs=None,
        device=None,
        init="auto",
        max_time=None,
        store_covariance=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
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


class NewtonMLPClassifier(NetworkClassifier):
    """Classification by a small network, trained by exact Newton in a trust region.

    Minimizes the log loss Σ_i s_i ℓ(y_i, f(x_i)) + ½ α (‖weights‖² + ‖coefficients‖²) with X standardized: binomial for two
    classes and for indicator matrices (multilabel), multinomial for more.

    Parameters
    ----------
    hidden_layer_sizes : "auto", int or tuple of int, default="auto"
        Widths of the hidden layers, >= 1. "auto" is one layer of 30 units, and of 100 where those have more than 4,000 parameters
        and the fit is matrix-free; where `init` is an array it is the number of its columns.
    activation : str, Basis, callable or sequence of them, default="auto"
        "auto" is "tanh", and "relu" where the fit is matrix-free. Else as follows.
        One of "tanh", "logistic", "sine", "softplus", "gaussian", "erf", "silu", "relu", "relu-power", "identity",
        "radial"; an object of `newtonreg.bases`; or a function of an array, differentiated by autograd (NumPy only).
    solver : str or Solver, default="auto"
        "auto" is exact Newton in a trust region; without matrices a trust region in the ellipsoid of RMSProp, in mini-batches, by
        five products a step at most. A string is the `name` of any solver in `newtonreg.solvers`: "trust-region",
        "levenberg-marquardt" (there without geodesic acceleration), "cubic-regularization"; from gradients alone "lbfgs", "bfgs",
        "ssbroyden"; of first order "sgd", "adam", "adagrad", "rmsprop", "inna"; for study "newton",
        "saddle-free-newton", "newton-mr", and more.
        Pass an object to set its parameters, for instance ``TrustRegion(curvature="gauss-newton", norm=ColumnScaling())``.
    alpha : float >= 0, "evidence" or sequence of float, default=3.0
        As in `NewtonMLPRegressor`; a number is an L2 penalty on weights and coefficients (biases and intercepts are free), for
        the standardized problem; as in scikit-learn's MLP it is divided by the total weight in `loss_`.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the classes; "balanced" gives every class the same total weight.
    moderated : bool, default=False
        Probabilities account for the uncertainty of the parameters: with the normal approximation of their posterior, of
        covariance A⁻¹, A = Gauss–Newton matrix of the log loss plus penalties, they are approximate means over it. For two
        classes and for each label MacKay's moderated output expit(a / √(1 + π s²/8)), s² = jᵀ A⁻¹ j the variance of the raw
        prediction a, j its gradient: never more extreme, labels as before. For more classes
        π_j ∝ 1 / Σ_i exp((a_i − a_j) / √(1 + π v_ij/8)), v_ij the variance of a_i − a_j, which a common shift does not touch;
        near ties labels may change. `decision_function` and `predict` follow. A fit with True keeps what it needs, p² doubles;
        `set_params` switches after the fit, to True where a fit with False kept it (as `effective_n_params_`).
    batch_size : "auto", "full" or int >= 1, default="auto"
        Rows that a step sees, where the solver is "sgd", "adam", "adagrad", "rmsprop", "inna" or a trust region of products; an
        iteration is then an epoch. "auto" is all rows, and for solver="auto" without matrices a sixteenth of
        them, at least 32 and at most 512.
    learning_rate_init : float > 0 or None, default=None
        Of "sgd", "adam", "adagrad", "rmsprop" and "inna" given by name, for the loss averaged over rows. None is the solver's
        own.
    max_iter : int >= 1 or None, default=None
        Trials, accepted or not, of the start that goes on; epochs in mini-batches, where None is 200. Else None takes what a
        budget of floating point operations allows, a second or two of work; a budget counts work, never seconds.
    shuffle : bool, default=True
        As in scikit-learn, only mini-batches use it.
    random_state : int, RandomState or None, default=None
        Fixes starts and the validation split.
    tol : float >= 0, default=1e-8
        Stop where ‖∇F‖ ≤ tol √(2 F Σs) on the standardized problem.
    verbose : bool, default=False
        Print a row a trial: loss, gradient norm, step norm, ratio of actual to predicted reduction, and the solver's scalar, such
        as a radius or a damping.
    warm_start : bool, default=False
        Go on from the last fit. With a named solver, a number as `alpha`, one restart and the same data the continuation is
        exact: 20 trials and 20 more are 40 trials, bit by bit. On other data the scalings stay and the solver starts anew from
        the last parameters.
    early_stopping : bool, default=False
        Hold out `validation_fraction` of the rows, stop when the loss on them has not improved for `n_iter_no_change` accepted
        trials, and keep the parameters where it was best. Works with every solver.
    validation_fraction : float in (0, 1), default=0.1
    n_iter_no_change : int >= 1, default=20
    n_restarts : int >= 1 or "auto", default=1
        Random starts that get a short run each; the best goes on. "auto" is 1.
    n_jobs : int or None, default=None
        Processes (joblib) for the short runs; None is 1. BLAS threads are divided among them.
    device : {None, "cpu", "cuda"}, default=None
        None computes where X is: CuPy arrays (with scikit-learn's array API dispatch on) stay on the GPU. "cuda" moves NumPy
        data to the GPU once, fits there, and returns NumPy.
    init : str, Initializer or array, default="auto"
        Where the units start: "glorot", "knots", "sampled-pairs", "forward-selection" or "nguyen-widrow"; an array (q, k) gives
        them for standardized X, as `units_` has them. "auto" is "glorot".
    max_time : float > 0 or None, default=None
        Seconds after which the fit ends with the best so far; its phases then share the time instead of a budget of work, so that
        a longer time gives a better fit. The result depends on the speed of the machine.
    store_covariance : bool, default=False
        Keep `covariance_`, and what `moderated` needs beyond 1000 parameters; p² doubles. A ConvergenceWarning says where there
        is none, because the matrix is not finite.

    Attributes
    ----------
    coefs_ : list of arrays of shapes (n_features, k) and (k, n_outputs)
        Weights in the user's units, for reading and export; ridge bases only. Folding in the scalings loses digits where X is
        far from zero, so `predict` uses the standardized parameters instead.
    intercepts_ : list of arrays of shapes (k,) and (n_outputs,)
    units_ : array of shape (q, k)
        Parameters of the basis for standardized X.
    n_iter_ : int
        Trials of the start that went on, at least 1.
    loss_ : float
        F / Σs on the standardized problem, at the parameters kept.
    best_loss_ : float
        The lowest training loss of the run.
    loss_curve_ : list of float
    history_ : list of dict
        A row a trial: n_iter, loss, gradient_norm (of F), step_norm, ratio, control (radius, damping, σ, step length or learning
        rate), accepted, predicted_reduction (of F), and what was evaluated so far: nfev values, njev gradients, nhev curvature
        matrices, nhvp products with one, n_backprops = njev + nhvp.
    stationary_point_ : StationaryPoint or None
        What kind of point was reached, from the eigenvalues of the exact Hessian; None above 500 parameters, where
        `classify(X, y)` computes it.
    alpha_ : array of shape (q + 1,)
        Penalties the fit ended with, one a row of `units_` and one of the coefficients. For ridge functions these are d + 2:
        weights of each feature, biases, coefficients; for radial units 2 d + 1.
    effective_n_params_ : float
        γ, the number of parameters that the data determine; up to 1000 parameters, or with `store_covariance`.
    log_evidence_ : float
        Logarithm of the evidence of the standardized targets, for comparing fits to the same data; NaN where a group is not
        penalized.
    covariance_ : array of shape (p, p)
        Of the parameters of the standardized problem, σ² (Gauss–Newton + penalty)⁻¹; with `store_covariance`.
    status_ : Status
        Why the run stopped; ``status_.message`` is a sentence.
    solver_ : Solver
        The solver that finished.
    restarts_ : list of dict
        A row a start: `loss`, `initial_loss`, `n_iter`, `n_units`, and `log_evidence`, NaN where the penalties did not follow it.
    validation_scores_, best_validation_score_ : list of float, float
        Accuracy of the held-out rows after every accepted trial, and where their loss was lowest; with early stopping only.
    n_layers_, n_outputs_, out_activation_, t_, n_features_in_, feature_names_in_
        As in scikit-learn's MLP; `t_` is rows times trials.
    classes_ : array of shape (n_classes,)
        Labels, on the host.

    Notes
    -----
    With n rows, q parameters a unit (d + 1 for ridge functions) and m outputs there are p = q k + m (k + 1) parameters. A trial
    costs n k² q² / 2 flops for the curvature with more than two classes, n (q k + k + 1)² with two, and p³ / 3 for the step, in
    float64 whatever X is; memory is about 6 p² doubles.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000). Moderated probabilities: MacKay, *Neural Computation* 4 (1992) 720; for
    several classes Daunizeau, arXiv 1703.00091, and Lu, Ie & Sha, arXiv 2006.07584.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from newtonreg import NewtonMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> bool(NewtonMLPClassifier(random_state=0).fit(X, y).score(X, y) > 0.97)
    True
    """

    def __init__(
        self,
        hidden_layer_sizes="auto",
        activation="auto",
        *,
        solver="auto",
        alpha=3.0,
        class_weight=None,
        moderated=False,
        batch_size="auto",
        learning_rate_init=None,
        max_iter=None,
        shuffle=True,
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
        self.solver = solver
        self.alpha = alpha
        self.class_weight = class_weight
        self.moderated = moderated
        self.batch_size = batch_size
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.shuffle = shuffle
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
