"""The Cauchy point: the model's minimizer along the negative gradient."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.protocols import Step
from newtonreg.subproblems.safeguards import stay

__all__ = ["Cauchy"]


class Cauchy(BaseEstimator):
    """argmin gᵀp + ½ pᵀBp over p = −t g, ‖p‖ ≤ radius: t = min(‖g‖² / gᵀBg, radius / ‖g‖), the latter for gᵀBg ≤ 0.

    The least that a trust-region method must do to converge, and steepest descent in the variables of the norm.

    Notes
    -----
    One product with B. At a stationary point there is no such step, whatever the curvature: saddles are not left.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithm 4.2.
    """

    name = "cauchy"
    control_name = "radius"
    needs_matrix = False
    leaves_saddles = False

    def solve(self, model, control):
        """The step for the radius `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float > 0

        Returns
        -------
        Step
            `multiplier` is NaN. The zero step, which predicts nothing, where the model or the radius is not finite and positive.
        """
        radius, (size,) = float(control), to_floats(linalg.norm(model.gradient))
        if not (0.0 < radius < math.inf and 0.0 < size < math.inf):
            return stay(model)
        # along the unit vector −g/‖g‖: slope −‖g‖, curvature gᵀBg/‖g‖²
        unit = model.gradient / size
        (curvature,) = to_floats(namespace(unit).vecdot(unit, model.product(unit)))
        if not math.isfinite(curvature):
            return stay(model)
        on_boundary = not curvature * radius > size
        length = radius if on_boundary else size / curvature
        reduction = length * (size - 0.5 * length * curvature)
        return Step(-length * unit, math.nan, on_boundary, reduction, length)
