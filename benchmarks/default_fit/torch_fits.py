"""Optimizers for PyTorch modules in float64, from the common start."""

import contextlib
import logging

from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.methods import Fitted, Method
from default_fit.networks import NetworkProblem

__all__ = ["METHODS"]

_LOSS_SCALE = 1e4
"""torch's line search ends at absolute tolerances: with a mean of squares it stops ten times further from the data."""


def _module(setting, params):
    """The network as a torch module, with its data."""
    import torch

    torch.set_num_threads(1)
    weights, biases, coefs, intercept = (torch.tensor(part, dtype=torch.float64) for part in setting.parts(params))
    module = torch.nn.Sequential(torch.nn.Linear(*weights.shape), torch.nn.Tanh(), torch.nn.Linear(len(coefs), 1)).double()
    with torch.no_grad():
        module[0].weight.copy_(weights.T)
        module[0].bias.copy_(biases)
        module[2].weight.copy_(coefs[None])
        module[2].bias.copy_(intercept)
    return module, torch.tensor(setting.X), torch.tensor(setting.y)[:, None]


def _params(setting, module):
    first, last = module[0], module[2]
    arrays = (first.weight.T, first.bias, last.weight[0], last.bias[0])
    return setting.params(*(array.detach().numpy() for array in arrays))


def _lbfgs(problem, seed, cap):
    import torch

    setting = NetworkProblem(problem)
    module, X, y = _module(setting, setting.start(seed))
    clock = Clock(cap)
    best = BestPoint(clock)
    unlimited = {"tolerance_grad": 0.0, "tolerance_change": 0.0, "history_size": 100, "max_iter": 10**9, "max_eval": 10**9}
    optimizer = torch.optim.LBFGS(module.parameters(), line_search_fn="strong_wolfe", **unlimited)

    def closure():
        optimizer.zero_grad()
        loss = _LOSS_SCALE * torch.sum((module(X) - y) ** 2)
        loss.backward()
        value = loss.item()
        best.see(_params(setting, module) if value < best.value else None, value)
        return loss

    with contextlib.suppress(Deadline):
        optimizer.step(closure)
    return Fitted(setting.network_predictor(best.params), clock.seconds)


def _levenberg_marquardt(problem, seed, cap):
    import torch
    import torch_levenberg_marquardt as tlm

    logging.getLogger("torch_levenberg_marquardt").setLevel(logging.ERROR)
    setting = NetworkProblem(problem)
    module, X, y = _module(setting, setting.start(seed))
    training = tlm.training.LevenbergMarquardtModule(module, loss_fn=tlm.loss.MSELoss())
    clock = Clock(cap)
    best = BestPoint(clock)
    stop = False
    try:
        while not stop:
            stop = training.training_step(X, y)[2]
            with torch.no_grad():
                # the loss that a step returns is not that of its parameters where all its attempts have failed
                value = torch.mean((module(X) - y) ** 2).item()
            best.see(_params(setting, module), value)
    except Deadline:
        pass
    return Fitted(setting.network_predictor(best.params), clock.seconds)


METHODS = [
    Method("torch-lm", "torch-levenberg-marquardt", _levenberg_marquardt, ("torch", "torch_levenberg_marquardt"), most_seeds=2),
    Method("torch-lbfgs", "torch L-BFGS", _lbfgs, ("torch",), most_seeds=2),
]
