"""The contract of a subproblem solver: certificates of optimality."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.subproblems.quadratic import QuadraticModel
from newtonreg.testing.claims import check_value_object, host, require, require_close

__all__ = ["check_subproblem"]

_RADII = (1e-3, 1.0, 30.0)
_DAMPINGS = (0.0, 0.5, 1.5, 100.0)
_WELL_CONDITIONED = 1e-6
"""Of the largest eigenvalue: below, B + λI is close to singular, and solving with it is not what is checked."""


class _Trial(NamedTuple):
    """An answer and what was asked, all on the host."""

    case: str
    gradient: Any
    matrix: Any
    control: float
    step: Any
    rtol: float

    def claim(self, text):
        """`text` with the case that it is about."""
        return f"{text} (model: {self.case}, control {self.control:g})"


def _models(xp):
    """Name, gradient and matrix of models that a subproblem solver must know how to handle."""
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0]
    convex, indefinite = np.array([0.1, 1.0, 2.0, 5.0]), np.array([-1.0, 1.0, 2.0, 3.0])
    cases = {
        "convex": (convex, [1.0, -1.0, 2.0, 0.5]),
        "indefinite": (indefinite, [1.0, -1.0, 2.0, 0.5]),
        "hard case": (indefinite, [0.0, -1.0, 2.0, 0.5]),
        "nearly hard case": (indefinite, [1e-9, -1.0, 2.0, 0.5]),
        "minimum": (convex, [0.0] * 4),
        "saddle": (indefinite, [0.0] * 4),
    }
    for name, (values, gradient) in cases.items():
        matrix = (rotation * values) @ rotation.T
        yield name, xp.asarray(rotation @ np.array(gradient)), xp.asarray(0.5 * (matrix + matrix.T))


def check_subproblem(subproblem, control="radius", xp=np, rtol=1e-7):
    """Check the certificates of a subproblem solver on convex, indefinite, hard, nearly hard and stationary models.

    (B + λI) p = −g with λ ≥ 0 and B + λI ⪰ 0; `norm` and `predicted_reduction` are those of p, and `resolve` solves with B + λI.
    A radius also has λ (radius − ‖p‖) = 0 and ‖p‖ ≤ radius; a damping is λ itself, and None answers a B + λI that is not
    positive definite.

    Parameters
    ----------
    subproblem : Subproblem
    control : {"radius", "damping"}, default="radius"
        What the scalar is that `solve` takes.
    xp : module, default=numpy
        Array API namespace.
    rtol : float, default=1e-7
        Relative tolerance of the certificates: the solver's own where it is inexact by design, as `MoreSorensen(rtol=0.1)`.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> from newtonreg.subproblems import Damped, Spectral
    >>> from newtonreg.testing import check_subproblem
    >>> check_subproblem(Spectral())
    >>> check_subproblem(Damped(), control="damping")
    """
    before = dict(vars(subproblem))
    for case, gradient, matrix in _models(xp):
        model = QuadraticModel(gradient, matrix)
        for value in _RADII if control == "radius" else _DAMPINGS:
            step = subproblem.solve(model, value)
            trial = _Trial(case, host(gradient), host(matrix), value, step, rtol)
            if control == "damping" and _is_refused(subproblem, trial):
                continue
            _check_step(subproblem, trial)
            _check_resolve(subproblem, trial, namespace(gradient))
            (_check_radius if control == "radius" else _check_damping)(subproblem, trial)
    require(vars(subproblem) == before, subproblem, "no method changes the component")
    check_value_object(subproblem)


def _is_refused(subproblem, trial):
    least = np.linalg.eigvalsh(trial.matrix)[0] + trial.control
    require((trial.step is None) == (least <= 0.0), subproblem, trial.claim("None where B + λI is not positive definite, only"))
    return trial.step is None


def _check_step(subproblem, trial):
    step, p, g, rtol = trial.step, host(trial.step.p), trial.gradient, trial.rtol
    values = np.linalg.eigvalsh(trial.matrix)
    top = np.max(np.abs(values)) + step.multiplier
    length = np.linalg.norm(p)
    residual = np.linalg.norm(trial.matrix @ p + step.multiplier * p + g)
    small = residual <= rtol * (np.linalg.norm(g) + top * length)
    require(small, subproblem, trial.claim(f"(B + λI) p = −g; the residual is {residual:.1e}"))
    require(step.multiplier >= 0.0, subproblem, trial.claim("λ ≥ 0"))
    require(values[0] + step.multiplier >= -rtol * top, subproblem, trial.claim("B + λI is positive semidefinite"))
    require(abs(step.norm - length) <= 1e-12 * length, subproblem, trial.claim("`norm` is ‖p‖"))
    reduction = -(g @ p + 0.5 * p @ trial.matrix @ p)
    noise = 1e-12 * (np.linalg.norm(g) * length + top * length**2)
    right = step.predicted_reduction >= 0.0 and abs(step.predicted_reduction - reduction) <= 1e-9 * abs(reduction) + noise
    require(right, subproblem, trial.claim("`predicted_reduction` is −(gᵀp + ½ pᵀBp) ≥ 0"))


def _check_resolve(subproblem, trial, xp):
    shifted = trial.matrix + trial.step.multiplier * np.eye(trial.gradient.size)
    values = np.linalg.eigvalsh(shifted)
    if trial.step.resolve is None or values[0] <= _WELL_CONDITIONED * values[-1]:
        return
    rhs = np.arange(1.0, 1.0 + trial.gradient.size)
    solution = trial.step.resolve(xp.asarray(rhs))
    require_close(solution, np.linalg.solve(shifted, rhs), subproblem, trial.claim("resolve(rhs) solves (B + λI) x = rhs"))


def _check_radius(subproblem, trial):
    step, slack = trial.step, trial.control - trial.step.norm
    require(slack >= -trial.rtol * trial.control, subproblem, trial.claim("‖p‖ ≤ radius"))
    require(step.multiplier == 0.0 or slack <= trial.rtol * trial.control, subproblem, trial.claim("λ (radius − ‖p‖) = 0"))
    if step.on_boundary:
        require(slack <= trial.rtol * trial.control, subproblem, trial.claim("`on_boundary` only where ‖p‖ = radius"))
    else:
        require(step.multiplier == 0.0, subproblem, trial.claim("`on_boundary` where λ > 0"))


def _check_damping(subproblem, trial):
    require(trial.step.multiplier == trial.control, subproblem, trial.claim("`multiplier` is the damping"))
    require(not trial.step.on_boundary, subproblem, trial.claim("a damped step is on no boundary"))
