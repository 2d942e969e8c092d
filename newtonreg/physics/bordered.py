"""Linear conditions that hold exactly: a bordered (KKT) least squares inside variable projection."""

import math
from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.objectives.least_squares import SquareRoot
from newtonreg.objectives.separable import shortest_solution
from newtonreg.physics.objective import PhysicsEvaluation, PhysicsRisk
from newtonreg.physics.terms import filled_rows

__all__ = ["BorderedEvaluation", "BorderedRisk"]

_EPS = 2.220446049250313e-16
_EXACT = 1e-12
"""Of ‖B_i‖ ‖c‖ + |g_i|: a constraint that is missed by more is not met."""
_CORRECTIONS = 3
"""Passes at most until constraints hold to the last digits; coefficients that were far larger before need the second."""


class BorderedRisk(PhysicsRisk):
    """`PhysicsRisk` of parameters that satisfy linear constraints B(θ) c = g on the coefficients c exactly.

    Parameters are first moved onto the constraints, by the shortest step in the coefficients:

        R(θ, c) = (θ, c − B⁺(B c − g))        F_constrained(w) = F(R(w))

    which has no constraints left, so every solver's trials can be compared by their values. With P = I − B⁺B and B_θ = ∂(B c)/∂θ
    the Jacobian of F∘R at a point that satisfies the constraints is

        J_c P   by c        J_θ − J_c B⁺B_θ   by θ

    Parameters
    ----------
    network : ShallowNetwork
        Of ridge functions.
    terms : sequence of Term
    penalty : array of shape (p,)
    constraints : sequence of Term
        With `Affine` functions; their residuals are B c − g, and weights are ignored.

    Raises
    ------
    TypeError
        Where a constraint is not affine.
    ValueError
        Where there is no constraint; by `at` and `feasible`, where no coefficients meet them all, naming one.

    Notes
    -----
    Rows of B are scaled to unit length, and singular values up to max(shape) eps of the largest count as zero, so constraints
    that follow from others do no harm. Where some θ met the constraints, later ones that cannot are trials like any other, with
    an infinite value. Costs 4 q² k flops an evaluation for q constraints on k coefficients, and 2 p² q for each matrix.
    """

    def __init__(self, network, terms, penalty, constraints):
        super().__init__(network, terms, penalty)
        if not constraints:
            raise ValueError("constraints=[] is empty; pass PhysicsRisk where there are none.")
        for term in constraints:
            if not term.function.is_affine:
                raise TypeError(f"The constraint {term.name!r} is nonlinear and cannot hold exactly; pass it as a term.")
        # residuals carry the root of their weight
        self.constraints = [term._replace(weights=namespace(penalty).ones_like(term.weights)) for term in constraints]
        self._were_met = False

    @property
    def provides(self):
        """What solvers may require of it; no Hessian: directions that constraints forbid would count as flat."""
        return {"gauss_newton", "square_root", "outer"}

    def at(self, params):
        """The objective at `params` (p,), moved onto the constraints: a `BorderedEvaluation`."""
        border = _onto_constraints(self, params)
        if border.is_met:
            self._were_met = True
        elif not self._were_met and border.is_finite:
            raise ValueError(border.trouble())
        return BorderedEvaluation(self, border)

    def with_terms(self, terms):
        """The same network, penalty and constraints, other terms."""
        other = BorderedRisk(self.network, terms, self.penalty, self.constraints)
        other._were_met = self._were_met
        return other

    def feasible(self, params):
        """`params` (p,) with the best coefficients that meet the constraints; for a nonlinear equation, linearized at `params`.

        Raises
        ------
        ValueError
            Where no coefficients meet them all.
        FloatingPointError
            Where the basis or the residuals are not finite.
        """
        point = self.at(params)
        step = point.outer_step() if point.border.is_finite else None
        if step is None:
            raise FloatingPointError("Derivatives of the basis, or the residuals, are not finite. Start elsewhere.")
        if not point.is_feasible:
            raise ValueError(point.border.trouble())
        return self.at(point.params + step).params


