"""The default on data that are scaled, shifted, repeated, spoilt, small, large, or of other functions; no peers with networks."""

import math

import numpy as np

from default_fit import summary
from default_fit.functions import friedman1
from default_fit.groups import Group
from default_fit.noisy_sets import SETS
from default_fit.problems import Problem, Spec, curve, rms, surface

__all__ = ["Robustness"]

_CAP = 2.0


def _scaled(X=1.0, y=1.0, shift_X=0.0, shift_y=0.0):
    """Units and origins changed; shifts are in standard deviations. The truth changes with y."""

    def change(problem, rng):
        offset_X, offset_y = shift_X * problem.X.std(axis=0), shift_y * np.std(problem.y)
        train, test = (X * (rows + offset_X) for rows in (problem.X, problem.X_test))
        values = (y * (each + offset_y) for each in (problem.y, problem.y_test, problem.truth))
        first, *others = values
        return problem._replace(X=train, y=first, X_test=test, y_test=others[0], truth=others[1])

    return change


def _as_it_is(problem, rng):
    return problem


def _twice(problem, rng):
    return problem._replace(X=np.repeat(problem.X, 2, axis=0), y=np.repeat(problem.y, 2))


def _spoilt(problem, rng):
    """Two rows in a hundred are ten standard deviations off."""
    rows = rng.choice(len(problem.y), max(1, len(problem.y) // 50), replace=False)
    y = problem.y.copy()
    y[rows] += 10.0 * np.std(y) * rng.choice([-1.0, 1.0], len(rows))
    return problem._replace(y=y)


def _idle(problem, rng):
    """A constant input and a copy of the first one are added."""

    def widened(X):
        return np.column_stack([X, np.full(len(X), 3.0), X[:, 0]])

    return problem._replace(X=widened(problem.X), X_test=widened(problem.X_test))


_CHANGES = {
    "as it is": _as_it_is,
    "X × 1e6": _scaled(X=1e6),
    "X × 1e-6": _scaled(X=1e-6),
    "y × 1e6": _scaled(y=1e6),
    "y × 1e-6": _scaled(y=1e-6),
    "X + 1000 std": _scaled(shift_X=1000.0),
    "y + 1000 std": _scaled(shift_y=1000.0),
    "every row twice": _twice,
    "constant and copied input": _idle,
    "2% outliers": _spoilt,
}


def _smooth_in(d):
    """A wave along one direction and a square along another, 500 rows in [-1, 1]^d."""
    directions = np.random.default_rng(d).standard_normal((d, 2))
    directions /= np.linalg.norm(directions, axis=0)

    def function(X):
        along = X @ directions
        return np.sin(2.0 * along[:, 0]) + along[:, 1] ** 2

    def draw(seed):
        rng = np.random.default_rng(seed)
        X, X_test = rng.uniform(-1.0, 1.0, (500, d)), rng.uniform(-1.0, 1.0, (2000, d))
        return Problem(X, function(X), X_test, function(X_test), function(X_test), None)

    return Spec(f"smooth-{d}", f"wave and square, {d} inputs", draw, _CAP, n_rows=500)


def _rows_of(n_rows):
    """Friedman 1 with 5% noise."""

    def draw(seed):
        rng = np.random.default_rng(seed)
        X, X_test = rng.uniform(size=(n_rows, 5)), rng.uniform(size=(2000, 5))
        truth, noise = friedman1(X_test), 0.25
        y, y_test = friedman1(X) + noise * rng.standard_normal(n_rows), truth + noise * rng.standard_normal(2000)
        return Problem(X, y, X_test, y_test, truth, None, is_noisy=True)

    return Spec(f"rows-{n_rows}", f"Friedman 1 + 5%, {n_rows} rows", draw, 5.0 if n_rows > 5000 else _CAP, n_rows=n_rows)


def _bases():
    """Name to (label, draw): the problems that are changed."""
    noisy = {spec.name: spec for spec in SETS}
    specs = (curve("sin2pi", 256, None, _CAP), surface("friedman1", 500, None, _CAP), noisy["sin-10-200"], noisy["diabetes"])
    return {spec.name: spec for spec in specs}


def _changed(base, change):
    def draw(seed):
        return _CHANGES[change](base.draw(seed), np.random.default_rng(seed))

    return Spec(f"{base.name}|{change}", f"{base.label}: {change}", draw, _CAP, n_rows=base.n_rows)


class Robustness(Group):
    """Not part of a run unless it is asked for."""

    name, title = "robustness", "Scalings, shifts, outliers, other functions, few and many rows"
    notes = (
        "newtonreg at its default parameters and width, 2 s (5 s with 20,000 rows); errors in units of the standard deviation",
        "of the true test values. First table: median over the seeds of the error over that on the unchanged data; 1 is what",
        "one wants, and below 1e-9 a ratio says little. With a thousand standard deviations added, X and y have three digits",
        "less.",
    )
    methods = ("newtonreg", "gp", "boosting")
    n_seeds = 3
    _CURVES = ("bessel", "logistic-mix", "rational", "kink-cubed")
    _MOST_ROWS_OF_GP = 2000

    def some_specs(self, quick):
        few = [*self.specs()[:2], self.specs()[9], *self._others()[3:5], self._others()[-5]]
        return [spec._replace(cap=0.3) for spec in few] if quick else self.specs()

    def specs(self):
        changed = [_changed(base, change) for base in _bases().values() for change in _CHANGES]
        return [*changed, *self._others()]

    def _others(self):
        curves = [curve(name, 256, None, _CAP) for name in self._CURVES]
        return [*curves, *map(_smooth_in, range(2, 11, 2)), *map(_rows_of, (20, 50, 200, 2000, 20_000))]

    def count_seeds(self, method, spec, asked):
        if method.name == "gp" and spec.n_rows > self._MOST_ROWS_OF_GP:
            return 0
        return super().count_seeds(method, spec, asked)

    def measure(self, problem, fitted):
        error = fitted.predict(problem.X_test) - problem.truth
        return {"test": rms(error) / float(np.std(problem.truth))}

    def report(self, records):
        heading = ("change", *(f"{base.label}, {name}" for base in _bases().values() for name in self.methods))
        first = "as it is"
        rows = [[change, *self._ratios(records, change)] for change in _CHANGES if change != first]
        errors = [f"error, {first}", *self._errors_of(records, [f"{base}|{first}" for base in _bases()])]
        others = [[spec.label, *self._errors_of(records, [spec.name])] for spec in self._others()]
        counts = [f"{self.label(name)} {summary.failures(summary.of(records, name))}" for name in self.methods]
        blocks = [summary.table(heading, [errors, *rows]), summary.table(("problem", *map(self.label, self.methods)), others)]
        return [*blocks, f"Failed fits: {', '.join(counts)}."]

    def _errors_of(self, records, problems):
        return [
            summary.figure(summary.median(summary.of(records, name, problem), "test"))
            for problem in problems
            for name in self.methods
        ]

    def _ratios(self, records, change):
        for base in _bases():
            for name in self.methods:
                changed, plain = ({r["seed"]: r for r in summary.of(records, name, f"{base}|{c}")} for c in (change, "as it is"))
                both = sorted(set(changed) & set(plain))
                ratios = [_ratio(changed[seed], plain[seed]) for seed in both]
                yield summary.figure(float(np.median(ratios)) if ratios else math.nan, ".3g")


def _ratio(changed, plain):
    return math.inf if changed["failure"] or plain["failure"] else changed["test"] / plain["test"]
