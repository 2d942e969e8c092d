"""Contract checks for components written outside the package, as scikit-learn's `check_estimator` is for estimators.

Who writes a basis, a loss, a norm, a subproblem solver or a solver calls the check of that name; the package's own tests do the
same for every component they discover. A check returns nothing, or raises AssertionError with the component and the property
that it violates. Derivatives are judged by the slopes of Taylor remainders, which need no tolerance and no second formula.
"""

import math
import pickle
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone

from newtonreg.backend.arrays import namespace, to_device, to_host
from newtonreg.minimize import Stopping, Minimization
from newtonreg.objectives.analytic import Analytic, AnalyticEvaluation
from newtonreg.subproblems.quadratic import QuadraticModel

__all__ = [
    "check_basis",
    "check_gradient",
    "check_hessian",
    "check_loss",
    "check_norm",
    "check_solver",
    "check_subproblem",
    "taylor_slopes",
]
