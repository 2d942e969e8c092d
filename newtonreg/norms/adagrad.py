"""The ellipsoid of Adagrad."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.norms.scaling import Scaling

__all__ = ["Adagrad"]


class Adagrad(BaseEstimator):
    """‖p‖² = pᵀMp with M = diag(eps + Σ g²)^½, summed over the gradients at accepted points.

    Parameters
    ----------
    eps : float > 0, default=1e-10
        Where the sum starts; it keeps M positive. In the unit of a squared gradient.

    Notes
    -----
    Gradients are those of the loss averaged over rows, so that eps and a radius mean the same for any number of rows.
    M grows without bound, so these norms are not uniformly equivalent: the region shrinks in the parameters. M is refreshed after
    accepted trials only, as the paper has it; its published code refreshes after rejected ones, too. Costs p flops.

    References
    ----------
    Adolphs, Kohler & Lucchi, *Ellipsoidal trust region methods and the marginal value of Hessian information for neural network
    training* (2019), arXiv 1905.09201; Duchi, Hazan & Singer (2011).
    """

    name = "adagrad"
    needs_matrix = False

    def __init__(self, eps=1e-10):
        self.eps = eps

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("eps", self.eps, low=0.0)

    def scaling(self, evaluation, curvature, previous):
        """The `Scaling` at an accepted point: its `memory` is eps + Σ g² (p,); `curvature` is not looked at."""
        gradient = evaluation.gradient / getattr(evaluation, "unit", 1.0)
        before = self.eps if previous is None or previous.memory is None else previous.memory
        total = before + gradient * gradient
        xp = namespace(total)
        return Scaling(diagonal=1.0 / xp.sqrt(xp.sqrt(total)), memory=total)
