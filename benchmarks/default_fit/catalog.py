"""The groups, in the order of the page."""

from default_fit.accuracy_groups import Large1D, ManyD, Readout, Smooth1D, Wide1D
from default_fit.classification_group import Classification
from default_fit.noisy_group import Noisy
from default_fit.robustness_group import Robustness
from default_fit.timing_group import TimeToAccuracy
from default_fit.trainlm_group import TrainLM

__all__ = ["GROUPS", "USUAL"]

_ALL = (Smooth1D, Wide1D, Large1D, Readout, ManyD, TimeToAccuracy, Noisy, TrainLM, Classification, Robustness)
GROUPS = {group.name: group() for group in _ALL}
USUAL = [name for name in GROUPS if name != "robustness"]
