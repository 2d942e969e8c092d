"""How a fit is composed: starts, restarts, phases."""

from newtonreg.training.evidence import Evidence
from newtonreg.training.plan import Training
from newtonreg.training.posterior import Posterior
from newtonreg.training.starts import draw_start
from newtonreg.training.work import Options, Plan, plan_fit, usual_width

__all__ = ["Evidence", "Options", "Plan", "Posterior", "Training", "draw_start", "plan_fit", "usual_width"]
