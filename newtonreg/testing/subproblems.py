"""The contract of a subproblem solver: certificates of optimality, or of a decrease that a solver can live on."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.subproblems.quadratic import QuadraticModel
from newtonreg.testing.claims import check_value_object, host, require, require_close

__all__ = ["check_subproblem"]

_CONTROLS = {"radius": (1e-3, 1.0, 30.0), "damping": (0.0, 0.5, 1.5, 100.0), "sigma": (1e-6, 0.1, 1.0, 1e3)}
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


def check_subproblem(subproblem, control="radius", xp=np, rtol=1e-7, exact=True):
    """Check a subproblem solver on convex, indefinite, hard, nearly hard and stationary models.

    `norm` and `predicted_reduction` are those of p, and ‖p‖ ≤ radius. An exact solver also has (B + λI) p = −g with λ ≥ 0 and
    B + λI ⪰ 0, `resolve` solves with B + λI, and λ is what it has to be: λ (radius − ‖p‖) = 0 for a radius; λ = σ ‖p‖ for a
    sigma, where the predicted reduction is that of the cubic model; the damping itself, and None answers a B + λI that is not
    positive definite. One that is not exact decreases the model at least as much as the Cauchy point.

    Parameters
    ----------
    subproblem : Subproblem
        Where its `needs_matrix` is False, it gets models that have products only.
    control : {"radius", "damping", "sigma"}, default="radius"
        What the scalar is that `solve` takes.
    xp : module, default=numpy
        Array API namespace.
    rtol : float, default=1e-7
        Relative tolerance of the certificates: the solver's own where it is inexact by design, as `MoreSorensen(rtol=0.1)`.
    exact : bool, default=True
        Whether it promises the minimizer; for a radius or a sigma.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> from newtonreg.subproblems import Cubic, Damped, Spectral, Steihaug
    >>> from newtonreg.testing import check_subproblem
    >>> check_subproblem(Spectral())
    >>> check_subproblem(Damped(), control="damping")
    >>> check_subproblem(Cubic(), control="sigma")
    >>> check_subproblem(Steihaug(), exact=False)
    """
    before = dict(vars(subproblem))
    for case, gradient, matrix in _models(xp):
        for value in _CONTROLS[control]:
            step = subproblem.solve(_model(subproblem, gradient, matrix), value)
            trial = _Trial(case, host(gradient), host(matrix), value, step, rtol)
            if control == "damping" and _is_refused(subproblem, trial):
                continue
            _check_lengths(subproblem, trial, value if control == "sigma" else 0.0)
            if control == "radius":
                _check_ball(subproblem, trial)
            if exact:
                _check_step(subproblem, trial)
                _check_resolve(subproblem, trial, namespace(gradient))
                _MULTIPLIER_CHECKS[control](subproblem, trial)
            else:
                _check_cauchy(subproblem, trial, control)
    require(vars(subproblem) == before, subproblem, "no method changes the component")
    check_value_object(subproblem)


def _model(subproblem, gradient, matrix):
    """A fresh model, without its matrix for a solver that says it does not need it."""
    if getattr(subproblem, "needs_matrix", True):
        return QuadraticModel(gradient, matrix)
    return QuadraticModel(gradient, product=lambda v: namespace(v).matmul(matrix, v))


def _is_refused(subproblem, trial):
    least = np.linalg.eigvalsh(trial.matrix)[0] + trial.control
    require((trial.step is None) == (least <= 0.0), subproblem, trial.claim("None where B + λI is not positive definite, only"))
    return trial.step is None


def _check_lengths(subproblem, trial, sigma):
    """What a step says about itself; `sigma` is that of the model's cubic term."""
    step, p, g = trial.step, host(trial.step.p), trial.gradient
    length, size = np.linalg.norm(p), np.linalg.norm(trial.matrix, 2)
    require(abs(step.norm - length) <= 1e-12 * length, subproblem, trial.claim("`norm` is ‖p‖"))
    reduction = -(g @ p + 0.5 * p @ trial.matrix @ p) - sigma / 3.0 * length**3
    noise = 1e-12 * (np.linalg.norm(g) * length + size * length**2 + sigma * length**3)
    right = step.predicted_reduction >= 0.0 and abs(step.predicted_reduction - reduction) <= 1e-9 * abs(reduction) + noise
    formula = "−(gᵀp + ½ pᵀBp)" if sigma == 0.0 else "−(gᵀp + ½ pᵀBp + σ/3 ‖p‖³)"
    require(right, subproblem, trial.claim(f"`predicted_reduction` is {formula} ≥ 0"))


