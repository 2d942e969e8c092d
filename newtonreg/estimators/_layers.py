"""Which network an estimator's parameters and data ask for."""

from typing import NamedTuple

from newtonreg.backend.arrays import free_memory
from newtonreg.networks import DeepNetwork, ShallowNetwork
from newtonreg.objectives.empirical_risk import DENSE_PARAMS

__all__ = ["EXPLICIT_UP_TO", "Demands", "Layers", "has_matrices", "make_network"]

EXPLICIT_UP_TO = 4000
"""Parameters of one hidden layer up to which a fit has matrices: a hundred of their factorizations take a minute or two."""
_MATRICES = 6
"""Of p × p that a fit holds at a time."""


class Layers(NamedTuple):
    """Hidden layers as the user asks for them: `sizes`, None where the width is for the data to decide; `bases`, one a layer."""

    sizes: tuple | None
    bases: tuple

    @property
    def is_deep(self):
        """Whether there are several."""
        return len(self.bases) > 1


class Demands(NamedTuple):
    """What a network has to serve: inputs, outputs, a solver that works on matrices, mini-batches; and data like `like`.

    `explicit_up_to` parameters one hidden layer has its matrices whether the solver needs them or not.
    """

    n_features: int
    n_outputs: int
    explicit_up_to: int
    needs_matrices: bool
    in_batches: bool
    like: object


def has_matrices(network, explicit_up_to):
    """Whether curvature matrices of `network` are to be had, in full batches, at a cost that is worth it."""
    return network.is_explicit or network.n_params <= min(DENSE_PARAMS, explicit_up_to)


def make_network(layers, demands):
    """The network of `layers`.

    One hidden layer is explicit, with exact curvature matrices, up to a number of parameters that fit into memory, and beyond
    where the solver needs them. Else, in batches, and with several hidden layers it is matrix-free.

    Raises
    ------
    MemoryError
        Where matrices that are needed would not fit into the memory that is free.
    """
    d, m, bases, sizes = demands.n_features, demands.n_outputs, layers.bases, layers.sizes
    if layers.is_deep:
        return DeepNetwork(bases, d, sizes, m)
    shallow = ShallowNetwork(bases[0], d, sizes[0], m)
    needed, free = 8 * _MATRICES * shallow.n_params**2, free_memory(demands.like)
    fits = free is None or needed <= free
    can_multiply = hasattr(bases[0], "second_derivative") and not demands.needs_matrices
    if can_multiply and (demands.in_batches or shallow.n_params > demands.explicit_up_to or not fits):
        return DeepNetwork(bases, d, sizes, m)
    if not fits:
        raise MemoryError(_too_large(shallow, needed, free))
    return shallow


def _too_large(network, needed, free):
    p = network.n_params
    return (
        f"hidden_layer_sizes=({network.n_units},) with {network.n_features} features and {network.n_outputs} outputs gives "
        f"{p} parameters; this solver would need about {needed / 2**30:.1f} GiB for {p} x {p} matrices and "
        f"{free / 2**30:.1f} GiB are free. Set a smaller hidden_layer_sizes, or a solver without matrices, such as 'lbfgs'."
    )
