"""Damped steps of a sum of squares without its normal equations: by QR, by SVD, and in the smaller space of the residuals."""

import math

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.protocols import Step

__all__ = ["DampedDual", "DampedQR", "DampedSVD"]

_EPS = 2.220446049250313e-16


class DampedQR(BaseEstimator):
    """(B + λI) p = −g by QR of [R; √λ I]: p = argmin ‖R p + z‖² + λ ‖p‖².

    Notes
    -----
    10/3 p³ flops a damping, ⅔ p³ where R is a triangle. The error grows with the condition number of R, not with its square as
    with Cholesky.

    References
    ----------
    Moré, *The Levenberg–Marquardt algorithm: implementation and theory* (1978), §3.
    """

    name = "damped-qr"
    control_name = "damping"
    requires = ("square_root",)

    def solve(self, model, control):
        """The `Step` of a `SquareRootModel` for the damping `control`; None where [R; √λ I] is numerically singular."""
        xp, damping = namespace(model.r), float(control)
        below = math.sqrt(damping) * xp.ones_like(model.gradient)
        triangle, rhs = linalg.triangularize_over(model.r, model.z, below, xp.zeros_like(below))
        pivots = xp.abs(xp.linalg.diagonal(triangle))
        # negated, so that NaN is refused as well
        (least,) = to_floats(xp.min(pivots))
        if not least > 0.0:
            return None

        def resolve(right):
            return linalg.solve_upper(triangle, linalg.solve_upper(triangle, right, transposed=True))

        return _step(model, -linalg.solve_upper(triangle, rhs), damping, resolve)


class DampedSVD(BaseEstimator):
    """(B + λI) p = −g in the singular vectors of R = U diag(s) Vᵀ: p = −V diag(s / (s² + λ)) Uᵀz.

    Notes
    -----
    About 20 p³ flops once a point, then 6 p² a damping: worth it where many dampings are tried. With λ = 0 the shortest solution.
    """

    name = "damped-svd"
    control_name = "damping"
    requires = ("square_root",)

    def solve(self, model, control):
        """The `Step` of a `SquareRootModel` for the damping `control`; None where R is not finite."""
        xp, damping = namespace(model.r), float(control)
        if not math.isfinite(to_floats(xp.sum(xp.abs(model.r)))[0]):
            return None
        left, values, right = model.svd
        shifted = values * values + damping
        usable = values > max(model.r.shape) * _EPS * xp.max(values)
        shifted = xp.where(usable | (damping > 0.0), shifted, xp.ones_like(shifted))
        kept = xp.astype(usable | (damping > 0.0), xp.float64)
        back = xp.matrix_transpose(right)

        def resolve(rhs):
            return xp.matmul(back, kept * xp.matmul(right, rhs) / shifted)

        along = xp.matmul(xp.matrix_transpose(left), model.z)
        return _step(model, -xp.matmul(back, kept * values * along / shifted), damping, resolve)


class DampedDual(BaseEstimator):
    """(B + λI) p = −g where R = J has fewer rows than columns: p = −Jᵀ(JJᵀ + λI)⁻¹ z, a t × t system.

    Notes
    -----
    With Jᵀ = Q T the step stays in the range of Q: 4 p t² flops once a point, then t³/3 a damping, for t rows. `resolve` is for
    right-hand sides in that range, as those of geodesic acceleration are.
    """

    name = "damped-dual"
    control_name = "damping"
    requires = ("square_root",)

    def solve(self, model, control):
        """The `Step` of a `SquareRootModel` for the damping `control`; None where JJᵀ + λI is not positive definite."""
        xp, damping = namespace(model.r), float(control)
        basis, inner = model.row_space
        factor = linalg.cholesky(index_add_diagonal(inner, damping))
        if factor is None:
            return None

        def resolve(rhs):
            return xp.matmul(basis, factor.solve(xp.matmul(xp.matrix_transpose(basis), rhs)))

        return _step(model, -resolve(model.gradient), damping, resolve)


def _step(model, p, damping, resolve):
    """The predicted reduction is ½ ‖R p‖² + λ ‖p‖², because (B + λI) p = −g: no difference, so it keeps its digits."""
    length, half = to_floats(linalg.norm(p), linalg.norm(namespace(p).matmul(model.r, p)))
    reduction = 0.5 * half * half + damping * length * length
    if not math.isfinite(reduction):
        return None
    return Step(p, damping, False, reduction, length, resolve)
