"""All stationary points that can be found: many starts, one root finder of the gradient, one table."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from joblib import Parallel, delayed
from numpy.linalg import LinAlgError
from sklearn.utils import check_random_state

from newtonreg.backend import linalg
from newtonreg.backend.arrays import namespace, to_floats
from newtonreg.components import check_integer, check_number
from newtonreg.landscape.classify import classify
from newtonreg.landscape.newton_tr import NewtonTR
from newtonreg.landscape.starts import Descents, draw_starts
from newtonreg.landscape.symmetry import canonicalize
from newtonreg.minimize import Status, minimize
from newtonreg.solvers import GradientNormMinimization, Newton, NewtonMR
from newtonreg.solvers.acceptance import NEGLIGIBLE_CURVATURE
from newtonreg.solvers.requirements import check_objective
from newtonreg.subproblems.minimum_residual import pseudoinverse_residual

__all__ = ["FoundPoint", "StationaryPoints", "find_stationary_points"]

_FLAT = 0.9
"""Flatness r above which a gradient counts as being in the kernel of the Hessian (Frye et al. 2020)."""
_ROUNDING = 1e-12
"""Of ‖∇²F‖ max(1, ‖x‖): a gradient below that is rounding, and its direction means nothing."""
_ARRIVED = 1e-2
"""Of max(1, ‖x‖): where Newton's step is longer, the gradient fades without a stationary point, as that of exp(−x)."""
_STRAYED = 0.5
"""Of max(1, ‖x‖): a refinement that goes farther was not at a stationary point, even if the gradient is rounding in the end."""
_REFINING = 20
"""Trials of `NewtonMR` after a search has succeeded: equal points must be equal to many digits, and null eigenvalues null."""
_SAME = 1e-5
"""Of max(1, |x|): largest difference of parameters that are the same point."""
_SHOWN = 40
"""Rows of a printed table."""


class FoundPoint(NamedTuple):
    """A row of `StationaryPoints`: a stationary point, as `newtonreg.landscape.classify` sees it."""

    value: float
    gradient_norm: float
    flatness: float
    """r = ‖∇²F p + ∇F‖ / (‖∇²F‖ ‖p‖ + ‖∇F‖), p the shortest minimizer of the residual; 0 where ∇F is rounding."""
    index: int
    nullity: int
    kind: str
    n_found: int
    """Starts that led there."""
    params: Any
    """(p,), of the run that came closest."""


