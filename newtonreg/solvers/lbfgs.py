"""BFGS from the last few steps."""

import numbers
from dataclasses import dataclass
from typing import Any

from newtonreg.backend.arrays import namespace
from newtonreg.solvers.quasi_newton import QuasiNewton

__all__ = ["LBFGS", "SecantPairs"]


@dataclass(frozen=True, eq=False)
class SecantPairs:
    """The last m pairs as rows, oldest first: `s` (m, p) and `y` (m, p)."""

    s: Any
    y: Any

    @property
    def state(self):
        """The arrays inside, by name; `SecantPairs(**state)` is this one again."""
        return {"s": self.s, "y": self.y}

    def direction(self, gradient):
        """−H ∇F with H the BFGS updates of (yᵀs / yᵀy) I, y and s the latest, by the pairs from the oldest to the latest."""
        xp = namespace(gradient)
        return self.recursion(gradient, xp.vecdot(self.s[-1, :], self.y[-1, :]) / xp.vecdot(self.y[-1, :], self.y[-1, :]))

    def recursion(self, gradient, scale):
        """−H ∇F where the pairs update `scale` I (a number or a 0-d array), without H. 4 m p flops."""
        xp = namespace(gradient)
        rho, shares, q = 1.0 / xp.vecdot(self.s, self.y), [], gradient
        for i in reversed(range(self.s.shape[0])):
            shares.append(rho[i] * xp.vecdot(self.s[i, :], q))
            q = q - shares[-1] * self.y[i, :]
        q = scale * q
        for i in range(self.s.shape[0]):
            q = q + (shares.pop() - rho[i] * xp.vecdot(self.y[i, :], q)) * self.s[i, :]
        return -q


class LBFGS(QuasiNewton):
    """BFGS whose H is the updates of a scaled identity by the last `memory` pairs, never formed.

    Parameters
    ----------
    memory : int >= 1, default=10
        Pairs kept.
    sufficient_decrease : float in (0, slope_reduction), below 1/2, default=1e-4
        c₁ of `strong_wolfe`.
    slope_reduction : float in (0, 1), default=0.9
        c₂ of `strong_wolfe`.

    Notes
    -----
    Memory 2 m p numbers; a step costs 12 m p flops besides values and gradients, as a rule one of each. Only gradients are
    needed.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithms 7.4 and 7.5, first matrix (7.20). Deviations as in `BFGS`.
    """

    name = "lbfgs"

    def __init__(self, memory=10, sufficient_decrease=1e-4, slope_reduction=0.9):
        self.memory = memory
        self.sufficient_decrease = sufficient_decrease
        self.slope_reduction = slope_reduction

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        super().check_parameters()
        if not isinstance(self.memory, numbers.Integral) or self.memory < 1:
            raise ValueError(f"memory={self.memory!r} must be an integer, 1 or more.")

    def update(self, secant, pair, bend):
        """`SecantPairs` after the step of a `SecantPair`."""
        s, y = pair.s[None, :], pair.y[None, :]
        if secant is not None:
            xp, first = namespace(s), max(0, secant.s.shape[0] + 1 - self.memory)
            s, y = (xp.concat([kept[first:, :], new]) for kept, new in ((secant.s, s), (secant.y, y)))
        return SecantPairs(s, y)
