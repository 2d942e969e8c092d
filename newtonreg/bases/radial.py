"""Radial Gaussian units, a centre and a width per feature."""

from functools import cached_property

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace
from newtonreg.bases.initialization import init_radial_units

__all__ = ["RadialGaussian", "RadialPoint"]


class RadialGaussian(BaseEstimator):
    """h_k(x) = exp(−½ Σ_a s_ak² (x_a − c_ak)²): centre c and inverse width s for each feature, q = 2d parameters a unit.

    Inverse widths are free in sign (only squares count), so no constraint is needed and s = 0 switches a feature off. The L2
    penalty counts inverse widths (towards flat units) and leaves the centres free.
    """

    name = "radial"
    is_smooth = True
    has_signless_widths = True

    def n_params(self, n_features):
        """q = 2 d."""
        return 2 * n_features

    def penalized(self, n_features):
        """Centres are free, inverse widths are penalized."""
        return [False] * n_features + [True] * n_features

    def init_units(self, inputs, n_units, rng, weights):
        """Centres at data points, widths of the order of the data's spread; (2 d, k)."""
        return init_radial_units(inputs, n_units, rng, weights)

    def at(self, inputs, units):
        """The basis at `inputs` (d, n) and `units` (..., 2 d, k), a `RadialPoint`."""
        return RadialPoint(inputs, units)


class RadialPoint:
    """Radial Gaussians at one batch: with t = x − c, ∇ log h = (s² t, −s t²), one entry a feature."""

    def __init__(self, inputs, units):
        self._xp = namespace(inputs)
        self.inputs = inputs
        self.units = units
        self._d = inputs.shape[-2]
        self._centers = units[..., : self._d, :]
        self._inverse = units[..., self._d :, :]
        self._offset = inputs[..., :, None, :] - self._centers[..., None]
        scaled = self._offset * self._inverse[..., None]
        self.values = self._xp.exp(-0.5 * self._xp.sum(scaled * scaled, axis=-3))

    @cached_property
    def _log_gradient(self):
        """∇ log h, shape (..., q, k, n)."""
        s = self._inverse[..., None]
        return self._xp.concat([s * s * self._offset, -s * self._offset**2], axis=-3)

    def jacobian(self):
        """∂h/∂(c, s) = h ∇ log h, shape (..., q, k, n)."""
        return self._log_gradient * self.values[..., None, :, :]

    def fill_jacobian(self, out, scale):
        """Write scale_ki ∂h_k(x_i)/∂θ_ak into `out` (q k, n); `scale` (k, n)."""
        out[...] = self._xp.reshape(self.jacobian() * scale, out.shape)

    def pullback(self, u):
        """Σ_i u_ki ∂h_k(x_i), shape (..., q, k)."""
        return self._xp.sum(self._log_gradient * (u * self.values)[..., None, :, :], axis=-1)

    def pushforward(self, v):
        """∇h·v, shape (..., k, n)."""
        return self.values * self._xp.sum(self._log_gradient * v[..., None], axis=-3)

    def _log_second(self, v):
        """vᵀ(∇² log h)v = Σ_a −s² v_c² + 4 s t v_c v_s − t² v_s², shape (..., k, n)."""
        v_c, v_s = v[..., : self._d, :][..., None], v[..., self._d :, :][..., None]
        s, t = self._inverse[..., None], self._offset
        return self._xp.sum(-s * s * v_c * v_c + 4.0 * s * t * v_c * v_s - t * t * v_s * v_s, axis=-3)

    def second_pushforward(self, v):
        """vᵀ∇²h v = h ((∇ log h·v)² + vᵀ∇² log h v), shape (..., k, n)."""
        first = self._xp.sum(self._log_gradient * v[..., None], axis=-3)
        return self.values * (first * first + self._log_second(v))

    def curvature(self, u):
        """Σ_i u_ki h_ki (∇ log h ∇ log hᵀ + ∇² log h), shape (..., q, q, k); n k q² flops, one row of the block at a time."""
        xp, d = self._xp, self._d
        weight = u * self.values
        gradient = self._log_gradient
        weighted = gradient * weight[..., None, :, :]
        block = xp.stack([xp.sum(gradient[..., a, :, :][..., None, :, :] * weighted, axis=-1) for a in range(2 * d)], axis=-3)
        s, t = self._inverse, self._offset
        total = xp.sum(weight, axis=-1)
        first = xp.sum(weight[..., None, :, :] * t, axis=-1)
        second = xp.sum(weight[..., None, :, :] * t * t, axis=-1)
        center = -s * s * total[..., None, :]
        mixed = 2.0 * s * first
        width = -second
        eye = xp.eye(d, dtype=block.dtype, device=device_of(block))[..., None]
        top = xp.concat([eye * center[..., None, :, :], eye * mixed[..., None, :, :]], axis=-2)
        bottom = xp.concat([eye * mixed[..., None, :, :], eye * width[..., None, :, :]], axis=-2)
        return block + xp.concat([top, bottom], axis=-3)

    def input_derivative(self, *axes):
        """∂h/∂x_a = −s_a² t_a h; ∂²h/∂x_a∂x_b = (s_a² t_a s_b² t_b − δ_ab s_a²) h; shape (..., k, n)."""
        slopes = [-self._log_gradient[..., a, :, :] for a in axes]
        if len(axes) == 1:
            return slopes[0] * self.values
        if len(axes) == 2:
            product = slopes[0] * slopes[1]
            if axes[0] == axes[1]:
                product = product - (self._inverse[..., axes[0], :] ** 2)[..., None]
            return product * self.values
        raise ValueError(f"input derivatives of order 1 and 2 are available, got axes={axes!r}.")
