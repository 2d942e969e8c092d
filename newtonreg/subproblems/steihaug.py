"""Truncated conjugate gradients in the ball."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_integer, check_number
from newtonreg.protocols import Step
from newtonreg.subproblems.boundary import distance_to_boundary
from newtonreg.subproblems.forcing import forcing
from newtonreg.subproblems.safeguards import stay

__all__ = ["Steihaug"]

_EPS = 1e-15
"""Rounding of a product and its addition, relative to its size."""


class Steihaug(BaseEstimator):
    """Conjugate gradients for B p = −g from p = 0, up to the boundary of the ball or a direction of negative curvature.

    Parameters
    ----------
    rtol : float in [0, 1), default=0.1
        CG stops where ‖B p + g‖ ≤ ‖g‖ min(rtol, √(t / radius)), t = ‖g‖³ / |gᵀBg|: `forcing.forcing` says why.
    max_iter : int >= 1, default=50
        Products at most.

    Notes
    -----
    One product and a few operations of size p an iteration, two transfers. The first iterate is the Cauchy point and every
    further one is longer and lower, so the reduction is at least Cauchy's; with rtol=0 and positive definite B it is at least
    half of the best (Yuan, *On the truncated conjugate gradient method*, 2000). Negative curvature is used where it is met and
    not looked for: at a stationary point there is no step, so saddles are not left.

    A norm is a change of variables p = S q that has happened before this is called. CG in q is CG in p preconditioned by
    M = (S Sᵀ)⁻¹, in the ellipsoid pᵀMp ≤ radius²: the textbook's preconditioned method, with nothing left to do here.

    References
    ----------
    Steihaug (1983); Toint (1981); Conn, Gould & Toint, *Trust-Region Methods* (2000), Algorithm 7.5.1. Deviations: the rule
    that stops has no unit; lengths, inner products and slopes are measured, not updated, because their recurrences assume that
    the directions are still conjugate; the reduction is a sum of what each iteration gains, all of them positive.
    """

    name = "steihaug"
    control_name = "radius"
    needs_matrix = False
    leaves_saddles = False

    def __init__(self, rtol=0.1, max_iter=50):
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
            `multiplier` is NaN. The zero step, which predicts nothing, where the model or the radius is not finite and positive.
        """
        (size,) = to_floats(linalg.norm(model.gradient))
        if not (0.0 < control < math.inf and 0.0 < size < math.inf):
            return stay(model)
        # in units of ‖g‖, so that no square over- or underflows
        residual, radius = model.gradient / size, float(control) / size
        p, reduction, on_boundary = self._path(model.product, residual, radius)
        norm = to_floats(linalg.norm(p))[0]
        return Step(size * p, math.nan, on_boundary, size * reduction * size, size * norm) if norm > 0.0 else stay(model)

    def _path(self, product, residual, radius):
        """p, its reduction and whether it is on the boundary, for the gradient `residual`, a unit vector."""
        xp = namespace(residual)
        p, direction, norm, reduction, left, tolerance = xp.zeros_like(residual), -residual, 0.0, 0.0, 1.0, math.nan
        rounding = _EPS
        for k in range(self.max_iter):
            image = product(direction)
            products = (xp.vecdot(v, w) for v, w in ((direction, image), (residual, direction), (p, direction)))
            curvature, slope, inner, length, reach = to_floats(*products, linalg.norm(direction), linalg.norm(image))
            # conjugacy is lost to rounding, or the numbers are not finite: what has been found so far is still a good step
            if not (slope < 0.0 and math.isfinite(curvature)):
                break
            if k == 0:
                tolerance = forcing(self.rtol, 1.0, curvature, radius)
            edge = distance_to_boundary(inner, length, norm, radius)
            if edge * curvature <= -slope:
                return p + edge * direction, reduction - edge * (slope + 0.5 * edge * curvature), True
            along = -slope / curvature
            p, residual = p + along * direction, residual + along * image
            reduction -= 0.5 * along * slope
            before, (norm, left) = left, to_floats(linalg.norm(p), linalg.norm(residual))
            # what rounding has added to the residual, of which no further direction may be made
            rounding = max(rounding, _EPS * along * reach)
            if left <= max(tolerance, rounding):
                break
            direction = (left / before) ** 2 * direction - residual
        return p, reduction, False
