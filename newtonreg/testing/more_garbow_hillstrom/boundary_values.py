"""Problems 28 and 29: u'' = (u + t + 1)³ / 2, u(0) = u(1) = 0, by differences and as an integral equation."""

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import diagonals

__all__ = ["PROBLEMS"]

_SIZE = 10
_STEP = 1.0 / (_SIZE + 1)
_TIMES = [k * _STEP for k in range(1, _SIZE + 1)]


def _cubic_system(xp, linear, cubic):
    """r = L x + C (x + t + 1)³ for matrices L and C."""
    linear, cubic, shift = xp.asarray(linear), xp.asarray(cubic), xp.asarray(_TIMES) + 1.0

    def residuals(x):
        return xp.matmul(linear, x) + xp.matmul(cubic, (x + shift) ** 3)

    def jacobian(x):
        return linear + 3.0 * cubic * (x + shift) ** 2

    def hessians(x):
        return diagonals(6.0 * cubic * (x + shift))

    return LeastSquares(residuals, _SIZE, jacobian, hessians)


def _discrete_boundary_value(xp):
    """r_i = 2 x_i − x_{i−1} − x_{i+1} + h² (x_i + t_i + 1)³ / 2."""
    places = range(_SIZE)
    linear = [[2.0 * (i == j) - (abs(i - j) == 1) for j in places] for i in places]
    return _cubic_system(xp, linear, [[0.5 * _STEP**2 * (i == j) for j in places] for i in places])


def _discrete_integral_equation(xp):
    """r_i = x_i + h/2 ((1 − t_i) Σ_{j≤i} t_j c_j + t_i Σ_{j>i} (1 − t_j) c_j), c_j = (x_j + t_j + 1)³."""
    cubic = [[0.5 * _STEP * min(s, t) * (1.0 - max(s, t)) for t in _TIMES] for s in _TIMES]
    return _cubic_system(xp, [[float(i == j) for j in range(_SIZE)] for i in range(_SIZE)], cubic)


_START = tuple(t * (t - 1.0) for t in _TIMES)
_MINIMA = known_points(
    10,
    """
    0.0 -0.04316498251876487 -0.08157715653538689 -0.11448571438052929 -0.14097357686259668 -0.1599086961819831
        -0.16987720231277492 -0.16908998378120835 -0.15524953522183182 -0.125355891678935 -0.07541653368589209
    """,
)
"""Of both: the second system is the first, multiplied by the inverse of its linear part."""

PROBLEMS = (
    Problem("discrete-boundary-value-10", _START, _discrete_boundary_value, _MINIMA),
    Problem("discrete-integral-equation-10", _START, _discrete_integral_equation, _MINIMA),
)
