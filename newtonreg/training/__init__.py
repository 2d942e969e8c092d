"""How a fit is composed: starts, restarts, phases."""

from newtonreg.training.budget import trial_work
from newtonreg.training.ellipsoids import ellipsoidal_trust_region
from newtonreg.training.evidence import Evidence
from newtonreg.training.fit import Training
from newtonreg.training.physics import WIDE, PhysicsOpening, plan_physics, plan_redrawn, usual_physics_width
from newtonreg.training.physics_starts import best_start, unit_families
from newtonreg.training.posterior import Posterior
from newtonreg.training.quasilinearization import Quasilinearization, QuasilinearOpening
from newtonreg.training.rules import (
    Options,
    Plan,
    affordable_params,
    levenberg_marquardt,
    plan_fit,
    usual_batch_size,
    usual_width,
)
from newtonreg.training.starts import draw_start

__all__ = [
    "WIDE",
    "Evidence",
    "Options",
    "PhysicsOpening",
    "Plan",
    "Posterior",
    "QuasilinearOpening",
    "Quasilinearization",
    "Training",
    "affordable_params",
    "best_start",
    "draw_start",
    "ellipsoidal_trust_region",
    "levenberg_marquardt",
    "plan_fit",
    "plan_physics",
    "plan_redrawn",
    "trial_work",
    "unit_families",
    "usual_batch_size",
    "usual_physics_width",
    "usual_width",
]
