"""Weighted loss of a network over data, plus a quadratic penalty: the objective of every fit."""

import math
from functools import cached_property

from newtonreg.backend.arrays import add_diagonal, device_of, is_cupy_array, namespace, to_floats
from newtonreg.networks.assembly import make_assembly
from newtonreg.networks.deep_assembly import DeepSecondOrder, curved, make_deep_assembly
from newtonreg.networks.second_order import SecondOrder
from newtonreg.objectives.counts import Counts
from newtonreg.objectives.least_squares import SquareRoot
from newtonreg.objectives.outer_columns import columns_of_risk
from newtonreg.objectives.penalized import PenalizedEvaluation, PenalizedSum
from newtonreg.objectives.stacking import outer_row_step, stacked
from newtonreg.objectives.term import Term

__all__ = ["DENSE_PARAMS", "EmpiricalRisk", "Term"]

_BATCH_DOUBLES = 2**21
"""Doubles of working memory a batch of rows may take on a CPU (16 MB): large enough for BLAS, small enough for the cache."""
_GPU_BATCH_DOUBLES = 2**27
"""The same on a GPU (1 GB), where a batch must outweigh the launching of its kernels."""
_LEAST_ROWS = 16
"""Rows of a batch at least, however wide the network is."""
_LEAST_DEEP_ROWS = 256
"""The same for a deep network, whose weights every batch reads again: 128 rows took 1.7 times as long (470,000 parameters)."""
DENSE_PARAMS = 2000
"""Parameters up to which a deep network has curvature matrices: each column costs a product, and a factorization p³/3."""


class EmpiricalRisk(PenalizedSum):
    """F(w) = Σ_terms Σ_i s_i ℓ(y_i, f(x_i; w)) + ½ Σ_a penalty_a w_a².

    Parameters
    ----------
    terms : sequence of Term
        One is ordinary regression. All terms share the parameter vector.
    penalty : array of shape (p,)
        Nonnegative; α for weights and coefficients, 0 for biases and intercepts.

    Notes
    -----
    Rows are taken in batches that fit a fixed amount of memory; an `Evaluation` keeps only what has size p or p × p, except
    where all data fit in one batch.
    """

    gtol = 1e-8

    def __init__(self, terms, penalty):
        self.terms = list(terms)
        self.penalty = penalty
        self.counts = Counts()
        self.network = self.terms[0].network
        self.n_params = self.network.n_params
        self.is_sum_of_squares = all(t.loss.is_sum_of_squares for t in self.terms)
        self.batches = [batch for term in self.terms for batch in _split(term)]

    @property
    def provides(self):
        """What solvers may require of it; of a deep network with many parameters products only."""
        products = {"hessian_product", "gauss_newton_product"}
        if not self.is_explicit and self.n_params > DENSE_PARAMS:
            return products
        return products | {"hessian", "gauss_newton"} | ({"square_root", "outer"} if self.is_sum_of_squares else set())

    @property
    def is_explicit(self):
        """Whether curvature matrices cost little more than gradients, as with one hidden layer."""
        return all(term.network.is_explicit for term in self.terms)

    @cached_property
    def stacked_batches(self):
        """Batches small enough for their Jacobians, m rows of p for each sample, in three copies."""
        return [b for t in self.terms for b in _split(t, 3 * t.network.n_outputs * t.network.n_params)]

    @cached_property
    def zero_level(self):
        """See `RiskEvaluation.zero_level`."""
        if not self.is_sum_of_squares:
            return 0.5e-28 * self.total_weight
        sums = [namespace(t.weights).sum(t.weights * t.targets**2) for t in self.terms]
        return 0.5e-28 * sum(to_floats(*sums))

    @property
    def has_own_derivatives(self):
        """Whether the derivatives are this package's, not those of a user's loss or basis."""
        return all(type(part).__module__.startswith("newtonreg.") for term in self.terms for part in term.components)

    @property
    def curvature_flops(self):
        """Floating point operations of one Gauss–Newton matrix."""
        return sum(term.weights.shape[0] * term.network.curvature_flops for term in self.terms)

    @property
    def gradient_flops(self):
        """Floating point operations of one gradient."""
        return sum(term.weights.shape[0] * term.network.gradient_flops for term in self.terms)

    def at(self, params):
        """The objective at `params` (p,), a `RiskEvaluation`."""
        return RiskEvaluation(self, params)

    def network_points(self, params):
        """The network at all rows, batch by batch."""
        return (batch.network.at(batch.inputs, params) for batch in self.batches)


