"""The exact trust-region step from the eigendecomposition of the model."""

import math
from functools import partial

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_device, to_host
from newtonreg.protocols import Step
from newtonreg.subproblems.safeguards import directed, stay
from newtonreg.subproblems.secular import minimize_in_ball

__all__ = ["Spectral", "is_well_posed", "solve_in_eigenbasis"]

_EPS = 2.220446049250313e-16


class Spectral(BaseEstimator):
    """argmin gᵀp + ½ pᵀBp over ‖p‖ ≤ radius, exactly, from B = V diag(w) Vᵀ.

    In the eigenbasis (B + λI) p = −g is p = −V (w + λ)⁻¹ Vᵀg, and ‖p‖ = radius is one equation for λ.

    Notes
    -----
    Costs an eigendecomposition, about 9 p³ flops, once a model: another radius costs 4 p². Eigenvalues and Vᵀg come to the host
    in one transfer, where the equation is solved; the step goes back in one.

    References
    ----------
    Conn, Gould & Toint, *Trust-Region Methods* (2000), §7.3.1–7.3.2; the hard case as in Moré & Sorensen (1983).
    """

    name = "spectral"
    control_name = "radius"

    def solve(self, model, control):
        """The step for the radius `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float > 0

        Returns
        -------
        Step
            The zero step, which predicts nothing, where the model or the radius is not finite and positive.
        """
        if not is_well_posed(model, control):
            return stay(model)
        return solve_in_eigenbasis(model, partial(minimize_in_ball, radius=control))


def is_well_posed(model, control):
    """Whether there is a problem: a finite model, and a control that is finite and positive."""
    return model.is_finite and 0.0 < control < math.inf


def solve_in_eigenbasis(model, minimize):
    """The `Step` of a problem that is solved in the eigenbasis of its matrix; None where it has no solution.

    Parameters
    ----------
    model : QuadraticModel
    minimize : callable
        Eigenvalues (p,), ascending, and coefficients (p,) of g, both on the host, to a `SecularSolution` or None.
    """
    vectors = model.spectrum.vectors
    xp = namespace(vectors)
    rotated = linalg.matmul(xp.matrix_transpose(vectors), model.gradient)
    values, coefficients = to_host(xp.stack([model.spectrum.values, rotated]))
    solution = minimize(values, coefficients)
    if solution is None:
        return None
    y = directed(solution, lambda: vectors[:, 0])
    return Step(
        linalg.matmul(vectors, to_device(y, like=vectors)),
        solution.multiplier,
        solution.on_boundary,
        solution.reduction,
        float(linalg.norm(y)),
        partial(_solve_shifted, vectors, solution.shifted),
    )


def _solve_shifted(vectors, shifted, rhs):
    """V (w + λ)⁺ Vᵀ `rhs`, `rhs` (p,) or (p, t): an eigenvalue below rounding has the inverse 0; 4 p² flops a column."""
    xp = namespace(vectors)
    shifted = to_device(shifted, like=vectors)
    usable = shifted > shifted.shape[0] * _EPS * xp.max(shifted)
    inverse = xp.where(usable, 1.0 / xp.where(usable, shifted, 1.0), 0.0)
    rotated = linalg.matmul(xp.matrix_transpose(vectors), rhs)
    return linalg.matmul(vectors, (inverse if rhs.ndim == 1 else inverse[:, None]) * rotated)
