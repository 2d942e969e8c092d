"""A dense approximation of the inverse Hessian, the memory of the quasi-Newton methods that keep one."""

from dataclasses import dataclass
from typing import Any

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace

__all__ = ["InverseHessian", "bfgs_inverse", "symmetric_product"]


@dataclass(frozen=True, eq=False)
class InverseHessian:
    """H, symmetric positive definite, `matrix` (p, p)."""

    matrix: Any

    @classmethod
    def scaled_identity(cls, pair):
        """(yᵀs / yᵀy) I: H before the first update, an eigenvalue of the inverse Hessian between its least and its largest.

        Nocedal & Wright, *Numerical Optimization* (2006), (6.20).
        """
        eye = namespace(pair.s).eye(pair.s.shape[0], dtype=pair.s.dtype, device=device_of(pair.s))
        return cls(pair.sy / pair.yy * eye)

    @property
    def state(self):
        """The arrays inside, by name; `InverseHessian(**state)` is this one again."""
        return {"matrix": self.matrix}

    def direction(self, gradient):
        """−H ∇F, shape (p,)."""
        return -linalg.matmul(self.matrix, gradient)


def bfgs_inverse(matrix, pair):
    """(I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ with ρ = 1 / yᵀs, multiplied out; `matrix` is H (p, p). 4 p² flops."""
    image = linalg.matmul(matrix, pair.y)
    share = (1.0 + namespace(image).vecdot(pair.y, image) / pair.sy) / pair.sy
    return matrix + symmetric_product(pair.s, 0.5 * share * pair.s - image / pair.sy)


def symmetric_product(a, b):
    """a bᵀ + b aᵀ, symmetric to the last bit."""
    product = a[:, None] * b[None, :]
    return product + namespace(product).matrix_transpose(product)
