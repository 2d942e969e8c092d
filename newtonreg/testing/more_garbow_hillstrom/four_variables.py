"""Problems 13 to 16: four variables."""

import math

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Limit, Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import hessians_from, stacked, symmetric

__all__ = ["PROBLEMS"]

_SQRT_5 = math.sqrt(5.0)
_SQRT_10 = math.sqrt(10.0)
_SQRT_90 = math.sqrt(90.0)


def _powell_singular(xp):
    """r = (x_0 + 10 x_1, √5 (x_2 − x_3), (x_1 − 2 x_2)², √10 (x_0 − x_3)²)."""

    def residuals(x):
        return stacked(x, [x[0] + 10.0 * x[1], _SQRT_5 * (x[2] - x[3]), (x[1] - 2.0 * x[2]) ** 2, _SQRT_10 * (x[0] - x[3]) ** 2])

    def jacobian(x):
        third, fourth = 2.0 * (x[1] - 2.0 * x[2]), 2.0 * _SQRT_10 * (x[0] - x[3])
        return stacked(
            x,
            [
                [1.0, 10.0, 0.0, 0.0],
                [0.0, 0.0, _SQRT_5, -_SQRT_5],
                [0.0, third, -2.0 * third, 0.0],
                [fourth, 0.0, 0.0, -fourth],
            ],
        )

    def hessians(x):
        third = {(2, 1, 1): 2.0, (2, 1, 2): -4.0, (2, 2, 2): 8.0}
        fourth = {(3, 0, 0): 2.0 * _SQRT_10, (3, 0, 3): -2.0 * _SQRT_10, (3, 3, 3): 2.0 * _SQRT_10}
        return hessians_from(x, 4, third | fourth)

    return LeastSquares(residuals, 4, jacobian, hessians)


def _wood(xp):
    """Two valleys of Rosenbrock's, √90 (x_3 − x_2²) in the second, and r_4 = √10 (x_1 + x_3 − 2), r_5 = (x_1 − x_3) / √10."""

    def residuals(x):
        valleys = [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], _SQRT_90 * (x[3] - x[2] ** 2), 1.0 - x[2]]
        return stacked(x, [*valleys, _SQRT_10 * (x[1] + x[3] - 2.0), (x[1] - x[3]) / _SQRT_10])

    def jacobian(x):
        return stacked(
            x,
            [
                [-20.0 * x[0], 10.0, 0.0, 0.0],
                [-1.0, 0.0, 0.0, 0.0],
                [0.0, 0.0, -2.0 * _SQRT_90 * x[2], _SQRT_90],
                [0.0, 0.0, -1.0, 0.0],
                [0.0, _SQRT_10, 0.0, _SQRT_10],
                [0.0, 1.0 / _SQRT_10, 0.0, -1.0 / _SQRT_10],
            ],
        )

    def hessians(x):
        return hessians_from(x, 6, {(0, 0, 0): -20.0, (2, 2, 2): -2.0 * _SQRT_90})

    return LeastSquares(residuals, 4, jacobian, hessians)


_KOWALIK_Y = [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
_KOWALIK_U = [4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625]


def _kowalik_osborne(xp):
    """r_i = y_i − x_0 (u_i² + u_i x_1) / (u_i² + u_i x_2 + x_3), i = 1, …, 11."""
    y, u = xp.asarray(_KOWALIK_Y), xp.asarray(_KOWALIK_U)

    def residuals(x):
        return y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])

    def jacobian(x):
        top, bottom = u**2 + u * x[1], u**2 + u * x[2] + x[3]
        slope = x[0] * top / bottom**2
        return xp.stack([-top / bottom, -x[0] * u / bottom, u * slope, slope], axis=1)

    def hessians(x):
        top, bottom = u**2 + u * x[1], u**2 + u * x[2] + x[3]
        bend = -2.0 * x[0] * top / bottom**3
        entries = {
            (0, 1): -u / bottom,
            (0, 2): u * top / bottom**2,
            (0, 3): top / bottom**2,
            (1, 2): x[0] * u**2 / bottom**2,
            (1, 3): x[0] * u / bottom**2,
            (2, 2): u**2 * bend,
            (2, 3): u * bend,
            (3, 3): bend,
        }
        return symmetric(4, entries)

    return LeastSquares(residuals, 4, jacobian, hessians)


