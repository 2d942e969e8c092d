"""
Newton at a saddle
==================

F(x, y) = ½ x² + ¼ (y² − 1)² has two minima, at (0, ±1), and a saddle between them at the origin. Three methods start at the same
points:

* **Newton's method** without a safeguard solves ∇²F p = −∇F and takes the step, whatever ∇²F is. Close to the saddle that leads
  *into* it.
* **A trust region with Gauss–Newton curvature.** F is a sum of squares, F = ½ ‖r‖² with r = (x, (y² − 1)/√2), and the matrix JᵀJ
  of the residuals' Jacobian stands for ∇²F. It is never indefinite: steps go downhill, but no negative curvature is seen.
* **A trust region with exact curvature** minimizes the quadratic model in a ball. Where ∇²F has a negative eigenvalue the step
  goes along it, and even a vanishing gradient does not hold it.

``ProgressTable`` prints one line an iteration, and ``classify`` says what kind of point each run ended at.
"""

import autograd.numpy as np
import matplotlib.pyplot as plt

from newtonreg import LeastSquares, Newton, TrustRegion, classify, minimize
from newtonreg.callbacks import ProgressTable

# %%
# The objective
# -------------
# ``LeastSquares`` turns residuals into an objective, with derivatives by automatic differentiation: hence ``autograd.numpy``,
# NumPy that can be differentiated. ``Analytic`` does the same for a plain function, which has no Gauss–Newton matrix.


def residuals(w):
    return np.stack([w[0], (w[1] ** 2 - 1) / np.sqrt(2)])


def F(w):
    return 0.5 * (residuals(w) ** 2).sum(axis=0)


# %%
# The runs
# --------

SOLVERS = {
    "Newton": Newton(),
    "trust region, Gauss–Newton": TrustRegion(curvature="gauss-newton", norm="spherical", initial_radius=0.5),
    "trust region, exact": TrustRegion(norm="spherical", initial_radius=0.5),
}
STARTS = {"a start beside the axis": (1.5, 0.4), "a start on the axis y = 0": (1.5, 0.0)}


def run(solver, start):
    """Path (n, 2) and the kind of point it ends at."""
    objective = LeastSquares(residuals)
    path = []

    def remember(record, run):
        path.append(run.state.params)

    minimize(objective, np.array(start), solver, gtol=1e-10, callbacks=[ProgressTable(), remember])
    return np.array(path), classify(objective, path[-1]).kind


paths = {}
for where, start in STARTS.items():
    for name, solver in SOLVERS.items():
        print(f"\n{name}, from {start}")
        paths[where, name], kind = run(solver, start)
        print(f"=> {kind} at ({paths[where, name][-1][0]:.6f}, {paths[where, name][-1][1]:.6f})")

# %%
# The figure
# ----------

x, y = np.meshgrid(np.linspace(-0.6, 1.8, 200), np.linspace(-1.5, 1.5, 200))
styles = {
    "Newton": {"color": "#D55E00", "marker": "s", "linestyle": "-", "linewidth": 4, "markersize": 9, "alpha": 0.5},
    "trust region, Gauss–Newton": {"color": "black", "marker": "^", "linestyle": ":", "linewidth": 2},
    "trust region, exact": {"color": "#0072B2", "marker": "o", "linestyle": "-"},
}
figure, panels = plt.subplots(1, 2, figsize=(9, 5.5), sharey=True, layout="constrained")
for axes, where in zip(panels, STARTS, strict=True):
    axes.contour(x, y, F(np.stack([x, y])), levels=np.geomspace(0.01, 2, 16), colors="0.8")
    axes.plot([0, 0], [-1, 1], "*", color="#009E73", markersize=18, label="minima")
    for name, style in styles.items():
        axes.plot(*paths[where, name].T, label=name, **style)
    axes.plot(0, 0, "kx", markersize=12, label="saddle")
    axes.set(title=f"From {where}", xlabel="x", aspect="equal")
panels[0].set_ylabel("y")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize="small")
figure.savefig("saddle.png", dpi=150)
