"""Networks at points that are known: risks, and trivial solutions."""

import numpy as np

from newtonreg import EmpiricalRisk
from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import Term

__all__ = ["N_UNITS", "hidden_steps", "make_risk", "trivial_zero"]

N_UNITS = 6


def make_risk(network, x, y, alpha=0.0, loss=None, xp=np):
    x, y, s = (xp.asarray(array, dtype=xp.float64) for array in (x, y, np.ones(x.shape[1])))
    return EmpiricalRisk([Term(network, x, y, loss or SquaredError(), s)], alpha * network.penalty_mask(x))


def hidden_steps(n_units=N_UNITS, n=200):
    """Inputs (1, n) and steps spread over them: units (2, k), their values (k, n) and slopes."""
    x = np.linspace(-1.0, 1.0, n)[None, :]
    steepness = 4.0 + 0.3 * np.arange(n_units)
    units = np.stack([steepness, -steepness * np.linspace(-0.8, 0.8, n_units)])
    h = np.tanh(units[0][:, None] * x + units[1][:, None])
    return x, units, h, 1.0 - h**2


def trivial_zero(seed=0, alpha=0.0, xp=np, scale=1.0):
    """A network with an intercept at a trivial solution: N = mean(v), and tanh units orthogonal to a rough v − mean(v).

    Without an intercept N is zero (papers as a rule); with it the constant is one more basis function, orthogonal as well.
    """
    x, units, h, _ = hidden_steps()
    basis = np.linalg.qr(np.vstack([h, np.ones_like(x)]).T)[0]
    v = np.random.default_rng(seed).standard_normal(x.shape[1])
    for _ in range(2):
        v -= basis @ (basis.T @ v)
    network = ShallowNetwork(Tanh(), 1, N_UNITS, 1)
    outer = np.zeros((1, N_UNITS + 1))
    outer[0, -1] = 0.7 * scale
    params = xp.asarray(network.pack(units, outer))
    return make_risk(network, x, scale * (v[None, :] + 0.7), alpha, xp=xp), params, v
