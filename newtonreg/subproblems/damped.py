"""The damped step of Levenberg and Marquardt."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, to_floats
from newtonreg.protocols import Step

__all__ = ["Damped"]


class Damped(BaseEstimator):
    """(B + λI) p = −g for a given damping λ.

    Notes
    -----
    Costs one Cholesky factorization, p³/3 flops, and one transfer. The predicted reduction −(gᵀp + ½ pᵀBp) equals
    ½ (‖L⁻¹g‖² + λ ‖p‖²) with L Lᵀ = B + λI: two squares, where −gᵀp could lose its digits, or its sign, to cancellation.

    References
    ----------
    Moré, *The Levenberg–Marquardt algorithm: implementation and theory* (1978); Nocedal & Wright (2006), §10.3.
    """

    name = "damped"
    control_name = "damping"

    def solve(self, model, control):
        """The step for the damping `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float ≥ 0
            λ.

        Returns
        -------
        Step or None
            None where B + λI is not numerically positive definite, or not finite: the solver raises its damping. `multiplier` is
            `control`, `on_boundary` False, and `resolve` solves with the factor.
        """
        damping = float(control)
        factor = linalg.cholesky(index_add_diagonal(model.matrix, damping) if damping != 0.0 else model.matrix)
        if factor is None:
            return None
        p = -factor.solve(model.gradient)
        length, half = to_floats(linalg.norm(p), linalg.norm(factor.half_solve(model.gradient)))
        reduction = 0.5 * (half * half + damping * length * length)
        # A pivot of 1e-300 is positive and yet no help.
        if not math.isfinite(reduction):
            return None
        return Step(p, damping, False, reduction, length, factor.solve)
