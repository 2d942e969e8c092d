"""The same objective written down independently and differentiated by JAX, or by autograd where JAX is not installed.

A Hessian is a sum over rows, so the reference goes through the rows in chunks: `jax.hessian` of all rows at once would need
about 4 n p k doubles (130 GB at p = 2001, n = 10,000).
"""

import importlib.util
import math
import time
from typing import NamedTuple

import numpy as np

__all__ = ["Reference", "reference_hessian"]

_CHUNK_DOUBLES = {"jax": 2.5e8, "autograd": 2.5e8}
"""Doubles that one chunk may need (2 GB)."""

_WORK = {"jax": 4.1e9, "autograd": 5e7}
"""n p k up to which all rows are compared, fewer beyond: about half a minute for JAX, some seconds for autograd."""


class Reference(NamedTuple):
    """A Hessian by automatic differentiation of the first `n_rows` rows, and the seconds a row takes once compiled."""

    name: str
    n_rows: int
    hessian: np.ndarray
    seconds_a_row: float


def reference_hessian(problem, quick=False):
    """`Reference` for a `Problem`; with `quick` on a tenth of the work."""
    name = "jax" if importlib.util.find_spec("jax") else "autograd"
    network = problem.network
    work_a_row = network.n_params * network.n_units
    n = problem.weights.shape[0]
    n_rows = min(n, max(16, int(_WORK[name] / (10 if quick else 1) / work_a_row)))
    chunk = max(16, int(_CHUNK_DOUBLES[name] / (4 * work_a_row)))
    n_chunks = math.ceil(n_rows / chunk)
    edges = [n_rows * i // n_chunks for i in range(n_chunks + 1)]
    hessian = (_jax_hessian if name == "jax" else _autograd_hessian)(problem)
    total, seconds = np.diag(problem.penalty), []
    for start, stop in zip(edges[:-1], edges[1:], strict=True):
        part = slice(start, stop)
        arrays = (problem.inputs[:, part], problem.targets[:, part], problem.weights[part])
        if not seconds:
            hessian(problem.params, *arrays)  # compiles
        before = time.perf_counter()
        total = total + np.asarray(hessian(problem.params, *arrays))
        seconds.append((time.perf_counter() - before) / (stop - start))
    return Reference(name, n_rows, total, min(seconds))


def _risk(problem, xp):
    """Σ_i s_i ℓ(y_i, f(x_i)) as a function of (params, inputs, targets, weights), in the array library `xp`."""
    net = problem.network
    q, k, m = net.n_unit_params, net.n_units, net.n_outputs
    softmax = problem.loss.name == "multinomial"

    def risk(params, inputs, targets, weights):
        units = xp.reshape(params[: q * k], (q, k))
        outer = xp.reshape(params[q * k :], (m, k + 1))
        hidden = xp.tanh(units[:-1].T @ inputs + units[-1][:, None])
        raw = outer[:, :-1] @ hidden + outer[:, -1:]
        if not softmax:
            return 0.5 * xp.sum(weights * (raw - targets) ** 2)
        cross_entropy = xp.log(xp.sum(xp.exp(raw), axis=0)) - xp.sum(targets * raw, axis=0)
        gauge = xp.sum(raw, axis=0) ** 2 / (2 * m)  # see newtonreg.losses.Multinomial
        return xp.sum(weights * (cross_entropy + gauge))

    return risk


def _jax_hessian(problem):
    import jax

    jax.config.update("jax_enable_x64", True)
    compiled = jax.jit(jax.hessian(_risk(problem, jax.numpy)))
    return lambda *arrays: compiled(*arrays).block_until_ready()


def _autograd_hessian(problem):
    import autograd

    return autograd.hessian(_risk(problem, autograd.numpy))
