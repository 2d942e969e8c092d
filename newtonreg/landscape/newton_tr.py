"""Newton's step for ∇F = 0 under several shifts, of which the one that lowers the gradient most is taken."""

import math
from dataclasses import replace

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_number
from newtonreg.solvers.state import SolverState

__all__ = ["NewtonTR"]


class NewtonTR(BaseEstimator):
    """x ← x + t p, p = −(∇²F + γI)⁺∇F with the γ of `shifts` whose ‖∇F(x + t p)‖ is smallest.

    It seeks stationary points of any kind, as `newtonreg.solvers.NewtonMR` does, and does not look at F. Since t does not grow,
    it converges linearly: with t = 0.1 the gradient falls by a tenth a step.

    Parameters
    ----------
    shifts : sequence of float >= 0, default=(1e2, 1e1, …, 1e-7)
        γ. None of them makes the Hessian definite, so large ones turn the sign of some negative curvature.
    step_size : float in (0, 1], default=0.1
        t.
    shrink : float in (0, 1), default=0.5
        Factor of t after a trial at which no candidate lowers ‖∇F‖; after one that does, t is `step_size` again.
    min_step : float > 0, default=1e-10
        The run is exhausted where t falls below.
    rank_rtol : float >= 0, default=1e-13
        Eigenvalues of the shifted Hessian up to this fraction of its largest count as zero: p does not go there.

    Notes
    -----
    A trial costs a gradient for each shift; an accepted one a value, a Hessian and its eigenvectors, about 9 p³ flops, besides.

    References
    ----------
    Dauphin et al., *Identifying and attacking the saddle point problem* (2014), appendix; Frye, Wadia, DeWeese & Bouchard,
    *Numerically recovering the critical points of a deep linear autoencoder* (2019), arXiv 1901.10603. Deviations: the best
    candidate is taken, where the code published with the latter takes the last that improves and gives every candidate the
    last shift; t is shortened rather than the run ended where none improves.
    """

    name = "newton-tr"
    control_name = "step_size"
    merit = "gradient"
    requires = ("hessian",)

    def __init__(
        self,
        shifts=(1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
        step_size=0.1,
        shrink=0.5,
        min_step=1e-10,
        rank_rtol=1e-13,
    ):
        self.shifts = shifts
        self.step_size = step_size
        self.shrink = shrink
        self.min_step = min_step
        self.rank_rtol = rank_rtol

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        if not len(self.shifts) or not all(0.0 <= shift < math.inf for shift in self.shifts):
            raise ValueError(f"shifts={self.shifts!r} must be at least one finite number >= 0.")
        if not 0.0 < self.step_size <= 1.0:
            raise ValueError(f"step_size={self.step_size!r} must be a number in (0, 1].")
        check_number("shrink", self.shrink, low=0.0, high=1.0)
        check_number("min_step", self.min_step, low=0.0)
        if not 0.0 <= self.rank_rtol < 1.0:
            raise ValueError(f"rank_rtol={self.rank_rtol!r} must be a number in [0, 1).")

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        point = objective.at(x0)
        return SolverState(point, float(self.step_size), exhausted=point.gradient_norm == 0.0)

    def step(self, objective, state):
        """One trial: a gradient for each shift; after an accepted one a value, and a Hessian before the next."""
        factors = _Factors(state.point) if state.cache is None else state.cache
        if factors.spectrum is None:
            return replace(state, accepted=False, exhausted=True, step_norm=math.nan)
        point = state.point
        displacements = [state.control * factors.step(shift, self.rank_rtol) for shift in self.shifts]
        trials = [objective.at(point.params + displacement) for displacement in displacements]
        norms = [trial.gradient_norm if math.isfinite(trial.gradient_norm) else math.inf for trial in trials]
        best = min(range(len(trials)), key=norms.__getitem__)
        (length,) = to_floats(linalg.norm(displacements[best]))
        if norms[best] < point.gradient_norm and math.isfinite(trials[best].value):
            spent = norms[best] == 0.0
            moved = {"point": trials[best], "control": float(self.step_size), "exhausted": spent, "cache": None}
            return replace(state, accepted=True, step_norm=length, **moved)
        control = self.shrink * state.control
        spent = control < self.min_step
        return replace(state, accepted=False, control=control, step_norm=length, exhausted=spent, cache=factors)


class _Factors:
    """Eigenvalues and eigenvectors of the Hessian at a point, with the gradient in them; `spectrum` None where not finite."""

    def __init__(self, point):
        hessian, xp = point.hessian, namespace(point.hessian)
        # asked before LAPACK is, which may hang on NaN
        is_finite = math.isfinite(sum(to_floats(xp.sum(xp.abs(hessian)), xp.sum(xp.abs(point.gradient)))))
        self.spectrum = linalg.eigh(hessian) if is_finite else None
        self._gradient = linalg.matmul(xp.matrix_transpose(self.spectrum[1]), point.gradient) if is_finite else None

    def step(self, shift, rank_rtol):
        """−(∇²F + `shift` I)⁺ ∇F, shape (p,)."""
        values, vectors = self.spectrum
        xp, shifted = namespace(values), values + shift
        kept = xp.abs(shifted) > rank_rtol * xp.max(xp.abs(shifted))
        return linalg.matmul(vectors, xp.where(kept, -self._gradient / xp.where(kept, shifted, 1.0), 0.0))
