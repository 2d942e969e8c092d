"""The deep linear autoencoder: a network objective all of whose stationary points are known in closed form."""

import math
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from newtonreg.backend import linalg
from newtonreg.backend.arrays import as_floats, device_of, namespace, to_floats
from newtonreg.components import check_integer, check_number
from newtonreg.objectives import Counts

__all__ = ["AnalyticPoint", "DeepLinearAutoencoder"]

_ASYMMETRY = 1e-12
"""Of the largest entry: a covariance that was computed in floating point may be off by this."""


class AnalyticPoint(NamedTuple):
    """A class of stationary points: B A projects on the eigenvectors `subset` of the covariance."""

    subset: tuple
    """Indices of eigenvectors, ascending; 0 is the one of the least variance."""
    params: Any
    """One point of the class (p,)."""
    value: float
    index: int
    """Negative eigenvalues of the Hessian."""


class DeepLinearAutoencoder:
    """L(A, B) = tr((I − B A) S (I − B A)ᵀ) / d, the mean of (x − B A x)² over entries and samples, S their second moments.

    Its stationary points are those where B A projects on eigenvectors of S, q ≤ h of them: Σ_q C(d, q) classes, of which one is
    the minimum, B A on the h largest, and all others are saddles. So a search for stationary points can be marked.

    Parameters
    ----------
    n_features : int >= 1, default=16
        d.
    n_hidden : int >= 1, default=4
        h. At most d.
    covariance : array of shape (d, d), optional
        S, symmetric and without negative eigenvalues; fixes array library and device. Of a sample X (d, n) pass X Xᵀ / n, and
        the loss is that of the sample. None: diag(1, …, d), a NumPy array.

    Raises
    ------
    ValueError
        Where the covariance is none, or does not have d rows.

    Notes
    -----
    The p = 2 d h parameters are the encoder A (h, d), then the decoder B (d, h), both row by row. A gradient takes 2 d² h
    flops twice over, a product with the Hessian twice that, the matrix itself p² numbers by Kronecker products. B A is unchanged
    under A → C A, B → B C⁻¹: every stationary point is a manifold, and Hessians there have at least h² − (h − q)² zero
    eigenvalues. Where eigenvalues of S coincide there are further stationary points, projections on mixtures.

    References
    ----------
    Baldi & Hornik, *Neural networks and principal component analysis: learning from examples without local minima* (1989);
    Frye, Wadia, DeWeese & Bouchard, *Numerically recovering the critical points of a deep linear autoencoder* (2019), arXiv
    1901.10603. Deviation: the covariance is that of the population, not of 10,000 draws.

    Examples
    --------
    >>> from newtonreg.landscape import DeepLinearAutoencoder
    >>> objective = DeepLinearAutoencoder()
    >>> points = list(objective.critical_points())
    >>> len(points), max(point.index for point in points), min(point.value for point in points)
    (2517, 64, 4.875)
    """

    is_sum_of_squares = False
    is_nonnegative = True
    gtol = 1e-10
    provides = frozenset({"hessian", "hessian_product"})

    def __init__(self, n_features=16, n_hidden=4, covariance=None):
        check_integer("n_features", n_features, 1)
        check_integer("n_hidden", n_hidden, 1)
        if n_hidden > n_features:
            raise ValueError(f"n_hidden={n_hidden} exceeds n_features={n_features}; a wider layer adds no stationary points.")
        self.n_features = n_features
        self.n_hidden = n_hidden
        self.n_params = 2 * n_features * n_hidden
        self.counts = Counts()
        population = np.diag(np.arange(1.0, n_features + 1.0))
        self.covariance = population if covariance is None else _checked_covariance(covariance, n_features)

    @cached_property
    def spectrum(self):
        """Variances (d,) ascending and the eigenvectors (d, d) of the covariance, columns."""
        return linalg.eigh(self.covariance)

    @cached_property
    def variances(self):
        """Eigenvalues of the covariance, ascending, Python floats."""
        values = self.spectrum[0]
        return to_floats(*[values[i] for i in range(self.n_features)])

    def unpack(self, params):
        """Encoder (h, d) and decoder (d, h) of `params` (p,), as views."""
        xp, half = namespace(params), self.n_params // 2
        encoder = xp.reshape(params[:half], (self.n_hidden, self.n_features))
        return encoder, xp.reshape(params[half:], (self.n_features, self.n_hidden))

    def pack(self, encoder, decoder):
        """Parameter vector (p,) of an encoder (h, d) and a decoder (d, h)."""
        xp = namespace(encoder)
        return xp.concat([xp.reshape(encoder, (-1,)), xp.reshape(decoder, (-1,))])

    def at(self, params):
        """The function at `params` (p,)."""
        return AutoencoderEvaluation(self, params)

    def draw_start(self, rng):
        """Random `params` (p,), normal with variance 1/p: near the origin, and descent from there passes many saddles."""
        xp, device = namespace(self.covariance), device_of(self.covariance)
        drawn = rng.standard_normal(self.n_params) / math.sqrt(self.n_params)
        return xp.asarray(drawn, dtype=xp.float64, device=device)

    # -- the stationary points

    def critical_points(self):
        """Yield an `AnalyticPoint` for each of the Σ_q C(d, q) sets of at most h eigenvectors, smaller sets first."""
        for size in range(self.n_hidden + 1):
            for subset in combinations(range(self.n_features), size):
                yield self.critical_point(subset)

    def critical_point(self, subset):
        """The `AnalyticPoint` of a set of eigenvectors: B = (U_S 0), A = Bᵀ.

        With λ the variances and q = |S|, L = Σ_{j not in S} λ_j / d, and the index is Σ_{i in S} #{j not in S: λ_j > λ_i}
        + (h − q) #{j not in S: λ_j > 0}: each pair of a used and a larger unused eigenvector is a way down, and each pair of a
        free unit and an unused eigenvector.
        """
        subset, variances = tuple(sorted(subset)), self.variances
        if len(set(subset)) < len(subset) or len(subset) > self.n_hidden or not set(subset) <= set(range(self.n_features)):
            raise ValueError(f"subset={subset!r} must be at most {self.n_hidden} different indices below {self.n_features}.")
        unused = [j for j in range(self.n_features) if j not in subset]
        index = sum(variances[j] > variances[i] for i in subset for j in unused)
        index += (self.n_hidden - len(subset)) * sum(variances[j] > 0.0 for j in unused)
        value = math.fsum(variances[j] for j in unused) / self.n_features
        decoder = self._columns(subset)
        return AnalyticPoint(subset, self.pack(namespace(decoder).matrix_transpose(decoder), decoder), value, index)

    def _columns(self, subset):
        """(U_S 0), shape (d, h)."""
        vectors = self.spectrum[1]
        xp, free = namespace(vectors), self.n_hidden - len(subset)
        zeros = xp.zeros((self.n_features, free), dtype=vectors.dtype, device=device_of(vectors))
        return xp.concat([*[vectors[:, i : i + 1] for i in subset], zeros], axis=1)

    def product(self, params):
        """The map B A (d, d), which is all that the loss sees."""
        encoder, decoder = self.unpack(params)
        return linalg.matmul(decoder, encoder)

    def same(self, params, other, tol=1e-3):
        """Whether two points are the same map: ‖B A − B' A'‖_F ≤ `tol`; projections on different eigenvectors are √2 apart."""
        xp = namespace(params)
        return to_floats(xp.linalg.matrix_norm(self.product(params) - self.product(other)))[0] <= tol

    def identify(self, params, tol=0.1):
        """The set of eigenvectors whose projection is nearest to B A, or None where it is farther than `tol` (Frobenius).

        ‖B A − P_S‖² = ‖B A‖² + Σ_{i in S} (1 − 2 u_iᵀB A u_i): S holds the u_i with u_iᵀB A u_i > ½, the h largest at most.
        """
        check_number("tol", tol, low=0.0)
        vectors = self.spectrum[1]
        xp, image = namespace(vectors), linalg.matmul(self.product(params), vectors)
        shares = xp.sum(vectors * image, axis=0)
        listed = to_floats(*[shares[i] for i in range(self.n_features)])
        largest = sorted(range(self.n_features), key=listed.__getitem__, reverse=True)[: self.n_hidden]
        subset = tuple(sorted(i for i in largest if listed[i] > 0.5))
        (distance,) = to_floats(xp.linalg.matrix_norm(self.product(params) - self.product(self.critical_point(subset).params)))
        return subset if distance <= tol else None


