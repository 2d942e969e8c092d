"""Subproblems: a quadratic model and a scalar control to a step. A new one is a new file and a line here."""

from newtonreg.subproblems.damped import Damped
from newtonreg.subproblems.more_sorensen import MoreSorensen
from newtonreg.subproblems.quadratic import QuadraticModel, Spectrum
from newtonreg.subproblems.spectral import Spectral

__all__ = ["Damped", "MoreSorensen", "QuadraticModel", "Spectral", "Spectrum"]
