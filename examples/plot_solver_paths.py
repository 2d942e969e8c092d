"""
Paths of solvers
================

Six solvers start at the same point of two sums of squares, F = ½ ‖r‖², and their paths are drawn over the contours of F:

* **Himmelblau's function**, r = (x² + y − 11, x + y² − 7), has four minima, a maximum among them, and four saddles between. From
  the start that is used here, Newton's method without a safeguard ends at a saddle; the others go down, though not all of them
  into the same valley.
* **Rosenbrock's valley**, r = (10 (y − x²), 1 − x): the model of a step is good only along a bent floor. Newton's method leaps,
  and is lucky; a trust region, cubic regularization and plain Levenberg–Marquardt follow the bend, and geodesic acceleration,
  which knows the curvature of r along the step, takes it at once.

``minimize`` takes any function of a vector; ``LeastSquares`` makes one from its residuals, for the solvers that use them.
"""

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np

from newtonreg import BFGS, LeastSquares, LevenbergMarquardt, Newton, TrustRegion, classify, minimize
from newtonreg.solvers import CubicRegularization

# %%
# The functions
# -------------
# autograd differentiates the residuals; where arrays are made from entries, they are made by its own NumPy.


def himmelblau(w):
    return anp.stack([w[0] ** 2 + w[1] - 11, w[0] + w[1] ** 2 - 7])


def rosenbrock(w):
    return anp.stack([10 * (w[1] - w[0] ** 2), 1 - w[0]])


FUNCTIONS = {
    "Himmelblau": {"residuals": himmelblau, "start": (0.0, -3.0), "x": (-5, 5), "y": (-5, 5), "levels": (-1, 2.7)},
    "Rosenbrock": {"residuals": rosenbrock, "start": (-1.2, 1.0), "x": (-1.9, 1.7), "y": (-3.6, 2.4), "levels": (-1.7, 3.3)},
}

# %%
# The solvers
# -----------
# Two in each panel. A callback sees every trial; a path is made of those that were accepted.

PAIRS = (
    {"Newton, no safeguard": Newton(), "trust region": TrustRegion()},
    {
        "Levenberg–Marquardt": LevenbergMarquardt(geodesic_acceleration=False),
        "… with geodesic acceleration": LevenbergMarquardt(),
    },
    {"BFGS": BFGS(), "cubic regularization": CubicRegularization()},
)


def run(residuals, start, solver):
    """Path (n, 2), trials, and the kind of point at its end."""
    path = []

    def remember(record, run):
        if record.accepted:
            path.append(run.state.params)

    objective = LeastSquares(residuals)
    result = minimize(objective, np.array(start), solver, gtol=1e-8, callbacks=[remember])
    return np.array(path), result, classify(objective, result.x).kind.removeprefix("global ")


paths = {}
print(f"{'function':<12} {'solver':<30} {'trials':>6} {'values':>6} {'gradients':>9} {'Hessians':>8}  ends at")
for function, problem in FUNCTIONS.items():
    for name, solver in {name: solver for pair in PAIRS for name, solver in pair.items()}.items():
        path, result, kind = run(problem["residuals"], problem["start"], solver)
        paths[function, name] = path, f"{name}: {result.nit} trials"
        counts = f"{result.nit:>6} {result.nfev:>6} {result.njev:>9} {result.nhev:>8}"
        print(f"{function:<12} {name:<30} {counts}  {kind} ({result.x[0]:.3f}, {result.x[1]:.3f})")

# %%
# Stationary points
# -----------------
# Newton's method finds them all when it starts from enough points, and ``classify`` tells them apart.


def stationary_points(residuals, sides):
    """Distinct points (2,) at which Newton's method ends from a grid of starts, by kind."""
    found = {}
    for start in np.array(np.meshgrid(*[np.linspace(*side, 12) for side in sides])).reshape(2, -1).T:
        objective = LeastSquares(residuals)
        end = minimize(objective, start, Newton(), gtol=1e-10, max_iter=100).x
        point = classify(objective, end)
        if point.kind != "not stationary":
            found.setdefault(point.kind.removeprefix("global "), set()).add(tuple((end + 0.0).round(5)))
    return found


# %%
# The figure
# ----------

COLORS = ("#D55E00", "#0072B2")
MARKS = {"minimum": ("*", "#009E73", 15), "saddle": ("X", "#CC79A7", 10), "maximum": ("^", "#E69F00", 10)}


def draw_function(axes, problem, points):
    """Contours of log F and the stationary points."""
    x, y = np.meshgrid(np.linspace(*problem["x"], 300), np.linspace(*problem["y"], 300))
    height = np.log10(0.5 * (problem["residuals"]((x, y)) ** 2).sum(axis=0) + 1e-12)
    levels = np.linspace(*problem["levels"], 16)
    axes.contourf(x, y, height, levels=levels, colors=[str(gray) for gray in np.linspace(1, 0.75, 17)], extend="both")
    axes.contour(x, y, height, levels=levels, colors="0.65", linewidths=0.6, linestyles="solid")
    for kind, places in points.items():
        marker, color, size = MARKS[kind]
        axes.plot(
            *np.array(sorted(places)).T, marker, color=color, markersize=size, markeredgecolor="white", label=kind, zorder=3
        )
    axes.plot(*problem["start"], "D", color="k", markersize=7, label="start", zorder=3)
    axes.set(xlim=problem["x"], ylim=problem["y"])


figure, panels = plt.subplots(2, 3, figsize=(13, 9.5), sharex="row", sharey="row", layout="constrained")
for (function, problem), row in zip(FUNCTIONS.items(), panels, strict=True):
    points = stationary_points(problem["residuals"], (problem["x"], problem["y"]))
    for axes, pair in zip(row, PAIRS, strict=True):
        draw_function(axes, problem, points)
        lines = []
        for name, color, width in zip(pair, COLORS, (4, 1.5), strict=True):
            path, label = paths[function, name]
            lines += axes.plot(*path.T, "o-", color=color, linewidth=width, markersize=width + 2.5, label=label)
        axes.legend(handles=lines, loc="lower left", bbox_to_anchor=(0, 1), frameon=False, borderaxespad=0.2)
        axes.set(xlabel="x", ylabel="y")
        axes.text(0.98, 0.02, function, transform=axes.transAxes, ha="right", va="bottom", fontstyle="italic")
marks = dict(zip(*reversed(panels[0, 0].get_legend_handles_labels()), strict=True))
figure.legend(handles=[marks[kind] for kind in (*MARKS, "start")], loc="outside lower center", ncols=4)
figure.savefig("solver_paths.png", dpi=150)
