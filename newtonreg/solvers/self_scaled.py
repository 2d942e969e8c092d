"""Quasi-Newton methods that rescale what they remember at every step."""

import math

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.solvers.inverse_hessian import InverseHessian, bfgs_inverse, symmetric_product
from newtonreg.solvers.quasi_newton import QuasiNewton

__all__ = ["SSBFGS", "SSBroyden"]


class SSBFGS(QuasiNewton):
    """BFGS update of H / τ with τ = min(1, yᵀs / sᵀBs), B = H⁻¹: curvature that was overestimated is scaled down at once.

    Parameters
    ----------
    sufficient_decrease : float in (0, slope_reduction), below 1/2, default=1e-4
        c₁ of `strong_wolfe`.
    slope_reduction : float in (0, 1), default=0.9
        c₂ of `strong_wolfe`.

    Notes
    -----
    Memory and work are those of `BFGS`: sᵀBs = −t sᵀ∇F costs nothing. The first H is (yᵀs / yᵀy) I and is not scaled further.

    References
    ----------
    Al-Baali, *Global and superlinear convergence of a restricted class of self-scaling methods with inexact line searches, for
    convex functions* (1998); Urbán, Stefanou & Pons, *Unveiling the optimization process of physics informed neural networks*
    (2024), arXiv 2405.04230. Deviation: the first H, there I.
    """

    name = "ssbfgs"

    def __init__(self, sufficient_decrease=1e-4, slope_reduction=0.9):
        self.sufficient_decrease = sufficient_decrease
        self.slope_reduction = slope_reduction

    def update(self, secant, pair, bend):
        """`InverseHessian` after the step of a `SecantPair`; `bend` is sᵀBs."""
        if secant is None:
            return InverseHessian(bfgs_inverse(InverseHessian.scaled_identity(pair).matrix, pair))
        return InverseHessian(bfgs_inverse(max(1.0, bend / pair.sy) * secant.matrix, pair))


class SSBroyden(QuasiNewton):
    """A member of Broyden's family chosen at every step, and scaled; of its inverse, with z = H y and ζ = yᵀz,

        H⁺ = (H − z zᵀ / ζ + φ ζ v vᵀ) / τ + s sᵀ / yᵀs,    v = s / yᵀs − z / ζ

    With b = sᵀBs / yᵀs, h = ζ / yᵀs, a = b h − 1, c = (a / (1 + a))^½ and ρ⁻ = min(1, h (1 − c)):

        θ = max((ρ⁻ − 1) / a, min(1 / ρ⁻, (1 − b) / b)),    σ = 1 + a θ,    φ = (1 − θ) / σ
        τ = min(ρ σ^(−1/(p−1)), σ) for θ ≤ 0, else ρ min(σ^(−1/(p−1)), 1 / θ),    ρ = min(1, 1 / b)

    Parameters
    ----------
    sufficient_decrease : float in (0, slope_reduction), below 1/2, default=1e-4
        c₁ of `strong_wolfe`.
    slope_reduction : float in (0, 1), default=0.9
        c₂ of `strong_wolfe`.

    Notes
    -----
    θ = 0 is BFGS, θ = 1 is DFP. Memory is that of `BFGS`, a step costs 8 p² flops. h (1 − c) is computed as 1 / (b (1 + c)).

    References
    ----------
    Al-Baali, *Global and superlinear convergence of a restricted class of self-scaling methods with inexact line searches, for
    convex functions* (1998); Urbán, Stefanou & Pons, *Unveiling the optimization process of physics informed neural networks*
    (2024), arXiv 2405.04230. Deviation: the first H is (yᵀs / yᵀy) I, there I.
    """

    name = "ssbroyden"

    def __init__(self, sufficient_decrease=1e-4, slope_reduction=0.9):
        self.sufficient_decrease = sufficient_decrease
        self.slope_reduction = slope_reduction

    def update(self, secant, pair, bend):
        """`InverseHessian` after the step of a `SecantPair`; `bend` is sᵀBs."""
        matrix = (InverseHessian.scaled_identity(pair) if secant is None else secant).matrix
        image = linalg.matmul(matrix, pair.y)
        (zeta,) = to_floats(namespace(image).vecdot(pair.y, image))
        phi, tau = _family_member(bend / pair.sy, zeta / pair.sy, pair.s.shape[0])
        if secant is None:
            tau = 1.0
        # the coefficients of s sᵀ, s zᵀ + z sᵀ and z zᵀ
        both = -phi / tau / pair.sy
        ss = (phi / tau * zeta / pair.sy + 1.0) / pair.sy
        zz = (phi - 1.0) / tau / zeta
        s, z = pair.s, image
        return InverseHessian(matrix / tau + symmetric_product(s, 0.5 * ss * s + both * z) + symmetric_product(z, 0.5 * zz * z))


def _family_member(b, h, n_params):
    """φ and τ from b = sᵀBs / yᵀs and h = yᵀHy / yᵀs."""
    a = max(b * h - 1.0, 0.0)
    reach = b * (1.0 + math.sqrt(a / (1.0 + a)))
    lowest = min(1.0, 1.0 / reach)
    # a = 0: y is parallel to B s, every member is the same, and θ matters for τ alone
    theta = min(1.0 / lowest, (1.0 - b) / b)
    theta = max((lowest - 1.0) / a, theta) if a > 0.0 else max(theta, 0.0)
    sigma = 1.0 + a * theta
    spread = sigma ** (-1.0 / (n_params - 1)) if n_params > 1 else 1.0
    rho = min(1.0, 1.0 / b)
    tau = min(rho * spread, sigma) if theta <= 0.0 else rho * min(spread, 1.0 / theta)
    return (1.0 - theta) / sigma, tau
