"""Terms of the objective from equations and conditions."""

import numpy as np

from newtonreg.physics.operators import evaluate
from newtonreg.physics.terms import Affine, Pointwise, Term

__all__ = ["condition_term", "equation_term", "linear_term", "linearized_term"]


def linear_term(name, setting, observed, targets, weights):
    """Term of residuals that are linear in derivatives of the solution.

    Parameters
    ----------
    name : str
    setting : Setting
    observed : list of P pairs
        Points (n, d), and E lists of (multi-index, output, coefficients (n,)): what the E residuals take there.
    targets : array of shape (E, n)
    weights : array of shape (n,)
    """
    sets, coefficients, targets = [], [], np.array(targets, dtype=float)
    for X, operators in observed:
        fields = sorted({(index, output) for operator in operators for index, output, _ in operator})
        one = setting.observe(X, fields)
        own = np.zeros((len(operators), len(fields), X.shape[0]))
        for e, operator in enumerate(operators):
            for index, output, values in operator:
                own[e, fields.index((index, output))] += values
        targets -= (own * one.lift.offset).sum(axis=1)
        coefficients.append(np.stack([one.lift.pull(rows) for rows in own]))
        sets.append(one._replace(lift=None))
    return Term(name, sets, Affine(_constant_if_so(np.concatenate(coefficients, axis=1))), targets, weights)


def _constant_if_so(coefficients):
    """(E, K, 1) where all points have the same."""
    first = coefficients[..., :1]
    return first if (coefficients == first).all() else coefficients


def equation_term(setting, equation, X, targets, weights):
    """Term of the differential equation at X (n, d): `equation` a list of resolved operators, or an `Equation`."""
    if isinstance(equation, list):
        operators = [evaluate(operator, X) for operator in equation]
        return linear_term("equation", setting, [(X, operators)], targets, weights)
    one = setting.observe(X, list(equation.channels))
    x = X[:, 0] if X.shape[1] == 1 else X
    return Term("equation", [one], Pointwise(equation, x), np.array(targets, dtype=float), weights)


def linearized_term(setting, equation, X, targets, weights, fields):
    """`equation_term` of an `Equation` without unknown coefficients, linearized where its channels are `fields` (C, n)."""
    x = X[:, 0] if X.shape[1] == 1 else X
    values, jacobian = equation.linearized(x, fields, np.empty(0))
    with np.errstate(invalid="ignore", over="ignore"):
        # what is not finite is for the caller to complain of
        targets = targets - values + (jacobian * fields[None]).sum(axis=1)
    return Term("equation", [setting.observe(X, list(equation.channels))], Affine(jacobian), targets, weights)


def condition_term(setting, requirement, weight):
    """Term of a `Requirement`, `weight` times the mean of its squared residuals."""
    observed = [(X, [operator]) for X, operator in zip(requirement.points, requirement.operators, strict=True)]
    n = requirement.values.shape[0]
    return linear_term(requirement.name, setting, observed, requirement.values[None, :], np.full(n, weight / n))
