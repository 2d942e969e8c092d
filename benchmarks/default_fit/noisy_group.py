"""Noisy regression: test errors paired with a Gaussian process's, and how well the predictive bands cover new observations."""

import math
from typing import NamedTuple

import numpy as np

from default_fit import plots, summary
from default_fit.groups import Group
from default_fit.newtonreg_fits import has_std
from default_fit.noisy_sets import SETS

__all__ = ["Noisy"]

_Z95 = 1.959963984540054


class Pair(NamedTuple):
    """Means over the seeds of a data set: log(ours / the process's) with its standard error, log widths, coverages."""

    log_ratio: float
    standard_error: float
    width_ratio: float
    coverage: float
    gp_coverage: float


class Noisy(Group):
    """More than twenty data sets."""

    name, title = "noisy", "Noisy regression at the defaults"
    notes = (
        "Default parameters, default width, at most 2 s. Test errors are against the noise-free truth where it is known, in",
        "units of std(y); a seed is another sample or split, and ratios are taken seed by seed. Bands are 95% predictive",
        "intervals (prediction ± 1.96 standard deviations) for new noisy observations. Gaussian process: constant × RBF (a",
        "length an input) + white noise, two restarts. Five real sets are scikit-learn's own: diabetes, and columns of wine,",
        "iris and breast cancer told from the others.",
    )
    methods = ("newtonreg", "gp", "mlp-default", "boosting", "kernel-ridge", "ridge")
    LEAST, MOST, WIDER = 0.90, 0.98, 1.2

    def specs(self):
        return SETS

    def measure(self, problem, fitted):
        values = super().measure(problem, fitted)
        if fitted.predict_std is None:
            return values
        error = np.abs(fitted.predict(problem.X_test) - problem.y_test)
        std = fitted.predict_std(problem.X_test)
        covered, width = np.mean(error <= _Z95 * std), 2.0 * _Z95 * np.mean(std) / np.std(problem.y)
        return {**values, "coverage": float(covered), "width": float(width), "n_test": len(error)}

    def report(self, records):
        pairs = {spec.name: self._pair(summary.of(records, problem=spec.name)) for spec in self.present(records)}
        heading = (
            *("data, rows", "newtonreg", "Gaussian process", "log ratio ± standard error"),
            *("coverage", "coverage, GP", "band width / GP's", "best of the others"),
        )
        rows = [self._line(records, spec, pairs[spec.name]) for spec in self.present(records)]
        return [self._overall(records, pairs), summary.table(heading, rows), self._others(records)]

    def _pair(self, here):
        ours, gp = ({r["seed"]: r for r in summary.of(here, name) if not r["failure"]} for name in ("newtonreg", "gp"))
        seeds = sorted(set(ours) & set(gp))
        if not seeds:
            return Pair(*[math.nan] * 5)
        both = [(ours[seed], gp[seed]) for seed in seeds]
        logs = np.array([math.log(a["test"] / b["test"]) for a, b in both])
        error = float(logs.std(ddof=1) / math.sqrt(len(logs))) if len(logs) > 1 else math.nan
        widths = np.mean([math.log(a.get("width", math.nan) / b["width"]) for a, b in both])
        coverages = (np.mean([row.get("coverage", math.nan) for row in rows]) for rows in zip(*both, strict=True))
        return Pair(float(logs.mean()), error, float(np.exp(widths)), *map(float, coverages))

    def _line(self, records, spec, pair):
        here = summary.of(records, problem=spec.name)
        ours, gp = (summary.figure(summary.median(summary.of(here, name), "test"), ".3g") for name in ("newtonreg", "gp"))
        name, best = summary.best_of(here, self.methods[2:], "test")
        ratio = f"{summary.figure(pair.log_ratio, '+.3f')} ± {summary.figure(pair.standard_error, '.3f')}"
        bands = [summary.figure(value, ".3f") for value in (pair.coverage, pair.gp_coverage, pair.width_ratio)]
        return [spec.label, ours, gp, ratio, *bands, f"{summary.figure(best, '.3g')} {self.label(name) if name else ''}"]

    def _overall(self, records, pairs):
        known = [pair for pair in pairs.values() if not math.isnan(pair.log_ratio)]
        logs = np.array([pair.log_ratio for pair in known])
        if len(logs) < 2:
            return "Too few data sets for a mean."
        mean, error = logs.mean(), logs.std(ddof=1) / math.sqrt(len(logs))
        met = "met" if mean <= error else "**not met**"
        rows = [
            ["log ratio to the GP, mean over data sets", f"{mean:+.3f} ± {error:.3f}", "at most one standard error above 0", met]
        ]
        rows += (
            self._bands(records, known) if has_std() or any(r.get("coverage", math.nan) >= 0 for r in self._ours(records)) else []
        )
        lost = {name: summary.failures(summary.of(records, name)) for name in ("newtonreg", "gp")}
        failed = f"Failed fits: newtonreg {lost['newtonreg']}, Gaussian process {lost['gp']}; they are in no ratio."
        heading = (f"over {len(logs)} data sets", "measured", "target", "")
        return f"{summary.table(heading, rows)}\n\n{failed}"

    @staticmethod
    def _ours(records):
        return [r for r in summary.of(records, "newtonreg") if not r["failure"]]

    def _bands(self, records, pairs):
        ours = [r for r in self._ours(records) if r.get("n_test", 0) > 0]
        if not ours:
            return []
        pooled = sum(r["coverage"] * r["n_test"] for r in ours) / sum(r["n_test"] for r in ours)
        mean = float(np.mean([pair.coverage for pair in pairs]))
        ratio = float(np.exp(np.mean([math.log(pair.width_ratio) for pair in pairs])))
        inside = "met" if self.LEAST <= pooled <= self.MOST else "**not met**"
        narrow = "met" if ratio <= self.WIDER else "**not met**"
        return [
            ["coverage of the 95% bands, pooled over observations", f"{pooled:.3f}", "0.90 to 0.98", inside],
            ["the same, mean over data sets", f"{mean:.3f}", "-", "-"],
            ["band width over the GP's, geometric mean", f"{ratio:.2f}", "≤ 1.2", narrow],
        ]

    def _others(self, records):
        """Every method against the process, over the data sets and seeds that both have."""
        rows = []
        for name in self.methods:
            logs = []
            for spec in self.present(records):
                here = summary.of(records, problem=spec.name)
                mine, gp = ({r["seed"]: r["test"] for r in summary.of(here, m) if not r["failure"]} for m in (name, "gp"))
                both = sorted(set(mine) & set(gp))
                logs += [np.mean([math.log(mine[seed] / gp[seed]) for seed in both])] if both else []
            if logs:
                seconds = summary.median([r for r in summary.of(records, name) if not r["failure"]], "seconds")
                spread = np.std(logs, ddof=1) / math.sqrt(len(logs)) if len(logs) > 1 else math.nan
                ratio = f"{np.mean(logs):+.3f} ± {summary.figure(spread, '.3f')}"
                wins = f"{sum(log < 0 for log in logs)} of {len(logs)}"
                rows.append([self.label(name), ratio, wins, summary.figure(seconds, ".2g")])
        return summary.table(("method", "mean log ratio to the GP", "ahead of it on", "s"), rows)

    def plot(self, records, path):
        specs = self.present(records)
        pairs = [self._pair(summary.of(records, problem=spec.name)) for spec in specs]
        means, spreads = ([getattr(pair, field) for pair in pairs] for field in ("log_ratio", "standard_error"))
        label = "log(test error of newtonreg / of the Gaussian process), mean over seeds"
        plots.bars_of_ratios([spec.label for spec in specs], means, np.nan_to_num(spreads), path, self.title, label)
        return True
