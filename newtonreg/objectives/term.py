"""One sum over data in an objective."""

from typing import NamedTuple

__all__ = ["Term"]


class Term(NamedTuple):
    """Points, what is observed of the network there (its value), a loss and weights.

    `inputs` (d, n), `targets` (m, n), `weights` (n,); `network` and `loss` as in `newtonreg.protocols`.
    """

    network: object
    inputs: object
    targets: object
    loss: object
    weights: object

    @property
    def components(self):
        """The loss and the bases of the network, or the network itself where it does not tell them."""
        bases = getattr(self.network, "bases", None) or [getattr(self.network, "basis", self.network)]
        return [self.loss, *bases]
