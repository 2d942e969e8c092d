"""Newton's method itself, and its textbook safeguards."""

import math
from dataclasses import replace
from typing import Any, NamedTuple

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.curvatures import resolve_curvature
from newtonreg.solvers.damped_newton import DampedNewton
from newtonreg.solvers.line_search import armijo, strong_wolfe
from newtonreg.solvers.state import SolverState
from newtonreg.subproblems import QuadraticModel
from newtonreg.subproblems.minimum_residual import minimum_residual

__all__ = ["Newton"]

_EPS = 2.220446049250313e-16
_SAFEGUARDS = (None, "damped", "modified-cholesky", "armijo", "strong-wolfe")
_SINGULAR = ("raise", "pinv", "minimum-residual")
_SHIFTS = 60
"""Factorizations of a modified Cholesky factor at most; each doubles the shift."""


class Newton(BaseEstimator):
    """p = −B⁻¹g, with B = ∇²F unless told otherwise. Without a safeguard it converges to whatever stationary point is near.

    Parameters
    ----------
    safeguard : {None, "damped", "modified-cholesky", "armijo", "strong-wolfe"}, default=None
        None is the raw step, taken whether F falls or not: for teaching and for studying saddles, not for fitting. "armijo" and
        "strong-wolfe" choose its length by a line search along p, or along −p where p ascends. "modified-cholesky" adds to B the
        multiple of the identity that makes it positive definite, then takes an Armijo step. "damped" is `DampedNewton`.
    singular : {"raise", "pinv", "minimum-residual"}, default="raise"
        What a raw or searched step does where B is singular to rounding: raise LinAlgError; take the shortest solution −B⁺g from
        the eigendecomposition; or the shortest minimizer of ‖B p + g‖ in a Krylov space, by products with B only.
    curvature : str or Curvature, default="exact"
        B; for instance `Interpolated(0.1)` for 0.9 B + 0.1 I.

    Raises
    ------
    numpy.linalg.LinAlgError
        With singular="raise" where |w|_min ≤ p eps |w|_max.

    Notes
    -----
    An eigendecomposition, about 9 p³ flops, a step, because singularity is to be told from rounding; p³/3 a factorization for
    "modified-cholesky" and "damped". A step to a point that is not finite is not taken and ends the run.

    References
    ----------
    Rowan, arXiv 2510.11987 (what the raw step does to networks); Nocedal & Wright, *Numerical Optimization* (2006), Algorithms
    3.2 and 3.3; Wadia et al., arXiv 2008.07545 (interpolated curvature).
    """

    name = "newton"

    def __init__(self, safeguard=None, singular="raise", curvature="exact"):
        self.safeguard = safeguard
        self.singular = singular
        self.curvature = curvature

    @property
    def requires(self):
        """What the curvature requires of an objective."""
        return resolve_curvature(self.curvature).requires

    @property
    def control_name(self):
        """What the scalar of a state is."""
        return "damping" if self.safeguard == "damped" else "step length"

    @property
    def monotone(self):
        """Whether F never rises."""
        return self.safeguard is not None

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        for name, choices in (("safeguard", _SAFEGUARDS), ("singular", _SINGULAR)):
            value = getattr(self, name)
            if value not in choices:
                raise ValueError(f"{name}={value!r} is unknown; pass one of {', '.join(map(repr, choices))}.")
        resolve_curvature(self.curvature)

    def init(self, objective, x0):
        """State at `x0` (p,)."""
        self.check_parameters()
        if self.safeguard == "damped":
            return DampedNewton(self.curvature).init(objective, x0)
        return self._moved(SolverState(point=objective.at(x0), control=1.0))

    def step(self, objective, state):
        """One step: one Hessian and one factorization; with a line search, the values that it takes."""
        if self.safeguard == "damped":
            return DampedNewton(self.curvature).step(objective, state)
        direction = self._direction(state)
        if direction is None:
            return replace(state, accepted=False, exhausted=True, step_norm=math.nan, ratio=math.nan, predicted=math.nan)
        if self.safeguard is None:
            return self._raw(objective, state, direction)
        search = strong_wolfe if self.safeguard == "strong-wolfe" else armijo
        return self._searched(state, direction, search(objective, state.point, direction.descending()))

    def _curvature(self, state):
        return resolve_curvature(self.curvature).at(state.point, state.memory.get("curvature"))

    def _moved(self, state):
        return replace(state, memory={**state.memory, "curvature": self._curvature(state).memory})

    def _direction(self, state):
        """`_Direction`, or None where B is not finite."""
        at, gradient = self._curvature(state), state.point.gradient
        if self.safeguard == "modified-cholesky":
            return _modified(QuadraticModel(gradient, at.matrix))
        if self.singular == "minimum-residual":
            solution = minimum_residual(at.product, gradient)
            return None if solution is None else _Direction.of(QuadraticModel(gradient, product=at.product), solution.p)
        # asked before LAPACK is, which may hang on NaN
        if not bool(namespace(gradient).all(namespace(gradient).isfinite(at.matrix))):
            return None
        return self._by_spectrum(QuadraticModel(gradient, at.matrix))

    def _by_spectrum(self, model):
        """−B⁺g, for singular="raise" only where B is regular."""
        spectrum, xp = model.spectrum, namespace(model.gradient)
        size = xp.abs(spectrum.values)
        least, largest = to_floats(xp.min(size), xp.max(size))
        tolerance = size.shape[0] * _EPS * largest
        if least <= tolerance and self.singular == "raise":
            raise linalg.LinAlgError(
                f"{self!r}: the Hessian is singular to rounding, with absolute eigenvalues from {least:.1e} to {largest:.1e}. "
                "Pass singular='pinv' or 'minimum-residual', or a safeguard."
            )
        usable = size > tolerance
        inverse = xp.where(usable, 1.0 / xp.where(usable, spectrum.values, 1.0), 0.0)
        along = xp.matmul(xp.matrix_transpose(spectrum.vectors), model.gradient)
        return _Direction.of(model, -xp.matmul(spectrum.vectors, inverse * along))

    def _raw(self, objective, state, direction):
        trial = objective.at(state.params + direction.p)
        outcome = {"step_norm": direction.norm, "predicted": abs(direction.reduction), "control": 1.0}
        if not (math.isfinite(trial.value) and math.isfinite(trial.gradient_norm)):
            return replace(state, accepted=False, exhausted=True, ratio=-math.inf, **outcome)
        fall = state.point.value - trial.value
        ratio = fall / direction.reduction if direction.reduction != 0.0 else math.nan
        return self._moved(replace(state, point=trial, accepted=True, ratio=ratio, **outcome))

    def _searched(self, state, direction, found):
        if found is None:
            return replace(state, accepted=False, exhausted=True, predicted=abs(direction.reduction), step_norm=math.nan)
        fall, predicted = state.point.value - found.point.value, found.predicted_reduction
        return self._moved(
            replace(
                state,
                point=found.point,
                accepted=True,
                control=found.length,
                step_norm=found.length * direction.norm,
                ratio=fall / predicted if predicted > 0.0 else math.nan,
                predicted=max(predicted, 0.0),
            )
        )


