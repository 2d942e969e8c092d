"""
Games
=====

In min over x, max over y of f(x, y) each player follows its own gradient, and the field F = (∇ₓf, −∇ᵧf) of both together is the
gradient of nothing. On f = x y it turns around the solution, and plain steps spiral out. Two players meet in a second example:
one fits a line, the other picks the weights of the rows that make the fit look worst.
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import minimize
from newtonreg.games import (
    ExtraGradient,
    Game,
    GradientDescentAscent,
    NewtonStep,
    OptimisticGradient,
    Product,
    ProximalPoint,
    Simplex,
)

# %%
# f = x y
# -------
# ``minimize`` runs the steppers: a game poses as an objective whose gradient is F.

STEP = 0.3
STEPPERS = {
    "gradient descent–ascent": GradientDescentAscent(STEP),
    "extragradient": ExtraGradient(STEP),
    "optimistic gradient": OptimisticGradient(STEP),
    "proximal point": ProximalPoint(STEP),
    "Newton": NewtonStep(),
}


def path(stepper, n_steps=25):
    """Points (n, 2) from (1, 0.5) on."""
    points = []
    game = Game.from_saddle(lambda x, y: x[0] * y[0], 1, 1)
    minimize(game, np.array([1.0, 0.5]), stepper, max_iter=n_steps, callbacks=[lambda _, run: points.append(run.state.params)])
    return np.array(points)


paths = {name: path(stepper) for name, stepper in STEPPERS.items()}
for name, points in paths.items():
    norms = np.linalg.norm(points, axis=1)
    factor = norms[-1] / norms[-2]
    print(f"{name:24s} {len(points) - 1:2d} steps, distance {norms[0]:.3f} -> {norms[-1]:.3f}, the last step by {factor:.6f}")

# %%
# A line against the worst weights of its rows
# --------------------------------------------
# min over w, max over u of Σ u_i (y_i − x_iᵀw)² − ½ μ Σ (u_i − 1)², where the weights u_i ≥ 0 sum to n. With a large μ they
# stay near 1 and w is the least-squares fit; the smaller μ, the more weight rows with large residuals get. F is monotone, the
# saddle unique in u, and ``NewtonStep`` is there in a few steps, from the solution for the μ before.
#
# What that buys depends on which rows those are. If they are a **minority** that obeys another law, its errors fall, and those of
# the majority rise. If they are **outliers**, the fit is drawn to rows that say nothing: the opposite of robust regression.

N_ROWS = 200
RIVALRIES = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""μ in units of the variance σ², the mean squared residual of least squares."""


def reweighting_game(X, y, mu):
    """The game on z = (w, u), over n."""
    n, d = X.shape

    def gradient(z):
        r, u = y - X @ z[:d], z[d:]
        return np.concatenate([-2 * X.T @ (u * r), r * r - mu * (u - 1)]) / n

    def hessian(z):
        r, u = y - X @ z[:d], z[d:]
        mixed = -2 * X.T * r
        return np.block([[2 * X.T * u @ X, mixed], [mixed.T, -mu * np.eye(n)]]) / n

    def function(w, u):
        return (u @ (y - X @ w) ** 2 - 0.5 * mu * ((u - 1) ** 2).sum()) / n

    return Game.from_saddle(function, d, n, gradient, hessian, Product([(None, d), (Simplex(float(n)), n)]))


