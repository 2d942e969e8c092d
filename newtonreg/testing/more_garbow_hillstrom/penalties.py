"""Problems 23 to 25: penalty functions I and II, and the variably dimensioned function."""

import math

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import diagonals

__all__ = ["PROBLEMS"]

_ROOT = math.sqrt(1e-5)


def _penalty_1(n_params):
    """r_i = 10^(−5/2) (x_i − 1) for each parameter, and Σ x_j² − 1/4."""

    def make(xp):
        eye = xp.eye(n_params, dtype=xp.float64)

        def residuals(x):
            return xp.concat([_ROOT * (x - 1.0), xp.reshape(xp.vecdot(x, x) - 0.25, (1,))])

        def jacobian(x):
            return xp.concat([_ROOT * eye, 2.0 * x[None, :]])

        def hessians(x):
            return xp.concat([xp.zeros((n_params,) * 3, dtype=xp.float64), 2.0 * eye[None, :, :]])

        return LeastSquares(residuals, n_params, jacobian, hessians)

    return make


def _penalty_2(n_params):
    """r = (x_0 − 1/5, √a (e_i + e_{i−1} − y_i), √a (e_i − exp(−1/10)), Σ_j (p − j) x_j² − 1), e_i = exp(x_i / 10), a = 10⁻⁵.

    i = 1, …, p − 1; y_i = exp((i + 1) / 10) + exp(i / 10).
    """
    pairs = [[float(j in (i - 1, i)) for j in range(n_params)] for i in range(1, n_params)]
    singles = [[float(j == i) for j in range(n_params)] for i in range(1, n_params)]
    targets = [math.exp(0.1 * (i + 1)) + math.exp(0.1 * i) for i in range(1, n_params)] + [math.exp(-0.1)] * (n_params - 1)

    def make(xp):
        mixing, target = xp.asarray(pairs + singles), xp.asarray(targets)
        weights = xp.asarray([float(n_params - j) for j in range(n_params)])
        first = xp.asarray([[1.0, *[0.0] * (n_params - 1)]])

        def residuals(x):
            middle = _ROOT * (xp.matmul(mixing, xp.exp(0.1 * x)) - target)
            return xp.concat([x[:1] - 0.2, middle, xp.reshape(xp.vecdot(weights, x * x) - 1.0, (1,))])

        def jacobian(x):
            return xp.concat([first, 0.1 * _ROOT * mixing * xp.exp(0.1 * x), 2.0 * (weights * x)[None, :]])

        def hessians(x):
            middle = 0.01 * _ROOT * mixing * xp.exp(0.1 * x)
            return diagonals(xp.concat([xp.zeros_like(first), middle, 2.0 * weights[None, :]]))

        return LeastSquares(residuals, n_params, jacobian, hessians)

    return make


def _variably_dimensioned(xp):
    """r = (x_j − 1 for each parameter, s, s²) with s = Σ_j (j + 1) (x_j − 1)."""
    n_params = 10
    eye, weights = xp.eye(n_params, dtype=xp.float64), xp.asarray([float(j + 1) for j in range(n_params)])

    def total(x):
        return xp.vecdot(weights, x - 1.0)

    def residuals(x):
        return xp.concat([x - 1.0, xp.stack([total(x), total(x) ** 2])])

    def jacobian(x):
        return xp.concat([eye, weights[None, :], 2.0 * total(x) * weights[None, :]])

    def hessians(x):
        bend = 2.0 * weights[None, :, None] * weights
        return xp.concat([xp.zeros((n_params + 1, n_params, n_params), dtype=xp.float64), bend])

    return LeastSquares(residuals, n_params, jacobian, hessians)


def _equal(n_params, value, coordinate, index=0):
    """The known point with all parameters equal."""
    return (Known(value, (coordinate,) * n_params, index=index),)


_PENALTY_2_10 = known_points(
    10,
    """
    0.00014683026872837297 0.1999836051978236 0.010350648471292297 0.019604934480438402 0.03208906722068565
        0.049932677399641294 0.07651399515399361 0.11862407286950417 0.19214487233557667 0.34732058694184365
        0.3691643741593508
    """,
)

PROBLEMS = (
    Problem(
        "penalty-1-4",
        (1.0, 2.0, 3.0, 4.0),
        _penalty_1(4),
        _equal(4, 1.1249887504499684e-05, 0.2500074995875379),
        _equal(4, 3.1249687487498874e-05, -0.24998749918740187, index=3),
    ),
    Problem(
        "penalty-1-10",
        tuple(float(j) for j in range(1, 11)),
        _penalty_1(10),
        _equal(10, 3.5438257335451845e-05, 0.15812230111311634),
        _equal(10, 6.706071764453975e-05, -0.15810230071278833, index=9),
    ),
    Problem(
        "penalty-2-4",
        (0.5,) * 4,
        _penalty_2(4),
        known_points(4, "4.688146503677721e-06 0.1999993333503804 0.19131670099277245 0.48010148533262315 0.5188454043902005"),
    ),
    Problem("penalty-2-10", (0.5,) * 10, _penalty_2(10), _PENALTY_2_10),
    Problem("variably-dimensioned-10", tuple(1.0 - j / 10 for j in range(1, 11)), _variably_dimensioned, _equal(10, 0.0, 1.0)),
)
