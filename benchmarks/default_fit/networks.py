"""The network and objective that every peer with a network gets: standardized data, one hidden tanh layer, the same start."""

from functools import cached_property

import numpy as np

from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term

__all__ = ["NetworkProblem", "Standardized"]

_RIDGE = 1e-6
_DEFAULT_WIDTH = 20


class Standardized:
    """X and y of a problem with means 0 and standard deviations 1, and the way back."""

    def __init__(self, problem):
        self._center, self._scale = problem.X.mean(axis=0), problem.X.std(axis=0)
        self.y_center, self.y_scale = float(np.mean(problem.y)), float(np.std(problem.y))
        self._scale[self._scale == 0.0] = 1.0
        self.X = self.inputs(problem.X)
        self.y = (problem.y - self.y_center) / self.y_scale

    def inputs(self, X):
        """Standardized rows."""
        return (X - self._center) / self._scale

    def predictor(self, function):
        """X in the user's units to y in the user's units, from a function of standardized X."""
        return lambda X: function(self.inputs(X)) * self.y_scale + self.y_center


class NetworkProblem(Standardized):
    """F(w) = ½ Σ_i (f(x_i; w) − y_i)² as an `EmpiricalRisk`, and what SciPy takes: residuals and their Jacobian."""

    def __init__(self, problem):
        super().__init__(problem)
        self.n_rows, n_features = self.X.shape
        self.width = problem.width or _DEFAULT_WIDTH
        self.network = ShallowNetwork(Tanh(), n_features, self.width, 1)

    @cached_property
    def _inputs(self):
        return np.ascontiguousarray(self.X.T)

    @cached_property
    def objective(self):
        """The objective; its counts start at zero."""
        term = Term(self.network, self._inputs, self.y[None, :], SquaredError(), np.ones(self.n_rows))
        return EmpiricalRisk([term], np.zeros(self.network.n_params))

    def residuals(self, params):
        """f − y, (n,)."""
        return self.network.at(self._inputs, params).values[0] - self.y

    def jacobian(self, params):
        """∂f/∂w, (n, p)."""
        return self.network.at(self._inputs, params).jacobian()[0].T

    def value_at(self, error):
        """F where the root mean squared residual is `error`."""
        return 0.5 * self.n_rows * error**2

    def start(self, seed, solve_readout=True):
        """Parameters to start from, the same for all who ask.

        One input: knots at random data points, slopes of either sign, log-uniform in [0.3, 3]. Several: Glorot's uniform draw, as
        in `MLPRegressor`. Coefficients by least squares with a little ridge, or, without `solve_readout`, Glorot's draw as well.
        """
        rng = np.random.default_rng(seed)
        d, k = self.network.n_features, self.width
        if d == 1:
            slopes = rng.choice([-1.0, 1.0], k) * 10.0 ** rng.uniform(np.log10(0.3), np.log10(3.0), k)
            units = np.stack([slopes, -slopes * rng.choice(self.X[:, 0], k)])
        else:
            bound = np.sqrt(6.0 / (d + k))
            units = rng.uniform(-bound, bound, (d + 1, k))
        if not solve_readout:
            return self.network.pack(units, rng.uniform(-1.0, 1.0, (1, k + 1)) * np.sqrt(6.0 / (k + 1)))
        hidden = np.column_stack([np.tanh(self.X @ units[:-1] + units[-1]), np.ones(self.n_rows)])
        normal = hidden.T @ hidden + _RIDGE * self.n_rows * np.eye(k + 1)
        return self.network.pack(units, np.linalg.solve(normal, hidden.T @ self.y)[None, :])

    def parts(self, params):
        """(weights (d, k), biases (k,), coefficients (k,), intercept) of a parameter vector."""
        units, outer = self.network.unpack(params)
        return units[:-1], units[-1], outer[0, :-1], outer[0, -1]

    def params(self, weights, biases, coefs, intercept):
        """The parameter vector of `parts`."""
        return self.network.pack(np.vstack([weights, biases]), np.append(coefs, intercept)[None, :])

    def network_predictor(self, params):
        """Predictions in the user's units."""
        weights, biases, coefs, intercept = self.parts(np.asarray(params))
        return self.predictor(lambda X: np.tanh(X @ weights + biases) @ coefs + intercept)
