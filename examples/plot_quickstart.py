"""
Quick start
===========

Three problems, three ways to train the same network (one hidden layer of tanh units): newtonreg's exact second-order method, and
scikit-learn's ``MLPRegressor`` with L-BFGS and with Adam.

1. f(x) = sin(2πx) at 256 points, free of noise: how many digits does a fit reach?
2. 200 noisy samples of f, with the penalty alpha chosen by cross-validation.
3. The diabetes data, in a pipeline with a grid search, tested on rows that no fit has seen.

The penalty means the same in both packages when X and y are standardized, so all three methods minimize the same function.
newtonreg standardizes by itself; ``MLPRegressor`` is wrapped in scalers. It prints a table and writes ``quickstart.png``.
"""

# %%
# The models
# ----------
# L-BFGS and Adam get more iterations and tighter tolerances than their defaults, and Adam a larger learning rate.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from newtonreg import NewtonMLPRegressor

# The iteration counts in the table tell what MLPRegressor would warn of.
warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn.neural_network")


def make_newtonreg(width, alpha):
    return Pipeline([("scale", StandardScaler()), ("net", NewtonMLPRegressor(width, alpha=alpha, random_state=0))])


def make_mlp(width, alpha, **settings):
    net = MLPRegressor(hidden_layer_sizes=width, activation="tanh", alpha=alpha, random_state=0, **settings)
    return TransformedTargetRegressor(Pipeline([("scale", StandardScaler()), ("net", net)]), transformer=StandardScaler())


def make_models(width, alpha):
    """The three competitors by name, each with the prefix under which a grid search finds its alpha."""
    lbfgs = {"solver": "lbfgs", "max_iter": 10_000, "max_fun": 1_000_000, "tol": 1e-10}
    adam = {"solver": "adam", "max_iter": 3000, "tol": 1e-6, "n_iter_no_change": 50, "learning_rate_init": 0.01}
    return {
        "newtonreg": (make_newtonreg(width, alpha), "net__"),
        "MLPRegressor lbfgs": (make_mlp(width, alpha, **lbfgs), "regressor__net__"),
        "MLPRegressor adam": (make_mlp(width, alpha, **adam), "regressor__net__"),
    }


def network_of(model):
    """The fitted network inside a pipeline."""
    return getattr(model, "regressor_", model)["net"]


# %%
# The table
# ---------
# "Seconds" is one fit: after a grid search, the final fit on all training rows with the chosen alpha.

ROW = "{:<12} {:<19} {:>6} {:>10} {:>8} {:>11}  {}"


def report(problem, name, model, seconds, X_test, y_test):
    net = network_of(model)
    error = root_mean_squared_error(y_test, model.predict(X_test))
    point = net.stationary_point_.kind if isinstance(net, NewtonMLPRegressor) else "-"
    print(ROW.format(problem, name, f"{net.alpha:g}", f"{error:.2e}", f"{seconds:.2f}", net.n_iter_, point))


def fit_all(problem, width, alpha, X, y, X_test, y_test):
    """Fit and report the three models at a given alpha; returns them by name."""
    fitted = {}
    for name, (model, _) in make_models(width, alpha).items():
        start = time.perf_counter()
        fitted[name] = model.fit(X, y)
        report(problem, name, model, time.perf_counter() - start, X_test, y_test)
    return fitted


print(ROW.format("problem", "method", "alpha", "test RMSE", "seconds", "iterations", "stationary point"))

# %%
# 1. Clean data
# -------------


def f(X):
    return np.sin(2 * np.pi * X[:, 0])


X_clean = np.linspace(-1, 1, 256)[:, None]
X_grid = np.linspace(-1, 1, 1001)[:, None]
clean = fit_all("sine", 20, 0.0, X_clean, f(X_clean), X_grid, f(X_grid))

# %%
# 2. Noisy data
# -------------
# A grid search chooses alpha for newtonreg; the others minimize the same function with it.

rng = np.random.default_rng(0)
X_noisy = rng.uniform(-1, 1, (200, 1))
y_noisy = f(X_noisy) + 0.1 * rng.standard_normal(200)
search = GridSearchCV(NewtonMLPRegressor(20, random_state=0), {"alpha": [0.001, 0.01, 0.1]}, n_jobs=2).fit(X_noisy, y_noisy)
noisy = fit_all("noisy sine", 20, search.best_params_["alpha"], X_noisy, y_noisy, X_grid, f(X_grid))

# %%
# 3. Diabetes: pipeline and grid search
# -------------------------------------

X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
for name, (model, prefix) in make_models(10, 1.0).items():
    search = GridSearchCV(model, {f"{prefix}alpha": [1, 10, 100]}, n_jobs=2).fit(X, y)
    report("diabetes", name, search.best_estimator_, search.refit_time_, X_test, y_test)

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
colors = {"newtonreg": "#0072B2", "MLPRegressor lbfgs": "#D55E00", "MLPRegressor adam": "#009E73"}
for name, model in clean.items():
    left.semilogy(X_grid, np.abs(model.predict(X_grid) - f(X_grid)) + 1e-16, color=colors[name], label=name)
left.set(title="Clean data: error of the fit", xlabel="x", ylabel="|prediction − sin(2πx)|")
middle.plot(X_noisy, y_noisy, ".", color="0.6", label="samples")
middle.plot(X_grid, f(X_grid), "k--", label="sin(2πx)")
middle.plot(X_grid, noisy["newtonreg"].predict(X_grid), color=colors["newtonreg"], label="newtonreg")
middle.set(title="Noisy data: the fit", xlabel="x", ylabel="y")
for label, models, style in (("clean", clean, "-"), ("noisy", noisy, ":")):
    right.loglog(1 + np.arange(network_of(models["newtonreg"]).n_iter_ + 1), network_of(models["newtonreg"]).loss_curve_, style,
                 color=colors["newtonreg"], label=label)
right.set(title="newtonreg: convergence", xlabel="1 + iteration", ylabel="loss_curve_")
for axes in (left, middle, right):
    axes.legend(fontsize="small")
figure.savefig("quickstart.png", dpi=150)
