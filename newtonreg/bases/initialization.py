"""Random units for standardized inputs.

Random numbers are drawn on the host, so every array library starts from the same point. Where a draw looks at the data it goes
through weighted quantiles of a projection: that depends neither on the order of the rows nor on whether a row of weight two is
one row or two.
"""

import math

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["draw_rows", "init_radial_units", "init_ridge_units", "weighted_quantile_index"]


def weighted_quantile_index(values, weights, levels):
    """Index into `values` (n,) of the weighted quantile at each level in (0, 1); `levels` is an array of the same library."""
    xp = namespace(values)
    order = xp.argsort(values)
    cumulative = xp.cumulative_sum(xp.take(weights, order))
    position = xp.searchsorted(cumulative, levels * cumulative[-1])
    position = xp.clip(position, 0, values.shape[0] - 1)
    return xp.take(order, position)


def init_ridge_units(inputs, n_units, rng, weights):
    """Weights and biases (d + 1, k) of ridge units.

    Directions are random; along each a slope log-uniform in [0.3, 3] per standard deviation with either sign, and the knot at
    a data point drawn through the weights: units of different steepness cover the range of the data.
    """
    xp = namespace(inputs)
    directions = rng.standard_normal((inputs.shape[0], n_units))
    directions = _host_to(directions / (directions**2).sum(axis=0) ** 0.5, inputs)
    knots = xp.take(inputs, draw_rows(inputs, n_units, rng, weights), axis=1)
    slopes = _host_to(10.0 ** rng.uniform(math.log10(0.3), math.log10(3.0), n_units), inputs)
    units = slopes * directions
    return xp.concat([units, -xp.sum(units * knots, axis=0)[None, :]], axis=0)


def init_radial_units(inputs, n_units, rng, weights):
    """Centres at data points drawn through the weights, inverse widths log-uniform in [0.5, 2] / √d; (2 d, k)."""
    d = inputs.shape[0]
    centers = namespace(inputs).take(inputs, draw_rows(inputs, n_units, rng, weights), axis=1)
    inverse = 2.0 ** rng.uniform(-1.0, 1.0, (d, n_units)) / math.sqrt(d)
    return namespace(inputs).concat([centers, _host_to(inverse, inputs)])


def draw_rows(inputs, n_draws, rng, weights):
    """Indices of `n_draws` rows: weighted quantiles, at random levels, of one random projection of `inputs` (d, n)."""
    xp = namespace(inputs)
    direction = _host_to(rng.standard_normal(inputs.shape[0]), inputs)
    levels = _host_to(rng.uniform(size=n_draws), inputs)
    return weighted_quantile_index(xp.matmul(direction, inputs), weights, levels)


def _host_to(values, like):
    return namespace(like).asarray(values, dtype=like.dtype, device=device_of(like))
