"""What a product with the Hessian of a deep network costs: time against a gradient, memory against rows."""

import time
import tracemalloc

import numpy as np
from default_fit import summary
from default_fit.groups import Task
from timing import interleave

from minibatch import plots
from minibatch.claims import Claim, claims_table, number
from minibatch.groups import Group
from newtonreg.bases import Tanh
from newtonreg.losses import Multinomial
from newtonreg.networks import DeepNetwork, draw_deep
from newtonreg.objectives import EmpiricalRisk, Term

__all__ = ["Cost"]

_DEPTHS = (1, 2, 3, 4)
_ROWS = (64, 128, 256, 512, 1024, 2048, 4096)
_N_FEATURES, _WIDTH, _N_OUTPUTS, _TIMED_ROWS = 784, 128, 10, 256
_SECONDS, _QUICK_SECONDS = 10.0, 0.2
_MEMORY = {"one-piece": "all rows in one piece", "batches": "as newtonreg takes them"}
_FULL_SIZE = 8.0
"""Bytes of a float64."""


class Cost(Group):
    """Ratios at four depths; bytes at seven batch sizes."""

    name, title = "cost", "What a product with the Hessian costs"
    notes = (
        '784-128-…-10, tanh, softmax. Times: 256 rows, candidates in turn, medians of the ratios in each round. "From',
        'scratch" is at a fresh point, forward pass included, as the gradient is; "there already" is a further product at',
        "the same point, of which a step makes several. Flops: a gradient takes 4 a row and weight of the first layer and 6",
        "of the others, a product 6 and 16 from scratch, 4 and 12 where the gradient is there. Memory: peak of tracemalloc",
        "during one product from scratch, one hidden layer; newtonreg cuts rows into pieces, so that the peak stops growing.",
    )

    def plan(self, known, seeds, settings):
        depths = _DEPTHS[:2] if settings.quick else _DEPTHS
        rows = _ROWS[:3] if settings.quick else _ROWS
        tasks = [Task(self.name, f"depth-{depth}", "hvp", 0) for depth in depths]
        return [*tasks, *(Task(self.name, f"rows-{n}", method, 0) for method in _MEMORY for n in rows)]

    def execute(self, task, settings):
        kind, number_of = task.problem.split("-")
        if kind == "depth":
            return _times(int(number_of), _QUICK_SECONDS if settings.quick else _SECONDS)
        return _peak(int(number_of), in_one_piece=task.method == "one-piece")

    def report(self, records):
        return [*self._time(records), *self._memory(records)]

    def _time(self, records):
        found = [(depth, r) for depth in _DEPTHS for r in summary.of(records, problem=f"depth-{depth}") if not r["failure"]]
        if not found:
            return []
        rows = [
            [
                *(str(depth), f"{r['params']:.0f}", number(1e3 * r["gradient_seconds"])),
                *(number(r[name]) for name in ("scratch_ratio", "scratch_flops", "kept_ratio", "kept_flops")),
            ]
            for depth, r in found
        ]
        heading = ("hidden layers", "parameters", "gradient, ms", "product from scratch / gradient", "by flops")
        heading = (*heading, "further product / gradient", "by flops")
        most = max(r["scratch_ratio"] for _, r in found)
        claim = Claim(
            "a product from scratch costs less than three gradients at every depth", f"at most {number(most)}", most < 3.0
        )
        return [summary.table(heading, rows), claims_table([claim])]

    def _memory(self, records):
        rows, fits = [], []
        for method, label in _MEMORY.items():
            n, peaks = _memory_points(records, method)
            if len(n) < 3:
                continue
            rows.append([label, *(number(peak / 1e6) for peak in peaks)])
            if method == "one-piece":
                fits.append(_linear(n, peaks))
        if not rows:
            return []
        table = summary.table(("peak MB at rows", *(str(size) for size in n)), rows)
        return [table, claims_table(fits)]

    def plot(self, records, traces, path):
        series = {method: _memory_points(records, method) for method in _MEMORY}
        if not all(len(n) for n, _ in series.values()):
            return False
        figure, (axes,) = plots.panels(1)
        for method, (n, peaks) in series.items():
            axes.plot(n, np.array(peaks) / 1e6, "o-", label=_MEMORY[method])
        axes.set_xlabel("rows")
        axes.set_ylabel("peak of one product, MB")
        axes.legend(fontsize=8)
        plots.save(figure, path)
        return True


