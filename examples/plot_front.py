"""
A front, on units that are drawn anew
=====================================

Burgers' equation u_t + u u_x = ν u_xx with ν = 0.02/π forms a front at x = 0 that is 0.02 wide. Nobody tells the fit where. On
400 units or more ``PhysicsRegressor`` solves a sequence of linear equations instead (Newton's method in function space), first on
a tenth of the time, then on longer and longer intervals. Each has units of its own, drawn where the function known so far varies:
the lines on the left are where some of the last ones rise. Only their coefficients are solved for.

On the right: the solution at four times, and its error against the integral of Cole and Hopf. More units make it smaller, see
``benchmarks/run_physics.py wide``.
"""

import time

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import PhysicsRegressor
from newtonreg.physics import Dirichlet, Initial, collocation

NU = 0.02 / np.pi
DOMAIN = [(-1.0, 1.0), (0.0, 1.0)]


def residual(u, u_t, u_x, u_xx):
    return u_t + u * u_x - NU * u_xx


def exact(X):
    """Trapezoidal rule for Cole and Hopf's integral."""
    x, t, z = X[:, :1], X[:, 1:], 0.125 * np.arange(-96, 97)
    angle = np.pi * (x - np.sqrt(4 * NU * t) * z)
    exponent = -np.cos(angle) / (2 * np.pi * NU) - z**2
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return -(np.sin(angle) * weight).sum(axis=1) / weight.sum(axis=1)


# %%
# Fit
# ---

conditions = [
    Initial({"t": 0.0}, lambda X: -np.sin(np.pi * X[:, 0])),
    Dirichlet({"x": -1.0}),
    Dirichlet({"x": 1.0}),
]
model = PhysicsRegressor(residual, conditions, 1000, variables=("x", "t"), max_iter=3, random_state=0)
begin = time.perf_counter()
model.fit(collocation.uniform(DOMAIN, [60, 30]))
fine = collocation.uniform(DOMAIN, 151)
error = np.linalg.norm(model.predict(fine) - exact(fine)) / np.linalg.norm(exact(fine))
print(f"{model.units_.shape[1]} units, {time.perf_counter() - begin:.1f} s, relative error {error:.1e}")

# %%
# Look
# ----

figure, (left, upper, lower) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
image = left.pcolormesh(
    *np.meshgrid(*[np.linspace(*ends, 151) for ends in DOMAIN], indexing="ij"), model.predict(fine).reshape(151, 151), cmap="RdBu"
)
figure.colorbar(image, ax=left, label="u")
weights, bias, t = model.coefs_[0], model.intercepts_[0], np.array([0.0, 1.0])
for unit in range(0, 1000, 10):
    left.plot(-(weights[1, unit] * t + bias[unit]) / weights[0, unit], t, "k", linewidth=0.4)
left.set(xlim=DOMAIN[0], ylim=DOMAIN[1], xlabel="x", ylabel="t", title="solution, and where every tenth unit rises")

x = np.unique(np.concatenate([np.linspace(-1.0, 1.0, 201), np.linspace(-0.05, 0.05, 201)]))
for instant in (0.1, 0.25, 0.4, 1.0):
    X = np.column_stack([x, np.full_like(x, instant)])
    upper.plot(x, model.predict(X), label=f"t = {instant}")
    lower.semilogy(x, np.abs(model.predict(X) - exact(X)), label=f"t = {instant}")
upper.set(xlabel="x", ylabel="u", title="solution")
lower.set(xlabel="x", ylabel="|error|", title="error")
lower.legend()
figure.savefig("front.png", dpi=120)
