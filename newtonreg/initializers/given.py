"""Units that the user brings along."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import as_floats, device_of, namespace, to_host

__all__ = ["GivenUnits"]


class GivenUnits(BaseEstimator):
    """Start from given units, for instance `units_` of an earlier fit.

    Parameters
    ----------
    array : array of shape (q, k)
        For standardized inputs.
    """

    name = None
    needs_ridge = False
    is_random = False

    def __init__(self, array):
        self.array = array

    def units(self, basis, data, n_units, rng):
        """The given units, where `data` are."""
        inputs = data.inputs
        shape = (basis.n_params(inputs.shape[0]), n_units)
        values = to_host(as_floats(self.array))
        if tuple(values.shape) != shape:
            raise ValueError(
                f"init has shape {tuple(values.shape)}; {n_units} units of {inputs.shape[0]} features need {shape}: columns."
            )
        return namespace(inputs).asarray(values, dtype=inputs.dtype, device=device_of(inputs))