def _brown_dennis(xp):
    """r_i = (x_0 + t_i x_1 − exp t_i)² + (x_2 + x_3 sin t_i − cos t_i)², t_i = i/5, i = 1, …, 20."""
    t = xp.asarray([k / 5.0 for k in range(1, 21)])
    one = xp.ones_like(t)
    sine = xp.sin(t)

    def parts(x):
        return x[0] + t * x[1] - xp.exp(t), x[2] + x[3] * sine - xp.cos(t)

    def residuals(x):
        a, b = parts(x)
        return a**2 + b**2

    def jacobian(x):
        a, b = parts(x)
        return 2.0 * xp.stack([a, a * t, b, b * sine], axis=1)

    def hessians(x):
        upper = {(0, 0): 2.0 * one, (0, 1): 2.0 * t, (1, 1): 2.0 * t**2}
        return symmetric(4, upper | {(2, 2): 2.0 * one, (2, 3): 2.0 * sine, (3, 3): 2.0 * sine**2})

    return LeastSquares(residuals, 4, jacobian, hessians)


_KOWALIK_OSBORNE = known_points(
    4,
    """
        0.0001537528019246189 0.1928069345790379 0.19128232873436676 0.12305650692632074 0.13606233068379475
        0.0002118373132349171 0.2253564377988867 -0.41475380600553835 -0.02445269621513161 -0.1779696598012656
        0.000797176013010981 0.2339237308689686 -1.292283387337197 -0.8358331955370852 -0.5506774225155382
        0.0008114777575321969 0.22993603600755375 -0.1889842049387054 0.19801019857670768 -0.07552664151918065
        0.0008136427105804687 0.23050860201742948 -0.13224733291263957 0.25850421078002134 -0.05272769501275109
        0.000818009853350784 0.23075129421261664 -0.10147751055315163 0.29028517262668346 -0.04003240581541152
        0.0008242621440436518 0.23094146233110208 -0.07057723132636479 0.3224684657358111 -0.027536767201478962
        0.0008696100256788083 0.23149638759956714 -0.08335993882946804 0.31526439590442196 -0.03323619955707162
        """,
)
_KOWALIK_OSBORNE_LIMITS = (
    Limit(
        0.000513671524347729,
        lambda s: (22.095935730168623 * s, -14.075883400603313, -1e3 * s, -623.8013410486994 * s),
        "x_0 → ∞ and x_2, x_3 → −∞, 2 F = 1.02734e-3 of the paper; F falls toward it",
    ),
    Limit(
        0.0004723156479708767,
        lambda s: (-1e-3 / s, -2427.085333166005 * s, 7.447303271654515, 5.024175598095757),
        "x_0 → 0 from below and x_1 → −∞; F falls toward it",
    ),
)

PROBLEMS = (
    Problem(
        "powell-singular",
        (3.0, -1.0, 0.0, 1.0),
        _powell_singular,
        (Known(0.0, (0.0, 0.0, 0.0, 0.0), "∇²F is singular there, of rank 2"),),
    ),
    Problem(
        "wood",
        (-3.0, -1.0, -3.0, -1.0),
        _wood,
        (Known(0.0, (1.0, 1.0, 1.0, 1.0)),),
        known_points(
            4, "3.9384835825884337 -0.9679740249375931 0.9471391408178418 -0.9695163103315911 0.9512476657923252", index=1
        ),
    ),
    Problem(
        "kowalik-osborne",
        (0.25, 0.39, 0.415, 0.39),
        _kowalik_osborne,
        _KOWALIK_OSBORNE,
        known_points(
            4, "0.0008972695302822451 0.23237819902938214 -1.9297198941195446 -1.5225846759014694 -0.7856569301921219", index=1
        ),
        _KOWALIK_OSBORNE_LIMITS,
        "A denominator has two poles, and there are many minima between poles: listed are those found with 2 F < 0.00175. The "
        "saddle, where the fraction reduces to u / (u + c), is one of at least eight with its value, a minimum's in some lists.",
    ),
    Problem(
        "brown-dennis",
        (25.0, 5.0, -5.0, -1.0),
        _brown_dennis,
        known_points(4, "42911.10081317817 -11.594439904762165 13.203630051207204 -0.40343948817685954 0.2367787744557363"),
    ),
)
