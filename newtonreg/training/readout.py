"""Readout: units that nobody trained, with coefficients by least squares; in one dimension hard to beat where units are many."""

from typing import NamedTuple

from newtonreg.backend.arrays import device_of, namespace, to_floats

__all__ = ["EvenUnits", "Readout", "even_units", "with_solved_outer"]

_SLOPES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Rises of tanh's argument from knot to knot: steeper units leave gaps between them, flatter ones look alike."""
_HALOS = (0.1, 0.25, 0.5)
"""How far beyond the data the knots reach, as a fraction of the range: functions without singularities like it wide."""


class EvenUnits:
    """The best of evenly spread units, found once: one feature, squared error, ridge functions.

    All slopes and halos together cost 18 QR factorizations of (n, k + 1).

    Parameters
    ----------
    objective : EmpiricalRisk
        Of one term, without penalty.
    """

    def __init__(self, objective):
        self._objective = objective
        self._found = None

    def best(self):
        """Parameters (p,) and their objective."""
        if self._found is None:
            inputs, k = self._objective.terms[0].inputs, self._objective.network.n_units
            spread = [even_units(inputs, k, slope, halo) for slope in _SLOPES for halo in _HALOS]
            candidates = [with_solved_outer(self._objective, units) for units in spread]
            self._found = min(((one, self._objective.at(one).value) for one in candidates), key=lambda pair: pair[1])
        return self._found


class Readout(NamedTuple):
    """Go on from `units`, an `EvenUnits`, where their objective is below the fraction `margin` of the best so far.

    Such units are a dead end for the nonlinear phases, a local minimum of its own kind, so early on they have to be much better.
    """

    units: EvenUnits
    margin: float = 1.0

    def run(self, fit):
        """Take `fit` further."""
        course = fit.course
        if course.is_over:
            return
        params, value = self.units.best()
        if value < self.margin * course.best.value:
            course.jump(params)


def even_units(inputs, n_units, slope, halo):
    """Units (2, k) for `inputs` (1, n): z = `slope` (x − t_k) / h.

    The knots t_k are h apart and reach `halo` ranges of the data beyond them on either side.
    """
    xp = namespace(inputs)
    low, high = to_floats(xp.min(inputs), xp.max(inputs))
    span = (high - low) or 1.0
    start, length = low - halo * span, (1.0 + 2.0 * halo) * span
    weight = slope * max(1, n_units - 1) / length
    knots = [start + length * i / max(1, n_units - 1) for i in range(n_units)]
    units = [[weight] * n_units, [-weight * knot for knot in knots]]
    return xp.asarray(units, dtype=inputs.dtype, device=device_of(inputs))


def with_solved_outer(objective, units):
    """Parameters (p,) of `units` (q, k) with the shortest coefficients of least squares (`RiskEvaluation.outer_step`)."""
    network, xp = objective.network, namespace(units)
    nothing = xp.zeros((network.n_outputs, network.n_units + 1), dtype=units.dtype, device=device_of(units))
    params = network.pack(units, nothing)
    step = objective.at(params).outer_step()
    return params if step is None else params + step