def data(case, rng):
    """X (n, 2), y (n,) and which rows are special: a tenth with another slope, or a twentieth lifted far off the line."""
    x = rng.uniform(-1, 1, N_ROWS)
    y, special = 1 + 2 * x + 0.3 * rng.normal(size=N_ROWS), np.zeros(N_ROWS, dtype=bool)
    if case == "minority":
        special[: N_ROWS // 10] = True
        y[special] -= 3 * x[special]
    else:
        special[: N_ROWS // 20] = True
        y[special] += rng.choice([4.0, 6.0], size=special.sum())
    return np.stack([np.ones(N_ROWS), x], axis=1), y, special


def fits(X, y):
    """{μ in units of σ²: (w, u, Newton steps)}, least squares first."""
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    z, variance = np.concatenate([w, np.ones(len(y))]), ((y - X @ w) ** 2).mean()
    found = {np.inf: (w, z[2:], 0)}
    for rivalry in RIVALRIES:
        mu = rivalry * variance
        # the unit of the natural map in which the player of the weights moves by its whole answer
        run = minimize(reweighting_game(X, y, mu), z, NewtonStep(len(y) / mu), gtol=1e-10, max_iter=100)
        assert run.success, run.message
        z = run.x
        found[rivalry] = z[:2], z[2:], run.nit
    return found


def rms(residuals):
    return np.sqrt((residuals**2).mean())


# %%
# Errors are measured on new rows of both laws. For the minority its own error is what counts; what outliers cost is seen in the
# error of the other rows.

tests = {case: data(case, np.random.default_rng(1)) for case in ("minority", "outliers")}
results = {}
for case in tests:
    X, y, special = data(case, np.random.default_rng(0))
    X_test, y_test, special_test = tests[case]
    results[case] = fits(X, y), X, y, special, []
    print(f"\n{case}: RMS error on new rows")
    for rivalry, (w, u, n_steps) in results[case][0].items():
        r = y_test - X_test @ w
        errors = rms(r[~special_test]), rms(r[special_test])
        results[case][-1].append(errors)
        print(
            f"  mu = {rivalry:5.1f} variances, {n_steps} Newton steps: other rows {errors[0]:.3f}, {case} {errors[1]:.3f}; "
            f"{special.mean():.0%} of the rows have {u[special].sum() / len(u):.0%} of the weight, "
            f"{(u == 0).sum()} rows none"
        )

# %%
# The figure
# ----------

figure, axes = plt.subplots(1, 3, figsize=(14, 4.6), layout="constrained")
styles = [("#D55E00", "o"), ("#0072B2", "s"), ("#009E73", "^"), ("#CC79A7", "v"), ("black", "D")]
for (name, points), (color, marker) in zip(paths.items(), styles, strict=True):
    axes[0].plot(*points.T, color=color, marker=marker, markersize=4, linewidth=1, label=name)
axes[0].plot(0, 0, "k*", markersize=14)
axes[0].set(
    title=f"f = x y, steps of η = {STEP:g}", xlabel="x (minimizes)", ylabel="y (maximizes)", xlim=(-3, 3.4), ylim=(-5.2, 3.2)
)
axes[0].legend(fontsize="small", loc="lower left")

line = np.array([-1.0, 1.0])
for panel, (case, (found, X, y, special, _)) in zip(axes[1:], results.items(), strict=True):
    weights = found[1.0][1]
    panel.scatter(X[~special, 1], y[~special], s=8 + 12 * weights[~special], color="0.6", label="other rows")
    panel.scatter(X[special, 1], y[special], s=8 + 12 * weights[special], color="#D55E00", label=case)
    for rivalry, style in ((np.inf, "-"), (3.0, "--"), (1.0, ":")):
        w = found[rivalry][0]
        name = "least squares" if rivalry == np.inf else f"worst weights, μ = {rivalry:g} σ²"
        panel.plot(line, w[0] + w[1] * line, color="#0072B2", linestyle=style, linewidth=2, label=name)
    changes = [" → ".join(f"{errors[part]:.2f}" for errors in (results[case][-1][0], results[case][-1][4])) for part in (1, 0)]
    panel.set(title=f"RMS on new rows, least squares → μ = σ²:\n{case} {changes[0]}, others {changes[1]}", xlabel="x", ylabel="y")
    panel.legend(fontsize="small", loc="upper left")
axes[1].annotate("area of a point: its weight at μ = σ²", (0.98, 0.02), xycoords="axes fraction", ha="right", fontsize="small")
figure.savefig("games.png", dpi=150)
