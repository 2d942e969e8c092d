"""The linear change of variables p = S q, which turns the ellipsoid ‖S⁻¹p‖ ≤ radius into a ball."""

from dataclasses import dataclass
from typing import Any

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace
from newtonreg.subproblems.quadratic import QuadraticModel

__all__ = ["Scaling"]


@dataclass(frozen=True, eq=False)
class Scaling:
    """p = S q with S = V diag(s), s > 0 and V orthogonal.

    Parameters
    ----------
    diagonal : array of shape (p,), default=None
        s. None is the identity: what goes in comes out, the same object.
    memory : array of shape (p,), default=None
        What the norm that made this needs to make the next one, such as a running maximum.
    vectors : array of shape (p, p), default=None
        V. None is the identity: the axes of the ellipsoid are those of the parameters.

    Notes
    -----
    Frozen, and nothing but arrays inside: it can be pickled, and a solver keeps it in its state from one point to the next.
    """

    diagonal: Any = None
    memory: Any = None
    vectors: Any = None

    @property
    def state(self):
        """The arrays inside, by name: what a checkpoint has to keep; `Scaling(**state)` is this scaling again."""
        arrays = {"diagonal": self.diagonal, "memory": self.memory, "vectors": self.vectors}
        return {name: array for name, array in arrays.items() if array is not None}

    def model(self, gradient, matrix=None, product=None):
        """The model gᵀp + ½ pᵀBp in the variables q: gradient Sᵀg, matrix SᵀBS.

        Parameters
        ----------
        gradient : array of shape (p,)
        matrix : array of shape (p, p), symmetric, optional
        product : callable, optional
            v (p,) to B v, in place of the matrix.

        Returns
        -------
        QuadraticModel
            Costs 2 p² flops and p² numbers, 4 p³ with V; the identity costs nothing.
        """
        if self.diagonal is None:
            return QuadraticModel(gradient, matrix, product)
        scaled = None if product is None else lambda q: self.gradient(product(self.step(q)))
        return QuadraticModel(self.gradient(gradient), None if matrix is None else self._congruent(matrix), scaled)

    def _congruent(self, matrix):
        """SᵀBS, exactly symmetric where B is."""
        if self.vectors is not None:
            xp = namespace(matrix)
            turned = linalg.matmul(linalg.matmul(xp.matrix_transpose(self.vectors), matrix), self.vectors)
            matrix = 0.5 * (turned + xp.matrix_transpose(turned))
        # The outer product first: (B_ij s_i) s_j and (B_ji s_j) s_i may differ in the last bit, SᵀBS must not.
        return matrix * (self.diagonal[:, None] * self.diagonal[None, :])

    def columns(self, matrix):
        """`matrix` S, shape (t, p): a Jacobian by p as a Jacobian by q."""
        if self.diagonal is None:
            return matrix
        turned = matrix if self.vectors is None else linalg.matmul(matrix, self.vectors)
        return turned * self.diagonal[None, :]

    def step(self, q):
        """p = S q, shape (p,)."""
        if self.diagonal is None:
            return q
        scaled = self.diagonal * q
        return scaled if self.vectors is None else namespace(q).matmul(self.vectors, scaled)

    def gradient(self, gradient):
        """Sᵀg, shape (p,): a derivative by p as a derivative by q."""
        return gradient if self.diagonal is None else self.diagonal * self._along(gradient)

    def norm(self, p):
        """‖S⁻¹p‖, a 0-d array or a Python float: the length that the radius is compared with."""
        return linalg.norm(p if self.diagonal is None else self._along(p) / self.diagonal)

    def _along(self, p):
        """Vᵀp."""
        return p if self.vectors is None else namespace(p).matmul(namespace(p).matrix_transpose(self.vectors), p)
