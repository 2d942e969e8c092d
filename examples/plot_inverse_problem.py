"""
Coefficients of an equation from noisy data
===========================================

A damped oscillator, u″ + c u′ + k u = 0, is measured at 60 times with a noise of 0.01. What are its damping c and its stiffness
k, and how sure are they? Unknown coefficients are arguments of the equation, and ``coefficients`` says where to start; neither
initial values nor the noise level are given. The fit weights the data so little beside the equation that the solution obeys the
equation, and only then the data. ``coefficient_std_`` follows from the noise that the data themselves show.

Here the solution has a closed form, and nonlinear least squares on it, ``scipy.optimize.curve_fit``, is the best that can be
done. The network, which knows nothing of that form, finds the same estimates and the same standard errors. Of the 95% intervals
of 20 repeats with new noise, about 19 should hold the true value.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import curve_fit
from threadpoolctl import threadpool_limits

from newtonreg import PhysicsRegressor
from newtonreg.physics import Data, collocation
from newtonreg.plotting import SolutionDisplay

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)
TRUTH = {"c": 0.3, "k": 4.0}
END, NOISE, REPEATS = 2 * np.pi, 0.01, 20


def residual(u, du, d2u, c, k):
    return d2u + c * du + k * u


def oscillation(t, c, k, a, b):
    """The closed form, a cosine and a sine that decay."""
    frequency = np.sqrt(k - c**2 / 4)
    return np.exp(-c * t / 2) * (a * np.cos(frequency * t) + b * np.sin(frequency * t))


def exact(X):
    return oscillation(X[:, 0], **TRUTH, a=1.0, b=0.0)


# %%
# One data set
# ------------

times = np.linspace(0, END, 60)
points = collocation.chebyshev((0.0, END), 80)


def measure(seed):
    return exact(times[:, None]) + NOISE * np.random.default_rng(seed).standard_normal(times.size)


def fit(y):
    data = Data(times, y, name="displacement")
    start = {"c": 0.0, "k": 3.0}
    return PhysicsRegressor(residual, data, 15, variables=("t",), coefficients=start, random_state=0).fit(points)


begin = time.perf_counter()
y = measure(0)
model = fit(y)
seconds = time.perf_counter() - begin
closed, covariance = curve_fit(oscillation, times, y, [0.3, 4.0, 1.0, 0.0])
print(f"{'':<6}{'truth':>7}{'estimate':>11}{'std error':>11}{'95% interval':>20}   curve_fit on the closed form")
for i, (name, truth) in enumerate(TRUTH.items()):
    value, deviation = model.coefficients_[name], model.coefficient_std_[name]
    interval = f"[{value - 1.96 * deviation:.4f}, {value + 1.96 * deviation:.4f}]"
    peer = f"{closed[i]:.5f} ± {covariance[i, i] ** 0.5:.5f}"
    print(f"{name:<6}{truth:>7g}{value:>11.5f}{deviation:>11.5f}{interval:>20}   {peer}")
print(f"noise {model.noise_std_['displacement']:.4f} (truth {NOISE}), {seconds:.1f} s")

# %%
# Repeats
# -------

fits = [model, *(fit(measure(seed)) for seed in range(1, REPEATS))]
values, deviations = (
    {name: np.array([getattr(one, field)[name] for one in fits]) for name in TRUTH}
    for field in ("coefficients_", "coefficient_std_")
)
held = {name: np.abs(values[name] - truth) < 1.96 * deviations[name] for name, truth in TRUTH.items()}
for name in TRUTH:
    print(f"{name}: {held[name].sum()} of {REPEATS} intervals hold the truth")

# %%
# The figure
# ----------

BLUE, ORANGE = "#0072B2", "#D55E00"
figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained", width_ratios=(1.7, 1, 1))
SolutionDisplay.from_estimator(model, exact=exact, data=(times, y), ax=axes[0])
axes[0].set(title="60 measurements, and the solution they single out", ylabel="displacement u")
names = {"c": "damping c", "k": "stiffness k"}
for panel, (name, truth) in zip(axes[1:], TRUTH.items(), strict=True):
    for seed in range(REPEATS):
        color = BLUE if held[name][seed] else ORANGE
        panel.errorbar(values[name][seed], seed + 1, xerr=1.96 * deviations[name][seed], fmt="o", markersize=4, color=color)
    panel.axvline(truth, color="black", linestyle="--", linewidth=1)
    panel.set(title=f"{held[name].sum()} of {REPEATS} intervals hold {name} = {truth:g}", xlabel=names[name])
    panel.set_yticks([1, 5, 10, 15, 20])
axes[1].set_ylabel("repeat")
figure.savefig("inverse_problem.png", dpi=150)
