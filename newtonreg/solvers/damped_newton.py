"""Newton's method with an adaptive damping, and its saddle-free kin."""

from newtonreg.components import check_number
from newtonreg.curvatures import SaddleFree, resolve_curvature
from newtonreg.norms import resolve_norm
from newtonreg.solvers.damped_descent import DampedDescent
from newtonreg.solvers.modeling import at_new_point, at_same_point
from newtonreg.subproblems import Damped

__all__ = ["DampedNewton", "SaddleFreeNewton"]


class DampedNewton(DampedDescent):
    """Solve (B + μ S⁻²) p = −g, move if F falls, adapt μ: Levenberg's damping with any curvature B.

    Parameters
    ----------
    curvature : str or Curvature, default="exact"
        B. Where it is indefinite μ rises until B + μ S⁻² is positive definite.
    norm : str or Norm, default="column-scaling"
        Scaling S of the damping.
    damping : str or object, default="nielsen"
        Rule for μ: "nielsen", "delayed-gratification" or an object of `newtonreg.solvers.damping`.
    initial_damping : float > 0, default=1e-3
        First μ, in units of the largest |B_ij| in the norm's variables.

    Notes
    -----
    A Cholesky factorization, p³/3 flops, a trial. At a stationary point it stays: unlike a trust region it does not look for
    negative curvature.

    References
    ----------
    Nocedal & Wright, *Numerical Optimization* (2006), §3.4 and §10.3; Nielsen (1999) for the damping.
    """

    name = "damped-newton"

    def __init__(self, curvature="exact", norm="column-scaling", damping="nielsen", initial_damping=1e-3):
        self.curvature = curvature
        self.norm = norm
        self.damping = damping
        self.initial_damping = initial_damping

    @property
    def requires(self):
        """What the curvature requires of an objective."""
        return resolve_curvature(self.curvature).requires

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        return self._first(objective.at(x0))

    def _solve(self, state):
        return Damped().solve(state.cache[0], state.control)

    def _moved(self, state):
        return self._with_largest(at_new_point(state, resolve_curvature(self.curvature), resolve_norm(self.norm)))

    def _modeled(self, state):
        return self._with_largest(at_same_point(state, resolve_curvature(self.curvature)))

    def _with_largest(self, state):
        model, scaling = state.cache
        # not the diagonal alone: that of an indefinite matrix may vanish
        return self._cached(state, model, scaling, model.matrix)


class SaddleFreeNewton(DampedNewton):
    """Solve (|∇²F| + μ S⁻²) p = −g with |∇²F| = V diag(|w|) Vᵀ, move if F falls, adapt μ: saddles repel.

    Parameters
    ----------
    floor : float in [0, 1), default=0.0
        Least |w|, relative to the largest.
    norm, damping, initial_damping
        As in `DampedNewton`.

    Notes
    -----
    An eigendecomposition, about 9 p³ flops a point. Started exactly at a saddle it stays there, as gradient descent does.

    References
    ----------
    Dauphin, Pascanu, Gulcehre, Cho, Ganguli & Bengio, *Identifying and attacking the saddle point problem in high-dimensional
    non-convex optimization* (2014), Algorithm 1. Deviations: all eigenvalues instead of a Krylov space, and the damping adapts to
    the ratio of actual to predicted reduction instead of being tried on a grid.
    """

    name = "saddle-free-newton"
    requires = ("hessian",)

    def __init__(self, floor=0.0, norm="column-scaling", damping="nielsen", initial_damping=1e-3):
        self.floor = floor
        self.norm = norm
        self.damping = damping
        self.initial_damping = initial_damping

    @property
    def curvature(self):
        """|∇²F|."""
        return SaddleFree(self.floor)

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        super().check_parameters()
        check_number("floor", self.floor, low=0.0, high=1.0, with_low=True)
