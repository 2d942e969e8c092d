"""
A nonlinear equation, and where to ask for it
=============================================

Burgers' equation u_t + u u_x = 0.05 u_xx on [−1, 1], from u = −sin πx with walls at zero, steepens a wave into a front at x = 0.
Its exact solution is an integral (Cole and Hopf), evaluated below by Gauss–Hermite quadrature.

The equation is a function ``residual(u, u_t, u_x, u_xx)``. Initial and boundary values are hard: u = G + B N, where G
interpolates them and B is zero where they are given, so that the network N has only the equation to obey. It does so at 250
collocation points, but not everywhere between them and the edges. ``ResidualDisplay`` shows where, and ``collocation.refine``
draws new points there: the larger the residual, the likelier. With ``warm_start=True`` the next fit goes on from the last one.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import Dirichlet, Initial, collocation
from newtonreg.plotting import ResidualDisplay, SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)
NU = 0.05
DOMAIN = [(-1.0, 1.0), (0.0, 1.0)]


def residual(u, u_t, u_x, u_xx):
    return u_t + u * u_x - NU * u_xx


def exact(X):
    x, t = X[:, :1], np.maximum(X[:, 1:], 1e-14)
    nodes, weights = np.polynomial.hermite.hermgauss(120)
    origin = x - np.sqrt(4 * NU * t) * nodes
    likelihood = np.exp(-np.cos(np.pi * origin) / (2 * np.pi * NU))
    return -((np.sin(np.pi * origin) * likelihood) @ weights) / (likelihood @ weights)


# %%
# Fit, refine, fit again
# ----------------------

conditions = [
    Initial({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0]), how="hard"),
    Dirichlet({"x": -1.0}, how="hard"),
    Dirichlet({"x": 1.0}, how="hard"),
]
model = PhysicsRegressor(
    residual, conditions, 40, variables=("x", "t"), domain=DOMAIN, source=0.0, warm_start=True, random_state=0
)
fine = collocation.uniform(DOMAIN, 101)
truth = exact(fine)
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")


def report(X, seconds):
    """A row of the table."""
    error = np.linalg.norm(model.predict(fine) - truth) / np.linalg.norm(truth)
    defect = np.abs(model.residual(fine))
    print(f"{len(X):>6}{np.sqrt(np.mean(defect**2)):>14.1e}{defect.max():>14.1e}{error:>19.1e}{seconds:>9.1f}")


print(f"{'points':>6}{'rms residual':>14}{'largest':>14}{'relative L2 error':>19}{'seconds':>9}")
X = collocation.latin_hypercube(DOMAIN, 250, random_state=0)
for count in range(3):
    if count > 0:
        X = collocation.refine(model, X, 150, domain=DOMAIN, power=2.0, offset=0.1, random_state=0)
    start = time.perf_counter()
    model.fit(X)
    report(X, time.perf_counter() - start)
    if count != 1:
        panel = axes[0, min(count, 1)]
        ResidualDisplay.from_estimator(model, points=X, variables=("t", "x"), vmin=1e-4, vmax=1.0, ax=panel)
        panel.set_title(f"Residual after {len(X)} points" if count else f"Residual after {len(X)} uniform points")

# %%
# The figure
# ----------

SolutionDisplay.from_estimator(model, variables=("t", "x"), ax=axes[1, 0])
axes[1, 0].set_title("Solution")
for when, color in zip((0.0, 0.3, 0.6, 1.0), plt.get_cmap("viridis")([0.0, 0.3, 0.6, 0.85]), strict=True):
    SolutionDisplay.from_estimator(model, exact=exact, at={"t": when}, ax=axes[1, 1], color=color, label=f"t = {when:g}")
handles, labels = axes[1, 1].get_legend_handles_labels()
# one entry for the four dashed lines
chosen = [i for i, label in enumerate(labels) if label != "exact"] + [labels.index("exact")]
axes[1, 1].legend([handles[i] for i in chosen], [labels[i] for i in chosen])
axes[1, 1].set(title="The front forms", xticks=[-1, -0.5, 0, 0.5, 1])
figure.savefig("nonlinear_equation.png", dpi=150)
