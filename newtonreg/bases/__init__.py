"""Bases h_k(x; θ_k) and their derivatives. A new one is a new file and a line here."""

from newtonreg.bases.callable import CallableActivation
from newtonreg.bases.erf import Erf
from newtonreg.bases.gaussian import Gaussian
from newtonreg.bases.identity import Identity
from newtonreg.bases.logistic import Logistic
from newtonreg.bases.radial import RadialGaussian
from newtonreg.bases.relu import Relu
from newtonreg.bases.relu_power import ReluPower
from newtonreg.bases.ridge import Ridge
from newtonreg.bases.silu import Silu
from newtonreg.bases.sine import Sine
from newtonreg.bases.softplus import Softplus
from newtonreg.bases.tanh import Tanh

__all__ = [
    "CallableActivation",
    "Erf",
    "Gaussian",
    "Identity",
    "Logistic",
    "RadialGaussian",
    "Relu",
    "ReluPower",
    "Ridge",
    "Silu",
    "Sine",
    "Softplus",
    "Tanh",
]
