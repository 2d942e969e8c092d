"""Small objectives with known minima, on every array library, for checking norms and solvers."""

import math
from functools import cached_property

from newtonreg.backend.arrays import namespace
from newtonreg.objectives.analytic import Analytic, AnalyticEvaluation

__all__ = ["QuadraticResiduals", "linear_least_squares", "rosenbrock"]


class QuadraticResiduals(Analytic):
    """F(x) = ½ ‖r(x)‖² with r_j = c_j + A_j x + ½ xᵀQ_j x: linear least squares and Rosenbrock's valley in one formula.

    Unlike `Analytic` it has residuals, hence a Gauss–Newton matrix and what geodesic acceleration needs.

    Parameters
    ----------
    constant : array of shape (r,)
        c.
    linear : array of shape (r, p)
        A.
    quadratic : array of shape (r, p, p)
        Q, symmetric.
    wall : float, default=inf
        F is NaN where x_0 exceeds this.
    """

    is_sum_of_squares = True
    is_nonnegative = True

    def __init__(self, constant, linear, quadratic, wall=math.inf):
        super().__init__(self._half_square, linear.shape[1], self._pulled_residual, self._exact)
        self.constant = constant
        self.linear = linear
        self.quadratic = quadratic
        self.wall = wall

    def at(self, params):
        """The function at `params` (p,)."""
        return _ResidualPoint(self, params)

    def residual(self, x):
        """r, shape (r,)."""
        xp = namespace(x)
        return self.constant + xp.matmul(self.linear, x) + 0.5 * xp.matmul(xp.matmul(self.quadratic, x), x)

    def jacobian(self, x):
        """∂r/∂x = A + Q x, shape (r, p)."""
        return self.linear + namespace(x).matmul(self.quadratic, x)

    def pullback(self, x, u):
        """Jᵀu, shape (p,)."""
        xp = namespace(x)
        return xp.matmul(xp.matrix_transpose(self.jacobian(x)), u)

    def _half_square(self, x):
        residual = self.residual(x)
        return 0.5 * namespace(x).vecdot(residual, residual) if float(x[0]) <= self.wall else math.nan

    def _pulled_residual(self, x):
        return self.pullback(x, self.residual(x))

    def _exact(self, x):
        xp, jacobian = namespace(x), self.jacobian(x)
        bend = xp.sum(self.residual(x)[:, None, None] * self.quadratic, axis=0)
        return xp.matmul(xp.matrix_transpose(jacobian), jacobian) + bend


class _ResidualPoint(AnalyticEvaluation):
    """`QuadraticResiduals` at one point."""

    @cached_property
    def gauss_newton(self):
        """JᵀJ, shape (p, p)."""
        self._objective.counts.nhev += 1
        jacobian = self._objective.jacobian(self.params)
        xp = namespace(jacobian)
        return xp.matmul(xp.matrix_transpose(jacobian), jacobian)

    def gnvp(self, v):
        """JᵀJ v."""
        self._objective.counts.nhvp += 1
        return namespace(v).matmul(self.gauss_newton, v)

    def second_directional(self, v):
        """Jᵀ ∂²r[v, v], shape (p,)."""
        self._objective.counts.nhvp += 1
        xp, objective = namespace(v), self._objective
        return objective.pullback(self.params, xp.matmul(xp.matmul(objective.quadratic, v), v))


def linear_least_squares(xp):
    """A convex quadratic in three variables with F > 0 at its minimum."""
    linear = [[4.0, 1.0, 0.0], [1.0, 2.0, -1.0], [0.0, 1.0, 0.5], [1.0, 0.0, 1.0]]
    constant = xp.asarray([1.0, -2.0, 0.5, 3.0])
    return QuadraticResiduals(constant, xp.asarray(linear), xp.zeros((4, 3, 3), dtype=xp.float64))


def rosenbrock(xp, wall=math.inf):
    """½ (10 (x_1 − x_0²))² + ½ (1 − x_0)²; the minimum 0 at (1, 1), where `wall` leaves it."""
    quadratic = [[[-20.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]
    return QuadraticResiduals(xp.asarray([0.0, 1.0]), xp.asarray([[0.0, 10.0], [-1.0, 0.0]]), xp.asarray(quadratic), wall)
