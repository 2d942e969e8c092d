"""
All stationary points of a linear autoencoder
=============================================

A network without activations has saddles all the same, and they are known: the stationary points of a linear autoencoder are
the projections on eigenvectors of the covariance, at most as many as it has hidden units. So here a search can be marked.
``find_stationary_points`` starts root finders of the gradient from points that gradient descent passes, and reports those ends
that are stationary: a small gradient alone does not make one.
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg.landscape import DeepLinearAutoencoder, find_stationary_points

# %%
# The truth
# ---------
# Six features and two hidden units: 22 points, one of them the minimum.

objective = DeepLinearAutoencoder(n_features=6, n_hidden=2, covariance=np.diag([1.0, 1.5, 2.5, 4.0, 4.5, 6.0]))
truth = list(objective.critical_points())
print(f"{len(truth)} stationary points, of which {sum(point.index == 0 for point in truth)} has no way down")

# %%
# The search
# ----------
# Starts are points that gradient descent passes. Uniform in the loss they lead to more saddles than uniform in time, when most
# lie near the minimum.

found = {
    starts: find_stationary_points(objective, 40, starts=starts, n_trajectories=4, random_state=0)
    for starts in ("trajectory-height", "trajectory-iteration")
}
for starts, points in found.items():
    print(f"\nstarts: {starts}\n{points}")
    print("eigenvectors:", [objective.identify(point.params) for point in points])

# %%
# The figure
# ----------
# The lower a saddle, the fewer ways lead down.

figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True, layout="constrained")
for panel, (starts, points) in zip(panels, found.items(), strict=True):
    panel.scatter([p.index for p in points], [p.value for p in points], 40, "#D55E00", label="found")
    panel.plot([p.index for p in truth], [p.value for p in truth], "o", color="0.5", markersize=10, fillstyle="none", label="all")
    panel.set(title=f"starts by {starts.removeprefix('trajectory-')}", xlabel="negative eigenvalues")
panels[0].set_ylabel("loss")
panels[0].legend(loc="upper left")
figure.savefig("critical_points.png", dpi=150)
