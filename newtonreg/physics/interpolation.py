"""Polynomials on a box in Chebyshev form: through values at Chebyshev–Lobatto points, and of given values and slopes at ends."""

import numpy as np
from numpy.polynomial.chebyshev import chebder, chebvander
from scipy.fft import dct

from newtonreg.backend import linalg

__all__ = ["ChebyshevTensor", "end_polynomials"]

_ROWS = 4096
"""Points at a time: what bounds the memory of a tensor's values."""


class ChebyshevTensor:
    """A polynomial of d variables on a box, p(x) = Σ_m c_m1...md Π_a T_ma(z_a), z_a from −1 to 1 between the ends of x_a.

    Values and derivatives at points outside of the box are those of the polynomial: they grow like x^m.

    Parameters
    ----------
    coefficients : array (m_1, ..., m_d)
    domain : sequence of (low, high), length d
    """

    def __init__(self, coefficients, domain):
        self.coefficients = coefficients
        self.domain = tuple(domain)

    @classmethod
    def through(cls, values, domain):
        """Through `values` (n_1, ..., n_d) at a tensor product of Chebyshev–Lobatto points; constant along axes of one value."""
        coefficients = np.asarray(values, dtype=np.float64)
        for axis, n in enumerate(coefficients.shape):
            if n > 1:
                coefficients = np.moveaxis(_lobatto_coefficients(np.moveaxis(coefficients, axis, 0)), 0, axis)
        return cls(coefficients, domain)

    def values(self, orders, X):
        """∂^orders p at `X` (n, d), shape (n,)."""
        starts = range(0, max(X.shape[0], 1), _ROWS)
        return np.concatenate([self._at_rows(orders, X[start : start + _ROWS, :]) for start in starts])

    def _at_rows(self, orders, X):
        sizes = self.coefficients.shape
        factors = [_basis(X[:, a], sizes[a], self.domain[a], orders[a]) for a in range(len(sizes))]
        sums = linalg.matmul(factors[0], np.reshape(self.coefficients, (sizes[0], -1)))
        for size, factor in zip(sizes[1:], factors[1:], strict=True):
            blocks = np.reshape(sums, (sums.shape[0], size, sums.shape[1] // size))
            sums = np.sum(blocks * factor[:, :, None], axis=1)
        return sums[:, 0]

    def at(self, axis, end, order):
        """∂^order p / ∂x_axis^order at an end (0 or 1) of that axis: a tensor that is constant along it."""
        ends = self.domain[axis]
        weights = _basis(np.asarray([ends[end]]), self.coefficients.shape[axis], ends, order)[0, :]
        contracted = np.sum(self.coefficients * _along(weights, axis, self.coefficients.ndim), axis=axis, keepdims=True)
        return ChebyshevTensor(contracted, self.domain)

    def times(self, axis, polynomial):
        """Of a tensor that is constant along `axis`: its product with a polynomial of that variable, by coefficients (m,)."""
        return ChebyshevTensor(self.coefficients * _along(polynomial, axis, self.coefficients.ndim), self.domain)

    def plus(self, other, factor=1.0):
        """p + factor · other."""
        shape = tuple(map(max, self.coefficients.shape, other.coefficients.shape))
        return ChebyshevTensor(_padded(self.coefficients, shape) + factor * _padded(other.coefficients, shape), self.domain)


def end_polynomials(conditions, ends):
    """Polynomials of one variable that take 1 for one derivative at one end, and 0 for the others: Hermite's cardinal ones.

    ∂^k_i p_j(end_i) = δ_ij      of the least degree

    Parameters
    ----------
    conditions : list of (end, order), length k
        0 or 1 for the low or high end, and the order k_i; at each end the orders 0, 1, ... without a gap.
    ends : (low, high)

    Returns
    -------
    array (k, k)
        Chebyshev coefficients, one row a condition.
    """
    # On [−1, 1], where the matrix is one of integers, whatever the width.
    observed = [_basis(np.asarray([2.0 * end - 1.0]), len(conditions), (-1.0, 1.0), order)[0, :] for end, order in conditions]
    units = np.asarray([(0.5 * (ends[1] - ends[0])) ** order for _, order in conditions])
    return np.linalg.solve(np.stack(observed), np.eye(len(conditions))).T * units[:, None]


def _lobatto_coefficients(values):
    """Chebyshev coefficients along the first axis, from values (n, ...) at increasing points."""
    n = values.shape[0]
    coefficients = dct(values[::-1], type=1, axis=0) / (n - 1)
    coefficients[0] *= 0.5
    coefficients[-1] *= 0.5
    return coefficients


def _basis(x, size, ends, order):
    """∂^order T_m / ∂x^order, m = 0 ... size − 1, at `x` (n,), shape (n, size)."""
    low, high = ends
    z = ((x - low) - (high - x)) / (high - low)  # exactly -1 and 1 at the ends
    derivatives = chebder(np.eye(size), order, scl=2.0 / (high - low))
    return linalg.matmul(chebvander(z, derivatives.shape[0] - 1), derivatives)


def _along(vector, axis, n_axes):
    return np.reshape(vector, [vector.shape[0] if a == axis else 1 for a in range(n_axes)])


def _padded(array, shape):
    return np.pad(array, [(0, longer - own) for own, longer in zip(array.shape, shape, strict=True)])
