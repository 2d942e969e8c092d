"""Subproblems: a quadratic model and a scalar control to a step. A new one is a new file and a line here."""

from newtonreg.subproblems.cauchy import Cauchy
from newtonreg.subproblems.cubic import Cubic
from newtonreg.subproblems.damped import Damped
from newtonreg.subproblems.damped_root import DampedDual, DampedQR, DampedSVD
from newtonreg.subproblems.dogleg import Dogleg
from newtonreg.subproblems.gltr import GLTR
from newtonreg.subproblems.more_sorensen import MoreSorensen
from newtonreg.subproblems.quadratic import QuadraticModel, Spectrum
from newtonreg.subproblems.spectral import Spectral
from newtonreg.subproblems.square_root import SquareRootModel, column_squares
from newtonreg.subproblems.steihaug import Steihaug

__all__ = [
    "Cauchy",
    "Cubic",
    "Damped",
    "DampedDual",
    "DampedQR",
    "DampedSVD",
    "Dogleg",
    "GLTR",
    "MoreSorensen",
    "QuadraticModel",
    "Spectral",
    "Spectrum",
    "SquareRootModel",
    "Steihaug",
    "column_squares",
]
