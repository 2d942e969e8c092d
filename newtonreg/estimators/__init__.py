"""scikit-learn estimators."""

from newtonreg.estimators.newton_mlp import NewtonMLPClassifier, NewtonMLPRegressor

__all__ = ["NewtonMLPClassifier", "NewtonMLPRegressor"]
