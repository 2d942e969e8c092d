"""From the parameters of `PhysicsRegressor` to a problem: names, domain, equation, conditions; every check before any work."""

import itertools
import math
import numbers
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from newtonreg.physics.conditions import conflicting
from newtonreg.physics.equations import Equation
from newtonreg.physics.hard import HardOutput
from newtonreg.physics.operators import Operator
from newtonreg.physics.setting import Setting

__all__ = ["Setup", "set_up", "setting_of"]

_USUAL_NAMES = {1: ("x",), 2: ("x", "y"), 3: ("x", "y", "z")}


class Setup(NamedTuple):
    """A problem: `setting`, `equation` (a list of resolved operators or an `Equation`), `conditions` as a list, their
    `requirements` that are terms of the loss or constraints, names and starting values of unknown `coefficients`, and the highest
    `order` of a derivative."""

    setting: Any
    equation: Any
    conditions: list
    requirements: list
    coefficients: dict
    order: int

    @property
    def scalars(self):
        """Starting values, (S,)."""
        return np.asarray(list(self.coefficients.values()), dtype=float)

    @property
    def n_equations(self):
        """E of linear equations; None where only a call of the function tells."""
        return len(self.equation) if isinstance(self.equation, list) else None


def set_up(estimator, X, domain=None):
    """`Setup` for collocation points X (n, d), in a `domain` that is known already where it is given."""
    variables = _variables(estimator.variables, X.shape[1], getattr(estimator, "feature_names_in_", None))
    outputs = _names("outputs", estimator.outputs)
    if set(variables) & set(outputs):
        raise ValueError(f"variables={variables!r} and outputs={outputs!r} share a name; rename one.")
    coefficients = _coefficients(estimator.coefficients)
    equation, orders = _equation(estimator.operator, variables, outputs, coefficients)
    conditions = _conditions(estimator.conditions)
    domain = _domain(estimator.domain if domain is None else domain, X, conditions, variables)
    requirements = _named_apart([one for condition in conditions for one in condition.resolve(variables, outputs, domain)])
    conflicting(requirements, variables)
    _check_enough(orders, requirements, variables, domain)
    setting, others = setting_of(requirements, variables, outputs, domain)
    observed = [sum(index) for one in others for operator in one.operators for index, _, _ in operator]
    return Setup(setting, equation, conditions, others, coefficients, max([*orders, *observed, 0]))


def setting_of(requirements, variables, outputs, domain):
    """The `Setting` whose output meets those requirements with how="hard", and a list of the others."""
    hard = [one for one in requirements if one.how == "hard"]
    setting = Setting(variables, outputs, domain, HardOutput(hard, variables, outputs, domain) if hard else None)
    return setting, [one for one in requirements if one.how != "hard"]


def _variables(variables, d, feature_names):
    if variables is None:
        names = tuple(map(str, feature_names)) if feature_names is not None else _USUAL_NAMES.get(d)
        return names or tuple(f"x{a}" for a in range(d))
    names = _names("variables", variables)
    if len(names) != d:
        raise ValueError(f"variables={variables!r} names {len(names)} inputs, and X has {d} columns.")
    return names


def _names(argument, names):
    listed = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, (list, tuple)) else ()
    if not listed or not all(isinstance(name, str) and name.isidentifier() for name in listed) or len(set(listed)) < len(listed):
        raise ValueError(f"{argument}={names!r} must be different names, such as ('x', 't').")
    return listed


def _coefficients(coefficients):
    given = {} if coefficients is None else coefficients
    if not isinstance(given, Mapping):
        raise TypeError(f"coefficients={coefficients!r} must be a dict of starting values, such as {{'nu': 0.1}}.")
    for name, value in given.items():
        valid = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
        if not isinstance(name, str) or not valid:
            raise ValueError(f"coefficients: {name!r}: {value!r} must be a name and a finite number to start from.")
    return {name: float(value) for name, value in given.items()}


