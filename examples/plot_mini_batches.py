"""
Trust regions in mini-batches
=============================

Where a network has too many parameters for matrices, a trust region needs only products with the Hessian, about as dear as a
gradient each, and every step may look at a fresh batch of rows. An iteration is then an epoch. On scikit-learn's digits two
networks with several hidden layers are fitted by

* ``TrustRegionClassifier`` with three norms: ‖p‖_M ≤ radius is a ball, or an ellipsoid with the diagonal M of Adagrad or RMSProp.
  At most five conjugate-gradient steps minimize the model (Steihaug's method); there is no learning rate;
* Adam and gradient descent with momentum (SGD), each with two learning rates.

Their currency is the backward pass: one for a gradient, one for a product with the Hessian. Drawn is the running loss, of each
batch where its step begins, over backward passes through all of the data.

Three layers of logistic units begin on a plateau, where all outputs are nearly the same. An ellipsoid reaches far where gradients
have been small, and leaves it sooner than a ball does; that is what the paper on ellipsoidal trust regions found, too. On the
network that begins without a plateau the three norms end alike. Adam with a good rate is ahead of all of them; with a tenth of
it, behind. What second order saves on networks of this size is the search for a rate.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from newtonreg import NewtonMLPClassifier, TrustRegionClassifier
from newtonreg.datasets import load_digits_split
from newtonreg.solvers import Adam, GradientDescent

# max_iter runs out on purpose.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# Data and methods
# ----------------

digits = load_digits_split(random_state=0)
NETWORKS = {"two hidden layers, tanh": ((32, 32), "tanh"), "three hidden layers, logistic": ((32, 32, 32), "logistic")}
COMMON = {"alpha": 1e-3, "batch_size": 128, "random_state": 0}

REGION = {"max_iter": 27, **COMMON}
RATE = {"max_iter": 145, **COMMON}
METHODS = {
    "trust region, spherical": (lambda *network: TrustRegionClassifier(*network, norm="spherical", **REGION), "k", "-"),
    "trust region, adagrad": (lambda *network: TrustRegionClassifier(*network, norm="adagrad", **REGION), "#0072B2", "-"),
    "trust region, rmsprop": (lambda *network: TrustRegionClassifier(*network, norm="rmsprop", **REGION), "#D55E00", "-"),
    "Adam, rate 0.01": (lambda *network: NewtonMLPClassifier(*network, solver=Adam(0.01), **RATE), "#009E73", "--"),
    "Adam, rate 0.001": (lambda *network: NewtonMLPClassifier(*network, solver=Adam(0.001), **RATE), "#009E73", ":"),
    "SGD, rate 0.1": (lambda *network: NewtonMLPClassifier(*network, solver=GradientDescent(0.1), **RATE), "#CC79A7", "--"),
    "SGD, rate 0.03": (lambda *network: NewtonMLPClassifier(*network, solver=GradientDescent(0.03), **RATE), "#CC79A7", ":"),
}


def history(model):
    """Backward passes through all rows, and the running loss, one number an epoch."""
    rows, share = model.history_, COMMON["batch_size"] / len(digits.y_train)
    # the first row is the starting point, before any batch
    return share * np.array([row["n_backprops"] for row in rows[1:]]), np.array([row["loss"] for row in rows[1:]])


# %%
# The fits
# --------

curves = {}
for title, (sizes, activation) in NETWORKS.items():
    print(f"\n{title}\n{'method':<26} {'epochs':>6} {'passes':>7} {'loss':>8} {'accuracy':>9}")
    for name, (make, _, _) in METHODS.items():
        model = make(sizes, activation).fit(digits.X_train, digits.y_train)
        passes, losses = curves[title, name] = history(model)
        accuracy = model.score(digits.X_test, digits.y_test)
        print(f"{name:<26} {model.n_iter_:>6} {passes[-1]:>7.0f} {losses[-1]:>8.1e} {accuracy:>9.3f}")

# %%
# The figure
# ----------

figure, panels = plt.subplots(1, 2, figsize=(11, 4.8), sharex=True, sharey=True, layout="constrained")
for axes, title in zip(panels, NETWORKS, strict=True):
    for name, (_, color, dashes) in METHODS.items():
        axes.semilogy(*curves[title, name], dashes, color=color, linewidth=1.8 if dashes == "-" else 1.3, label=name)
    axes.set(title=f"Digits, {title}", xlabel="backward passes through all rows")
panels[0].set_ylabel("running training loss")
figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small", frameon=False)
figure.savefig("mini_batches.png", dpi=150)
