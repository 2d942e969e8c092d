"""Units chosen against the target, one after the other, from a pool."""

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.initializers.sampled_pairs import SampledPairs

__all__ = ["ForwardSelection", "draw_chosen", "draw_pool", "greedy", "select_forward", "take_chosen"]

_POOL = 300
"""Candidates at least, where few units are wanted."""
_INDEPENDENT = 1e-12
"""Of the squared norm of a candidate, what must be left outside the span of those chosen before."""


class ForwardSelection(BaseEstimator):
    """Units chosen one after the other from a pool so that least squares on them falls most (orthogonal least squares).

    Parameters
    ----------
    pool_size : int, default=12
        Candidates for each unit; a third of them `SampledPairs`, the others `Knots`.

    Notes
    -----
    Costs 2 M n flops a unit for M candidates and n rows.

    References
    ----------
    Chen, Cowan & Grant, *Orthogonal least squares learning algorithm for radial basis function networks* (1991).
    """

    name = "forward-selection"
    needs_ridge = False

    def __init__(self, pool_size=12):
        self.pool_size = pool_size

    def units(self, basis, data, n_units, rng):
        """Units (q, k) for `data` with `inputs` (d, n), `targets` (m, n) and `weights` (n,)."""
        pool = draw_pool(basis, data, max(1, self.pool_size) * n_units, rng)
        chosen = select_forward(basis.at(data.inputs, pool).values, data.targets, data.weights, n_units)
        return take_chosen(pool, chosen, n_units, rng.permutation(pool.shape[1]).tolist())


def draw_pool(basis, data, size, rng):
    """Candidates (q, size): a third between pairs of points where the basis is a ridge, the others the basis's own draw."""
    n_pairs = size // 3 if hasattr(basis, "rise") else 0
    own = basis.init_units(data.inputs, size - n_pairs, rng, data.weights)
    if n_pairs == 0:
        return own
    return namespace(own).concat([SampledPairs().units(basis, data, n_pairs, rng), own], axis=1)


def draw_chosen(basis, data, targets, n_units, rng, kept):
    """Units (q, n_units) selected forward from a fresh pool, beside the functions `kept` (k, n), for `targets` (m, n)."""
    pool = draw_pool(basis, data, max(_POOL, 3 * n_units), rng)
    chosen = select_forward(basis.at(data.inputs, pool).values, targets, data.weights, n_units, kept)
    return take_chosen(pool, chosen, n_units, range(pool.shape[1]))


def take_chosen(pool, chosen, n_units, order):
    """`n_units` columns of `pool`: those `chosen`, and where they are too few others in the `order` given."""
    xp = namespace(pool)
    spare = [k for k in order if k not in set(chosen)]
    return xp.take(pool, xp.asarray((chosen + spare)[:n_units], dtype=xp.int64, device=device_of(pool)), axis=1)


def select_forward(candidates, targets, weights, n_select, kept=None):
    """Indices of `n_select` candidates (M, n), or fewer, that lower the weighted least-squares error of `targets` (m, n) most.

    Each is chosen beside a constant, the functions `kept` (k, n), and those before it. Fewer, where the rest of the pool lies in
    the span of these. 2 M n flops each.
    """
    xp = namespace(candidates)
    share = weights / xp.sum(weights)
    root = xp.sqrt(share)

    def centered(rows):
        return (rows - xp.matmul(rows, share)[:, None]) * root

    columns, rest = centered(candidates), centered(targets)
    if kept is not None and kept.shape[0] > 0:
        span = xp.matrix_transpose(linalg.qr(xp.matrix_transpose(centered(kept)))[0])
        for _ in range(2):
            columns = columns - linalg.matmul(linalg.matmul(columns, xp.matrix_transpose(span)), span)
            rest = rest - linalg.matmul(linalg.matmul(rest, xp.matrix_transpose(span)), span)
    return greedy(columns, rest, n_select, xp)


def greedy(columns, rest, n_select, xp):
    """The choice among `columns` (M, n) for `rest` (m, n), both orthogonal to what is kept."""
    squares = xp.sum(columns * columns, axis=1)
    least = _INDEPENDENT * squares + 1e-30
    along = linalg.matmul(columns, xp.matrix_transpose(rest))
    directions, chosen = [], []
    for _ in range(n_select):
        gains = xp.sum(along * along, axis=1) / xp.where(squares > least, squares, xp.inf * xp.ones_like(squares))
        best = int(xp.argmax(gains))
        if not to_floats(gains[best])[0] > 0.0:
            break
        direction = columns[best, :]
        # twice is enough: once leaves rounding errors of the size of the part that is taken away
        for _ in range(2):
            for other in directions:
                direction = direction - xp.vecdot(other, direction) * other
        direction = direction / xp.linalg.vector_norm(direction)
        directions.append(direction)
        chosen.append(best)
        shadow = xp.matmul(columns, direction)
        squares = squares - shadow * shadow
        along = along - shadow[:, None] * xp.matmul(rest, direction)[None, :]
    return chosen
