"""Differential equations with known solutions: how each is put to `PhysicsRegressor`."""

from functools import partial
from typing import NamedTuple

import autograd.numpy as np

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Dirichlet, Initial, Periodic, collocation

__all__ = ["PROBLEMS", "WIDE", "Problem"]

PI = np.pi


class Problem(NamedTuple):
    """A problem: its name in `references.SOLUTIONS`, what is published for it, the target, and `fit(seed, **settings)`, a
    fitted model.

    `settings` says what differs from the defaults.
    """

    name: str
    published: str
    target: float
    settings: str
    fit: object


def poisson_1d(seed, **settings):
    """−u'' = π² sin πx, 62 points, 16 units."""
    X = collocation.chebyshev((0.0, 1.0), 62)
    model = PhysicsRegressor(-D(2), Dirichlet("boundary"), 16, random_state=seed, **settings)
    return model.fit(X, PI**2 * np.sin(PI * X[:, 0]))


def poisson_2d(seed, width=32, **settings):
    """−Δu = 2π² sin πx sin πy with zero boundary."""
    X = collocation.chebyshev([(0.0, 1.0)] * 2, 30)
    model = PhysicsRegressor(-D("x", "x") - D("y", "y"), Dirichlet("boundary"), width, random_state=seed, **settings)
    return model.fit(X, 2.0 * PI**2 * np.sin(PI * X[:, 0]) * np.sin(PI * X[:, 1]))


def heat(seed, **settings):
    """u_t = u_xx / 4, 64 units."""
    X = collocation.chebyshev([(0.0, 1.0)] * 2, 30)
    conditions = [Dirichlet({"x": 0.0}), Dirichlet({"x": 1.0}), Initial({"t": 0.0}, lambda X: np.sin(PI * X[:, 0]))]
    model = PhysicsRegressor(D("t") - 0.25 * D("x", "x"), conditions, 64, variables=("x", "t"), random_state=seed, **settings)
    return model.fit(X)


def convection(seed, **settings):
    """u_t + 40 u_x = 0, periodic."""
    X = collocation.chebyshev([(0.0, 2.0 * PI), (0.0, 1.0)], [30, 60])
    conditions = [Periodic("x", orders=(0,), n_points=200), Initial({"t": 0.0}, lambda X: np.sin(X[:, 0]))]
    return PhysicsRegressor(D("t") + 40 * D("x"), conditions, variables=("x", "t"), random_state=seed, **settings).fit(X)


def reaction(seed, **settings):
    """u_t = 5 u (1 − u), periodic, from a Gaussian."""
    X = collocation.chebyshev([(0.0, 2.0 * PI), (0.0, 1.0)], [80, 50])
    conditions = [
        Periodic("x", orders=(0,)),
        Initial({"t": 0.0}, lambda X: np.exp(-((X[:, 0] - PI) ** 2) / (2.0 * (PI / 4.0) ** 2))),
    ]

    def residual(u, u_t):
        return u_t - 5.0 * u * (1.0 - u)

    return PhysicsRegressor(residual, conditions, variables=("x", "t"), random_state=seed, **settings).fit(X)


def wave(seed, **settings):
    """u_tt = 4 u_xx from two modes at rest, zero walls."""
    X = collocation.chebyshev([(0.0, 1.0)] * 2, 40)
    start = Initial({"t": 0.0}, [lambda X: np.sin(PI * X[:, 0]) + 0.5 * np.sin(5.0 * PI * X[:, 0]), 0.0])
    conditions = [Dirichlet({"x": 0.0}), Dirichlet({"x": 1.0}), start]
    model = PhysicsRegressor(D("t", "t") - 4 * D("x", "x"), conditions, variables=("x", "t"), random_state=seed, **settings)
    return model.fit(X)


def burgers(seed, **settings):
    """u_t + u u_x = ν u_xx, ν = 0.01/π, zero walls."""
    X = collocation.uniform([(-1.0, 1.0), (0.0, 1.0)], [100, 40])
    start = Initial({"t": 0.0}, lambda X: -np.sin(PI * X[:, 0]), n_points=200)

    def residual(u, u_t, u_x, u_xx):
        return u_t + u * u_x - 0.01 / PI * u_xx

    conditions = [Dirichlet({"x": -1.0}), Dirichlet({"x": 1.0}), start]
    return PhysicsRegressor(residual, conditions, variables=("x", "t"), random_state=seed, **settings).fit(X)


