"""Checks of parameters and sizes, before any work: every message names the argument, the value and what to do."""

import math
import numbers
from collections.abc import Mapping, Set

import numpy as np

import newtonreg.bases
import newtonreg.initializers
import newtonreg.losses
import newtonreg.solvers
from newtonreg.backend.arrays import as_floats, is_device_array, to_host
from newtonreg.components import check_integer, resolve
from newtonreg.estimators._layers import Layers

__all__ = [
    "check_parameters",
    "check_physics",
    "check_solver_parameters",
    "resolve_alpha",
    "resolve_basis",
    "resolve_initializer",
    "resolve_layers",
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
    for name in ("store_covariance", "moderated", "shuffle"):
        if hasattr(estimator, name):
            check.boolean(name)
    _check_batch_size(estimator.batch_size)
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


def check_physics(estimator):
    """Raise on a parameter of `PhysicsRegressor` outside its range."""
    check = _Checker(estimator)
    for name in ("tol", "alpha"):
        check.number(name, low=0.0)
    check.integer("n_restarts", low=1)
    if estimator.max_iter is not None:
        check.integer("max_iter", low=1)
    if estimator.max_time is not None:
        check.number("max_time", low=0.0, open_low=True)
    for name in ("verbose", "warm_start"):
        check.boolean(name)
    if estimator.source is not None and not callable(estimator.source):
        check.number("source", low=-math.inf)
    if estimator.device not in (None, "cuda", "cpu"):
        raise ValueError(f"device={estimator.device!r} is unknown; pass None, 'cpu' or 'cuda'.")


def check_solver_parameters(estimator):
    """Raise on a parameter outside its range that only estimators with `solver=` have."""
    check = _Checker(estimator)
    if estimator.learning_rate_init is not None:
        check.number("learning_rate_init", low=0.0, open_low=True)


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


def _check_batch_size(batch_size):
    is_size = isinstance(batch_size, numbers.Integral) and not isinstance(batch_size, bool) and batch_size >= 1
    is_word = batch_size is None or isinstance(batch_size, str) and batch_size in ("auto", "full")
    if not is_size and not is_word:
        raise ValueError(f"batch_size={batch_size!r} must be an integer >= 1, 'auto', or 'full' for all rows in every step.")


def _check_restarts(n_restarts):
    is_auto = isinstance(n_restarts, str) and n_restarts == "auto"
    if not is_auto and (not isinstance(n_restarts, numbers.Integral) or isinstance(n_restarts, bool) or n_restarts < 1):
        raise ValueError(f"n_restarts={n_restarts!r} must be an integer >= 1, or 'auto'.")


def resolve_layers(hidden_layer_sizes, activation, initializer=None):
    """`Layers` from an integer, a sequence of integers or "auto", and an activation for all layers or a sequence of one each.

    The activation "auto" of a classifier stands for tanh until it is known whether the fit has matrices.
    """
    sizes = _resolve_sizes(hidden_layer_sizes, initializer)
    n_layers = 1 if sizes is None else len(sizes)
    if isinstance(activation, str) and activation == "auto":
        activation = "tanh"
    if not isinstance(activation, (list, tuple)):
        bases = [resolve_basis(activation)] * n_layers
    elif len(activation) == n_layers:
        bases = [resolve_basis(one) for one in activation]
    else:
        raise ValueError(
            f"activation={activation!r} has {len(activation)} entries for {n_layers} hidden layers, hidden_layer_sizes="
            f"{hidden_layer_sizes!r}; pass one a layer, or one for all."
        )
    if n_layers > 1:
        _check_deep(activation, bases, initializer)
    return Layers(sizes, tuple(bases))


def _check_deep(activation, bases, initializer):
    for basis in bases:
        if not hasattr(basis, "second_derivative"):
            raise ValueError(f"activation={activation!r}: {basis!r} is no ridge function, and only those make several layers.")
    if not isinstance(initializer, (newtonreg.initializers.Glorot, type(None))):
        raise ValueError(f"init={initializer!r} is for one hidden layer; with {len(bases)} of them pass 'auto' or 'glorot'.")


def _resolve_sizes(hidden_layer_sizes, initializer):
    """Widths of the hidden layers; None for "auto", unless the units are given."""
    if isinstance(hidden_layer_sizes, str) and hidden_layer_sizes == "auto":
        width = _given_width(initializer)
        return None if width is None else (width,)
    sizes = list(hidden_layer_sizes) if _is_sequence(hidden_layer_sizes) else [hidden_layer_sizes]
    if not sizes or any(not isinstance(size, numbers.Integral) or isinstance(size, bool) or size < 1 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes={hidden_layer_sizes!r} must be an integer >= 1, one for each hidden layer, or 'auto'."
        )
    return tuple(int(size) for size in sizes)


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


def resolve_initializer(init, activation):
    """An initializer from its name, an object or an array of units; None for "auto"."""
    first = activation[0] if isinstance(activation, (list, tuple)) and activation else activation
    basis = resolve_basis("tanh" if isinstance(first, str) and first == "auto" else first)
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
