"""Tiny random objectives for solvers: sums of squares and bounded functions of any definiteness, in any unit, behind walls."""

import math
from dataclasses import dataclass
from functools import wraps

import hypothesis.strategies as st
import numpy as np

from newtonreg import Analytic, LeastSquares

__all__ = ["RandomProblem", "random_problems"]


@dataclass(frozen=True)
class RandomProblem:
    """What a random objective and its start are made from.

    Attributes
    ----------
    kind : {"quartic", "residuals", "valley"}
        ½ zᵀAz + bᵀz + ¼ q Σ z⁴; ½ ‖c + Az + ½ zᵀQz‖², affine in the last half of z; a chain of Rosenbrock's valleys.
    seed, size : int
        Of the generator, and the number of parameters.
    rank : int
        Of A.
    f, x : int
        Powers of ten: the unit of F, and the last parameter's unit in that of the first, x = units × z.
    exact : bool
        All residuals vanish somewhere.
    stationary : bool
        The start is a stationary point, z = 0.
    wall : {"none", "value", "gradient"}
        What is NaN where z_0 exceeds its value at the start by a tenth.
    """

    kind: str
    seed: int
    size: int
    rank: int
    f: int
    x: int
    exact: bool
    stationary: bool
    wall: str

    def make(self):
        """A fresh objective, and the start."""
        rng = np.random.default_rng(self.seed)
        units = 10.0 ** np.linspace(0.0, self.x, self.size)
        start = np.zeros(self.size) if self.stationary else rng.normal(size=self.size)
        if self.kind == "quartic":
            return self._quartic(rng, units, self._walls(start)), units * start
        make = {"residuals": self._residuals, "valley": self._valley}[self.kind]
        return _sum_of_squares(*make(rng), 10.0 ** (0.5 * self.f), units, self._walls(start)), units * start

    def _walls(self, start):
        """Functions of z, 0 this side of the wall and NaN beyond it, to be added to values and to first derivatives."""

        def wall(z):
            return 0.0 if z[0] <= start[0] + 0.1 else math.nan

        return [wall if self.wall == what else lambda z: 0.0 for what in ("value", "gradient")]

    def _quartic(self, rng, units, walls):
        f, p = 10.0**self.f, self.size
        rotation = np.linalg.qr(rng.normal(size=(p, p)))[0]
        matrix = (rotation * np.where(np.arange(p) < self.rank, rng.normal(size=p), 0.0)) @ rotation.T
        linear = np.zeros(p) if self.stationary else rng.normal(size=p)
        q = 10.0 ** rng.uniform(-2.0, 1.0)

        @_quietly
        def value(x):
            z = x / units
            return f * (0.5 * z @ matrix @ z + linear @ z + 0.25 * q * np.sum(z**4)) + walls[0](z)

        @_quietly
        def gradient(x):
            z = x / units
            return f * (matrix @ z + linear + q * z**3) / units + walls[1](z)

        hessian = _quietly(lambda x: f * (matrix + 3.0 * q * np.diag((x / units) ** 2)) / np.outer(units, units))
        return Analytic(value, p, gradient, hessian)

    def _residuals(self, rng):
        p, n = self.size, int(rng.integers(1, 6))
        slope = rng.normal(size=(n, self.rank)) @ rng.normal(size=(self.rank, p))
        bend = rng.normal(size=(n, p, p)) * rng.integers(0, 2)
        bend[:, p - p // 2 :, p - p // 2 :] = 0.0
        constant, z = rng.normal(size=(n, p))[:, 0], rng.normal(size=p)
        if self.stationary:
            constant = 0.0 * constant if self.exact else constant - slope @ np.linalg.lstsq(slope, constant, rcond=1e-10)[0]
        elif self.exact:
            constant = -slope @ z - 0.5 * (bend @ z) @ z
        return constant, slope, bend + np.swapaxes(bend, 1, 2), range(p - p // 2, p)

    def _valley(self, rng):
        p, steep = self.size, 10.0 ** rng.uniform(-1.0, 3.0)
        constant, slope, bend = np.zeros(p), steep * np.eye(p), np.zeros((p, p, p))
        constant[0], slope[0, 0] = 0.0 if self.stationary else 1.0, -1.0
        for j in range(1, p):
            bend[j, j - 1, j - 1] = -2.0 * steep
        return constant, slope, bend, [p - 1]


def _quietly(function):
    """What overflows in a function of a test is not the package's business."""

    @wraps(function)
    def quiet(x):
        with np.errstate(all="ignore"):
            return function(x)

    return quiet


def _sum_of_squares(constant, slope, bend, outer, f, units, walls):
    """½ ‖f (c + Az + ½ zᵀQz)‖² with z = x / units."""

    @_quietly
    def residuals(x):
        z = x / units
        return f * (constant + slope @ z + 0.5 * (bend @ z) @ z) + walls[0](z)

    jacobian = _quietly(lambda x: f * (slope + bend @ (x / units)) / units + walls[1](x / units))
    hessians = f * bend / np.outer(units, units)
    return LeastSquares(residuals, units.size, jacobian, lambda x: hessians, outer=outer)


def random_problems():
    """Strategy of `RandomProblem`."""
    power, yes = st.integers(-6, 6), st.booleans()
    kinds, walls = st.sampled_from(("residuals", "quartic", "valley")), st.sampled_from(("none", "value", "gradient"))
    seed, size = st.integers(0, 2**32 - 1), st.integers(1, 4)
    return size.flatmap(
        lambda p: st.builds(RandomProblem, kinds, seed, st.just(p), st.integers(0, p), power, power, yes, yes, walls)
    )
