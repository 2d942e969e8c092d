"""Solutions u (n,) of differential equations at points X (n, d): formulas, Cole–Hopf's integral, Taylor and cosine series.

`SOLUTIONS`, `DOMAINS` and `VARIABLES` have them by name. Their errors, relative in L2 over the domain:

- formulas: 6e-16 at most, and 2e-15 for `convection`, whose phase x − 40t is rounded;
- `burgers`: 3e-16 on uniform points, 8e-15 on points that crowd at the layer, x = 0, against extended precision with a quarter
  of the step; a sine series with 4096 modes and 16,000 steps of order 4 differs by 5e-13, its own error;
- `allen_cahn`: 1e-13, and 2e-13 at the worst t, against twice the modes and half the intervals; 1e-16 at t = 0. Single points:
  2e-12, but 2e-11 within 1e-4 of the seam x = ±1 for 1e-8 < t < 1e-4, where the curvature is 110/√t. A cosine series of u
  itself, without what `allen_cahn.py` takes off first, is 3e-9 off at t = 0.05 with 32,768 modes, like their inverse square;
  extrapolated it differs by 3e-13;
- `van_der_pol`: 3e-16, against mpmath and other steps and degrees.
"""

from functools import lru_cache

import numpy as np

from physics.allen_cahn import solution as _allen_cahn

__all__ = [
    "DOMAINS",
    "SOLUTIONS",
    "VARIABLES",
    "allen_cahn",
    "burgers",
    "convection",
    "heat",
    "lane_emden",
    "logistic",
    "oscillator",
    "poisson_1d",
    "poisson_2d",
    "reaction",
    "relative_l2",
    "van_der_pol",
    "wave",
]

_UNIT = (0.0, 1.0)
_CIRCLE = (0.0, 2 * np.pi)
DOMAINS = {
    "poisson_1d": (_UNIT,),
    "poisson_2d": (_UNIT, _UNIT),
    "heat": (_UNIT, _UNIT),
    "convection": (_CIRCLE, _UNIT),
    "reaction": (_CIRCLE, _UNIT),
    "wave": (_UNIT, _UNIT),
    "burgers": ((-1.0, 1.0), _UNIT),
    "allen_cahn": ((-1.0, 1.0), _UNIT),
    "oscillator": (_CIRCLE,),
    "logistic": ((0.0, 8.0),),
    "lane_emden": ((0.0, 5.0),),
    "van_der_pol": (_CIRCLE,),
}
"""(low, high) of every column."""

VARIABLES = {name: ("x", "t")[: len(ranges)] for name, ranges in DOMAINS.items()} | {"poisson_2d": ("x", "y")}
VARIABLES |= dict.fromkeys(("oscillator", "logistic", "van_der_pol"), ("t",))
"""What the columns are."""

_BURGERS_STEP, _BURGERS_REACH = 0.125, 12.0
"""Trapezoidal rule over z: half the step and 1.25 times the reach change nothing but rounding."""
_ROWS = 20_000
"""Points of Burgers' equation at a time: 31 MB a matrix."""
_TAYLOR_STEPS, _TAYLOR_DEGREE = 128, 24
"""Of van der Pol's oscillator: the nearest singularities are about 0.7 off, the steps 0.05."""


def relative_l2(u, truth):
    """‖u − truth‖ / ‖truth‖ of values (n,)."""
    return float(np.linalg.norm(u - truth) / np.linalg.norm(truth))


def _columns(X, name):
    """Columns of X (n, d) as d arrays (n,), inside the domain: rounding of its ends is taken back."""
    X = np.asarray(X, dtype=float)
    domain = DOMAINS[name]
    if X.ndim != 2 or X.shape[1] != len(domain):
        raise ValueError(f"X of {name} must be (n, {len(domain)}), got shape {X.shape}")
    inside = np.clip(X, *np.transpose(domain))
    for i, (low, high) in enumerate(domain):
        outside = ~(np.abs(X[:, i] - inside[:, i]) <= 1e-12 * (high - low))
        if np.any(outside):
            got = X[outside, i][0]
            raise ValueError(f"{VARIABLES[name][i]} of {name} must be in [{low:g}, {high:g}], got {got:g}")
    return inside.T


# -- formulas


def poisson_1d(X):
    """−u'' = π² sin πx on [0, 1], u = 0 at both ends: u = sin πx."""
    (x,) = _columns(X, "poisson_1d")
    return np.sin(np.pi * x)


def poisson_2d(X):
    """−Δu = 2π² sin πx sin πy on [0, 1]², u = 0 on the boundary: u = sin πx sin πy."""
    x, y = _columns(X, "poisson_2d")
    return np.sin(np.pi * x) * np.sin(np.pi * y)


def heat(X):
    """u_t = u_xx/4 on [0, 1]², u(x, 0) = sin πx, zero walls: u = e^(−π²t/4) sin πx."""
    x, t = _columns(X, "heat")
    return np.exp(-(np.pi**2) * t / 4) * np.sin(np.pi * x)


def convection(X):
    """u_t + 40 u_x = 0, u(x, 0) = sin x, periodic on [0, 2π], t ≤ 1: u = sin(x − 40t)."""
    x, t = _columns(X, "convection")
    return np.sin(x - 40 * t)


