"""Derivatives judged by the slopes of Taylor remainders."""

import math

import numpy as np

from newtonreg.backend.arrays import device_of, namespace
from newtonreg.testing.claims import host, require_close, require_slopes

__all__ = ["check_gradient", "check_hessian", "taylor_slopes"]


def taylor_slopes(function, derivatives, largest=2.0**-4, noise=1e-13):
    """Slopes of the Taylor remainders of a function of one variable at 0, in log-log scale.

    The remainder max |f(h) − Σ_{j<r} h^j f⁽ʲ⁾(0) / j!| falls as h^r if f(0), …, f⁽ʳ⁻¹⁾(0) are right, and slower if one is not.

    Parameters
    ----------
    function : callable
        h (a float) to a number or an array of any shape and library.
    derivatives : sequence of numbers or arrays
        f(0), f'(0), f''(0), …, each of the shape of f.
    largest : float > 0, default=1/16
        Largest h; nine more follow, each a quarter of the one before.
    noise : float > 0, default=1e-13
        Relative rounding error of `function`: remainders below this are not looked at.

    Returns
    -------
    list of float
        The slopes after r = 1, 2, … terms, each measured between the two smallest h whose remainders are above the noise, where
        a wrong derivative shows best. Infinite where the remainder is nothing but noise: a polynomial has none. NaN where f is
        not finite.

    Examples
    --------
    >>> import math
    >>> from newtonreg.testing import taylor_slopes
    >>> [round(slope, 1) for slope in taylor_slopes(math.exp, [1.0, 1.0, 1.0])]
    [1.0, 2.0, 3.0]
    >>> [round(slope, 1) for slope in taylor_slopes(math.exp, [1.0, 1.001, 1.0])]
    [1.0, 1.0, 1.0]
    """
    sizes = [largest * 0.25**level for level in range(10)]
    remainders = [host(function(size)) for size in sizes]
    # np.max, unlike max, hands NaN on
    floor = noise * np.max([np.max(np.abs(array), initial=0.0) for array in remainders])
    if not np.isfinite(floor):
        return [math.nan] * len(derivatives)
    slopes = []
    for order, term in enumerate(derivatives):
        term = host(term) / math.factorial(order)
        remainders = [r - size**order * term for r, size in zip(remainders, sizes, strict=True)]
        slopes.append(_last_slope([np.max(np.abs(r), initial=0.0) for r in remainders], floor))
    return slopes


def _last_slope(remainders, floor):
    """Slope between the last two of the leading `remainders` that are above `floor`; NaN is above it, and a slope of NaN."""
    usable = 0
    while usable < len(remainders) and not remainders[usable] <= floor:
        usable += 1
    return math.log(remainders[usable - 2] / remainders[usable - 1], 4.0) if usable >= 2 else math.inf


def check_gradient(objective, params, n_directions=3, seed=0):
    """Check the gradient of an objective against its values: Taylor slope 2 in random directions.

    Parameters
    ----------
    objective : Objective or callable
        An objective, or its `at`: params (p,) to an evaluation with `value` and `gradient`.
    params : array of shape (p,)
    n_directions : int, default=3
    seed : int, default=0
        Of the directions, which are standard normal.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> from newtonreg.testing import check_gradient
    >>> check_gradient(Analytic(lambda x: x[0] ** 3 * x[1], n_params=2), np.array([0.3, -1.0]))
    """
    at = getattr(objective, "at", objective)
    point = at(params)
    for direction in _directions(params, n_directions, seed):
        terms = [point.value, namespace(params).vecdot(point.gradient, direction)]
        slopes = taylor_slopes(_along(lambda x: at(x).value, params, direction), terms)
        require_slopes(slopes, objective, "`gradient` is the derivative of `value`")


def check_hessian(objective, params, n_directions=3, seed=0):
    """Check the Hessian of an objective against its values (Taylor slope 3) and gradients (slope 2) in random directions.

    Also that it is symmetric and that `hvp` multiplies by it. Calls `check_gradient` first.

    Parameters
    ----------
    objective : Objective or callable
        An objective, or its `at`: params (p,) to an evaluation with `value`, `gradient`, `hessian` and `hvp`.
    params : array of shape (p,)
    n_directions : int, default=3
    seed : int, default=0
        Of the directions, which are standard normal.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import Analytic
    >>> from newtonreg.testing import check_hessian
    >>> wrong = Analytic(lambda x: x[0] ** 2, n_params=1, hessian=lambda x: np.ones((1, 1)))
    >>> check_hessian(wrong.at, np.array([0.3]))
    Traceback (most recent call last):
    AssertionError: ... `hessian` is the second derivative of `value`; the Taylor remainder of order 3 falls with slope 2.00.
    """
    check_gradient(objective, params, n_directions, seed)
    at, xp = getattr(objective, "at", objective), namespace(params)
    point = at(params)
    require_close(point.hessian, xp.matrix_transpose(point.hessian), objective, "`hessian` is symmetric", rtol=1e-14)
    for direction in _directions(params, n_directions, seed):
        product = xp.matmul(point.hessian, direction)
        require_close(point.hvp(direction), product, objective, "`hvp` multiplies by `hessian`")
        terms = [point.value, xp.vecdot(point.gradient, direction), xp.vecdot(direction, product)]
        slopes = taylor_slopes(_along(lambda x: at(x).value, params, direction), terms)
        require_slopes(slopes, objective, "`hessian` is the second derivative of `value`")
        slopes = taylor_slopes(_along(lambda x: at(x).gradient, params, direction), [point.gradient, product])
        require_slopes(slopes, objective, "`hessian` is the derivative of `gradient`")


def _directions(params, n_directions, seed):
    rows = np.random.default_rng(seed).standard_normal((n_directions, params.shape[0]))
    return [namespace(params).asarray(row, device=device_of(params)) for row in rows]


def _along(function, start, direction):
    return lambda size: function(start + size * direction)
