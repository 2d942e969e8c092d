"""Glorot's uniform draw."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["Glorot"]


class Glorot(BaseEstimator):
    """Weights and biases of ridge units uniform within ±√(6 / (d + k)); what scikit-learn's MLP starts from.

    References
    ----------
    Glorot & Bengio, *Understanding the difficulty of training deep feedforward neural networks* (2010), eq. 16, with the bound
    of one hidden layer of k units and d inputs. Deviation: biases are drawn too, or all knots would lie at the mean.
    """

    name = "glorot"
    needs_ridge = True

    def units(self, basis, data, n_units, rng):
        """Units (d + 1, k) for `data` with `inputs` (d, n)."""
        d = data.inputs.shape[0]
        bound = math.sqrt(6.0 / (d + n_units))
        drawn = rng.uniform(-bound, bound, (d + 1, n_units))
        return namespace(data.inputs).asarray(drawn, dtype=data.inputs.dtype, device=device_of(data.inputs))