def reaction(X):
    """u_t = 5u(1 − u), u(x, 0) = h(x) = e^(−(x − π)²/(2(π/4)²)) on [0, 2π], t ≤ 1: u = h/(h + (1 − h) e^(−5t))."""
    x, t = _columns(X, "reaction")
    exponent = -8 * ((x - np.pi) / np.pi) ** 2
    start = np.exp(exponent)
    return start / (start - np.expm1(exponent) * np.exp(-5 * t))


def wave(X):
    """u_tt = 4 u_xx on [0, 1]², zero walls, at rest at t = 0: u = sin πx cos 2πt + ½ sin 5πx cos 10πt."""
    x, t = _columns(X, "wave")
    return np.sin(np.pi * x) * np.cos(2 * np.pi * t) + 0.5 * np.sin(5 * np.pi * x) * np.cos(10 * np.pi * t)


def oscillator(X):
    """u'' + 4u = 0 on [0, 2π], u(0) = 1, u'(0) = 0: u = cos 2t."""
    (t,) = _columns(X, "oscillator")
    return np.cos(2 * t)


def logistic(X):
    """u' = u(1 − u) on [0, 8], u(0) = 0.1: u = 1/(1 + 9e^(−t))."""
    (t,) = _columns(X, "logistic")
    return 1 / (1 + 9 * np.exp(-t))


def lane_emden(X):
    """u'' + 2u'/x + u⁵ = 0 on [0, 5], u(0) = 1, u'(0) = 0: u = (1 + x²/3)^(−1/2)."""
    (x,) = _columns(X, "lane_emden")
    return 1 / np.sqrt(1 + x**2 / 3)


# -- an integral, and series


def burgers(X, viscosity=0.01 / np.pi):
    """u_t + u u_x = ν u_xx, ν = 0.01/π unless told, on [−1, 1], u(x, 0) = −sin πx, zero walls, t ≤ 1.

    Cole–Hopf with η = z√(4νt): u = −∫ sin π(x − η) w dz / ∫ w dz, w = exp(−cos π(x − η)/(2πν) − z²). The integrand is entire,
    so that the trapezoidal rule is exact to rounding; at t = 0 it is a constant times e^(−z²) and u = −sin πx comes out.
    """
    x, t = _columns(X, "burgers")
    n_nodes = round(_BURGERS_REACH / _BURGERS_STEP)
    z = _BURGERS_STEP * np.arange(-n_nodes, n_nodes + 1)
    u = np.empty_like(x)
    for begin in range(0, x.shape[0], _ROWS):
        part = slice(begin, begin + _ROWS)
        angle = np.pi * (x[part, None] - np.sqrt(4 * viscosity * t[part, None]) * z)
        exponent = -np.cos(angle) / (2 * np.pi * viscosity) - z**2
        weight = np.exp(exponent - np.max(exponent, axis=1, keepdims=True))
        u[part] = -np.sum(np.sin(angle) * weight, axis=1) / np.sum(weight, axis=1)
    return u


def allen_cahn(X):
    """u_t = 1e-4 u_xx + 5(u − u³), periodic on [−1, 1], u(x, 0) = x² cos πx, t ≤ 1; the first call takes some seconds."""
    x, t = _columns(X, "allen_cahn")
    return _allen_cahn(x, t)


def van_der_pol(X):
    """u'' − (1 − u²) u' + u = 0 on [0, 2π], u(0) = 2, u'(0) = 0: Taylor series around equidistant times."""
    (t,) = _columns(X, "van_der_pol")
    series, step = _van_der_pol_series(_TAYLOR_STEPS, _TAYLOR_DEGREE)
    index = np.minimum((t / step).astype(int), _TAYLOR_STEPS - 1)
    distance, u = t - step * index, 0.0
    for coefficients in series.T[::-1]:
        u = u * distance + coefficients[index]
    return u


@lru_cache
def _van_der_pol_series(n_steps, degree):
    """Taylor coefficients (n_steps, degree + 1) of u around the times 2πj/n_steps, and the step; extended precision inside."""
    step = np.longdouble(2 * np.pi) / n_steps
    state, rows = (2.0, 0.0), []
    for _ in range(n_steps):
        u, slope = _van_der_pol_taylor(*state, degree)
        rows.append(u.astype(float))
        state = np.polyval(u[::-1], step), np.polyval(slope[::-1], step)
    return np.array(rows), float(step)


def _van_der_pol_taylor(value, slope, degree):
    """Taylor coefficients (degree + 1,) of u and of p = u', from u' = p and p' = p − u² p − u; products are convolutions."""
    u, p, square = np.zeros((3, degree + 1), dtype=np.longdouble)
    u[0], p[0] = value, slope
    for k in range(degree):
        square[k] = u[: k + 1] @ u[k::-1]
        u[k + 1] = p[k] / (k + 1)
        p[k + 1] = (p[k] - square[: k + 1] @ p[k::-1] - u[k]) / (k + 1)
    return u, p


SOLUTIONS = {name: globals()[name] for name in DOMAINS}
"""Functions from X (n, d) to u (n,)."""
