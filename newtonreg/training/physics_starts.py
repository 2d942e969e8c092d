"""Where a physics fit starts: units of several kinds and steepnesses, compared on points left out."""

import math
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_diagonal, namespace, to_device, to_floats, to_host
from newtonreg.training.physics_selection import selected_units, through
from newtonreg.training.readout import even_units

__all__ = ["best_start", "characteristic_directions", "fit_outer", "unit_families"]

_SLOPES, _HALOS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6), (0.1, 0.25, 0.5)
"""Of units along one direction: rise of tanh's argument from knot to knot; how far the knots reach beyond the domain."""
_STEEPNESS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Of units in all directions, by half the width of the domain."""
_SPREAD, _MARGIN = 0.5, 0.2
"""Standard deviation of the logarithm of their steepness; how far beyond the domain their knots reach, by its width."""
_LEFT_OUT = 5
"""One of so many points is left out where starts are compared."""
_FEW = 10
"""Points of a term below which none is left out."""
_EPS = 2.220446049250313e-16
_DAMPING, _LEAST_DAMPING = 1e-6, 1e-12
_STEPS = 20
_CONTENT = 1e-2
"""Relative decrease at which coefficients of a start are good enough."""


class Start(NamedTuple):
    """Parameters (p,), the objective there, what it is at the points left out, and what rounding makes of its terms.

    Coefficients may be so large that their contributions cancel to many digits.
    """

    params: object
    value: float
    left_out: float
    rounding: float

    @property
    def merit(self):
        """The lower, the better."""
        worst = max(self.value, self.left_out, self.rounding)
        return worst if math.isfinite(worst) else math.inf


def best_start(objective, families, scalars, rng):
    """The best of `families` of units, and the accounts of all.

    Coefficients are fitted at four fifths of the points, and the others tell which units solve the equation and not only the
    points: steep units can hide a jump between two of them.

    Parameters
    ----------
    objective : PhysicsRisk
    families : list of array of shape (q, k)
    scalars : array of shape (S,)
        Starting values of the unknown coefficients of the equation.
    rng : RandomState or None
        For the pool that units are also chosen from (`selected_units`); None where there is none.

    Returns
    -------
    params : array of shape (p,)
    starts : list of Start
    """
    part, rest = _parted(objective)
    starts = [_start(part, rest, units, scalars) for units in families]
    if rng is not None and _can_select(objective):
        best = min(starts, key=_merit)
        starts.append(_start(part, rest, selected_units(part, best.params, rng), scalars))
    best = min(starts, key=_merit)
    return fit_outer(objective, best.params), starts


_merit = attrgetter("merit")


def _can_select(objective):
    """Several variables, one function, and coefficients that no constraint ties together."""
    network = objective.network
    return network.n_features > 1 and network.n_outputs == 1 and not hasattr(objective, "constraints")


def _start(part, rest, units, scalars):
    params = fit_outer(part, _without_coefs(part, units, scalars))
    point = part.at(params)
    return Start(params, point.value, rest.at(params).value, _rounding(point))


def _rounding(point):
    """½ (eps Σ_k |c_k| ‖∂r/∂c_k‖)²."""
    matrix, _ = point.outer_normal_equations()
    xp, coefs = namespace(matrix), point.partition.outer_part(point.params)
    (size,) = to_floats(xp.vecdot(xp.abs(coefs), xp.sqrt(xp.abs(xp.linalg.diagonal(matrix)))))
    return 0.5 * (_EPS * size) ** 2


def _without_coefs(objective, units, scalars):
    network, xp = objective.network, namespace(units)
    nothing = xp.zeros((network.n_outputs, network.n_units + 1), dtype=xp.float64, device=units.device)
    return xp.concat([network.pack(units, nothing), scalars])


def _parted(objective):
    """The objective on most points, and on the others, its mean squares kept."""
    most, few = [], []
    for term in objective.terms:
        n = term.weights.shape[0]
        if n < _FEW:
            most.append(term)
            continue
        left = list(range(_LEFT_OUT // 2, n, _LEFT_OUT))
        kept = sorted(set(range(n)) - set(left))
        most.append(_reweighted(term, kept))
        few.append(_reweighted(term, left))
    return objective.with_terms(most), objective.with_terms(few or most)


def _reweighted(term, index):
    part = term.part(to_device(np.asarray(index), term.weights))
    xp = namespace(term.weights)
    return part._replace(weights=part.weights * (xp.sum(term.weights) / xp.sum(part.weights)))


def fit_outer(objective, params):
    """`params` (p,) with the coefficients that are best at their units.

    One least squares where the equation is linear; else damped Gauss–Newton in the coefficients, until they are good enough.
    """
    if objective.is_linear:
        step = objective.at(params).outer_step()
        return params if step is None else params + step
    point, damping = objective.at(params), _DAMPING
    for _ in range(_STEPS):
        trial, damping = _outer_trial(objective, point, damping)
        if trial is None:
            break
        is_content = point.value - trial.value <= _CONTENT * point.value
        point = trial
        if is_content:
            break
    return point.params


def _outer_trial(objective, point, damping):
    """A lower point along a damped step in the coefficients, None where there is none, and the next damping."""
    matrix, gradient = point.outer_normal_equations()
    xp, outer = namespace(gradient), objective.network.outer
    # along constraints, which take columns out, rounding may leave a negative square
    square = xp.linalg.diagonal(matrix)
    scale = xp.sqrt(xp.where(square > 0.0, square, xp.ones_like(square)))
    scaled = matrix / scale[:, None] / scale[None, :]
    while damping < 1.0:
        factor = linalg.cholesky(add_diagonal(xp.asarray(scaled, copy=True), damping))
        if factor is not None:
            params = xp.asarray(point.params, copy=True)
            params[outer] -= factor.solve(gradient / scale) / scale
            trial = objective.at(params)
            if trial.value < point.value:
                return trial, max(0.1 * damping, _LEAST_DAMPING)
        damping *= 10.0
    return None, damping


def unit_families(objective, rng):
    """Units (q, k) of several kinds for the network of a `PhysicsRisk`, whose domain is [−1, 1]^d.

    One variable: evenly spread units of several steepnesses. Several: random directions, isotropic, of several steepnesses; in
    two variables also units along the characteristics of a linear equation, if it has any.
    """
    network, like = objective.network, objective.penalty
    d, k = network.n_features, network.n_units
    if d == 1:
        ends = namespace(like).asarray([[-1.0, 1.0]], dtype=like.dtype, device=like.device)
        return [even_units(ends, k, slope, halo) for slope in _SLOPES for halo in _HALOS]
    families = [_isotropic(d, k, steepness, rng) for steepness in _STEEPNESS]
    directions = characteristic_directions(objective.terms[0]) if d == 2 else []
    if directions:
        families += [_along(directions, k, slope, halo) for slope in _SLOPES for halo in _HALOS[:2]]
    return [to_device(units, like) for units in families]


def _isotropic(d, k, steepness, rng):
    """Random directions, knots in the box and a little beyond, steepness log-normal."""
    directions = rng.standard_normal((d, k))
    directions /= np.sqrt((directions**2).sum(axis=0))
    knots = rng.uniform(-1.0 - 2.0 * _MARGIN, 1.0 + 2.0 * _MARGIN, (d, k))
    return through(knots, directions * steepness * np.exp(_SPREAD * rng.standard_normal(k)))


def _along(directions, k, slope, halo):
    """Evenly spread units along each of `directions`."""
    counts = [k // len(directions) + (i < k % len(directions)) for i in range(len(directions))]
    parts = []
    for direction, count in zip(directions, counts, strict=True):
        reach = np.abs(direction).sum()
        weight, bias = to_host(even_units(np.asarray([[-reach, reach]]), count, slope, halo))
        parts.append(np.vstack([np.outer(direction, weight), bias]))
    return np.hstack(parts)


def characteristic_directions(term):
    """Directions w with P(w) = 0, P the principal symbol of a linear equation in two variables; a list of arrays (2,).

    Along them a ridge function solves the homogeneous equation of highest order whatever its shape is. Empty where the equation
    is nonlinear, elliptic, a system, or its coefficients vary.
    """
    if not term.function.is_affine or tuple(term.function.coefficients.shape[::2]) != (1, 1) or len(term.sets) > 1:
        return []
    channels, row = term.sets[0].channels, to_host(term.function.coefficients)[0, :, 0]
    if len(channels) != len(row):
        return []
    top = max((sum(i) for i, c in zip(channels.indices, row, strict=True) if c), default=0)
    symbol = np.zeros(top + 1)
    for index, coefficient in zip(channels.indices, row, strict=True):
        if sum(index) == top:
            symbol[top - index[1]] = coefficient
    if top == 0 or not symbol.any():
        return []
    directions = [
        np.asarray([1.0, root.real]) for root in _distinct(np.roots(symbol)) if abs(root.imag) < 1e-9 * (1.0 + abs(root))
    ]
    directions += [np.asarray([0.0, 1.0])] if symbol[0] == 0.0 else []
    return [direction / np.abs(direction).max() for direction in directions]


def _distinct(roots):
    kept = []
    for root in roots:
        if all(abs(root - other) > 1e-6 * (1.0 + abs(root)) for other in kept):
            kept.append(root)
    return kept
