"""Unknown coefficients from noisy measurements: do the intervals cover, and how wide are they?"""

import time
from typing import NamedTuple

import numpy as np

from newtonreg import PhysicsRegressor
from newtonreg.physics import Data, Dirichlet, Initial, collocation
from physics.references import burgers

__all__ = ["INVERSE", "Inverse"]

NOISE = 0.01
NU = 0.05


class Inverse(NamedTuple):
    """A problem: the true coefficient, and `repeat(seed)`: estimate, standard error, Cramér–Rao bound, noise, seconds."""

    name: str
    truth: float
    repeat: object


def stiffness(seed):
    """k of u'' + k u = 0, u(0) = 1, u'(0) = 0, from 50 measurements of u with noise of 1%."""
    rng = np.random.RandomState(seed)
    t = np.linspace(0.0, 2.0 * np.pi, 50)
    measured = np.cos(2.0 * t) + NOISE * rng.standard_normal(t.size)
    slope = -t * np.sin(2.0 * t) / 4.0

    def residual(u, d2u, k):
        return d2u + k * u

    model = PhysicsRegressor(residual, [Data(t, measured), Initial(0.0, [1.0, 0.0])], coefficients={"k": 3.0}, random_state=0)
    return _estimate(model, collocation.chebyshev((0.0, 2.0 * np.pi), 100), "k", slope)


def viscosity(seed):
    """ν of u_t + u u_x = ν u_xx, from 200 measurements of u with noise of 1%."""
    rng = np.random.RandomState(seed)
    points = collocation.latin_hypercube([(-1.0, 1.0), (0.0, 1.0)], 200, random_state=0)
    measured = burgers(points, NU) + NOISE * rng.standard_normal(200)
    slope = (burgers(points, NU * 1.001) - burgers(points, NU * 0.999)) / (0.002 * NU)

    def residual(u, u_t, u_x, u_xx, nu):
        return u_t + u * u_x - nu * u_xx

    conditions = [
        Data(points, measured),
        Dirichlet({"x": -1.0}),
        Dirichlet({"x": 1.0}),
        Initial({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0])),
    ]
    model = PhysicsRegressor(residual, conditions, 60, variables=("x", "t"), coefficients={"nu": 0.1}, random_state=0)
    return _estimate(model, collocation.chebyshev([(-1.0, 1.0), (0.0, 1.0)], [40, 25]), "nu", slope)


def _estimate(model, X, name, slope):
    begin = time.perf_counter()
    model.fit(X)
    seconds = time.perf_counter() - begin
    (noise,) = model.noise_std_.values()
    bound = NOISE / np.sqrt(slope @ slope)
    return model.coefficients_[name], model.coefficient_std_[name], bound, noise, seconds


INVERSE = [Inverse("stiffness of an oscillator", 4.0, stiffness), Inverse("viscosity of Burgers", NU, viscosity)]