class AutoencoderEvaluation:
    """`DeepLinearAutoencoder` at one point; each derivative on first use.

    E = I − B A and G = ∂L/∂(B A) = −(2/d) E S give ∂L/∂A = BᵀG and ∂L/∂B = G Aᵀ.
    """

    def __init__(self, objective, params):
        self._objective = objective
        self._xp = namespace(params)
        self.params = params
        self._encoder, self._decoder = objective.unpack(params)

    @cached_property
    def _error(self):
        """I − B A."""
        d = self._objective.n_features
        eye = self._xp.eye(d, dtype=self.params.dtype, device=device_of(self.params))
        return eye - linalg.matmul(self._decoder, self._encoder)

    @cached_property
    def _error_moments(self):
        """(I − B A) S."""
        return linalg.matmul(self._error, self._objective.covariance)

    @cached_property
    def value(self):
        """L, a Python float."""
        self._objective.counts.nfev += 1
        return to_floats(self._xp.sum(self._error_moments * self._error))[0] / self._objective.n_features

    @cached_property
    def _pull(self):
        """G."""
        return (-2.0 / self._objective.n_features) * self._error_moments

    @cached_property
    def gradient(self):
        """∇L, shape (p,)."""
        self._objective.counts.njev += 1
        transposed = self._xp.matrix_transpose
        encoder = linalg.matmul(transposed(self._decoder), self._pull)
        return self._objective.pack(encoder, linalg.matmul(self._pull, transposed(self._encoder)))

    @cached_property
    def gradient_norm(self):
        """‖∇L‖, a Python float."""
        return to_floats(linalg.norm(self.gradient))[0]

    @property
    def criticality(self):
        """‖∇L‖: the published unit."""
        return self.gradient_norm

    def zero_level(self, start):
        """Nothing below 1e-28 of the variance can be told from zero."""
        return 1e-28 * math.fsum(self._objective.variances) / self._objective.n_features

    def hvp(self, v):
        """∇²L v: with M' = B' A + B A' along v and G' = (2/d) M' S, B'ᵀG + BᵀG' and G' Aᵀ + G A'ᵀ."""
        self._objective.counts.nhvp += 1
        along_encoder, along_decoder = self._objective.unpack(v)
        transposed, product = self._xp.matrix_transpose, linalg.matmul
        change = product(along_decoder, self._encoder) + product(self._decoder, along_encoder)
        bend = product((2.0 / self._objective.n_features) * change, self._objective.covariance)
        encoder = product(transposed(along_decoder), self._pull) + product(transposed(self._decoder), bend)
        decoder = product(bend, transposed(self._encoder)) + product(self._pull, transposed(along_encoder))
        return self._objective.pack(encoder, decoder)

    @cached_property
    def hessian(self):
        """∇²L, shape (p, p): (2/d) BᵀB ⊗ S and (2/d) I ⊗ A S Aᵀ on the diagonal; beside it, (2/d) B_bi (A S)_ja + δ_ij G_ba."""
        self._objective.counts.nhev += 1
        xp, product, transposed = self._xp, linalg.matmul, self._xp.matrix_transpose
        d, h, half = self._objective.n_features, self._objective.n_hidden, self.params.shape[0] // 2
        scale, covariance = 2.0 / d, self._objective.covariance
        moments = product(self._encoder, covariance)
        identities = [xp.eye(size, dtype=self.params.dtype, device=device_of(self.params)) for size in (d, h)]
        inner = _kronecker(scale * product(transposed(self._decoder), self._decoder), covariance)
        outer = _kronecker(identities[0], scale * product(moments, transposed(self._encoder)))
        # entries (i, a; b, j) of A_ia and B_bj
        crossed = transposed(self._decoder)[:, None, :, None] * xp.matrix_transpose(scale * moments)[None, :, None, :]
        crossed = crossed + identities[1][:, None, None, :] * transposed(self._pull)[None, :, :, None]
        border = xp.reshape(crossed, (half, half))
        return xp.concat([xp.concat([inner, border], axis=1), xp.concat([transposed(border), outer], axis=1)], axis=0)


