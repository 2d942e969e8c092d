"""Special functions that the array API standard lacks, accurate to a few units in the last place and silent at the extremes.

NumPy and CuPy have compiled versions of some (SciPy, cupyx), which are taken: one pass over memory instead of four. The rest is
written once for every library, with an exponent that is never positive, so that nothing overflows.
"""

import math

import scipy.special

from newtonreg.backend.arrays import is_cupy_array, is_numpy_array, namespace, to_device, to_host

__all__ = ["erf", "expit", "log1pexp", "logsumexp", "moderation", "softmax", "xlogy"]


def _compiled(array):
    """`scipy.special` or its CuPy twin for `array`, None for another library."""
    if is_numpy_array(array):
        return scipy.special
    if is_cupy_array(array):
        import cupyx.scipy.special

        return cupyx.scipy.special
    return None


def expit(x):
    """Logistic function 1 / (1 + exp(−x)).

    Parameters
    ----------
    x : array of float64, any shape
        Any value, ±inf included.

    Returns
    -------
    array, shape of `x`
        In [0, 1], with full relative accuracy in both tails: `expit(-x)` is the accurate 1 − `expit(x)`. Below x = −709.8, where
        the answer is subnormal, it may be flushed to 0 (as SciPy does).
    """
    compiled = _compiled(x)
    if compiled is not None:
        return compiled.expit(x)
    xp = namespace(x)
    decay = xp.exp(-xp.abs(x))
    upper = 1.0 / (1.0 + decay)
    return xp.where(x >= 0.0, upper, decay * upper)


def log1pexp(x):
    """Softplus log(1 + exp(x)) = max(x, 0) + log1p(exp(−|x|)).

    Parameters
    ----------
    x : array of float64, any shape
        Any value, ±inf included.

    Returns
    -------
    array, shape of `x`
        Nonnegative; both terms are, so nothing cancels.
    """
    xp = namespace(x)
    return xp.maximum(x, 0.0) + xp.log1p(xp.exp(-xp.abs(x)))


def logsumexp(x, axis):
    """log Σ exp(x) along `axis`.

    Parameters
    ----------
    x : array of float64
        Any value, ±inf included.
    axis : int
        The axis that is summed over and dropped.

    Returns
    -------
    array
        The largest x plus log1p of the other terms' sum relative to it. Keeping the largest term, an exact 1, out of the sum
        preserves the digits of an answer near zero: `logsumexp([0, -50])` is 1.9e-22, not 0.
    """
    xp = namespace(x)
    peak = xp.max(x, axis=axis, keepdims=True)
    # An infinite peak stays out of the difference (inf − inf) and returns by the sum below.
    terms = xp.exp(x - xp.where(xp.isfinite(peak), peak, 0.0))
    largest = x == peak
    ties = xp.sum(xp.astype(largest, x.dtype), axis=axis) - 1.0
    others = xp.sum(xp.where(largest, 0.0, terms), axis=axis)
    return xp.squeeze(peak, axis=axis) + xp.log1p(others + ties)


def moderation(variance):
    """Factor κ(s²) = 1 / √(1 + π s²/8) with expit(κ a) ≈ E expit(z), z normal with mean a and variance s².

    Parameters
    ----------
    variance : array of float64, any shape
        s² ≥ 0.

    Returns
    -------
    array, shape of `variance`
        In [0, 1]. The approximate mean is within 0.02 of the exact one for any a and s², exact at a = 0 and in the limit s → 0.

    References
    ----------
    MacKay, *The evidence framework applied to classification networks*, Neural Computation 4 (1992) 720. It is exact for the
    probit Φ(√(π/8) a), which has the slope of the logistic function at 0.
    """
    return 1.0 / namespace(variance).sqrt(1.0 + (math.pi / 8.0) * variance)


def softmax(x, axis):
    """exp(x) / Σ exp(x) along `axis`.

    Parameters
    ----------
    x : array of float64
        Finite or −inf, at least one finite value in each sum.
    axis : int
        The axis along which the result sums to 1.

    Returns
    -------
    array, shape of `x`
    """
    xp = namespace(x)
    terms = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return terms / xp.sum(terms, axis=axis, keepdims=True)


def erf(x):
    """Error function 2/√π ∫₀ˣ exp(−t²) dt.

    Parameters
    ----------
    x : array of float64, any shape
        Any value, ±inf included.

    Returns
    -------
    array, shape of `x`

    Notes
    -----
    Libraries other than NumPy and CuPy make a round trip over the host: a series to full accuracy needs three regimes and a
    dozen passes, and the one such library in use (array-api-strict, in the tests) lives in host memory anyway.
    """
    compiled = _compiled(x)
    if compiled is not None:
        return compiled.erf(x)
    return to_device(scipy.special.erf(to_host(x)), like=x)


def xlogy(x, y):
    """x log(y), and 0 where x = 0 (unless y is NaN).

    Parameters
    ----------
    x, y : arrays of float64, shapes that broadcast
        `y` ≥ 0.

    Returns
    -------
    array, the broadcast shape
    """
    compiled = _compiled(x)
    if compiled is not None:
        return compiled.xlogy(x, y)
    xp = namespace(x)
    return x * xp.log(xp.where((x == 0.0) & ~xp.isnan(y), 1.0, y))