def _risk(depth, n_rows):
    rng = np.random.RandomState(0)
    network = DeepNetwork([Tanh()] * depth, _N_FEATURES, (_WIDTH,) * depth, _N_OUTPUTS)
    targets = np.eye(_N_OUTPUTS)[:, rng.randint(_N_OUTPUTS, size=n_rows)]
    term = Term(network, rng.normal(size=(_N_FEATURES, n_rows)), targets, Multinomial(), np.ones(n_rows))
    return EmpiricalRisk([term], network.penalty_mask(term.inputs)), draw_deep(network, term.inputs, rng), rng


def _times(depth, budget):
    risk, params, rng = _risk(depth, _TIMED_ROWS)
    direction, begin = rng.normal(size=risk.n_params), time.perf_counter()
    kept = risk.at(params)
    # what a further product finds: the forward and backward sweep of the gradient, and of one product before it
    _ = kept.gradient, kept.hvp(direction)
    candidates = {
        "gradient": lambda: risk.at(params).gradient,
        "scratch": lambda: risk.at(params).hvp(direction),
        "kept": lambda: kept.hvp(direction),
    }
    times = interleave(candidates, budget)
    first, others = _N_FEATURES * _WIDTH, (depth - 1) * _WIDTH**2 + _WIDTH * _N_OUTPUTS
    gradient = 4.0 * first + 6.0 * others
    return {
        "seconds": time.perf_counter() - begin,
        "params": risk.n_params,
        "gradient_seconds": times.median("gradient"),
        "scratch_ratio": times.ratio("scratch", "gradient"),
        "kept_ratio": times.ratio("kept", "gradient"),
        "scratch_flops": (6.0 * first + 16.0 * others) / gradient,
        "kept_flops": (4.0 * first + 12.0 * others) / gradient,
    }


def _peak(n_rows, in_one_piece):
    """Bytes beyond what was there before one product."""
    risk, params, rng = _risk(1, n_rows)
    direction, begin = rng.normal(size=risk.n_params), time.perf_counter()
    if in_one_piece:
        risk.batches = risk.terms
    risk.at(params).hvp(direction)
    tracemalloc.start()
    try:
        risk.at(params).hvp(direction)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    by_rule = _FULL_SIZE * risk.network.row_doubles(_N_OUTPUTS**2)
    return {"seconds": time.perf_counter() - begin, "peak": float(peak), "row_bytes": by_rule}


def _memory_points(records, method):
    """Rows and bytes, by rows."""
    found = [r for r in summary.of(records, method) if not r["failure"] and r["problem"].startswith("rows-")]
    points = sorted((int(r["problem"].removeprefix("rows-")), r["peak"]) for r in found)
    return [n for n, _ in points], [peak for _, peak in points]


def _linear(n, peaks):
    """The claim that memory is linear in the rows, by the share of the variance that a line explains."""
    slope, base = np.polyfit(n, peaks, 1)
    rest = np.asarray(peaks) - (base + slope * np.asarray(n))
    explained = 1.0 - float(np.sum(rest**2) / np.sum((peaks - np.mean(peaks)) ** 2))
    measured = f"{base / 1e6:.3g} MB + {slope:.4g} bytes a row, R² = {explained:.5f}"
    return Claim("in one piece the peak grows linearly with the rows (R² ≥ 0.999)", measured, explained >= 0.999)
