"""Two classics of MATLAB's `trainlm`: how many starts reach the goal, and in what time."""

import math

import numpy as np

from default_fit import summary
from default_fit.groups import Group
from default_fit.networks import NetworkProblem
from default_fit.newtonreg_fits import fit_watched
from default_fit.problems import Problem, Spec
from default_fit.scipy_fits import SOLVERS, run

__all__ = ["TrainLM"]

_GOALS = {"sin": 0.002, "parity3": 0.001}


def _sine(seed):
    X = np.linspace(-1.0, 1.0, 41)[:, None]
    y = np.sin(np.pi * X[:, 0])
    return Problem(X, y, X, y, y, 5)


def _parity(seed):
    X = np.array(np.meshgrid([-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0])).reshape(3, -1).T
    y = np.prod(X, axis=1)
    return Problem(X, y, X, y, y, 10)


class TrainLM(Group):
    """Thirty starts each."""

    name, title = "trainlm", "MATLAB's SIN benchmark and parity of three bits"
    notes = (
        "SIN: one period of a sine at 41 points, 1-5-1, goal mean squared error 0.002. Parity: 8 patterns of three bits,",
        "targets ±1, 3-10-1, goal 0.001. 30 starts, at most 1 s each. Median seconds to the goal, where a method can be",
        "watched; newtonreg's include its choice among starts. MATLAB's guide ranks `trainlm` first on SIN, about four times",
        "faster than the next. Target: 30 of 30.",
    )
    methods = ("newtonreg", "scipy-lm", "scipy-trf", "scipy-bfgs", "scipy-lbfgsb", "pyrenn", "mlp-lbfgs", "mlp-adam")
    n_seeds = 30

    def specs(self):
        draws = (("sin", "SIN 1-5-1", _sine), ("parity3", "parity 3-10-1", _parity))
        return [Spec(name, label, draw, 1.0, is_fixed=True) for name, label, draw in draws]

    def count_seeds(self, method, spec, asked):
        return self.n_seeds if asked is None else asked

    def execute(self, task, quick):
        spec, goal = self.spec(task.problem, quick), math.sqrt(_GOALS[task.problem])
        problem = spec.draw(task.seed)
        unit = float(np.std(problem.y))
        if task.method == "newtonreg":
            fitted, (to_goal,) = fit_watched(problem, task.seed, spec.cap, [goal / unit])
            return {"seconds": fitted.seconds, "seconds_to_goal": to_goal, **self.measure(problem, fitted)}
        if task.method in SOLVERS:
            setting = NetworkProblem(problem)
            level = setting.value_at(goal / unit)
            start = setting.start(task.seed, solve_readout=False)
            best, seconds = run(SOLVERS[task.method][1], setting, start, spec.cap, level)
            mse = 2.0 * best.value / setting.n_rows * unit**2
            return {"seconds": seconds, "seconds_to_goal": best.seconds_to(level), "mse": mse}
        return super().execute(task, quick)

    def measure(self, problem, fitted):
        return {"mse": float(np.mean((fitted.predict(problem.X) - problem.y) ** 2))}

    def report(self, records):
        rows = []
        for name in self.methods:
            cells = [self._reached(summary.of(records, name, spec.name), _GOALS[spec.name]) for spec in self.present(records)]
            if any(cells):
                rows.append([self.label(name), *(text for cell in cells for text in cell or ["-"] * 2)])
        heads = [f"{spec.label}: {what}" for spec in self.present(records) for what in ("reached", "s to it")]
        return [summary.table(["method", *heads], rows)]

    @staticmethod
    def _reached(mine, goal):
        if not mine:
            return None
        errors = summary.values(mine, "mse")
        # a fit that ends at the goal ends at it to rounding
        return [f"{np.sum(errors <= goal * (1.0 + 1e-9))} of {len(errors)}", _time(summary.median(mine, "seconds_to_goal"))]


def _time(seconds):
    return "never" if math.isinf(seconds) else summary.figure(seconds, ".2g")
