"""The ellipsoid of RMSProp."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.norms.scaling import Scaling

__all__ = ["RMSProp"]


class RMSProp(BaseEstimator):
    """‖p‖² = pᵀMp with M = diag(v + eps)^½, v a running mean of squared gradients at accepted points.

    Parameters
    ----------
    decay : float in [0, 1), default=0.8
        v ← decay v + (1 − decay) g², from v = 0.
    eps : float > 0, default=1e-10
        Keeps M positive. In the unit of a squared gradient.

    Notes
    -----
    Gradients are those of the loss averaged over rows, so that eps and a radius mean the same for any number of rows.
    With bounded gradients these norms are uniformly equivalent, eps^½ ‖p‖² ≤ pᵀMp ≤ (max g² + eps)^½ ‖p‖². eps is added at every
    point, as the paper has it; its published code puts it into the starting value only, where it fades as decayᵗ. M is refreshed
    after accepted trials only; the published code refreshes after rejected ones, too. Costs p flops.

    References
    ----------
    Adolphs, Kohler & Lucchi, *Ellipsoidal trust region methods and the marginal value of Hessian information for neural network
    training* (2019), arXiv 1905.09201, Eq. 3; Tieleman & Hinton (2012).
    """

    name = "rmsprop"
    needs_matrix = False

    def __init__(self, decay=0.8, eps=1e-10):
        self.decay = decay
        self.eps = eps

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("decay", self.decay, low=0.0, high=1.0, with_low=True)
        check_number("eps", self.eps, low=0.0)

    def scaling(self, evaluation, curvature, previous):
        """The `Scaling` at an accepted point: its `memory` is v (p,); `curvature` is not looked at."""
        gradient = evaluation.gradient / getattr(evaluation, "unit", 1.0)
        xp = namespace(gradient)
        before = xp.zeros_like(gradient) if previous is None or previous.memory is None else previous.memory
        mean = self.decay * before + (1.0 - self.decay) * gradient * gradient
        return Scaling(diagonal=1.0 / xp.sqrt(xp.sqrt(mean + self.eps)), memory=mean)
