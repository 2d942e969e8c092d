"""The trust-region step from a Krylov space: exact in the space, whatever the curvature."""

import math
from functools import partial

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.components import check_integer, check_number
from newtonreg.protocols import Step
from newtonreg.subproblems.forcing import forcing
from newtonreg.subproblems.safeguards import stay
from newtonreg.subproblems.secular import minimize_in_ball

__all__ = ["GLTR"]


class GLTR(BaseEstimator):
    """argmin gᵀp + ½ pᵀBp over ‖p‖ ≤ radius, p in a Krylov space that grows until (B + λI) p = −g to a tolerance.

    With p = V h and VᵀBV = T tridiagonal, h solves the k-dimensional problem of T and ‖g‖ e_1 in the same ball, exactly, and
    β_k |h_k| is the residual of the whole one.

    Parameters
    ----------
    rtol : float in [0, 1), default=0.01
        The space is large enough where ‖(B + λI) p + g‖ ≤ rtol (‖g‖ + λ radius) for a step to the boundary, and inside the ball
        where ‖B p + g‖ ≤ ‖g‖ min(rtol, √(t / radius)), t = ‖g‖³ / |gᵀBg|: `forcing.forcing` says why. With 0 and
        `max_iter` ≥ p the step is exact.
    max_iter : int >= 1, default=100
        Products at most.

    Notes
    -----
    k products, 4 k² p flops for orthogonality, and k p numbers; the small problems, of some 9 k³ flops each, are solved for
    every k up to 16 and then each time k has grown by an eighth. Products are kept with the model: after a rejected trial a
    smaller radius needs none. The reduction is at least Cauchy's and grows with k. Where the space of g is invariant, as at a
    saddle or in the hard case, a second one from a generic direction at right angles to it looks for the negative curvature
    that it does not contain, until its lowest eigenvalue is known to 1e-4 of the largest curvature; an objective that falls
    into independent parts pays for this search near its minimum, too. While the space of g is not invariant, negative
    curvature outside it is not looked for.

    References
    ----------
    Gould, Lucidi, Roma & Toint, *Solving the trust-region subproblem using the Lanczos method* (1999), Algorithm 5.1. Deviations:
    the basis is kept and orthogonal to rounding, so the step is a combination of it and no second pass is needed; the small
    problem is solved in its eigenbasis from the start, not by CG up to the boundary; the generic second space.
    """

    name = "gltr"
    control_name = "radius"
    needs_matrix = False

    def __init__(self, rtol=0.01, max_iter=100):
        self.rtol = rtol
        self.max_iter = max_iter

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("rtol", self.rtol, low=0.0, high=1.0, with_low=True)
        check_integer("max_iter", self.max_iter, low=1)

    def solve(self, model, control):
        """The step for the radius `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float > 0

        Returns
        -------
        Step
            `multiplier` is λ of the problem in the space, `predicted_reduction` that of p itself. The zero step, which predicts
            nothing, where the model or the radius is not finite and positive.
        """
        radius, space = float(control), model.krylov
        if not (0.0 < radius < math.inf and math.isfinite(space.gradient_norm)):
            return stay(model)
        size, most = 0, min(self.max_iter, model.gradient.shape[0])
        while size < most:
            size = min(most, max(size + 1, size + size // 8))
            found = space.minimizer(size, partial(minimize_in_ball, radius=radius))
            if found is None:
                return stay(model)
            if found.is_searched and found.residual <= self._tolerance(space, found.solution, radius):
                break
        solution, p = found.solution, space.combined(found.coordinates)
        norm = float(linalg.norm(found.coordinates))
        return Step(p, solution.multiplier, solution.on_boundary, solution.reduction, norm)

    def _tolerance(self, space, solution, radius):
        """Of the residual; on the boundary λ ‖p‖ is what remains of it as g vanishes, and no order of convergence is at stake."""
        if solution.on_boundary:
            return self.rtol * (space.gradient_norm + solution.multiplier * radius)
        return forcing(self.rtol, space.gradient_norm, space.curvature, radius) * space.gradient_norm
