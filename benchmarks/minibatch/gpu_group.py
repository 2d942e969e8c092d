"""Seconds per epoch on a CPU and on a GPU."""

from functools import partial
from importlib import util

import numpy as np
from default_fit import summary
from default_fit.groups import Task

from minibatch.claims import number
from minibatch.data import mnist
from minibatch.epochs import newtonreg_epoch, torch_epoch
from minibatch.groups import Group
from minibatch.problems import classification
from minibatch.solvers_made import trust_region
from newtonreg.bases import Tanh
from newtonreg.solvers import Adam

__all__ = ["Gpu"]

_RATE = 1e-3
_SECONDS, _QUICK_SECONDS = 10.0, 0.2
_NETWORKS = {
    "small": ("784-128-10, 8,000 rows, batch 512", (128,), 512, 8000),
    "wide": ("784-1024-1024-10, 60,000 rows, batch 4096", (1024, 1024), 4096, 60_000),
}
_SOLVERS = {"adam": partial(Adam, _RATE), "tr-rmsprop": partial(trust_region, "rmsprop", 5, 0.05, 1.75)}
_LABELS = {
    "numpy-adam": "Adam, newtonreg on NumPy",
    "cupy-adam": "Adam, newtonreg on CuPy",
    "torch-cpu-float64-adam": "Adam, PyTorch on the CPU",
    "torch-cuda-float64-adam": "Adam, PyTorch on the GPU",
    "torch-cpu-float32-adam": "Adam, PyTorch on the CPU, float32",
    "torch-cuda-float32-adam": "Adam, PyTorch on the GPU, float32",
    "numpy-tr-rmsprop": "trust region, RMSProp, 5 products, newtonreg on NumPy",
    "cupy-tr-rmsprop": "trust region, RMSProp, 5 products, newtonreg on CuPy",
}


class Gpu(Group):
    """Two networks, two methods, three libraries."""

    name, title = "gpu", "Seconds per epoch on a CPU and on a GPU"
    notes = (
        "One fit's loop in mini-batches, from about 10 s of steps after some to warm up; whole epochs are not waited for.",
        "float64 unless it says otherwise; one thread on the CPU. The data are on the device, batches are drawn there, and",
        "every step ends with the loss on the host (newtonreg) or a synchronization (PyTorch). MNIST's rows are repeated up",
        "to 60,000 for the wide network. The trust region starts with a radius of 0.05, so that its steps make the products",
        "that later ones make; a product costs one to two gradients.",
    )
    n_seeds = 1

    def absent(self):
        return "" if _has_cupy() or util.find_spec("torch") else "neither CuPy with a GPU nor PyTorch is here"

    def missing(self, method):
        library, device = method.split("-")[:2]
        if library == "cupy":
            return "" if _has_cupy() else "CuPy and a GPU"
        if library == "torch":
            return "" if util.find_spec("torch") and (device == "cpu" or _torch_has_gpu()) else "PyTorch and its device"
        return ""

    def plan(self, known, seeds, settings):
        names = list(_NETWORKS)[:1] if settings.quick else _NETWORKS
        runs = range(self.count_seeds(seeds, settings))
        return [Task(self.name, name, method, seed) for seed in runs for name in names for method in _LABELS]

    def execute(self, task, settings):
        _, hidden_sizes, batch_size, n_rows = _NETWORKS[task.problem]
        split = mnist(settings)
        rows = np.resize(np.arange(len(split.y_train)), len(split.y_train) if settings.quick else n_rows)
        split = split._replace(X_train=split.X_train[rows], y_train=split.y_train[rows])
        seconds = min(settings.seconds, _QUICK_SECONDS if settings.quick else _SECONDS)
        batch_size = min(batch_size, len(rows) // 4)
        library, rest = task.method.split("-", 1)
        if library == "torch":
            device, dtype, _ = rest.split("-")
            data = split.standardized()
            return torch_epoch(data.X_train, data.y_train, hidden_sizes, batch_size, seconds, device, dtype, _RATE)
        problem = classification(split, Tanh(), hidden_sizes, task.seed)
        return newtonreg_epoch(problem, _SOLVERS[rest](), batch_size, seconds, library == "cupy")

    def report(self, records):
        present = [name for name in _NETWORKS if summary.of(records, problem=name)]
        heading = ("method", *(_NETWORKS[name][0] for name in present))
        rows = []
        for method, label in _LABELS.items():
            cells = [self._cell(summary.of(records, method, name)) for name in present]
            rows += [[label, *cells]] if any(cell != "-" for cell in cells) else []
        return [summary.table(heading, rows), *self._ratios(records, present)]

    @staticmethod
    def _cell(runs):
        products = summary.median(runs, "products")
        return number(summary.median(runs, "seconds")) + (f" ({number(products)} products a step)" if products > 0.0 else "")

    @staticmethod
    def _ratios(records, present):
        """NumPy over CuPy, and CuPy over PyTorch on the same GPU."""
        pairs = [
            ("numpy-adam", "cupy-adam", "Adam: NumPy over CuPy"),
            ("numpy-tr-rmsprop", "cupy-tr-rmsprop", "trust region: NumPy over CuPy"),
            ("cupy-adam", "torch-cuda-float64-adam", "Adam: CuPy over PyTorch on the GPU"),
            ("numpy-adam", "torch-cpu-float64-adam", "Adam: NumPy over PyTorch on the CPU"),
        ]
        rows = []
        for above, below, text in pairs:
            medians = [[summary.median(summary.of(records, m, name), "seconds") for m in (above, below)] for name in present]
            rows.append([text, *(number(one / other) for one, other in medians)])
        return [summary.table(("ratio of seconds", *(_NETWORKS[name][0] for name in present)), rows)]


def _has_cupy():
    if not util.find_spec("cupy"):
        return False
    import cupy

    try:
        return cupy.cuda.runtime.getDeviceCount() > 0
    except cupy.cuda.runtime.CUDARuntimeError:
        return False


def _torch_has_gpu():
    import torch

    return torch.cuda.is_available()
