"""Problems 7 to 9, 11 and 12: three variables (10, Meyer's, is with the exponentials)."""

import math

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Limit, Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import hessians_from, stacked, symmetric

__all__ = ["PROBLEMS"]


def _angle(xp, x):
    """θ in turns between −1/4 and 3/4, so that the cut is where x_0 = 0 and x_1 < 0, not at the starting point."""
    return 0.25 - xp.atan2(x[0], x[1]) / (2.0 * math.pi)


def _helical_valley(xp):
    """r = (10 (x_2 − 10 θ), 10 (ρ − 1), x_2) with x_0 + i x_1 = ρ exp(2π i θ)."""

    def residuals(x):
        rho = xp.sqrt(x[0] ** 2 + x[1] ** 2)
        return stacked(x, [10.0 * (x[2] - 10.0 * _angle(xp, x)), 10.0 * (rho - 1.0), x[2]])

    def jacobian(x):
        square = x[0] ** 2 + x[1] ** 2
        turn, rho = 50.0 / (math.pi * square), xp.sqrt(square)
        return stacked(x, [[turn * x[1], -turn * x[0], 10.0], [10.0 * x[0] / rho, 10.0 * x[1] / rho, 0.0], [0.0, 0.0, 1.0]])

    def hessians(x):
        square = x[0] ** 2 + x[1] ** 2
        turn, bend = 50.0 / (math.pi * square**2), 10.0 / square**1.5
        mixed, both = turn * (x[0] ** 2 - x[1] ** 2), 2.0 * turn * x[0] * x[1]
        return hessians_from(
            x,
            3,
            {
                (0, 0, 0): -both,
                (0, 0, 1): mixed,
                (0, 1, 1): both,
                (1, 0, 0): bend * x[1] ** 2,
                (1, 0, 1): -bend * x[0] * x[1],
                (1, 1, 1): bend * x[0] ** 2,
            },
        )

    return LeastSquares(residuals, 3, jacobian, hessians)


_BARD_Y = [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.1, 4.39]


def _bard(xp):
    """r_i = y_i − (x_0 + i / (v_i x_1 + w_i x_2)), v_i = 16 − i, w_i = min(i, v_i), i = 1, …, 15."""
    y = xp.asarray(_BARD_Y)
    i = xp.asarray([float(k) for k in range(1, 16)])
    v, w = 16.0 - i, xp.asarray([float(min(k, 16 - k)) for k in range(1, 16)])

    def residuals(x):
        return y - (x[0] + i / (v * x[1] + w * x[2]))

    def jacobian(x):
        slope = i / (v * x[1] + w * x[2]) ** 2
        return xp.stack([-xp.ones_like(y), v * slope, w * slope], axis=1)

    def hessians(x):
        bend = -2.0 * i / (v * x[1] + w * x[2]) ** 3
        return symmetric(3, {(1, 1): v**2 * bend, (1, 2): v * w * bend, (2, 2): w**2 * bend})

    return LeastSquares(residuals, 3, jacobian, hessians)


_GAUSSIAN_Y = [0.0009, 0.0044, 0.0175, 0.054, 0.1295, 0.242, 0.3521]


def _gaussian(xp):
    """r_i = x_0 exp(−x_1 (t_i − x_2)² / 2) − y_i, t_i = (8 − i) / 2, i = 1, …, 15."""
    y = xp.asarray([*_GAUSSIAN_Y, 0.3989, *reversed(_GAUSSIAN_Y)])
    t = xp.asarray([0.5 * (8 - k) for k in range(1, 16)])

    def residuals(x):
        return x[0] * xp.exp(-0.5 * x[1] * (t - x[2]) ** 2) - y

    def jacobian(x):
        d = t - x[2]
        e = xp.exp(-0.5 * x[1] * d**2)
        return xp.stack([e, -0.5 * x[0] * d**2 * e, x[0] * x[1] * d * e], axis=1)

    def hessians(x):
        d = t - x[2]
        e = xp.exp(-0.5 * x[1] * d**2)
        entries = {
            (0, 1): -0.5 * d**2 * e,
            (0, 2): x[1] * d * e,
            (1, 1): 0.25 * x[0] * d**4 * e,
            (1, 2): x[0] * d * e * (1.0 - 0.5 * x[1] * d**2),
            (2, 2): x[0] * x[1] * e * (x[1] * d**2 - 1.0),
        }
        return symmetric(3, entries)

    return LeastSquares(residuals, 3, jacobian, hessians)


def _gulf(xp):
    """r_i = exp(−|y_i − x_1|^x_2 / x_0) − t_i, t_i = i/100, y_i = 25 + (−50 log t_i)^(2/3), i = 1, …, 99."""
    t = xp.asarray([k / 100.0 for k in range(1, 100)])
    y = 25.0 + (-50.0 * xp.log(t)) ** (2.0 / 3.0)

    def residuals(x):
        return xp.exp(-(xp.abs(y - x[1]) ** x[2]) / x[0]) - t

    def jacobian(x):
        d = y - x[1]
        u = xp.abs(d) ** x[2] / x[0]
        e = u * xp.exp(-u)
        return xp.stack([e / x[0], e * x[2] / d, -e * xp.log(xp.abs(d))], axis=1)

    def hessians(x):
        # r = exp(−u) − t and ∇u = u q with q = ∇ log u, so ∂²r = u e^−u ((u − 1) q qᵀ − ∂q)
        d = y - x[1]
        u = xp.abs(d) ** x[2] / x[0]
        e, log_d = u * xp.exp(-u), xp.log(xp.abs(d))
        q = [-xp.ones_like(d) / x[0], -x[2] / d, log_d]
        slopes = {(0, 0): 1.0 / x[0] ** 2, (0, 1): 0.0, (0, 2): 0.0, (1, 1): -x[2] / d**2, (1, 2): -1.0 / d, (2, 2): 0.0}
        return symmetric(3, {(j, k): e * ((u - 1.0) * q[j] * q[k] - slope) for (j, k), slope in slopes.items()})

    return LeastSquares(residuals, 3, jacobian, hessians)


