"""Where a function varies, and how fast: units and collocation points drawn after it."""

import numpy as np
from scipy.stats import qmc

__all__ = ["Variation"]

_CANDIDATES = 12
"""Logarithm to base 2 of their number."""
_DENSITY = 0.6
"""Power of the determinant of the metric: ½ would give every unit ellipsoid as many; steep parts need more."""
_SPREAD = 0.3
"""Standard deviation of the logarithm of the length of weights in the metric."""
_FLATTEST, _STEEPEST = 0.7, 1.5
"""What that is multiplied by, between the two: the metric knows the function and not its higher derivatives."""
_JITTER, _POINT_JITTER = 0.4, 0.7
"""Standard deviation, in the metric, of knots and of points about the candidates that they are drawn from."""
_ISOTROPIC, _ISOTROPIC_SPREAD, _REACH = 0.15, 0.5, 1.3
"""Share of units that know nothing of the function, the spread of their steepness, and how far their knots reach."""
_EVEN, _RISING, _VARYING = 0.3, 0.4, 0.3
"""Share of points that cover the box whatever the function is, of those where units rise, and of those where it varies."""
_TRIES = 8
"""To find points where units rise inside the box."""


class Variation:
    """A metric on the box [−1, 1]^d in which a function is equally smooth everywhere and in all directions,

        M(z) = I + Σ_j (∇u_j ∇u_jᵀ / s_j² + |∇²u_j| / s_j)

    s_j half the range of u_j and |·| the matrix with the absolute eigenvalues: across a front of width δ its eigenvalue is about
    δ⁻², along it and where nothing happens about 1. Units whose weights are of one length in this metric, and points whose
    density follows its determinant, resolve the function.

    Parameters
    ----------
    jet : callable
        jet(Z) returns u (m, n), ∇u (m, n, d) and ∇²u (m, n, d, d) at points Z (n, d) of the box.
    d : int
    rng : RandomState

    Notes
    -----
    Two evaluations at 4096 points, quasi-random ones and others drawn near those where the determinant is large.

    References
    ----------
    Metrics from Hessians: Alauzet & Loseille, *A decade of progress on anisotropic mesh adaptation* (2016). Units drawn where a
    function is steep: Bolager et al., *Sampling weights of deep neural networks* (2023).
    """

    def __init__(self, jet, d, rng):
        self._d = d
        self._rng = rng
        self._jet = jet
        even = self._sobol(_CANDIDATES)
        self._sizes = None
        metric = self._look(even)
        self._mean = _power(metric).mean()
        near = _moved(even, metric, self._drawn(metric), 1.0, rng)
        near = near[_is_inside(near)]
        self._centers, self._metric = near, self._look(near)

    def _sobol(self, log2):
        """Quasi-random points of the box, (2**log2, d)."""
        generator = np.random.default_rng(self._rng.randint(2**31 - 1))
        return 2.0 * qmc.Sobol(self._d, seed=generator).random_base2(log2) - 1.0

    def _look(self, Z):
        """The metric (n, d, d) at Z (n, d); the points looked at first tell how large the function is."""
        values, slopes, bends = self._jet(Z)
        if self._sizes is None:
            ranges = np.ptp(values, axis=1)
            self._sizes = np.where(ranges > 0.0, 0.5 * ranges, 1.0)
        slopes, bends = slopes / self._sizes[:, None, None], bends / self._sizes[:, None, None, None]
        bent, axes = np.linalg.eigh(bends)
        absolute = (axes * np.abs(bent)[..., None, :]) @ axes.swapaxes(-1, -2)
        return np.eye(self._d) + (slopes[..., :, None] * slopes[..., None, :] + absolute).sum(axis=0)

    def _drawn(self, metric):
        """As many indices of candidates as there are, by density."""
        density = _power(metric)
        return self._rng.choice(len(density), len(density), p=density / density.sum())

    def units(self, n_units, steepness):
        """Weights and biases (d + 1, n_units) of ridge functions, weights about as long in the metric as `steepness`."""
        rng, d = self._rng, self._d
        n_isotropic = int(_ISOTROPIC * n_units)
        chosen = rng.randint(len(self._centers), size=n_units - n_isotropic)
        factors = np.exp(rng.uniform(np.log(_FLATTEST), np.log(_STEEPEST), len(chosen)))
        metric = (factors**2)[:, None, None] * (self._metric[chosen] - np.eye(d)) + np.eye(d)
        lengths, axes = np.linalg.eigh(metric)
        scales = steepness * np.exp(_SPREAD * rng.standard_normal(len(chosen)))
        weights = _turned(axes, np.sqrt(lengths) * _directions(len(chosen), d, rng)) * scales[:, None]
        knots = _moved(self._centers, self._metric, chosen, _JITTER, rng)
        spread = steepness * np.exp(_ISOTROPIC_SPREAD * rng.standard_normal(n_isotropic))
        weights = np.concatenate([_directions(n_isotropic, d, rng) * spread[:, None], weights])
        knots = np.concatenate([rng.uniform(-_REACH, _REACH, (n_isotropic, d)), knots])
        return np.vstack([weights.T, -(weights * knots).sum(axis=1)])

    def points(self, n_points, units):
        """Collocation points (n_points, d) for `units` (d + 1, k).

        Some whatever the function is, a third of them denser towards the faces, beyond which nothing holds it; some where it
        varies; the others where the units rise, which is also far from where they are wanted.
        """
        rng, n_even, n_rising = self._rng, int(_EVEN * n_points), int(_RISING * n_points)
        even = self._sobol(max(1, int(np.ceil(np.log2(max(2, n_even))))))[:n_even]
        even[::3] = np.sin(0.5 * np.pi * even[::3])
        chosen = rng.randint(len(self._centers), size=n_points - n_even - n_rising)
        moved = _moved(self._centers, self._metric, chosen, _POINT_JITTER, rng)
        inside = _is_inside(moved)
        moved[~inside] = self._centers[chosen[~inside]]
        return np.concatenate([even, moved, self._rising(n_rising, units)])

    def weights(self, Z):
        """What makes points (n, d) count by the part of the box they stand for, (n,), with the sum one."""
        density = 1.0 - _VARYING + _VARYING * _power(self._look(Z)) / self._mean
        weights = 1.0 / density
        return weights / weights.sum()

    def _rising(self, n, units):
        """Points (n, d) of the box where |z| of some unit is about one."""
        rng = self._rng
        weights, bias = units[:-1].T, units[-1]
        found, missing = [np.empty((0, self._d))], n
        for _ in range(_TRIES):
            of = rng.randint(len(bias), size=2 * missing)
            Z, level = rng.uniform(-1.0, 1.0, (2 * missing, self._d)), rng.standard_normal(2 * missing)
            excess = (weights[of] * Z).sum(axis=1) + bias[of] - level
            Z = Z - weights[of] * (excess / (weights[of] ** 2).sum(axis=1))[:, None]
            found.append(Z[_is_inside(Z)][:missing])
            missing -= len(found[-1])
            if not missing:
                break
        return np.concatenate([*found, rng.uniform(-1.0, 1.0, (missing, self._d))])


def _power(metric):
    """Densities (n,), without a scale."""
    return np.exp(_DENSITY * np.linalg.slogdet(metric)[1])


def _directions(n, d, rng):
    """Unit vectors (n, d)."""
    directions = rng.standard_normal((n, d))
    return directions / np.sqrt((directions**2).sum(axis=1))[:, None]


def _turned(axes, vectors):
    """From components along `axes` (n, d, d) to coordinates, (n, d)."""
    return (axes @ vectors[:, :, None])[:, :, 0]


def _moved(Z, metric, chosen, distance, rng):
    """Points about those chosen of Z, normal with standard deviation `distance` in their metric."""
    lengths, axes = np.linalg.eigh(metric[chosen])
    return Z[chosen] + distance * _turned(axes, rng.standard_normal((len(chosen), Z.shape[1])) / np.sqrt(lengths))


def _is_inside(Z):
    return (np.abs(Z) < 1.0).all(axis=1)
