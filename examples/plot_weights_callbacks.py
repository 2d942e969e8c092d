"""
Sample weights, early stopping, callbacks
=========================================

Three ways to steer or to watch a fit:

* ``sample_weight``: where the noise level of every sample is known, weights 1/σ² make the precise ones count.
* ``early_stopping``: rows are held out, and the parameters are kept that were best on them. It works with every solver.
* scikit-learn's callbacks: a ``ScoringMonitor`` scores the fit after every iteration, a ``ProgressBar`` shows it (with rich
  installed), and a callback of one's own can stop it.
"""

import importlib.util

import matplotlib.pyplot as plt
import numpy as np
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.metrics import root_mean_squared_error

from newtonreg import NewtonMLPRegressor

rng = np.random.default_rng(0)
x = rng.uniform(-1, 1, 200)
X = x[:, None]
grid = np.linspace(-1, 1, 401)[:, None]


def f(x):
    return np.sin(2 * np.pi * x)


def error(model):
    return root_mean_squared_error(f(grid[:, 0]), model.predict(grid))


# %%
# Sample weights
# --------------
# About half of the samples carry ten times the noise of the others. A weight of 2 is a row given twice, so the sum of the weights
# is the number of observations that the evidence counts: they are scaled to a mean of 1.

sigma = np.where(rng.uniform(size=200) < 0.5, 0.05, 0.5)
y_uneven = f(x) + sigma * rng.standard_normal(200)
weights = 1 / sigma**2
weights /= weights.mean()

plain = NewtonMLPRegressor(random_state=0).fit(X, y_uneven)
weighted = NewtonMLPRegressor(random_state=0).fit(X, y_uneven, sample_weight=weights)
print(f"test RMSE without weights {error(plain):.3f}, with weights {error(weighted):.3f}")

# %%
# Early stopping
# --------------
# A network that is much too large for 60 samples, without a penalty. Penalties that follow the evidence, the default, need no
# held-out rows.

X_few, y_few = X[:60], f(x[:60]) + 0.3 * rng.standard_normal(60)
settings = {"hidden_layer_sizes": 30, "n_restarts": 1, "random_state": 0}
to_the_end = NewtonMLPRegressor(alpha=0.0, **settings).fit(X_few, y_few)
stopped = NewtonMLPRegressor(alpha=0.0, early_stopping=True, validation_fraction=0.3, **settings).fit(X_few, y_few)
penalized = NewtonMLPRegressor(**settings).fit(X_few, y_few)
for name, model in (("to the end", to_the_end), ("stopped early", stopped), ("with evidence", penalized)):
    print(f"test RMSE {name} {error(model):.3f}, {model.n_iter_} iterations")
print(f"validation R² of the parameters kept {stopped.best_validation_score_:.3f}")

# %%
# Callbacks
# ---------
# A callback is any object with these four methods; ``on_fit_task_end`` may return True to stop. Here it counts iterations.


class StopAfter:
    """Stop a fit after a number of iterations."""

    def __init__(self, n_iter):
        self.n_iter = n_iter

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        return context.task_name == "iteration" and context.task_id + 1 >= self.n_iter


monitor = ScoringMonitor(scoring="r2")
callbacks = [monitor, StopAfter(15)] + ([ProgressBar()] if importlib.util.find_spec("rich") else [])
watched = NewtonMLPRegressor(10, alpha=0.1, n_restarts=1, random_state=0).set_callbacks(*callbacks).fit(X, y_uneven)
scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "iteration"]
print(f"stopped by a callback after {watched.n_iter_} iterations; R² went from {scores[0]:.3f} to {scores[-1]:.3f}")

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
left.plot(x, y_uneven, ".", color="0.75", label="samples")
left.plot(x[sigma < 0.1], y_uneven[sigma < 0.1], ".", color="0.4", label="precise samples")
left.plot(grid, plain.predict(grid), "--", color="#D55E00", label="without weights")
left.plot(grid, weighted.predict(grid), color="#0072B2", label="with weights")
left.set(title="Sample weights", xlabel="x", ylabel="y")
middle.plot(X_few, y_few, ".", color="0.6", label="samples")
middle.plot(grid, to_the_end.predict(grid), "--", color="#D55E00", linewidth=0.8, alpha=0.6, label="to the end")
middle.plot(grid, stopped.predict(grid), color="#0072B2", label="stopped early")
middle.plot(grid, penalized.predict(grid), "-.", color="#009E73", label="with evidence")
middle.plot(grid, f(grid), "k:", label="truth")
middle.set(title="60 samples, 30 units", xlabel="x", ylabel="y", ylim=(-2, 2.8))
right.plot(range(1, len(scores) + 1), scores, "o-", color="#0072B2")
right.set(title="ScoringMonitor", xlabel="iteration", ylabel="R² on the training data")
left.legend(fontsize="small")
middle.legend(fontsize="small", ncols=2, loc="upper center", framealpha=1)
figure.savefig("weights_callbacks.png", dpi=150)
