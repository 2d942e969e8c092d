"""Small functions with saddles, degenerate points and bad scaling, whose stationary points are known exactly."""

import math

from newtonreg.objectives import Analytic
from newtonreg.testing.known import Known, Problem

__all__ = ["PROBLEMS"]

_SPREAD = (1e-6, 1e-2, 1e2, 1e6)
"""Eigenvalues of the badly scaled quadratic."""


def _matrix(xp, first, mixed, second):
    """The symmetric matrix [[first, mixed], [mixed, second]]."""
    return xp.stack([xp.stack([first, mixed]), xp.stack([mixed, second])])


def _double_well(xp):
    """x⁴/4 − x²/2 + y²/2."""

    def function(x):
        return 0.25 * x[0] ** 4 - 0.5 * x[0] ** 2 + 0.5 * x[1] ** 2

    def gradient(x):
        return xp.stack([x[0] ** 3 - x[0], x[1]])

    def hessian(x):
        zero = 0.0 * x[0]
        return _matrix(xp, 3.0 * x[0] ** 2 - 1.0, zero, zero + 1.0)

    return Analytic(function, 2, gradient, hessian)


def _quadratic_saddle(xp):
    """½ (x² − y²)."""

    def function(x):
        return 0.5 * (x[0] ** 2 - x[1] ** 2)

    def gradient(x):
        return xp.stack([x[0], -x[1]])

    def hessian(x):
        zero = 0.0 * x[0]
        return _matrix(xp, zero + 1.0, zero, zero - 1.0)

    return Analytic(function, 2, gradient, hessian)


def _monkey_saddle(bound):
    """x³ − 3 x y² + `bound` (x² + y²)² / 4, which is r³ cos 3φ + `bound` r⁴ / 4."""

    def make(xp):
        def function(x):
            return x[0] ** 3 - 3.0 * x[0] * x[1] ** 2 + 0.25 * bound * (x[0] ** 2 + x[1] ** 2) ** 2

        def gradient(x):
            pull = bound * (x[0] ** 2 + x[1] ** 2)
            return xp.stack([3.0 * (x[0] ** 2 - x[1] ** 2) + pull * x[0], -6.0 * x[0] * x[1] + pull * x[1]])

        def hessian(x):
            pull, mixed = bound * (x[0] ** 2 + x[1] ** 2), 2.0 * bound * x[0] * x[1] - 6.0 * x[1]
            first, second = (pull + 2.0 * bound * x[k] ** 2 for k in (0, 1))
            return _matrix(xp, first + 6.0 * x[0], mixed, second - 6.0 * x[0])

        return Analytic(function, 2, gradient, hessian)

    return make


def _badly_scaled_quadratic(xp):
    """½ Σ_j λ_j (x_j − 1)², λ = 10⁻⁶, 10⁻², 10², 10⁶."""
    eigenvalues = xp.asarray(_SPREAD)

    def function(x):
        return 0.5 * xp.vecdot(eigenvalues, (x - 1.0) ** 2)

    def gradient(x):
        return eigenvalues * (x - 1.0)

    def hessian(x):
        return eigenvalues * xp.eye(4, dtype=xp.float64)

    return Analytic(function, 4, gradient, hessian)


def _flat_quartic(xp):
    """x⁴/4 + y²/2."""

    def function(x):
        return 0.25 * x[0] ** 4 + 0.5 * x[1] ** 2

    def gradient(x):
        return xp.stack([x[0] ** 3, x[1]])

    def hessian(x):
        zero = 0.0 * x[0]
        return _matrix(xp, 3.0 * x[0] ** 2, zero, zero + 1.0)

    return Analytic(function, 2, gradient, hessian)


_ORIGIN = (0.0, 0.0)
_SADDLE = (Known(0.0, _ORIGIN, index=1),)
_MONKEY = (Known(0.0, _ORIGIN, "∇²F vanishes, so no eigenvalue tells that F falls in three directions"),)
_ARMS = 1.5 * math.sqrt(3.0)

PROBLEMS = (
    Problem(
        "double-well",
        (0.0, 1.0),
        _double_well,
        (Known(-0.25, (1.0, 0.0)), Known(-0.25, (-1.0, 0.0))),
        _SADDLE,
        note="The start is on the line x = 0, from which the gradient leads to the saddle.",
    ),
    Problem(
        "quadratic-saddle",
        (1.0, 0.0),
        _quadratic_saddle,
        (),
        _SADDLE,
        note="Unbounded below. The start is on the line y = 0, from which the gradient leads to the saddle.",
    ),
    Problem("monkey-saddle", (0.5, 0.0), _monkey_saddle(0.0), (), _MONKEY, note="Unbounded below."),
    Problem(
        "bounded-monkey-saddle",
        (0.5, 0.0),
        _monkey_saddle(1.0),
        (Known(-6.75, (-3.0, 0.0)), Known(-6.75, (1.5, _ARMS)), Known(-6.75, (1.5, -_ARMS))),
        _MONKEY,
        note="The start is on a line from which the gradient leads to the saddle.",
    ),
    Problem("badly-scaled-quadratic", (0.0,) * 4, _badly_scaled_quadratic, (Known(0.0, (1.0,) * 4),)),
    Problem(
        "flat-quartic",
        (1.0, 1.0),
        _flat_quartic,
        (Known(0.0, _ORIGIN, "∇²F is singular: Newton's method takes off a third of x a step"),),
    ),
)
