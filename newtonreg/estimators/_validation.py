"""Checks of parameters and sizes, before any work: every message names the argument, the value and what to do."""

import math
import numbers
from collections.abc import Mapping, Set

import numpy as np

import newtonreg.bases
import newtonreg.initializers
import newtonreg.losses
import newtonreg.solvers
from newtonreg.backend.arrays import as_floats, free_memory, is_device_array, to_host
from newtonreg.components import check_integer, resolve

__all__ = [
    "check_fits_memory",
    "check_parameters",
    "check_solver_parameters",
    "resolve_alpha",
    "resolve_basis",
    "resolve_hidden_width",
    "resolve_initializer",
    "resolve_loss",
    "resolve_return_std",
    "resolve_solver",
]


def check_parameters(estimator):
    """Raise on a parameter outside its range."""
    check = _Checker(estimator)
    resolve_alpha(estimator.alpha)
    check.number("tol", low=0.0)
    _check_restarts(estimator.n_restarts)
    if estimator.max_time is not None:
        check.number("max_time", low=0.0, open_low=True)
    check.boolean("store_covariance")
    if hasattr(estimator, "moderated"):
        check.boolean("moderated")
    check.integer("n_iter_no_change", low=1)
    check.number("validation_fraction", low=0.0, high=1.0, open_low=True, open_high=True)
    for name in ("warm_start", "early_stopping"):
        check.boolean(name)
    if not isinstance(estimator.verbose, (bool, numbers.Integral)):
        raise ValueError(f"verbose={estimator.verbose!r} must be a boolean or an integer.")
    if estimator.n_jobs is not None and (not isinstance(estimator.n_jobs, numbers.Integral) or estimator.n_jobs == 0):
        raise ValueError(f"n_jobs={estimator.n_jobs!r} must be None or an integer other than 0.")
    if estimator.max_iter is not None:
        check.integer("max_iter", low=1)
    if estimator.device not in (None, "cuda", "cpu"):
        raise ValueError(f"device={estimator.device!r} is unknown; pass None (where X is), 'cpu' or 'cuda'.")


def check_solver_parameters(estimator):
    """Raise on a parameter outside its range that only estimators with `solver=` have."""
    check = _Checker(estimator)
    if estimator.learning_rate_init is not None:
        check.number("learning_rate_init", low=0.0, open_low=True)
    check.boolean("shuffle")
    if estimator.batch_size not in (None, "auto", "full"):
        raise ValueError(
            f"batch_size={estimator.batch_size!r} is not available: solver={estimator.solver!r} uses all rows in every step, "
            "and mini-batches come with a later version. Leave batch_size='auto'."
        )


class _Checker:
    def __init__(self, estimator):
        self._estimator = estimator

    def integer(self, name, low):
        check_integer(name, getattr(self._estimator, name), low)

    def boolean(self, name):
        value = getattr(self._estimator, name)
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name}={value!r} must be True or False.")

    def number(self, name, low, high=math.inf, open_low=False, open_high=False):
        value = getattr(self._estimator, name)
        valid = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
        valid = valid and (value > low if open_low else value >= low) and (value < high if open_high else value <= high)
        if not valid:
            bounds = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high or high == math.inf else ']'}"
            raise ValueError(f"{name}={value!r} must be a number in {bounds}.")


def _check_restarts(n_restarts):
    is_auto = isinstance(n_restarts, str) and n_restarts == "auto"
    if not is_auto and (not isinstance(n_restarts, numbers.Integral) or isinstance(n_restarts, bool) or n_restarts < 1):
        raise ValueError(f"n_restarts={n_restarts!r} must be an integer >= 1, or 'auto'.")


def resolve_hidden_width(hidden_layer_sizes, initializer=None):
    """Width k of the one hidden layer, from an integer or a sequence of one; None for "auto", unless the units are given."""
    if isinstance(hidden_layer_sizes, str) and hidden_layer_sizes == "auto":
        return _given_width(initializer)
    sizes = list(hidden_layer_sizes) if _is_sequence(hidden_layer_sizes) else [hidden_layer_sizes]
    if len(sizes) != 1:
        raise ValueError(
            f"hidden_layer_sizes={hidden_layer_sizes!r}: one hidden layer is explicit and is what this version trains; "
            "pass one width, for instance (20,). Deeper networks come with a later version."
        )
    width = sizes[0]
    if not isinstance(width, numbers.Integral) or isinstance(width, bool) or width < 1:
        raise ValueError(f"hidden_layer_sizes={hidden_layer_sizes!r}: the width must be an integer >= 1, or 'auto'.")
    return int(width)


def _given_width(initializer):
    """Columns of units that the user gives; None where there are none, or the shape is none of units."""
    shape = np.shape(initializer.array) if isinstance(initializer, newtonreg.initializers.GivenUnits) else ()
    return int(shape[1]) if len(shape) == 2 and shape[1] > 0 else None


