"""Callbacks of the loop: called as callback(record, run) after every trial; True stops.

Here is all the printing; the mathematics is elsewhere.
"""

import math

__all__ = ["EarlyStopping", "ProgressTable"]

_COLUMNS = (
    ("iter", "{:>6d}", 6),
    ("loss", "{:>13.6e}", 13),
    ("|gradient|", "{:>11.3e}", 11),
    ("|step|", "{:>10.2e}", 10),
    ("ratio", "{:>9.2e}", 9),
    ("control", "{:>10.2e}", 10),
)


class ProgressTable:
    """One aligned row an iteration: loss, gradient norm, step norm, ratio of actual to predicted reduction, radius or damping.

    Parameters
    ----------
    scale : float
        Objective and gradient are divided by this (the total weight), so that the first column is `loss_`.
    every : int
        Rows between two that are printed; rejected trials are marked with an ``x``.
    write : callable
        Takes a line.
    """

    def __init__(self, scale=1.0, every=1, write=print):
        self._scale = scale
        self._every = every
        self._write = write
        self._solver = None

    def __call__(self, record, run):
        if run.solver is not self._solver:
            self._solver = run.solver
            self._write(self._header(getattr(run.solver, "control_name", "control")))
        if record.n_iter % self._every == 0 or run.status is not None:
            self._write(self._row(record))
        return False

    def end(self, run):
        """Say why the run stopped."""
        self._write(f"{run.status.name.lower()}: {run.status.message}")

    @staticmethod
    def _header(control):
        names = [control if name == "control" else name for name, _, _ in _COLUMNS]
        return " ".join(f"{name:>{width}}" for name, (_, _, width) in zip(names, _COLUMNS, strict=True))

    def _row(self, record):
        values = (
            record.n_iter,
            record.value / self._scale,
            record.gradient_norm / self._scale,
            record.step_norm,
            record.ratio,
            record.control,
        )
        cells = [
            " " * (width - 1) + "-" if isinstance(value, float) and math.isnan(value) else form.format(value)
            for value, (_, form, width) in zip(values, _COLUMNS, strict=True)
        ]
        return " ".join(cells) + ("" if record.accepted else "  x")


class EarlyStopping:
    """Stop where the loss on held-out data has not improved for `patience` accepted trials, and keep the best parameters.

    Parameters
    ----------
    objective : Objective
        The loss on the held-out data (no penalty).
    patience : int
        Accepted trials without improvement.
    min_improvement : float
        Relative fall of the held-out loss that counts.
    score : callable, optional
        score(params) is recorded beside the loss.
    """

    def __init__(self, objective, patience, min_improvement=1e-4, score=None):
        self.best_params = None
        self.best_value = math.inf
        self.best_score = None
        self.scores = []
        self._objective = objective
        self._patience = patience
        self._min_improvement = min_improvement
        self._score = score
        self._since = 0

    def state(self):
        """What `restore` needs to go on in another fit."""
        names = ("best_params", "best_value", "best_score", "_since")
        return {**{name: getattr(self, name) for name in names}, "scores": list(self.scores)}

    def restore(self, state):
        """Go on from a `state` of an earlier fit."""
        vars(self).update(state)

    def __call__(self, record, run):
        if record.accepted:
            self._since += 1
            params = run.state.params
            value = self._objective.at(params).value
            if self._score is not None:
                self.scores.append(self._score(params))
            if value < self.best_value:
                if value < self.best_value * (1.0 - self._min_improvement):
                    self._since = 0
                self.best_value, self.best_params = value, params
                self.best_score = self.scores[-1] if self.scores else None
        return self._since >= self._patience
