"""Why a Hessian is singular: null directions that units and symmetries of a network account for."""

from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats, to_host
from newtonreg.bases.identity import Identity
from newtonreg.bases.ridge import Ridge

__all__ = ["explained_directions"]

_SIMILAR = 1e-6
"""Of the largest number of its kind: differences, slopes and coefficients that small make candidates. The Hessian decides."""
_INDEPENDENT = 1e-8
"""Of a unit vector: what must be left of a candidate outside the others."""


def explained_directions(objective, params, hessian, zero):
    """Null directions of the Hessian by what causes them.

    Each reason proposes directions v that leave the network as it is, at least to first order; those count that the Hessian
    shows to be null, ‖H v‖ ≤ `zero` ‖v‖, combinations included, and that no reason before it has accounted for. A symmetry of a
    network that the penalty breaks explains nothing, nor one at a point that is not stationary, where it is no null direction.
    What leaves a network as it is leaves its derivatives, so that of differential equations too.

    Parameters
    ----------
    objective : Objective
        One without `network_points` has no units: an empty answer.
    params : array of shape (p,)
    hessian : array of shape (p, p)
    zero : float
        Size below which an eigenvalue counts as zero.

    Returns
    -------
    dict
        Reason to orthonormal directions (t, p), t ≥ 1, on the host, at right angles to those of the reasons before it:

        - "dead units": no slope at any row. All parameters of the unit, and what it passes on, where that is a constant;
        - "constant units": a unit without weights. Its bias, and what it passes on, which the biases that follow make up for;
        - "duplicate units": what one of two equal or mirrored units passes on, the other can;
        - "zero coefficients": a unit that passes nothing on. Those of its q parameters that the border leaves;
        - "rescaling": relu units times t, what they pass on divided by t;
        - "linear mixing": identity units, GL(k) and k shifts of a layer, as far as they act differently;
        - "softmax shift": a number added to all raw predictions. Not with `Multinomial`, which fixes it;
        - "unseen constants": intercepts, where all rows see derivatives only, and unknown coefficients of an equation that
          multiply nothing.

    Notes
    -----
    Counts are lower bounds: with orthonormal rows V and ‖V H‖ ≤ `zero` there are at least as many eigenvalues within ±`zero`, by
    interlacing. One pass over the rows of the data, and SVDs of candidates (r, p), r ≤ 2p, on the host.
    """
    layers = _layers(objective, params)
    if layers is None:
        return {}
    hessian = to_host(hessian)
    xp, size = namespace(hessian), hessian.shape[0]
    explained, by_reason = xp.zeros((0, size)), {}
    # what is found in R turns is mapped to √R times the tolerance at most
    tolerance = zero / (len(_REASONS) * len(layers) + 2) ** 0.5
    for reason, directions in _candidates(objective, layers, size):
        rows = [_dense(xp, size, direction) for direction in directions]
        found = _null_part(hessian, explained, xp.stack(rows), tolerance) if rows else explained[:0, :]
        if found.shape[0]:
            explained = xp.concat([explained, found], axis=0)
            by_reason[reason] = xp.concat([by_reason.get(reason, found[:0, :]), found], axis=0)
    return by_reason


def _dense(xp, size, direction):
    """A unit vector (p,) of a direction {index: entry}; zero where all entries are."""
    row = xp.zeros((size,))
    for index, entry in direction.items():
        row[index] = row[index] + entry
    length = linalg.norm(row)
    return row / length if length > 0.0 else row


def _null_part(hessian, explained, rows, tolerance):
    """Orthonormal directions (t, p) in the span of `rows`, at right angles to `explained`, that the Hessian maps to zero."""
    for _ in range(2):
        rows = rows - linalg.matmul(linalg.matmul(rows, explained.T), explained) if explained.shape[0] else rows
    _, sizes, basis = linalg.svd(rows)
    basis = basis[sizes > _INDEPENDENT, :]
    if basis.shape[0] == 0:
        return basis
    left, sizes, _ = linalg.svd(linalg.matmul(basis, hessian))
    return linalg.matmul(left[:, sizes <= tolerance].T, basis)


# -- layers


