"""The model functions of NIST's nonlinear regression problems, as autograd can differentiate them."""

from collections.abc import Callable
from typing import NamedTuple

import autograd.numpy as anp

__all__ = ["MODELS", "Model"]


class Model(NamedTuple):
    """What a data set of NIST's is fitted by.

    Attributes
    ----------
    function : callable
        f(b, x) for b (p,) and x (n,) or (n, 2), shape (n,).
    outer : tuple of int
        Parameters in which f is affine, all of them together: as many as there are.
    transformation : callable or None
        What is done to the y of the file before f is compared with it; None is nothing.
    """

    function: Callable
    outer: tuple = ()
    transformation: Callable | None = None


def _power(b, x):
    return b[0] * x ** b[1]


def _shifted_power(b, x):
    return b[0] * (b[1] + x) ** (-1.0 / b[2])


def _saturation(b, x):
    return b[0] * (1.0 - anp.exp(-b[1] * x))


def _saturation_square(b, x):
    return b[0] * (1.0 - (1.0 + 0.5 * b[1] * x) ** -2)


def _saturation_root(b, x):
    return b[0] * (1.0 - (1.0 + 2.0 * b[1] * x) ** -0.5)


def _saturation_rational(b, x):
    return b[0] * b[1] * x / (1.0 + b[1] * x)


def _decay_over_line(b, x):
    return anp.exp(-b[0] * x) / (b[1] + b[2] * x)


def _cycles(b, x):
    angles = [2.0 * anp.pi * x / period for period in (12.0, b[3], b[6])]
    waves = zip((b[1], b[4], b[7]), (b[2], b[5], b[8]), angles, strict=True)
    return b[0] + sum(c * anp.cos(angle) + s * anp.sin(angle) for c, s, angle in waves)


def _bell(b, x):
    return b[0] / b[1] * anp.exp(-0.5 * ((x - b[2]) / b[1]) ** 2)


def _two_bells(b, x):
    bells = sum(b[j] * anp.exp(-(((x - b[j + 1]) / b[j + 2]) ** 2)) for j in (2, 5))
    return b[0] * anp.exp(-b[1] * x) + bells


def _quadratic_rational(b, x):
    return (b[0] + x * (b[1] + x * b[2])) / (1.0 + x * (b[3] + x * b[4]))


def _cubic_rational(b, x):
    return (b[0] + x * (b[1] + x * (b[2] + x * b[3]))) / (1.0 + x * (b[4] + x * (b[5] + x * b[6])))


def _monic_rational(b, x):
    return b[0] * x * (x + b[1]) / (x * (x + b[2]) + b[3])


def _three_decays(b, x):
    return sum(b[j] * anp.exp(-b[j + 1] * x) for j in (0, 2, 4))


def _two_decays(b, x):
    return b[0] + b[1] * anp.exp(-b[3] * x) + b[2] * anp.exp(-b[4] * x)


def _vapor_pressure(b, x):
    return b[0] * anp.exp(b[1] / (x + b[2]))


def _degradation(b, x):
    return b[0] - b[1] * x[:, 0] * anp.exp(-b[2] * x[:, 1])


def _growth(b, x):
    return b[0] / (1.0 + anp.exp(b[1] - b[2] * x))


def _skew_growth(b, x):
    return b[0] / (1.0 + anp.exp(b[1] - b[2] * x)) ** (1.0 / b[3])


def _arctangent(b, x):
    return b[0] - b[1] * x - anp.arctan(b[2] / (x - b[3])) / anp.pi


_BELLS = Model(_two_bells, outer=(0, 2, 5))
_CUBICS = Model(_cubic_rational, outer=(0, 1, 2, 3))
_DECAYS = Model(_three_decays, outer=(0, 2, 4))
_ULTRASOUND = Model(_decay_over_line)

MODELS = {
    "Bennett5": Model(_shifted_power, outer=(0,)),
    "BoxBOD": Model(_saturation, outer=(0,)),
    "Chwirut1": _ULTRASOUND,
    "Chwirut2": _ULTRASOUND,
    "DanWood": Model(_power, outer=(0,)),
    "ENSO": Model(_cycles, outer=(0, 1, 2, 4, 5, 7, 8)),
    "Eckerle4": Model(_bell, outer=(0,)),
    "Gauss1": _BELLS,
    "Gauss2": _BELLS,
    "Gauss3": _BELLS,
    "Hahn1": _CUBICS,
    "Kirby2": Model(_quadratic_rational, outer=(0, 1, 2)),
    "Lanczos1": _DECAYS,
    "Lanczos2": _DECAYS,
    "Lanczos3": _DECAYS,
    "MGH09": Model(_monic_rational, outer=(0,)),
    "MGH10": Model(_vapor_pressure, outer=(0,)),
    "MGH17": Model(_two_decays, outer=(0, 1, 2)),
    "Misra1a": Model(_saturation, outer=(0,)),
    "Misra1b": Model(_saturation_square, outer=(0,)),
    "Misra1c": Model(_saturation_root, outer=(0,)),
    "Misra1d": Model(_saturation_rational, outer=(0,)),
    "Nelson": Model(_degradation, outer=(0, 1), transformation=anp.log),
    "Rat42": Model(_growth, outer=(0,)),
    "Rat43": Model(_skew_growth, outer=(0,)),
    "Roszman1": Model(_arctangent, outer=(0, 1)),
    "Thurber": _CUBICS,
}
"""`Model` by the name of the data set, all 27."""
