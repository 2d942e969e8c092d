"""How small the residual of an iterative step has to be."""

import math

__all__ = ["forcing"]


def forcing(rtol, gradient_norm, curvature, radius):
    """min(rtol, √(t / radius)), of ‖g‖, with t = ‖g‖ / κ the length of the step to the minimizer along −g.

    Parameters
    ----------
    rtol : float in [0, 1)
    gradient_norm : float
        ‖g‖.
    curvature : float
        gᵀBg / ‖g‖², with |κ| its size.
    radius : float > 0

    Returns
    -------
    float

    Notes
    -----
    Far from a minimizer it is `rtol`; near a nonsingular one t → 0 while the radius stays, so steps become exact in proportion to
    √‖g‖, and convergence is of order 3/2 (Dembo, Eisenstat & Steihaug, *Inexact Newton methods*, 1982). The textbook rule
    min(rtol, √‖g‖) depends on the unit of F; this one has no unit.
    """
    scale = abs(curvature) * radius
    return min(rtol, math.sqrt(gradient_norm / scale)) if scale > 0.0 else rtol
