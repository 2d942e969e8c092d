"""Readout: units that nobody trained, with coefficients by least squares; in one dimension hard to beat where units are many."""

from typing import NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats

__all__ = ["Readout", "best_readout", "even_units", "with_solved_outer"]

_SLOPES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Rises of tanh's argument from knot to knot: steeper units leave gaps between them, flatter ones look alike."""
_HALOS = (0.1, 0.25, 0.5)
"""How far beyond the data the knots reach, as a fraction of the range: functions without singularities like it wide."""
_RCOND = 1e-15


class Readout(NamedTuple):
    """Go on from evenly spread units where their loss is below the fraction `margin` of the best so far.

    One feature, squared error, ridge functions. All slopes and halos together cost 18 QR factorizations of (n, k + 1). Such units
    are a dead end for the nonlinear phases, a local minimum of its own kind, so early on they have to be much better.
    """

    margin: float = 1.0

    def run(self, fit):
        """Take `fit` further."""
        course = fit.course
        if course.is_over:
            return
        params, value = best_readout(course.objective)
        if value < self.margin * course.best.value:
            course.jump(params)


def best_readout(objective):
    """Parameters (p,) of the best of evenly spread units, and their objective."""
    term = objective.terms[0]
    k = term.network.n_units
    candidates = [with_solved_outer(objective, even_units(term.inputs, k, slope, halo)) for slope in _SLOPES for halo in _HALOS]
    values = [objective.at(params).value for params in candidates]
    best = min(range(len(values)), key=values.__getitem__)
    return candidates[best], values[best]


def even_units(inputs, n_units, slope, halo):
    """Units (2, k) for `inputs` (1, n): z = `slope` (x − t_k) / h, knots t_k that are h apart, up to `halo` ranges off."""
    xp = namespace(inputs)
    low, high = to_floats(xp.min(inputs), xp.max(inputs))
    span = (high - low) or 1.0
    start, length = low - halo * span, (1.0 + 2.0 * halo) * span
    weight = slope * max(1, n_units - 1) / length
    knots = [start + length * i / max(1, n_units - 1) for i in range(n_units)]
    units = [[weight] * n_units, [-weight * knot for knot in knots]]
    return xp.asarray(units, dtype=inputs.dtype, device=device_of(inputs))


def with_solved_outer(objective, units):
    """Parameters (p,) of `units` (q, k) with coefficients by least squares, from QR and SVD; for squared error without penalty.

    Singular values below 1e-15 of the largest count as zero. 2 n k² flops, and 20 k³.
    """
    term = objective.terms[0]
    network, xp = term.network, namespace(units)
    hidden = network.basis.at(term.inputs, units).values
    root = xp.sqrt(term.weights)
    columns = xp.concat([hidden, xp.ones_like(hidden[:1, :])], axis=0) * root
    triangle, z = linalg.triangularize(xp.matrix_transpose(columns), xp.matrix_transpose(term.targets * root))
    left, values, right = linalg.svd(triangle)
    (rank,) = to_floats(xp.sum(xp.astype(values > _RCOND * xp.max(values), xp.float64)))
    rank = int(rank)
    along = xp.matmul(xp.matrix_transpose(left[:, :rank]), z) / values[:rank, None]
    outer = xp.matmul(xp.matrix_transpose(right[:rank, :]), along)
    return network.pack(units, xp.matrix_transpose(outer))
