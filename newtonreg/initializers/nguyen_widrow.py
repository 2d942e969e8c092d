"""Nguyen and Widrow's start, the one of MATLAB's toolbox."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace, to_host

__all__ = ["NguyenWidrow"]

_ACTIVE = 2.0
"""Half the width of the interval of z in which a sigmoid bends."""


class NguyenWidrow(BaseEstimator):
    """Ridge units whose active intervals cover the box of the data evenly.

    With inputs mapped to [−1, 1]: w = 2 · 0.7 k^(1/d) u for a random unit vector u, b = ±‖w‖ t_k, the t_k evenly spaced in
    [−1, 1].

    References
    ----------
    Nguyen & Widrow, *Improving the learning speed of 2-layer neural networks by choosing initial values of the adaptive weights*
    (1990). The factor 2 makes it fit the tanh, as MATLAB's ``initnw`` does.
    """

    name = "nguyen-widrow"
    needs_ridge = True

    def units(self, basis, data, n_units, rng):
        """Units (d + 1, k) for `data` with `inputs` (d, n)."""
        xp = namespace(data.inputs)
        low, high = to_host(xp.min(data.inputs, axis=1)), to_host(xp.max(data.inputs, axis=1))
        span = high - low
        # an input that is constant says nothing: any unit of length will do
        span[span == 0.0] = 2.0
        d = low.shape[0]
        weights = rng.standard_normal((d, n_units))
        weights *= _ACTIVE * 0.7 * n_units ** (1.0 / d) / (weights**2).sum(axis=0) ** 0.5
        places = [2.0 * k / max(1, n_units - 1) - 1.0 for k in range(n_units)]
        biases = (weights**2).sum(axis=0) ** 0.5 * places * rng.choice([-1.0, 1.0], n_units)
        scaled = weights * (2.0 / span)[:, None]
        shifted = biases - ((low + high) / span) @ weights
        drawn = [*scaled, shifted]
        return xp.asarray(drawn, dtype=data.inputs.dtype, device=device_of(data.inputs))
