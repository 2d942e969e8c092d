"""Variable projection: the coefficients are always optimal, and only the inner parameters are searched."""

import math
from functools import partial
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_host
from newtonreg.curvatures import CurvaturePoint
from newtonreg.norms import resolve_norm
from newtonreg.solvers.acceptance import rounding_noise
from newtonreg.solvers.damped_descent import DampedDescent
from newtonreg.solvers.state import SolverState
from newtonreg.subproblems import DampedQR, SquareRootModel, column_squares

__all__ = ["VariableProjection"]

_EPS = 2.220446049250313e-16
_AFFINE = 1e-6
"""Of a column of the Jacobian: a larger change with the coefficients is no rounding."""


class VariableProjection(DampedDescent):
    """Minimize ½ ‖r(θ, c(θ))‖² over the inner parameters θ, where c(θ) are the coefficients that are optimal at θ.

    With Φ the Jacobian by the coefficients (independent of them), J by θ and P = I − ΦΦ⁺, the residual P r moves by

        P J dθ − (Φ⁺)ᵀ S dθ          S = Σ_i r_i ∂²r_i / ∂c∂θ

    and a damped Gauss–Newton step follows. The two parts are orthogonal to each other, and the second to r as well.

    Parameters
    ----------
    jacobian : {"kaufman", "golub-pereyra"}, default="kaufman"
        The first part alone, or both. On the NIST curves the first alone took as many evaluations and failed on none.
    norm : str or Norm, default="column-scaling"
        Scaling of the damping, in θ.
    damping : str or object, default="nielsen"
        Rule for μ: "nielsen", "delayed-gratification" or an object of `newtonreg.solvers.damping`.
    initial_damping : float > 0, default=1e-5
        First μ, in units of the largest curvature in the norm's variables.

    Notes
    -----
    Works on the triangle R of the whole Jacobian (`Evaluation.square_root`), coefficients first, R = [R_cc R_cθ; 0 R_θθ]: the
    left singular vectors of R_cc (columns scaled) that belong to singular values below rounding join the rows of R_θθ, so a
    rank-deficient basis does no harm. Costs 2 n p² flops for a trial, twice that when it is accepted, besides 20 k³ for k
    coefficients. Several outputs and a penalty are rows of r like any other.

    References
    ----------
    Golub & Pereyra, *The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate*
    (1973); Kaufman, *A variable projection method for solving separable nonlinear least squares problems* (1975).
    """

    name = "variable-projection"
    requires = ("square_root", "outer")

    def __init__(self, jacobian="kaufman", norm="column-scaling", damping="nielsen", initial_damping=1e-5):
        self.jacobian = jacobian
        self.norm = norm
        self.damping = damping
        self.initial_damping = initial_damping

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        super().check_parameters()
        if self.jacobian not in ("golub-pereyra", "kaufman"):
            raise ValueError(f"jacobian={self.jacobian!r} is unknown; pass 'golub-pereyra' or 'kaufman'.")

    def init(self, objective, x0):
        """State at the inner parameters of `x0` (p,) and the coefficients that are optimal there."""
        self.check_parameters()
        given = objective.at(x0)
        point = _with_optimal_coefs(objective, given, check=True)
        # a linear problem, solved
        if not point.partition.inner:
            return SolverState(point=point, control=0.0, exhausted=True)
        return self._first(point)

    def _solve(self, state):
        return DampedQR().solve(state.cache[0], state.control)

    def _displacement(self, objective, state, step):
        """The step in all parameters: coefficients as they are, or, where they are not linear, as the model predicts them.

        A nonlinear residual is linearized at the trial, and coefficients that do not follow the basis would lead far away.
        """
        partition, inner = state.point.partition, state.cache[1].step(step.p)
        if getattr(objective, "is_linear", True):
            return partition.join(namespace(inner).zeros_like(partition.outer_part(state.params)), inner)
        return partition.join(state.cache[3](inner), inner)

    def _trial(self, objective, state, displacement):
        return _with_optimal_coefs(objective, objective.at(state.params + displacement))

    def _accepted(self, state, trial, **outcome):
        """The next state; a point without derivatives has no reduced problem."""
        if not math.isfinite(trial.gradient_norm):
            return self._rejected(state, **outcome)
        return super()._accepted(state, trial, **outcome)

    def _floor(self, state):
        return 1e-200

    def _moved(self, state):
        """`state`, just moved to its point, with the scaling there in its memory and the reduced model in its cache."""
        reduced = self._reduced(state.point)
        diagonal = CurvaturePoint(lambda: reduced.matrix, make_diagonal=lambda: column_squares(reduced.rows))
        scaling = resolve_norm(self.norm).scaling(reduced, diagonal, state.memory.get("scaling"))
        return self._with_model(state, reduced, scaling)

    def _modeled(self, state):
        return self._with_model(state, self._reduced(state.point), state.memory["scaling"])

    def _with_model(self, state, reduced, scaling):
        model = SquareRootModel(scaling.gradient(reduced.gradient), scaling.columns(reduced.rows), reduced.residuals)
        state = state.replaced(memory={**state.memory, "scaling": scaling})
        state = self._cached(state, model, scaling, column_squares(model.r))
        return state.replaced(cache=(*state.cache, reduced.follow))

    def _reduced(self, point):
        return reduced_problem(point, full=self.jacobian == "golub-pereyra")