class _Layer(NamedTuple):
    """Hidden units on the host, and where their parameters are."""

    basis: Any
    units: Any
    """(q, k)."""
    places: list
    """q lists of k indices into the parameters."""
    outgoing: Any
    """(k, t): coefficients, or weights of the next layer."""
    outgoing_places: list
    bias_places: list
    """t indices of what is added to the outgoing sums."""
    lowest: list
    highest: list
    """Of each unit, over the rows."""
    slope: list
    """σ' at one of them; 0 for other bases than ridge functions."""
    steepest: list
    """Largest |∂h| over the rows."""

    @property
    def n_units(self):
        """k."""
        return self.units.shape[1]


def _layers(objective, params):
    """A `_Layer` for each hidden layer, or None where the objective has none that can be looked into."""
    network = getattr(objective, "network", None)
    if not (hasattr(objective, "network_points") and all(hasattr(network, name) for name in ("unpack", "bases", "outer"))):
        return None
    seen = _seen(objective, params)
    if seen is None:
        return None
    host = to_host(params)
    values, places = _matrices(network, host), _matrices(network, namespace(host).arange(host.shape[0]))
    return [
        _Layer(
            basis,
            values[i],
            places[i].tolist(),
            values[i + 1][:-1, :],
            places[i + 1][:-1, :].tolist(),
            places[i + 1][-1, :].tolist(),
            *seen[i],
        )
        for i, basis in enumerate(network.bases)
    ]


def _matrices(network, vector):
    """Entries of `vector` (p,) as matrices of the layers, the last (k + 1, m): columns are units, the last row biases."""
    parts = network.unpack(vector)
    hidden = parts.layers if hasattr(parts, "layers") else [parts.units]
    return [*hidden, parts.outer.T]


def _seen(objective, params):
    """Lowest and highest value, slope at the first row and steepest of each unit, four lists a layer, over all rows."""
    total = None
    for point in objective.network_points(params):
        layers = getattr(point, "layers", None) or [getattr(point, "hidden", None)]
        if layers[0] is None:
            return None
        new = [_seen_of(layer) for layer in layers]
        total = new if total is None else [_merged(*pair) for pair in zip(total, new, strict=True)]
    return total


def _seen_of(layer):
    xp = namespace(layer.values)
    if hasattr(layer, "slope"):
        slope, steepest = layer.slope[:, 0], xp.max(xp.abs(layer.slope), axis=1)
    else:
        steepest = xp.max(xp.abs(layer.jacobian()), axis=(0, 2))
        slope = xp.zeros_like(steepest)
    arrays = xp.min(layer.values, axis=1), xp.max(layer.values, axis=1), slope, steepest
    return [to_host(array).tolist() for array in arrays]


def _merged(before, new):
    pairs = [list(zip(*columns, strict=True)) for columns in zip(before, new, strict=True)]
    lowest, highest, _, steepest = pairs
    return [[min(pair) for pair in lowest], [max(pair) for pair in highest], before[2], [max(pair) for pair in steepest]]


# -- candidates


def _candidates(objective, layers, size):
    """Pairs of a reason and directions {index: entry}; `size` is p."""
    for reason, propose in _REASONS.items():
        for layer in layers:
            yield reason, propose(layer)
    yield "softmax shift", _softmax_shift(objective)
    yield "unseen constants", _unseen_constants(layers[-1].bias_places, range(objective.network.n_params, size))


def _dead_units(layer):
    for k in range(layer.n_units):
        if layer.steepest[k] <= _SIMILAR:
            yield from ({row[k]: 1.0} for row in layer.places)
            yield from _outgoing_against_bias(layer, k)


def _constant_units(layer):
    for k in range(layer.n_units):
        if layer.highest[k] - layer.lowest[k] > _SIMILAR * max(1.0, abs(layer.highest[k])):
            continue
        yield from _outgoing_against_bias(layer, k)
        if isinstance(layer.basis, Ridge):
            weights = layer.outgoing[k, :].tolist()
            compensation = {place: -layer.slope[k] * weight for place, weight in zip(layer.bias_places, weights, strict=True)}
            yield {layer.places[-1][k]: 1.0, **compensation}


def _outgoing_against_bias(layer, k):
    """What a constant unit passes on, a bias can."""
    for place, bias in zip(layer.outgoing_places[k], layer.bias_places, strict=True):
        yield {place: 1.0, bias: -layer.highest[k]}


def _duplicate_units(layer):
    is_odd = getattr(layer.basis, "is_odd", False)
    signs = {1.0: 1.0, -1.0: -1.0 if is_odd else 1.0} if is_odd or getattr(layer.basis, "is_even", False) else {1.0: 1.0}
    taken = set()
    for k in range(layer.n_units):
        for mirror, sign in signs.items():
            for other in _similar(layer.units, k, mirror):
                if other > k and not taken & {k, other}:
                    taken.add(other)
                    yield from _exchanges(layer, k, other, sign)


