"""Curvatures: which symmetric matrix B stands for the second derivatives in a model. A new one is a new file and a line here."""

from newtonreg.curvatures.bfgs import BFGSCurvature
from newtonreg.curvatures.exact import Exact
from newtonreg.curvatures.gauss_newton import GaussNewton
from newtonreg.curvatures.interpolated import Interpolated
from newtonreg.curvatures.model import CurvaturePoint
from newtonreg.curvatures.resolve import resolve_curvature
from newtonreg.curvatures.saddle_free import SaddleFree
from newtonreg.curvatures.secant import Secant, SecantPair, first_length, secant_pair
from newtonreg.curvatures.sr1 import SR1Curvature

__all__ = [
    "BFGSCurvature",
    "CurvaturePoint",
    "Exact",
    "GaussNewton",
    "Interpolated",
    "SR1Curvature",
    "SaddleFree",
    "Secant",
    "SecantPair",
    "first_length",
    "resolve_curvature",
    "secant_pair",
]
