"""Seconds per epoch of newtonreg on NumPy or CuPy, and of PyTorch's Adam."""

import contextlib
import time

import numpy as np
from default_fit.clock import Deadline

from minibatch.watching import Wrapped
from newtonreg.objectives import EmpiricalRisk
from newtonreg.solvers import MiniBatches

__all__ = ["newtonreg_epoch", "torch_epoch"]

_WARM_UP = {True: 3, False: 1}
"""Steps on a GPU and on a CPU before the clock starts: compilation, allocation, caches."""


class _Timed(Wrapped):
    """A solver on a clock that starts after some steps and raises `Deadline` when enough has been seen; else the solver."""

    def __init__(self, solver, n_rows, seconds, warm_up, wait):
        super().__init__(solver)
        self._n_rows, self._seconds, self._warm_up, self._wait = n_rows, seconds, warm_up, wait
        self._count, self._epochs, self._products, self._start, self._end = 0, 0.0, 0, None, None

    def step(self, objective, state):
        """The solver's step on a batch."""
        before = objective.counts.nhvp
        after = self._solver.step(objective, state)
        self._count += 1
        if self._start is not None:
            self._products += objective.counts.nhvp - before
            self._epochs += objective.terms[0].weights.shape[0] / self._n_rows
            if time.perf_counter() - self._start > self._seconds:
                self._wait()
                self._end = time.perf_counter()
                raise Deadline
        elif self._count == self._warm_up:
            self._wait()
            self._start = time.perf_counter()
        return after

    def record(self):
        """Seconds over epochs, whole or not, and products with the Hessian over steps."""
        n_steps = self._count - self._warm_up
        return {"seconds": (self._end - self._start) / self._epochs, "products": self._products / n_steps}


def newtonreg_epoch(problem, solver, batch_size, seconds, on_gpu):
    """`seconds` per epoch of `solver` in batches, and `products` a step, from about `seconds` of them."""
    risk, start, wait = problem.risk, problem.start, _nothing
    if on_gpu:
        import cupy

        risk, start, wait = _moved(risk, cupy.asarray), cupy.asarray(start), cupy.cuda.Device().synchronize
    timed = _Timed(solver, problem.n_rows, seconds, _WARM_UP[on_gpu], wait)
    batches = MiniBatches(timed, batch_size=batch_size, seed=0)
    state = batches.init(risk, start)
    with contextlib.suppress(Deadline):
        while True:
            state = batches.step(risk, state)
    return timed.record()


def _nothing():
    """A CPU has done what it was told when it says so."""


def _moved(risk, convert):
    term = risk.terms[0]
    inputs = convert(np.ascontiguousarray(term.inputs.T)).T
    arrays = {"inputs": inputs, "targets": convert(term.targets), "weights": convert(term.weights)}
    return EmpiricalRisk([term._replace(**arrays)], convert(risk.penalty))


def torch_epoch(X, labels, hidden_sizes, batch_size, seconds, device, dtype, rate):
    """`seconds` per epoch of PyTorch's Adam on tanh units with the data on the `device`, from about `seconds` of them."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    wait = torch.cuda.synchronize if device == "cuda" else _nothing
    step = _torch_step(X, labels, hidden_sizes, batch_size, device, getattr(torch, dtype), rate)
    for _ in range(_WARM_UP[device == "cuda"]):
        step()
    wait()
    start, epochs = time.perf_counter(), 0.0
    while time.perf_counter() - start <= seconds:
        epochs += step() / len(labels)
        # as often as newtonreg, which looks at the loss of every batch
        wait()
    return {"seconds": (time.perf_counter() - start) / epochs}


def _torch_step(X, labels, hidden_sizes, batch_size, device, dtype, rate):
    """A function that makes one step and returns its rows; epochs in shuffled order follow each other."""
    import torch

    inputs = torch.tensor(X, dtype=dtype, device=device)
    targets = torch.tensor(labels, device=device)
    sizes = (inputs.shape[1], *hidden_sizes)
    layers = [part for pair in zip(sizes, sizes[1:], strict=False) for part in (torch.nn.Linear(*pair), torch.nn.Tanh())]
    module = torch.nn.Sequential(*layers, torch.nn.Linear(sizes[-1], int(labels.max()) + 1)).to(device, dtype)
    optimizer = torch.optim.Adam(module.parameters(), rate)
    loss, queue = torch.nn.CrossEntropyLoss(), []

    def step():
        if not queue:
            queue.extend(torch.randperm(len(labels), device=device).split(batch_size))
        rows = queue.pop()
        optimizer.zero_grad()
        loss(module(inputs[rows]), targets[rows]).backward()
        optimizer.step()
        return len(rows)

    return step
