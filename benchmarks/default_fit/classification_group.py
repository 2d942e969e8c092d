"""Classification at the defaults of both sides: the folds of `classification.py`, one record a fold."""

from classification import CLASSIFIERS, DATA, N_FOLDS, difference, test_fold

from default_fit import summary
from default_fit.groups import Group
from default_fit.methods import Method
from default_fit.problems import Spec

__all__ = ["Classification"]

_LABELS = dict(zip(("newtonreg", "mlp"), CLASSIFIERS, strict=True))


class Classification(Group):
    """`n_seeds` counts folds."""

    name, title = "classification", "Classification at the defaults"
    notes = (
        "StandardScaler in front, stratified five-fold cross-validation, the same folds and random states for both;",
        "differences are paired, newtonreg minus MLPClassifier, mean ± standard error. Targets: accuracy not below within one",
        "standard error, log loss lower. `NewtonMLPClassifier` is given no cap.",
    )
    methods = tuple(_LABELS)
    n_seeds = N_FOLDS

    def specs(self):
        return [Spec(name, name, None, 0.0) for name in DATA]

    def some_specs(self, quick):
        return self.specs()[2:] if quick else self.specs()

    def method(self, name):
        return Method(name, _LABELS[name], None)

    def count_seeds(self, method, spec, asked):
        """A seed is a repetition of the five folds; one is the default."""
        return N_FOLDS * (asked or 1)

    def tasks(self, seeds, quick):
        return [task for task in super().tasks(seeds, False) if not quick or task.problem in ("wine", "iris")]

    def execute(self, task, quick):
        accuracy, loss, seconds, n_iter = test_fold(task.problem, _LABELS[task.method], task.seed)
        return {"seconds": seconds, "accuracy": accuracy, "log_loss": loss, "trials": n_iter}

    def report(self, records):
        heading = (
            *("data", "folds", "accuracy, ours / theirs", "difference", "not below", "log loss, ours / theirs", "difference"),
            *("lower", "s a fit, ours / theirs"),
        )
        return [summary.table(heading, [self._line(records, spec) for spec in self.present(records)])]

    def _line(self, records, spec):
        ours, theirs = ({r["seed"]: r for r in summary.of(records, name, spec.name) if not r["failure"]} for name in self.methods)
        folds = sorted(set(ours) & set(theirs))
        if len(folds) < 2:
            return [spec.label, str(len(folds)), *["-"] * 7]
        pairs = {name: ([ours[f][name] for f in folds], [theirs[f][name] for f in folds]) for name in ("accuracy", "log_loss")}
        means = {name: " / ".join(f"{sum(side) / len(side):.4f}" for side in pair) for name, pair in pairs.items()}
        (gap, error), (loss_gap, loss_error) = (difference(*pairs[name]) for name in ("accuracy", "log_loss"))
        seconds = " / ".join(
            summary.figure(summary.median(summary.of(records, name, spec.name), "seconds"), ".2g") for name in self.methods
        )
        return [
            *(spec.label, str(len(folds)), means["accuracy"], f"{gap:+.4f} ± {error:.4f}", "yes" if gap >= -error else "**no**"),
            *(means["log_loss"], f"{loss_gap:+.4f} ± {loss_error:.4f}", "yes" if loss_gap < 0 else "**no**", seconds),
        ]