def _box(xp):
    """r_i = exp(−t_i x_0) − exp(−t_i x_1) − x_2 (exp(−t_i) − exp(−10 t_i)), t_i = i/10, i = 1, …, 10."""
    t = xp.asarray([k / 10.0 for k in range(1, 11)])
    shape = xp.exp(-t) - xp.exp(-10.0 * t)

    def residuals(x):
        return xp.exp(-t * x[0]) - xp.exp(-t * x[1]) - x[2] * shape

    def jacobian(x):
        return xp.stack([-t * xp.exp(-t * x[0]), t * xp.exp(-t * x[1]), -shape], axis=1)

    def hessians(x):
        return symmetric(3, {(0, 0): t**2 * xp.exp(-t * x[0]), (1, 1): -(t**2) * xp.exp(-t * x[1])})

    return LeastSquares(residuals, 3, jacobian, hessians)


_BARD_MEAN = sum(_BARD_Y) / 15.0
_BARD = known_points(
    3,
    """
        0.00410743865328949 0.08241055974978899 1.1330360920297224 2.3436951786425366
        0.46638762194915034 0.2236397446407977 -8.76150550897236 12.583951266949176
        0.5019102934109737 0.05216520704856966 -0.3865185116632731 3.9745713178870505
        0.8874633889076305 0.23421589712041083 -4.449670187518073 8.450839527066897
        0.9431374067956763 0.127405853741354 -0.8535447172979249 4.704844580210898
        1.1449529092782944 0.22310599239316453 -2.621112145120517 6.710620863999825
        1.1814581485959232 0.188038498826531 -1.5530063869059407 5.595103809564217
        """,
)
_BARD_LIMITS = (
    Limit(
        0.05739922780796883,
        lambda s: (0.18889202269531885, 1.0 / 0.27550860554344414 - 1e3 * s, 1e3 * s),
        "x_1 → −∞ and x_2 → ∞ with a finite sum: only terms with v_i = w_i are left",
    ),
    Limit(8.714346666666666, lambda s: (_BARD_MEAN, -1e3 * s, -1e3 * s), "x_1, x_2 → −∞; 2 F = 17.4286 of the paper"),
)

_BOX = (
    Known(0.0, (1.0, 10.0, 1.0), "and at (10, 1, −1), and where x_0 = x_1 and x_2 = 0"),
    Known(0.0, (10.0, 1.0, -1.0)),
    Known(0.0, (1.0, 1.0, 0.0), "one point of the line x_0 = x_1, x_2 = 0"),
)
_BOX_LIMIT = Limit(
    0.0377943703774987,
    lambda s: (40.0 * s, 0.6136003525261593, -1.3199552092025277),
    "x_0 → ∞, or x_1 → ∞ with the sign of x_2 changed; F rises toward it, but by exponentially little",
)


def _gulf_exponential(s):
    """Toward x_1 = ∞, x_2 = −∞, where (x_1 − y)^x_2 / x_0 is exp(a + b y), with the same value and slope at y = 40."""
    a, b, distance = -5.738066082125604, 0.1465316825475585, 100.0 * s
    return math.exp(-a - b * (40.0 + distance * math.log(distance))), 40.0 + distance, -b * distance


_GULF_LIMIT = Limit(0.14222280109962696, _gulf_exponential, "x_1 → ∞, x_2 → −∞ and x_0 → 0; F falls toward it")

PROBLEMS = (
    Problem("helical-valley", (-1.0, 0.0, 0.0), _helical_valley, (Known(0.0, (1.0, 0.0, 0.0)),)),
    Problem(
        "bard",
        (1.0, 1.0, 1.0),
        _bard,
        _BARD,
        limits=_BARD_LIMITS,
        note="One minimum for each interval between two poles v_i x_1 + w_i x_2 = 0; at infinity more limits along the poles.",
    ),
    Problem(
        "gaussian",
        (0.4, 1.0, 0.0),
        _gaussian,
        known_points(3, "5.639663848095057e-09 0.39895613783875666 1.0000190844878056 0.0"),
    ),
    Problem(
        "gulf",
        (5.0, 2.5, 0.15),
        _gulf,
        (Known(0.0, (50.0, 25.0, 1.5)),),
        limits=(_GULF_LIMIT,),
        note="The list leaves out the minima with x_1 between two y_i, where F has cusps, and the plateau F = ½ Σ t_i² where "
        "the exponentials underflow. The minima 2 F = 0.038 of some lists belong to ten residuals.",
    ),
    Problem("box", (0.0, 10.0, 20.0), _box, _BOX, limits=(_BOX_LIMIT,)),
)
