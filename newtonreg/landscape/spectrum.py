"""The spectrum of a curvature matrix: eigenvalues, or their density from products alone; how diagonal, of what rank."""

import math
from dataclasses import dataclass
from typing import Any

from sklearn.utils import check_random_state

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_floats, to_host
from newtonreg.components import check_integer
from newtonreg.curvatures import resolve_curvature
from newtonreg.landscape.extremes import DENSE_UP_TO
from newtonreg.solvers.requirements import check_objective, check_requirements
from newtonreg.subproblems.krylov import lanczos
from newtonreg.subproblems.krylov_model import tridiagonal_matrix

__all__ = ["Spectrum", "diagonal_share", "effective_rank", "least_squares_share", "spectrum", "wigner_share"]

_METHODS = ("auto", "dense", "lanczos")


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues of a symmetric matrix, or nodes and weights that stand for their density.

    Attributes
    ----------
    nodes : array of shape (r,)
        Ascending; with "dense" the p eigenvalues. On the host.
    weights : array of shape (r,)
        Sum 1; with "dense" all 1/p. On the host.
    method : {"dense", "lanczos"}
    n_params : int
        p.
    """

    nodes: Any
    weights: Any
    method: str
    n_params: int

    def moment(self, order):
        """Σ_j λ_j^`order` over the p eigenvalues: p, the trace, the squared Frobenius norm, …

        By Lanczos: Hutchinson's estimate with the same random vectors, exactly so, for an order up to 2 n_steps − 1.
        """
        return self.n_params * float((self.weights * self.nodes**order).sum())

    @property
    def trace(self):
        """Σ_j λ_j."""
        return self.moment(1)

    @property
    def negative_share(self):
        """Share of negative eigenvalues, those within rounding (1e-10 of the largest) left out."""
        return float(self.weights[self.nodes < -1e-10 * abs(self.nodes).max()].sum())

    @property
    def effective_rank(self):
        """`effective_rank` of the eigenvalues; by Lanczos of the density."""
        return _entropy_rank(self.nodes, self.n_params * self.weights)

    def density(self, values, width):
        """Σ_j w_j N(values; λ_j, width²): the density of eigenvalues, smoothed for a plot.

        Parameters
        ----------
        values : array of shape (t,)
            On the host.
        width : float > 0
            Standard deviation of the Gaussians.
        """
        z = (values[:, None] - self.nodes[None, :]) / width
        xp = namespace(z)
        return xp.sum(self.weights * xp.exp(-0.5 * z * z), axis=1) / (width * math.sqrt(2.0 * math.pi))


def spectrum(objective, params, method="auto", n_vectors=10, n_steps=50, random_state=None, curvature="exact"):
    """Spectrum of the Hessian, or of another curvature matrix B, of an objective at a point.

    Parameters
    ----------
    objective : Objective
    params : array of shape (p,)
    method : {"auto", "dense", "lanczos"}, default="auto"
        "dense": all eigenvalues of the matrix. "lanczos": stochastic Lanczos quadrature by products with the matrix, a density.
        "auto": "dense" where the objective has the matrix and p ≤ 2000.
    n_vectors : int >= 1, default=10
        Random vectors of ±1 (Rademacher), of which each gives a quadrature rule; without effect with "dense".
    n_steps : int >= 1, default=50
        Products for each of them, at most p of use; without effect with "dense".
    random_state : int, RandomState or None, default=None
        Draws the vectors, on the host.
    curvature : str or Curvature, default="exact"
        B, for instance "gauss-newton".

    Returns
    -------
    Spectrum

    Notes
    -----
    "dense": a matrix and 4/3 p³ flops. "lanczos": n_vectors n_steps products, 4 p n_steps² flops a vector for reorthogonalization
    and p n_steps numbers of memory. A rule of n_steps nodes integrates polynomials of degree 2 n_steps − 1 exactly, so trace and
    trace of the square are Hutchinson's estimates: unbiased, with the variance 2 Σ_{i≠j} B_ij² / n_vectors for the trace. The
    ends of the spectrum are sharp, its inside is a density.

    References
    ----------
    Ubaru, Chen & Saad, *Fast estimation of tr(f(A)) via stochastic Lanczos quadrature* (2017), Algorithm 1; Ghorbani, Krishnan &
    Xiao, *An investigation into neural net optimization via Hessian eigenvalue density* (2019). Full reorthogonalization is ours.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> saddle = Analytic(lambda x: x[0] ** 2 - 3 * x[1] ** 2, 2)
    >>> spectrum(saddle, np.zeros(2)).nodes
    array([-6.,  2.])
    """
    check_objective(objective)
    resolved = resolve_curvature(curvature)
    if method not in _METHODS:
        raise ValueError(f"method={method!r} is unknown; pass one of {', '.join(map(repr, _METHODS))}.")
    for name, value in (("n_vectors", n_vectors), ("n_steps", n_steps)):
        check_integer(name, value, low=1)
    size = params.shape[0]
    if method == "auto":
        method = "dense" if size <= DENSE_UP_TO and _has_matrix(resolved, objective) else "lanczos"
    if method == "dense":
        check_requirements(resolved, objective)
    at = resolved.at(objective.at(params), None)
    if method == "dense":
        nodes = to_host(linalg.eigvalsh(at.matrix))
        return Spectrum(nodes, 0.0 * nodes + 1.0 / size, "dense", size)
    rng = check_random_state(random_state)
    rules = [_quadrature(at.product, _signs(params, rng), n_steps) for _ in range(n_vectors)]
    return Spectrum(*_merged(rules), "lanczos", size)


def _has_matrix(curvature, objective):
    provides = getattr(objective, "provides", None)
    return provides is None or set(curvature.requires) <= set(provides)


def _signs(like, rng):
    """A random vector (p,) of ±1."""
    xp = namespace(like)
    return xp.asarray(rng.choice([-1.0, 1.0], size=like.shape[0]).tolist(), dtype=xp.float64, device=device_of(like))


def _quadrature(product, start, n_steps):
    """Nodes and weights of the Gauss rule for the measure of B that `start` (p,) sees; on the host.

    Ritz values, and the squares of the first components of the eigenvectors of the Lanczos matrix.
    """
    for grown in lanczos(product, start, n_steps):
        space = grown
    diagonal, off_diagonal = space.tridiagonal()
    if not math.isfinite(sum(diagonal) + sum(off_diagonal)):
        raise FloatingPointError("A product of the curvature matrix with a vector is not finite: there is no spectrum here.")
    values, vectors = linalg.eigh(tridiagonal_matrix(diagonal, off_diagonal, namespace(to_host(start[:1]))))
    return values, vectors[0, :] ** 2


def _merged(rules):
    """The mean of quadrature rules, nodes ascending."""
    xp = namespace(rules[0][0])
    nodes = xp.concat([values for values, _ in rules])
    weights = xp.concat([shares for _, shares in rules]) / len(rules)
    order = xp.argsort(nodes)
    return nodes[order], weights[order]


# -- numbers of a matrix


def diagonal_share(matrix):
    """Σ_i |A_ii| / Σ_ij |A_ij|: 1 for a diagonal matrix, and what a diagonal preconditioner can hope for.

    Parameters
    ----------
    matrix : array of shape (p, p)

    Returns
    -------
    float
        NaN for a matrix of zeros.

    References
    ----------
    Adolphs, Kohler & Lucchi, arXiv 1905.09201: Hessians of networks stay above `wigner_share` and `least_squares_share`.
    """
    xp = namespace(matrix)
    size = xp.abs(matrix)
    diagonal, total = to_floats(xp.sum(xp.linalg.diagonal(size)), xp.sum(size))
    return diagonal / total if total != 0.0 else math.nan


def wigner_share(d):
    """1/d: `diagonal_share` to expect of a symmetric random matrix whose entries have one law.

    Parameters
    ----------
    d : int >= 1
        Rows of the matrix.
    """
    check_integer("d", d, low=1)
    return 1.0 / d


def least_squares_share(d, n):
    """1 / (1 + (d − 1) √(2 / (π n))): `diagonal_share` to expect of XᵀX, the Hessian of least squares with independent features.

    Parameters
    ----------
    d : int >= 1
        Features, of mean zero and one variance.
    n : int >= 1
        Rows of X, many: off the diagonal (XᵀX)_ij / n is nearly normal, with mean absolute value s² √(2 / (π n)).
    """
    check_integer("d", d, low=1)
    check_integer("n", n, low=1)
    return 1.0 / (1.0 + (d - 1) * math.sqrt(2.0 / (math.pi * n)))


def effective_rank(eigenvalues):
    """exp(−Σ_j p_j log p_j), p_j = |λ_j| / Σ|λ|: r for r equal eigenvalues, and whatever share the others have.

    Parameters
    ----------
    eigenvalues : array of shape (p,) or (p, p)
        Eigenvalues, or a symmetric matrix (4/3 p³ flops).

    Returns
    -------
    float
        From 1 to p; 0 where all eigenvalues vanish.

    References
    ----------
    Roy & Vetterli, *The effective rank: a measure of effective dimensionality* (2007), there of singular values, which are |λ|.
    """
    values = linalg.eigvalsh(eigenvalues) if eigenvalues.ndim == 2 else eigenvalues
    return _entropy_rank(values, 1.0)


def _entropy_rank(values, multiplicities):
    """`effective_rank` of values that each count `multiplicities` times."""
    xp = namespace(values)
    size = xp.abs(values)
    (total,) = to_floats(xp.sum(multiplicities * size))
    if total == 0.0:
        return 0.0
    shares = size / total
    logarithms = xp.log(xp.where(shares > 0.0, shares, xp.ones_like(shares)))
    return math.exp(-to_floats(xp.sum(multiplicities * shares * logarithms))[0])
