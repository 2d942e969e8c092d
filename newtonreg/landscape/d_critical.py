"""D-critical points: back-propagation says slope zero, and the function goes down."""

from sklearn.utils import check_random_state

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats, to_host
from newtonreg.bases.ridge import Ridge

__all__ = ["descent_slope", "is_smooth"]

_EPS = 2.220446049250313e-16
_COARSE = 1e-5
"""First step, of the largest parameter that it moves."""
_RESOLVED = 1e4 * _EPS
"""Share of F that a difference of two values must have to be known to four digits."""
_REFINED = 1e-2
"""The second step must be this much shorter than the first, so that a slope of curvature has all but vanished."""
_CLEAR = 10.0
"""A slope counts above so many times the gradient that counts as zero."""
_N_RANDOM = 8
"""Random directions a unit, besides its coordinates: a unit with kinks at several rows may go down along none of them."""
_TINY = 1e-200
"""Of a unit without weights every row is at zero, and nothing rounds."""
_JUMP = 1e-6
"""Change of σ' across a pre-activation that makes it a kink."""


def is_smooth(objective):
    """Whether neither the objective nor any loss or basis in it says that it has kinks."""
    parts = [part for term in getattr(objective, "terms", ()) for part in getattr(term, "components", ())]
    return all(getattr(part, "is_smooth", True) for part in (objective, *parts))


def descent_slope(objective, point, tol):
    """The steepest one-sided slope F'(x; d) < 0 found at a kink, or 0 where there is none.

    F'(x; d) = lim (F(x + t d) − F(x)) / t, t ↓ 0, for ‖d‖ = 1, by differences of values: the chain rule with a convention at the
    kinks (relu'(0) = 0) is what is in question. A point is D-critical where that rule gives zero; it is critical only where
    F'(x; d) ≥ 0 for all d. J(t) = relu(t) − relu(−t) = t at t = 0 is the first and not the second.

    Parameters
    ----------
    objective : Objective
        Its bases say in `is_smooth` whether there are kinks; an objective without a network says so itself (`is_smooth = False`).
    point : Evaluation
        At parameters (p,) where the gradient counts as zero.
    tol : float
        The `criticality` that counts as zero; slopes of less than ten times that are not reported.

    Returns
    -------
    float

    Notes
    -----
    Directions are the coordinates, both ways, of each unit that has a kink at a row, and eight random ones of the unit; where
    kinks cannot be located, those of all parameters. A difference over a first step proposes a slope; a second step, as short as
    rounding allows, must confirm half of it. Curvature does not pass, nor a kink that is near but not at the point. What is
    found is there; that nothing is found proves nothing. Costs one value of F for each direction.

    References
    ----------
    .. [1] C. Castera, J. Bolte, C. Févotte, E. Pauwels, "An Inertial Newton Algorithm for Deep Learning", JMLR 22(134), 2021:
       D-critical points. The example is an illustration of ours.
    """
    if is_smooth(objective):
        return 0.0
    return min((_slope(objective, point, d, tol) for d in _directions(objective, point.params)), default=0.0)


# -- slopes


def _slope(objective, point, direction, tol):
    """F'(x; d) where it is clearly negative, else 0."""
    xp = namespace(direction)
    moved = xp.where(direction != 0.0, xp.abs(point.params), xp.zeros_like(direction))
    size = max(1.0, to_floats(xp.max(moved))[0])
    first = _COARSE * size
    proposed = _difference(point, objective.at(point.params + first * direction), first)
    if not proposed < 0.0:
        return 0.0
    second = _RESOLVED * max(abs(point.value) / -proposed, size)
    if second > _REFINED * first:
        return 0.0
    trial = objective.at(point.params + second * direction)
    slope = _difference(point, trial, second)
    # the trial point has a gradient, and with it the objective's own unit
    is_clear = -slope * trial.criticality > _CLEAR * tol * trial.gradient_norm
    return slope if is_clear and slope <= 0.5 * proposed else 0.0


def _difference(point, trial, step):
    return (trial.value - point.value) / step


# -- directions


def _directions(objective, params):
    """Unit vectors (p,): ± each coordinate of a group of parameters, and random ones within it, the same at every call."""
    xp, rng = namespace(params), check_random_state(0)
    for group in _groups(objective, params):
        units = [{a: sign} for a in group for sign in (1.0, -1.0)]
        units += [dict(zip(group, _random_direction(rng, len(group)), strict=True)) for _ in range(_N_RANDOM)]
        for entries in units:
            direction = [entries.get(a, 0.0) for a in range(params.shape[0])]
            yield xp.asarray(direction, dtype=xp.float64, device=device_of(params))


def _random_direction(rng, size):
    direction = rng.standard_normal(size)
    return (direction / (direction @ direction) ** 0.5).tolist()


def _groups(objective, params):
    """Indices of the parameters of each unit that has a kink; all parameters in one group where kinks cannot be located."""
    if not _has_located_kinks(objective):
        return [range(params.shape[0])]
    groups = {group for point in objective.network_points(params) for group in _kinked_groups(point)}
    return sorted(groups, key=lambda group: group.start)


def _has_located_kinks(objective):
    """Whether all kinks are those of σ' of ridge functions, at rows that are known."""
    networks = [term.network for term in getattr(objective, "terms", ()) if hasattr(term, "network")]
    return bool(networks) and all(isinstance(basis, Ridge) for network in networks for basis in _network_bases(network))


def _kinked_groups(point):
    """`_groups` of a batch of rows: the parameters of a layer are its units (q, k), row by row, and layers follow one another."""
    start = 0
    layers = getattr(point, "layers", None) or [point.hidden]
    for basis, layer in zip(_network_bases(point.network), layers, strict=True):
        q, n_units = layer.units.shape
        yield from (range(start + k, start + q * n_units, n_units) for k in _kinked_units(basis, layer.inputs, layer.units))
        start += q * n_units


def _kinked_units(basis, inputs, units):
    """Units with a row whose pre-activation is, to rounding, where σ' jumps."""
    xp = namespace(units)
    weights, bias = xp.matrix_transpose(units[:-1, :]), units[-1, :][:, None]
    z = linalg.matmul(weights, inputs) + bias
    scale = linalg.matmul(xp.abs(weights), xp.abs(inputs)) + xp.abs(bias)
    rounding = 4.0 * units.shape[0] * _EPS * scale + _TINY
    below, above = (basis.derivative(side, basis.function(side)) for side in (z - rounding, z + rounding))
    jumps = xp.any(xp.abs(above - below) > _JUMP, axis=1)
    return [k for k, jump in enumerate(to_host(jumps).tolist()) if jump]


def _network_bases(network):
    """One basis a layer; a network that has none speaks for itself."""
    return getattr(network, "bases", None) or [getattr(network, "basis", network)]
