"""A vector field as an objective: what each player's own gradient wants, and nobody's function falls."""

from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_integer
from newtonreg.objectives import Counts
from newtonreg.objectives.answers import check_callable, checked_answer
from newtonreg.objectives.automatic import gradient_of, hessian_of, jacobian_of

__all__ = ["Game", "GameEvaluation"]


class Game:
    """The variational inequality VI(F, X): find z* in X with ⟨F(z*), z − z*⟩ ≥ 0 for all z in X; F(z*) = 0 where X is all of ℝᵖ.

    F stacks the gradients of what each player minimizes over its own block of z; it need not be the gradient of anything. A game
    poses as an objective whose `gradient` is F, so that `minimize` runs the steppers of this package on it. `gradient_norm` and
    `criticality` both are the natural residual ‖z − P(z − F(z))‖, P the projection on X, which vanishes at solutions and nowhere
    else; `value`, half its square, is only what the table shows.

    Parameters
    ----------
    field : callable
        F, z (p,) to (p,).
    n_params : int
        p.
    jacobian : callable, optional
        z to ∂F/∂z (p, p), for `NewtonStep` and `ProximalPoint`. Where left out, autograd differentiates `field` (NumPy only).
    project : callable, optional
        P, z (p,) to the nearest point of the closed convex set X: `Box`, `Simplex`, `Product`, or one of your own, which for
        `NewtonStep` and `ProximalPoint` also has `derivative(w)` (p, p). None: no constraints.

    References
    ----------
    Wadia, Dandi & Jordan, arXiv 2309.04877 (from saddle points to variational inequalities); Facchinei & Pang,
    *Finite-dimensional variational inequalities and complementarity problems* (2003), §1.5 (natural residual).

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import minimize
    >>> from newtonreg.games import ExtraGradient, Game
    >>> game = Game.from_saddle(lambda x, y: x[0] * y[0], 1, 1)
    >>> abs(minimize(game, np.array([1.0, 1.0]), ExtraGradient(0.5)).x).round(6)
    array([0., 0.])
    """

    is_sum_of_squares = False
    is_nonnegative = False
    gtol = 1e-8
    provides = frozenset()

    def __init__(self, field, n_params, jacobian=None, project=None):
        for name, given in (("field", field), ("jacobian", jacobian), ("project", project)):
            if given is not None or name == "field":
                check_callable(name, given)
        self.n_params = n_params
        self.counts = Counts()
        self.project = project
        self._field = field
        self._jacobian = jacobian if jacobian is not None else jacobian_of(field)

    @classmethod
    def from_saddle(cls, function, n_min, n_max, gradient=None, hessian=None, project=None):
        """min over x, max over y of f(x, y): F = (∇ₓf, −∇ᵧf) on z = (x, y), monotone where f is convex in x and concave in y.

        Parameters
        ----------
        function : callable
            f, x (n_min,) and y (n_max,) to a number.
        n_min, n_max : int >= 1
        gradient, hessian : callable, optional
            z to ∇f (p,) and ∇²f (p, p), p = n_min + n_max, signs as they are. Where left out, autograd differentiates `function`
            (NumPy arrays only).
        project : callable, optional
            As of the class.
        """
        check_callable("function", function)
        check_integer("n_min", n_min, low=1)
        check_integer("n_max", n_max, low=1)

        def joint(z):
            return function(z[:n_min], z[n_min:])

        first = gradient_of(joint) if gradient is None else gradient
        second = hessian_of(joint) if hessian is None else hessian

        def field(z):
            return _turned(first(z), n_min)

        return cls(field, n_min + n_max, lambda z: _turned(second(z), n_min), project)

    def at(self, params):
        """F at z = `params` (p,)."""
        return GameEvaluation(self, params)

    def projected(self, z):
        """P(z)."""
        return z if self.project is None else checked_answer("project", self.project(z), z.shape)

    def projection_derivative(self, w):
        """A generalized derivative of P at w (p, p), or None for the identity.

        Raises
        ------
        TypeError
            Where `project` has none.
        """
        if self.project is None:
            return None
        if not hasattr(self.project, "derivative"):
            raise TypeError(
                f"project={self.project!r:.100} has no derivative(w), a matrix (p, p), which steps that solve equations need. "
                "Give it one, build it from Box, Simplex and Product, or pass ExtraGradient()."
            )
        return self.project.derivative(w)


class GameEvaluation:
    """`Game` at one point; field and Jacobian on first use."""

    def __init__(self, game, params):
        self._game = game
        self.params = params

    @cached_property
    def gradient(self):
        """F, shape (p,)."""
        self._game.counts.njev += 1
        return checked_answer("field", self._game._field(self.params), self.params.shape)

    @cached_property
    def jacobian(self):
        """∂F/∂z, shape (p, p)."""
        self._game.counts.nhev += 1
        return checked_answer("jacobian", self._game._jacobian(self.params), 2 * tuple(self.params.shape))

    @cached_property
    def residual(self):
        """z − P(z − F(z)), shape (p,)."""
        return self.params - self._game.projected(self.params - self.gradient)

    @cached_property
    def gradient_norm(self):
        """The natural residual ‖z − P(z − F(z))‖, a Python float; ‖F‖ where there are no constraints."""
        return to_floats(linalg.norm(self.residual))[0]

    @property
    def criticality(self):
        """The natural residual."""
        return self.gradient_norm

    @property
    def value(self):
        """½ (natural residual)², a Python float: zero at a solution."""
        return 0.5 * self.gradient_norm * self.gradient_norm


def _turned(rows, n_min):
    """`rows`, (p,) or (p, p), with the sign of all after the first `n_min` turned."""
    return namespace(rows).concat([rows[:n_min, ...], -rows[n_min:, ...]], axis=0)
