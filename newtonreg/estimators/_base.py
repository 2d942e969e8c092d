"""What regressor and classifier share: the walk from fit(X, y) to fitted attributes."""

import numbers
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from newtonreg.backend.arrays import is_cupy_array, namespace, to_device
from newtonreg.callbacks import EarlyStopping, ProgressTable
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._callbacks import CallbackBridge
from newtonreg.estimators._data import standardize
from newtonreg.estimators._input import check_dispatch, float_dtypes, split_validation
from newtonreg.estimators._model import FittedNetwork
from newtonreg.estimators._outcome import Outcome, check_same_shape, fingerprint
from newtonreg.estimators._sklearn import BaseEstimator, check_same_namespace
from newtonreg.landscape import classify
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.solvers.requirements import check_requirements
from newtonreg.training import Evidence, Options, Training, plan_fit, usual_width

__all__ = ["ShallowMLP"]


class Components(NamedTuple):
    """Parameters of an estimator, resolved and checked."""

    basis: object
    loss: object
    solver: object
    width: int | None
    initializer: object


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


class ShallowMLP(BaseEstimator):
    """One hidden layer, trained by the solvers of this package; the common part of regressor and classifier."""

    def _components(self):
        validation.check_parameters(self)
        basis = validation.resolve_basis(self.activation)
        initializer = validation.resolve_initializer(self.init, basis)
        return Components(
            basis=basis,
            loss=self._resolve_loss(),
            solver=self._resolve_solver(),
            # a fit that goes on draws no units
            width=validation.resolve_hidden_width(self.hidden_layer_sizes, None if self._continues() else initializer),
            initializer=initializer,
        )

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
        rows, held_out = split_validation(self, rows, rng)
        scalings = self._scalings(rows) if self._continues() else None
        problem = standardize(rows, components.loss.out_activation == "identity", scalings)
        validation.check_fits_memory(network, problem.rows.inputs)
        objective = _risk(network, components.loss, problem.rows, self._penalties())
        check_requirements(components.solver, objective)
        template = FittedNetwork(network, None, problem.inputs, problem.targets, components.loss)
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, **arguments)
        stopper = self._early_stopping(template, objective, held_out, components.loss)
        training = self._training(objective, components)
        outcome = Outcome(self, training, template, stopper, X, problem)
        training.callbacks = self._callbacks(training, stopper, CallbackBridge(self, context, arguments, outcome.attributes))
        try:
            self._start(training, rng, problem, stopper).finish()
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

    def _continues(self):
        return self.warm_start and hasattr(self, "_model")

    def _follows_evidence(self):
        return isinstance(self.alpha, str)

    def _penalties(self):
        """alpha as a number or one a group; nothing where the evidence has yet to say."""
        return 0.0 if self._follows_evidence() else validation.resolve_alpha(self.alpha)

    def _network(self, components, rows):
        d, m = rows.inputs.shape[0], rows.targets.shape[0]
        width = components.width
        if width is None and self._continues():
            width = self._model.network.n_units
        elif width is None:
            width = usual_width(float(namespace(rows.weights).sum(rows.weights)), components.basis.n_params(d), m)
        return ShallowNetwork(components.basis, d, width, m)

    def _scalings(self, rows):
        """Scalings of the last fit, where `rows` are."""
        scalings = self._model.inputs, self._model.targets
        return tuple(type(scaling)(*(to_device(array, rows.inputs) for array in scaling)) for scaling in scalings)

    def _training(self, objective, components):
        options = Options(
            solver=None if isinstance(components.solver, str) else components.solver,
            initializer=components.initializer,
            n_restarts=self.n_restarts,
            evidence=self._follows_evidence(),
            any_width=components.width is None,
            is_watched=self.early_stopping,
            max_time=self.max_time,
            # arrays of a GPU must not be sent to other processes, whatever the joblib context says
            n_jobs=1 if is_cupy_array(objective.penalty) else self.n_jobs,
            max_iter=self.max_iter,
        )
        return Training(objective, plan_fit(objective, options), self.tol, self.max_iter)

    def _start(self, training, rng, problem, stopper):
        """Draw starts, or go on where the last fit ended."""
        if not self._continues():
            return training.start(rng)
        like = problem.rows.inputs
        warm = getattr(self, "_warm", None)
        solver = training.plan.solver
        params = to_device(self._model.params, like)
        if warm is None or warm.mark != fingerprint(self, problem, solver):
            return training.go_on(params, getattr(self, "alpha_", None) if self._follows_evidence() else None, rng)
        if stopper is not None and warm.stopper is not None:
            stopper.restore(warm.stopper)
        state = warm.state.attached(training.objective, lambda array: to_device(array, like))
        return training.resume(state, warm.history)

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
        check_is_fitted(self, "units_")
        check_dispatch(X, self)
        check_same_namespace(X, self, attribute="units_", method=method)
        X = validate_data(self, X, reset=False, dtype=float_dtypes(X))
        if namespace(X) is not namespace(self.units_):
            raise TypeError(
                f"{type(self).__name__} was fitted on {type(self.units_).__module__}.{type(self.units_).__name__} arrays and "
                f"{method} got {type(X).__module__}.{type(X).__name__}. Convert one of them."
            )
        return X

    def basis_functions(self, X):
        """Values of the hidden units, the basis the prediction combines.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        H : array of shape (n_samples, n_units)
            h_k(x_i); the raw prediction is H @ coefs_[1] + intercepts_[1].
        """
        X = self._check_input(X, "basis_functions")
        xp = namespace(X)
        return xp.astype(xp.matrix_transpose(self._model.hidden(X)), X.dtype)

    def classify(self, X, y, sample_weight=None, tol=1e-6):
        """What kind of point the fit ended at, from the exact Hessian on given data.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`; usually the training data, which are not stored.
        tol : float, default=1e-6
            Largest relative gradient norm that counts as stationary.

        Returns
        -------
        newtonreg.landscape.StationaryPoint
            Cost: one exact Hessian and its eigenvalues, about 4/3 p³ flops.
        """
        check_is_fitted(self, "units_")
        rows, _ = self._rows(X, y, sample_weight, reset=False)
        network = self._model.network
        if rows.targets.shape[0] != network.n_outputs:
            raise ValueError(f"y has {rows.targets.shape[0]} outputs and the estimator was fitted on {network.n_outputs}.")
        self._model.loss.check_target(rows.targets)
        problem = standardize(rows, True, self._scalings(rows))
        params = to_device(self._model.params, rows.inputs)
        return classify(_risk(network, self._model.loss, problem.rows, self.alpha_), params, tol)


def _risk(network, loss, rows, alpha):
    """The objective under `alpha`: a number, for weights and coefficients, or one a group (`Evidence`)."""
    term = Term(network, rows.inputs, rows.targets, loss, rows.weights)
    risk = EmpiricalRisk([term], 0.0 * network.penalty_mask(rows.inputs))
    if isinstance(alpha, numbers.Real):
        return risk.with_penalty(float(alpha) * network.penalty_mask(rows.inputs))
    evidence = Evidence(risk)
    if len(alpha) != evidence.n_groups:
        raise ValueError(
            f"alpha={alpha!r} has {len(alpha)} entries and the network {evidence.n_groups} groups of parameters: one a row of "
            "units (the weights of each feature, then the biases), and the coefficients."
        )
    return risk.with_penalty(evidence.penalty([float(value) for value in alpha], rows.inputs))
