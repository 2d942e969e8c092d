"""What sums over rows with a quadratic penalty share, whatever the rows are: values, counts, and a change of the penalty."""

import math
from copy import copy
from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import add_diagonal, device_of, index_add_diagonal, namespace, to_floats
from newtonreg.objectives.counts import Counts
from newtonreg.objectives.separable import Partition

__all__ = ["PenalizedEvaluation", "PenalizedSum"]


class PenalizedSum:
    """F(w) = Σ_terms (…) + ½ Σ_a penalty_a w_a², its parameters those of a `network`, and perhaps more behind them.

    A subclass sets `terms`, `network`, `penalty` (p,), `counts` and `n_params`.
    """

    is_nonnegative = True

    @cached_property
    def has_penalty(self):
        """Whether any entry of the penalty is positive."""
        return to_floats(namespace(self.penalty).max(self.penalty))[0] > 0.0

    @cached_property
    def total_weight(self):
        """Σ s over the rows of all terms."""
        return sum(to_floats(*[namespace(term.weights).sum(term.weights) for term in self.terms]))

    @property
    def n_residuals(self):
        """Rows of the Jacobian of a sum of squares: those of the terms, and p for the penalty."""
        rows = sum(term.weights.shape[0] * term.targets.shape[0] for term in self.terms)
        return rows + (self.n_params if self.has_penalty else 0)

    @property
    def outer(self):
        """Coefficients and intercepts of the network, in which it is linear: a slice."""
        return self.network.outer

    @cached_property
    def partition(self):
        """`Partition` into coefficients with intercepts, and all else."""
        return Partition(self.outer, self.n_params)

    def with_penalty(self, penalty):
        """The same terms, and the same batches of them, under another penalty; counts start at zero."""
        other = copy(self)
        other.penalty, other.counts = penalty, Counts()
        other.__dict__.pop("has_penalty", None)
        return other


class PenalizedEvaluation:
    """A `PenalizedSum` at one point; everything is computed on first use and kept.

    Asking for a curvature matrix computes value and gradient in the same pass, so ask for the matrix first.
    """

    def __init__(self, objective, params):
        self.params = params
        self._objective = objective
        self._xp = namespace(params)
        self._kept = None

    def repenalized(self, objective):
        """The evaluation of `objective` at the same parameters, with all that this one knows already.

        A penalty adds ½ Σ_a penalty_a w_a² to the value, penalty_a w_a to the gradient, and a diagonal to the matrices, so
        another one costs p flops and a copy of the matrices that are there, and none of it is counted.

        Parameters
        ----------
        objective : PenalizedSum
            Made from the objective of this evaluation by `with_penalty`.

        Returns
        -------
        PenalizedEvaluation

        Raises
        ------
        ValueError
            Where `objective` has other terms.
        """
        old = self._objective
        if objective.terms is not old.terms:
            raise ValueError("objective has other terms: make it by with_penalty from the objective of this evaluation.")
        new, known = type(self)(objective, self.params), vars(self)
        change = objective.penalty - old.penalty
        new._kept = self._kept
        kept = {name: known[name] for name in ("second_order", "_second_order_term") if name in known}
        if "value" in known:
            kept["value"] = self.value + 0.5 * to_floats(self._xp.vecdot(change, self.params * self.params))[0]
        if "gradient" in known:
            kept["gradient"] = self.gradient + change * self.params
        matrices = [name for name in ("hessian", "gauss_newton") if name in known]
        vars(new).update(kept, **{name: index_add_diagonal(known[name], change) for name in matrices})
        return new

    def _finish_value(self, sums):
        """F from what the terms sum up to."""
        penalty = 0.5 * self._xp.vecdot(self._objective.penalty, self.params * self.params)
        try:
            return math.fsum(to_floats(*sums, penalty))
        except OverflowError:
            # fsum raises where finite summands add up to infinity
            return math.inf

    def _keep_pass(self, gradient, values):
        """Keep, and count, what a pass for a matrix has found besides, where it was not known."""
        counts = self._objective.counts
        if "gradient" not in self.__dict__:
            counts.njev += 1
            self.__dict__["gradient"] = gradient
        if "value" not in self.__dict__:
            counts.nfev += 1
            self.__dict__["value"] = self._finish_value(values)

    @property
    def unit(self):
        """Σ s, what F and its gradient are divided by where a loss averaged over rows is meant."""
        return self._objective.total_weight

    @cached_property
    def gradient_norm(self):
        """‖∇F‖, a Python float."""
        return to_floats(linalg.norm(self.gradient))[0]

    @property
    def n_residuals(self):
        """Rows of `square_root` before it is triangular."""
        return self._objective.n_residuals

    @property
    def partition(self):
        """`Partition` into coefficients with intercepts, and all else."""
        return self._objective.partition

    def _penalty_rows(self):
        """The penalty as rows of a least-squares problem, a triangle, and its residuals; None and None without one."""
        objective, xp = self._objective, self._xp
        if not objective.has_penalty:
            return None, None
        root = xp.sqrt(objective.penalty)
        zeros = xp.zeros((objective.n_params, objective.n_params), dtype=root.dtype, device=device_of(root))
        return add_diagonal(zeros, root), root * self.params