def allen_cahn(seed, **settings):
    """u_t = 1e-4 u_xx + 5 (u − u³), periodic."""
    X = collocation.uniform([(-1.0, 1.0), (0.0, 1.0)], [100, 40])
    conditions = [Periodic("x"), Initial({"t": 0.0}, lambda X: X[:, 0] ** 2 * np.cos(PI * X[:, 0]), n_points=300)]

    def residual(u, u_t, u_xx):
        return u_t - 1e-4 * u_xx - 5.0 * (u - u**3)

    return PhysicsRegressor(residual, conditions, variables=("x", "t"), random_state=seed, **settings).fit(X)


def oscillator(seed, **settings):
    """u'' + 4 u = 0."""
    X = collocation.chebyshev((0.0, 2.0 * PI), 100)
    return PhysicsRegressor(D(2) + 4 * D(0), Initial(0.0, [1.0, 0.0]), random_state=seed, **settings).fit(X)


def logistic(seed, **settings):
    """u' = u (1 − u)."""

    def residual(u, du):
        return du - u * (1.0 - u)

    return PhysicsRegressor(residual, Initial(0.0, 0.1), random_state=seed, **settings).fit(
        collocation.chebyshev((0.0, 8.0), 100)
    )


def lane_emden(seed, **settings):
    """x u'' + 2 u' + x u⁵ = 0."""

    def residual(x, u, du, d2u):
        return x * d2u + 2.0 * du + x * u**5

    X = collocation.chebyshev((0.0, 5.0), 100)
    return PhysicsRegressor(residual, Initial(0.0, [1.0, 0.0]), random_state=seed, **settings).fit(X)


def van_der_pol(seed, **settings):
    """u'' = (1 − u²) u' − u."""

    def residual(u, du, d2u):
        return d2u - (1.0 - u**2) * du + u

    X = collocation.chebyshev((0.0, 2.0 * PI), 120)
    return PhysicsRegressor(residual, Initial(0.0, [2.0, 0.0]), random_state=seed, **settings).fit(X)


PROBLEMS = [
    Problem("poisson_1d", "2e-5 in 0.4 s (L-BFGS), 4e-5 in 0.08 s (GN)", 1e-9, "16 units", poisson_1d),
    Problem("poisson_2d", "1e-6 to 1e-8 (ENGD)", 1e-8, "32 units", poisson_2d),
    Problem("poisson_2d", "1e-6 to 1e-8 (ENGD)", 1e-8, "", partial(poisson_2d, width="auto")),
    Problem("heat", "1e-6 to 1e-8 (ENGD)", 1e-8, "64 units", heat),
    Problem("convection", "1.9e-3 (NNCG)", 1e-6, "", convection),
    Problem("reaction", "9.9e-3 (NNCG)", 1e-6, "", reaction),
    Problem("wave", "1.3e-2 (NNCG)", 1e-6, "", wave),
    Problem("burgers", "6.7e-4 (L-BFGS), 1.6e-8 (SSBroyden, deep)", 1e-6, "", burgers),
    Problem("allen_cahn", "5e-1 to 9e-7", 1e-5, "", allen_cahn),
    Problem("oscillator", "", 1e-8, "", oscillator),
    Problem("logistic", "", 1e-8, "", logistic),
    Problem("lane_emden", "", 1e-8, "", lane_emden),
    Problem("van_der_pol", "", 1e-8, "", van_der_pol),
]

WIDE = [
    problem._replace(settings=f"{width} units", fit=partial(problem.fit, hidden_layer_sizes=width))
    for problem in PROBLEMS
    if problem.name in ("reaction", "burgers", "allen_cahn")
    for width in (700, 2800, 4000, 8000, 14000)
    if problem.name != "reaction" or width == 700
]
"""Fronts with more units than the default has, and a smooth problem with fewer; from 8,000 on they are for a GPU."""