def _check_step(subproblem, trial):
    step, p, g, rtol = trial.step, host(trial.step.p), trial.gradient, trial.rtol
    values = np.linalg.eigvalsh(trial.matrix)
    top = np.max(np.abs(values)) + step.multiplier
    residual = np.linalg.norm(trial.matrix @ p + step.multiplier * p + g)
    small = residual <= rtol * (np.linalg.norm(g) + top * step.norm)
    require(small, subproblem, trial.claim(f"(B + λI) p = −g; the residual is {residual:.1e}"))
    require(step.multiplier >= 0.0, subproblem, trial.claim("λ ≥ 0"))
    require(values[0] + step.multiplier >= -rtol * top, subproblem, trial.claim("B + λI is positive semidefinite"))


def _check_resolve(subproblem, trial, xp):
    shifted = trial.matrix + trial.step.multiplier * np.eye(trial.gradient.size)
    values = np.linalg.eigvalsh(shifted)
    if trial.step.resolve is None or values[0] <= _WELL_CONDITIONED * values[-1]:
        return
    rhs = np.arange(1.0, 1.0 + trial.gradient.size)
    solution = trial.step.resolve(xp.asarray(rhs))
    require_close(solution, np.linalg.solve(shifted, rhs), subproblem, trial.claim("resolve(rhs) solves (B + λI) x = rhs"))


def _check_ball(subproblem, trial):
    slack = trial.control - trial.step.norm
    require(slack >= -trial.rtol * trial.control, subproblem, trial.claim("‖p‖ ≤ radius"))
    at_edge = not trial.step.on_boundary or slack <= trial.rtol * trial.control
    require(at_edge, subproblem, trial.claim("`on_boundary` only where ‖p‖ = radius"))


def _check_radius(subproblem, trial):
    step, slack = trial.step, trial.control - trial.step.norm
    require(step.multiplier == 0.0 or slack <= trial.rtol * trial.control, subproblem, trial.claim("λ (radius − ‖p‖) = 0"))
    require(step.multiplier == 0.0 or step.on_boundary, subproblem, trial.claim("`on_boundary` where λ > 0"))


def _check_damping(subproblem, trial):
    require(trial.step.multiplier == trial.control, subproblem, trial.claim("`multiplier` is the damping"))
    require(not trial.step.on_boundary, subproblem, trial.claim("a damped step is on no boundary"))


def _check_sigma(subproblem, trial):
    expected = trial.control * trial.step.norm
    right = abs(trial.step.multiplier - expected) <= trial.rtol * expected
    require(right, subproblem, trial.claim("`multiplier` is σ ‖p‖"))
    require(not trial.step.on_boundary, subproblem, trial.claim("a cubic step is on no boundary"))


_MULTIPLIER_CHECKS = {"radius": _check_radius, "damping": _check_damping, "sigma": _check_sigma}


def _check_cauchy(subproblem, trial, control):
    """At least the decrease along −g: that of −‖g‖ t + ½ κ t² (+ σ/3 t³), κ the curvature there."""
    size = np.linalg.norm(trial.gradient)
    if size == 0.0:
        return
    unit = trial.gradient / size
    curvature, sigma = unit @ trial.matrix @ unit, trial.control if control == "sigma" else 0.0
    if control == "radius":
        length = min(trial.control, size / curvature) if curvature > 0.0 else trial.control
    else:
        length = 2.0 * size / (curvature + np.hypot(curvature, 2.0 * np.sqrt(sigma * size)))
    least = length * (size - length * (0.5 * curvature + sigma * length / 3.0))
    enough = trial.step.predicted_reduction >= (1.0 - 1e-9) * least
    require(enough, subproblem, trial.claim("the model decreases at least as much as at the Cauchy point"))
