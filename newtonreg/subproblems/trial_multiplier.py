"""One multiplier λ with B + λI positive definite, and the steps that its Cholesky factor gives."""

import math
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.protocols import Step

__all__ = ["Completion", "TrialMultiplier", "try_multiplier"]

_EPS = 2.220446049250313e-16
_INVERSE_ITERATIONS = 3


class Completion(NamedTuple):
    """p + τz on the boundary, where the unit vector z estimates the lowest eigenvector of H."""

    direction: Any
    """z (p,)."""
    length: float
    """τ, the smaller in size of two; NaN where the line misses the sphere."""
    curvature: float
    """zᵀHz, an upper bound of the lowest eigenvalue of H."""
    residual: float
    """‖Hz‖, so that ‖H (p + τz) + g‖ = |τ| ‖Hz‖."""

    @property
    def spread(self):
        """Distance from `curvature` within which H has an eigenvalue: (‖Hz‖² − (zᵀHz)²)^½."""
        return math.sqrt(max(0.0, (self.residual - self.curvature) * (self.residual + self.curvature)))


class TrialMultiplier(NamedTuple):
    """λ, and H = B + λI = L Lᵀ.

    The predicted reduction of every step is written with H, not B: a sum of squares but for one small term.
    """

    multiplier: float
    factor: Any
    p: Any
    """−H⁻¹g."""
    norm: float
    """‖p‖."""
    bend: float
    """pᵀH⁻¹p, which is −‖p‖ times the derivative of ‖p‖ by λ."""
    energy: float
    """pᵀHp."""

    def newton(self, radius):
        """The next λ of Newton's method for 1/‖p(λ)‖ = 1/radius; 0, the lowest there is, where p = 0."""
        if self.bend == 0.0:
            return 0.0
        return self.multiplier + (self.norm - radius) / radius * self.norm * self.norm / self.bend

    def complete(self, start, radius):
        """`Completion` by inverse iteration from the unit vector `start`; 12 p² flops and one transfer."""
        direction = start
        for _ in range(_INVERSE_ITERATIONS):
            last, image = direction, self.factor.solve(direction)
            size = linalg.norm(image)
            direction = image / size
        xp = namespace(image)
        inner, size, overlap = to_floats(xp.vecdot(last, image), size, xp.vecdot(self.p, direction))
        curvature, residual = inner / size / size, 1.0 / size
        # τ² + 2 τ pᵀz = radius² − ‖p‖² in units of the radius, by the formula that does not cancel.
        overlap, room = overlap / radius, (1.0 - self.norm / radius) * (1.0 + self.norm / radius)
        if not overlap * overlap + room >= 0.0:
            return Completion(direction, math.nan, curvature, residual)
        root = math.sqrt(overlap * overlap + room)
        divisor = overlap + (root if overlap >= 0.0 else -root)
        return Completion(direction, radius * room / divisor if divisor != 0.0 else 0.0, curvature, residual)

    def plain_step(self, on_boundary):
        """p itself."""
        reduction = 0.5 * (self.energy + self.multiplier * self.norm * self.norm)
        return Step(self.p, self.multiplier, on_boundary, reduction, self.norm, self.factor.solve)

    def completed_step(self, completion, radius):
        """p + τz."""
        p = self.p + completion.length * completion.direction
        lost = completion.length * completion.length * completion.curvature
        reduction = 0.5 * (self.energy - lost + self.multiplier * radius * radius)
        return Step(p, self.multiplier, True, reduction, radius, self.factor.solve)

    def shortened_step(self, radius):
        """p scaled back to the boundary."""
        share = radius / self.norm
        reduction = self.energy * share * (1.0 - 0.5 * share) + 0.5 * self.multiplier * radius * radius
        return Step(share * self.p, self.multiplier, True, reduction, radius, self.factor.solve)


def try_multiplier(model, multiplier):
    """Factorize B + λI.

    Parameters
    ----------
    model : QuadraticModel
    multiplier : float ≥ 0

    Returns
    -------
    TrialMultiplier or None
        None where B + λI is not positive definite, or for λ = 0 cannot be told from singular.

    Notes
    -----
    p³/3 + 4 p² flops, one transfer.
    """
    factor = linalg.cholesky(model.matrix if multiplier == 0.0 else index_add_diagonal(model.matrix, multiplier))
    if factor is None:
        return None
    xp = namespace(model.gradient)
    p = -factor.solve(model.gradient)
    # Column by column: for two OpenBLAS starts its threads, however short they are, and waits (measured, busy machine: 16 ms).
    bend, energy = (linalg.norm(factor.half_solve(vector)) for vector in (p, model.gradient))
    pivots = xp.linalg.diagonal(factor.lower)
    # Relative to the diagonal of B, so that a model that is only badly scaled does not count as singular.
    worst = xp.min(pivots * pivots / (xp.linalg.diagonal(model.matrix) + multiplier))
    norm, bend, energy, worst = to_floats(linalg.norm(p), bend, energy, worst)
    is_singular = multiplier == 0.0 and worst < 10.0 * p.shape[0] * _EPS
    if is_singular or not math.isfinite(norm + bend + energy):
        return None
    return TrialMultiplier(multiplier, factor, p, norm, bend * bend, energy * energy)
