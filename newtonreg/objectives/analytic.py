"""A function of a vector as an objective: Rosenbrock, a point on a circle, a potential."""

from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.objectives.answers import check_callable, checked_answer, checked_number
from newtonreg.objectives.automatic import gradient_of, hessian_of, product_of
from newtonreg.objectives.counts import Counts

__all__ = ["Analytic"]


class Analytic:
    """F(x) given by callables.

    Parameters
    ----------
    function : callable
        x (p,) to a number.
    n_params : int
        p.
    gradient, hessian : callable, optional
        x to (p,) and to (p, p). Where left out, autograd differentiates `function` (NumPy arrays only).
    hvp : callable, optional
        x and v (p,) to ∇²F v (p,), for solvers that only multiply by the Hessian. Where left out, the product is taken with
        `hessian` if that was given, else by autograd without a matrix.

    Notes
    -----
    A bare function has no unit to compare its gradient with, so `gtol` is 0 unless given: a run ends when rounding leaves
    nothing to gain.
    """

    is_sum_of_squares = False
    is_nonnegative = False
    gtol = 0.0
    provides = frozenset({"hessian"})

    def __init__(self, function, n_params, gradient=None, hessian=None, hvp=None):
        for name, given in (("function", function), ("gradient", gradient), ("hessian", hessian), ("hvp", hvp)):
            if given is not None or name == "function":
                check_callable(name, given)
        self.n_params = n_params
        self.counts = Counts()
        self._function = function
        self._gradient = gradient if gradient is not None else gradient_of(function)
        self._hessian = hessian if hessian is not None else hessian_of(function)
        self._product = product_of(function) if hvp is None and hessian is None else hvp

    def at(self, params):
        """The function at `params` (p,)."""
        return AnalyticEvaluation(self, params)


class AnalyticEvaluation:
    """`Analytic` at one point; each derivative on first use."""

    def __init__(self, objective, params):
        self._objective = objective
        self.params = params

    @cached_property
    def value(self):
        """F, a Python float."""
        self._objective.counts.nfev += 1
        return to_floats(checked_number(self._objective._function(self.params)))[0]

    @cached_property
    def gradient(self):
        """∇F, shape (p,)."""
        self._objective.counts.njev += 1
        return checked_answer("gradient", self._objective._gradient(self.params), self.params.shape)

    @cached_property
    def gradient_norm(self):
        """‖∇F‖, a Python float."""
        return to_floats(linalg.norm(self.gradient))[0]

    @property
    def criticality(self):
        """‖∇F‖: the function has no other scale to offer."""
        return self.gradient_norm

    @cached_property
    def hessian(self):
        """∇²F, shape (p, p)."""
        self._objective.counts.nhev += 1
        return checked_answer("hessian", self._objective._hessian(self.params), 2 * tuple(self.params.shape))

    def hvp(self, v):
        """∇²F v, from the matrix where it is there or is all there is."""
        self._objective.counts.nhvp += 1
        product = getattr(self._objective, "_product", None)
        if product is None or "hessian" in self.__dict__:
            return namespace(v).matmul(self.hessian, v)
        return checked_answer("hvp", product(self.params, v), self.params.shape)