def _split(term, doubles_per_row=None):
    """Batches of `term`, views of its arrays; a row takes what the network says of curvature, unless told otherwise."""
    n = term.weights.shape[0]
    network = term.network
    doubles = _GPU_BATCH_DOUBLES if is_cupy_array(term.inputs) else _BATCH_DOUBLES
    coupled = network.n_outputs**2 if term.loss.hessian_structure == "full" else network.n_outputs
    least = _LEAST_ROWS if network.is_explicit or doubles_per_row else _LEAST_DEEP_ROWS
    size = max(least, doubles // (doubles_per_row or network.row_doubles(coupled)))
    if n <= size:
        return [term]
    n_batches = math.ceil(n / size)
    edges = [n * i // n_batches for i in range(n_batches + 1)]
    xp = namespace(term.inputs)
    parts = zip(edges[:-1], edges[1:], strict=True)
    return [
        term._replace(
            # contiguous copies: strided rows would be copied again by every BLAS call
            inputs=xp.asarray(term.inputs[:, a:b], copy=True),
            targets=xp.asarray(term.targets[:, a:b], copy=True),
            weights=term.weights[a:b],
        )
        for a, b in parts
    ]


def _assembly(term, params, exact):
    """What sums up the curvature of a term's batches."""
    if term.network.is_explicit:
        return make_assembly(term.network, params, term.loss, exact)
    return make_deep_assembly(term.network, params, exact)


class _BatchPoint:
    """A network and its loss at one batch, each derivative on first use."""

    def __init__(self, term, params):
        self.term = term
        self.network_point = term.network.at(term.inputs, params)

    @cached_property
    def value(self):
        """Σ_i s_i ℓ_i, a 0-d array."""
        t = self.term
        return namespace(t.weights).vecdot(t.weights, t.loss.value(t.targets, self.network_point.values))

    @cached_property
    def loss_gradient(self):
        """u = s ∂ℓ/∂f, (m, n)."""
        t = self.term
        return t.loss.gradient(t.targets, self.network_point.values) * t.weights

    @cached_property
    def loss_hessian(self):
        """s ∂²ℓ/∂f², (n,), (m, n) or (m, m, n)."""
        t = self.term
        return t.loss.hessian(t.targets, self.network_point.values) * t.weights

    def hessian_product(self, v):
        """Σ_j u_j ∇²f_j v + Jᵀ s ∂²ℓ J v by one sweep forward along `v` and one back."""
        tangent = self.network_point.along(v)
        return tangent.pullback_derivative(self.loss_gradient, curved(self.loss_hessian, tangent.values))


class RiskEvaluation(PenalizedEvaluation):
    """`EmpiricalRisk` at one point; everything is computed on first use and kept.

    Asking for a curvature matrix computes value and gradient in the same pass over the data, so ask for the matrix first.
    """

    def _points(self):
        """Batch points; kept between calls only where one batch holds all data."""
        batches = self._objective.batches
        if len(batches) == 1:
            if self._kept is None:
                self._kept = _BatchPoint(batches[0], self.params)
            return [self._kept]
        return (_BatchPoint(batch, self.params) for batch in batches)

    @cached_property
    def value(self):
        """F, a Python float; NaN or infinite where the network or the loss is."""
        self._objective.counts.nfev += 1
        return self._finish_value([point.value for point in self._points()])

    @cached_property
    def gradient(self):
        """∇F, shape (p,)."""
        self._objective.counts.njev += 1
        total = self._objective.penalty * self.params
        for point in self._points():
            total = total + point.network_point.pullback(point.loss_gradient)
        return total

    def zero_level(self, start):
        """The objective of residuals of 1e-14 of the targets, or, with another loss, of 1e-28 a row."""
        return self._objective.zero_level

    @cached_property
    def criticality(self):
        """‖∇F‖ / √(2 F Σs), the gradient for a residual of unit size: with standardized data a number that can be compared.

        Free of the scale of the weights (and of a penalty scaled with them), not of the scale of y or X: standardize.
        """
        unit = math.sqrt(2.0 * max(self.value, 0.0) * self._objective.total_weight)
        if not math.isfinite(unit):
            return math.inf
        return self.gradient_norm / unit if unit > 0.0 else (0.0 if self.gradient_norm == 0.0 else math.inf)

    def outer_columns(self):
        """`OuterColumns`: what the coefficients can change, beside what is left to change; None of some networks."""
        return columns_of_risk(self._points(), self._objective.total_weight)

    @cached_property
    def hessian(self):
        """∇²F, exact, shape (p, p)."""
        return self._assemble(exact=True)

    @cached_property
    def gauss_newton(self):
        """Σ_i s_i J_iᵀ ∂²ℓ_i J_i + penalty, shape (p, p); positive semidefinite."""
        return self._assemble(exact=False)

    def _assemble(self, exact):
        objective = self._objective
        objective.counts.nhev += 1
        assemblies = {}
        gradient, values = objective.penalty * self.params, []
        for point in self._points() if exact or objective.is_explicit else self._stacked_points():
            term = point.term
            key = id(term.loss), id(term.network)
            if key not in assemblies:
                assemblies[key] = _assembly(term, self.params, exact)
            u = point.loss_gradient
            assemblies[key].add(point.network_point, point.loss_hessian, u)
            if "gradient" not in self.__dict__:
                gradient = gradient + point.network_point.pullback(u)
            if "value" not in self.__dict__:
                values.append(point.value)
        self._keep_pass(gradient, values)
        total = None
        for assembly in assemblies.values():
            total = assembly.result() if total is None else total + assembly.result()
        return add_diagonal(total, objective.penalty)

    def second_directional(self, v):
        """Σ_i s_i J_iᵀ (vᵀ∇²f(x_i)v), shape (p,): what geodesic acceleration needs; squared error only."""
        self._objective.counts.nhvp += 1
        total = 0.0
        for point in self._points():
            bend = point.network_point.second_pushforward(v) * point.term.weights
            total = total + point.network_point.pullback(bend)
        return total

    def gnvp(self, v):
        """Gauss–Newton matrix times v by one forward and one backward product, n k (q + m) flops each with one hidden layer."""
        self._objective.counts.nhvp += 1
        total = self._objective.penalty * v
        for point in self._points():
            forward = point.network_point.pushforward(v)
            total = total + point.network_point.pullback(curved(point.loss_hessian, forward))
        return total

    def hvp(self, v):
        """∇²F v, from the matrix where it is there already, else by products.

        With one hidden layer `gnvp` and the second-order term, which is kept; else one sweep forward and one back a batch.
        """
        objective = self._objective
        if objective.is_explicit and "hessian" not in self.__dict__:
            return self.gnvp(v) + self._second_order_term.product(v)
        objective.counts.nhvp += 1
        if "hessian" in self.__dict__:
            return self._xp.matmul(self.hessian, v)
        return sum((point.hessian_product(v) for point in self._points()), objective.penalty * v)

    @cached_property
    def _second_order_term(self):
        objective = self._objective
        term = SecondOrder(objective.network) if objective.is_explicit else DeepSecondOrder(objective.network, self.params)
        for point in self._points():
            term.add(point.network_point, point.loss_gradient)
        return term

    # -- sums of squares only -------------------------------------------------------------------------------------------------

    @cached_property
    def second_order(self):
        """Σ_i Σ_j u_ij ∇²f_j(x_i) = `hessian` − `gauss_newton`, shape (p, p)."""
        size = self._objective.n_params
        return self._second_order_term.add_to(self._xp.zeros((size, size), dtype=self._xp.float64, device=device_of(self.params)))

    def outer_step(self):
        """The shortest step (p,) in coefficients and intercepts that makes them optimal; None where the basis is not finite.

        One basis serves all outputs: 2 n (k + 1) (k + 1 + m) flops and an SVD of k + 1 columns for each output.
        """
        objective, xp = self._objective, self._xp
        network = objective.network
        rows = rhs = None
        for point in self._points():
            root = xp.sqrt(point.term.weights)
            hidden = point.network_point.hidden.values
            basis = xp.matrix_transpose(xp.concat([hidden, xp.ones_like(hidden[:1, :])], axis=0) * root)
            residuals = xp.matrix_transpose((point.network_point.values - point.term.targets) * root)
            rows, rhs = stacked(rows, rhs, basis, residuals)
        if not bool(xp.all(xp.isfinite(rows))):
            return None
        penalty, outer = network.unpack(objective.penalty).outer, network.unpack(self.params).outer
        steps = [outer_row_step(rows, rhs[:, j], penalty[j, :], outer[j, :]) for j in range(network.n_outputs)]
        return xp.concat([xp.zeros_like(self.params[network.inner]), *steps])

    @cached_property
    def square_root(self):
        """`SquareRoot` of the Gauss–Newton matrix by a QR factorization that takes the rows batch by batch; 2 n m p² flops."""
        objective, xp = self._objective, self._xp
        objective.counts.nhev += 1
        # first, because it is a triangle already
        rows, rhs = self._penalty_rows()
        for point in self._stacked_points():
            root = xp.sqrt(point.term.weights)
            jacobian = xp.permute_dims(point.network_point.jacobian() * root, (0, 2, 1))
            residuals = (point.network_point.values - point.term.targets) * root
            rows, rhs = stacked(rows, rhs, xp.reshape(jacobian, (-1, objective.n_params)), xp.reshape(residuals, (-1,)))
        return SquareRoot(rows, rhs)

    def _stacked_points(self):
        """Batch points for explicit Jacobians; the one that is there where all data fit in one batch."""
        batches = self._objective.stacked_batches
        if len(batches) == len(self._objective.batches) == 1:
            return self._points()
        return (_BatchPoint(batch, self.params) for batch in batches)
