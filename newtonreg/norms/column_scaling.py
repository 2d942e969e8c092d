"""Moré's scaling by the largest column norms of the Jacobian seen so far."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import namespace
from newtonreg.norms.scaling import Scaling

__all__ = ["ColumnScaling"]


class ColumnScaling(BaseEstimator):
    """‖D p‖ with D = S⁻¹ the running maximum of column norms, D_j = max over accepted points of |B_jj|^½.

    For a sum of squares with B = JᵀJ this is max ‖J_j‖. Trust-region and damped steps in this norm do not depend on the units
    of the parameters.

    Parameters
    ----------
    floor : float in (0, 1), default=1e-12
        Smallest D_j², relative to the largest: a parameter that has had no influence yet stays in a bounded region.

    References
    ----------
    Moré, *The Levenberg–Marquardt algorithm: implementation and theory* (1978), §4. Deviations: the diagonal of the model's
    matrix stands for the column norms, so any loss and any curvature will do; a column of zeros gets the floor, not D_j = 1.
    """

    name = "column-scaling"

    def __init__(self, floor=1e-12):
        self.floor = floor

    def scaling(self, evaluation, matrix, previous):
        """The `Scaling` at an accepted point.

        Parameters
        ----------
        evaluation : Evaluation
            Not looked at.
        matrix : array of shape (p, p)
            B, the model's matrix at this point.
        previous : Scaling or None
            That of the previous accepted point; its `memory` is the running maximum.

        Returns
        -------
        Scaling
            Its `memory` holds D² (p,) before the floor, so that the floor of one point does not outlive it. The same point
            twice gives the same scaling. Costs p flops and no transfer.
        """
        xp = namespace(matrix)
        largest = xp.abs(xp.linalg.diagonal(matrix))
        if previous is not None and previous.memory is not None:
            largest = xp.maximum(largest, previous.memory)
        top = xp.max(largest)
        floored = xp.maximum(largest, self.floor * top)
        # Nothing has any curvature: the identity, without asking the device.
        return Scaling(diagonal=1.0 / xp.sqrt(xp.where(top > 0.0, floored, xp.ones_like(floored))), memory=largest)