def _equation(operator, variables, outputs, coefficients):
    """The equation, and for each variable the highest order of a derivative in it."""
    operators = list(operator) if isinstance(operator, (list, tuple)) else [operator]
    if operators and all(isinstance(one, Operator) for one in operators):
        if coefficients:
            raise ValueError(
                f"coefficients={coefficients!r}: unknown coefficients are arguments of a residual function, and operator is "
                "linear with fixed ones; pass a function of x, u, its derivatives and the coefficients."
            )
        resolved = [one.resolve(variables, outputs) for one in operators]
        indices = [index for one in resolved for index, _ in one]
        return resolved, [max(orders) for orders in zip(*indices, strict=True)]
    if len(operators) == 1 and callable(operator) and not isinstance(operator, type):
        equation = Equation(operator, variables, outputs, tuple(coefficients))
        indices = [index for index, _ in equation.channels]
        return equation, [max(orders) for orders in zip(*indices, strict=True)]
    raise TypeError(
        f"operator={operator!r} must be an Operator such as D(2) + 4*D(0), a list of them (a system), or one function "
        "residual(x, u, du, ...) whose arguments are named after what they are."
    )


def _conditions(conditions):
    listed = list(conditions) if isinstance(conditions, (list, tuple)) else [conditions]
    for one in listed:
        if not hasattr(one, "resolve") or isinstance(one, type):
            raise TypeError(f"conditions: {one!r} is no condition; pass objects such as Dirichlet(0.0, 1.0) or Periodic('x').")
    return listed


def _named_apart(requirements):
    """The same with different names, for they are keys of fitted attributes: what is called alike is counted."""
    names = []
    for one in requirements:
        alike = (one.name if count == 1 else f"{one.name} ({count})" for count in itertools.count(1))
        names.append(next(name for name in alike if name not in names))
    return [one._replace(name=name) for one, name in zip(requirements, names, strict=True)]


def _domain(domain, X, conditions, variables):
    """(low, high) of every variable: given, or the box of the points and of the conditions' coordinates."""
    if domain is None:
        own = [one.coordinates(variables) for one in conditions]
        columns = [np.concatenate([X[:, a], *(np.ravel(given[a]) for given in own)]) for a in range(X.shape[1])]
        # what is not finite the conditions themselves complain of
        columns = [column[np.isfinite(column)] for column in columns]
        domain = [(float(column.min()), float(column.max())) for column in columns]
    try:
        bounds = np.asarray(domain, dtype=float)
    except (TypeError, ValueError):
        bounds = np.empty(0)
    bounds = bounds[None, :] if bounds.ndim == 1 and len(bounds) == 2 and len(variables) == 1 else bounds
    if bounds.shape != (len(variables), 2) or not (bounds[:, 0] < bounds[:, 1]).all() or not np.isfinite(bounds).all():
        raise ValueError(f"domain={domain!r} must be a pair low < high for each of the variables {', '.join(variables)}.")
    outside = (bounds[:, 0] - 1e-9 * np.ptp(bounds, axis=1) > X) | (bounds[:, 1] + 1e-9 * np.ptp(bounds, axis=1) < X)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        raise ValueError(
            f"X: the point in row {row} has {variables[column]}={X[row, column]:g}, outside of domain={domain!r}; leave such "
            "points out, or widen the domain."
        )
    return tuple((float(low), float(high)) for low, high in bounds)


def _check_enough(orders, requirements, variables, domain):
    """Raise where conditions are missing, so that the equation has many solutions."""
    if not any(orders):
        return
    if len(variables) == 1:
        (order,) = orders
        n = sum(one.values.shape[0] for one in requirements)
        if n < order:
            given = f"conditions give {n} value{'' if n == 1 else 's'}: {_shown(requirements)}" if n else "there is no condition"
            raise ValueError(
                f"An equation of order {order} in {variables[0]} has {order} free constants, and {given}. "
                f"Add {order - n}, for instance Dirichlet or Neumann at {domain[0][0]:g} or {domain[0][1]:g}, Initial, or Data."
            )
        return
    missing = [name for a, name in enumerate(variables) if orders[a] and not _is_held(requirements, a)]
    if len(missing) == sum(map(bool, orders)):
        raise ValueError(
            f"The equation has derivatives by {', '.join(missing)}, and conditions say nothing about {_shown(requirements)}: "
            "it has many solutions. Add conditions, for instance Dirichlet('boundary'), Initial({'t': 0.0}, ...), Periodic('x') "
            "or Data."
        )
    if missing:
        warnings.warn(
            f"The equation has derivatives by {', '.join(missing)}, and no condition holds at an end of it: "
            f"{_shown(requirements)}. The solution may not be unique.",
            UserWarning,
            stacklevel=4,
        )


def _is_held(requirements, a):
    """Whether some condition holds on a face across variable a, or at points given one by one."""
    return any(not one.faces or any(axis == a for axis, _ in one.faces) for one in requirements)


def _shown(requirements):
    return ", ".join(repr(one.name) for one in requirements) or "anything"
