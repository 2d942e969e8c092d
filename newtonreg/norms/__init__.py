"""Norms: the change of variables under which a trust region is a ball. A new one is a new file and a line here."""

from newtonreg.norms.adagrad import Adagrad
from newtonreg.norms.column_scaling import ColumnScaling
from newtonreg.norms.diagonal_hessian import DiagonalHessian
from newtonreg.norms.hessian_ellipsoid import HessianEllipsoid
from newtonreg.norms.resolve import resolve_norm
from newtonreg.norms.rmsprop import RMSProp
from newtonreg.norms.scaling import Scaling
from newtonreg.norms.spherical import Spherical

__all__ = [
    "Adagrad",
    "ColumnScaling",
    "DiagonalHessian",
    "HessianEllipsoid",
    "RMSProp",
    "Scaling",
    "Spherical",
    "resolve_norm",
]
