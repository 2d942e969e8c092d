"""A sum of squared residuals as an objective: a curve to fit, a system of equations."""

import math
from functools import cached_property
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.objectives.analytic import AnalyticEvaluation
from newtonreg.objectives.answers import check_callable, checked_answer
from newtonreg.objectives.automatic import hessian_of, jacobian_of, second_directional_of
from newtonreg.objectives.counts import Counts
from newtonreg.objectives.separable import Partition, shortest_solution

__all__ = ["LeastSquares", "SquareRoot"]

_EPS = 2.220446049250313e-16
_NO_SECOND = (
    "Second derivatives of the residuals are needed here: pass hessians=, or a solver that does without, for instance "
    "LevenbergMarquardt(geodesic_acceleration=False) or TrustRegion(curvature='gauss-newton')."
)


class SquareRoot(NamedTuple):
    """A square root of the Gauss–Newton matrix B: RᵀR = B and Rᵀz = ∇F, `r` (t, p) with t ≤ p, `z` (t,)."""

    r: Any
    z: Any


class LeastSquares:
    """F(x) = ½ ‖r(x)‖².

    Parameters
    ----------
    residuals : callable
        r, x (p,) to (n,).
    n_params : int, optional
        p. Where left out it is whatever the starting point has.
    jacobian : callable, optional
        x to ∂r/∂x (n, p).
    hessians : callable, optional
        x to ∂²r_i/∂x∂x (n, p, p). Where one of the two is left out, autograd differentiates `residuals` (NumPy arrays only); but
        where a `jacobian` is given, geodesic acceleration takes a difference of two of them instead.
    outer : slice or sequence of int, optional
        Parameters in which r is affine, the coefficients: `VariableProjection` eliminates them.

    Notes
    -----
    `criticality` is the relative offset of Bates and Watts, the cosine of the angle between r and the tangent space, which does
    not depend on the units of x or r; `gtol` is 1e-10 unless given. Costs besides the callables: 2 n p² flops for a square root.

    References
    ----------
    Bates & Watts, *A relative offset orthogonality convergence criterion for nonlinear least squares* (1981).

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import LeastSquares, LevenbergMarquardt, minimize
    >>> x = np.linspace(0.0, 4.0, 9)
    >>> curve = LeastSquares(lambda b: b[0] * np.exp(-b[1] * x) - 3.0 * np.exp(-0.5 * x))
    >>> minimize(curve, np.array([1.0, 1.0]), LevenbergMarquardt()).x.round(9)
    array([3. , 0.5])
    """

    is_sum_of_squares = True
    is_nonnegative = True
    gtol = 1e-10

    def __init__(self, residuals, n_params=None, jacobian=None, hessians=None, outer=None):
        for name, given in (("residuals", residuals), ("jacobian", jacobian), ("hessians", hessians)):
            if given is not None or name == "residuals":
                check_callable(name, given)
        if outer is not None and not isinstance(outer, slice) and not hasattr(outer, "__len__"):
            raise TypeError(f"outer={outer!r} must be a slice or a sequence of indices of parameters.")
        self.n_params = n_params
        self.outer = outer
        self.counts = Counts()
        self._residuals = residuals
        self._jacobian = jacobian if jacobian is not None else jacobian_of(residuals)
        self._hessians = hessians
        if hessians is not None:
            self._second = self._contracted
        else:
            self._second = self._automatic if jacobian is None else self._difference
        self._automatic_second = second_directional_of(residuals, _NO_SECOND)

    @property
    def provides(self):
        """What solvers may require of it."""
        separable = isinstance(self.outer, slice) or (self.outer is not None and len(self.outer) > 0)
        return {"hessian", "gauss_newton", "square_root"} | ({"outer"} if separable else set())

    def at(self, params):
        """The objective at `params` (p,)."""
        return LeastSquaresEvaluation(self, params)

    def weighted_hessians(self, params, u):
        """Σ_i u_i ∇²r_i, shape (p, p)."""
        if self._hessians is None:
            return hessian_of(lambda x: (u * self._residuals(x)).sum(), _NO_SECOND, self._residuals)(params)
        n, p, xp = u.shape[0], params.shape[0], namespace(params)
        return xp.reshape(xp.matmul(u, xp.reshape(self._checked_hessians(params, n), (n, p * p))), (p, p))

    def second_directional(self, params, v, jacobian):
        """∂²r[v, v], shape (n,); `jacobian` is that at `params`."""
        return self._second(params, v, jacobian)

    def _automatic(self, params, v, jacobian):
        return self._automatic_second(params, v)

    def _contracted(self, params, v, jacobian):
        xp = namespace(params)
        return xp.matmul(xp.matmul(self._checked_hessians(params, jacobian.shape[0]), v), v)

    def _difference(self, params, v, jacobian):
        """(J(x + h v) v − J(x) v) / h: good to seven digits, and an acceleration needs two."""
        xp = namespace(params)
        size, length = to_floats(linalg.norm(params), linalg.norm(v))
        if not 0.0 < length < math.inf:
            return xp.zeros_like(jacobian[:, 0])
        self.counts.njev += 1
        h = _EPS**0.5 * (size + length) / length
        return xp.matmul(self._jacobian(params + h * v) - jacobian, v) / h

    def _checked_hessians(self, params, n):
        p = params.shape[0]
        return checked_answer("hessians", self._hessians(params), (n, p, p), f", for {n} residuals and {p} parameters")


