"""Problems 1 to 6: two variables."""

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Limit, Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import hessians_from, stacked, symmetric

__all__ = ["PROBLEMS"]


def _rosenbrock(xp):
    """r = (10 (x_1 − x_0²), 1 − x_0)."""

    def residuals(x):
        return stacked(x, [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]])

    def jacobian(x):
        return stacked(x, [[-20.0 * x[0], 10.0], [-1.0, 0.0]])

    def hessians(x):
        return hessians_from(x, 2, {(0, 0, 0): -20.0})

    return LeastSquares(residuals, 2, jacobian, hessians)


def _freudenstein_roth(xp):
    """Two cubics: r_0 = −13 + x_0 + ((5 − x_1) x_1 − 2) x_1, r_1 = −29 + x_0 + ((x_1 + 1) x_1 − 14) x_1."""

    def residuals(x):
        return stacked(x, [-13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1], -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1]])

    def jacobian(x):
        return stacked(x, [[1.0, (10.0 - 3.0 * x[1]) * x[1] - 2.0], [1.0, (3.0 * x[1] + 2.0) * x[1] - 14.0]])

    def hessians(x):
        return hessians_from(x, 2, {(0, 1, 1): 10.0 - 6.0 * x[1], (1, 1, 1): 6.0 * x[1] + 2.0})

    return LeastSquares(residuals, 2, jacobian, hessians)


def _powell_badly_scaled(xp):
    """r = (10⁴ x_0 x_1 − 1, exp(−x_0) + exp(−x_1) − 1.0001)."""

    def residuals(x):
        return stacked(x, [1e4 * x[0] * x[1] - 1.0, xp.exp(-x[0]) + xp.exp(-x[1]) - 1.0001])

    def jacobian(x):
        return stacked(x, [[1e4 * x[1], 1e4 * x[0]], [-xp.exp(-x[0]), -xp.exp(-x[1])]])

    def hessians(x):
        return hessians_from(x, 2, {(0, 0, 1): 1e4, (1, 0, 0): xp.exp(-x[0]), (1, 1, 1): xp.exp(-x[1])})

    return LeastSquares(residuals, 2, jacobian, hessians)


def _brown_badly_scaled(xp):
    """r = (x_0 − 10⁶, x_1 − 2 10⁻⁶, x_0 x_1 − 2)."""

    def residuals(x):
        return stacked(x, [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0])

    def jacobian(x):
        return stacked(x, [[1.0, 0.0], [0.0, 1.0], [x[1], x[0]]])

    def hessians(x):
        return hessians_from(x, 3, {(2, 0, 1): 1.0})

    return LeastSquares(residuals, 2, jacobian, hessians)


def _beale(xp):
    """r_i = y_i − x_0 (1 − x_1^i), i = 1, 2, 3."""
    y, i = xp.asarray([1.5, 2.25, 2.625]), xp.asarray([1.0, 2.0, 3.0])
    one_less, two_less = xp.asarray([0.0, 1.0, 2.0]), xp.asarray([0.0, 0.0, 1.0])

    def residuals(x):
        return y - x[0] * (1.0 - x[1] ** i)

    def jacobian(x):
        return xp.stack([x[1] ** i - 1.0, x[0] * i * x[1] ** one_less], axis=1)

    def hessians(x):
        return symmetric(2, {(0, 1): i * x[1] ** one_less, (1, 1): x[0] * i * one_less * x[1] ** two_less})

    return LeastSquares(residuals, 2, jacobian, hessians)


def _jennrich_sampson(xp):
    """r_i = 2 + 2 i − (exp(i x_0) + exp(i x_1)), i = 1, …, 10."""
    i = xp.asarray([float(k) for k in range(1, 11)])

    def residuals(x):
        return 2.0 + 2.0 * i - (xp.exp(i * x[0]) + xp.exp(i * x[1]))

    def jacobian(x):
        return xp.stack([-i * xp.exp(i * x[0]), -i * xp.exp(i * x[1])], axis=1)

    def hessians(x):
        return symmetric(2, {(0, 0): -(i**2) * xp.exp(i * x[0]), (1, 1): -(i**2) * xp.exp(i * x[1])})

    return LeastSquares(residuals, 2, jacobian, hessians)


_BEALE_SLOPE = 13.875 / 14.0
"""Of the line through 0 nearest to the data at 1, 2, 3."""
_SINGLE_RATE = 0.33148527787822213
"""Minimizer of Jennrich and Sampson's function without its first exponentials."""

_FREUDENSTEIN_ROTH = known_points(2, "0.0 5.0 4.0 24.49212683962001 11.412778986902094 -0.8968052532744765")
_FREUDENSTEIN_ROTH_SADDLES = known_points(2, "409.50512967615504 23.92055434643124 2.23013858660781", index=1)
_POWELL = known_points(
    2,
    """
    0.0 1.0981593296998053e-05 9.106146739866624
    0.5201470019808198 -0.009948091925800946 -0.009948091925800946
    """,
)
_POWELL_SADDLES = known_points(2, "0.48015283799319763 0.010048156947108327 0.010048156947108327", index=1)
_BEALE_LIMIT = Limit(
    0.22600446428571427,
    lambda s: (-1e3 * s, 1.0 + 1e-3 * _BEALE_SLOPE / s),
    "x_0 → −∞ and x_1 → 1 from above, where x_0 (1 − x_1^i) tends to a line in i; F falls toward it",
)
_JENNRICH_SAMPSON_LIMIT = Limit(
    129.79009506712663,
    lambda s: (-2.0 * s, _SINGLE_RATE),
    "x_0 → −∞, 2 F = 259.58 in some lists of minima; F rises toward it, but by exponentially little",
)

PROBLEMS = (
    Problem("rosenbrock", (-1.2, 1.0), _rosenbrock, (Known(0.0, (1.0, 1.0)),)),
    Problem(
        "freudenstein-roth",
        (0.5, -2.0),
        _freudenstein_roth,
        _FREUDENSTEIN_ROTH,
        _FREUDENSTEIN_ROTH_SADDLES,
        note="The stationary points but the zero are where the columns of the Jacobian are parallel, x_1 = (2 ± √22) / 3.",
    ),
    Problem(
        "powell-badly-scaled", (0.0, 1.0), _powell_badly_scaled, _POWELL, _POWELL_SADDLES, note="Symmetric in its two variables."
    ),
    Problem("brown-badly-scaled", (1.0, 1.0), _brown_badly_scaled, (Known(0.0, (1e6, 2e-6)),)),
    Problem("beale", (1.0, 1.0), _beale, (Known(0.0, (3.0, 0.5)),), (Known(7.1015625, (0.0, 1.0), index=1),), (_BEALE_LIMIT,)),
    Problem(
        "jennrich-sampson",
        (0.3, 0.4),
        _jennrich_sampson,
        known_points(2, "62.181091177807424 0.2578252136703641 0.2578252136703641"),
        limits=(_JENNRICH_SAMPSON_LIMIT,),
    ),
)
