"""What regressor and classifier share: the walk from fit(X, y) to fitted attributes."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from newtonreg.backend.arrays import is_cupy_array, namespace, to_device
from newtonreg.callbacks import EarlyStopping, ProgressTable
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._batches import make_batches, method_of, resized
from newtonreg.estimators._callbacks import CallbackBridge
from newtonreg.estimators._data import standardize
from newtonreg.estimators._input import check_dispatch, float_dtypes, split_validation
from newtonreg.estimators._layers import EXPLICIT_UP_TO, Demands, Layers, has_matrices, make_network
from newtonreg.estimators._model import FittedNetwork
from newtonreg.estimators._objective import risk_of, usual_alpha
from newtonreg.estimators._outcome import Outcome, check_answers, check_same_shape, fingerprint
from newtonreg.estimators._sklearn import BaseEstimator, check_same_namespace
from newtonreg.landscape import classify
from newtonreg.networks import DeepNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.solvers.requirements import check_requirements
from newtonreg.training import Options, Training, plan_fit, usual_width

__all__ = ["NetworkEstimator"]


class Components(NamedTuple):
    """Parameters of an estimator, resolved and checked."""

    layers: Layers
    loss: object
    solver: object
    initializer: object

    @property
    def needs_matrices(self):
        """Whether the user has asked for a solver that works on curvature matrices or residuals."""
        needed = set(getattr(self.solver, "requires", ()))
        return bool(needed & {"hessian", "gauss_newton", "square_root", "outer"})


@contextmanager
def unchanged_on_error(estimator):
    """Leave the estimator as it was where an exception passes, unless it is a Ctrl-C that the fit has stored its best for."""
    before = dict(estimator.__dict__)
    try:
        yield
    except BaseException as error:
        if getattr(error, "best_is_kept", False):
            raise
        kept = {name: value for name, value in estimator.__dict__.items() if name.startswith(("_skl_", "_callback"))}
        estimator.__dict__.clear()
        estimator.__dict__.update({**before, **kept})
        raise


class NetworkEstimator(BaseEstimator):
    """A network trained by the solvers of this package; the common part of regressor and classifier."""

    def _components(self):
        validation.check_parameters(self)
        initializer = validation.resolve_initializer(self.init, self.activation)
        # a fit that goes on draws no units
        drawn_by = None if self._continues() else initializer
        layers = validation.resolve_layers(self.hidden_layer_sizes, self.activation, drawn_by)
        return Components(layers, self._resolve_loss(), self._resolve_solver(), initializer)

    def _resolve_solver(self):
        """The solver, or "auto"; TrustRegion* and INNA* make theirs from parameters of their own."""
        validation.check_solver_parameters(self)
        if isinstance(self.solver, str) and self.solver == "auto":
            return self.solver
        return validation.resolve_solver(self.solver, self.learning_rate_init)

    def _fit_rows(self, X, rows, components, arguments):
        """Fit on `Rows`; `arguments` (X, y, metadata) are for scikit-learn's callbacks."""
        if is_cupy_array(rows.inputs) and self.n_jobs not in (None, 1):
            raise ValueError(f"n_jobs={self.n_jobs!r}: a fit on a GPU runs in one process; set n_jobs=None.")
        components.loss.check_target(rows.targets)
        network = self._network(components, rows)
        if self._continues():
            check_same_shape(self, network)
        rng = self._random_state()
        rows, held_out = (rows, None) if self._adds_epoch else split_validation(self, rows, rng)
        scalings = self._scalings(rows) if self._continues() else None
        problem = standardize(rows, components.loss.out_activation == "identity", scalings)
        template = FittedNetwork(network, None, problem.inputs, problem.targets, components.loss)
        training = self._training(template, problem, components, rng)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, **arguments)
        stopper = self._early_stopping(template, training.objective, held_out, components.loss)
        outcome = Outcome(self, training, template, stopper, X, problem)
        training.callbacks = self._callbacks(training, stopper, CallbackBridge(self, context, arguments, outcome.attributes))
        try:
            self._start(training, rng, problem, stopper).finish()
        except FloatingPointError as error:
            is_named = isinstance(getattr(self, "solver", ""), str)
            raise FloatingPointError(str(error).replace("learning_rate", self._rate_name) if is_named else str(error)) from error
        except KeyboardInterrupt as interrupt:
            if training.run is not None:
                training.run.interrupt()
                outcome.store()
                interrupt.best_is_kept = True
            raise
        outcome.store()
        context.call_on_fit_task_end(estimator=self, reconstruction_attributes=lambda: dict(self.__dict__), **arguments)
        return self

    def set_params(self, **params):
        """Set parameters, also of components: ``set_params(solver__norm=...)`` where `solver` is an object.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Where a component is still a shorthand string, which has no parameters: pass the object first.
        """
        for name in params:
            owner, (*path, _) = self, name.split("__")
            for depth, part in enumerate(path, start=1):
                owner = params.get("__".join(path[:depth]), getattr(owner, part, None))
                if isinstance(owner, str):
                    raise ValueError(
                        f"{name}: {part}={owner!r} is a shorthand without parameters; pass an object first, for instance "
                        f"solver=newtonreg.TrustRegion(), norm=newtonreg.norms.RMSProp() or activation=newtonreg.bases.Tanh()."
                    )
        return super().set_params(**params)

    # -- pieces of a fit ---------------------------------------------------------------------------------------------------

    def _random_state(self):
        """Generator of this fit; a continued fit draws what the first one drew, so the validation split is the same."""
        if self._continues():
            rng = np.random.RandomState()
            rng.set_state(self._first_random_state)
            return rng
        rng = check_random_state(self.random_state)
        self._first_random_state = rng.get_state()
        return rng

    _rate_name = "learning_rate_init"
    """The parameter that a solver of first order takes its rate from."""
    _adds_epoch = False
    """Whether this is `partial_fit`."""

    def _continues(self):
        return hasattr(self, "_model") and (self.warm_start or self._adds_epoch)

    @property
    def _adds_to_a_fit(self):
        return self._adds_epoch and hasattr(self, "_model")

    def _network(self, components, rows):
        d, (m, n) = rows.inputs.shape[0], rows.targets.shape
        in_batches = self._batch_size(n, has_matrices=True) is not None
        demands = Demands(d, m, self._explicit_up_to(n), components.needs_matrices, in_batches, rows.inputs)
        if self._continues():
            return self._same_network(components.layers, demands)
        network = make_network(self._filled(components.layers, rows, True), demands)
        if has_matrices(network, demands.explicit_up_to):
            return network
        return make_network(self._filled(components.layers, rows, False), demands)

    def _explicit_up_to(self, n):
        """Parameters of one hidden layer up to which a fit to `n` rows has matrices."""
        return EXPLICIT_UP_TO

    def _same_network(self, layers, demands):
        """That of the last fit where nothing says otherwise: what was left open stays as it was found, on however few rows."""
        before = self._model.network
        bases = before.bases if self.activation == "auto" else layers.bases
        layers = Layers(layers.sizes or before.hidden_sizes, bases)
        if before.is_explicit:
            return make_network(layers, demands)
        return DeepNetwork(layers.bases, demands.n_features, layers.sizes, demands.n_outputs)

    def _filled(self, layers, rows, has_matrices):
        """`layers` with what "auto" stands for, for a fit with or without matrices."""
        if layers.sizes is not None:
            return layers
        total_weight = float(namespace(rows.weights).sum(rows.weights))
        d, m = rows.inputs.shape[0], rows.targets.shape[0]
        return layers._replace(sizes=(usual_width(total_weight, layers.bases[0].n_params(d), m),))

    def _batch_size(self, n, has_matrices):
        """Rows of a batch, None for all `n` in every step."""
        if self.batch_size in ("auto", None):
            return self._usual_batch_size(n, has_matrices)
        if self.batch_size == "full":
            return None
        return min(int(self.batch_size), n) if self._adds_epoch else int(self.batch_size)

    def _usual_batch_size(self, n, has_matrices):
        """What "auto" is; TrustRegion* and INNA* have rules of their own."""
        return None

    def _solver_for(self, solver, has_matrices):
        """The solver of a fit with or without matrices, None for "auto"; `solver` is what was asked for."""
        return None if isinstance(solver, str) else solver

    def _scalings(self, rows):
        """Scalings of the last fit, where `rows` are."""
        scalings = self._model.inputs, self._model.targets
        return tuple(type(scaling)(*(to_device(array, rows.inputs) for array in scaling)) for scaling in scalings)

    def _training(self, template, problem, components, rng):
        network, rows = template.network, problem.rows
        unpenalized = risk_of(network, components.loss, rows, 0.0)
        n = rows.weights.shape[0]
        affords_matrices = has_matrices(network, self._explicit_up_to(n))
        size = self._batch_size(n, affords_matrices)
        is_exact = size is None and affords_matrices
        solver = self._solver_for(components.solver, is_exact)
        follows_evidence = isinstance(self.alpha, str) and is_exact
        check_answers(self, network, is_exact)
        alpha = 0.0 if follows_evidence else usual_alpha(self.alpha)
        objective = risk_of(network, components.loss, rows, alpha) if alpha else unpenalized
        if solver is not None:
            check_requirements(solver, objective)
        options = Options(
            solver=solver,
            initializer=components.initializer,
            n_restarts=self.n_restarts,
            evidence=follows_evidence,
            any_width=components.layers.sizes is None,
            is_watched=self.early_stopping,
            max_time=self.max_time,
            # arrays of a GPU must not be sent to other processes, whatever the joblib context says
            n_jobs=1 if is_cupy_array(rows.inputs) else self.n_jobs,
            max_iter=1 if self._adds_epoch else self.max_iter,
            batches=None if size is None else make_batches(self, size, rng),
            warm_up=getattr(self, "warm_up_epochs", 0),
        )
        plan = plan_fit(objective, options)
        if size is not None:
            plan.solver.check_parameters()
        return Training(objective, plan, self.tol, options.max_iter)

    def _start(self, training, rng, problem, stopper):
        """Draw starts, or go on where the last fit ended."""
        if not self._continues():
            return training.start(rng)
        like = problem.rows.inputs
        warm, solver = getattr(self, "_warm", None), self._solver_to_resume(training, problem)
        params = to_device(self._model.params, like)
        if solver is None:
            return training.go_on(params, getattr(self, "alpha_", None) if isinstance(self.alpha, str) else None, rng)
        if stopper is not None and warm.stopper is not None:
            stopper.restore(warm.stopper)
        state = warm.state.attached(training.objective, lambda array: to_device(array, like))
        return training.resume(solver, resized(state, solver) if self._adds_epoch else state, warm.history)

    def _solver_to_resume(self, training, problem):
        """The solver that goes on exactly where the last fit ended; None where there is none: it starts anew."""
        warm = getattr(self, "_warm", None)
        if warm is None:
            return None
        if self._adds_epoch:
            # what early stopping kept is not where the solver was
            is_same = warm.stopper is None and warm.method == method_of(training.plan.solver)
            return training.plan.solver if is_same else None
        return next((solver for solver in training.solvers if warm.mark == fingerprint(self, problem, solver)), None)

    def _early_stopping(self, template, objective, held_out, loss):
        if held_out is None:
            return None
        rows = held_out._replace(
            inputs=template.inputs.transform(held_out.inputs), targets=template.targets.transform(held_out.targets)
        )
        term = Term(template.network, rows.inputs, rows.targets, loss, rows.weights)
        risk = EmpiricalRisk([term], 0.0 * objective.penalty)

        def score(params):
            model = template._replace(params=params)
            return self._score_rows(model, held_out)

        return EarlyStopping(risk, self.n_iter_no_change, score=score)

    def _callbacks(self, training, stopper, bridge):
        callbacks = [] if stopper is None else [stopper]
        if self.verbose:
            callbacks.append(ProgressTable(training.objective.total_weight))
        if getattr(self, "_skl_callbacks", None):
            callbacks.append(bridge)
        return callbacks

    # -- what a fitted network can be asked -----------------------------------------------------------------------------------

    def _check_input(self, X, method):
        """X (n, d), validated, in the library of the fit."""
        check_is_fitted(self, "params_")
        check_dispatch(X, self)
        check_same_namespace(X, self, attribute="params_", method=method)
        X = validate_data(self, X, reset=False, dtype=float_dtypes(X))
        if namespace(X) is not namespace(self.params_):
            raise TypeError(
                f"{type(self).__name__} was fitted on {type(self.params_).__module__}.{type(self.params_).__name__} arrays and "
                f"{method} got {type(X).__module__}.{type(X).__name__}. Convert one of them."
            )
        return X

    def basis_functions(self, X):
        """Values of the units of the last hidden layer, the basis the prediction combines.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        H : array of shape (n_samples, n_units)
            h_k(x_i); the raw prediction is H @ coefs_[-1] + intercepts_[-1].
        """
        X = self._check_input(X, "basis_functions")
        xp = namespace(X)
        return xp.astype(xp.matrix_transpose(self._model.hidden(X)), X.dtype)

    def classify(self, X, y, sample_weight=None, tol=1e-6, method="auto"):
        """What kind of point the fit ended at, from the exact Hessian on given data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`; usually the training data, which are not stored.
        tol : float, default=1e-6
            Largest relative gradient norm that counts as stationary.
        method : {"auto", "dense", "lanczos"}, default="auto"
            "dense": all eigenvalues, about 9 p³ flops. "lanczos": extreme ones, by at most 200 products, as the report says
            (`is_exact`). "auto": "dense" up to 2000 parameters, with any number of hidden layers.

        Returns
        -------
        newtonreg.landscape.StationaryPoint

        Raises
        ------
        ValueError
            Where X or y do not have the shapes of the fit.
        sklearn.exceptions.NotFittedError
            Before a fit.
        """
        return classify(*self._fitted_objective(X, y, sample_weight), tol, method)

    def _fitted_objective(self, X, y, sample_weight):
        """The objective on given data under the penalty of the fit, and the parameters that the fit ended at."""
        check_is_fitted(self, "params_")
        rows, _ = self._rows(X, y, sample_weight, reset=False)
        network = self._model.network
        if rows.targets.shape[0] != network.n_outputs:
            raise ValueError(f"y has {rows.targets.shape[0]} outputs and the estimator was fitted on {network.n_outputs}.")
        self._model.loss.check_target(rows.targets)
        problem = standardize(rows, True, self._scalings(rows))
        params = to_device(self._model.params, rows.inputs)
        return risk_of(network, self._model.loss, problem.rows, self.alpha_), params

    def _fit_on_from(self, params, X, y, sample_weight):
        """Fit, warm, from other standardized `params` (p,) than those the last fit ended at."""
        warm_start = self.warm_start
        try:
            with unchanged_on_error(self):
                self._model = self._model._replace(params=to_device(params, like=self._model.params))
                # where the solver was is not where it goes on
                vars(self).pop("_warm", None)
                self.warm_start = True
                return self.fit(X, y, sample_weight=sample_weight)
        finally:
            self.warm_start = warm_start
