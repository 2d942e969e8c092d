"""Regression on a parametrized manifold: every stationary point can be seen, and counted on a torus."""

from newtonreg.backend.arrays import as_floats, namespace, to_device
from newtonreg.components import check_number
from newtonreg.objectives import LeastSquares

__all__ = ["elliptic_torus", "manifold_regression", "unit_circle"]


def manifold_regression(embedding, target, n_params=None, jacobian=None, hessians=None):
    """The objective F(t) = ½ ‖N(t) − v‖², half the squared distance from a point v to the point t of a manifold.

    At a stationary point the error N(t) − v is orthogonal to the tangent space at N(t): the normal of a minimum, a maximum or a
    saddle alike, and a method that solves ∇F = 0 has no preference. F is `LeastSquares`, so its `criticality` is the cosine of
    the angle between error and tangent space.

    Parameters
    ----------
    embedding : callable
        N, t (p,) to a point (m,) of the surrounding space.
    target : array-like of shape (m,)
        v.
    n_params : int, optional
        p. Where left out it is whatever the starting point has.
    jacobian : callable, optional
        t to ∂N/∂t (m, p).
    hessians : callable, optional
        t to ∂²N/∂t∂t (m, p, p). Where one of the two is left out, autograd differentiates `embedding` (NumPy arrays only).

    Returns
    -------
    LeastSquares

    References
    ----------
    Rowan, arXiv 2510.11987: a network is such a manifold, and Newton's method has no preference for its minima. The manifolds
    `unit_circle` and `elliptic_torus` have the kinds of points that the paper reports; radii and targets of the torus are ours.

    Examples
    --------
    >>> import autograd.numpy as np
    >>> from newtonreg import minimize
    >>> parabola = manifold_regression(lambda t: np.array([1.0, 0.0]) * t[0] + np.array([0.0, 1.0]) * t[0] ** 2, [0.0, 0.2])
    >>> abs(minimize(parabola, np.array([0.3]), "trust-region").x).round(6)
    array([0.])
    """
    target = as_floats(target)

    def residuals(t):
        point = embedding(t)
        # what autograd passes through here stands for a NumPy array and has no device
        v = to_device(target, like=point) if hasattr(point, "device") else target
        if tuple(point.shape) != tuple(v.shape):
            raise ValueError(f"embedding(t) has shape {tuple(point.shape)} and target has {tuple(v.shape)}; they must agree.")
        return point - v

    return LeastSquares(residuals, n_params, jacobian, hessians)


def unit_circle(v=(2.0, 2.0)):
    """Half the squared distance from v to (cos t, sin t): a minimum, a maximum, and raw Newton finds one as often as the other.

    Parameters
    ----------
    v : array-like of shape (2,), default=(2, 2)
        Not the origin, from which all points are equally far. F is ½ (‖v‖ ∓ 1)² at its minimum and its maximum.

    Returns
    -------
    LeastSquares

    References
    ----------
    Rowan, arXiv 2510.11987, whose example has v = (2, 2): the minimum is at t = π/4, the maximum at 5π/4.
    """

    def embedding(t):
        xp = namespace(t)
        return xp.stack([xp.cos(t[0]), xp.sin(t[0])])

    def jacobian(t):
        xp = namespace(t)
        return xp.stack([-xp.sin(t), xp.cos(t)])

    return manifold_regression(embedding, v, 1, jacobian, lambda t: -embedding(t)[:, None, None])


def elliptic_torus(R=2.0, r=1.0, stretch=1.5, v=(0.0, 0.0, 0.0)):
    """Half the squared distance from v to (a ρ cos t₁, ρ sin t₁, r sin t₂), ρ = R + r cos t₂: minima, maxima and saddles.

    With stretch a ≠ 1 and v at or near the center there are 8 points: 2 minima, 2 maxima and 4 saddles. For v = 0 they are at
    t₁ ∈ {0, π/2, π, 3π/2}, t₂ ∈ {0, π}, with F = ½ c² (R ± r)², c = a where t₁ is a multiple of π and 1 elsewhere. The circular
    torus, a = 1, with v neither on its axis nor on its core circle has 4: a minimum, a maximum and 2 saddles.

    Parameters
    ----------
    R : float > 0, default=2
        Radius of the core circle.
    r : float in (0, R), default=1
        Radius of the tube.
    stretch : float > 0, default=1.5
        a, along the first axis.
    v : array-like of shape (3,), default=(0, 0, 0)

    Returns
    -------
    LeastSquares

    References
    ----------
    Rowan, arXiv 2510.11987, reports 8 points of these kinds; the radii, the axis that is stretched and v are ours.
    """
    check_number("R", R, low=0.0)
    check_number("r", r, low=0.0, high=R)
    check_number("stretch", stretch, low=0.0)
    chart = _Torus(float(R), float(r), float(stretch))
    return manifold_regression(chart.point, v, 2, chart.jacobian, chart.hessians)


class _Torus:
    """N(t) = (a ρ cos t₁, ρ sin t₁, r sin t₂), ρ = R + r cos t₂, and its derivatives."""

    def __init__(self, core, tube, stretch):
        self._core, self._tube, self._stretch = core, tube, stretch

    def _parts(self, t):
        """cos t₁, sin t₁, ρ, ρ' and ρ'' in t₂."""
        xp = namespace(t)
        cos, sin = xp.cos(t), xp.sin(t)
        return cos[0], sin[0], self._core + self._tube * cos[1], -self._tube * sin[1], -self._tube * cos[1]

    def point(self, t):
        cos, sin, radius, slope, _ = self._parts(t)
        return namespace(t).stack([self._stretch * radius * cos, radius * sin, -slope])

    def jacobian(self, t):
        cos, sin, radius, slope, bend = self._parts(t)
        a, zero = self._stretch, 0.0 * cos
        rows = ((-a * radius * sin, a * slope * cos), (radius * cos, slope * sin), (zero, -bend))
        return _stacked(rows, t)

    def hessians(self, t):
        cos, sin, radius, slope, bend = self._parts(t)
        a, zero = self._stretch, 0.0 * cos
        matrices = (
            ((-a * radius * cos, -a * slope * sin), (-a * slope * sin, a * bend * cos)),
            ((-radius * sin, slope * cos), (slope * cos, bend * sin)),
            ((zero, zero), (zero, slope)),
        )
        return namespace(t).stack([_stacked(matrix, t) for matrix in matrices])


def _stacked(rows, like):
    """A matrix from rows of 0-d arrays."""
    xp = namespace(like)
    return xp.stack([xp.stack(list(row)) for row in rows])