class _Border:
    """The constraints at one parameter vector: B = D U diag(s) Vᵀ, D the lengths of its rows, and how far they are missed."""

    def __init__(self, objective, params, factors=None):
        self.params = params
        self._objective = objective
        self._partition = objective.partition
        self._xp = namespace(params)
        self._points = [term.at(objective.network, params) for term in objective.constraints]
        self._given = factors

    @cached_property
    def defects(self):
        """B c − g, shape (q,)."""
        return self._xp.concat([self._xp.reshape(point.residuals, (-1,)) for point in self._points])

    @cached_property
    def rows(self):
        """∂(B c)/∂w, shape (p, q)."""
        return filled_rows(self._points, self.params.shape[0], "fill_rows", self.params)

    @cached_property
    def _factors(self):
        """D (q,), U (q, r), s (r,), Vᵀ (r, k), r the rank of B; B does not change with the coefficients."""
        if self._given is not None:
            return self._given
        xp, matrix = self._xp, self._xp.matrix_transpose(self._partition.outer_part(self.rows))
        lengths = xp.linalg.vector_norm(matrix, axis=1)
        lengths = xp.where(lengths > 0.0, lengths, xp.ones_like(lengths))
        if not bool(xp.all(xp.isfinite(matrix))):
            return lengths, matrix[:, :0], lengths[:0], matrix[:0, :]
        left, values, right = linalg.svd(matrix / lengths[:, None])
        rank = linalg.rank_of(values, max(matrix.shape) * _EPS)
        return lengths, left[:, :rank], values[:rank], right[:rank, :]

    @property
    def span(self):
        """Vᵀ (r, k): orthonormal directions of the coefficients that the constraints determine."""
        return self._factors[3]

    def solve(self, rhs):
        """B⁺ `rhs`, for (q,) or (q, s)."""
        xp, (lengths, left, values, right) = self._xp, self._factors
        column = (slice(None), None) if rhs.ndim == 2 else (slice(None),)
        along = xp.matmul(xp.matrix_transpose(left), rhs / lengths[column])
        return xp.matmul(xp.matrix_transpose(right), along / values[column])

    def multipliers(self, force):
        """−(B⁺)ᵀ `force`, what the constraints answer to a `force` (k,) on the coefficients; (q,)."""
        xp, (lengths, left, values, right) = self._xp, self._factors
        return -xp.matmul(left, xp.matmul(right, force) / values) / lengths

    def basis(self, lengths):
        """Columns W (k, k − r) that no constraint sees, D W orthonormal; D from the `lengths` (k,) of the columns of J_c.

        A coefficient counts by what it does to residuals and constraints together: those of a unit that is constant in the domain
        change no derivative, and only the constraints tell that they are not free to be large.
        """
        xp, span = self._xp, self.span
        rows = xp.matrix_transpose(self._partition.outer_part(self.rows)) / self._factors[0][:, None]
        scale = xp.sqrt(lengths**2 + xp.max(lengths) ** 2 * xp.sum(rows * rows, axis=0))
        scale = xp.where(scale > 0.0, scale, xp.ones_like(scale))
        rows = rows / scale
        sizes = xp.linalg.vector_norm(rows, axis=1)
        rows = rows / xp.where(sizes > 0.0, sizes, xp.ones_like(sizes))[:, None]
        rank = span.shape[0]
        seen = xp.matrix_transpose(linalg.svd(rows)[2][:rank, :]) if rank else xp.matrix_transpose(span)
        eye = xp.eye(span.shape[1], dtype=xp.float64, device=device_of(span))
        return linalg.qr(xp.concat([seen, eye], axis=1))[0][:, rank:] / scale[:, None]

    @cached_property
    def sensitivity(self):
        """B⁺B_θ, shape (k, p − k)."""
        return self.solve(self._xp.matrix_transpose(self._partition.inner_part(self.rows)))

    @cached_property
    def is_finite(self):
        """Whether B and the defects are."""
        xp = self._xp
        return all(bool(xp.all(xp.isfinite(part))) for part in (self._partition.outer_part(self.rows), self.defects))

    @cached_property
    def _misses(self):
        """|B_i c − g_i| / (‖B_i‖ ‖c‖ + |g_i|), shape (q,)."""
        xp, lengths, coefs = self._xp, self._factors[0], self._partition.outer_part(self.params)
        rows = self._partition.outer_part(self.rows)
        targets = xp.matmul(xp.matrix_transpose(rows), coefs) - self.defects
        size = lengths * xp.linalg.vector_norm(coefs) + xp.abs(targets)
        return xp.abs(self.defects) / xp.where(size > 0.0, size, xp.ones_like(size))

    @cached_property
    def error(self):
        """The largest of the misses, relative; NaN or infinite where something is."""
        return to_floats(self._xp.max(self._misses))[0] if self.is_finite else math.inf

    @property
    def is_met(self):
        """Whether the constraints hold to rounding."""
        return self.error <= _EXACT

    @property
    def is_settled(self):
        """Whether a correction would change nothing but last digits, or cannot be made."""
        return not self.is_finite or self.error <= max(self.defects.shape[0], self.span.shape[1]) * _EPS

    def add_second_order(self, matrix, force):
        """`matrix` (p, p) + Σ_i λ_i ∂²(B c)_i for the multipliers λ that answer to `force` (k,), symmetric."""
        xp, multipliers, start = self._xp, self.multipliers(force), 0
        more = xp.zeros_like(matrix)
        for term, point in zip(self._objective.constraints, self._points, strict=True):
            own = xp.reshape(multipliers[start : start + term.n_residuals], term.targets.shape)
            # a term weighs second derivatives by its residuals: other targets make them the multipliers
            term = term._replace(targets=term.targets + point.residuals - own)
            more = term.at(self._objective.network, self.params).add_second_order(more)
            start += term.n_residuals
        return matrix + 0.5 * (more + xp.matrix_transpose(more))

    def corrected(self):
        """The same after the shortest step in the coefficients that satisfies the constraints."""
        step = self._partition.join(-self.solve(self.defects), self._xp.zeros_like(self._partition.inner_part(self.params)))
        return _Border(self._objective, self.params + step, self._factors)

    def trouble(self):
        """What is wrong, naming the constraint that is missed most."""
        place = int(to_floats(self._xp.argmax(self._misses))[0])
        missed = to_floats(self.defects[place])[0]
        for term in self._objective.constraints:
            if place < term.n_residuals:
                break
            place -= term.n_residuals
        n, rank, k = self.defects.shape[0], *self.span.shape
        return (
            f"The constraint {term.name!r} cannot hold exactly together with the others: it is missed by {missed:.3g} at its "
            f"point {place % term.targets.shape[1]}. The {n} constraints have rank {rank}, for {k} coefficients. Remove what "
            "contradicts, or take more units, fewer points, or how='soft'."
        )


