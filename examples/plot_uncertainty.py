"""
How sure is a fit?
==================

The same two lines, ``NewtonMLPRegressor().fit(X, y)`` and ``predict(X, return_std=True)``, on two kinds of data. No penalty, no
width and no noise level is given: the evidence of the data chooses them.

* **Noisy samples** of sin(2πx). The fit finds the noise and as many units as it supports, and says how far the function may be
  from the prediction: ``return_std="mean"`` is the deviation of the function, ``return_std=True`` that of a new observation.
* **A function without noise**, 1 / (1 + 25x²). The penalties vanish by themselves, and the fit goes on for digits.

The bands are those of a normal distribution around one network, linearized. They know the noise, and what the samples leave open
near that network. To the left and right of the samples they widen, and yet the truth soon leaves them: how the function goes on
there, neither the samples nor the network can know.
"""

import matplotlib.pyplot as plt
import numpy as np
from threadpoolctl import threadpool_limits

from newtonreg import NewtonMLPRegressor

# One BLAS thread: matrices this small only lose time by sharing work.
threadpool_limits(1)

# %%
# Noisy samples
# -------------


def sine(x):
    return np.sin(2 * np.pi * x)


rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-1, 1, 100))
y = sine(x) + 0.2 * rng.standard_normal(100)
noisy = NewtonMLPRegressor(random_state=0).fit(x[:, None], y)

grid = np.linspace(-1.4, 1.4, 561)
mean, of_function = noisy.predict(grid[:, None], return_std="mean")
_, of_observation = noisy.predict(grid[:, None], return_std=True)
inside = np.abs(grid) <= 1
covered = np.mean(np.abs(mean - sine(grid))[inside] < 1.96 * of_function[inside])

n_units, gamma = noisy.units_.shape[1], noisy.effective_n_params_
print(f"width {n_units}, {noisy.units_.size + n_units + 1} parameters, of which the data determine {gamma:.1f}")
print(f"noise {noisy.noise_std_[0]:.3f} (truth 0.2), log evidence {noisy.log_evidence_:.1f}")
print(f"the band of the function holds the truth at {covered:.0%} of the interval")

# %%
# A function without noise
# ------------------------


def bump(x):
    return 1 / (1 + 25 * x**2)


knots = np.linspace(-1, 1, 200)
clean = NewtonMLPRegressor(random_state=0).fit(knots[:, None], bump(knots))
fine = np.linspace(-1, 1, 2001)
error = np.abs(clean.predict(fine[:, None]) - bump(fine))
print(f"clean data: width {clean.units_.shape[1]}, largest error {error.max():.1e}, {clean.status_.message}")

# %%
# The figure
# ----------

BLUE, ORANGE = "#0072B2", "#D55E00"
figure, (left, right) = plt.subplots(1, 2, figsize=(13, 4.6), layout="constrained")
for deviation, alpha, label in (
    (of_observation, 0.12, "95% of new observations"),
    (of_function, 0.35, "95% band of the function"),
):
    low, high = mean - 1.96 * deviation, mean + 1.96 * deviation
    left.fill_between(grid, low, high, color=BLUE, alpha=alpha, linewidth=0, label=label)
left.plot(x, y, "o", color="0.4", markersize=4, label="samples")
left.plot(grid, mean, color=BLUE, label="fit")
left.plot(grid, sine(grid), "k--", linewidth=1, label="truth")
for end in (x[0], x[-1]):
    left.axvline(end, color="0.6", linestyle=":", linewidth=1)
left.set(title=f"Noisy data: {n_units} units, {gamma:.1f} effective parameters", xlabel="x", ylabel="y")
left.legend(loc="upper center", fontsize="small", ncols=3, framealpha=1)
left.set(xlim=(-1.4, 1.4), ylim=(-2.2, 2.7))

right.semilogy(fine, error + 1e-17, color=ORANGE, linewidth=1)
right.set_title(f"1 / (1 + 25x²) without noise: {clean.units_.shape[1]} units")
right.set(xlabel="x", ylabel="|prediction − truth|", ylim=(1e-15, None))
figure.savefig("uncertainty.png", dpi=150)
