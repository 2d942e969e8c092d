"""A norm from its name."""

import newtonreg.norms
from newtonreg.components import resolve

__all__ = ["resolve_norm"]


def resolve_norm(norm):
    """A `Norm` from its name or an object."""
    return resolve("norm", norm, newtonreg.norms, ("scaling",))
