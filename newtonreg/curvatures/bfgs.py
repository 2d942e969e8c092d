"""A secant matrix that stays positive definite."""

from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.curvatures.secant import SecantCurvature

__all__ = ["BFGSCurvature"]


class BFGSCurvature(SecantCurvature):
    """B⁺ = B − B s sᵀB / sᵀBs + y yᵀ / sᵀy from differences of parameters and gradients.

    Parameters
    ----------
    damping : float in (0, 1), default=0.2
        Powell's: where sᵀy < damping sᵀBs, y is moved towards B s until the two are equal, so that B stays positive definite. A
        trust region has no line search to guarantee sᵀy > 0.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Procedure 18.2 (damped BFGS) and (6.20) (the first matrix).
    """

    name = "bfgs"

    def __init__(self, damping=0.2):
        self.damping = damping

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("damping", self.damping, low=0.0, high=1.0)

    def update(self, matrix, pair):
        """B⁺ from B (p, p) and a `SecantPair`."""
        xp, y, sy = namespace(matrix), pair.y, pair.sy
        image = xp.matmul(matrix, pair.s)
        (bend,) = to_floats(xp.vecdot(pair.s, image))
        if not bend > 0.0:
            return matrix
        if sy < self.damping * bend:
            share = (1.0 - self.damping) * bend / (bend - sy)
            y, sy = share * y + (1.0 - share) * image, self.damping * bend
        y, image = y / sy**0.5, image / bend**0.5
        return matrix - image[:, None] * image[None, :] + y[:, None] * y[None, :]
