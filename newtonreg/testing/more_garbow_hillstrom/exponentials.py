"""Problems 10, 17 and 18: exponentials fitted to data."""

import math

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Limit, Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import symmetric

__all__ = ["PROBLEMS"]

_MEYER_Y = [
    *(34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0),
    *(8261.0, 7030.0, 6005.0, 5147.0, 4427.0, 3820.0, 3307.0, 2872.0),
]


def _meyer(xp):
    """r_i = x_0 exp(x_1 / (t_i + x_2)) − y_i, t_i = 45 + 5 i, i = 1, …, 16."""
    y, t = xp.asarray(_MEYER_Y), xp.asarray([45.0 + 5.0 * k for k in range(1, 17)])

    def residuals(x):
        return x[0] * xp.exp(x[1] / (t + x[2])) - y

    def jacobian(x):
        q = 1.0 / (t + x[2])
        e = xp.exp(x[1] * q)
        return xp.stack([e, x[0] * q * e, -x[0] * x[1] * q**2 * e], axis=1)

    def hessians(x):
        q = 1.0 / (t + x[2])
        e = xp.exp(x[1] * q)
        entries = {
            (0, 1): q * e,
            (0, 2): -x[1] * q**2 * e,
            (1, 1): x[0] * q**2 * e,
            (1, 2): -x[0] * q**2 * (1.0 + x[1] * q) * e,
            (2, 2): x[0] * x[1] * q**3 * (2.0 + x[1] * q) * e,
        }
        return symmetric(3, entries)

    return LeastSquares(residuals, 3, jacobian, hessians)


_OSBORNE_1_Y = [
    *(0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.85, 0.818, 0.784, 0.751),
    *(0.718, 0.685, 0.658, 0.628, 0.603, 0.58, 0.558, 0.538, 0.522, 0.506, 0.49),
    *(0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.42, 0.414, 0.411, 0.406),
]


def _osborne_1(xp):
    """r_i = y_i − (x_0 + x_1 exp(−t_i x_3) + x_2 exp(−t_i x_4)), t_i = 10 (i − 1), i = 1, …, 33."""
    y, t = xp.asarray(_OSBORNE_1_Y), xp.asarray([10.0 * k for k in range(33)])

    def residuals(x):
        return y - (x[0] + x[1] * xp.exp(-t * x[3]) + x[2] * xp.exp(-t * x[4]))

    def jacobian(x):
        a, b = xp.exp(-t * x[3]), xp.exp(-t * x[4])
        return xp.stack([-xp.ones_like(t), -a, -b, x[1] * t * a, x[2] * t * b], axis=1)

    def hessians(x):
        a, b = xp.exp(-t * x[3]), xp.exp(-t * x[4])
        return symmetric(5, {(1, 3): t * a, (2, 4): t * b, (3, 3): -x[1] * t**2 * a, (4, 4): -x[2] * t**2 * b})

    return LeastSquares(residuals, 5, jacobian, hessians)


def _biggs_exp6(xp):
    """r_i = x_2 exp(−t_i x_0) − x_3 exp(−t_i x_1) + x_5 exp(−t_i x_4) − y_i, t_i = i/10, i = 1, …, 13.

    y_i is the model at (1, 10, 1, 5, 4, 3).
    """
    t = xp.asarray([k / 10.0 for k in range(1, 14)])
    y = xp.exp(-t) - 5.0 * xp.exp(-10.0 * t) + 3.0 * xp.exp(-4.0 * t)

    def terms(x):
        return xp.exp(-t * x[0]), xp.exp(-t * x[1]), xp.exp(-t * x[4])

    def residuals(x):
        a, b, c = terms(x)
        return x[2] * a - x[3] * b + x[5] * c - y

    def jacobian(x):
        a, b, c = terms(x)
        return xp.stack([-x[2] * t * a, x[3] * t * b, a, -b, -x[5] * t * c, c], axis=1)

    def hessians(x):
        a, b, c = terms(x)
        mixed = {(0, 2): -t * a, (1, 3): t * b, (4, 5): -t * c}
        return symmetric(6, mixed | {(0, 0): x[2] * t**2 * a, (1, 1): -x[3] * t**2 * b, (4, 4): x[5] * t**2 * c})

    return LeastSquares(residuals, 6, jacobian, hessians)


def _meyer_exponential(s):
    """Toward x_1 = ∞, x_2 = −∞, where the model is exp(a − b t), with the same value and slope at t = 80."""
    a, b, distance = 12.216223345458465, 0.035545120258454965, 3e3 * s
    return math.exp(a + b * (distance - 80.0)), b * distance**2, -80.0 - distance