def resolve_alpha(alpha):
    """A number >= 0 or a list of them (whose length the network knows), on the host; None for "evidence"."""
    if isinstance(alpha, str) and alpha == "evidence":
        return None
    on_host = to_host(alpha) if is_device_array(alpha) else alpha
    values = [_scalar(value) for value in on_host] if _is_sequence(on_host) else [_scalar(on_host)]
    valid = [isinstance(v, numbers.Real) and not isinstance(v, (bool, np.bool_)) and math.isfinite(v) and v >= 0 for v in values]
    if not values or not all(valid):
        raise ValueError(f"alpha={alpha!r} must be a number in [0, inf), one a group, or 'evidence'.")
    return [float(value) for value in values] if _is_sequence(on_host) else float(values[0])


def _scalar(value):
    """A number of NumPy in place of an array without axes, wherever it lives."""
    on_host = to_host(value) if is_device_array(value) else value
    return on_host[()] if isinstance(on_host, np.ndarray) else on_host


def _is_sequence(value):
    """Whether `value` has entries in an order: no string, and no array without axes, which has ``__len__`` and no length."""
    return hasattr(value, "__len__") and not isinstance(value, (str, Mapping, Set)) and getattr(value, "ndim", 1) > 0


def resolve_initializer(init, basis):
    """An initializer from its name, an object or an array of units; None for "auto"."""
    if isinstance(init, str) and init == "auto":
        return None
    if not isinstance(init, str) and not hasattr(init, "units") and hasattr(init, "__len__"):
        _check_units(init)
        return newtonreg.initializers.GivenUnits(init)
    try:
        initializer = resolve("init", init, newtonreg.initializers, ("units",), extra=("auto",))
    except ValueError as error:
        raise ValueError(f"{str(error).removesuffix('.')}, or an array of units (q, k).") from None
    if getattr(initializer, "needs_ridge", False) and not hasattr(basis, "rise"):
        raise ValueError(f"init={init!r} is for ridge functions, and activation={basis!r} is none; pass 'auto' or 'knots'.")
    return initializer


def _check_units(array):
    """Raise on given units that are no numbers, or not finite; what shape they need the network knows."""
    try:
        is_finite = bool(np.isfinite(to_host(as_floats(array))).all())
    except (TypeError, ValueError) as error:
        raise ValueError(f"init={array!r} is no array of numbers; pass units (q, k), or the name of an initializer.") from error
    if not is_finite:
        raise ValueError("init has entries that are NaN or infinite; pass finite units (q, k).")


def resolve_return_std(return_std):
    """False, True or "mean", from a boolean of NumPy and from 0 and 1 too."""
    if isinstance(return_std, (bool, np.bool_, numbers.Integral)) and return_std in (0, 1):
        return bool(return_std)
    if not (isinstance(return_std, str) and return_std == "mean"):
        raise ValueError(f"return_std={return_std!r} is unknown; pass False, True or 'mean'.")
    return return_std


def resolve_basis(activation):
    """A basis from its name, an object, or a callable to be differentiated by autograd."""
    interface = ("at", "init_units")
    is_basis = all(hasattr(activation, name) for name in interface)
    if callable(activation) and not isinstance(activation, type) and not is_basis:
        return newtonreg.bases.CallableActivation(activation)
    return resolve("activation", activation, newtonreg.bases, interface)


def resolve_loss(loss):
    """A loss from its name or an object."""
    return resolve("loss", loss, newtonreg.losses, ("gradient", "hessian_structure"))


def resolve_solver(solver, learning_rate_init):
    """A solver from its name or an object, its own parameters checked; a name takes the estimator's learning rate along."""
    is_name = isinstance(solver, str)
    solver = resolve("solver", solver, newtonreg.solvers, ("init", "step"), extra=("auto",))
    if is_name and hasattr(solver, "learning_rate") and learning_rate_init is not None:
        solver.set_params(learning_rate=learning_rate_init)
    if hasattr(solver, "check_parameters"):
        solver.check_parameters()
    return solver


def check_fits_memory(network, like):
    """Raise MemoryError where the p × p matrices of a fit would not fit into the memory that is free."""
    p = network.n_params
    needed = 8 * 6 * p * p
    free = free_memory(like)
    if free is not None and needed > free:
        raise MemoryError(
            f"hidden_layer_sizes=({network.n_units},) with {network.n_features} features and {network.n_outputs} outputs gives "
            f"{p} parameters; second-order training would need about {needed / 2**30:.1f} GiB for {p} x {p} matrices and "
            f"{free / 2**30:.1f} GiB are free. Set a smaller hidden_layer_sizes or reduce the number of features."
        )
