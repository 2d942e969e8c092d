"""One budget for all phases of a fit: work, or seconds for those who set a clock."""

import time

__all__ = ["UNLIMITED", "Budget", "trial_work"]

_OVERHEAD = 1.5e7
"""What a trial costs beside its matrices, in floating point operations: 0.15 ms at 100 Gflop/s."""

UNLIMITED = 10**9
"""Trials, where something else ends a run."""

_GRADIENTS = 20.0
"""What a step by products costs, in gradients: some ten products of two."""
_PROJECTION = 2.0
"""Cost of a trial by QR over one that squares the matrix."""


def trial_work(objective, solver):
    """Work of one trial of `solver` on an `EmpiricalRisk`: a matrix and its factorization, products, or a gradient; and overhead.

    An epoch of mini-batches goes through the data once, as a full step does.
    """
    if hasattr(solver, "trial_work"):
        return solver.trial_work(objective)
    network = objective.network
    overhead = _OVERHEAD * (1 if network.is_explicit else 1 + len(network.hidden_sizes))
    # a quasi-Newton matrix in a trust region asks for no Hessian, and yet is factorized
    requires = getattr(solver, "requires", ("hessian",))
    if not requires and not hasattr(solver, "subproblem"):
        return objective.gradient_flops + overhead
    if any(name.endswith("_product") for name in requires):
        return _GRADIENTS * objective.gradient_flops + overhead
    is_by_columns = "hessian" in requires and not network.is_explicit
    curvature = 2.0 * objective.n_params * objective.gradient_flops if is_by_columns else objective.curvature_flops
    matrix = curvature + objective.n_params**3 / 3 + overhead
    return _PROJECTION * matrix if "square_root" in requires else matrix


class Budget:
    """What a fit may spend, and what it has spent.

    Parameters
    ----------
    work : float
        Floating point operations, the overhead of trials counted as such (`trial_work`).
    max_time : float or None
        Seconds that count instead, from the making of the budget.
    """

    def __init__(self, work, max_time=None):
        self.work = work
        self.max_time = max_time
        self.spent = 0.0
        self._begin = time.perf_counter()

    def spend(self, work):
        """Count `work`."""
        self.spent += work

    def share(self):
        """Spent, as a fraction of the whole."""
        if self.max_time is None:
            return self.spent / self.work
        return (time.perf_counter() - self._begin) / self.max_time

    def is_over(self, until=1.0):
        """Whether the fraction `until` is spent."""
        return self.share() >= until

    def trials(self, cost, until=1.0):
        """Trials of `cost` each before the fraction `until` is spent; a clock does not know beforehand."""
        if self.max_time is not None:
            return UNLIMITED
        return max(0, int((until * self.work - self.spent) / cost))

    def clock(self, until=1.0):
        """Callbacks that stop a run when the fraction `until` of the time is over: one or none."""
        return [] if self.max_time is None else [lambda record, run: self.is_over(until)]
