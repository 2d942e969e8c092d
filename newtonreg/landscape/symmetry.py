"""Symmetries of a network: parameters that are the same function in another order, with other signs, on another scale."""

import math
from itertools import pairwise

from newtonreg.backend.arrays import device_of, namespace, to_host
from newtonreg.components import check_number
from newtonreg.networks import DeepNetwork

__all__ = ["canonicalize"]


def canonicalize(network, params, tol=1e-6):
    """The representative of all parameters that these symmetries take to `params`; the function of the inputs stays.

    Parameters
    ----------
    network : ShallowNetwork or DeepNetwork
    params : array of shape (p,)
        Finite.
    tol : float > 0, default=1e-6
        Of the largest parameter of a layer: numbers closer than that count as equal where units are ordered, and as zero where
        a sign is chosen, so that rounding does not decide.

    Returns
    -------
    array of shape (p,)

    Raises
    ------
    ValueError
        Where `params` does not have p entries.

    Notes
    -----
    With u = (w, b) a unit and c what it contributes by, coefficients or the weights of the next layer:

    - units of a layer may change places: ordered by u, entry after entry, then by c;
    - ``is_odd`` (tanh, erf, sine, identity): (u, c) → (−u, −c). ``odd_about`` (logistic, ½): σ(−z) = 1 − σ(z), so the next bias
      grows by c. ``is_even`` (ridge Gaussian): u → −u. The first entry of u that is not zero becomes positive; where all are
      zero that of c, in the last layer;
    - ``half_period`` (sine, π): (b, c) → (b + π, −c). b comes to [0, π), the sign having been chosen by w;
    - ``is_homogeneous`` (relu, identity): (u, c) → (t u, c / t), t > 0. ‖u‖ becomes 1;
    - ``has_signless_widths`` (radial Gaussian): inverse widths become positive.

    These are attributes of a basis; one without them, such as a callable, has its units put in order, no more. Ties: units of a
    layer below the last that are equal in u are ordered by ‖c‖ only, and equal there they keep their order, so that two copies
    of such a network need not meet. Nor do numbers whose difference is `tol` to rounding. Symmetries of some parameters only (a
    unit without weights or coefficients, two units in one), the linear mixing of identity units and those of the data are left
    alone. Costs a sort a layer, on the host.

    References
    ----------
    Sussmann, *Uniqueness of the weights for minimal feedforward nets with a given input-output map* (1992): for tanh and one
    hidden layer there are no others, but for reducible networks.
    """
    check_number("tol", tol, low=0.0)
    if tuple(params.shape) != (network.n_params,):
        raise ValueError(f"params has shape {tuple(params.shape)} and the network has n_params={network.n_params}.")
    layers = _taken_apart(network, params)
    for place, basis in enumerate(network.bases):
        _scaled(basis, layers, place)
    for place, basis in enumerate(network.bases):
        _reflected(basis, layers, place, tol)
        _shifted(basis, layers, place, tol)
        _ordered(layers, place, tol)
    return _put_together(network, layers)


def _taken_apart(network, params):
    """Matrices of the hidden layers (q, k) and of the readout (k + 1, m): rows are what comes in, the bias last."""
    parts = network.unpack(params)
    hidden = parts.layers if isinstance(network, DeepNetwork) else [parts.units]
    return [*hidden, namespace(params).matrix_transpose(parts.outer)]


def _put_together(network, layers):
    *hidden, readout = layers
    outer = namespace(readout).matrix_transpose(readout)
    return network.pack(hidden if isinstance(network, DeepNetwork) else hidden[0], outer)


def _scaled(basis, layers, place):
    """Units of length 1 where positive factors pass through."""
    if not getattr(basis, "is_homogeneous", False):
        return
    units, xp = layers[place], namespace(layers[place])
    lengths = xp.linalg.vector_norm(units, axis=0)
    lengths = xp.where(lengths > 0.0, lengths, xp.ones_like(lengths))
    layers[place] = units / lengths
    layers[place + 1] = _outgoing_times(layers[place + 1], lengths)


