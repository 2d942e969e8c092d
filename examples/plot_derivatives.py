"""
Derivatives of a fitted function
================================

``predict_derivative`` differentiates the fitted network in its inputs, in closed form and in the user's units: first derivatives
with ``order=1``, second derivatives with ``order=2``. No step size is chosen and nothing is subtracted, so derivatives of an
accurate fit are accurate too: here each order costs about two digits, most of them at the ends of the interval.

Here the network sees only values of a function, and its slope and curvature are compared with the true ones. Then the same in two
dimensions, where the second derivatives are a Hessian matrix for every point.
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import NewtonMLPRegressor

# %%
# One dimension
# -------------
# f(x) = exp(−x²) sin 3x on [-2, 2], known at 200 points.


def f(x):
    return np.exp(-(x**2)) * np.sin(3 * x)


def slope(x):
    return np.exp(-(x**2)) * (3 * np.cos(3 * x) - 2 * x * np.sin(3 * x))


def curvature(x):
    return np.exp(-(x**2)) * ((4 * x**2 - 11) * np.sin(3 * x) - 12 * x * np.cos(3 * x))


x_train = np.linspace(-2, 2, 200)
model = NewtonMLPRegressor(15, random_state=0).fit(x_train[:, None], f(x_train))

x = np.linspace(-2, 2, 801)
X = x[:, None]
curves = {
    "f": (f(x), model.predict(X)),
    "f′": (slope(x), model.predict_derivative(X)[:, 0]),
    "f″": (curvature(x), model.predict_derivative(X, order=2)[:, 0, 0]),
}
print("one dimension")
for name, (truth, fitted) in curves.items():
    print(f"  {name:<3} largest error {np.abs(fitted - truth).max():.1e}, largest value {np.abs(truth).max():.1f}")

# %%
# Two dimensions
# --------------
# g(x) = sin(x₁) cos(x₂): the gradient has shape (n, 2), the Hessian (n, 2, 2), and the Laplacian is its trace, −2 g.

rng = np.random.default_rng(0)
points = rng.uniform(-2, 2, (600, 2))
surface = NewtonMLPRegressor(20, random_state=0).fit(points, np.sin(points[:, 0]) * np.cos(points[:, 1]))

fresh = rng.uniform(-2, 2, (2000, 2))
a, b = fresh.T
gradient = surface.predict_derivative(fresh)
hessian = surface.predict_derivative(fresh, order=2)
laplacian = np.trace(hessian, axis1=1, axis2=2)
true_gradient = np.column_stack([np.cos(a) * np.cos(b), -np.sin(a) * np.sin(b)])
print("two dimensions")
print(f"  gradient  largest error {np.abs(gradient - true_gradient).max():.1e}")
print(f"  Laplacian largest error {np.abs(laplacian + 2 * np.sin(a) * np.cos(b)).max():.1e}")

# %%
# The figure
# ----------

figure, axes = plt.subplots(2, 3, figsize=(12, 5.5), sharex=True, layout="constrained", height_ratios=(2, 1))
for (name, (truth, fitted)), (top, bottom) in zip(curves.items(), axes.T, strict=True):
    top.plot(x, fitted, color="#0072B2", label="network")
    top.plot(x, truth, "--", color="k", label="truth")
    top.set_title(name)
    bottom.semilogy(x, np.abs(fitted - truth) + 1e-16, color="#D55E00")
    bottom.set_xlabel("x")
axes[0, 0].legend()
axes[0, 0].set_ylabel("value")
axes[1, 0].set_ylabel("|error|")
figure.savefig("derivatives.png", dpi=150)
