"""Steps that solve equations with the Jacobian of the field: Newton's, and the proximal point."""

from sklearn.base import BaseEstimator

from newtonreg.backend import linalg
from newtonreg.backend.arrays import index_add_diagonal, namespace, to_floats
from newtonreg.components import check_integer, check_number
from newtonreg.games.stepping import rejected, start, take

__all__ = ["NewtonStep", "ProximalPoint"]

_EPS = 2.220446049250313e-16
_HALVINGS = 30


class NewtonStep(BaseEstimator):
    """z ← P(z + d), M d = −(z − P(z − η F(z))), M = I − ∂P (I − η ∂F/∂z); without constraints z − (∂F/∂z)⁻¹F(z).

    It solves F = 0, and a saddle of f is as good as any: what is a failure in minimization is the aim here. No safeguard; it
    converges quadratically near a solution where M is regular, and in one step where F is affine and unconstrained.

    Parameters
    ----------
    step_size : float > 0, default=1.0
        η. Solutions are the same for every η, but which constraints a step takes to be active is not: 1 / ‖∂F/∂z‖ is a unit in
        which few are by mistake. Without constraints η has no effect.

    Raises
    ------
    numpy.linalg.LinAlgError
        Where M is singular to rounding.

    Notes
    -----
    A field, its Jacobian and a QR factorization, 4 p³ flops, a step. Games with constraints need a `project` with `derivative`.

    References
    ----------
    Qi & Sun, *A nonsmooth version of Newton's method* (1993), on the natural map; that an iterate is projected is ours.
    """

    name = "newton-step"
    control_name = "step_size"
    monotone = False
    merit = "gradient"
    requires = ()

    def __init__(self, step_size=1.0):
        self.step_size = step_size

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("step_size", self.step_size, low=0.0)

    def init(self, objective, x0):
        """State at P(`x0`), x0 (p,)."""
        return start(self, objective, x0, self.step_size)

    def step(self, objective, state):
        """One step: a field and a Jacobian."""
        point, step_size = state.point, state.control
        target = point.params - step_size * point.gradient
        derivative, matrix = objective.projection_derivative(target), step_size * point.jacobian
        if derivative is not None:
            # I − P' + η P' J
            matrix = linalg.matmul(derivative, matrix) + index_add_diagonal(-derivative, 1.0)
        move = _solved(matrix, objective.projected(target) - point.params)
        if move is None:
            raise linalg.LinAlgError(
                f"{self!r}: the equation of the step is singular to rounding. Pass ProximalPoint(), whose equations have a "
                "solution in every monotone game, or start elsewhere."
            )
        return take(state, objective.at(objective.projected(state.params + move)))


class ProximalPoint(BaseEstimator):
    """z₊ with z₊ = P(z − η F(z₊)), by Newton's method: the step that backward Euler takes along the field.

    Parameters
    ----------
    step_size : float > 0, default=1.0
        η. Every η converges for monotone F, on f = x y by 1 / √(1 + η²) a step: the longer the better.
    inner_tol : float > 0, default=1e-10
        Of ‖z₊ − P(z − η F(z₊))‖ relative to its size at z₊ = z.
    max_inner : int >= 1, default=50
        Newton steps in a step; where they do not do, as for fields that are not monotone, η is halved for good.

    Notes
    -----
    Each inner step takes a field, its Jacobian and a QR factorization, 4 p³ flops; an affine field without constraints takes one.
    An inner step that does not lower the residual is halved. Where P is a Box, Simplex or Product and F monotone, the matrices
    I + η ∂P ∂F/∂z are regular. Games with constraints need a `project` with `derivative`.

    References
    ----------
    Rockafellar, *Monotone operators and the proximal point algorithm* (1976); inner iteration as in `NewtonStep`.
    """

    name = "proximal-point"
    control_name = "step_size"
    monotone = False
    merit = "gradient"
    requires = ()

    def __init__(self, step_size=1.0, inner_tol=1e-10, max_inner=50):
        self.step_size = step_size
        self.inner_tol = inner_tol
        self.max_inner = max_inner

    def check_parameters(self):
        """Raise ValueError on a parameter outside its range, naming it."""
        check_number("step_size", self.step_size, low=0.0)
        check_number("inner_tol", self.inner_tol, low=0.0)
        check_integer("max_inner", self.max_inner, low=1)

    def init(self, objective, x0):
        """State at P(`x0`), x0 (p,)."""
        return start(self, objective, x0, self.step_size)

    def step(self, objective, state):
        """One step: a few fields and Jacobians."""
        solution = self._implicit(objective, state)
        if solution is None:
            return rejected(state)
        # solved to a tolerance only, so perhaps not quite in X
        return take(state, solution if objective.project is None else objective.at(objective.projected(solution.params)))

    def _implicit(self, game, state):
        """The evaluation at z₊, or None where the inner iteration does not get there."""
        trial = _Trial(game, state.params, state.control, state.point)
        scale = to_floats(linalg.norm(state.params))[0] + state.control * to_floats(linalg.norm(state.point.gradient))[0]
        enough = max(self.inner_tol * trial.size, 16.0 * _EPS * scale)
        for _ in range(self.max_inner):
            if trial.size <= enough:
                return trial.point
            trial = trial.improved()
            if trial is None:
                return None
        return trial.point if trial.size <= enough else None


class _Trial:
    """u on its way to z₊: Φ(u) = u − P(z − η F(u))."""

    def __init__(self, game, anchor, step_size, point):
        self._game, self._anchor, self._step_size, self.point = game, anchor, step_size, point
        self._target = anchor - step_size * point.gradient
        self._residual = point.params - game.projected(self._target)
        (self.size,) = to_floats(linalg.norm(self._residual))

    def improved(self):
        """The `_Trial` after a Newton step, halved until ‖Φ‖ falls; None where it does not."""
        derivative, matrix = self._game.projection_derivative(self._target), self._step_size * self.point.jacobian
        if derivative is not None:
            matrix = linalg.matmul(derivative, matrix)
        move = _solved(index_add_diagonal(matrix, 1.0), -self._residual)
        if move is None:
            return None
        for k in range(_HALVINGS):
            point = self._game.at(self.point.params + 0.5**k * move)
            trial = _Trial(self._game, self._anchor, self._step_size, point)
            if trial.size < self.size:
                return trial
        return None


def _solved(matrix, rhs):
    """x with `matrix` x = `rhs` by QR, or None where the matrix is not finite or singular to rounding."""
    xp = namespace(matrix)
    if not bool(xp.all(xp.isfinite(matrix))):
        return None
    q, r = linalg.qr(matrix)
    pivots = xp.abs(xp.linalg.diagonal(r))
    least, largest = to_floats(xp.min(pivots), xp.max(pivots))
    if least <= pivots.shape[0] * _EPS * largest:
        return None
    return linalg.solve_upper(r, xp.matmul(xp.matrix_transpose(q), rhs))
