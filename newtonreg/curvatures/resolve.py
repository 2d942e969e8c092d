"""A curvature from its name."""

import newtonreg.curvatures
from newtonreg.components import resolve

__all__ = ["resolve_curvature"]


def resolve_curvature(curvature):
    """A `Curvature` from its name or an object."""
    return resolve("curvature", curvature, newtonreg.curvatures, ("at", "is_exact"))