_MEYER = known_points(3, "43.97292758542556 0.005609636471028053 6181.346346286372 345.2236346241365")
_MEYER_LIMIT = Limit(967632.5132822718, _meyer_exponential, "x_1 → ∞ and x_2 → −∞, beyond the poles; F falls toward it")


def _osborne_1_parabola(s):
    """Toward x_3 = x_4 = 0, where the two exponentials make a parabola c_0 + c_1 t + c_2 t²."""
    c0, c1, c2, rate = 0.9877715813598167, -0.002916775302496365, 3.165307178589911e-06, 1e-5 / s
    first, second = -c1 / rate, 2.0 * c2 / rate**2  # x_1 + 2 x_2 and x_1 + 4 x_2 for rates 1 and 2
    weights = 2.0 * first - second, 0.5 * (second - first)
    return c0 - sum(weights), *weights, rate, 2.0 * rate


_OSBORNE_1 = (
    *known_points(
        5,
        """
        2.732447348741456e-05
            0.37541005210695194 1.9358469127123559 -1.4646871366134115 0.012867534640057266 0.02212269966167266
        """,
    ),
    Known(
        0.025286022707464356,
        (-0.08011293278927777, 0.5311431916427949, 0.5311431916427949, 0.0027179373225254063, 0.0027179373225254063),
        "one point of the segment x_1 + x_2 = const, x_1, x_2 > 0: two equal exponentials",
    ),
)
_OSBORNE_1_LIMIT = Limit(0.02334739573424678, _osborne_1_parabola, "x_3, x_4 → 0; F falls toward it for x_3 + x_4 > 0")

_BIGGS_RATE, _BIGGS_SUM = 1.7114159947195875, 2.326287321837785
"""Of the one exponential that takes the place of the first and the third where x_0 = x_4."""
_BIGGS_OTHER = 17.683198180949066, 5.186561551993452


def _biggs_merged(weight):
    """The stationary points on the line x_0 = x_4, x_2 + x_5 = const."""
    return _BIGGS_RATE, _BIGGS_OTHER[0], weight * _BIGGS_SUM, _BIGGS_OTHER[1], _BIGGS_RATE, (1.0 - weight) * _BIGGS_SUM


def _biggs_confluent(s):
    """Toward x_0 = x_1, where the first two exponentials make (c_0 + c_1 t) exp(−a t)."""
    c0, c1, a, gap = 1.5232645545950663, -0.980147715260635, 0.14650018426467074, 1e-3 / s
    weight = 0.5 * c1 / gap
    return a - gap, a + gap, weight + 0.5 * c0, weight - 0.5 * c0, a, 0.0


_BIGGS_EXP6 = (
    Known(0.0, (1.0, 10.0, 1.0, 5.0, 4.0, 3.0), "and with the exponentials in other orders"),
    Known(
        0.0028278249627499653,
        _biggs_merged(1.5),
        "one point of the line x_0 = x_4, x_2 + x_5 = const where x_2 x_5 < 0; other pairs of exponentials have such lines too",
    ),
)
_BIGGS_EXP6_LIMIT = Limit(
    0.12133838930360642, _biggs_confluent, "x_0, x_1, x_4 draw together and x_2, x_3 → ±∞; F falls toward it while x_0 = x_4"
)
_BIGGS_EXP6_SADDLES = (
    Known(0.0028278249627499653, _biggs_merged(0.5), "one point of the same line where x_2 x_5 > 0", index=1),
    Known(
        0.1531833863123949,
        (1.227555947524032, 1.227555947524032, 1.6654061266693205, 1.6654061266693205, 1.227555947524032, 1.6654061266693205),
        "three equal exponentials; 2 F = 0.306367 in some lists of minima",
        index=1,
    ),
)

PROBLEMS = (
    Problem(
        "meyer",
        (0.02, 4000.0, 250.0),
        _meyer,
        _MEYER,
        limits=(_MEYER_LIMIT,),
        note="The model has poles of infinite order at x_2 = −t_i.",
    ),
    Problem(
        "osborne-1",
        (0.5, 1.5, -1.0, 0.01, 0.02),
        _osborne_1,
        _OSBORNE_1,
        limits=(_OSBORNE_1_LIMIT,),
        note="Symmetric in its two exponentials.",
    ),
    Problem(
        "biggs-exp6",
        (1.0, 2.0, 1.0, 1.0, 1.0, 1.0),
        _biggs_exp6,
        _BIGGS_EXP6,
        _BIGGS_EXP6_SADDLES,
        (_BIGGS_EXP6_LIMIT,),
        "From the standard start, methods that treat parameters alike keep x_0 = x_4 and x_2 = x_5 up to rounding. There the "
        "first saddle, 2 F = 5.65565e-3, looks like a minimum; the minima with its value are elsewhere.",
    ),
)
