"""Formulas: smooth functions of one variable and the usual test functions of several, values at `X` (n, d).

Those of several variables are in D. Bingham and S. Surjanovic, *Virtual Library of Simulation Experiments*.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["CURVES", "SURFACES", "Curve", "Surface", "friedman1", "friedman2", "friedman3"]


class Curve(NamedTuple):
    """A function of x in [-1, 1], given as (n,), and how it is written."""

    label: str
    function: object


def _five_gaussians(x):
    centers, widths = (-0.8, -0.4, 0.0, 0.35, 0.75), (0.10, 0.06, 0.15, 0.05, 0.08)
    heights = (1.0, -0.8, 0.6, 1.2, -1.0)
    return sum(a * np.exp(-(((x - c) / w) ** 2)) for a, c, w in zip(heights, centers, widths, strict=True))


CURVES = {
    "sin2pi": Curve("sin 2πx", lambda x: np.sin(2 * np.pi * x)),
    "sin4pi": Curve("sin 4πx e^(−x²)", lambda x: np.sin(4 * np.pi * x) * np.exp(-(x**2))),
    "runge": Curve("1/(1 + 25x²)", lambda x: 1 / (1 + 25 * x**2)),
    "tanh20": Curve("tanh 20x", lambda x: np.tanh(20 * x)),
    "expsin": Curve("exp(sin 3x)", lambda x: np.exp(np.sin(3 * x))),
    "xsin5": Curve("x sin 5x", lambda x: x * np.sin(5 * x)),
    "sinc10": Curve("sin(10x)/(10x)", lambda x: np.sinc(10 * x / np.pi)),
    "sin8pi": Curve("sin 8πx", lambda x: np.sin(8 * np.pi * x)),
    "gauss5": Curve("five Gaussians", _five_gaussians),
    "chirp": Curve("sin 10x²", lambda x: np.sin(10 * x**2)),
    "abs": Curve("|x|", np.abs),
    "sin-pi": Curve("sin πx", lambda x: np.sin(np.pi * x)),
    "exp": Curve("exp x", np.exp),
    "numpy-sinc10": Curve("sin(10πx)/(10πx)", lambda x: np.sinc(10 * x)),
    "bessel": Curve("cos(15x)/(1 + x²)", lambda x: np.cos(15 * x) / (1 + x**2)),
    "logistic-mix": Curve("tanh 10(x − 0.3) + sin 6x", lambda x: np.tanh(10 * (x - 0.3)) + np.sin(6 * x)),
    "rational": Curve("(1 + x)/(1.2 + cos 7x)", lambda x: (1 + x) / (1.2 + np.cos(7 * x))),
    "kink-cubed": Curve("|sin 3x|³", lambda x: np.abs(np.sin(3 * x)) ** 3),
}
"""In the order of the tables; the last four are for the robustness group only."""


class Surface(NamedTuple):
    """A function of several inputs: how it is called, the ranges (d, 2) of its inputs, and the function of X (n, d)."""

    label: str
    ranges: tuple
    function: object

    def draw(self, n_rows, rng):
        """Uniform random inputs (n, d)."""
        low, high = np.array(self.ranges).T
        return rng.uniform(low, high, (n_rows, len(low)))


_UNIT = (0.0, 1.0)


def _franke(X):
    x, y = 9 * X[:, 0], 9 * X[:, 1]
    return (
        0.75 * np.exp(-((x - 2) ** 2 + (y - 2) ** 2) / 4)
        + 0.75 * np.exp(-((x + 1) ** 2) / 49 - (y + 1) / 10)
        + 0.5 * np.exp(-((x - 7) ** 2 + (y - 3) ** 2) / 4)
        - 0.2 * np.exp(-((x - 4) ** 2) - (y - 7) ** 2)
    )


def friedman1(X):
    """Friedman's first function of the first five columns in [0, 1]."""
    return 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]


def friedman2(X):
    """Impedance of a circuit."""
    return np.hypot(X[:, 0], X[:, 1] * X[:, 2] - 1 / (X[:, 1] * X[:, 3]))