def _similar(units, k, mirror):
    """Units that are unit k times `mirror`."""
    xp = namespace(units)
    distances = xp.max(xp.abs(units - mirror * units[:, k : k + 1]), axis=0)
    tolerance = _SIMILAR * float(xp.max(xp.abs(units)))
    return [other for other, distance in enumerate(distances.tolist()) if distance <= tolerance]


def _exchanges(layer, k, other, sign):
    """Outgoing entries from unit k to the equal one, or its mirror; and parameters, seen through what they pass on."""
    for place, counterpart in zip(layer.outgoing_places[k], layer.outgoing_places[other], strict=True):
        yield {place: 1.0, counterpart: -sign}
    xp = namespace(layer.outgoing)
    mine, its = layer.outgoing[k, :], layer.outgoing[other, :]
    size, overlap = to_floats(xp.sum(mine * mine), xp.sum(mine * its))
    if size > 0.0:
        yield from ({row[k]: -overlap / size, row[other]: 1.0} for row in layer.places)


def _zero_coefs(layer):
    xp = namespace(layer.outgoing)
    sizes = xp.max(xp.abs(layer.outgoing), axis=1).tolist()
    # a network whose coefficients all vanish has no larger one to compare with, but in standardized problems there is 1
    tolerance = _SIMILAR * max(1.0, max(sizes))
    for k in range(layer.n_units):
        if sizes[k] <= tolerance:
            yield from ({row[k]: 1.0} for row in layer.places)


def _rescaling(layer):
    if not getattr(layer.basis, "is_homogeneous", False) or isinstance(layer.basis, Identity):
        return
    for k in range(layer.n_units):
        inner = {row[k]: entry for row, entry in zip(layer.places, layer.units[:, k].tolist(), strict=True)}
        outgoing = zip(layer.outgoing_places[k], layer.outgoing[k, :].tolist(), strict=True)
        yield {**inner, **{place: -entry for place, entry in outgoing}}


def _linear_mixing(layer):
    if not isinstance(layer.basis, Identity):
        return
    for k in range(layer.n_units):
        weights = zip(layer.bias_places, layer.outgoing[k, :].tolist(), strict=True)
        yield {layer.places[-1][k]: 1.0, **{place: -weight for place, weight in weights}}
    for mixing in _mixings(layer):
        columns = linalg.matmul(layer.units, mixing).tolist()
        rows = linalg.matmul(-mixing, layer.outgoing).tolist()
        entries = zip([*layer.places, *layer.outgoing_places], [*columns, *rows], strict=True)
        yield {place: entry for places, values in entries for place, entry in zip(places, values, strict=True)}


def _mixings(layer):
    """Matrices (k, k) that span those that act differently: units E δ, outgoing −E δ; generic ones where there are too many."""
    xp, k = namespace(layer.units), layer.n_units
    n_places = layer.units.shape[0] * k + k * layer.outgoing.shape[1]
    if k * k <= n_places:
        for i in range(k * k):
            yield xp.reshape(xp.where(xp.arange(k * k) == i, 1.0, 0.0), (k, k))
        return
    index = xp.astype(xp.reshape(xp.arange(1, k * k + 1), (k, k)), xp.float64)
    for i in range(n_places):
        # without a pattern, as `generic_direction`
        yield xp.cos((index + i * k * k) ** 2)


def _softmax_shift(objective):
    """One number added to all outputs, by a column of coefficients or by the intercepts."""
    network, losses = objective.network, [term.loss for term in getattr(objective, "terms", ()) if hasattr(term, "loss")]
    if all(getattr(loss, "out_activation", None) != "softmax" for loss in losses):
        return
    xp = namespace(to_host(objective.penalty))
    for row in _matrices(network, xp.arange(network.n_params))[-1].tolist():
        yield dict.fromkeys(row, 1.0)


def _unseen_constants(intercepts, scalars):
    return ({place: 1.0} for place in (*intercepts, *scalars))


_REASONS = {
    "dead units": _dead_units,
    "constant units": _constant_units,
    "duplicate units": _duplicate_units,
    "zero coefficients": _zero_coefs,
    "rescaling": _rescaling,
    "linear mixing": _linear_mixing,
}
