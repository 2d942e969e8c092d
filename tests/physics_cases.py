"""Small physics problems whose residuals are written out a second time, for autograd to differentiate."""

import autograd
import autograd.numpy as anp
import numpy as np
from autograd import elementwise_grad

from newtonreg import PhysicsRegressor
from newtonreg.estimators._physics_fit import PhysicsFit
from newtonreg.estimators._physics_setup import set_up
from newtonreg.physics import D, Data, Dirichlet, Initial, MultiPoint, Periodic, Robin

__all__ = ["CASES", "Case"]

K = 4
PI = np.pi


class Case:
    """An objective with random weights and parameters, and `naive(fields, scalars)`, the residuals of its terms one by one.

    `fields(index, X, output=0)` is ∂^index u_output at X (n, d), of a network on the domain mapped to [−1, 1].
    """

    def __init__(self, model, X, targets, naive, seed=0):
        rng = np.random.default_rng(seed)
        self.model = model.set_params(hidden_layer_sizes=K)
        self.X, self.targets = X, np.atleast_2d(targets)
        self.weights = rng.uniform(0.5, 2.0, len(X))
        self.setup = set_up(self.model, X)
        self.naive = naive
        self.objective = self.make(X, self.targets, self.weights)
        self.w = 0.7 * rng.normal(size=self.objective.n_params)
        self.v = rng.normal(size=self.objective.n_params)

    def make(self, X, targets, weights):
        return PhysicsFit(self.model, self.setup, X, targets, weights).objective

    # -- the same by autograd

    def residuals(self, w):
        """√s r of all terms, in one vector; NumPy and autograd."""
        net = self.objective.network
        parts = self.naive(lambda *asked: self._field(w, *asked), w[net.n_params :])
        roots = [np.sqrt(term.weights) for term in self.objective.terms]
        return anp.concatenate([anp.ravel(part * root) for part, root in zip(parts, roots, strict=True)])

    def value(self, w):
        return anp.sum(self.residuals(w) ** 2) / 2 + anp.sum(self.objective.penalty * w**2) / 2

    def jacobian(self, w):
        return autograd.jacobian(self.residuals)(w)

    def _field(self, w, index, X, output=0):
        net = self.objective.network
        units = anp.reshape(w[: net.n_inner], (-1, K))
        outer = anp.reshape(w[net.n_inner : net.n_params], (-1, K + 1))[output]

        def function(*x):
            s = [2.0 * (x[a] - low) / (high - low) - 1.0 for a, (low, high) in enumerate(self.setup.setting.domain)]
            z = sum(units[a][:, None] * s[a][None, :] for a in range(len(s))) + units[-1][:, None]
            plain = anp.dot(outer[:-1], anp.tanh(z)) + outer[-1]
            return self.transform(plain, *x)

        for a, order in enumerate(index):
            for _ in range(order):
                function = elementwise_grad(function, a)
        return function(*np.asarray(X, dtype=float).T)

    def transform(self, plain, *x):
        """u from the output of the network."""
        return plain


def column(low, high, n):
    return np.linspace(low, high, n)[:, None]


def linear():
    """−u'' + x u = cos x on [0, 2], u(0) = 1, u(2) + ½ u'(2) = 3."""
    X = column(0.1, 1.9, 6)
    model = PhysicsRegressor(-D(2) + (lambda X: X[:, 0]) * D(0), [Dirichlet(0.0, 1.0), Robin(2.0, 1.0, 0.5, 3.0)], alpha=1e-2)
    ends = np.array([[0.0]]), np.array([[2.0]])

    def naive(u, scalars):
        yield -u((2,), X) + X[:, 0] * u((0,), X) - np.cos(X[:, 0])
        yield u((0,), ends[0]) - 1.0
        yield u((0,), ends[1]) + 0.5 * u((1,), ends[1]) - 3.0

    return Case(model, X, np.cos(X[:, 0]), naive)


def nonlinear():
    """u'' = a (1 − u²) u' − b sin u on [0, 3] with unknown a and b, measured twice."""
    X, at = column(0.0, 3.0, 6), column(0.5, 2.0, 3)

    def equation(x, u, du, d2u, a, b):
        return d2u - a * (1.0 - u**2) * du + b * anp.sin(u) + 0.1 * x

    data = [Data(at, [1.0, 0.5, -0.2]), Data(at, [0.1, 0.2, 0.3], D(1))]
    model = PhysicsRegressor(equation, data, coefficients={"a": 1.0, "b": 2.0})

    def naive(u, scalars):
        yield equation(X[:, 0], u((0,), X), u((1,), X), u((2,), X), *scalars)
        yield u((0,), at) - np.array([1.0, 0.5, -0.2])
        yield u((1,), at) - np.array([0.1, 0.2, 0.3])

    return Case(model, X, np.zeros(6), naive)