def _reflected(basis, layers, place, tol):
    """Units with a positive first entry, by σ(−z) = ±σ(z) or 2 `odd_about` − σ(z)."""
    units, xp = layers[place], namespace(layers[place])
    if getattr(basis, "has_signless_widths", False):
        half = units.shape[0] // 2
        layers[place] = xp.concat([units[:half, :], xp.abs(units[half:, :])], axis=0)
    center = 0.0 if getattr(basis, "is_odd", False) else getattr(basis, "odd_about", None)
    is_even = getattr(basis, "is_even", False)
    if center is None and not is_even:
        return
    signs = xp.asarray(_signs(basis, layers, place, tol), dtype=units.dtype, device=device_of(units))
    layers[place] = units * signs
    if is_even:
        return
    following = layers[place + 1]
    # c σ(z) = 2 c center − c σ(−z)
    constant = center * xp.sum((1.0 - signs)[:, None] * following[:-1, :], axis=0, keepdims=True)
    moved = xp.concat([following[:-1, :], following[-1:, :] + constant], axis=0)
    layers[place + 1] = _outgoing_times(moved, signs)


def _signs(basis, layers, place, tol):
    """Sign of the first clear entry of each unit, a list of ±1."""
    rows = _rows(layers[place], tol)
    if getattr(basis, "half_period", None) is not None:
        rows = rows[:-1]
    is_last = place == len(layers) - 2
    if is_last and not getattr(basis, "is_even", False):
        rows = rows + _rows(namespace(layers[-1]).matrix_transpose(layers[-1][:-1, :]), tol)
    return [
        next((math.copysign(1.0, values[k]) for values, tolerance in rows if abs(values[k]) > tolerance), 1.0)
        for k in range(layers[place].shape[1])
    ]


def _shifted(basis, layers, place, tol):
    """Biases in [0, half period), for waves that change their sign after it."""
    half_period = getattr(basis, "half_period", None)
    if half_period is None:
        return
    units, xp = layers[place], namespace(layers[place])
    # a bias of zero may come as −1e-17
    turns = xp.floor((units[-1:, :] + tol) / half_period)
    layers[place] = xp.concat([units[:-1, :], units[-1:, :] - half_period * turns], axis=0)
    is_odd = turns - 2.0 * xp.floor(0.5 * turns)
    layers[place + 1] = _outgoing_times(layers[place + 1], (1.0 - 2.0 * is_odd)[0, :])


def _ordered(layers, place, tol):
    """Units ascending by their entries, then by what follows them; equal to `tol` leaves it to the next entry."""
    units, following, xp = layers[place], layers[place + 1], namespace(layers[place])
    outgoing = xp.matrix_transpose(following[:-1, :])
    if place < len(layers) - 2:
        # the layer that follows has no order and no signs yet
        outgoing = xp.linalg.vector_norm(outgoing, axis=0, keepdims=True)
    order = _lexicographic(_rows(units, tol) + _rows(outgoing, tol), units.shape[1])
    index = xp.asarray(order, dtype=xp.int64, device=device_of(units))
    layers[place] = xp.take(units, index, axis=1)
    layers[place + 1] = xp.concat([xp.take(following, index, axis=0), following[-1:, :]], axis=0)


def _lexicographic(keys, size):
    """Indices below `size`, ordered by the first key; runs of neighbors within its tolerance by the next."""
    groups = [list(range(size))]
    for values, tolerance in keys:
        if len(groups) == size:
            break
        groups = [part for group in groups for part in _split(sorted(group, key=values.__getitem__), values, tolerance)]
    return [i for group in groups for i in group]


def _split(ranked, values, tolerance):
    """`ranked` cut where neighbors differ by more than `tolerance`; each part in its former order."""
    parts = [[ranked[0]]]
    for before, i in pairwise(ranked):
        if values[i] - values[before] > tolerance:
            parts.append([])
        parts[-1].append(i)
    return [sorted(part) for part in parts]


def _rows(matrix, tol):
    """Pairs of a row, as floats, and its tolerance, that of the matrix."""
    listed = to_host(matrix).tolist()
    largest = max((abs(entry) for row in listed for entry in row), default=0.0)
    return [(row, tol * largest) for row in listed]


def _outgoing_times(following, factors):
    """The matrix after a layer, the rows of its units multiplied by `factors` (k,), the biases not."""
    xp = namespace(following)
    return xp.concat([following[:-1, :] * factors[:, None], following[-1:, :]], axis=0)
