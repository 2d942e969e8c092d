"""Networks: parameters in, raw predictions and their derivatives out."""

from newtonreg.networks.deep import DeepNetwork
from newtonreg.networks.initialization import draw_deep
from newtonreg.networks.shallow import ShallowNetwork

__all__ = ["DeepNetwork", "ShallowNetwork", "draw_deep"]
