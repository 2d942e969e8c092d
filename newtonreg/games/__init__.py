"""Games and variational inequalities: zeros of vector fields that are no gradients, found by the same loop.

`minimize(Game(...), z0, ExtraGradient())` runs a stepper, and stops where the natural residual is small.
"""

from newtonreg.games.game import Game
from newtonreg.games.gradient_steps import ExtraGradient, GradientDescentAscent, OptimisticGradient
from newtonreg.games.implicit_steps import NewtonStep, ProximalPoint
from newtonreg.games.projections import Box, Product, Simplex

__all__ = [
    "Box",
    "ExtraGradient",
    "Game",
    "GradientDescentAscent",
    "NewtonStep",
    "OptimisticGradient",
    "Product",
    "ProximalPoint",
    "Simplex",
]
