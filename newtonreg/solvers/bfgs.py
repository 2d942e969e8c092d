"""The method of Broyden, Fletcher, Goldfarb and Shanno."""

from newtonreg.solvers.inverse_hessian import InverseHessian, bfgs_inverse
from newtonreg.solvers.quasi_newton import QuasiNewton

__all__ = ["BFGS"]


class BFGS(QuasiNewton):
    """H⁺ = (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ with s = Δx, y = Δ∇F, ρ = 1 / yᵀs; a step is −t H ∇F, t strong Wolfe.

    Parameters
    ----------
    sufficient_decrease : float in (0, slope_reduction), below 1/2, default=1e-4
        c₁ of `strong_wolfe`.
    slope_reduction : float in (0, 1), default=0.9
        c₂ of `strong_wolfe`; a small one makes the search nearly exact.

    Notes
    -----
    Memory p² numbers; a step costs 6 p² flops besides values and gradients, as a rule one of each. Only gradients are needed.
    H starts as (yᵀs / yᵀy) I of the first step.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithm 6.1. Deviations: the search accepts by slopes where F changes by
    rounding only, see `strong_wolfe`, and where it fails it starts again from −∇F, once.
    """

    name = "bfgs"

    def __init__(self, sufficient_decrease=1e-4, slope_reduction=0.9):
        self.sufficient_decrease = sufficient_decrease
        self.slope_reduction = slope_reduction

    def update(self, secant, pair, bend):
        """`InverseHessian` after the step of a `SecantPair`."""
        secant = InverseHessian.scaled_identity(pair) if secant is None else secant
        return InverseHessian(bfgs_inverse(secant.matrix, pair))
