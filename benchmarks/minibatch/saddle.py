"""How long 1,000 runs stay at the saddle of x⁴ − 4x² + y², all in one run of the solver: they do not know of each other."""

import time

import numpy as np

from newtonreg import Analytic
from newtonreg.solvers import INNA, GradientDescent

__all__ = ["METHODS", "REFERENCE", "TOLERANCE", "measure"]

_RATE, _RUNS, _STEPS, _SPREAD, _AWAY = 0.02, 1000, 2000, 1e-12, 0.5
METHODS = {
    "saddle-gd": ("gradient descent", GradientDescent(_RATE, momentum=0.0, nesterov=False)),
    **{
        f"saddle-inna-{alpha:g}-{beta:g}": (f"INNA({alpha:g}, {beta:g})", INNA(_RATE, alpha, beta, 0.0, initial_speed=1.0))
        for alpha, beta in ((0.5, 1.0), (1.0, 1.1), (0.5, 0.1), (2.0, 1.0))
    },
}
"""Name to label and solver; the first step of INNA is along −∇F, as in the authors' code."""
REFERENCE = dict(zip(METHODS, (185, 176, 171, 461, 205), strict=True))
"""Median first iteration with |x| > ½, from a separate implementation of the formulas; the published counts are not known."""
TOLERANCE = 3


def measure(name, seed):
    """`median` of the first iteration with |x| > ½ and how many runs have `left` after 2,000."""
    start = _SPREAD * np.random.RandomState(seed).normal(size=2 * _RUNS)
    saddle = Analytic(_function, 2 * _RUNS, _gradient, hvp=lambda x, v: v)
    begin = time.perf_counter()
    solver = METHODS[name][1]
    state, first = solver.init(saddle, start), np.full(_RUNS, np.inf)
    for k in range(1, _STEPS + 1):
        state = solver.step(saddle, state)
        first[np.isinf(first) & (np.abs(state.params[:_RUNS]) > _AWAY)] = k
        if np.all(np.isfinite(first)):
            break
    return {"seconds": time.perf_counter() - begin, "median": float(np.median(first)), "left": int(np.isfinite(first).sum())}


def _function(z):
    x, y = z[:_RUNS], z[_RUNS:]
    return np.sum(x**4 - 4.0 * x**2 + y**2)


def _gradient(z):
    x, y = z[:_RUNS], z[_RUNS:]
    return np.concatenate([4.0 * x**3 - 8.0 * x, 2.0 * y])