class StationaryPoints(Sequence):
    """Distinct stationary points, lowest first: a sequence of `FoundPoint` that prints as a table.

    Attributes
    ----------
    n_starts : int
    n_successes : int
        Starts that led to a stationary point.
    failures : dict of str to int
        Starts that did not, by reason, see `find_stationary_points`.
    """

    def __init__(self, points, failures, n_starts):
        self._points = sorted(points, key=lambda point: (point.value, point.index))
        self.failures = dict(failures)
        self.n_starts = n_starts

    @property
    def n_successes(self):
        """Starts that led to a stationary point."""
        return sum(point.n_found for point in self._points)

    def __len__(self):
        return len(self._points)

    def __getitem__(self, place):
        return self._points[place]

    def to_dict(self):
        """Columns by name, lists, as `pandas.DataFrame` takes them."""
        return {name: [getattr(point, name) for point in self._points] for name in FoundPoint._fields}

    def __repr__(self):
        return f"<{self._summary()}>"

    def _summary(self):
        failed = "".join(f", {count} {reason}" for reason, count in sorted(self.failures.items()))
        return f"{len(self)} stationary points from {self.n_successes} of {self.n_starts} starts{failed}"

    def __str__(self):
        heads = ("value", "|gradient|", "flatness", "index", "nullity", "kind", "found")
        rows = [
            (
                f"{p.value:.6g}",
                f"{p.gradient_norm:.1e}",
                f"{p.flatness:.2f}",
                str(p.index),
                str(p.nullity),
                p.kind,
                str(p.n_found),
            )
            for p in self._points[:_SHOWN]
        ]
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in (heads, *rows)]
        more = [f"… and {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([*lines, *more, self._summary()])


def find_stationary_points(
    objective,
    n_starts,
    method="newton-mr",
    tol=1e-10,
    starts="random",
    noise=0.0,
    n_jobs=None,
    random_state=None,
    max_iter=500,
    same=None,
    n_trajectories=3,
    descent=None,
    descent_max_iter=2000,
):
    """Search for stationary points of any kind from many starts.

    Parameters
    ----------
    objective : Objective
        With a Hessian.
    n_starts : int >= 1
    method : {"newton-mr", "newton-tr", "gradient-norm", "newton"} or Solver, default="newton-mr"
        "newton-mr" is `NewtonMR(method="krylov", initial_step=0.1, growth=2.0, max_krylov=25)`: small Krylov spaces and careful
        steps keep a run near its start, where full steps wander. `NewtonTR`, `GradientNormMinimization`, and `Newton` without
        safeguard and with a pseudo-inverse, are at their defaults. Any other solver may be passed.
    tol : float > 0, default=1e-10
        A run is over where the square of `criticality` is at most this: ‖∇F‖² for most functions, and for an `EmpiricalRisk`
        relative, ‖∇F‖² / (2 F Σs). Looser ones find what is not there: at 1e-6 most of the ends on the linear autoencoder are
        none of its points.
    starts : {"random", "trajectory-height", "trajectory-iteration"} or array of shape (s, p), default="random"
        "random": standard normal; of a network as its basis draws units; of an objective with `draw_start(rng)` what that gives.
        The others are points on the way of gradient descent from there, uniform in F between the ends ("height") or among the
        steps ("iteration", which is biased to the minimum, where descent spends its time). An array is taken row by row, again
        from the first where it has fewer than `n_starts`, and fixes array library and device.
    noise : float >= 0, default=0.0
        Standard deviation (not the variance) of normal numbers added to every parameter of a start.
    n_jobs : int or None, default=None
        Processes (joblib); None is 1. In other processes the objective does not count.
    random_state : int, RandomState or None, default=None
    max_iter : int >= 1, default=500
        Trials of a search; `GradientNormMinimization` needs some 100 times as many.
    same : callable, optional
        same(params, other) says whether two points count as one. None: the objective's own `same`; of a network whether they
        agree after `canonicalize`; else whether they agree to 1e-5.
    n_trajectories : int >= 1, default=3
        Start i lies on trajectory i modulo this.
    descent : Solver, optional
        What makes trajectories. None: x ← x − 0.01 ∇F, F per unit of weight.
    descent_max_iter : int >= 1, default=2000
        Steps of a trajectory.

    Returns
    -------
    StationaryPoints

    Raises
    ------
    ValueError
        Where an argument is out of its range.

    Notes
    -----
    A small gradient is no certificate. Where a run meets `tol` at most 20 trials of `NewtonMR` take it on, then three things
    must hold: the gradient is not in the kernel of the Hessian (r ≤ 0.9, or it is rounding); those trials moved the point by at
    most half of max(1, ‖x‖), and the next would by 1% of that; and the point is not D-critical only. `failures` counts the
    starts for which this is not so, by reason:

    - "gradient-flat": r > 0.9 at the end, whatever ended the run and however small the gradient;
    - "drifting": the gradient fades and no point is near;
    - "D-critical": the function goes down from a kink where back-propagation reports no slope;
    - "stalled": no further trial lowers the gradient;
    - "max_iter": the trials were used up;
    - "not finite": F or its derivatives at the start, or a singular system.

    Besides the runs, a Hessian with its eigenvalues for each run and two for each distinct point.

    References
    ----------
    Frye, Wadia, DeWeese & Bouchard (2019), arXiv 1901.10603: finders, starts and the tolerance; Frye et al. (2020), arXiv
    2003.10397: flatness. Deviations: their noise levels are variances; the refinement, and "drifting".

    Examples
    --------
    >>> from newtonreg import Analytic
    >>> from newtonreg.landscape import find_stationary_points
    >>> well = Analytic(lambda x: x[0] ** 4 / 4 - x[0] ** 2 / 2 + x[1] ** 2 / 2, 2)
    >>> [point.kind for point in find_stationary_points(well, 20, random_state=0)]
    ['minimum', 'minimum', 'saddle']
    """
    check_objective(objective)
    for name, value in (("n_starts", n_starts), ("max_iter", max_iter), ("n_trajectories", n_trajectories)):
        check_integer(name, value, 1)
    check_integer("descent_max_iter", descent_max_iter, 1)
    check_number("tol", tol, low=0.0)
    check_number("noise", noise, low=0.0, with_low=True)
    solver, rng = _resolve(method), check_random_state(random_state)
    drawn = draw_starts(objective, n_starts, starts, noise, rng, Descents(n_trajectories, descent, descent_max_iter))
    runs = Parallel(n_jobs=n_jobs)(delayed(_search)(objective, solver, x0, tol, max_iter) for x0 in drawn)
    failures = Counter(run.failure for run in runs if run.failure)
    points = [_described(objective, group) for group in _grouped(objective, [run for run in runs if not run.failure], same)]
    return StationaryPoints([point for point in points if point.kind != "D-critical"], _with_kinks(failures, points), n_starts)


def _resolve(method):
    finders = {
        "newton-mr": NewtonMR(method="krylov", initial_step=0.1, growth=2.0, max_krylov=25),
        "newton-tr": NewtonTR(),
        "gradient-norm": GradientNormMinimization(),
        "newton": Newton(singular="pinv"),
    }
    if isinstance(method, str) and method in finders:
        return finders[method]
    if hasattr(method, "init") and hasattr(method, "step") and not isinstance(method, type):
        return method
    raise ValueError(
        f"method={method!r} is unknown; pass one of {', '.join(map(repr, finders))}, or a solver such as NewtonMR()."
    )


# -- one run


class _Run(NamedTuple):
    """How a search ended: `failure` is empty where it found a stationary point."""

    failure: str
    params: Any
    gradient_norm: float
    flatness: float


class _Watch:
    """Remembers the latest point, and ends a run where `criticality` is at most `level`."""

    def __init__(self, level):
        self.level = level
        self.point = None

    def __call__(self, record, run):
        self.point = run.state.point
        return self.has_arrived()

    def has_arrived(self):
        return self.point.criticality <= self.level


def _search(objective, solver, x0, tol, max_iter):
    """The `_Run` from `x0`."""
    watch = _Watch(math.sqrt(tol))
    try:
        result = minimize(objective, x0, solver, max_iter=max_iter, gtol=0.0, patience=max_iter, callbacks=[watch])
        point = _refined(objective, watch.point) if watch.has_arrived() else watch.point
        look = _Look(point)
        strayed = _distance(point.params, watch.point.params) > _STRAYED * max(1.0, _distance(watch.point.params))
    except (FloatingPointError, LinAlgError):
        return _Run("not finite", x0, math.nan, math.nan)
    reason = "max_iter" if result.status == Status.MAX_ITER else "stalled"
    if look.flatness > _FLAT:
        reason = "gradient-flat"
    elif watch.has_arrived():
        reason = "drifting" if strayed or look.is_far() else ""
    return _Run(reason, point.params, point.gradient_norm, look.flatness)


def _refined(objective, point):
    """The point that `NewtonMR` comes to from one with a small gradient, of those with a smaller one."""
    watch = _Watch(0.0)
    minimize(objective, point.params, NewtonMR(), max_iter=_REFINING, gtol=0.0, callbacks=[watch])
    return watch.point if watch.point.gradient_norm < point.gradient_norm else point


class _Look:
    """What the shortest minimizer p of ‖∇²F p + ∇F‖ says about a point."""

    def __init__(self, point):
        found = pseudoinverse_residual(point.hessian, point.gradient, NEGLIGIBLE_CURVATURE)
        if found is None:
            raise FloatingPointError("The Hessian is not finite.")
        self.length, size = to_floats(linalg.norm(found.p), linalg.norm(point.params))
        self.size = max(1.0, size)
        self.is_rounding = point.gradient_norm <= _ROUNDING * found.matrix_norm * self.size
        self.flatness = 0.0 if self.is_rounding else found.flatness

    def is_far(self):
        """Whether the end of Newton's step is elsewhere."""
        return self.length > _ARRIVED * self.size and not self.is_rounding


def _distance(params, other=0.0):
    return to_floats(linalg.norm(params - other))[0]


# -- distinct points


def _grouped(objective, runs, same):
    """Runs that ended at the same point, a list of lists."""
    represent, equal = _comparison(objective, same)
    groups = []
    for run in runs:
        representative = represent(run.params)
        group = next((members for other, members in groups if equal(other, representative)), None)
        if group is None:
            groups.append((representative, [run]))
        else:
            group.append(run)
    return [members for _, members in groups]


def _comparison(objective, same):
    """What stands for a point, and whether two of those are equal."""
    if same is not None:
        if not callable(same):
            raise ValueError(f"same={same!r} must be callable as same(params, other), or None.")
        return _itself, same
    if hasattr(objective, "same"):
        return _itself, objective.same
    network = getattr(objective, "network", None)
    return (_itself if network is None else lambda params: _canonical(network, params)), _is_close


def _itself(params):
    return params


def _canonical(network, params):
    """`params` (p,) with those of the network canonical; unknown coefficients of an equation may follow them."""
    own = canonicalize(network, params[: network.n_params])
    return namespace(params).concat([own, params[network.n_params :]])


def _is_close(params, other):
    xp = namespace(params)
    difference, size = to_floats(xp.max(xp.abs(params - other)), xp.max(xp.abs(other)))
    return difference <= _SAME * max(1.0, size)


def _described(objective, runs):
    """The `FoundPoint` of runs that ended at the same point."""
    closest = min(runs, key=lambda run: run.gradient_norm)
    criticality = objective.at(closest.params).criticality
    # what makes a point stationary has been decided; `tol` is also what one-sided slopes are compared with
    point = classify(objective, closest.params, tol=max(criticality, _ROUNDING))
    kind = "D-critical" if point.d_critical_only else point.kind
    numbers = (point.value, point.gradient_norm, closest.flatness, point.index, point.nullity)
    return FoundPoint(*numbers, kind, len(runs), closest.params)


def _with_kinks(failures, points):
    """`failures` and the starts that led to points that are D-critical only."""
    n_kinks = sum(point.n_found for point in points if point.kind == "D-critical")
    return {**failures, "D-critical": n_kinks} if n_kinks else dict(failures)
