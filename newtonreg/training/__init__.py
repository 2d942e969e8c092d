"""How a fit is composed: starts, restarts, phases."""

from newtonreg.training.plan import Phase, Settings, Training
from newtonreg.training.starts import draw_start
from newtonreg.training.work import Work, plan_work

__all__ = ["Phase", "Settings", "Training", "Work", "draw_start", "plan_work"]
