"""
Two standing waves
==================

u_tt = 4 u_xx on [0, 1]², walls at rest, and at t = 0 two modes at rest: u = sin πx + ½ sin 5πx. The second mode goes through five
periods while the first goes through one. This problem is known to be hard for networks: deep ones end at a relative L2 error of
5.5e-2 with Adam and L-BFGS, and at 1.3e-2 with Newton steps by conjugate gradients after those (Rathore et al., *Challenges in
training PINNs: a loss landscape perspective*, ICML 2024).

The equation is linear, so one hidden layer and variable projection suffice, and they go on to many more digits. The equation also
says where to start: ridge functions along its characteristics, x ± 2t, solve it whatever their shape, and the initial comparison
of units tries some of those.

Derivatives of the solution come in closed form. The right panel integrates the energy ½∫(u_t² + 4u_x²) dx from them, which must
not change in time.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import D, Dirichlet, Initial, collocation
from newtonreg.plotting import SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)


def start_shape(X):
    return np.sin(np.pi * X[:, 0]) + 0.5 * np.sin(5 * np.pi * X[:, 0])


def exact(X):
    x, t = X.T
    first = np.sin(np.pi * x) * np.cos(2 * np.pi * t)
    return first + 0.5 * np.sin(5 * np.pi * x) * np.cos(10 * np.pi * t)


# %%
# The fit
# -------

domain = [(0.0, 1.0), (0.0, 1.0)]
wave = D("t", "t") - 4 * D("x", "x")
conditions = [Initial({"t": 0.0}, [start_shape, 0.0]), Dirichlet({"x": 0.0}), Dirichlet({"x": 1.0})]
X = collocation.chebyshev(domain, 30)
begin = time.perf_counter()
model = PhysicsRegressor(wave, conditions, 100, variables=("x", "t"), random_state=0).fit(X)
seconds = time.perf_counter() - begin

fine = collocation.uniform(domain, 201)
truth = exact(fine)
error = model.predict(fine) - truth
print(f"{model.units_.shape[1]} units, {len(X)} collocation points, {model.n_iter_} trials, {seconds:.1f} s")
print(f"relative L2 error {np.linalg.norm(error) / np.linalg.norm(truth):.1e}; published 1.3e-2 (Adam, L-BFGS, then Newton-CG)")
print("weights of the conditions:", {name: f"{weight:.3g}" for name, weight in model.condition_weights_.items()})

# %%
# The energy
# ----------

nodes, weights = np.polynomial.legendre.leggauss(60)
times = np.linspace(0, 1, 101)
where = np.stack(np.meshgrid(0.5 + 0.5 * nodes, times), axis=-1).reshape(-1, 2)
u_x, u_t = model.predict_derivative(where).T
energy = (0.5 * (u_t**2 + 4 * u_x**2)).reshape(101, 60) @ (0.5 * weights)
drift = np.abs(energy / (7.25 * np.pi**2) - 1)
print(f"energy {energy[0]:.10f} (exact {7.25 * np.pi**2:.10f}), largest relative drift {drift.max():.1e}")

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.4), layout="constrained", width_ratios=(1.15, 1.15, 1))
SolutionDisplay.from_estimator(model, variables=("t", "x"), ax=left)
left.set_title("Solution")
SolutionDisplay.from_estimator(model, exact=exact, kind="error", variables=("t", "x"), ax=middle)
middle.set_title("Error")
right.semilogy(times, drift + 1e-17, color="#0072B2")
right.set(title="Energy: drift from its exact value", xlabel="t", ylabel="|E(t) / E − 1|")
figure.savefig("wave_equation.png", dpi=150)
