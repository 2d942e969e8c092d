"""
A boundary value problem
========================

A rod is heated along its length and held at zero at both ends: −u″ = π² sin πx with u(0) = u(1) = 0, whose solution is sin πx.
``PhysicsRegressor`` takes the equation as it is written, ``-D(2)``, the conditions as a list, and as X the points where the
equation is asked to hold. A linear equation of a network is linear in its outer coefficients, so variable projection solves for
those exactly and looks for the best tanh units alone.

There are three ways to impose the conditions, by their argument ``how``:

* **soft**: two more residuals in the loss, with weights that balance them against the equation;
* **hard**: by construction, u = 4x(1 − x) N(x), whatever the network N;
* **exact**: linear constraints on the outer coefficients inside variable projection.

Beside them is ``scipy.integrate.solve_bvp`` with tol=1e-10, which is fast and as accurate. It returns a piecewise polynomial on
two thousand nodes; the network is one smooth function of 16 units that can be differentiated at will.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_bvp
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Dirichlet
from newtonreg.plotting import BasisDisplay, ResidualDisplay, SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)


def heat(X):
    return np.pi**2 * np.sin(np.pi * X[:, 0])


def exact(X):
    return np.sin(np.pi * X[:, 0])


# %%
# Three ways to meet the conditions
# ---------------------------------

X = np.linspace(0, 1, 60)[:, None]
grid = np.linspace(0, 1, 1001)
models = {}
print(f"{'':<12}{'largest error':>14}{'at the ends':>13}{'seconds':>9}")
for how in ("soft", "hard", "exact"):
    ends = [Dirichlet(0.0, 0.0, how=how), Dirichlet(1.0, 0.0, how=how)]
    start = time.perf_counter()
    models[how] = PhysicsRegressor(-D(2), ends, 16, source=heat, random_state=0).fit(X)
    seconds = time.perf_counter() - start
    error = np.abs(models[how].predict(grid[:, None]) - exact(grid[:, None]))
    print(f"{how:<12}{error.max():>14.1e}{error[[0, -1]].max():>13.1e}{seconds:>9.2f}")

# %%
# SciPy
# -----
# A collocation method of fourth order, which refines its mesh until the residual is small everywhere.

start = time.perf_counter()
peer = solve_bvp(
    lambda x, u: np.stack([u[1], -heat(x[:, None])]),
    lambda a, b: np.array([a[0], b[0]]),
    np.linspace(0, 1, 11),
    np.zeros((2, 11)),
    tol=1e-10,
    max_nodes=20_000,
)
seconds = time.perf_counter() - start
peer_error = np.abs(peer.sol(grid)[0] - exact(grid[:, None]))
print(f"{'solve_bvp':<12}{peer_error.max():>14.1e}{peer_error[[0, -1]].max():>13.1e}{seconds:>9.2f}  ({peer.x.size} nodes)")

# %%
# The figure
# ----------
# Upper left: the 16 terms of the network with soft conditions, which are large and cancel. Lower left: its residual, also between
# the collocation points, where nothing was asked of it.

figure, axes = plt.subplots(2, 2, figsize=(12, 7.5), sharex=True, layout="constrained")
BasisDisplay.from_estimator(models["soft"], grid[:, None], ax=axes[0, 0])
axes[0, 0].set(title="Soft conditions: the units and what they add up to", xlabel="")
SolutionDisplay.from_estimator(models["soft"], exact=exact, points=X, ax=axes[0, 1])
axes[0, 1].set(title="The solution", xlabel="")
ResidualDisplay.from_estimator(models["soft"], points=X, ax=axes[1, 0])
axes[1, 0].set_title("Residual of the equation, and collocation points")
for (how, model), color in zip(models.items(), ("#0072B2", "#009E73", "#D55E00"), strict=True):
    SolutionDisplay.from_estimator(model, exact=exact, kind="error", color=color, label=how, ax=axes[1, 1])
axes[1, 1].semilogy(grid, peer_error, color="0.5", linestyle="--", linewidth=1, label=f"solve_bvp, {peer.x.size} nodes")
axes[1, 1].set(title="Error", ylim=(1e-17, 1e-7))
axes[1, 1].legend(fontsize="small", ncols=4, loc="upper center")
figure.savefig("boundary_value_problem.png", dpi=150)
