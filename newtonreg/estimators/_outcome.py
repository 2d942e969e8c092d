"""From a run to fitted attributes under scikit-learn's names."""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from newtonreg.backend.arrays import is_numpy_array, namespace, to_device, to_host
from newtonreg.estimators._batches import method_of
from newtonreg.landscape import classify
from newtonreg.minimize import Status
from newtonreg.training import Evidence, Posterior

__all__ = ["Outcome", "check_answers", "check_same_shape", "fingerprint"]

_CLASSIFY_UP_TO = 500
"""Parameters up to which a fit ends with the eigenvalues of its Hessian."""
_POSTERIOR_UP_TO = 1000
"""Parameters up to which a fit keeps what predictive deviations need, 8 p² bytes, without being asked."""
_SETTLED = 1e-11
"""Relative precision below which a direction is taken for settled (`Posterior.at`); not with real targets, where without noise
penalties vanish and small precisions are true."""
_NOT_ALWAYS = (
    "_posterior",
    "effective_n_params_",
    "log_evidence_",
    "noise_std_",
    "covariance_",
    "coefs_",
    "intercepts_",
    "validation_scores_",
    "best_validation_score_",
    "_warm",
)
"""Attributes that some fits have and others not: an earlier fit must not leave them behind."""


class Warm(NamedTuple):
    """What an exact continuation needs: the solver's state, the history, marks of problem and method, early stopping's state."""

    state: object
    history: list
    mark: tuple
    method: tuple
    stopper: dict | None


class Outcome:
    """Turns a run into fitted attributes: at the end, at Ctrl-C, or for a callback that asks.

    Parameters
    ----------
    estimator : NetworkEstimator
    training : Training
    template : FittedNetwork
        Without parameters.
    stopper : EarlyStopping or None
    X : array
        The user's inputs: their dtype and library are those of the attributes.
    problem : Problem
    """

    def __init__(self, estimator, training, template, stopper, X, problem):
        self._estimator = estimator
        self._training = training
        self._template = template
        self._stopper = stopper
        self._dtype = X.dtype
        self._on_host = is_numpy_array(X)
        self._problem = problem

    def _kept(self, run):
        """The parameters that the fit keeps: best on held-out data, or with the lowest objective."""
        watched = None if self._stopper is None else self._stopper.best_params
        return run.best.params if watched is None else watched

    def attributes(self, run):
        """Attributes that make an estimator able to predict, as the run stands."""
        attributes = self._network(run)
        if self._is_moderated:
            objective = self._training.objective
            # a copy, so that what a callback asks for is not counted as work of the fit
            point = objective.with_penalty(objective.penalty).at(self._kept(run))
            attributes["_posterior"] = self._posterior(point, 1.0)
        return attributes

    @property
    def _is_moderated(self):
        return getattr(self._estimator, "moderated", False)

    def _network(self, run):
        model = self._template._replace(network=self._training.objective.network, params=self._kept(run))
        return fitted_attributes(model.on_host() if self._on_host else model, self._dtype)

    def store(self):
        """Set every fitted attribute on the estimator."""
        estimator, run = self._estimator, self._training.run
        if run is None:
            return
        for name in _NOT_ALWAYS:
            vars(estimator).pop(name, None)
        vars(estimator).update(self._network(run))
        vars(estimator).update(self._account(run))
        vars(estimator).update(self._uncertainty(run))
        if self._stopper is not None:
            estimator.validation_scores_ = self._stopper.scores
            estimator.best_validation_score_ = self._stopper.best_score
        estimator._shape = network_shape(estimator, self._training.objective.network)
        goes_on = estimator.warm_start or hasattr(estimator, "partial_fit")
        if goes_on and not self._training.follows_evidence:
            estimator._warm = Warm(
                run.state.detached(to_host if self._on_host else None),
                run.history,
                fingerprint(estimator, self._problem, run.solver),
                method_of(run.solver),
                None if self._stopper is None else self._stopper.state(),
            )
        self._warn(run)

    def _account(self, run):
        """What the run cost and reached."""
        objective = self._training.objective
        total, params = objective.total_weight, self._kept(run)
        n_iter = max(1, run.history[-1].n_iter if run.history else 0)
        losses = [record.value / total for record in run.history]
        rows = [record._asdict() for record in run.history]
        # of an estimator that sees its data in parts, each part would ask for all eigenvalues
        small = not self._estimator._adds_epoch and objective.n_params <= _CLASSIFY_UP_TO and "hessian" in objective.provides
        return {
            "n_iter_": n_iter,
            "t_": self._n_rows_seen(n_iter),
            "loss_": objective.at(params).value / total,
            "best_loss_": run.best.value / total,
            "loss_curve_": losses,
            "history_": [_history_row(row, loss) for row, loss in zip(rows, losses, strict=True)],
            "status_": run.status,
            "solver_": run.solver,
            "restarts_": self._training.restarts,
            "stationary_point_": classify(objective, params) if small else None,
        }

    def _n_rows_seen(self, n_iter):
        """By all trials; those of an earlier fit may have seen other rows."""
        n_before = self._training.n_before
        earlier = self._estimator.t_ if n_before else 0
        return earlier + (n_iter - n_before) * self._problem.rows.weights.shape[0]

    def _uncertainty(self, run):
        """Penalties, noise and evidence at the parameters kept; the posterior where it is small or asked for."""
        objective = self._training.objective
        evidence = Evidence(objective)
        penalties = evidence.groups(objective.penalty)
        asked = getattr(self._estimator, "store_covariance", False)
        attributes = {"alpha_": self._attribute(np.asarray(penalties))}
        if not self._training.has_matrices:
            return attributes
        if not asked and not self._is_moderated and objective.n_params > _POSTERIOR_UP_TO:
            return attributes
        point = objective.at(self._kept(run))
        assessment = evidence.assess(point, penalties)
        posterior = None if assessment is None else self._posterior(point, assessment.noise_variance)
        if posterior is None:
            return attributes
        attributes |= {
            "_posterior": posterior,
            "effective_n_params_": assessment.gamma,
            "log_evidence_": assessment.log_evidence,
        }
        if evidence.has_noise:
            attributes["noise_std_"] = self._attribute(assessment.noise_variance**0.5 * self._template.targets.scale)
        if asked:
            # variances of weights that hardly matter are beyond float32
            attributes["covariance_"] = self._placed(posterior.covariance())
        return attributes

    def _posterior(self, point, noise_variance):
        has_noise = self._template.loss.out_activation == "identity"
        posterior = Posterior.at(point, noise_variance, 0.0 if has_noise else _SETTLED)
        return posterior.on_host() if self._on_host and posterior is not None else posterior

    def _attribute(self, array):
        """`array` in the dtype and where the inputs were."""
        array = self._placed(array)
        return namespace(array).astype(array, self._dtype)

    def _placed(self, array):
        return to_host(array) if self._on_host else to_device(array, self._problem.rows.weights)

    def _warn(self, run):
        estimator = self._estimator
        is_cut_off = run.status is Status.MAX_ITER and estimator.max_iter is not None and not estimator._adds_epoch
        if is_cut_off or run.status in (Status.STALLED, Status.GRADIENT_FLAT):
            warnings.warn(
                f"{run.status.message} max_iter={self._estimator.max_iter}; relative gradient norm "
                f"{run.state.point.criticality:.1e}, tol={self._estimator.tol:g}.",
                ConvergenceWarning,
                stacklevel=6,
            )
        if getattr(self._estimator, "store_covariance", False) and not hasattr(self._estimator, "covariance_"):
            warnings.warn(
                f"store_covariance=True: there is no covariance_, because the matrix of the {self._training.objective.n_params} "
                "parameters is not finite where the fit ended. Set a larger alpha, or another random_state.",
                ConvergenceWarning,
                stacklevel=6,
            )


