"""The exact step of cubic regularization from the eigendecomposition of the model."""

from functools import partial

from sklearn.base import BaseEstimator

from newtonreg.subproblems.cubic_secular import minimize_cubic
from newtonreg.subproblems.safeguards import stay
from newtonreg.subproblems.spectral import is_well_posed, solve_in_eigenbasis

__all__ = ["Cubic"]


class Cubic(BaseEstimator):
    """argmin gᵀp + ½ pᵀBp + σ/3 ‖p‖³, the global minimizer: (B + λI) p = −g with λ = σ ‖p‖ and B + λI ⪰ 0.

    Notes
    -----
    Costs an eigendecomposition, about 9 p³ flops, once a model: another σ costs 4 p². Two transfers. `predicted_reduction`
    is that of the cubic model, ½ pᵀ(B + λI)p + ⅙ λ ‖p‖²: what adaptive regularization compares the actual reduction with.

    References
    ----------
    Nesterov & Polyak, *Cubic regularization of Newton method and its global performance* (2006), §5; Cartis, Gould & Toint,
    *Adaptive cubic regularisation methods for unconstrained optimization, part I* (2011), Theorem 3.1 and §6.1.
    """

    name = "cubic"
    control_name = "sigma"

    def solve(self, model, control):
        """The step for σ = `control`.

        Parameters
        ----------
        model : QuadraticModel
        control : float > 0

        Returns
        -------
        Step
            `multiplier` is λ, `on_boundary` False, and `resolve` solves with B + λI. The zero step, which predicts nothing,
            where the model is not finite, σ not finite and positive, or the reduction more than float64 can say.
        """
        if not is_well_posed(model, control):
            return stay(model)
        step = solve_in_eigenbasis(model, partial(minimize_cubic, sigma=float(control)))
        if step is None:
            return stay(model)
        return step._replace(predicted_reduction=step.predicted_reduction - step.multiplier * step.norm * step.norm / 3.0)
