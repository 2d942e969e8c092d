"""Seconds to a training error, of newtonreg and of SciPy's solvers with the same derivatives."""

import contextlib
import math

from default_fit import plots, summary
from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.groups import Group
from default_fit.methods import Method
from default_fit.networks import NetworkProblem
from default_fit.newtonreg_fits import fit_watched
from default_fit.problems import curve, surface
from default_fit.scipy_fits import SOLVERS, run
from newtonreg import minimize
from newtonreg.solvers import LevenbergMarquardt, Nielsen

__all__ = ["THRESHOLDS", "TimeToAccuracy"]

THRESHOLDS = (1e-3, 1e-4)
"""Training errors in units of std(y)."""
_OWN_CAP = {1: 2.0, 2: 2.5}
"""Seconds that the default fit is told, in one dimension and in several: those of the groups on accuracy."""
_ROWS = {"franke": 1024, "friedman1": 2000, "friedman2": 2000, "borehole": 2000, "peaks": 1000, "ishigami": 1000, "piston": 1000}


class TimeToAccuracy(Group):
    """The same start for all, and newtonreg's own beside it."""

    name, title = "time-to-accuracy", "Seconds to a training error of 1e-3 and 1e-4"
    notes = (
        "Seconds from the start of a run until the root mean squared residual was first below the threshold, in units of",
        "std(y); median over the seeds, where a run that never gets there counts as infinite. Everything but the default fit",
        "starts from the same parameters (random knots of mixed slopes in one dimension, Glorot in several), and a run ends",
        "at 1e-4. The default fit has its own starts, and its seconds include the choice among them; SciPy has no start of",
        "its own. 4 s for the others in one dimension, 6 s in several: where only they fail, a ratio is a lower bound.",
        "Target: 3 × in one dimension, 10 × in several.",
    )
    methods = ("newtonreg-lm", "newtonreg", "scipy-lm", "scipy-trf", "scipy-bfgs")
    n_seeds = 3
    n_quick = 1

    def specs(self):
        curves = [curve(name, 256, 20, 4.0) for name in ("sin2pi", "sin4pi", "runge", "tanh20")]
        return curves + [surface(name, n_rows, 50, 6.0) for name, n_rows in _ROWS.items()]

    def method(self, name):
        if name == "newtonreg-lm":
            return Method(name, "newtonreg LevenbergMarquardt, same start", None)
        return super().method(name)

    def execute(self, task, quick):
        spec = self.spec(task.problem, quick)
        problem = spec.draw(task.seed)
        setting = NetworkProblem(problem)
        if task.method == "newtonreg":
            cap = min(spec.cap, _OWN_CAP[min(2, problem.X.shape[1])])
            fitted, times = fit_watched(problem, task.seed, cap, THRESHOLDS)
            return {"seconds": fitted.seconds, **_columns(times)}
        if task.method == "newtonreg-lm":
            best, seconds = _levenberg_marquardt(setting, task.seed, spec.cap)
        else:
            solve = SOLVERS[task.method][1]
            best, seconds = run(solve, setting, setting.start(task.seed), spec.cap, setting.value_at(THRESHOLDS[-1]))
        times = [best.seconds_to(setting.value_at(error)) for error in THRESHOLDS]
        return {"seconds": seconds, "train": math.sqrt(2.0 * best.value / setting.n_rows), **_columns(times)}

    def report(self, records):
        blocks = []
        for error in THRESHOLDS:
            column = f"seconds_to_{error:g}"
            heading = ["problem", *map(self.label, self.methods), "best of SciPy / same start", "best of SciPy / default fit"]
            rows = [self._line(records, spec, column) for spec in self.present(records)]
            blocks += [f"Training error {error:g}:", summary.table(heading, rows)]
        return blocks

    def _line(self, records, spec, column):
        here = summary.of(records, problem=spec.name)
        times = {name: summary.median(summary.of(here, name), column) for name in self.methods}
        _, scipy = summary.best_of(here, [name for name in self.methods if name.startswith("scipy")], column)
        ratios = [_ratio(scipy, times[name], spec.cap) for name in ("newtonreg-lm", "newtonreg")]
        return [spec.label, *(_time(times[name]) for name in self.methods), *ratios]

    def plot(self, records, path):
        plots.reaching(self, records, path, f"seconds_to_{THRESHOLDS[-1]:g}", "seconds to a training error of 1e-4")
        return True


def _columns(times):
    return {f"seconds_to_{error:g}": seconds for error, seconds in zip(THRESHOLDS, times, strict=True)}


def _time(seconds):
    return "never" if math.isinf(seconds) else summary.figure(seconds, ".2g")


def _ratio(scipy, ours, cap):
    if math.isnan(scipy) or math.isnan(ours) or math.isinf(ours):
        return "neither" if math.isinf(scipy) and math.isinf(ours) else "-" if math.isnan(ours) else "**0**"
    return f"> {cap / ours:.2g}" if math.isinf(scipy) else format(scipy / ours, ".2g")


def _levenberg_marquardt(setting, seed, cap):
    """The core of the default fit from the common start: scaled by columns in one dimension, unscaled in several."""
    several = LevenbergMarquardt(norm="spherical", damping=Nielsen(decrease=1.0 / 3.0), method="cholesky")
    solver = LevenbergMarquardt(method="cholesky") if setting.network.n_features == 1 else several
    start = setting.start(seed)
    clock = Clock(cap)
    best = BestPoint(clock, setting.value_at(THRESHOLDS[-1]))

    def watch(record, run):
        best.see(run.state.params, record.value)
        return False

    with contextlib.suppress(Deadline):
        minimize(setting.objective, start, solver, max_iter=10**6, gtol=0.0, callbacks=[watch])
    return best, clock.seconds
