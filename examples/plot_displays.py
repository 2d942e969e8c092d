"""
Displays: six looks at one fit
==============================

``newtonreg.plotting`` has Displays in the manner of scikit-learn. Each is made by ``from_estimator``, ``from_objective``,
``from_result`` or ``from_points``, stores what it draws, and draws itself again with ``plot``. Here a network with three tanh
units learns a bump by a trust region with exact curvature:

* **convergence**: loss and radius, trial by trial; crosses are rejected trials, which shrink the region;
* **basis**: what the three units of an estimator add up to;
* **spectrum**: eigenvalues of the Hessian at the start, where it is indefinite;
* **model**: what one step was promised, and what it got;
* **landscape**: the objective in the plane that holds most of the path;
* **index**: stationary points of a linear autoencoder that 60 searches find, all of them saddles here. The higher the loss, the
  more directions go down.
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import EmpiricalRisk, NewtonMLPRegressor, TrustRegion, minimize
from newtonreg.bases import Tanh
from newtonreg.landscape import DeepLinearAutoencoder, find_stationary_points
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term
from newtonreg.plotting import BasisDisplay, ConvergenceDisplay, IndexDisplay, LandscapeDisplay, ModelDisplay, SpectrumDisplay

# %%
# A fit
# -----
# The estimator, and the same kind of objective made by hand, whose iterates a callback collects.

x = np.linspace(-1.7, 1.7, 60)
y = np.exp(-4.0 * (x - 0.4) ** 2) + 0.3 * x
estimator = NewtonMLPRegressor(3, alpha=1e-3, random_state=0).fit(x[:, None], y)

network = ShallowNetwork(Tanh(), n_features=1, n_units=3, n_outputs=1)
term = Term(network, x[None, :], y[None, :], SquaredError(), np.ones(60))
objective = EmpiricalRisk([term], np.full(network.n_params, 1e-3))
start = np.random.default_rng(0).normal(size=objective.n_params)
path = []
result = minimize(objective, start, TrustRegion(norm="spherical"), callbacks=[lambda record, run: path.append(run.state.params)])
print(result.message, result.fun)

# %%
# The figure
# ----------

figure = plt.figure(figsize=(13, 8), layout="constrained")
upper, lower = ["basis", "landscape"], ["spectrum", "model", "index"]
panels = figure.subplot_mosaic([["loss", *upper], ["control", *upper], lower, lower])
pair = [panels["loss"], panels["control"]]
ConvergenceDisplay.from_result(result, quantities=["loss", "control"], control_name="radius", ax=pair)
BasisDisplay.from_estimator(estimator, x[:, None], ax=panels["basis"])
SpectrumDisplay.from_objective(objective, start, ax=panels["spectrum"])
LandscapeDisplay.from_objective(objective, path[-1], path=path, ax=panels["landscape"])

# the accepted step that got least of what it was promised
ratios = [record.ratio if record.accepted and record.n_iter else np.inf for record in result.history]
worst = int(np.argmin(ratios))
step = path[worst] - path[worst - 1]
display = ModelDisplay.from_objective(objective, path[worst - 1], step, ax=panels["model"])
print(f"trial {worst}: ratio {display.ratio:.3f}")

autoencoder = DeepLinearAutoencoder(n_features=6, n_hidden=2, covariance=np.diag([1.0, 1.5, 2.5, 4.0, 4.5, 6.0]))
points = find_stationary_points(autoencoder, 60, starts="trajectory-height", noise=0.03, random_state=0)
print(points)
IndexDisplay.from_points(points, ax=panels["index"])
figure.savefig("displays.png", dpi=150)
