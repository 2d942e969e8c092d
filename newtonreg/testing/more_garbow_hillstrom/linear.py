"""Problems 32 to 34: linear functions of full rank, of rank 1, and of rank 1 with zero columns and rows."""

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Known, Problem

__all__ = ["PROBLEMS"]

_COLUMNS = 5
_ROWS = 10


def _affine(entry):
    """r_i = Σ_j entry(i, j) x_j − 1, i = 1, …, 10, j = 1, …, 5."""
    rows = [[float(entry(i, j)) for j in range(1, _COLUMNS + 1)] for i in range(1, _ROWS + 1)]

    def make(xp):
        matrix = xp.asarray(rows)

        def residuals(x):
            return xp.matmul(matrix, x) - 1.0

        def jacobian(x):
            return matrix

        def hessians(x):
            return xp.zeros((_ROWS, _COLUMNS, _COLUMNS), dtype=xp.float64)

        return LeastSquares(residuals, _COLUMNS, jacobian, hessians)

    return make


_full_rank = _affine(lambda i, j: (i == j) - 2.0 / _ROWS)
_rank_1 = _affine(lambda i, j: i * j)
_rank_1_zero = _affine(lambda i, j: (i - 1) * j * (1 < i < _ROWS and 1 < j < _COLUMNS))

_RANK_1 = Known(15.0 / 14.0, (1.0 / 7.0, 0.0, 0.0, 0.0, 0.0), "m (m − 1) / (4 (2 m + 1)) where Σ_j j x_j = 3 / (2 m + 1)")
_RANK_1_ZERO = Known(
    31.0 / 17.0, (0.0, 3.0 / 34.0, 0.0, 0.0, 0.0), "(m² + 3 m − 6) / (4 (2 m − 3)) where Σ_j j x_j = 3 / (2 m − 3), 1 < j < p"
)

PROBLEMS = (
    Problem("linear-full-rank", (1.0,) * 5, _full_rank, (Known(2.5, (-1.0,) * 5, "(m − p) / 2"),)),
    Problem("linear-rank-1", (1.0,) * 5, _rank_1, (_RANK_1,)),
    Problem("linear-rank-1-zero", (1.0,) * 5, _rank_1_zero, (_RANK_1_ZERO,)),
)
