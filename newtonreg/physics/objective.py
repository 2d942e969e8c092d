"""The objective of physics-informed regression: sums of squares of equations and conditions."""

import math
from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_diagonal, device_of, is_cupy_array, namespace, to_floats
from newtonreg.objectives import Counts
from newtonreg.objectives.least_squares import SquareRoot
from newtonreg.objectives.outer_columns import OuterColumns
from newtonreg.objectives.penalized import PenalizedEvaluation, PenalizedSum
from newtonreg.objectives.separable import shortest_solution
from newtonreg.objectives.stacking import stacked
from newtonreg.physics.terms import filled_rows

__all__ = ["PhysicsRisk"]

_ROWS_DOUBLES = 2**22
"""Doubles of Jacobian rows that are alive at a time on a CPU (32 MB)."""
_GPU_ROWS_DOUBLES = 2**27
"""The same on a GPU."""

_MATRIX_UP_TO = 2000
"""Parameters up to which a step by the Gauss–Newton matrix is likely to follow."""

_OVERHEAD = 2e7
"""Of a term in a trial, in floating point operations."""


class PhysicsRisk(PenalizedSum):
    """F(w) = ½ Σ_terms Σ_i s_i ‖r(x_i; w)‖² + ½ Σ_a penalty_a w_a².

    Parameters
    ----------
    network : ShallowNetwork
        Of ridge functions.
    terms : sequence of Term
    penalty : array of shape (p,)
        p parameters of the network, then scalars of the equations.

    Notes
    -----
    Rows of the Jacobian, those of all terms one after the other, are formed explicitly, in batches that fit a fixed amount of
    memory; where one batch holds all of them it is kept for as long as the evaluation. A matrix costs N p² flops for N residuals,
    and its rows about N p times the number of channels.
    """

    is_sum_of_squares = True
    is_explicit = True
    gtol = 1e-10
    has_own_derivatives = True

    def __init__(self, network, terms, penalty):
        self.network = network
        self.terms = list(terms)
        self.penalty = penalty
        self.counts = Counts()
        self.n_params = penalty.shape[0]
        self.row_batches = _batches(self.terms, self.n_params)

    @property
    def is_linear(self):
        """Whether all residuals are affine in the solution, hence in the coefficients of the network."""
        return all(term.function.is_affine for term in self.terms)

    @property
    def is_smooth(self):
        """Whether the activation has two continuous derivatives more than the equation takes, as far as it says.

        Its derivative of order `max_order` may be a step.
        """
        basis, order = self.network.basis, max(one.channels.order for term in self.terms for one in term.sets)
        return basis.is_smooth and (order == 0 or order + 2 < basis.max_order)

    @property
    def provides(self):
        """What solvers may require of it."""
        return {"hessian", "gauss_newton", "square_root", "hessian_product", "gauss_newton_product", "outer"}

    @property
    def curvature_flops(self):
        """Floating point operations of one Gauss–Newton matrix, the overhead of each term counted as such."""
        return float(sum(term.n_residuals for term in self.terms)) * self.n_params**2 + _OVERHEAD * len(self.terms)

    @property
    def gradient_flops(self):
        """Floating point operations of one gradient."""
        return 2.0 * sum(term.n_residuals * sum(len(one.channels) for one in term.sets) for term in self.terms) * self.n_params

    def at(self, params):
        """The objective at `params` (p,), a `PhysicsEvaluation`."""
        return PhysicsEvaluation(self, params)

    def with_terms(self, terms):
        """The same network and penalty, other terms."""
        return PhysicsRisk(self.network, terms, self.penalty)

    def network_points(self, params):
        """The network, not its derivatives, at all points where any of them is taken, batch by batch."""
        sets = (one for parts in self.row_batches for part in parts for one in part.sets)
        return (self.network.at(one.inputs, params[: self.network.n_params]) for one in sets)