def _history_row(record, loss):
    """A record of the loop with the objective as `loss_` has it."""
    return {"n_iter": record["n_iter"], "loss": loss, **{name: value for name, value in record.items() if name != "value"}}


def fitted_attributes(model, dtype):
    """Attributes that make an estimator able to predict, from a `FittedNetwork`.

    `params_` (p,) and `units_` (q, k) are for standardized inputs; `coefs_` and `intercepts_` exist for ridge bases.
    """
    xp = namespace(model.params)
    attributes = {
        "_model": model,
        "params_": xp.astype(model.params, dtype),
        "units_": _units(model, dtype),
        "n_layers_": 2 + len(model.network.hidden_sizes),
        "n_outputs_": model.network.n_outputs,
        "out_activation_": model.loss.out_activation,
    }
    if all(hasattr(basis, "second_derivative") for basis in model.network.bases):
        coefs, intercepts = model.folded_coefs()
        attributes["coefs_"] = [xp.astype(c, dtype) for c in coefs]
        attributes["intercepts_"] = [xp.astype(i, dtype) for i in intercepts]
    return attributes


def _units(model, dtype):
    """Standardized parameters of the units (q, k); a list of them where there are several hidden layers."""
    xp, parts = namespace(model.params), model.network.unpack(model.params)
    layers = [parts.units] if model.network.is_explicit else parts.layers
    arrays = [xp.astype(layer, dtype) for layer in layers]
    return arrays[0] if len(arrays) == 1 else arrays


def check_answers(estimator, network, has_matrices):
    """Raise ValueError where a fit without p × p matrices is asked for what only they can tell."""
    for name in ("store_covariance", "moderated"):
        if not has_matrices and getattr(estimator, name, False):
            raise ValueError(
                f"{name}=True needs the curvature matrix of all {network.n_params} parameters, and this fit does without: it is "
                f"in mini-batches, or the network is too large. Set {name}=False, or batch_size='full' and a smaller "
                "hidden_layer_sizes."
            )


def network_shape(estimator, network):
    """What a warm start must find again, by name."""
    return {
        "number of features": network.n_features,
        "number of outputs": network.n_outputs,
        "hidden_layer_sizes": network.hidden_sizes,
        "activation": repr(network.bases),
        "loss": repr(getattr(estimator, "loss", None)),
        "classes": getattr(estimator, "classes_", np.empty(0)).tolist(),
    }


def check_same_shape(estimator, network):
    """Raise where a warm start would continue another network than was fitted."""
    before, now = estimator._shape, network_shape(estimator, network)
    for name, value in now.items():
        if value != before[name]:
            by, how = ("partial_fit", "Call fit") if estimator._adds_epoch else ("warm_start=True", "Set warm_start=False")
            raise ValueError(
                f"{by} continues the network that was fitted; its {name} was {before[name]} and would be {value}. "
                f"{how} to start anew."
            )


def fingerprint(estimator, problem, solver):
    """What tells one problem from another without storing the data: sums along a fixed wave, penalty, solver."""
    rows = problem.rows
    xp = namespace(rows.inputs)
    wave = xp.sin(xp.astype(xp.arange(1, rows.weights.shape[0] + 1, device=rows.weights.device), xp.float64))
    sums = [float(xp.sum(array * wave)) for array in rows]
    return (*rows.inputs.shape, *sums, repr(estimator.alpha), repr(solver))
