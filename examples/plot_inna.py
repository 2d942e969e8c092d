"""
INNA: inertia with Newtonian damping
====================================

A ball that rolls on F with two kinds of friction,

    ẍ + α ẋ + β ∇²F ẋ + ∇F = 0,

is slowed by α everywhere, and by β in proportion to the curvature along its way. Written in x and ψ, with ψ' = x' + β ∇F, this
needs no second derivative; ``INNA`` takes its explicit Euler steps, one gradient each.

Left and in the middle are four pairs (α, β) in a bent valley, beside gradient descent with the same step length. With little
friction the ball climbs the walls and runs past the minimum; with β = 1 the walls hold it, and it still has momentum along the
valley. A minimum is approached in oscillations along directions with a curvature between (2 − αβ ∓ 2√(1 − αβ))/β², and without
along the others.

On the right they start about 1e-12 from the saddle of x⁴ − 4x² + y² at the origin, where the gradient is all but zero, and leave
it by a constant factor a step: 1 + γμ with μ² + (α + βL) μ + L = 0, L = −8 the curvature along x. Newtonian damping pushes where
curvature is negative, so with β = 1 INNA is a little quicker than gradient descent, and with small β much slower. The first step
goes along −∇F here (``initial_speed=1``).
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import INNA, Analytic, minimize
from newtonreg.solvers import GradientDescent

# %%
# The functions
# -------------


def valley(w):
    return 0.5 * (w[0] - 1.5) ** 2 + 2 * (w[1] - 0.5 * w[0] ** 2) ** 2


def valley_gradient(w):
    bend = 4 * (w[1] - 0.5 * w[0] ** 2)
    return np.array([w[0] - 1.5 - bend * w[0], bend])


def saddle(w):
    return w[0] ** 4 - 4 * w[0] ** 2 + w[1] ** 2


def saddle_gradient(w):
    return np.array([4 * w[0] ** 3 - 8 * w[0], 2 * w[1]])


# %%
# The runs
# --------
# A step length γ that stays the same: ``decay_power=0`` is for gradients without noise.

GAMMA = 0.02
METHODS = {
    "α = 0.1, β = 0.1": ((0.1, 0.1), {"color": "#E69F00"}),
    "α = 0.5, β = 0.1": ((0.5, 0.1), {"color": "#0072B2"}),
    "α = 0.5, β = 0.5": ((0.5, 0.5), {"color": "#009E73"}),
    "α = 0.5, β = 1": ((0.5, 1.0), {"color": "#D55E00"}),
    "gradient descent": (None, {"color": "k", "linestyle": ":"}),
}


def make_solver(pair, initial_speed=None):
    if pair is None:
        return GradientDescent(learning_rate=GAMMA, momentum=0.0)
    alpha, beta = pair
    return INNA(learning_rate=GAMMA, alpha=alpha, beta=beta, decay_power=0.0, initial_speed=initial_speed)


def run(function, gradient, start, solver, n_steps):
    """All points of a run, (n_steps + 1, 2)."""
    path = []

    def remember(record, run):
        path.append(run.state.params)

    objective = Analytic(function, n_params=2, gradient=gradient)
    # patience: a run that climbs out of a dip on the other side is not at its end
    minimize(objective, start, solver, max_iter=n_steps, patience=n_steps, callbacks=[remember])
    return np.array(path)


def escapes(solver, starts, n_steps=550):
    """Median of |x| over the starts, after 0, 1, … steps; a run that is at the bottom stays there."""
    paths = [np.abs(run(saddle, saddle_gradient, start, solver, n_steps)[:, 0]) for start in starts]
    return np.median([np.pad(path, (0, n_steps + 1 - len(path)), mode="edge") for path in paths], axis=0)


start = np.array([-2.0, 3.2])
starts = 1e-12 * np.random.default_rng(0).standard_normal((9, 2))
paths = {name: run(valley, valley_gradient, start, make_solver(pair), 1200) for name, (pair, _) in METHODS.items()}
away = {name: escapes(make_solver(pair, initial_speed=1.0), starts) for name, (pair, _) in METHODS.items()}

print(f"{'':<18} {'steps to F < 1e-3':>18} {'steps to leave the saddle':>26}")
for name, path in paths.items():
    n_steps = np.flatnonzero(valley(path.T) > 1e-3)[-1] + 1
    reached = n_steps if n_steps < len(path) else "-"
    print(f"{name:<18} {reached:>18} {np.argmax(away[name] > 0.5):>26}")

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
x, y = np.meshgrid(np.linspace(-2.7, 2.7, 300), np.linspace(-1.4, 3.6, 300))
left.contour(x, y, np.log10(valley((x, y)) + 1e-2), 18, colors="0.82", linestyles="solid", linewidths=0.7)
for name, (_, style) in METHODS.items():
    left.plot(*paths[name].T, linewidth=1.3, **style)
    middle.semilogy(np.maximum(valley(paths[name].T), 1e-12), label=name, **style)
    right.semilogy(away[name], **style)
left.plot(*start, "D", color="k")
left.plot(1.5, 1.125, "*", color="#CC79A7", markersize=15, markeredgecolor="white", zorder=3)
left.set(title="Paths in a valley", xlabel="x", ylabel="y")
middle.set(title="… and the way down", xlabel="step", ylabel="F", ylim=(1e-9, None))
right.set(title="Leaving a saddle: median of nine starts", xlabel="step", ylabel="|x|")
figure.legend(*middle.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
figure.savefig("inna.png", dpi=150)
