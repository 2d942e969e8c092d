"""Small sums of squares with known minima, on every array library, for checking norms and solvers."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.objectives import LeastSquares

__all__ = ["linear_least_squares", "rosenbrock"]


def _quadratic_residuals(constant, linear, quadratic, wall=math.inf):
    """r_j = c_j + A_j x + ½ xᵀQ_j x with c (r,), A (r, p) and Q (r, p, p) symmetric; NaN where x_0 exceeds `wall`."""
    xp = namespace(constant)

    def residuals(x):
        inside = constant + xp.matmul(linear, x) + 0.5 * xp.matmul(xp.matmul(quadratic, x), x)
        return xp.where(x[0] <= wall, inside, xp.asarray(math.nan, dtype=xp.float64))

    return LeastSquares(residuals, linear.shape[1], lambda x: linear + xp.matmul(quadratic, x), lambda x: quadratic)


def linear_least_squares(xp):
    """A convex quadratic in three variables with F > 0 at its minimum."""
    linear = [[4.0, 1.0, 0.0], [1.0, 2.0, -1.0], [0.0, 1.0, 0.5], [1.0, 0.0, 1.0]]
    constant = xp.asarray([1.0, -2.0, 0.5, 3.0])
    return _quadratic_residuals(constant, xp.asarray(linear), xp.zeros((4, 3, 3), dtype=xp.float64))


def rosenbrock(xp, wall=math.inf):
    """½ (10 (x_1 − x_0²))² + ½ (1 − x_0)²; the minimum 0 at (1, 1), where `wall` leaves it."""
    quadratic = [[[-20.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]
    return _quadratic_residuals(xp.asarray([0.0, 1.0]), xp.asarray([[0.0, 10.0], [-1.0, 0.0]]), xp.asarray(quadratic), wall)
