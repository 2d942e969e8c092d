"""
The shape of a trust region
===========================

``TrustRegionRegressor`` minimizes a quadratic model in the ellipsoid ‖p‖_M ≤ radius. ``norm`` says which M: the identity,
running sums or means of squared gradients as in Adagrad and RMSProp, or the curvature itself. Here one small regression, all rows
in every step, is fitted

* with six norms, every step computed exactly from the Hessian (the default);
* with three of them matrix-free, ``subproblem="steihaug"``: conjugate gradients, whose cost is counted in backward passes, one
  for a gradient and one for a product with the Hessian. Next to each is the method of first order that has the same M; it may
  climb, and drawn is the lowest loss so far.

A radius is measured in the norm, so that only its ups and downs compare. The parameters of the region are the published ones: the
radius grows by a tenth after a very good step to the boundary, and is divided by 1.5 or 1.75 after a rejected one.
RMSProp's first radius is 1e-4, the others' 0.05, so that it starts late: by a tenth a trial the radius takes some fifty trials
to grow.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from newtonreg import NewtonMLPRegressor, TrustRegionRegressor
from newtonreg.solvers import AdagradDescent, GradientDescent, RMSPropDescent

# max_iter runs out on purpose.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

# %%
# The problem
# -----------

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (500, 3))
y = np.sin(2 * X[:, 0]) * X[:, 1] + np.exp(X[:, 2])

STYLES = {
    "spherical": ("k", "-"),
    "adagrad": ("#0072B2", "-"),
    "rmsprop": ("#D55E00", "-"),
    "column-scaling": ("#009E73", "--"),
    "diagonal-hessian": ("#CC79A7", "-."),
    "hessian-ellipsoid": ("#E69F00", ":"),
}
# The learning rates are the best of a few for this problem.
FIRST_ORDER = {
    "spherical": ("gradient descent", GradientDescent(learning_rate=0.05, momentum=0.0)),
    "adagrad": ("Adagrad", AdagradDescent(learning_rate=0.3)),
    "rmsprop": ("RMSProp", RMSPropDescent(learning_rate=0.0003, decay=0.8)),
}


def history(model):
    """Columns of ``history_`` as arrays, of the accepted trials."""
    rows = [row for row in model.fit(X, y).history_ if row["accepted"]]
    return {name: np.array([row[name] for row in rows]) for name in ("n_iter", "loss", "control", "n_backprops", "nhev")}


# %%
# The fits
# --------
# ``history_`` has a row a trial, with the loss, the radius (``control``) and the costs so far.

exact = {name: history(TrustRegionRegressor(10, norm=name, max_iter=300, random_state=0)) for name in STYLES}
settings = {"subproblem": "steihaug", "max_iter": 150, "random_state": 0}
matrix_free = {name: history(TrustRegionRegressor(10, norm=name, **settings)) for name in FIRST_ORDER}
settings = {"alpha": 1e-4, "n_restarts": 1, "max_iter": 3000, "random_state": 0}
first_order = {name: history(NewtonMLPRegressor(10, solver=solver, **settings)) for name, (_, solver) in FIRST_ORDER.items()}

print(f"{'method':<32} {'loss':>8} {'trials':>7} {'backward passes':>16} {'Hessians':>9}")
groups = (("exact", exact), ("Steihaug", matrix_free), ("first order", first_order))
for method, name, rows in ((method, name, rows) for method, group in groups for name, rows in group.items()):
    last = {column: values[-1] for column, values in rows.items()}
    print(f"{f'{method}, {name}':<32} {last['loss']:>8.1e} {last['n_iter']:>7} {last['n_backprops']:>16} {last['nhev']:>9}")

# %%
# The figure
# ----------

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.5), layout="constrained")
for name, rows in exact.items():
    color, dashes = STYLES[name]
    left.semilogy(rows["n_iter"], rows["loss"], dashes, color=color, label=name)
    right.semilogy(rows["n_iter"], rows["control"], dashes, color=color, label=name)
for name, rows in matrix_free.items():
    color, _ = STYLES[name]
    label, _ = FIRST_ORDER[name]
    middle.loglog(rows["n_backprops"], rows["loss"], color=color, label=f"trust region, {name}")
    lowest = np.minimum.accumulate(first_order[name]["loss"])
    middle.loglog(first_order[name]["n_backprops"], lowest, "--", color=color, linewidth=1, label=label)
left.set(title="Exact steps: loss", xlabel="trial", ylabel="training loss")
middle.set(title="Matrix-free steps and first order: loss", xlabel="backward passes", ylabel="training loss")
right.set(title="Exact steps: radius, in the norm", xlabel="trial", ylabel="radius")
left.legend(fontsize="small")
middle.legend(fontsize="small", loc="lower left")
figure.savefig("trust_region_norms.png", dpi=150)