def _kronecker(left, right):
    """left ⊗ right: entry (i a, j b) is left_ij right_ab."""
    blocks = left[:, None, :, None] * right[None, :, None, :]
    return namespace(left).reshape(blocks, (left.shape[0] * right.shape[0], left.shape[1] * right.shape[1]))


def _checked_covariance(covariance, n_features):
    """`covariance` as float64; ValueError unless it is (d, d), finite, symmetric and without a negative eigenvalue."""
    matrix = as_floats(covariance)
    if tuple(matrix.shape) != (n_features, n_features):
        raise ValueError(
            f"covariance has shape {tuple(matrix.shape)} and must be ({n_features}, {n_features}): n_features twice."
        )
    xp = namespace(matrix)
    size, asymmetry = to_floats(xp.max(xp.abs(matrix)), xp.max(xp.abs(matrix - xp.matrix_transpose(matrix))))
    if not math.isfinite(size) or asymmetry > _ASYMMETRY * size:
        raise ValueError(f"covariance must be finite and symmetric; its largest entry is {size:g}, its asymmetry {asymmetry:g}.")
    least, most = to_floats(*[linalg.eigvalsh(matrix)[i] for i in (0, -1)])
    if least < -_ASYMMETRY * most or most <= 0.0:
        raise ValueError(f"covariance has eigenvalues from {least:g} to {most:g}; they must not be negative, nor all zero.")
    return 0.5 * (matrix + xp.matrix_transpose(matrix))
