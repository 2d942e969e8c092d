"""Small neural networks trained by second-order methods with exact Hessians, as scikit-learn estimators."""

__version__ = "0.1.0"

from newtonreg.estimators import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.landscape import StationaryPoint, classify
from newtonreg.minimize import Status, minimize
from newtonreg.norms import ColumnScaling, Spherical
from newtonreg.objectives import Analytic, EmpiricalRisk
from newtonreg.solvers import LevenbergMarquardt, TrustRegion

__all__ = [
    "Analytic",
    "ColumnScaling",
    "EmpiricalRisk",
    "LevenbergMarquardt",
    "NewtonMLPClassifier",
    "NewtonMLPRegressor",
    "Spherical",
    "StationaryPoint",
    "Status",
    "TrustRegion",
    "classify",
    "minimize",
]
