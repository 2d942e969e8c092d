"""The groups, in the order of the page."""

from minibatch.accuracy_group import Accuracy
from minibatch.adolphs_group import Adolphs
from minibatch.autoencoder_group import Autoencoder
from minibatch.cost_group import Cost
from minibatch.gpu_group import Gpu
from minibatch.inna_group import Inna

__all__ = ["GROUPS", "NEED_MNIST"]

GROUPS = {group.name: group() for group in (Adolphs, Autoencoder, Inna, Accuracy, Gpu, Cost)}
NEED_MNIST = ("adolphs", "autoencoder", "inna", "accuracy", "gpu")
