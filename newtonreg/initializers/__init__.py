"""Where a fit starts: the units of a network, from random numbers and data. A new one is a new file and a line here."""

from newtonreg.initializers.forward_selection import ForwardSelection, select_forward
from newtonreg.initializers.given import GivenUnits
from newtonreg.initializers.glorot import Glorot
from newtonreg.initializers.knots import Knots
from newtonreg.initializers.nguyen_widrow import NguyenWidrow
from newtonreg.initializers.sampled_pairs import SampledPairs

__all__ = ["ForwardSelection", "GivenUnits", "Glorot", "Knots", "NguyenWidrow", "SampledPairs", "select_forward"]
