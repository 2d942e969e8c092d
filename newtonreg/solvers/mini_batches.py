"""Epochs of mini-batches: a solver around a solver."""

import math
from itertools import pairwise

from sklearn.base import BaseEstimator

import newtonreg.solvers
from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats
from newtonreg.backend.shuffling import random_order
from newtonreg.components import check_integer, check_number, resolve
from newtonreg.objectives.sampling import n_rows, sample
from newtonreg.solvers.epochs import EpochPoint, Tally
from newtonreg.solvers.vectors import Vectors

__all__ = ["MiniBatches"]

_DIVERGED = 1e8
"""Times the larger of the loss at the start and that of predictions as wrong as the targets are large: residuals 10⁴ times the
targets, which no spike of a run that goes on comes near."""
_OVERFLOWS = 1e150
_RETRIES, _CORRECTION = 8, 0.25
"""Of an epoch that diverged under a rate of the solver's own choice, and what the rate is multiplied by each time."""
_TRIVIAL = 1e28
"""Times an objective's level of zero, that of residuals of 1e-14 of the targets."""
_OWN = ("epoch", "batch_size", "loss_limit")
_PIVOT = "pivot_"


class MiniBatches(BaseEstimator):
    """One epoch an iteration: every row is in one batch, and every batch gives `solver` one step.

    F_b = Σ_{i in b} s_i ℓ_i + (W_b / W) ½ Σ_a penalty_a w_a², so that F = Σ_b F_b; W_b, W sums of weights. All of a step, the
    ratio of a trust region included, is of one F_b, and the state that the step leaves is taken to the next one.

    Parameters
    ----------
    solver : str or Solver
        One with `takes_batches`: "adam", "sgd", "adagrad", "rmsprop", "inna", or a trust region with a curvature that does not
        come from differences of gradients, for instance TrustRegion(norm="rmsprop", subproblem="steihaug").
    batch_size : int >= 1, default=200
        Rows. At most those of the data; a last batch of less than half is merged with the one before.
    curvature_size : int >= 1 or None, default=None
        Rows, the first of each batch, that matrices and products come from. None takes all of them. Not looked at by solvers of
        first order.
    shuffle : bool, default=True
        Whether every epoch has an order of its own: a function of `seed` and the number of the epoch.
    seed : int in [0, 2**32), default=0
    pivot_every : int >= 1 or None, default=None
        After so many epochs F of all rows is evaluated. Where it is not lower than the last time, all that was done since is
        undone (the record says not accepted), and batches grow. None leaves that out.
    batch_growth : float >= 1, default=1.05
    largest_share : float in (0, 1], default=0.2
        Of the rows, up to which `batch_size` is multiplied by `batch_growth`.

    Notes
    -----
    `value` in the history is the running loss Σ_b F_b, each at the parameters that its step began with, which lags behind F by
    about half an epoch. Row 0 is exact, and so are rows of epochs undone, which have F where the run went back to.
    `gradient_norm` is that of the last batch, in proportion to all rows; the criticality is that of the worst batch, so that no
    single one ends a run. `ratio` is the share of steps that a trust region accepted, NaN for methods of first order;
    `predicted_reduction` is NaN. A run keeps its last epoch. `gradient`, and what else is asked of a point, is of all rows.

    An epoch of first order costs a value and a gradient of each batch; a trust region's a further value, and products. They count
    as many, though together they go through the data once.

    Raises FloatingPointError where the loss of a batch is not finite, above 1e150, or 1e8 times that of the start. Under a rate
    that the solver chose itself (`learning_rate=None`) the epoch is tried again at a quarter of it, for good, before that.

    References
    ----------
    Adolphs, Kohler & Lucchi (2019), arXiv 1905.09201, Algorithm 1, and the pivots of its published code. Deviations: batches part
    the rows, and pivots go back radius and norm, too.

    Examples
    --------
    >>> from newtonreg.solvers import Adam, MiniBatches, TrustRegion
    >>> MiniBatches(TrustRegion(norm="rmsprop", subproblem="steihaug"), batch_size=512, pivot_every=10).control_name
    'radius'
    """

    # no `name`: a word could not say around which solver
    monotone = True

    def __init__(
        self,
        solver,
        batch_size=200,
        curvature_size=None,
        shuffle=True,
        seed=0,
        pivot_every=None,
        batch_growth=1.05,
        largest_share=0.2,
    ):
        self.solver = solver
        self.batch_size = batch_size
        self.curvature_size = curvature_size
        self.shuffle = shuffle
        self.seed = seed
        self.pivot_every = pivot_every
        self.batch_growth = batch_growth
        self.largest_share = largest_share

    @property
    def control_name(self):
        """What the inner solver's control is."""
        return getattr(self._inner(), "control_name", "control")

    @property
    def requires(self):
        """What the inner solver requires of an objective."""
        return getattr(self._inner(), "requires", ())

    def _inner(self):
        return resolve("solver", self.solver, newtonreg.solvers, ("init", "step"))

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it; TypeError where the solver needs all rows."""
        inner = self._inner()
        if not getattr(inner, "takes_batches", False):
            raise TypeError(
                f"solver={inner!r} needs all rows in every step: leave batch_size='auto' or 'full', or pass a solver that takes "
                "batches, for instance Adam() or TrustRegion(norm='rmsprop', subproblem='steihaug')."
            )
        if hasattr(inner, "check_parameters"):
            inner.check_parameters()
        check_integer("batch_size", self.batch_size, low=1)
        if self.curvature_size is not None:
            check_integer("curvature_size", self.curvature_size, low=1)
            if self.curvature_size > self.batch_size:
                raise ValueError(f"curvature_size={self.curvature_size} must be at most batch_size={self.batch_size}.")
        check_integer("seed", self.seed, low=0)
        if self.seed >= 2**32:
            raise ValueError(f"seed={self.seed} must be below 2**32.")
        if self.pivot_every is not None:
            check_integer("pivot_every", self.pivot_every, low=1)
        if self.batch_growth != 1.0:
            check_number("batch_growth", self.batch_growth, low=1.0)
        if self.largest_share != 1.0:
            check_number("largest_share", self.largest_share, low=0.0, high=1.0)

    def init(self, objective, x0):
        """State at `x0` (p,): the point is that of all rows, the inner solver begins on the first batch."""
        self.check_parameters()
        n = n_rows(objective)
        if self.batch_size > n:
            raise ValueError(f"batch_size={self.batch_size} must be at most the number of rows to train on, {n}.")
        batches = self._batches(objective, 0, self.batch_size)
        inner = self._inner().init(next(batches), x0)
        point = objective.at(x0)
        own = {"epoch": 0, "batch_size": self.batch_size, "loss_limit": _loss_limit(objective, point)}
        state = inner.replaced(point=point, memory={**inner.memory, **own}, cache=None)
        return state if self.pivot_every is None else _with_pivot(state)

    def step(self, objective, state):
        """One epoch, and after every `pivot_every` of them a value of all rows."""
        for _ in range(_RETRIES):
            try:
                return self._epoch(objective, state)
            except FloatingPointError:
                # a rate that nobody chose is ours to correct
                if getattr(self._inner(), "learning_rate", 0.0) is not None:
                    raise
                state = state.replaced(control=_CORRECTION * state.control)
        return self._epoch(objective, state)

    def _epoch(self, objective, state):
        solver, memory = self._inner(), state.memory
        inner = state.replaced(memory={name: value for name, value in memory.items() if not _is_own(name)})
        tally = Tally()
        for batch in self._batches(objective, memory["epoch"], memory["batch_size"]):
            inner = inner.moved_to(batch.at(inner.params))
            self._check(inner, batch, state)
            tally.add(batch, inner.point)
            inner = solver.step(batch, inner)
            tally.count(inner)
        end = self._ended(objective, state, inner, tally)
        is_due = self.pivot_every is not None and end.memory["epoch"] % self.pivot_every == 0
        return self._reviewed(objective, end) if is_due else end

    def leaves_saddle(self, state):
        """Whether the inner solver sees a way out of a stationary point of F, all rows taken."""
        leaves = getattr(self._inner(), "leaves_saddle", None)
        return leaves is not None and leaves(state)

    def _batches(self, objective, epoch, size):
        """The samples of an epoch, one by one; rows without any weight make none."""
        n = n_rows(objective)
        like = objective.terms[0].inputs
        xp = namespace(like)
        order = random_order(n, self.seed, epoch, like) if self.shuffle else xp.arange(n, dtype=xp.int64, device=device_of(like))
        for start, stop in pairwise(_edges(n, size)):
            curvature = None if self.curvature_size is None else order[start : min(start + self.curvature_size, stop)]
            batch = sample(objective, order[start:stop], curvature)
            if batch.total_weight > 0.0:
                yield batch

    def _check(self, inner, batch, state):
        """Raise FloatingPointError where F or its gradient on a fresh batch says that the run has diverged."""
        loss = inner.point.value / batch.total_weight
        if loss <= min(state.memory["loss_limit"], _OVERFLOWS) and math.isfinite(inner.point.gradient_norm):
            return
        what = f"the loss of a batch is {loss:.3g} a row and its gradient has norm {inner.point.gradient_norm:.3g}"
        self._raise_diverged(state, what)

    def _raise_diverged(self, state, what):
        solver = self._inner()
        names = (self.control_name, f"initial_{self.control_name}")
        name = next((name for name in names if hasattr(solver, name)), "control")
        value = getattr(solver, name, None)
        chosen = f"{name}={value!r}" if value is not None else f"a {name} of its own choice, {state.control:.2g},"
        raise FloatingPointError(
            f"{type(solver).__name__} with {chosen} diverges in batches: in epoch {state.memory['epoch'] + 1} {what}. Pass a "
            f"smaller {name}, or larger batches than batch_size={state.memory['batch_size']}; look for rows of another scale."
        )

    def _ended(self, objective, state, inner, tally):
        """The state after an epoch, none of it reviewed yet."""
        full = objective.at(inner.params)
        (length,) = to_floats(linalg.norm(inner.params - state.params))
        if not math.isfinite(length):
            self._raise_diverged(state, "the parameters are not finite")
        memory = {name: value for name, value in state.memory.items() if _is_own(name)}
        return inner.replaced(
            point=EpochPoint(full, **tally.summary(objective.total_weight)),
            accepted=tally.n_accepted > 0,
            ratio=tally.share_accepted,
            step_norm=length,
            predicted=math.nan,
            memory={**inner.memory, **memory, "epoch": memory["epoch"] + 1},
            cache=None,
        )

    def _reviewed(self, objective, state):
        """`state` as the new pivot, or the old pivot again with larger batches."""
        memory = state.memory
        if state.point.evaluation.value < memory["pivot_loss"]:
            return _with_pivot(state)
        n, size = n_rows(objective), memory["batch_size"]
        larger = min(math.ceil(size * self.batch_growth), math.floor(n * self.largest_share))
        kept = {name.removeprefix(_PIVOT): value for name, value in memory.items() if name.startswith(_PIVOT)}
        params, control, loss = kept.pop("params")["params"], kept.pop("control"), kept.pop("loss")
        own = {name: value for name, value in memory.items() if _is_own(name)}
        return state.replaced(
            point=EpochPoint(objective.at(params), value=loss),
            control=control,
            accepted=False,
            memory={**kept, **own, "batch_size": max(size, larger)},
        )


def _is_own(name):
    """Whether an entry of the memory is that of `MiniBatches`, not the inner solver's."""
    return name in _OWN or name.startswith(_PIVOT)


def _with_pivot(state):
    """`state` with all that a run needs to come back to it in its memory, on one level, so that it can be detached."""
    inner = {name: value for name, value in state.memory.items() if not _is_own(name)}
    loss = getattr(state.point, "evaluation", state.point).value
    pivot = {**inner, "params": Vectors(params=state.params), "control": state.control, "loss": loss}
    own = {name: state.memory[name] for name in _OWN}
    return state.replaced(memory={**inner, **own, **{_PIVOT + name: value for name, value in pivot.items()}})


def _loss_limit(objective, point):
    """Loss a row above which a run has diverged."""
    trivial = _TRIVIAL * objective.zero_level
    return _DIVERGED * max(point.value, trivial) / objective.total_weight


def _edges(n, size):
    """0, size, 2 size, … n; what is left in the end is a batch of its own where that is half a batch at least."""
    edges = list(range(0, n, size))
    return [*(edges if 2 * (n - edges[-1]) >= min(size, n) else edges[:-1]), n]
