"""A wave to fit, and fits of it that begin where they are told."""

import numpy as np

from newtonreg import LevenbergMarquardt
from newtonreg.bases import Tanh
from newtonreg.initializers import SampledPairs
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.training import Plan, Training, draw_start
from newtonreg.training.budget import Budget, trial_work

LM = LevenbergMarquardt(method="cholesky")


def make_risk(xp=np, k=4, n=40, d=1, noise=0.0, alpha=0.0, loss=None, basis=None, m=1):
    """A wave in the first of `d` inputs."""
    rng = np.random.RandomState(0)
    x = np.vstack([np.linspace(-1.7, 1.7, n), rng.normal(size=(d - 1, n))])
    y = np.vstack([np.sin((2.0 + j) * x[:1]) for j in range(m)]) + noise * rng.normal(size=(m, n))
    if loss is not None:
        y = np.round(np.exp(y))
    network = ShallowNetwork(basis or Tanh(), d, k, m)
    term = Term(network, xp.asarray(x), xp.asarray(y), loss or SquaredError(), xp.ones(n, dtype=xp.float64))
    return EmpiricalRisk([term], alpha * network.penalty_mask(term.inputs))


class GivenOpening:
    """Begins where it is told."""

    best = None

    def __init__(self, params):
        self.params = params

    def run(self, fit):
        fit.course.begin(fit.plan.solver, self.params)


def start_of(risk, seed=0, initializer=None):
    return draw_start(risk, initializer or SampledPairs(), np.random.RandomState(seed))


def training_with(risk, phases=(), trials=1000.0, max_iter=None, opening=None, params=None, solver=LM):
    """A `Training` with a budget of so many trials, begun."""
    plan = Plan(
        opening or GivenOpening(start_of(risk) if params is None else params),
        solver,
        list(phases),
        Budget(trials * trial_work(risk, solver)),
    )
    return Training(risk, plan, 1e-8, max_iter).start(np.random.RandomState(0))
