"""
An initial value problem
========================

Van der Pol's oscillator, u″ − (1 − u²) u′ + u = 0 with u(0) = 2 and u′(0) = 0, for 0 ≤ t ≤ 2π, most of a turn around its limit
cycle. The equation is a plain function whose arguments say what they are, ``residual(u, du, d2u)``; its partial derivatives come
from autograd, those of the network in closed form, so Levenberg–Marquardt sees an exact Jacobian.

``scipy.integrate.solve_ivp`` marches from step to step, and its error grows with the way. The network is fitted to all times at
once. It takes seconds where an integrator takes milliseconds. What they buy is one smooth function with closed-form derivatives
of any order, here drawn against u, and the freedom to add unknown coefficients or measured data to the same fit, see
``plot_inverse_problem.py``.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import Initial, collocation
from newtonreg.plotting import ResidualDisplay, SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)
END = 2 * np.pi


def residual(u, du, d2u):
    return d2u - (1 - u**2) * du + u


def system(t, state):
    u, du = state
    return [du, (1 - u**2) * du - u]


# %%
# The network
# -----------
# 40 units at 120 Chebyshev points, which are dense at the ends.

T = collocation.chebyshev((0.0, END), 120)
start = time.perf_counter()
model = PhysicsRegressor(residual, Initial(0.0, [2.0, 0.0]), 40, variables=("t",), random_state=0).fit(T)
seconds = {"network": time.perf_counter() - start}

# %%
# Integrators, and a reference
# ----------------------------

grid = np.linspace(0, END, 1001)
reference = solve_ivp(system, (0, END), [2.0, 0.0], method="DOP853", rtol=1e-13, atol=1e-15, dense_output=True).sol
solutions = {"network": model.predict(grid[:, None])}
for name, options in (("solve_ivp, defaults", {}), ("solve_ivp, rtol=1e-8", {"rtol": 1e-8, "atol": 1e-10})):
    start = time.perf_counter()
    solutions[name] = solve_ivp(system, (0, END), [2.0, 0.0], t_eval=grid, **options).y[0]
    seconds[name] = time.perf_counter() - start

truth = reference(grid)[0]
errors = {name: np.abs(values - truth) for name, values in solutions.items()}
print(f"{'':<22}{'relative L2 error':>18}{'largest error':>15}{'seconds':>9}")
for name, error in errors.items():
    relative = np.linalg.norm(error) / np.linalg.norm(truth)
    print(f"{name:<22}{relative:>18.1e}{error.max():>15.1e}{seconds[name]:>9.3f}")
print(f"{model.units_.shape[1]} units, {model.n_iter_} trials")

# %%
# The figure
# ----------

BLUE, ORANGE = "#0072B2", "#D55E00"
figure, axes = plt.subplots(2, 2, figsize=(12, 7.5), layout="constrained")
SolutionDisplay.from_estimator(model, exact=lambda X: reference(X[:, 0])[0], points=T, ax=axes[0, 0])
axes[0, 0].set_title("Van der Pol's oscillator")

slope, acceleration = (model.predict_derivative(grid[:, None], order) for order in (1, 2))
axes[0, 1].plot(solutions["network"], slope, color=BLUE, label="u′")
axes[0, 1].plot(solutions["network"], acceleration, color="#009E73", label="u″")
axes[0, 1].plot(2.0, 0.0, "o", color="black", label="start")
axes[0, 1].set(title="Derivatives of the network against u", xlabel="u", ylabel="derivative")
axes[0, 1].legend()

ResidualDisplay.from_estimator(model, points=T, ax=axes[1, 0])
axes[1, 0].set_title("Residual of the equation, and collocation points")

styles = {"network": (BLUE, "-"), "solve_ivp, defaults": ("0.5", ":"), "solve_ivp, rtol=1e-8": ("0.2", "--")}
for name, (color, dashes) in styles.items():
    axes[1, 1].semilogy(grid, errors[name], dashes, color=color, linewidth=1.2, label=name)
axes[1, 1].set(title="Error", xlabel="t", ylabel="|u − reference|", ylim=(1e-16, 1e2))
axes[1, 1].legend(fontsize="small", ncols=3, loc="upper center")
figure.savefig("initial_value_problem.png", dpi=150)