def friedman3(X):
    """Phase of a circuit."""
    return np.arctan((X[:, 1] * X[:, 2] - 1 / (X[:, 1] * X[:, 3])) / X[:, 0])


def _borehole(X):
    rw, r, tu, hu, tl, hl, length, kw = X.T
    log = np.log(r / rw)
    return 2 * np.pi * tu * (hu - hl) / (log * (1 + 2 * length * tu / (log * rw**2 * kw) + tu / tl))


def _peaks(X):
    x, y = X.T
    return (
        3 * (1 - x) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
        - 10 * (x / 5 - x**3 - y**5) * np.exp(-(x**2) - y**2)
        - np.exp(-((x + 1) ** 2) - y**2) / 3
    )


def _ishigami(X):
    """With a linear term in a fourth input."""
    return np.sin(X[:, 0]) + 7 * np.sin(X[:, 1]) ** 2 + 0.1 * X[:, 2] ** 4 * np.sin(X[:, 0]) + X[:, 3]


def _piston(X):
    mass, area, volume, stiffness, pressure, outside, filling = X.T
    force = pressure * area + 19.62 * mass - stiffness * volume / area
    displaced = area / (2 * stiffness) * (np.sqrt(force**2 + 4 * stiffness * pressure * volume * outside / filling) - force)
    return 2 * np.pi * np.sqrt(mass / (stiffness + area**2 * pressure * volume * outside / (filling * displaced**2)))


def _otl_circuit(X):
    b1, b2, f, c1, c2, beta = X.T
    vb1, load = 12 * b2 / (b1 + b2), beta * (c2 + 9)
    gain = load / (load + f)
    return (vb1 + 0.74) * gain + 11.35 * f / (load + f) + 0.74 * f * gain / c1


def _wing_weight(X):
    sw, wfw, aspect, sweep, q, taper, tc, nz, wdg, wp = X.T
    cosine = np.cos(np.radians(sweep))
    lift = 0.036 * sw**0.758 * wfw**0.0035 * (aspect / cosine**2) ** 0.6 * q**0.006 * taper**0.04
    return lift * (100 * tc / cosine) ** -0.3 * (nz * wdg) ** 0.49 + sw * wp


def _rosenbrock(X):
    return np.sum(100 * (X[:, 1:] - X[:, :-1] ** 2) ** 2 + (1 - X[:, :-1]) ** 2, axis=1)


_CIRCUIT = ((0, 100), (40 * np.pi, 560 * np.pi), _UNIT, (1, 11))
_BOREHOLE = ((0.05, 0.15), (100, 50_000), (63_070, 115_600), (990, 1110), (63.1, 116), (700, 820), (1120, 1680), (9855, 12_045))
_PISTON = ((30, 60), (0.005, 0.02), (0.002, 0.01), (1000, 5000), (90_000, 110_000), (290, 296), (340, 360))
_OTL = ((50, 150), (25, 70), (0.5, 3), (1.2, 2.5), (0.25, 1.2), (50, 300))
_WING = ((150, 200), (220, 300), (6, 10), (-10, 10), (16, 45), (0.5, 1), (0.08, 0.18), (2.5, 6), (1700, 2500), (0.025, 0.08))

SURFACES = {
    "franke": Surface("Franke", (_UNIT,) * 2, _franke),
    "friedman1": Surface("Friedman 1", (_UNIT,) * 5, friedman1),
    "friedman2": Surface("Friedman 2", _CIRCUIT, friedman2),
    "friedman3": Surface("Friedman 3", _CIRCUIT, friedman3),
    "borehole": Surface("borehole", _BOREHOLE, _borehole),
    "peaks": Surface("peaks", ((-3, 3),) * 2, _peaks),
    "ishigami": Surface("Ishigami + x₄", ((-np.pi, np.pi),) * 4, _ishigami),
    "piston": Surface("piston", _PISTON, _piston),
    "otl": Surface("OTL circuit", _OTL, _otl_circuit),
    "wing": Surface("wing weight", _WING, _wing_weight),
    "rosenbrock": Surface("Rosenbrock 3-D", ((-2, 2),) * 3, _rosenbrock),
}
