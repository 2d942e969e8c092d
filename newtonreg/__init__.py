"""Small neural networks trained by second-order methods with exact Hessians, as scikit-learn estimators."""

__version__ = "0.1.0"

from newtonreg.estimators import NewtonMLPClassifier, NewtonMLPRegressor, TrustRegionClassifier, TrustRegionRegressor
from newtonreg.landscape import StationaryPoint, classify
from newtonreg.minimize import Status, minimize
from newtonreg.norms import ColumnScaling, Spherical
from newtonreg.objectives import Analytic, EmpiricalRisk, LeastSquares
from newtonreg.solvers import BFGS, LBFGS, LevenbergMarquardt, Newton, TrustRegion, VariableProjection

__all__ = [
    "BFGS",
    "LBFGS",
    "Analytic",
    "ColumnScaling",
    "EmpiricalRisk",
    "LeastSquares",
    "LevenbergMarquardt",
    "Newton",
    "NewtonMLPClassifier",
    "NewtonMLPRegressor",
    "Spherical",
    "StationaryPoint",
    "Status",
    "TrustRegion",
    "TrustRegionClassifier",
    "TrustRegionRegressor",
    "VariableProjection",
    "classify",
    "minimize",
]
