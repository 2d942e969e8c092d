"""Solvers: `init` and `step`, one file a method."""

from newtonreg.solvers.levenberg_marquardt import LevenbergMarquardt
from newtonreg.solvers.state import SolverState
from newtonreg.solvers.trust_region import TrustRegion

__all__ = ["LevenbergMarquardt", "SolverState", "TrustRegion"]
