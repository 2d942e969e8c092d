"""Problems 21 and 22: Rosenbrock's and Powell's functions, once for each group of variables."""

import math

from newtonreg.backend.arrays import namespace
from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Problem
from newtonreg.testing.more_garbow_hillstrom.assembling import block_diagonal, block_diagonal_hessians

__all__ = ["PROBLEMS"]

_SQRT_5 = math.sqrt(5.0)
_SQRT_10 = math.sqrt(10.0)


def _flat(columns):
    """Residuals of the groups in order, from one array for each residual of a group."""
    xp = namespace(columns[0])
    return xp.reshape(xp.stack(columns, axis=1), (-1,))


def _extended_rosenbrock(xp):
    """r = (10 (x_{2i+1} − x_{2i}²), 1 − x_{2i}) for i = 0, …, 4."""

    def residuals(x):
        first, second = x[0::2], x[1::2]
        return _flat([10.0 * (second - first**2), 1.0 - first])

    def jacobian(x):
        first = x[0::2]
        one, zero = xp.ones_like(first), xp.zeros_like(first)
        rows = [xp.stack([-20.0 * first, 10.0 * one], axis=1), xp.stack([-one, zero], axis=1)]
        return block_diagonal(xp.stack(rows, axis=1))

    def hessians(x):
        one = xp.asarray([[[-20.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
        return block_diagonal_hessians(xp.broadcast_to(one, (5, 2, 2, 2)))

    return LeastSquares(residuals, 10, jacobian, hessians)


def _extended_powell(xp):
    """r = (a + 10 b, √5 (c − d), (b − 2 c)², √10 (a − d)²) for each group (a, b, c, d) of three."""
    linear = xp.asarray([[1.0, 10.0, 0.0, 0.0], [0.0, 0.0, _SQRT_5, -_SQRT_5]])
    squared = xp.asarray([[0.0, 1.0, -2.0, 0.0], [math.sqrt(_SQRT_10), 0.0, 0.0, -math.sqrt(_SQRT_10)]])

    def groups(x):
        return xp.reshape(x, (3, 4))

    def residuals(x):
        rows = [xp.matmul(groups(x), xp.matrix_transpose(matrix)) for matrix in (linear, squared)]
        return xp.reshape(xp.concat([rows[0], rows[1] ** 2], axis=1), (-1,))

    def jacobian(x):
        slopes = 2.0 * xp.matmul(groups(x), xp.matrix_transpose(squared))[:, :, None] * squared
        return block_diagonal(xp.concat([xp.broadcast_to(linear, (3, 2, 4)), slopes], axis=1))

    def hessians(x):
        bend = 2.0 * squared[:, :, None] * squared[:, None, :]
        one = xp.concat([xp.zeros_like(bend), bend], axis=0)
        return block_diagonal_hessians(xp.broadcast_to(one, (3, 4, 4, 4)))

    return LeastSquares(residuals, 12, jacobian, hessians)


PROBLEMS = (
    Problem("extended-rosenbrock-10", (-1.2, 1.0) * 5, _extended_rosenbrock, (Known(0.0, (1.0,) * 10),)),
    Problem("extended-powell-singular-12", (3.0, -1.0, 0.0, 1.0) * 3, _extended_powell, (Known(0.0, (0.0,) * 12),)),
)
