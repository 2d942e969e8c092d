"""The diagonal change of variables p = S q, which turns the ellipsoid ‖S⁻¹p‖ ≤ radius into a ball."""

from dataclasses import dataclass
from typing import Any

from newtonreg.backend import linalg
from newtonreg.subproblems.quadratic import QuadraticModel

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """p = S q with S = diag(s) > 0.

    Parameters
    ----------
    diagonal : array of shape (p,), default=None
        s. None is the identity: what goes in comes out, the same object.
    memory : array of shape (p,), default=None
        What the norm that made this needs to make the next one, such as a running maximum.

    Notes
    -----
    Frozen, and nothing but arrays inside: it can be pickled, and a solver keeps it in its state from one point to the next.
    """

    diagonal: Any = None
    memory: Any = None

    @property
    def state(self):
        """The arrays inside, by name: what a checkpoint has to keep; `Scaling(**state)` is this scaling again."""
        arrays = {"diagonal": self.diagonal, "memory": self.memory}
        return {name: array for name, array in arrays.items() if array is not None}

    def model(self, gradient, matrix):
        """The model gᵀp + ½ pᵀBp in the variables q: gradient S g, matrix S B S.

        Parameters
        ----------
        gradient : array of shape (p,)
        matrix : array of shape (p, p), symmetric

        Returns
        -------
        QuadraticModel
            Costs 2 p² flops and p² numbers; the identity costs nothing.
        """
        if self.diagonal is None:
            return QuadraticModel(gradient, matrix)
        # The outer product first: (B_ij s_i) s_j and (B_ji s_j) s_i may differ in the last bit, S B S must not.
        outer = self.diagonal[:, None] * self.diagonal[None, :]
        return QuadraticModel(self.gradient(gradient), matrix * outer)

    def step(self, q):
        """p = S q, shape (p,)."""
        return q if self.diagonal is None else self.diagonal * q

    def gradient(self, gradient):
        """S g, shape (p,): a derivative by p as a derivative by q."""
        return gradient if self.diagonal is None else self.diagonal * gradient

    def norm(self, p):
        """‖S⁻¹p‖, a 0-d array or a Python float: the length that the radius is compared with."""
        return linalg.norm(p if self.diagonal is None else p / self.diagonal)
