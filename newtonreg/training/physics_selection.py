"""Units chosen one after the other from a pool, against the residual of an equation that is linearized where the fit stands."""

import numpy as np

from newtonreg.backend.arrays import namespace, to_device, to_host
from newtonreg.initializers.forward_selection import greedy, take_chosen

__all__ = ["selected_units", "through"]

_PER_UNIT, _LEAST, _MOST = 8, 300, 2000
"""Candidates for each unit, and in all."""
_FLATTEST = 0.3
"""Steepness of the flattest, on inputs in [−1, 1]."""
_RESOLVED = 0.5
"""Of the distance of neighboring points, how much of its rise a unit may make there at most."""
_RISE = 1.1
"""Of a unit between two points: tanh goes from −½ to ½."""
_REACH = 1.4
"""Of knots, on inputs in [−1, 1]."""


def selected_units(objective, params, rng):
    """Units (q, k) of a network with one output, from a pool of all steepnesses that the points resolve.

    With the residuals linearized at `params`, each unit is the one that lowers their sum of squares most beside those before it
    (orthogonal least squares).

    Parameters
    ----------
    objective : PhysicsRisk
    params : array of shape (p,)
    rng : RandomState

    Notes
    -----
    2 M N k flops for M candidates, eight a unit, and N residuals.
    """
    network = objective.network
    pool = to_device(_pool(to_host(objective.terms[0].sets[0].inputs), network.n_units, rng), params)
    point = objective.at(params)
    rows, residuals = point.rows_of(pool)
    own = point.outer_rows()
    xp = namespace(rows)
    # what the linearized residual would be without this network
    rest = xp.matmul(xp.matrix_transpose(own), params[network.outer]) - residuals
    constant = rows[-1, :]
    square = xp.vecdot(constant, constant)
    square = xp.where(square > 0.0, square, xp.ones_like(square))
    columns = rows[:-1, :]
    columns = columns - xp.matmul(columns, constant)[:, None] * (constant / square)[None, :]
    lengths = xp.linalg.vector_norm(columns, axis=1)
    columns = columns / xp.where(lengths > 0.0, lengths, xp.ones_like(lengths))[:, None]
    rest = rest - xp.vecdot(rest, constant) * constant / square
    chosen = greedy(columns, rest[None, :], network.n_units, xp)
    return take_chosen(pool, chosen, network.n_units, rng.permutation(pool.shape[1]).tolist())


def _pool(inputs, n_units, rng):
    """Candidates (d + 1, M): a third isotropic, a third with a steepness of its own along each axis, a third between points."""
    d, n = inputs.shape
    size = min(_MOST, max(_LEAST, _PER_UNIT * n_units)) // 3
    steepest = max(2.0 * _FLATTEST, _RESOLVED * 0.5 * n ** (1.0 / d))
    directions = rng.standard_normal((d, size))
    isotropic = _log_uniform(rng, steepest, size) * directions / np.sqrt((directions**2).sum(axis=0))
    along = _log_uniform(rng, steepest, (d, size)) * rng.choice([-1.0, 1.0], (d, size))
    weights = np.hstack([isotropic, along])
    knots = rng.uniform(-_REACH, _REACH, weights.shape)
    return np.hstack([through(knots, weights), _between_points(inputs, size, rng)])


def through(knots, weights):
    """Units (d + 1, k) of `weights` (d, k) whose z is zero at `knots` (d, k)."""
    return np.vstack([weights, -(weights * knots).sum(axis=0)])


def _log_uniform(rng, steepest, size):
    return np.exp(rng.uniform(np.log(_FLATTEST), np.log(steepest), size))


def _between_points(inputs, size, rng):
    """Units that rise between a point and one of its neighbors, near or far: steeper where points are dense."""
    d, n = inputs.shape
    first = rng.randint(n, size=size)
    nearest = max(1, min(n - 1, 2**d))
    ranks = np.exp(rng.uniform(np.log(nearest), np.log(max(nearest + 1, n // 2)), size)).astype(int).clip(1, n - 1)
    distances = ((inputs[:, first, None] - inputs[:, None, :]) ** 2).sum(axis=0)
    second = np.argsort(distances, axis=1)[np.arange(size), ranks]
    way = inputs[:, second] - inputs[:, first]
    squares = (way**2).sum(axis=0)
    way, squares = np.where(squares > 0.0, way, 1.0), np.where(squares > 0.0, squares, d)
    return through(0.5 * (inputs[:, first] + inputs[:, second]), _RISE * way / squares)
