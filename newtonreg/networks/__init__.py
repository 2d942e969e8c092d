"""Networks: parameters in, raw predictions and their derivatives out."""

from newtonreg.networks.shallow import ShallowNetwork

__all__ = ["ShallowNetwork"]
