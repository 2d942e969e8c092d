"""
Fitting a curve
===============

A sum of two exponentials, y = a exp(−λ t) + b exp(−μ t), from noisy samples: a problem that is nearly singular, because two
exponentials of similar rates look alike. Two solvers of least squares fit it from the same poor starting values:

* **Levenberg–Marquardt** searches a, λ, b and μ together.
* **Variable projection** knows that a and b enter linearly (``outer``), computes the best ones for every λ and μ, and searches
  those two alone: what a and b start from does not matter. A trial evaluates r twice, before and after a and b are solved for.

Both end at the same parameters, and the triangle R of the Jacobian gives their standard errors: s² (RᵀR)⁻¹ is the covariance,
with s² = ‖r‖² / (n − p).
"""

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import t as student

from newtonreg import LeastSquares, LevenbergMarquardt, VariableProjection, minimize

# %%
# The data
# --------

NAMES = ("a", "λ", "b", "μ")
TRUTH = np.array([3.0, 2.5, 1.5, 0.4])


def curve(parameters, t):
    a, fast, b, slow = parameters
    return a * anp.exp(-fast * t) + b * anp.exp(-slow * t)


rng = np.random.default_rng(1)
t = np.linspace(0, 6, 25)
y = curve(TRUTH, t) + 0.15 * rng.standard_normal(25)

# %%
# Two fits
# --------
# ``criticality`` is the cosine of the angle between the residuals and the tangent space of the curve; a fit has converged where
# it is below 1e-10, the default for least squares. A callback keeps it after every trial.

START = np.array([1.0, 5.0, 1.0, 0.1])
SOLVERS = {"Levenberg–Marquardt": LevenbergMarquardt(), "variable projection": VariableProjection()}


def fit(solver):
    """The objective, the result, and the criticality after every trial."""
    objective = LeastSquares(lambda parameters: curve(parameters, t) - y, outer=[0, 2])
    convergence = []

    def remember(record, run):
        convergence.append(run.state.point.criticality)

    return objective, minimize(objective, START, solver, callbacks=[remember]), convergence


fits = {name: fit(solver) for name, solver in SOLVERS.items()}
for name, (_, result, _) in fits.items():
    print(f"{name:<20} {result.nit} trials, {result.nfev} values, {result.njev} Jacobians: {result.message}")

# %%
# Standard errors
# ---------------
# An error of the fitted curve follows from that of the parameters: its variance at t is gᵀCg with C the covariance and g the
# gradient of the curve by the parameters.

objective, result, _ = fits["Levenberg–Marquardt"]
point = objective.at(result.x)
freedom = len(t) - len(result.x)
inverse = np.linalg.inv(point.square_root.r)
covariance = 2 * point.value / freedom * inverse @ inverse.T
errors = np.sqrt(np.diag(covariance))
for name, truth, value, error in zip(NAMES, TRUTH, result.x, errors, strict=True):
    print(f"{name} = {value:.3f} ± {error:.3f}   (truth {truth})")

fine = np.linspace(0, 6, 400)
a, fast, b, slow = result.x
decays = np.exp(-fast * fine), np.exp(-slow * fine)
slopes = np.column_stack([decays[0], -a * fine * decays[0], decays[1], -b * fine * decays[1]])
band = student.ppf(0.975, freedom) * np.sqrt(((slopes @ covariance) * slopes).sum(axis=1))

# %%
# The figure
# ----------

BLUE, ORANGE = "#0072B2", "#D55E00"
figure = plt.figure(figsize=(14, 4.8), layout="constrained")
panels = figure.subplot_mosaic(
    [["fit", "intervals", "convergence"], ["rest", "intervals", "convergence"]], height_ratios=(1.5, 1)
)

best = curve(result.x, fine)
for axes, zero, data in ((panels["fit"], 0 * fine, y), (panels["rest"], best, y - curve(result.x, t))):
    axes.fill_between(
        fine, best - band - zero, best + band - zero, color=BLUE, alpha=0.25, linewidth=0, label="95% confidence band"
    )
    axes.plot(t, data, "o", color="0.4", markersize=4, label="samples")
    axes.plot(fine, best - zero, color=BLUE, label="fit")
    axes.plot(fine, curve(TRUTH, fine) - zero, "k--", linewidth=1, label="truth")
panels["fit"].set(title="Two exponentials", ylabel="y")
panels["fit"].tick_params(labelbottom=False)
panels["fit"].legend()
panels["rest"].set(xlabel="t", ylabel="y − fit")

axes, rows = panels["intervals"], np.arange(len(NAMES))
axes.axvline(0, color="k", linestyle="--", linewidth=1)
axes.errorbar(result.x - TRUTH, rows, xerr=student.ppf(0.975, freedom) * errors, fmt="o", color=BLUE, capsize=4)
axes.set_yticks(rows, [f"{name} = {value:.2f}" for name, value in zip(NAMES, result.x, strict=True)])
axes.set(title="Parameters, 95% intervals", xlabel="estimate − truth", ylim=(3.5, -0.5))
axes.locator_params(axis="x", nbins=5)

axes = panels["convergence"]
for (name, (_, _, convergence)), color, style in zip(fits.items(), (BLUE, ORANGE), ("o-", "s--"), strict=True):
    axes.semilogy(convergence, style, color=color, markersize=5, label=name)
axes.axhline(1e-10, color="0.5", linestyle=":")
axes.annotate("converged", (0, 1e-10), (0, 4), textcoords="offset points", color="0.4")
axes.set(title="Convergence", xlabel="trial", ylabel="criticality", ylim=(None, 50))
axes.legend(loc="upper right")
figure.savefig("curve_fitting.png", dpi=150)
