"""Problem 20: Watson's polynomial collocation of an ordinary differential equation."""

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Problem, known_points

__all__ = ["PROBLEMS"]


def _watson(n_params):
    """r_i = Σ_j j x_j t_i^(j−1) − (Σ_j x_j t_i^j)² − 1, t_i = i/29, i = 1, …, 29; r_30 = x_0, r_31 = x_1 − x_0² − 1."""
    times = [k / 29.0 for k in range(1, 30)]
    powers = [*([t**j for j in range(n_params)] for t in times), [0.0] * n_params, [1.0, *[0.0] * (n_params - 1)]]
    slopes = [[0.0, *(j * t ** (j - 1) for j in range(1, n_params))] for t in times]
    slopes += [[1.0, *[0.0] * (n_params - 1)], [0.0, 1.0, *[0.0] * (n_params - 2)]]

    def make(xp):
        value, slope = xp.asarray(powers), xp.asarray(slopes)
        constant = xp.asarray([*[1.0] * 29, 0.0, 1.0])

        def residuals(x):
            return xp.matmul(slope, x) - xp.matmul(value, x) ** 2 - constant

        def jacobian(x):
            return slope - 2.0 * xp.matmul(value, x)[:, None] * value

        def hessians(x):
            return -2.0 * value[:, :, None] * value[:, None, :]

        return LeastSquares(residuals, n_params, jacobian, hessians)

    return make


_MINIMA_6 = known_points(
    6,
    """
    0.0011438350267762181 -0.015725086401458456 1.0124348693691099 -0.2329916259567377 1.2604300877996084 -1.5137289227222797
        0.9929964324311346
    """,
)
_MINIMA_9 = known_points(
    9,
    """
    6.9988006904951e-07 -1.5307036521394342e-05 0.9997897039319483 0.014763963693556958 0.14634232829936222 1.0008211030047092
        -2.617731140519015 4.104403164478857 -3.1436122785564424 1.0526264080101668
    """,
)
_MINIMA_12 = known_points(
    12,
    """
    2.3611905529458785e-10 -6.638060464520687e-09 1.000001644117862 -0.0005639322103423058 0.34782054050404243
        -0.15673150409616513 1.0528151772071777 -3.2472711534596677 7.288434897938061 -10.271848241321724 9.074113647075317
        -4.541375466692512 1.0120118885528104
    """,
)

PROBLEMS = (
    Problem("watson-6", (0.0,) * 6, _watson(6), _MINIMA_6),
    Problem("watson-9", (0.0,) * 9, _watson(9), _MINIMA_9),
    Problem("watson-12", (0.0,) * 12, _watson(12), _MINIMA_12),
)