def _with_optimal_coefs(objective, point, check=False):
    """The objective at the same inner parameters and their best coefficients; `point` itself where rounding knows better.

    `check`: raise where the residuals are not affine in the coefficients.
    """
    step = point.outer_step() if math.isfinite(point.value) else None
    if step is None:
        return point
    solved = objective.at(point.params + step)
    if check:
        _check_affine(point, solved)
    # what rounding cannot tell from lower is nearer to optimal all the same
    is_lower = solved.value <= point.value + rounding_noise(point.value)
    return solved if is_lower and math.isfinite(solved.gradient_norm) else point


def _check_affine(one, other):
    """Raise where the Jacobian by the outer parameters changes with them; a network's cannot."""
    if not (hasattr(one, "jacobian") and math.isfinite(one.value) and math.isfinite(other.value)):
        return
    partition = one.partition
    before, after = (partition.outer_part(point.jacobian, axis=1) for point in (one, other))
    xp = namespace(before)
    size, change = xp.linalg.vector_norm(before, axis=0), xp.linalg.vector_norm(after - before, axis=0)
    wrong = [i for i, bad in zip(partition.outer, to_host(change > _AFFINE * size), strict=True) if bad]
    if wrong:
        raise ValueError(f"outer: the residuals are not affine in the parameters {wrong}; leave them out of `outer`.")


class Reduced(NamedTuple):
    """The reduced objective at one point, as a norm and a damped step see it: rows of its Jacobian, residuals, gradient."""

    params: Any
    rows: Any
    residuals: Any
    gradient: Any
    follow: Any = None
    """A step in θ to the one in the coefficients that goes with it, to first order."""

    @property
    def matrix(self):
        """Its Gauss–Newton matrix."""
        return linalg.matmul(namespace(self.rows).matrix_transpose(self.rows), self.rows)


def reduced_problem(point, full):
    """`Reduced` at a point whose coefficients are optimal; `full` adds Golub and Pereyra's second part to Kaufman's.

    Where constraints leave the coefficients fewer directions, the point has them as the columns of `outer_basis` (k, m), in
    units in which they compare: singular values then tell the rank as they are.
    """
    partition = point.partition
    root, xp = point.square_root, namespace(point.params)
    outer, rest = partition.outer_part(root.r, axis=1), partition.inner_part(root.r, axis=1)
    basis = getattr(point, "outer_basis", None)
    outer = outer if basis is None else linalg.matmul(outer, basis)
    triangle, z = linalg.triangularize(xp.concat([outer, rest], axis=1), root.z)
    k = outer.shape[1]
    top = min(k, triangle.shape[0])
    coefs, border, inner = triangle[:top, :k], triangle[:top, k:], triangle[top:, k:]
    norms = xp.linalg.vector_norm(coefs, axis=0)
    # a basis comes in units of its own
    norms = xp.where(norms > 0.0, norms, xp.ones_like(norms)) if basis is None else xp.ones_like(norms)
    free, onto, solve = _range_of(coefs / norms, max(root.r.shape) * _EPS)
    rows, residuals = inner, z[top:]
    if free is not None:
        rows, residuals = xp.concat([xp.matmul(free, border), rows], axis=0), xp.concat([xp.matmul(free, z[:top]), residuals])
    if full:
        second = partition.inner_part(partition.outer_part(point.second_order), axis=1)
        second = second if basis is None else linalg.matmul(xp.matrix_transpose(basis), second)
        second = onto(second / norms[:, None])
        rows, residuals = xp.concat([rows, second], axis=0), xp.concat([residuals, xp.zeros_like(second[:, 0])])

    def follow(step):
        own = -solve(z[:top] + xp.matmul(border, step)) / norms
        return own if basis is None else xp.matmul(basis, own)

    return Reduced(partition.inner_part(point.params), rows, residuals, partition.inner_part(point.gradient), follow)


def _range_of(triangle, tolerance):
    """The range of a triangle C (t, k) as three answers, singular values up to `tolerance` of the largest counting as zero.

    The orthonormal rows that are orthogonal to it, None where there are none; a function from M (k, s) to (C⁺)ᵀM, but for a
    rotation of its rows; and one from v (t,) to C⁺v.
    """
    xp = namespace(triangle)
    if not triangle.shape[1]:
        # constraints determine all coefficients
        return None, lambda matrix: matrix, lambda vector: vector[:0]
    if triangle.shape[0] == triangle.shape[1] and linalg.has_full_rank(triangle, tolerance):
        return None, partial(linalg.solve_upper, triangle, transposed=True), partial(linalg.solve_upper, triangle)
    left, values, right = linalg.svd(triangle)
    rank = linalg.rank_of(values, tolerance)
    free, left = xp.matrix_transpose(left[:, rank:]), xp.matrix_transpose(left[:, :rank])
    right, values = right[:rank, :], values[:rank]

    def solve(vector):
        return xp.matmul(xp.matrix_transpose(right), xp.matmul(left, vector) / values)

    return free, lambda matrix: xp.matmul(right, matrix) / values[:, None], solve
