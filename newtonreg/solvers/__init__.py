"""Solvers: `init` and `step`, one file a method."""

from newtonreg.solvers.adagrad import AdagradDescent
from newtonreg.solvers.adam import Adam
from newtonreg.solvers.bfgs import BFGS
from newtonreg.solvers.cubic_regularization import CubicRegularization
from newtonreg.solvers.damped_newton import DampedNewton, SaddleFreeNewton
from newtonreg.solvers.damping import DelayedGratification, Nielsen
from newtonreg.solvers.gradient_descent import GradientDescent
from newtonreg.solvers.gradient_norm import GradientNormMinimization
from newtonreg.solvers.inna import INNA
from newtonreg.solvers.lbfgs import LBFGS
from newtonreg.solvers.levenberg_marquardt import LevenbergMarquardt
from newtonreg.solvers.mini_batches import MiniBatches
from newtonreg.solvers.newton import Newton
from newtonreg.solvers.newton_mr import NewtonMR
from newtonreg.solvers.rmsprop import RMSPropDescent
from newtonreg.solvers.self_scaled import SSBFGS, SSBroyden
from newtonreg.solvers.sr1 import SR1
from newtonreg.solvers.state import SolverState
from newtonreg.solvers.trust_region import TrustRegion
from newtonreg.solvers.variable_projection import VariableProjection

__all__ = [
    "AdagradDescent",
    "Adam",
    "BFGS",
    "CubicRegularization",
    "DampedNewton",
    "DelayedGratification",
    "GradientDescent",
    "GradientNormMinimization",
    "INNA",
    "LBFGS",
    "LevenbergMarquardt",
    "MiniBatches",
    "Newton",
    "NewtonMR",
    "Nielsen",
    "RMSPropDescent",
    "SR1",
    "SSBFGS",
    "SSBroyden",
    "SaddleFreeNewton",
    "SolverState",
    "TrustRegion",
    "VariableProjection",
]
