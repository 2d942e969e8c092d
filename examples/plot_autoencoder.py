"""
An autoencoder of digits
========================

A network that is asked for its own input, ``fit(X, X)``, with a narrow layer in the middle has to squeeze an image through it.
Here 64 pixels go through layers of 32, 8 and 32 units and come out as 64 again. Pixels are proportions from 0 to 1, so the loss
is the binary cross-entropy of each of them, ``loss="binomial"``, and predictions stay between 0 and 1. The middle layer is
linear: its eight numbers are not squashed.

With 4,744 parameters there are no p × p matrices. Three ways to do without are compared: L-BFGS with all rows in a step, a trust
region in Adagrad's ellipsoid and Adam in mini-batches. Adam's fit ends by itself, where its running loss no longer falls by a
hundredth in ten epochs. The best linear code of eight numbers, a principal component analysis, is beside them.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from newtonreg import NewtonMLPRegressor, TrustRegionRegressor
from newtonreg.datasets import load_digits_split
from newtonreg.solvers import Adam

# max_iter runs out on purpose.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# The fits
# --------
# An activation for each layer. ``batch_size="auto"`` of the trust region is a sixteenth of the rows here.

digits = load_digits_split(random_state=0)
X, X_test = digits.X_train, digits.X_test
NETWORK = {
    "hidden_layer_sizes": (32, 8, 32),
    "activation": ("tanh", "identity", "tanh"),
    "loss": "binomial",
    "alpha": 1e-3,
    "random_state": 0,
}
MODELS = {
    "L-BFGS": NewtonMLPRegressor(solver="lbfgs", max_iter=300, **NETWORK),
    "trust region, adagrad": TrustRegionRegressor(norm="adagrad", max_iter=60, **NETWORK),
    "Adam": NewtonMLPRegressor(solver=Adam(learning_rate=0.01), batch_size=84, max_iter=300, **NETWORK),
}
COLORS = {"L-BFGS": "#009E73", "trust region, adagrad": "#0072B2", "Adam": "#D55E00"}


def rmse(images):
    return np.sqrt(np.mean((images - X_test) ** 2))


def rows_of_a_step(model):
    """All of them, or a batch."""
    return getattr(model.solver_, "batch_size", len(X))


linear = PCA(8).fit(X)
reconstructions = {"PCA": linear.inverse_transform(linear.transform(X_test))}
print(f"{'method':<22} {'trials':>6} {'passes':>7} {'loss':>7} {'test error of a pixel':>22}")
for name, model in MODELS.items():
    reconstructions[name] = model.fit(X, X).predict(X_test)
    passes = model.history_[-1]["n_backprops"] * rows_of_a_step(model) / len(X)
    print(f"{name:<22} {model.n_iter_:>6} {passes:>7.0f} {model.loss_:>7.3f} {rmse(reconstructions[name]):>22.3f}")
print(f"{'PCA':<22} {'':>6} {'':>7} {'':>7} {rmse(reconstructions['PCA']):>22.3f}")

# %%
# The figure
# ----------
# A test image of each digit, what the networks make of it, and the course of the fits. The loss is a sum over 64 pixels, less the
# entropy of gray ones, so that zero is perfect.

best = min(MODELS, key=lambda name: rmse(reconstructions[name]))
shown = [np.flatnonzero(digits.y_test == digit)[0] for digit in range(10)]
ROWS = {"original": X_test, best: reconstructions[best], "PCA": reconstructions["PCA"]}

figure = plt.figure(figsize=(14, 3.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(2.3, 1))
panels = left.subplots(len(ROWS), 10)
for row, (name, images) in zip(panels, ROWS.items(), strict=True):
    for axes, i in zip(row, shown, strict=True):
        axes.imshow(images[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    label = name if name == "original" else f"{name}\nerror {rmse(images):.3f}"
    row[0].set_ylabel(label, rotation=0, ha="right", va="center")
axes = right.subplots()
for name, model in MODELS.items():
    history = model.history_[1:]
    passes = np.array([row["n_backprops"] for row in history]) * rows_of_a_step(model) / len(X)
    axes.loglog(passes, [row["loss"] for row in history], color=COLORS[name], label=name)
axes.set(title="Course of the fits", xlabel="backward passes through all rows", ylabel="training loss of an image")
axes.set_yticks([3, 4, 6, 10], ["3", "4", "6", "10"])
axes.set_yticks([], minor=True)
axes.legend()
figure.savefig("autoencoder.png", dpi=150)
