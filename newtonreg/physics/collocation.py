"""Where an equation is asked to hold: points in a box, and more of them where the residual is large."""

import numpy as np
from scipy.stats import qmc
from sklearn.utils import check_random_state

from newtonreg.components import check_integer, check_number

__all__ = ["chebyshev", "latin_hypercube", "random", "refine", "uniform"]

_KINDS = {"lobatto": 2, "gauss": 1}
"""Rules of Chebyshev nodes, and how many nodes they need."""


def uniform(domain, n):
    """An equidistant tensor grid, ends included.

    x_j = low + j (high − low) / (n − 1)      j = 0, ..., n − 1, in each direction

    Parameters
    ----------
    domain : list of (low, high)
        Of each of the d variables; a single pair (low, high) for one.
    n : int >= 2, or a list of d of them
        Points in each direction.

    Returns
    -------
    array (product of n, d)
        The last variable changes fastest.

    Raises
    ------
    ValueError
        Naming the argument and its value.

    Examples
    --------
    >>> from newtonreg.physics.collocation import uniform
    >>> uniform((0.0, 1.0), 5).ravel().tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    >>> uniform([(0.0, 1.0), (-1.0, 1.0)], [2, 3]).tolist()
    [[0.0, -1.0], [0.0, 0.0], [0.0, 1.0], [1.0, -1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    low, high = _box(domain)
    return _tensor([np.linspace(*ends, count) for *ends, count in zip(low, high, _counts(n, low.size, 2), strict=True)])


def chebyshev(domain, n, kind="lobatto"):
    """A tensor grid of Chebyshev nodes, dense towards the ends.

    z_j = −cos(π j / (n − 1)) (Lobatto)      z_j = −cos(π (2j + 1) / (2n)) (Gauss)      x_j = low + (high − low) (1 + z_j) / 2

    Parameters
    ----------
    domain : list of (low, high)
        Of each of the d variables; a single pair (low, high) for one.
    n : int, or a list of d of them
        Points in each direction: at least 2 for Lobatto's, 1 for Gauss's.
    kind : {"lobatto", "gauss"}, default="lobatto"
        With the ends, or without.

    Returns
    -------
    array (product of n, d)
        Increasing; the last variable changes fastest.

    Raises
    ------
    ValueError
        Naming the argument and its value.

    Examples
    --------
    >>> from newtonreg.physics.collocation import chebyshev
    >>> chebyshev((0.0, 2.0), 5).ravel().round(4).tolist()
    [0.0, 0.2929, 1.0, 1.7071, 2.0]
    """
    low, high = _box(domain)
    if kind not in _KINDS:
        raise ValueError(f"kind={kind!r} is unknown; pass one of {', '.join(map(repr, _KINDS))}.")
    counts = _counts(n, low.size, _KINDS[kind])
    return _tensor([_between(*ends, _nodes(count, kind)) for *ends, count in zip(low, high, counts, strict=True)])


def latin_hypercube(domain, n, random_state=None):
    """Random points, of which every one of n slices of equal width has one, in each direction.

    Parameters
    ----------
    domain : list of (low, high)
        Of each of the d variables; a single pair (low, high) for one.
    n : int >= 1
        Points in all.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    array (n, d)

    Raises
    ------
    ValueError
        Naming the argument and its value.

    References
    ----------
    McKay, Beckman, Conover, Technometrics 21 (1979) 239.

    Examples
    --------
    >>> from newtonreg.physics.collocation import latin_hypercube
    >>> X = latin_hypercube([(0.0, 1.0), (0.0, 5.0)], 5, random_state=0)
    >>> sorted(X[:, 1].astype(int).tolist())
    [0, 1, 2, 3, 4]
    """
    low, high = _box(domain)
    check_integer("n", n, 1)
    seed = check_random_state(random_state).randint(2**31 - 1)
    return qmc.scale(qmc.LatinHypercube(low.size, seed=np.random.default_rng(seed)).random(n), low, high)


def random(domain, n, random_state=None):
    """Independent points, uniformly distributed.

    Parameters
    ----------
    domain : list of (low, high)
        Of each of the d variables; a single pair (low, high) for one.
    n : int >= 1
        Points in all.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    array (n, d)

    Raises
    ------
    ValueError
        Naming the argument and its value.

    Examples
    --------
    >>> from newtonreg.physics.collocation import random
    >>> random([(0.0, 1.0), (-1.0, 1.0)], 100, random_state=0).shape
    (100, 2)
    """
    low, high = _box(domain)
    check_integer("n", n, 1)
    return check_random_state(random_state).uniform(low, high, size=(n, low.size))


def refine(model, X, n_new, *, domain=None, n_candidates=10_000, power=1.0, offset=1.0, random_state=None):
    """`X` and new points, the likelier to be drawn the larger the residual of a fitted model is there.

        p(x) ∝ |r(x)|^k / mean |r|^k + c      among uniformly distributed candidates, without replacement

    Fit again with the result, and repeat. k = 0 or a large c give uniformly distributed points, a large k or c = 0 those of the
    largest residuals.

    Parameters
    ----------
    model : object
        With `residual(X)`, (n,) or (n, n_equations); of several equations the Euclidean norm counts.
    X : array (n, d)
        The points so far.
    n_new : int >= 1
        Points to add.
    domain : list of (low, high), default=None
        Where candidates are drawn; a single pair (low, high) for one variable. None: the box of `X`.
    n_candidates : int >= n_new, default=10000
    power : float >= 0, default=1.0
        k.
    offset : float >= 0, default=1.0
        c.
    random_state : int, RandomState or None, default=None

    Returns
    -------
    array (n + n_new, d)
        `X` first.

    Raises
    ------
    ValueError
        Naming the argument and its value; also where a residual is NaN or infinite, or zero at so many candidates that, with
        offset=0, too few can be drawn.

    References
    ----------
    Wu, Zhu, Tan, Kartha, Lu, Comput. Methods Appl. Mech. Eng. 403 (2023) 115671: the density of RAD, by which points are added
    (RAR-D) instead of all being drawn anew.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg.physics.collocation import refine, uniform
    >>> class Layer:
    ...     def residual(self, X):
    ...         return np.exp(-50.0 * X[:, 0])
    >>> X = refine(Layer(), uniform((0.0, 1.0), 11), 20, offset=0.0, random_state=0)
    >>> X.shape, bool((X[11:] < 0.2).all())
    ((31, 1), True)
    """
    X = _points(X)
    check_integer("n_new", n_new, 1)
    check_integer("n_candidates", n_candidates, n_new)
    check_number("power", power, 0.0, with_low=True)
    check_number("offset", offset, 0.0, with_low=True)
    domain = _box_of(X) if domain is None else domain
    n_variables = _box(domain)[0].size
    if n_variables != X.shape[1]:
        raise ValueError(f"domain={domain!r:.200} has {n_variables} variables, and X has {X.shape[1]}.")
    rng = check_random_state(random_state)
    candidates = random(domain, n_candidates, rng)
    density = _density(_sizes(model.residual(candidates), candidates), power, offset)
    n_possible = np.count_nonzero(density)
    if n_possible < n_new:
        raise ValueError(
            f"offset={offset!r} and power={power!r} leave {n_possible} of {n_candidates} candidates with a probability above "
            f"zero, fewer than n_new={n_new}. Pass offset=1.0 or more candidates."
        )
    return np.concatenate([X, candidates[rng.choice(n_candidates, size=n_new, replace=False, p=density)]])


def _density(sizes, power, offset):
    """Probabilities of candidates whose residuals are `sizes`; uniform where all of these are zero."""
    largest = sizes.max()
    # relative to the largest, so that no power overflows
    powers = np.ones_like(sizes) if largest == 0.0 else (sizes / largest) ** power
    density = powers / powers.mean() + offset
    return density / density.sum()


def _sizes(residual, candidates):
    """‖r‖ (n,) of a residual (n,) or (n, E)."""
    residual = np.asarray(residual, dtype=np.float64)
    n = candidates.shape[0]
    if residual.ndim not in (1, 2) or residual.shape[0] != n:
        raise ValueError(f"model.residual(X) has shape {residual.shape} and must have ({n},) or ({n}, n_equations).")
    sizes = np.hypot.reduce(residual.reshape(n, -1), axis=1)  # squares would overflow
    bad = ~np.isfinite(sizes)
    if bad.any():
        raise ValueError(
            f"model.residual(X) is NaN or infinite at {bad.sum()} of {n} candidates, the first of them "
            f"{candidates[bad.argmax()].tolist()}. Choose a domain where the equation is defined."
        )
    return sizes


def _points(X):
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(f"X has shape {X.shape} and must be (n, d), n >= 1, d >= 1.")
    if not np.isfinite(X).all():
        raise ValueError("X must be finite, and has NaN or infinite entries.")
    return X


def _box_of(X):
    """The smallest domain with all of `X`."""
    low, high = X.min(axis=0), X.max(axis=0)
    if not (low < high).all():
        raise ValueError(f"X does not vary in column {int((low < high).argmin())}; pass domain.")
    return list(zip(low.tolist(), high.tolist(), strict=True))


def _box(domain):
    """Lower and upper ends, (d,) each."""
    advice = "must be a list of pairs (low, high), one a variable, low < high and finite"
    try:
        ends = np.asarray(domain, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"domain={domain!r:.200} {advice}.") from error
    if ends.ndim == 1:
        ends = ends[None, :]
    is_box = ends.ndim == 2 and ends.shape[0] >= 1 and ends.shape[1] == 2
    if not is_box or not np.isfinite(ends).all() or not (ends[:, 0] < ends[:, 1]).all():
        raise ValueError(f"domain={domain!r:.200} {advice}.")
    return ends[:, 0], ends[:, 1]


def _counts(n, n_variables, low):
    """Points in each direction, a list of d integers."""
    counts = [n] * n_variables if np.ndim(n) == 0 else list(n)
    if len(counts) != n_variables:
        raise ValueError(f"n={n!r} has {len(counts)} entries, and domain has {n_variables} variables.")
    for count in counts:
        check_integer("n", count, low)
    return counts


def _nodes(count, kind):
    """Chebyshev nodes in [−1, 1], increasing; by the sine, which makes them symmetric to the last bit."""
    j = np.arange(count)
    return np.sin(0.5 * np.pi * (2 * j - count + 1) / (count - 1 if kind == "lobatto" else count))


def _between(low, high, z):
    """[−1, 1] to [low, high], the ends exactly."""
    return 0.5 * (low * (1.0 - z) + high * (1.0 + z))


def _tensor(axes):
    """All combinations of the coordinates on d axes, (product of their numbers, d)."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))