def _onto_constraints(objective, params):
    """The `_Border` at `params`, moved by the shortest step in the coefficients, or where they stand if they meet it."""
    border = _Border(objective, params)
    for _ in range(_CORRECTIONS):
        if border.is_settled:
            break
        border = border.corrected()
    return border


class BorderedEvaluation(PhysicsEvaluation):
    """`BorderedRisk` at one point: derivatives along the constraints, T = [P, −B⁺B_θ; 0, I] from the right of those without them.

    Attributes
    ----------
    params : array (p,)
        Those that were given, moved onto the constraints.
    border : _Border
    """

    def __init__(self, objective, border):
        super().__init__(objective, border.params)
        self.border = border
        self._free = PhysicsEvaluation(objective, border.params)

    def _batches(self):
        return self._free._batches()

    def repenalized(self, objective):
        """The evaluation of `objective`, which has the same terms and constraints, at the same parameters."""
        new = BorderedEvaluation(objective, self.border)
        new._free = self._free.repenalized(objective)
        return new

    @property
    def is_feasible(self):
        """Whether `params` meet the constraints."""
        return self.border.is_met

    # -- along the constraints

    def _project(self, outer):
        """P `outer`, for (k,) or (k, s)."""
        xp, span = self._xp, self.border.span
        return outer - xp.matmul(xp.matrix_transpose(span), xp.matmul(span, outer))

    def pull(self, array):
        """Tᵀ `array`, for (p,) or (p, s): derivatives along the constraints from those without them."""
        xp, outer = self._xp, self.partition.outer_part(array)
        inner = self.partition.inner_part(array) - xp.matmul(xp.matrix_transpose(self.border.sensitivity), outer)
        return self.partition.join(self._project(outer), inner)

    def push(self, v):
        """T `v` (p,): the direction along the constraints."""
        inner = self.partition.inner_part(v)
        outer = self._project(self.partition.outer_part(v)) - self._xp.matmul(self.border.sensitivity, inner)
        return self.partition.join(outer, inner)

    def _both_sides(self, matrix):
        """Tᵀ `matrix` T, symmetric."""
        xp = self._xp
        pulled = self.pull(xp.matrix_transpose(self.pull(matrix)))
        return 0.5 * (pulled + xp.matrix_transpose(pulled))

    # -- derivatives

    @cached_property
    def value(self):
        """F, a Python float; infinite where the constraints cannot be met."""
        return self._free.value if self.is_feasible else math.inf

    @cached_property
    def gradient(self):
        """∇(F∘R) = Tᵀ∇F, shape (p,)."""
        return self.pull(self._free.gradient)

    @cached_property
    def gauss_newton(self):
        """That of F∘R, shape (p, p), singular in the directions that constraints forbid."""
        return self._both_sides(self._free.gauss_newton)

    @cached_property
    def square_root(self):
        """`SquareRoot` of F∘R: R T and z, of R and z without constraints; not triangular."""
        rows, z = self._free.square_root
        xp = self._xp
        return SquareRoot(xp.matrix_transpose(self.pull(xp.matrix_transpose(rows))), z)

    @cached_property
    def outer_basis(self):
        """W (k, k − r): what is left of the coefficients for variable projection, in units in which columns of J_c W compare."""
        columns = self.partition.outer_part(self._free.square_root.r, axis=1)
        return self.border.basis(self._xp.linalg.vector_norm(columns, axis=0))

    @cached_property
    def second_order(self):
        """Tᵀ (Σ s r ∂²r + Σ_i λ_i ∂²(B c)_i) T, shape (p, p), λ = −(B⁺)ᵀ∇_cF the multipliers.

        What Gauss–Newton leaves out along the constraints; with all of F∘R where the coefficients are optimal.
        """
        force = self.partition.outer_part(self._free.gradient)
        return self._both_sides(self.border.add_second_order(self._free.second_order, force))

    def outer_normal_equations(self):
        """Gauss–Newton matrix and gradient in the outer parameters alone, along the constraints."""
        matrix, gradient = self._free.outer_normal_equations()
        half = self._project(matrix)
        return self._project(self._xp.matrix_transpose(half)), self._project(gradient)

    def gnvp(self, v):
        """Gauss–Newton matrix times v."""
        return self.pull(self._free.gnvp(self.push(v)))

    def second_directional(self, v):
        """Jᵀ ∂²(r∘R)[v, v], shape (p,), the penalty's rows with them, by a difference of residuals at three points.

        Good to seven digits, and an acceleration needs two. NaN where the constraints cannot be met nearby.
        """
        objective, xp = self._objective, self._xp
        objective.counts.nhvp += 1
        size, length = to_floats(linalg.norm(self.params), linalg.norm(v))
        if not 0.0 < length < math.inf:
            return xp.zeros_like(v)
        h = _EPS**0.25 * (size + length) / length
        back, ahead = (objective.at(self.params + step * v) for step in (-h, h))
        if not (back.is_feasible and ahead.is_feasible):
            return xp.full_like(v, math.nan)
        bend = objective.penalty * (back.params - 2.0 * self.params + ahead.params)
        for before, here, after in zip(back._batches(), self._batches(), ahead._batches(), strict=True):
            bend = bend + xp.matmul(here.rows, before.residuals - 2.0 * here.residuals + after.residuals)
        return self.pull(bend) / (h * h)

    def outer_step(self):
        """The step (p,) in the coefficients, along the constraints, that makes them optimal; None where something is not finite.

        The shortest one where the basis is deficient, coefficients in the units of `outer_basis`.
        """
        xp, (rows, rhs) = self._xp, self._outer_problem()
        if rows is None:
            return None
        basis = self.border.basis(xp.linalg.vector_norm(rows, axis=0))
        step = xp.zeros_like(self.partition.outer_part(self.params))
        if basis.shape[1]:
            step = xp.matmul(basis, shortest_solution(xp.matmul(rows, basis), -rhs, is_scaled=True))
        return self._of_outer(step)
