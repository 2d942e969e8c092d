"""Functions from their differential equations: operators, conditions, collocation points."""

from newtonreg.physics import collocation
from newtonreg.physics.conditions import Condition, Data, Dirichlet, Initial, MultiPoint, Neumann, Periodic, Robin
from newtonreg.physics.operators import D, Operator

__all__ = [
    "Condition",
    "D",
    "Data",
    "Dirichlet",
    "Initial",
    "MultiPoint",
    "Neumann",
    "Operator",
    "Periodic",
    "Robin",
    "collocation",
]
