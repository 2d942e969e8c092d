"""Small neural networks trained by second-order methods with exact Hessians, as scikit-learn estimators."""

__version__ = "0.1.0"

from newtonreg.estimators import (
    INNAClassifier,
    INNARegressor,
    NewtonMLPClassifier,
    NewtonMLPRegressor,
    PhysicsRegressor,
    TrustRegionClassifier,
    TrustRegionRegressor,
)
from newtonreg.landscape import StationaryPoint, classify
from newtonreg.minimize import Status, minimize
from newtonreg.norms import ColumnScaling, Spherical
from newtonreg.objectives import Analytic, EmpiricalRisk, LeastSquares
from newtonreg.solvers import BFGS, INNA, LBFGS, LevenbergMarquardt, MiniBatches, Newton, TrustRegion, VariableProjection
from newtonreg.whitening import Whitener

__all__ = [
    "BFGS",
    "INNA",
    "LBFGS",
    "Analytic",
    "ColumnScaling",
    "EmpiricalRisk",
    "INNAClassifier",
    "INNARegressor",
    "LeastSquares",
    "LevenbergMarquardt",
    "MiniBatches",
    "Newton",
    "NewtonMLPClassifier",
    "NewtonMLPRegressor",
    "PhysicsRegressor",
    "Spherical",
    "StationaryPoint",
    "Status",
    "TrustRegion",
    "TrustRegionClassifier",
    "TrustRegionRegressor",
    "VariableProjection",
    "Whitener",
    "classify",
    "minimize",
]
