"""
Classification
==============

``NewtonMLPClassifier`` minimizes the penalized log loss by exact Newton in a trust region. This draws decision boundaries for two
and for three classes, and prints accuracies on two standard data sets beside scikit-learn's ``MLPClassifier`` and logistic
regression.

In two dimensions the gradient of the log-odds, ``predict_derivative``, says in which direction the classifier changes its mind.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from sklearn.datasets import load_breast_cancer, load_iris, load_wine, make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from newtonreg import NewtonMLPClassifier

# %%
# Accuracies
# ----------
# Five folds, the same for everyone, and the scikit-learn models behind a scaler (newtonreg has one inside).

CLASSIFIERS = {
    "NewtonMLPClassifier": NewtonMLPClassifier(10, random_state=0),
    "MLPClassifier": make_pipeline(StandardScaler(), MLPClassifier(max_iter=1000, random_state=0)),
    "LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression()),
}
folds = StratifiedKFold(5, shuffle=True, random_state=0)
print(f"{'accuracy, 5 folds':<20} {'wine':>8} {'breast cancer':>15}")
for name, classifier in CLASSIFIERS.items():
    wine, cancer = (
        cross_val_score(classifier, *load(return_X_y=True), cv=folds).mean() for load in (load_wine, load_breast_cancer)
    )
    print(f"{name:<20} {wine:>8.3f} {cancer:>15.3f}")

# %%
# Two classes and three
# ---------------------
# The penalty decides how closely a boundary follows the samples. After each fit, what kind of point was found.

X_moons, y_moons = make_moons(300, noise=0.25, random_state=0)
X_iris, y_iris = load_iris(return_X_y=True)
fits = {
    "moons, alpha = 0.01": (NewtonMLPClassifier(10, alpha=0.01, random_state=0), X_moons, y_moons),
    "moons, alpha = 1": (NewtonMLPClassifier(10, alpha=1.0, random_state=0), X_moons, y_moons),
    "iris (petals), alpha = 1": (NewtonMLPClassifier(10, alpha=1.0, random_state=0), X_iris[:, 2:], y_iris),
}
for title, (classifier, X, y) in fits.items():
    classifier.fit(X, y)
    print(f"\n{title}\n  {classifier.stationary_point_}")

# %%
# The figure
# ----------

COLORS = ["#0072B2", "#D55E00", "#009E73"]
MARKERS = "o^s"


def draw(axes, classifier, X, y):
    """Most probable class and how sure it is of it, with the samples on top."""
    (left, bottom), (right, top) = X.min(axis=0) - 0.4, X.max(axis=0) + 0.4
    a, b = np.meshgrid(np.linspace(left, right, 250), np.linspace(bottom, top, 250))
    probability = classifier.predict_proba(np.column_stack([a.ravel(), b.ravel()]))
    winner = probability.argmax(axis=1).reshape(a.shape)
    sureness = probability.max(axis=1).reshape(a.shape)
    axes.pcolormesh(a, b, winner, cmap=ListedColormap(COLORS[: probability.shape[1]]), alpha=0.5 * (2 * sureness - 1).clip(0.1))
    for label, (color, marker) in enumerate(zip(COLORS, MARKERS, strict=True)):
        axes.plot(*X[y == label].T, marker, color=color, markeredgecolor="white", markersize=5, label=f"class {label}")


figure, panels = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
for axes, (title, (classifier, X, y)) in zip(panels, fits.items(), strict=True):
    draw(axes, classifier, X, y)
    axes.set_title(title)
sites = np.column_stack([side.ravel() for side in np.meshgrid(np.linspace(-1.2, 2.2, 9), np.linspace(-1, 1.4, 7))])
arrows = panels[1].quiver(*sites.T, *fits["moons, alpha = 1"][0].predict_derivative(sites).T, color="0.2", width=0.004)
panels[1].quiverkey(arrows, 0.12, 0.95, 5, "log-odds gradient, length 5", labelpos="E", fontproperties={"size": "small"})
panels[2].set(xlabel="petal length (cm)", ylabel="petal width (cm)")
panels[2].legend(fontsize="small", loc="upper left")
figure.savefig("classification.png", dpi=150)
