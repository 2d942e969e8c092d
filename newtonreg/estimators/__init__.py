"""scikit-learn estimators."""

from newtonreg.estimators.newton_mlp import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.estimators.trust_region import TrustRegionClassifier, TrustRegionRegressor

__all__ = ["NewtonMLPClassifier", "NewtonMLPRegressor", "TrustRegionClassifier", "TrustRegionRegressor"]