def system():
    """u' = c v, v' = −sin u as a function, u and v given at the start."""
    X, start = column(0.0, 2.0, 5), np.zeros((1, 1))

    def equations(u, du, v, dv, c):
        return du - c * v, dv + anp.sin(u)

    conditions = [Initial(0.0, 1.0, output="u"), Initial(0.0, 0.5, output="v")]
    model = PhysicsRegressor(equations, conditions, outputs=("u", "v"), coefficients={"c": 1.5}, alpha=1e-3)
    targets = np.random.default_rng(1).normal(size=(2, 5))

    def naive(u, scalars):
        fields = u((0,), X), u((1,), X), u((0,), X, 1), u((1,), X, 1)
        yield anp.stack(equations(*fields, scalars[0])) - targets
        yield u((0,), start) - 1.0
        yield u((0,), start, 1) - 0.5

    return Case(model, X, targets, naive)


def linear_system():
    """u'' − 2 v = 1, v' + x u = 2 as a list of operators, and one condition on both."""
    X, ends = column(0.0, 1.0, 5), (np.zeros((1, 1)), np.ones((1, 1)))
    operators = [D(2).of("u") - 2 * D(0).of("v"), D(1).of("v") + (lambda X: X[:, 0]) * D(0).of("u")]
    both = MultiPoint([0.0, 1.0], [D(0).of("u"), D(1).of("v")], 0.7)
    model = PhysicsRegressor(operators, [both, Dirichlet(0.0, output="v"), Dirichlet(1.0)], outputs=("u", "v"))
    targets = np.stack([np.ones(5), np.full(5, 2.0)])

    def naive(u, scalars):
        yield anp.stack([u((2,), X) - 2.0 * u((0,), X, 1), u((1,), X, 1) + X[:, 0] * u((0,), X)]) - targets
        yield u((0,), ends[0]) + u((1,), ends[1], 1) - 0.7
        yield u((0,), ends[0], 1)
        yield u((0,), ends[1])

    return Case(model, X, targets, naive)


def periodic():
    """u_t + u u_x − 0.1 u_xx = 0, periodic in x, sin x at the start: two sets of points in one term, mixed partials besides."""
    X = np.random.default_rng(0).uniform(size=(7, 2)) * [2.0 * PI, 1.0]
    t = np.array([0.0, 0.5, 1.0])
    x = np.array([0.0, 0.5, 1.0]) * 2.0 * PI

    def equation(u, u_t, u_x, u_xx, u_xt):
        return u_t + u * u_x - 0.1 * u_xx + 0.01 * u_xt * u_xx

    conditions = [Periodic("x", n_points=3), Initial({"t": 0.0}, lambda X: np.sin(X[:, 0]), n_points=3)]
    model = PhysicsRegressor(equation, conditions, variables=("x", "t"), domain=[(0.0, 2.0 * PI), (0.0, 1.0)])
    left, right, start = np.stack([0.0 * t, t], 1), np.stack([2.0 * PI + 0.0 * t, t], 1), np.stack([x, 0.0 * x], 1)

    def naive(u, scalars):
        indices = [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1)]
        yield equation(*[u(index, X) for index in indices])
        yield u((0, 0), left) - u((0, 0), right)
        yield u((1, 0), left) - u((1, 0), right)
        yield u((0, 0), start) - np.sin(x)

    return Case(model, X, np.zeros(7), naive)


class Hard(Case):
    """u = 1 + 2 s + 4 s (1 − s) N on [0, 2], s = x / 2."""

    def transform(self, plain, *x):
        s = x[0] / 2.0
        return 1.0 + 2.0 * s + 4.0 * s * (1.0 - s) * plain


def hard(nonlinear):
    """u'' + c u² = 1 (or − 3 u' = 1), u(0) = 1 and u(2) = 3 by construction; the slope at 1 measured."""
    X, middle = column(0.0, 2.0, 6), np.ones((1, 1))
    ends = [Dirichlet(0.0, 1.0, how="hard"), Dirichlet(2.0, 3.0, how="hard"), Data(middle, [0.4], D(1))]

    def square(u, d2u, c):
        return d2u + c * u**2

    equation, coefficients = (square, {"c": 0.3}) if nonlinear else (D(2) - 3 * D(1), None)
    model = PhysicsRegressor(equation, ends, coefficients=coefficients)

    def naive(u, scalars):
        yield (square(u((0,), X), u((2,), X), *scalars) if nonlinear else u((2,), X) - 3.0 * u((1,), X)) - 1.0
        yield u((1,), middle) - 0.4

    return Hard(model, X, np.ones(6), naive)


CASES = {
    "linear": linear,
    "nonlinear": nonlinear,
    "system": system,
    "linear system": linear_system,
    "periodic": periodic,
    "hard": lambda: hard(True),
    "hard, linear": lambda: hard(False),
}