class LeastSquaresEvaluation(AnalyticEvaluation):
    """`LeastSquares` at one point; each derivative on first use."""

    @cached_property
    def residuals(self):
        """r, shape (n,)."""
        self._objective.counts.nfev += 1
        residuals = self._objective._residuals(self.params)
        if getattr(residuals, "ndim", None) != 1:
            raise TypeError(f"residuals(x) must be an array of shape (n,), and is {residuals!r:.200}.")
        return residuals

    @property
    def n_residuals(self):
        """n."""
        return self.residuals.shape[0]

    @cached_property
    def value(self):
        """½ ‖r‖², a Python float."""
        (length,) = to_floats(linalg.norm(self.residuals))
        # not length ** 2, which raises where Python floats overflow
        return 0.5 * length * length

    @cached_property
    def jacobian(self):
        """∂r/∂x, shape (n, p)."""
        self._objective.counts.njev += 1
        n, p = self.residuals.shape[0], self.params.shape[0]
        why = f", for {n} residuals and {p} parameters"
        return checked_answer("jacobian", self._objective._jacobian(self.params), (n, p), why)

    @cached_property
    def gradient(self):
        """Jᵀr, shape (p,)."""
        return self._pullback(self.residuals)

    def _pullback(self, u):
        xp = namespace(u)
        return xp.matmul(xp.matrix_transpose(self.jacobian), u)

    @cached_property
    def square_root(self):
        """`SquareRoot` by QR of the Jacobian: no condition number is squared."""
        if self.jacobian.shape[0] <= self.jacobian.shape[1]:
            return SquareRoot(self.jacobian, self.residuals)
        return SquareRoot(*linalg.triangularize(self.jacobian, self.residuals))

    @cached_property
    def criticality(self):
        """‖P r‖ / ‖r‖ with P the projector on the range of the Jacobian (singular values above rounding, unit columns).

        Infinite where the Jacobian is not finite. A QR factorization and an SVD, 2 n p² + 20 p³ flops; `column_criticality` is a
        lower bound that costs n p.
        """
        length = math.sqrt(2.0 * self.value)
        if length == 0.0 or not math.isfinite(length):
            return length
        r, z = self.square_root
        xp = namespace(r)
        if not bool(xp.all(xp.isfinite(r))):
            return math.inf
        norms = xp.linalg.vector_norm(r, axis=0)
        vectors, values, _ = linalg.svd(r / xp.where(norms > 0.0, norms, xp.ones_like(norms)))
        inside = xp.astype(values > max(r.shape) * _EPS * xp.max(values), xp.float64)
        return to_floats(linalg.norm(inside * xp.matmul(xp.matrix_transpose(vectors), z)))[0] / length

    def zero_level(self, start):
        """½ (4 eps Σ_j max(|x_j| ‖J_j‖, …))²: smaller residuals are the rounding of what they are differences of.

        Where x_j vanishes, "…" is |x_j| at the start times the lesser of ‖J_j‖ here and there: either may be beyond all measure.
        """
        xp = namespace(self.jacobian)
        here, there = (xp.linalg.vector_norm(point.jacobian, axis=0) for point in (self, start))
        terms = xp.maximum(xp.abs(self.params) * here, xp.abs(start.params) * xp.minimum(here, there))
        noise = 4.0 * _EPS * to_floats(xp.sum(terms))[0]
        return 0.5 * noise * noise

    @property
    def column_criticality(self):
        """max_j |J_jᵀr| / (‖J_j‖ ‖r‖), the cosine of the least angle between r and a column of the Jacobian."""
        xp = namespace(self.jacobian)
        norms = xp.linalg.vector_norm(self.jacobian, axis=0)
        cosines = xp.abs(self.gradient) / xp.where(norms > 0.0, norms, xp.ones_like(norms))
        length = math.sqrt(2.0 * self.value)
        return to_floats(xp.max(cosines))[0] / length if length > 0.0 else 0.0

    @cached_property
    def gauss_newton(self):
        """JᵀJ, shape (p, p)."""
        self._objective.counts.nhev += 1
        xp = namespace(self.jacobian)
        return linalg.matmul(xp.matrix_transpose(self.jacobian), self.jacobian)

    @cached_property
    def second_order(self):
        """Σ_i r_i ∇²r_i, shape (p, p): what Gauss–Newton leaves out."""
        return self._objective.weighted_hessians(self.params, self.residuals)

    @cached_property
    def hessian(self):
        """∇²F = JᵀJ + Σ_i r_i ∇²r_i, shape (p, p)."""
        self._objective.counts.nhev += 1
        xp = namespace(self.jacobian)
        return linalg.matmul(xp.matrix_transpose(self.jacobian), self.jacobian) + self.second_order

    @cached_property
    def partition(self):
        """`Partition` into linear and other parameters; only where `outer` was given."""
        return Partition(self._objective.outer, self.params.shape[0])

    def outer_step(self):
        """The shortest step (p,) in the outer parameters that makes them optimal; None where the Jacobian is not finite."""
        columns, xp = self.partition.outer_part(self.jacobian, axis=1), namespace(self.params)
        if not bool(xp.all(xp.isfinite(columns))):
            return None
        step = shortest_solution(columns, -self.residuals)
        return self.partition.join(step, xp.zeros_like(self.partition.inner_part(self.params)))

    def gnvp(self, v):
        """JᵀJ v."""
        self._objective.counts.nhvp += 1
        return self._pullback(namespace(v).matmul(self.jacobian, v))

    def second_directional(self, v):
        """Jᵀ ∂²r[v, v], shape (p,)."""
        self._objective.counts.nhvp += 1
        return self._pullback(self._objective.second_directional(self.params, v, self.jacobian))
