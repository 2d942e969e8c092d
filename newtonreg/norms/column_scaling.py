"""Moré's scaling by the largest column norms of the Jacobian seen so far."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.components import check_number
from newtonreg.norms.scaling import Scaling

__all__ = ["ColumnScaling"]

_IDLE = 1e-200


class ColumnScaling(BaseEstimator):
    """‖D p‖ with D = S⁻¹ the running maximum of column norms, D_j = max over accepted points of |B_jj|^½.

    For a sum of squares with B = JᵀJ this is max ‖J_j‖. Trust-region and damped steps in this norm do not depend on the units
    of the parameters.

    Parameters
    ----------
    idle : float in (0, 1], default=1.0
        D_j², relative to the largest, of a parameter that has had no influence yet (below 1e-200 of the largest): it stays in a
        bounded region. Small influences count as they are: on the way to the minimizer of a curve their ratios may be 1e-30.

    References
    ----------
    Moré, *The Levenberg–Marquardt algorithm: implementation and theory* (1978), §4. Deviations: the diagonal of the model's
    matrix stands for the column norms, so any loss and any curvature will do; a column of zeros gets `idle`, not D_j = 1.
    """

    name = "column-scaling"
    needs_matrix = True

    def __init__(self, idle=1.0):
        self.idle = idle

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("idle", self.idle, low=0.0)

    def scaling(self, evaluation, curvature, previous):
        """The `Scaling` at an accepted point.

        Parameters
        ----------
        evaluation : Evaluation
            Not looked at.
        curvature : CurvaturePoint
            Its `diagonal` is that of B, the model's matrix at this point.
        previous : Scaling or None
            That of the previous accepted point; its `memory` is the running maximum.

        Returns
        -------
        Scaling
            Its `memory` holds D² (p,) without `idle`, so that the guess of one point does not outlive it. The same point
            twice gives the same scaling. Costs p flops and no transfer.
        """
        xp = namespace(curvature.diagonal)
        largest = xp.abs(curvature.diagonal)
        if previous is not None and previous.memory is not None:
            largest = xp.maximum(largest, previous.memory)
        top = xp.max(largest)
        floored = xp.where(largest > _IDLE * top, largest, self.idle * top)
        # Nothing has any curvature: the identity, without asking the device.
        return Scaling(diagonal=1.0 / xp.sqrt(xp.where(top > 0.0, floored, xp.ones_like(floored))), memory=largest)
