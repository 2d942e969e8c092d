"""A secant matrix that may be indefinite."""

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.curvatures.secant import SecantCurvature

__all__ = ["SR1Curvature"]


class SR1Curvature(SecantCurvature):
    """B⁺ = B + e eᵀ / eᵀs with e = y − B s: symmetric of rank one, and able to see negative curvature.

    Parameters
    ----------
    skip : float in (0, 1), default=1e-8
        An update with |eᵀs| ≤ skip ‖e‖ ‖s‖ is left out.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithm 6.2. Deviation: rejected trials teach nothing, because their
    gradient is not computed.
    """

    name = "sr1"

    def __init__(self, skip=1e-8):
        self.skip = skip

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("skip", self.skip, low=0.0, high=1.0)

    def update(self, matrix, pair):
        """B⁺ from B (p, p) and a `SecantPair`."""
        xp = namespace(matrix)
        error = pair.y - xp.matmul(matrix, pair.s)
        overlap, size = to_floats(xp.vecdot(error, pair.s), linalg.norm(error))
        if abs(overlap) <= self.skip * size * pair.ss**0.5:
            return matrix
        return matrix + error[:, None] * error[None, :] / overlap
