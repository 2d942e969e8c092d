"""Levenberg–Marquardt of optimistix, from the common start; compilation is not counted."""

from functools import cache

import numpy as np

from default_fit.clock import BestPoint, Clock, Deadline
from default_fit.methods import Fitted, Method
from default_fit.networks import NetworkProblem

__all__ = ["METHODS"]


@cache
def _solver():
    """(step, init) of optimistix's solver, compiled once a shape of the data."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp
    import optimistix as optx

    jax.config.update("jax_enable_x64", True)

    def residuals(params, data):
        X, y = data
        weights, biases, coefs, intercept = params
        return jnp.tanh(X @ weights + biases) @ coefs + intercept - y, None

    solver = optx.LevenbergMarquardt(rtol=1e-15, atol=1e-15)

    def init(params, data):
        shapes = jax.eval_shape(lambda: residuals(params, data))
        return solver.init(residuals, params, data, {}, *shapes, frozenset())

    def step(params, data, state):
        params, state, _ = solver.step(residuals, params, data, {}, state, frozenset())
        value = 0.5 * jnp.sum(residuals(params, data)[0] ** 2)
        done, _ = solver.terminate(residuals, params, data, {}, state, frozenset())
        return params, state, value, done

    return eqx.filter_jit(init), eqx.filter_jit(step)


def _fit(problem, seed, cap):
    import jax

    init, step = _solver()
    setting = NetworkProblem(problem)
    data = tuple(map(jax.numpy.asarray, (setting.X, setting.y)))
    start = tuple(map(jax.numpy.asarray, setting.parts(setting.start(seed))))
    jax.block_until_ready(step(start, data, init(start, data)))
    clock = Clock(cap)
    best = BestPoint(clock)
    params, state, done = start, init(start, data), False
    try:
        while not done:
            params, state, value, done = step(params, data, state)
            best.see(setting.params(*map(np.asarray, params)) if value < best.value else None, float(value))
    except Deadline:
        pass
    return Fitted(setting.network_predictor(best.params), clock.seconds)


METHODS = [Method("optimistix-lm", "optimistix LM (compiled)", _fit, packages=("jax", "optimistix"), most_seeds=2)]
