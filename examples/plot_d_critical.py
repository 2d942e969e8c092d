"""
Where back-propagation reports no slope
=======================================

J(t) = relu(t) − relu(−t) is a long way of writing t: its slope is one, everywhere. Back-propagation needs a slope of relu at its
kink, and by convention takes relu'(0) = 0. At t = 0 both terms are at their kinks, so the chain rule reports 0 − 0 = 0: a
method that trusts it stops there. Such a point is called *D-critical*: zero is one of the answers that back-propagation may
give. It is not critical, because J goes down from there.

Two units of a relu network are enough for that to happen in a fit. ``classify`` measures one-sided slopes where a gradient
vanishes at a kink, and says so. A minimum at a kink, as of |t| = relu(t) + relu(−t), is left alone.
"""

import matplotlib.pyplot as plt
import numpy as np

from newtonreg import EmpiricalRisk, classify
from newtonreg.bases import Relu
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

# %%
# Two networks
# ------------
# f(x) = c₁ relu(x + t) + c₂ relu(x − t) is c₁ relu(t) + c₂ relu(−t) at x = 0, and zero at x = −1 as long as |t| < 1. These two
# rows are the data. The second one only balances the intercept, in which the objective must be stationary as well.

X = np.array([[0.0, -1.0]])
NETWORK = ShallowNetwork(Relu(), n_features=1, n_units=2, n_outputs=1)


def make_objective(target):
    """½ (f(0) − target)² + ½ (f(−1) + target)²."""
    term = Term(NETWORK, X, np.array([[target, -target]]), SquaredError(), np.ones(2))
    return EmpiricalRisk([term], penalty=np.zeros(NETWORK.n_params))


def params(t, coefs):
    """Weights 1, biases ±t, coefficients, and an intercept of zero."""
    return NETWORK.pack(np.array([[1.0, 1.0], [t, -t]]), np.array([[*coefs, 0.0]]))


CASES = {
    "f = relu(t) − relu(−t) = t, target 1": (make_objective(1.0), (1.0, -1.0)),
    "f = relu(t) + relu(−t) = |t|, target −1": (make_objective(-1.0), (1.0, 1.0)),
}
ALONG = NETWORK.pack(np.array([[0.0, 0.0], [1.0, -1.0]]), np.zeros((1, 3)))  # ∂params/∂t

for name, (objective, coefs) in CASES.items():
    print(f"\n{name}, at t = 0:\n{classify(objective, params(0.0, coefs))}")

# %%
# The figure
# ----------
# The slope that back-propagation reports is right wherever there is no kink, however close it is.

t = np.linspace(-0.5, 0.5, 401)
figure, panels = plt.subplots(2, 2, figsize=(9, 5.5), sharex=True, sharey="row", layout="constrained")
for (name, (objective, coefs)), (upper, lower) in zip(CASES.items(), panels.T, strict=True):
    points = [objective.at(params(s, coefs)) for s in t]
    slopes = np.array([point.gradient @ ALONG for point in points])
    verdict = "D-critical, not critical" if classify(objective, params(0.0, coefs)).d_critical_only else "a minimum along t"
    upper.plot(t, [point.value for point in points], color="#0072B2")
    upper.plot(0, objective.at(params(0.0, coefs)).value, "o", color="#D55E00", markersize=8, label=verdict)
    upper.set(title=name)
    upper.legend(loc="upper center")
    for side in (t < 0, t > 0):
        lower.plot(t[side], slopes[side], color="#0072B2", label="back-propagation, t ≠ 0" if side[0] else None)
    lower.plot(0, slopes[t == 0][0], "o", color="#D55E00", markersize=8, label="back-propagation, t = 0")
    lower.axhline(0, color="0.8", zorder=0)
    lower.set(xlabel="t")
panels[0, 0].set_ylabel("objective")
panels[1, 0].set_ylabel("slope along t")
panels[1, 1].legend(loc="lower right", fontsize="small")
figure.savefig("d_critical.png", dpi=150)
