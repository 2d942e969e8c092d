"""A physics fit: from a problem and collocation points to fitted attributes."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from newtonreg.backend.arrays import cuda_array, to_device
from newtonreg.estimators import _validation as validation
from newtonreg.estimators._physics_redraw import Redrawing
from newtonreg.landscape import classify
from newtonreg.minimize import Status
from newtonreg.networks import ShallowNetwork
from newtonreg.physics.assembling import condition_term, equation_term
from newtonreg.physics.balancing import balanced
from newtonreg.physics.bordered import BorderedRisk
from newtonreg.physics.objective import PhysicsRisk
from newtonreg.physics.solution import Solution
from newtonreg.physics.uncertainty import uncertainty
from newtonreg.solvers.requirements import check_requirements
from newtonreg.training import (
    WIDE,
    PhysicsOpening,
    Quasilinearization,
    QuasilinearOpening,
    Training,
    plan_physics,
    plan_redrawn,
    usual_physics_width,
)

__all__ = ["PhysicsFit"]

_CLASSIFY_UP_TO = 500
"""Parameters up to which a fit ends with the eigenvalues of its Hessian."""

_TYPICAL = 4
"""Among the families of units: of moderate steepness, and in several variables in all directions."""


class PhysicsFit:
    """A fit of a `Setup` at X (n, d) to targets (E, n).

    Parameters
    ----------
    estimator : PhysicsRegressor
    setup : Setup
    X : array of shape (n, d)
    targets : array of shape (E, n)
    weights : array of shape (n,)
    network : ShallowNetwork, optional
        That of a fitted solution; None makes the one that the estimator asks for.
    """

    def __init__(self, estimator, setup, X, targets, weights, network=None):
        self._estimator = estimator
        self._right_hand_side = _known_everywhere(estimator.source, X, targets) if _is_even(weights) else None
        self._setup = setup
        self._soft = [one for one in setup.requirements if one.how == "soft"]
        self._exact = [one for one in setup.requirements if one.how == "exact"]
        terms = [equation_term(setup.setting, setup.equation, X, targets, weights / weights.sum())]
        terms += [_measured(setup.setting, one) for one in self._soft]
        self._network = network or self._make_network(X.shape[1], [term.n_residuals for term in terms])
        self.objective = self._make_objective(terms)
        self._weights = None
        self.training = self._make_training(X)

    def _make_network(self, d, n_residuals):
        estimator, setup = self._estimator, self._setup
        basis = validation.resolve_basis(estimator.activation)
        if not hasattr(basis, "check_order"):
            raise ValueError(f"activation={estimator.activation!r} is no ridge function, and only those have derivatives here.")
        basis.check_order(setup.order)
        initializer = validation.resolve_initializer(estimator.init, estimator.activation)
        layers = validation.resolve_layers(estimator.hidden_layer_sizes, basis, initializer)
        if layers.is_deep:
            raise ValueError(
                f"hidden_layer_sizes={estimator.hidden_layer_sizes!r}: derivatives of the solution are those of one hidden "
                "layer; pass one width."
            )
        width = self._open_width(n_residuals, d) if layers.sizes is None else layers.sizes[0]
        return ShallowNetwork(basis, d, width, len(setup.setting.outputs))

    @property
    def _before(self):
        """The solution that this fit goes on from; None where it starts anew."""
        return getattr(self._estimator, "_solution", None) if self._estimator.warm_start else None

    def _open_width(self, n_residuals, d):
        """What "auto" stands for: a fit that goes on keeps its units, on however many points."""
        if self._before is not None:
            return self._before.network.n_units
        if any(one.is_data for one in self._soft):
            return usual_physics_width(n_residuals[0], d, d + 1 + len(self._setup.setting.outputs))
        return usual_physics_width(sum(n_residuals), d, is_redrawn=self._may_redraw)

    @property
    def _may_redraw(self):
        """Whether the user leaves units and solver to the fit, and the problem is open to units drawn anew."""
        estimator = self._estimator
        is_left = isinstance(estimator.solver, str) and estimator.solver == "auto" and not estimator.warm_start
        is_left = is_left and isinstance(estimator.init, str) and estimator.init == "auto"
        return is_left and self._right_hand_side is not None and Redrawing.is_open(self._setup)

    def _make_objective(self, terms):
        network, alpha = self._network, validation.resolve_alpha(self._estimator.alpha)
        penalty = np.concatenate([alpha * network.penalty_mask(np.empty(0)), np.zeros(len(self._setup.coefficients))])
        if self._estimator.device == "cuda":
            terms, penalty = [term.mapped(cuda_array) for term in terms], cuda_array(penalty)
        if not self._exact:
            return PhysicsRisk(network, terms, penalty)
        constraints = [condition_term(self._setup.setting, one, float(one.values.shape[0])) for one in self._exact]
        if self._estimator.device == "cuda":
            constraints = [term.mapped(cuda_array) for term in constraints]
        return BorderedRisk(network, terms, penalty, constraints)

    def _make_training(self, X):
        estimator, objective = self._estimator, self.objective
        solver = estimator.solver
        solver = None if isinstance(solver, str) and solver == "auto" else validation.resolve_solver(solver, None)
        if solver is not None:
            self._check_solver(solver)
        scalars = to_device(self._setup.scalars, objective.penalty)
        initializer = validation.resolve_initializer(estimator.init, estimator.activation)
        redrawing = Redrawing(estimator, self._setup, self._network, self._right_hand_side) if self._may_redraw else None
        if redrawing is not None and self._network.n_units >= WIDE:
            solver = Quasilinearization(redrawing, check_random_state(estimator.random_state))
            plan = plan_redrawn(
                objective, QuasilinearOpening(redrawing, self.balance), solver, estimator.max_iter, estimator.max_time
            )
            return Training(objective, plan, estimator.tol, estimator.max_iter)
        opening = PhysicsOpening(scalars, initializer, estimator.n_restarts, self.balance, redrawing)
        plan = plan_physics(objective, opening, solver, estimator.max_iter, estimator.max_time)
        return Training(objective, plan, estimator.tol, estimator.max_iter)

    def _check_solver(self, solver):
        needed = {"hessian", "hessian_product"} & set(getattr(solver, "requires", ()))
        if needed and self._exact:
            raise TypeError(
                f"solver={solver!r} needs second derivatives, which there are none of along conditions with how='exact', such as "
                f"{self._exact[0].name!r}; pass 'variable-projection' or 'levenberg-marquardt', or how='soft'."
            )
        check_requirements(solver, self.objective)

    @property
    def network(self):
        """Of the solution."""
        return self._network

    @property
    def scalars(self):
        """Starting values of the unknown coefficients, (S,)."""
        return self._setup.scalars

    def balance(self, objective, families):
        """`objective` with its conditions weighted, by units of the moderate one among `families`."""
        wanted = ["data" if one.is_data and one.weight == "auto" else one.weight for one in self._soft]
        units, scalars = families[min(_TYPICAL, len(families) - 1)], to_device(self._setup.scalars, objective.penalty)
        objective, self._weights = balanced(objective, wanted, units, scalars)
        return objective

    def weighted(self, weights):
        """The objective under given weights of the soft conditions, by name."""
        self._weights = [weights[one.name] for one in self._soft]
        equation, *conditions = self.objective.terms
        pairs = zip(conditions, self._weights, strict=True)
        return self.objective.with_terms([equation, *(term._replace(weights=term.weights * weight) for term, weight in pairs)])

    def start(self, rng):
        """Draw starts, or go on from the last fit; returns the `Training`."""
        before = self._before
        if before is None:
            return self.training.start(rng)
        self._check_same(before)
        given = {one.name: one.weight for one in self._soft if not isinstance(one.weight, str)}
        self.training.course.objective = self.weighted({**self._estimator.condition_weights_, **given})
        return self.training.go_on(to_device(before.params, self.objective.penalty), None, rng)

    def _check_same(self, before):
        network, setting = self._network, self._setup.setting
        for name, old, new in (
            ("hidden_layer_sizes", before.network.n_units, network.n_units),
            ("activation", repr(before.network.basis), repr(network.basis)),
            ("domain", before.setting.domain, setting.domain),
            ("outputs", before.setting.outputs, setting.outputs),
            ("conditions", sorted(self._estimator.condition_weights_), sorted(one.name for one in self._soft)),
            ("coefficients", list(self._estimator.coefficients_), list(self._setup.coefficients)),
        ):
            if old != new:
                raise ValueError(
                    f"warm_start=True continues the solution that was fitted; its {name} was {old} and would be {new}. Set "
                    "warm_start=False to start anew, or keep it as it was."
                )

    def attributes(self, run):
        """Attributes that make an estimator able to predict, as the run stands."""
        setting = self._setup.setting
        solution = Solution(setting, self._network, run.best.params, self._setup.equation).on_host()
        parts = self._network.unpack(solution.params[: self._network.n_params])
        weights = parts.units[:-1] * (2.0 / setting.width)[:, None]
        biases = parts.units[-1] - (2.0 * setting.low / setting.width + 1.0) @ parts.units[:-1]
        return {
            "_solution": solution,
            "params_": solution.params,
            "units_": parts.units,
            "coefs_": [weights, parts.outer[:, :-1].T],
            "intercepts_": [biases, parts.outer[:, -1]],
            "variables_": setting.variables,
            "domain_": setting.domain,
            "coefficients_": dict(zip(self._setup.coefficients, solution.scalars.tolist(), strict=True)),
            "n_outputs_": len(setting.outputs),
        }

    def outcome(self):
        """Every fitted attribute."""
        training, run = self.training, self.training.run
        objective = training.objective
        known = "hessian" in objective.provides and objective.n_params <= _CLASSIFY_UP_TO
        rows = [record._asdict() for record in run.history]
        return {
            **self.attributes(run),
            **self._uncertainty(objective, run.best.params),
            "condition_weights_": dict(zip([one.name for one in self._soft], self._weights, strict=True)),
            "n_iter_": max(1, run.history[-1].n_iter),
            "loss_": run.best.value,
            "loss_curve_": [record.value for record in run.history],
            "history_": [{"n_iter": row.pop("n_iter"), "loss": row.pop("value"), **row} for row in rows],
            "status_": run.status,
            "solver_": run.solver,
            "restarts_": training.restarts,
            "stationary_point_": classify(objective, run.best.params) if known else None,
        }

    def _uncertainty(self, objective, params):
        data = [(place, one) for place, one in enumerate(self._soft, start=1) if one.is_data]
        names = list(self._setup.coefficients)
        if not data:
            return {"noise_std_": {}, "coefficient_std_": dict.fromkeys(names, float("nan"))}
        known = [(place, None if one.noise_std is None else one.noise_std + 0.0 * one.values) for place, one in data]
        found = uncertainty(objective, params, known)
        deviations = np.sqrt(np.diagonal(found.covariance)).tolist()
        return {
            "noise_std_": dict(zip([one.name for _, one in data], found.noise, strict=True)),
            "coefficient_std_": dict(zip(names, deviations, strict=True)),
        }

    def warn(self):
        """Say so where the fit was cut off."""
        run, estimator = self.training.run, self._estimator
        if run.status is Status.MAX_ITER and estimator.max_iter is not None or run.status is Status.GRADIENT_FLAT:
            warnings.warn(
                f"{run.status.message} max_iter={estimator.max_iter}; largest cosine {run.state.point.criticality:.1e}, "
                f"tol={estimator.tol:g}.",
                ConvergenceWarning,
                stacklevel=4,
            )


def _measured(setting, requirement):
    """Term of a soft condition; measurements count by their own noise where it is known."""
    term = condition_term(setting, requirement, 1.0)
    if requirement.noise_std is None:
        return term
    precision = 1.0 / (requirement.noise_std + 0.0 * requirement.values) ** 2
    return term._replace(weights=precision / precision.sum())


def _is_even(weights):
    return bool((weights == weights[:1]).all())


def _known_everywhere(source, X, targets):
    """Targets (E, n) as a function of the points; None where they are known at X (n, d) alone."""
    if (targets == targets[:, :1]).all():
        return lambda points: np.repeat(targets[:, :1], points.shape[0], axis=1)
    if not callable(source):
        return None

    def everywhere(points):
        values = np.asarray(source(points), dtype=float)
        if not np.isfinite(values).all():
            point = points[np.argwhere(~np.isfinite(values))[0, 0]].tolist()
            raise ValueError(f"source(X) contains NaN or infinity, inside the domain: at {point}.")
        return np.broadcast_to(values.reshape(points.shape[0], -1).T, (targets.shape[0], points.shape[0]))

    return everywhere if np.array_equal(everywhere(X), targets) else None
