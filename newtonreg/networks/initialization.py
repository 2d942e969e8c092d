"""Random parameters of deep networks, drawn on the host."""

import math

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["draw_deep"]

_RECTIFIERS = ("relu", "silu", "softplus")
"""Units that let about half of their input through."""


def draw_deep(network, like, rng):
    """Uniform parameters (p,) whose layers pass on signals, and sensitivities, at about the size they have.

    Weights and biases of a hidden layer are uniform within ±√(6 / (fan_in + fan_out)); ±√(2 / (fan_in + fan_out)) for logistic
    units, as in scikit-learn's MLP; ±√(6 / fan_in) for ReLU, SiLU and softplus, which let half of their input through.
    Coefficients are uniform within ±√(6 / (k + m)), intercepts zero.

    Parameters
    ----------
    network : DeepNetwork
    like : array of float64
        Library and device of the result.
    rng : RandomState
        Of the host, so that every library starts from the same point.

    Returns
    -------
    array of shape (p,)

    References
    ----------
    Glorot & Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010), eq. 16; He et al.,
    *Delving deep into rectifiers* (2015), eq. 10. Deviation: biases are drawn too. In the first layer zero would put all knots at
    the mean of the data; in the others it would leave odd units odd in the layer below, a symmetry that costs variety. Intercepts
    are zero, for targets are standardized.
    """
    xp, device = namespace(like), device_of(like)
    layers, below = [], network.n_features
    for basis, width in zip(network.bases, network.hidden_sizes, strict=True):
        bound = _bound(basis.name, below, width)
        layers.append(rng.uniform(-bound, bound, (below + 1, width)))
        below = width
    bound = math.sqrt(6.0 / (below + network.n_outputs))
    coefs = xp.asarray(rng.uniform(-bound, bound, (network.n_outputs, below)), dtype=like.dtype, device=device)
    outer = xp.concat([coefs, xp.zeros((network.n_outputs, 1), dtype=like.dtype, device=device)], axis=1)
    return network.pack([xp.asarray(layer, dtype=like.dtype, device=device) for layer in layers], outer)


def _bound(name, fan_in, fan_out):
    if name in _RECTIFIERS:
        return math.sqrt(6.0 / fan_in)
    return math.sqrt((2.0 if name == "logistic" else 6.0) / (fan_in + fan_out))
