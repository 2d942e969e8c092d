"""How a fit is composed: starts, restarts, phases."""

from newtonreg.training.ellipsoids import ellipsoidal_trust_region
from newtonreg.training.evidence import Evidence
from newtonreg.training.fit import Training
from newtonreg.training.posterior import Posterior
from newtonreg.training.rules import Options, Plan, affordable_params, plan_fit, usual_batch_size, usual_width
from newtonreg.training.starts import draw_start

__all__ = [
    "Evidence",
    "Options",
    "Plan",
    "Posterior",
    "Training",
    "affordable_params",
    "draw_start",
    "ellipsoidal_trust_region",
    "plan_fit",
    "usual_batch_size",
    "usual_width",
]
