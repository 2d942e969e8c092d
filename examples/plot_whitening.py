"""
Whitening and what second order forgets
=======================================

Whitened features have unit variance and no correlation. Newton's method sees the world like that: for a linear model its path is
that of gradient descent on whitened data. That is fast, and it is a loss: that the data vary much in some directions and
hardly in others is no longer to be seen.

Left: a ``Whitener`` that is fitted on training **and test** rows, with as many independent features as rows, leaves every row at
right angles to every other, and nothing to generalize from. Right: the curvature (1 − λ) B + λ I lies between Newton's method
(λ = 0) and gradient descent (λ = 1); both panels are on scikit-learn's digits.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from newtonreg import EmpiricalRisk, Newton, TrustRegion, Whitener, minimize
from newtonreg.bases import Tanh
from newtonreg.curvatures import Interpolated
from newtonreg.losses import Multinomial
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

images, digits = load_digits(return_X_y=True)
images = images / 16


def draw(rng, n_train, n_test):
    """Rows and labels to train on, and to test on."""
    train, test = np.split(rng.permutation(len(digits))[: n_train + n_test], [n_train])
    return images[train], digits[train], images[test], digits[test]


def scaled(train, test):
    """Both in units of the root-mean-square length of a training row: one number, so that nothing is whitened by it."""
    unit = np.sqrt((train**2).sum(axis=1).mean())
    return train / unit, test / unit


def network_risk(rows, labels, n_units, penalty):
    """A tanh network, and its log loss on rows as they are: an estimator would standardize them."""
    network = ShallowNetwork(Tanh(), rows.shape[1], n_units, 10)
    term = Term(network, np.ascontiguousarray(rows.T), np.eye(10)[:, labels], Multinomial(), np.ones(len(rows)))
    return network, EmpiricalRisk([term], np.full(network.n_params, penalty))


def accuracy(network, params, rows, labels):
    """Share of right labels."""
    return (network.at(np.ascontiguousarray(rows.T), params).values.argmax(axis=0) == labels).mean()


# %%
# Whitened on what?
# -----------------
# Some pixels are always dark: the images have fewer independent directions than the 64 pixels, and up to about 30 + 20 rows are
# linearly independent. With the test rows in the fit, accuracy is then that of guessing.

N_TEST, N_SPLITS = 20, 8
SIZES = (10, 20, 30, 45, 70, 120)
WAYS = ("not whitened", "whitened on training rows", "whitened on training and test rows")


def transformed(train, test, way):
    """Training and test rows, and the rank of what the whitener saw."""
    if way == WAYS[0]:
        return *scaled(train, test), 0
    fitted_on = train if way == WAYS[1] else np.concatenate([train, test])
    whitener = Whitener(center=False).fit(fitted_on)
    return *scaled(whitener.transform(train), whitener.transform(test)), whitener.rank_


def test_accuracy(way, n_train, seed):
    """Of a network on new rows, and the rank of what the whitener saw."""
    rng = np.random.default_rng(seed)
    train, labels, test, test_labels = draw(rng, n_train, N_TEST)
    train, test, rank = transformed(train, test, way)
    network, risk = network_risk(train, labels, n_units=3, penalty=1e-2)
    # a ball and random units without a preferred direction see the rows by their products only
    start = np.random.default_rng(100 + seed).normal(size=network.n_params)
    found = minimize(risk, start, TrustRegion(norm="spherical"), gtol=1e-3, max_iter=60)
    return accuracy(network, found.x, test, test_labels), rank


curves = {}
for way in WAYS:
    runs = np.array([[test_accuracy(way, n_train, seed) for seed in range(N_SPLITS)] for n_train in SIZES])
    curves[way] = runs[:, :, 0].mean(axis=1)
    ranks = "" if way == WAYS[0] else ", rank " + " ".join(f"{rank:.0f}" for rank in runs[:, :, 1].mean(axis=1))
    print(f"{way}: accuracy " + " ".join(f"{n}: {value:.2f}" for n, value in zip(SIZES, curves[way], strict=True)) + ranks)

# %%
# Between Newton and gradient descent
# -----------------------------------
# The same network from the same starts, B the Gauss–Newton matrix, each step as long as an Armijo search makes it, to the same
# training loss of 0.1 a row. λ = 0 gets there in a few steps and predicts worst, λ = 1 takes hundreds and predicts best; λ = 0.3
# predicts nearly as well after a fraction of them.

STRENGTHS = (0.0, 1e-3, 1e-2, 1e-1, 0.3, 1.0)
N_TRAIN, N_NEW, N_STARTS, TARGET = 200, 1000, 2, 0.1


def run_to_target(strength, seed):
    """Steps to the target, and loss and accuracy on new rows there."""
    train, labels, test, test_labels = draw(np.random.default_rng(seed), N_TRAIN, N_NEW)
    mean = train.mean(axis=0)
    train, test = scaled(train - mean, test - mean)
    network, risk = network_risk(train, labels, n_units=4, penalty=1e-3)
    start = 0.5 * np.random.default_rng(100 + seed).normal(size=network.n_params)
    # B grows with the number of rows; a tenth is about what a row adds to it in a direction that matters
    solver = Newton("armijo", singular="pinv", curvature=Interpolated(strength, "gauss-newton", scale=0.1 * N_TRAIN))
    found = minimize(risk, start, solver, max_iter=500, callbacks=[lambda record, _: record.value <= TARGET * N_TRAIN])
    assert found.fun <= TARGET * N_TRAIN, found.message
    new_loss = network_risk(test, test_labels, n_units=4, penalty=0.0)[1].at(found.x).value / N_NEW
    return found.nit, new_loss, accuracy(network, found.x, test, test_labels)


sweep = np.array([np.mean([run_to_target(strength, seed) for seed in range(N_STARTS)], axis=0) for strength in STRENGTHS])
for strength, (steps, loss, share) in zip(STRENGTHS, sweep, strict=True):
    print(f"lambda = {strength:6g}: {steps:5.1f} steps, test loss {loss:.3f}, test accuracy {share:.3f}")

# %%
# The figure
# ----------

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
for (way, values), color, marker in zip(curves.items(), ("0.4", "#0072B2", "#D55E00"), "so^", strict=True):
    left.semilogx(SIZES, values, color=color, marker=marker, label=way)
left.axhline(0.1, color="black", linestyle=":", linewidth=1)
left.annotate("chance", (SIZES[-1], 0.115), ha="right", fontsize="small")
left.set(title="Accuracy on 20 test rows", xlabel="training rows", xticks=SIZES, ylim=(0, 1))
left.set_xticks([], minor=True)
left.set_xticklabels([str(size) for size in SIZES])
left.legend(fontsize="small", loc="upper left")

places = np.arange(len(STRENGTHS))
right.semilogy(places, sweep[:, 0], color="#0072B2", marker="o")
right.set(title="To a training loss of 0.1", xlabel="λ (0: Gauss–Newton, 1: gradient descent)", xticks=places)
right.set_xticklabels([f"{strength:g}" for strength in STRENGTHS])
right.set_ylabel("steps", color="#0072B2")
losses = right.twinx()
losses.plot(places, sweep[:, 1], color="#D55E00", marker="s")
losses.set_ylabel("test loss there", color="#D55E00")
losses.set_ylim(bottom=0)
figure.savefig("whitening.png", dpi=150)
