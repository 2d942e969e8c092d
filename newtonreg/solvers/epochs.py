"""What an epoch of mini-batches says of the point where it ends."""

import math

__all__ = ["EpochPoint", "Tally"]


class EpochPoint:
    """An evaluation of all rows of which some numbers are known from the batches; the others are computed on first use.

    Parameters
    ----------
    evaluation : Evaluation
    **known : floats
        For instance `value`, the running loss.
    """

    def __init__(self, evaluation, **known):
        self.evaluation = evaluation
        self.params = evaluation.params
        vars(self).update(known)

    def __getattr__(self, name):
        if name == "evaluation":
            raise AttributeError(name)
        return getattr(self.evaluation, name)


class Tally:
    """Sums over the batches of an epoch."""

    def __init__(self):
        self.n_accepted = 0
        self._n_steps = 0
        self._has_ratio = False
        self._value = 0.0
        self._weight = 0.0
        self._per_weight = [0.0]

    def add(self, batch, point):
        """A batch at the point where its step begins."""
        self._value += point.value
        self._weight += batch.total_weight
        self._per_weight.append(point.gradient_norm / batch.total_weight)

    def count(self, state):
        """The state after that step."""
        self._n_steps += 1
        self.n_accepted += state.accepted
        self._has_ratio = self._has_ratio or not math.isnan(state.ratio)

    @property
    def share_accepted(self):
        """Of the steps; NaN where the solver has no ratio to judge them by."""
        return self.n_accepted / self._n_steps if self._has_ratio else math.nan

    def summary(self, total_weight):
        """`value`, `gradient_norm` and `criticality`, in proportion to all rows, of which Σ s is `total_weight`."""
        value = self._value * (total_weight / self._weight)
        unit = math.sqrt(2.0 * max(value, 0.0) * total_weight)
        worst = max(self._per_weight) * total_weight
        none = 0.0 if worst == 0.0 else math.inf
        return {
            "value": value,
            "gradient_norm": self._per_weight[-1] * total_weight,
            "criticality": worst / unit if 0.0 < unit < math.inf else none,
        }
