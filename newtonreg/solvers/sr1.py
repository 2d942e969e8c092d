"""Symmetric rank-one updates in a trust region."""

import math

from newtonreg.curvatures import SR1Curvature
from newtonreg.solvers.trust_region import TrustRegion

__all__ = ["SR1"]


class SR1(TrustRegion):
    """`TrustRegion(curvature=SR1Curvature())`: the Hessian is learned from gradients and may be indefinite.

    Parameters
    ----------
    skip : float in (0, 1), default=1e-8
        See `SR1Curvature`.
    norm, subproblem, initial_radius, max_radius, eta1, eta2, increase, decrease, accept
        See `TrustRegion`.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), Algorithm 6.2.
    """

    name = "sr1"

    def __init__(
        self,
        skip=1e-8,
        norm="column-scaling",
        subproblem=None,
        initial_radius=None,
        max_radius=math.inf,
        eta1=0.25,
        eta2=0.75,
        increase=2.0,
        decrease=4.0,
        accept=1e-4,
    ):
        self.skip = skip
        self.norm = norm
        self.subproblem = subproblem
        self.initial_radius = initial_radius
        self.max_radius = max_radius
        self.eta1 = eta1
        self.eta2 = eta2
        self.increase = increase
        self.decrease = decrease
        self.accept = accept

    @property
    def curvature(self):
        """What the region models F by; no parameter."""
        return SR1Curvature(self.skip)
