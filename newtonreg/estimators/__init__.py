"""scikit-learn estimators."""

from newtonreg.estimators.inna import INNAClassifier, INNARegressor
from newtonreg.estimators.newton_mlp import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.estimators.physics import PhysicsRegressor
from newtonreg.estimators.trust_region import TrustRegionClassifier, TrustRegionRegressor

__all__ = [
    "INNAClassifier",
    "INNARegressor",
    "NewtonMLPClassifier",
    "NewtonMLPRegressor",
    "PhysicsRegressor",
    "TrustRegionClassifier",
    "TrustRegionRegressor",
]
