"""
Quick start
===========

Three problems, three ways to train the same network, one hidden layer of tanh units: newtonreg's second-order method, and
scikit-learn's ``MLPRegressor`` with L-BFGS and with Adam.

1. f(x) = sin(2πx) at 256 points, free of noise: how many digits does a fit reach?
2. 200 noisy samples of f, with the penalty alpha chosen by cross-validation.
3. The diabetes data, in a pipeline with a grid search, tested on rows that no fit has seen.

Once X and y are standardized, alpha means the same in both packages, and all three methods minimize the same function. So where
noise decides, they predict equally well; where it does not, the number of digits depends on the method. newtonreg standardizes by
itself, ``MLPRegressor`` is wrapped in scalers. Here newtonreg is told its width and alpha, for a comparison on equal terms; its
defaults find both from the data, see ``plot_uncertainty.py``. This prints a table and writes ``quickstart.png``.
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
from threadpoolctl import threadpool_limits

from newtonreg import NewtonMLPRegressor

# One BLAS thread for everyone: matrices this small only lose time by sharing work.
threadpool_limits(1)
# MLPRegressor warns where its iterations run out; here the table says how many there were.
warnings.filterwarnings("ignore", category=ConvergenceWarning, module="sklearn.neural_network")


def make_newtonreg(width, alpha):
    return Pipeline([("scale", StandardScaler()), ("net", NewtonMLPRegressor(width, alpha=alpha, random_state=0))])


def make_mlp(width, alpha, **settings):
    net = MLPRegressor(hidden_layer_sizes=width, activation="tanh", alpha=alpha, random_state=0, **settings)
    return TransformedTargetRegressor(Pipeline([("scale", StandardScaler()), ("net", net)]), transformer=StandardScaler())


def make_models(width, alpha=0.0):
    """The three models by name, each with the prefix under which a grid search finds alpha."""
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
# "Seconds" are those of one fit; after a grid search, of the last one, on all training rows with the chosen alpha.

ROW = "{:<12} {:<19} {:>6} {:>10} {:>8} {:>11}  {}"
print(ROW.format("problem", "method", "alpha", "test RMSE", "seconds", "iterations", "stationary point"))


def report(problem, name, model, seconds, X_test, y_test):
    net = network_of(model)
    error = root_mean_squared_error(y_test, model.predict(X_test))
    kind = net.stationary_point_.kind if isinstance(net, NewtonMLPRegressor) else "-"
    print(ROW.format(problem, name, f"{net.alpha:g}", f"{error:.3g}", f"{seconds:.2f}", net.n_iter_, kind))


def fit_all(problem, alpha, X, y, X_test, y_test):
    """Fit and report the three models, 20 units each; returns them by name."""
    fitted = {}
    for name, (model, _) in make_models(20, alpha).items():
        start = time.perf_counter()
        fitted[name] = model.fit(X, y)
        report(problem, name, model, time.perf_counter() - start, X_test, y_test)
    return fitted


# %%
# 1. Clean data
# -------------


def f(X):
    return np.sin(2 * np.pi * X[:, 0])


X_clean = np.linspace(-1, 1, 256)[:, None]
grid = np.linspace(-1, 1, 1001)[:, None]
clean = fit_all("sine", 0.0, X_clean, f(X_clean), grid, f(grid))

# %%
# 2. Noisy data
# -------------
# A grid search with newtonreg chooses alpha, and all three use it.

rng = np.random.default_rng(0)
X_noisy = rng.uniform(-1, 1, (200, 1))
y_noisy = f(X_noisy) + 0.1 * rng.standard_normal(200)
search = GridSearchCV(NewtonMLPRegressor(20, random_state=0), {"alpha": [0.001, 0.01, 0.1]}, n_jobs=2).fit(X_noisy, y_noisy)
noisy = fit_all("noisy sine", search.best_params_["alpha"], X_noisy, y_noisy, grid, f(grid))

# %%
# 3. Diabetes: pipeline and grid search
# -------------------------------------

X, X_test, y, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=0)
for name, (model, prefix) in make_models(10).items():
    search = GridSearchCV(model, {f"{prefix}alpha": [1, 10, 100]}, n_jobs=2).fit(X, y)
    report("diabetes", name, search.best_estimator_, search.refit_time_, X_test, y_test)

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
styles = {"newtonreg": ("#0072B2", "-"), "MLPRegressor lbfgs": ("#D55E00", "--"), "MLPRegressor adam": ("#009E73", ":")}
for name, (color, dashes) in styles.items():
    left.semilogy(grid, np.abs(clean[name].predict(grid) - f(grid)) + 1e-16, dashes, color=color, label=name)
left.set(title="Clean data: error of the fits", xlabel="x", ylabel="|prediction − sin(2πx)|")
middle.plot(X_noisy, y_noisy, ".", color="0.7", label="samples")
middle.plot(grid, f(grid), "k--", label="sin(2πx)")
middle.plot(grid, noisy["newtonreg"].predict(grid), color="#0072B2", label="newtonreg")
middle.set(title="Noisy data: the fit", xlabel="x", ylabel="y")
for label, models, color, dashes in (("clean data", clean, "#0072B2", "-"), ("noisy data", noisy, "#D55E00", "--")):
    losses = network_of(models["newtonreg"]).loss_curve_
    right.loglog(range(1, len(losses) + 1), losses, dashes, color=color, label=label)
right.set(title="newtonreg: convergence", xlabel="iteration + 1", ylabel="loss_curve_")
for axes in (left, middle, right):
    axes.legend(fontsize="small")
figure.savefig("quickstart.png", dpi=150)
