"""
A function from its measured derivatives
========================================

What if not a function but its slopes are measured? Then the equation is the measurement: ``D(1)`` as operator, the slopes as y,
and one value for the constant of integration. Both are linear, so this is as easy as a fit of values.

1. **Slopes along a line**, at 40 random places without noise. A cubic spline through them, integrated, suffers from the gaps; one
   smooth function that has all these slopes keeps many more digits.
2. **Gradients in a plane**, at 500 random places, with noise of 1% of the largest. A surface from its gradients is a system of
   two equations, ``[D("x"), D("y")]``, for one function: no path of integration has to be chosen, and where measured gradients
   contradict each other, least squares decides. A small penalty ``alpha`` keeps the surface from following the noise.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import CubicSpline
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Dirichlet
from newtonreg.plotting import SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)
rng = np.random.default_rng(0)

# %%
# Slopes along a line
# -------------------


def curve(x):
    return np.exp(-x) * np.sin(3 * x)


def slope(x):
    return np.exp(-x) * (3 * np.cos(3 * x) - np.sin(3 * x))


x = np.sort(np.concatenate([[0.0, 4.0], rng.uniform(0, 4, 38)]))
line = PhysicsRegressor(D(1), Dirichlet(0.0, 0.0), random_state=0).fit(x[:, None], slope(x))
grid = np.linspace(0, 4, 1001)
spline = CubicSpline(x, slope(x)).antiderivative()
errors = {"network": np.abs(line.predict(grid[:, None]) - curve(grid)), "spline": np.abs(spline(grid) - curve(grid))}
print("slopes along a line")
for name, error in errors.items():
    print(f"  {name:<9}largest error {error.max():.1e}")

# %%
# Gradients in a plane
# --------------------


def surface(X):
    x, y = X.T
    return np.exp(-(x**2) - y**2) * (x + 0.5 * np.sin(3 * y))


def gradient(X):
    x, y = X.T
    bell, height = np.exp(-(x**2) - y**2), x + 0.5 * np.sin(3 * y)
    return np.stack([bell * (1 - 2 * x * height), bell * (1.5 * np.cos(3 * y) - 2 * y * height)], axis=1)


X = rng.uniform(-2, 2, (500, 2))
size = np.abs(gradient(X)).max()
measured = gradient(X) + 0.01 * size * rng.standard_normal(X.shape)
corner = np.array([[-2.0, -2.0]])
domain = [(-2.0, 2.0), (-2.0, 2.0)]
held = Dirichlet(corner, surface(corner))
plane = PhysicsRegressor([D("x"), D("y")], held, 40, domain=domain, alpha=1e-6, random_state=0).fit(X, measured)

fine = rng.uniform(-2, 2, (4000, 2))
defect = plane.predict(fine) - surface(fine)
print("gradients in a plane")
print(f"  surface:  rms error {np.sqrt(np.mean(defect**2)):.1e}, largest value {np.abs(surface(fine)).max():.2f}")
print(f"  gradient: rms error {np.sqrt(np.mean((plane.predict_derivative(fine) - gradient(fine)) ** 2)):.1e}", end="")
print(f", noise {0.01 * size:.1e}")

# %%
# The figure
# ----------

BLUE, ORANGE = "#0072B2", "#D55E00"
figure, axes = plt.subplots(2, 2, figsize=(12, 8), layout="constrained")
SolutionDisplay.from_estimator(line, exact=lambda X: curve(X[:, 0]), ax=axes[0, 0], label="u from its slopes")
axes[0, 0].plot(grid, line.predict_derivative(grid[:, None]), color="#009E73", label="u′")
axes[0, 0].plot(x, slope(x), "o", color="0.4", markersize=4, label="measured slopes")
axes[0, 0].set(title="Slopes along a line", ylabel="value, slope")
axes[0, 0].legend()
axes[0, 1].semilogy(grid, errors["network"], color=BLUE, linewidth=1, label="network")
axes[0, 1].semilogy(grid, errors["spline"], color="0.5", linestyle="--", linewidth=1, label="integrated spline")
axes[0, 1].set(title="Error of the integral", xlabel="x", ylabel="|u − exact|")
axes[0, 1].legend()
SolutionDisplay.from_estimator(plane, ax=axes[1, 0])
axes[1, 0].quiver(*X.T, *measured.T, color="white", alpha=0.8, width=0.002)
axes[1, 0].set_title("A surface from 500 noisy gradients")
SolutionDisplay.from_estimator(plane, exact=surface, kind="error", points=X, ax=axes[1, 1])
axes[1, 1].set_title("Its error")
figure.savefig("derivative_data.png", dpi=150)
