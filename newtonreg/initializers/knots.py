"""Units of mixed slopes with their knots at data points."""

from sklearn.base import BaseEstimator

__all__ = ["Knots"]


class Knots(BaseEstimator):
    """The basis's own draw: ridge units with knots, radial units with centers, at data points drawn through the weights.

    See `newtonreg.bases.initialization`.
    """

    name = "knots"
    needs_ridge = False

    def units(self, basis, data, n_units, rng):
        """Units (q, k) for `data` with `inputs` (d, n) and `weights` (n,)."""
        return basis.init_units(data.inputs, n_units, rng, data.weights)