def _batches(terms, n_params):
    """Lists of parts of terms, so many residuals in each as memory allows."""
    doubles = _GPU_ROWS_DOUBLES if is_cupy_array(terms[0].weights) else _ROWS_DOUBLES
    most, batches, room = max(1, doubles // n_params), [[]], max(1, doubles // n_params)
    for term in terms:
        n, per_row, start = term.weights.shape[0], term.targets.shape[0], 0
        while start < n:
            if room < per_row and batches[-1]:
                batches.append([])
                room = most
            stop = min(n, start + max(1, room // per_row))
            batches[-1].append(term if (start, stop) == (0, n) else term.part(slice(start, stop)))
            room -= per_row * (stop - start)
            start = stop
    return batches


class _Batch:
    """Some parts of terms at one parameter vector."""

    def __init__(self, parts, network, params):
        self.points = [part.at(network, params) for part in parts]
        self._network = network
        self._params = params

    @cached_property
    def residuals(self):
        """√s r, shape (N,)."""
        xp = namespace(self._params)
        return xp.concat([xp.reshape(point.residuals, (-1,)) for point in self.points])

    @property
    def half_square(self):
        """½ ‖√s r‖², a 0-d array."""
        return 0.5 * namespace(self._params).vecdot(self.residuals, self.residuals)

    @cached_property
    def rows(self):
        """√s ∂r/∂w, shape (p, N)."""
        return self._filled(self._params.shape[0], "fill_rows")

    @cached_property
    def outer_rows(self):
        """√s ∂r/∂c, shape (m (k + 1), N)."""
        outer = self._network.outer
        if "rows" in self.__dict__:
            return self.rows[outer, :]
        return self._filled(outer.stop - outer.start, "fill_outer")

    def _filled(self, n_rows, method):
        return filled_rows(self.points, n_rows, method, self._params)

    def bend(self, v):
        """√s ∂²r[v, v], shape (N,)."""
        return namespace(v).concat([point.bend(v) for point in self.points])


class PhysicsEvaluation(PenalizedEvaluation):
    """`PhysicsRisk` at one point; everything is computed on first use, and what has size p or p × p is kept."""

    def _batches(self):
        objective = self._objective
        if len(objective.row_batches) > 1:
            return (_Batch(parts, objective.network, self.params) for parts in objective.row_batches)
        if self._kept is None:
            self._kept = _Batch(objective.row_batches[0], objective.network, self.params)
        return [self._kept]

    @cached_property
    def value(self):
        """F, a Python float; NaN or infinite where a residual is."""
        self._objective.counts.nfev += 1
        return self._finish_value([batch.half_square for batch in self._batches()])

    @cached_property
    def gradient(self):
        """∇F, shape (p,)."""
        self._objective.counts.njev += 1
        total = self._objective.penalty * self.params
        return sum((_times(batch.rows, batch.residuals) for batch in self._batches()), total)

    def zero_level(self, start):
        """Residuals of 1e-14 of those at the start."""
        return 1e-28 * start.value

    @cached_property
    def criticality(self):
        """max_a |J_aᵀr| / (length_a ‖r‖), nearly the cosine of the least angle between the residual and a column of the Jacobian.

        length_a is the largest ‖J_b‖ of the parameters b of a kind: the weights of an input, the biases, the coefficients of an
        output, each scalar for itself; for weights and biases, which are of order one, ‖r‖ if that is larger. The cosine itself
        would stay large where a column vanishes and its gradient with it: at trivial zeros, where coefficients do, and for units
        without weights. Free of the units of residuals, outputs and scalars.
        """
        length = math.sqrt(2.0 * max(self.value, 0.0))
        if length == 0.0 or not math.isfinite(length):
            return length
        xp = self._xp
        norms = xp.sqrt(self._largest_of_kind(self._squared_lengths, length**2))
        norms = xp.where(norms > 0.0, norms, xp.ones_like(norms))
        return to_floats(xp.max(xp.abs(self.gradient) / norms))[0] / length

    @cached_property
    def _squared_lengths(self):
        """Diagonal of the Gauss–Newton matrix, (p,); a large matrix, which nobody will ask for next, is not formed for it."""
        xp = self._xp
        if "gauss_newton" in self.__dict__ or self._objective.n_params <= _MATRIX_UP_TO:
            return xp.linalg.diagonal(self.gauss_newton)
        squares, gradient = self._objective.penalty, self._objective.penalty * self.params
        for batch in self._batches():
            squares = squares + xp.sum(batch.rows**2, axis=1)
            gradient = gradient + _times(batch.rows, batch.residuals)
        self._keep_pass(gradient, [])
        return squares

    def _largest_of_kind(self, squares, floor):
        """`squares` (p,) of columns, each replaced by the largest of its kind, of the units by `floor` at least."""
        xp, net = self._xp, self._objective.network
        size = net.n_units + 1
        kinds = [*net.groups, *(slice(start, start + size) for start in range(net.n_inner, net.n_params, size))]
        largest = [xp.broadcast_to(xp.max(squares[kind]), squares[kind].shape) for kind in kinds]
        least = xp.asarray(floor, dtype=squares.dtype, device=device_of(squares))
        units = xp.maximum(xp.concat(largest[: len(net.groups)]), least)
        return xp.concat([units, *largest[len(net.groups) :], squares[net.n_params :]])

    @cached_property
    def gauss_newton(self):
        """Σ s ∂r ∂rᵀ + penalty, shape (p, p); value and gradient come from the same pass."""
        objective = self._objective
        objective.counts.nhev += 1
        total = linalg.SymmetricSum(objective.n_params, self.params)
        gradient, values = objective.penalty * self.params, []
        for batch in self._batches():
            total.add(batch.rows)
            if "gradient" not in self.__dict__:
                gradient = gradient + _times(batch.rows, batch.residuals)
            if "value" not in self.__dict__:
                values.append(batch.half_square)
        self._keep_pass(gradient, values)
        return add_diagonal(total.full(), objective.penalty)

    @cached_property
    def second_order(self):
        """Σ s r ∂²r, shape (p, p): what Gauss–Newton leaves out."""
        size = self._objective.n_params
        matrix = self._xp.zeros((size, size), dtype=self._xp.float64, device=device_of(self.params))
        for batch in self._batches():
            for point in batch.points:
                matrix = point.add_second_order(matrix)
        return 0.5 * (matrix + self._xp.matrix_transpose(matrix))

    @cached_property
    def hessian(self):
        """∇²F, exact, shape (p, p)."""
        return self.gauss_newton + self.second_order

    def hvp(self, v):
        """∇²F v."""
        self._objective.counts.nhvp += 1
        return self._xp.matmul(self.hessian, v)

    def gnvp(self, v):
        """Gauss–Newton matrix times v."""
        self._objective.counts.nhvp += 1
        total = self._objective.penalty * v
        for batch in self._batches():
            total = total + _times(batch.rows, _times(self._xp.matrix_transpose(batch.rows), v))
        return total

    def second_directional(self, v):
        """Jᵀ ∂²r[v, v], shape (p,)."""
        self._objective.counts.nhvp += 1
        return sum((_times(batch.rows, batch.bend(v)) for batch in self._batches()), 0.0)

    @cached_property
    def square_root(self):
        """`SquareRoot` of the Gauss–Newton matrix by QR of the rows, batch by batch; 2 N p² flops."""
        self._objective.counts.nhev += 1
        rows, rhs = self._penalty_rows()
        for batch in self._batches():
            rows, rhs = stacked(rows, rhs, self._xp.matrix_transpose(batch.rows), batch.residuals)
        return SquareRoot(rows, rhs)

    def outer_columns(self):
        """`OuterColumns`: root mean squares of ∂r/∂c_jk for each coefficient, and of the residuals."""
        xp, network, squares, left = self._xp, self._objective.network, 0.0, 0.0
        for batch in self._batches():
            squares = squares + xp.sum(batch.outer_rows**2, axis=1)
            left = left + xp.sum(batch.residuals**2)
        lengths = xp.sqrt(xp.reshape(squares / self.unit, (network.n_outputs, -1)))
        return OuterColumns(lengths[:, :-1], xp.sqrt(left / self.unit), bool(xp.any(lengths[:, -1] > 0.0)))

    def outer_rows(self):
        """√s ∂r/∂c of all residuals, (m (k + 1), N)."""
        return self._xp.concat([batch.outer_rows for batch in self._batches()], axis=1)

    def rows_of(self, units):
        """What coefficients of other `units` (q, M) would do to the residuals where they are linearized here.

        Returns
        -------
        rows : array of shape (m (M + 1), N)
            √s ∂r/∂c, those of the intercepts last for each output.
        residuals : array of shape (N,)
            √s r.
        """
        objective, xp = self._objective, self._xp
        net = objective.network
        wide = type(net)(net.basis, net.n_features, units.shape[1], net.n_outputs)
        outer = xp.zeros((wide.n_outputs, wide.n_units + 1), dtype=xp.float64, device=device_of(units))
        params = xp.concat([wide.pack(units, outer), self.params[net.n_params :]])
        rows, residuals = [], []
        for batch in self._batches():
            for point in batch.points:
                own = xp.empty((wide.n_params - wide.n_inner, point.residuals.size), dtype=xp.float64, device=device_of(units))
                point.with_units(wide, params).fill_outer(own)
                rows.append(own)
                residuals.append(xp.reshape(point.residuals, (-1,)))
        return xp.concat(rows, axis=1), xp.concat(residuals)

    def outer_normal_equations(self):
        """Gauss–Newton matrix and gradient in the outer parameters alone, (m (k + 1),) squared and (m (k + 1),)."""
        objective = self._objective
        outer = objective.network.outer
        total = linalg.SymmetricSum(outer.stop - outer.start, self.params)
        gradient = (objective.penalty * self.params)[outer]
        for batch in self._batches():
            rows = batch.outer_rows
            total.add(rows)
            gradient = gradient + _times(rows, batch.residuals)
        return add_diagonal(total.full(), objective.penalty[outer]), gradient

    def outer_step(self):
        """The shortest step (p,) in the coefficients that makes them optimal; None where the basis is not finite."""
        rows, rhs = self._outer_problem()
        return None if rows is None else self._of_outer(shortest_solution(rows, -rhs))

    def _outer_problem(self):
        """Rows and residuals of the least squares in the coefficients, the penalty's first; None and None where not finite."""
        xp = self._xp
        rows, rhs = self._penalty_rows()
        rows = None if rows is None else self.partition.outer_part(rows, axis=1)
        for batch in self._batches():
            rows, rhs = stacked(rows, rhs, xp.matrix_transpose(batch.outer_rows), batch.residuals)
        return (rows, rhs) if bool(xp.all(xp.isfinite(rows))) else (None, None)

    def _of_outer(self, step):
        """The step (p,) in all parameters from one in the coefficients."""
        return self.partition.join(step, self._xp.zeros_like(self.partition.inner_part(self.params)))


def _times(matrix, vector):
    return namespace(vector).matmul(matrix, vector)
