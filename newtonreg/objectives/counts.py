"""What an objective was asked for."""

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass
class Counts:
    """Evaluations so far: values (`nfev`), gradients (`njev`), curvature matrices (`nhev`), curvature products (`nhvp`)."""

    nfev: int = 0
    njev: int = 0
    nhev: int = 0
    nhvp: int = 0

    @property
    def n_backprops(self):
        """Backward passes as the papers on matrix-free methods count them: one a gradient, one a product with curvature."""
        return self.njev + self.nhvp