class _Direction(NamedTuple):
    """p, its length, the slope gᵀp and what the model promises."""

    p: Any
    norm: float
    slope: float
    reduction: float

    @classmethod
    def of(cls, model, p):
        """The direction `p` (p,) of a model."""
        xp = namespace(p)
        norm, slope, bend = to_floats(linalg.norm(p), xp.vecdot(model.gradient, p), xp.vecdot(p, model.product(p)))
        return cls(p, norm, slope, -(slope + 0.5 * bend))

    def descending(self):
        """p, or −p where p ascends."""
        return -self.p if self.slope > 0.0 else self.p


def _modified(model):
    """−(B + τI)⁻¹g with the first τ of 0, τ₁, 2τ₁, 4τ₁, … for which there is a Cholesky factor."""
    xp = namespace(model.matrix)
    diagonal = xp.linalg.diagonal(model.matrix)
    least, largest = to_floats(xp.min(diagonal), xp.max(xp.abs(diagonal)))
    unit = 1e-3 * largest if largest > 0.0 else 1.0
    shift = 0.0 if least > 0.0 else unit - least
    for _ in range(_SHIFTS):
        factor = linalg.cholesky(index_add_diagonal(model.matrix, shift))
        if factor is not None:
            return _Direction.of(model, -factor.solve(model.gradient))
        shift = max(2.0 * shift, unit)
    return _Direction.of(model, -model.gradient)
