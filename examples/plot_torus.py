"""
Newton on a torus
=================

A model N(t) with parameters t draws a manifold in the space of its predictions, and a least-squares fit looks for the point of
the manifold nearest to the data v. At every stationary point of F(t) = ½ ‖N(t) − v‖² the error is orthogonal to the manifold, at
the farthest point as well as at the nearest. On a torus that is stretched along one axis, with v at its center, there are eight
such points: two minima, two maxima and four saddles.

Newton's method without a safeguard solves ∇F = 0, and ends at whichever of them is near. A trust region minimizes, and ends at a
minimum from everywhere.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from newtonreg import Newton, TrustRegion, classify, minimize
from newtonreg.landscape import elliptic_torus
from newtonreg.solvers import NewtonMR

# %%
# All stationary points
# ---------------------
# ``NewtonMR`` lowers the norm of the gradient, so it finds points of every kind; ``classify`` tells which. From a grid of starts:

TURN = 2 * np.pi
KINDS = ("minimum", "saddle", "maximum")
COLORS = ("#009E73", "#56B4E9", "#D55E00")


def starts(n):
    """The centers (n², 2) of a grid of n × n cells over both angles."""
    angles = TURN * (np.arange(n) + 0.5) / n
    return np.stack(np.meshgrid(angles, angles), axis=-1).reshape(-1, 2)


def end(solver, start, **options):
    """Where a run ends, as angles from 0 to 2π, and the `StationaryPoint` there."""
    objective = elliptic_torus()
    x = minimize(objective, start, solver, **options).x
    angles = np.round(x % TURN, 6) % round(TURN, 6)
    return tuple(float(angle) for angle in angles), classify(objective, x)


points = dict(end(NewtonMR(), start) for start in starts(8))
for angles, point in sorted(points.items(), key=lambda item: item[1].value):
    print(f"{point.kind:8s} at t = ({angles[0]:.4f}, {angles[1]:.4f}), F = {point.value:.6f}, index {point.index}")

# %%
# Where two methods end
# ---------------------

N_CELLS = 40
ends = {
    name: [end(solver, start, max_iter=200)[1].kind for start in starts(N_CELLS)]
    for name, solver in {"Newton, no safeguard": Newton(), "trust region": TrustRegion()}.items()
}
for name, kinds in ends.items():
    counts = Counter(kinds)
    print(f"{name}: " + ", ".join(f"{counts[kind] / len(kinds):.1%} {kind}" for kind in KINDS))

# %%
# The figure
# ----------


def surface(t):
    """N (3, ...) at angles t (2, ...): the residuals' point, with v = 0."""
    radius = 2 + np.cos(t[1])
    return np.stack([1.5 * radius * np.cos(t[0]), radius * np.sin(t[0]), np.sin(t[1])])


figure = plt.figure(figsize=(13, 4.6), layout="constrained")
shape = figure.add_subplot(1, 3, 1, projection="3d")
grid = np.stack(np.meshgrid(np.linspace(0, TURN, 49), np.linspace(0, TURN, 25)))
shape.plot_wireframe(*surface(grid), color="0.6", linewidth=0.4, alpha=0.6)
for kind, color in zip(KINDS, COLORS, strict=True):
    places = np.array([surface(np.array(angles)) for angles, point in points.items() if point.kind == kind])
    shape.scatter(*places.T, color=color, s=60, depthshade=False, label=f"{len(places)} {kind}s".replace("mums", "ma"))
shape.scatter(0, 0, 0, color="black", marker="x", s=50, label="the data v")
shape.set(title="Eight stationary points", box_aspect=(9, 6, 2.4), zticks=[-1, 1])
shape.view_init(elev=40, azim=-70)
shape.legend(loc="upper center", bbox_to_anchor=(0.5, 0.1), ncols=2, fontsize="small")

for position, (name, kinds) in enumerate(ends.items(), start=2):
    axes = figure.add_subplot(1, 3, position)
    image = np.array([KINDS.index(kind) for kind in kinds]).reshape(N_CELLS, N_CELLS)
    axes.imshow(image, origin="lower", extent=(0, TURN, 0, TURN), cmap=ListedColormap(COLORS), vmin=-0.5, vmax=2.5)
    for angles, point in points.items():
        marker = {"minimum": "o", "saddle": "X", "maximum": "^"}[point.kind]
        for shift in (0, TURN) if angles[0] == 0 else (0,):
            below = [0, TURN] if angles[1] == 0 else [angles[1]]
            axes.scatter(
                [angles[0] + shift] * len(below), below, marker=marker, color="white", edgecolor="black", clip_on=False, s=50
            )
    ticks = [0, np.pi, TURN]
    axes.set(title=f"Kind of the end by start:\n{name}", xlabel="$t_1$", ylabel="$t_2$", xticks=ticks, yticks=ticks)
    axes.set_xticklabels(["0", "π", "2π"])
    axes.set_yticklabels(["0", "π", "2π"])
figure.savefig("torus.png", dpi=150)
