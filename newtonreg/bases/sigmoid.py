"""Derivatives of any order of tanh and of the logistic function, to full relative accuracy in their tails.

With y = sech² z = 1 − tanh² z the r-th derivative is y G_r(y) where r is odd and tanh(z) y G_r(y) where it is even. The factor y,
which is all that decays, stands outside, and G_r(0) = ±2^(r−1): where y vanishes nothing cancels. Polynomials in tanh have twice
the degree, and at order 12 have lost half of the digits at |z| = 4.
"""

from functools import lru_cache

from newtonreg.backend.arrays import namespace

__all__ = ["slopes_of_logistic", "slopes_of_tanh", "squared_sech"]


def squared_sech(z):
    """1 / cosh² z = 4 t / (1 + t)² with t = exp(−2|z|), which neither cancels nor overflows."""
    xp = namespace(z)
    decay = xp.abs(z)
    decay *= -2.0
    decay = xp.exp(decay)
    above = 1.0 + decay
    above *= above
    decay /= above
    decay *= 4.0
    return decay


def slopes_of_tanh(tangent, square, order, factor=1.0, rate=1.0):
    """Derivatives of `factor` tanh(`rate` z) in z.

    Parameters
    ----------
    tangent : array or None
        tanh(`rate` z); not looked at where `order` < 2.
    square : array
        `squared_sech(rate z)`.
    order : int >= 0
    factor, rate : float

    Returns
    -------
    list of arrays
        Orders 1 to `order`.
    """
    product = tangent * square if order >= 2 else None
    leads = (square if r % 2 else product for r in range(1, order + 1))
    return [_times_polynomial(lead, square, _coefficients(r, factor, rate)) for r, lead in enumerate(leads, start=1)]


def slopes_of_logistic(z, order):
    """Orders 1 to `order` of 1 / (1 + exp(−z)) = ½ + ½ tanh(z/2), a list of arrays."""
    if order == 0:
        return []
    half = 0.5 * z
    tangent = namespace(z).tanh(half) if order >= 2 else None
    return slopes_of_tanh(tangent, squared_sech(half), order, factor=0.5, rate=0.5)


def _times_polynomial(lead, y, coefficients):
    """lead (c_0 + c_1 y + …) by Horner's rule, in one array."""
    *lower, highest = coefficients
    if not lower:
        return highest * lead
    result = highest * y
    result += lower.pop()
    while lower:
        result *= y
        result += lower.pop()
    result *= lead
    return result


@lru_cache
def _coefficients(order, factor, rate):
    """Coefficients, constant first, of factor rate^r G_r."""
    return tuple(factor * rate**order * c for c in _integer_coefficients(order))


@lru_cache
def _integer_coefficients(order):
    """Coefficients of G_r, r = `order`; from y' = −2 tanh y, tanh' = y and tanh² = 1 − y.

    With E = (y G)' in y: G_{r+1} = −2 E after an odd r, y G − 2 (1 − y) E after an even one.
    """
    if order == 1:
        return (1,)
    below = _integer_coefficients(order - 1)
    slope = [(j + 1) * c for j, c in enumerate(below)]
    if order % 2 == 0:
        return tuple(-2 * c for c in slope)
    shifted = [0, *(c + 2 * s for c, s in zip(below, slope, strict=True))]
    return tuple(c - 2 * s for c, s in zip(shifted, [*slope, 0], strict=True))
