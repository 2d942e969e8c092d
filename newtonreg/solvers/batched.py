"""Levenberg–Marquardt from several starts at once: for short runs of small networks, where single runs are mostly overhead."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, pairwise
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, is_cupy_array, namespace
from newtonreg.backend.linalg_batched import cholesky, fetch, put_rows, take_rows
from newtonreg.components import check_integer
from newtonreg.solvers.acceptance import reduction_ratio
from newtonreg.solvers.damping import resolve_damping

__all__ = ["BatchResult", "levenberg_marquardt_batch"]

# As in `LevenbergMarquardt(method="cholesky")`, `DampedDescent` and `ColumnScaling`, whose paths are followed.
_INITIAL_DAMPING = 1e-5
_LEAST_DAMPING = 1e-18
_HOPELESS = 1e20
_ACCELERATION_LIMIT = 1.5
_IDLE = 1e-200

_GROUP_DOUBLES = 2**20
"""Doubles of working memory of the starts that go side by side on a CPU (8 MB): what is larger leaves the cache."""
_GPU_GROUP_DOUBLES = 2**29
"""The same on a GPU (4 GB)."""


class BatchResult(NamedTuple):
    """What each start reached.

    Attributes
    ----------
    params : array of shape (s, p)
    values : list of s floats
        F there; not finite where value or gradient are not at the start.
    damping : list of s floats
        The damping for the next trial; NaN for a start from which there was none.
    accepted : list of s lists of bool
        Whether each trial moved the point; shorter than the number of trials where a start was exhausted before.
    exhausted : list of s bool
        No step was left: the start is not finite, or the damping has grown beyond 1e20 of the largest curvature.
    """

    params: Any
    values: list
    damping: list
    accepted: list
    exhausted: list


def levenberg_marquardt_batch(objective, params, n_trials, *, scaled=True, damping="nielsen"):
    """Run Levenberg–Marquardt with geodesic acceleration from each of several starts, all together.

    Each start goes its own way, with its own damping, as under `LevenbergMarquardt(norm, damping=damping, method="cholesky")`;
    values are summed in another order, so that paths agree to rounding. There is no stopping rule but exhaustion.

    Parameters
    ----------
    objective : EmpiricalRisk
        Of squared error on networks with one hidden layer. Its counts are those of all starts.
    params : array of shape (s, p)
        The starts.
    n_trials : int >= 1
        Of each start.
    scaled : bool, default=True
        Whether the norm is "column-scaling"; else it is "spherical".
    damping : str or object, default="nielsen"
        Rule of the damping, see `LevenbergMarquardt`.

    Returns
    -------
    BatchResult

    Raises
    ------
    ValueError
        Where `params` has another shape, `n_trials` is none, or the objective is no sum of squares.

    Notes
    -----
    Flops are those of s runs, n (q k + k + 1)² an accepted trial and p³/3 a trial, whatever the number of outputs. The starts
    are taken in groups whose Jacobians, (q k + k + 1) n numbers each, fit into 8 MB, or 4 GB on a GPU. All rows of the data
    are one batch. On a CPU it pays below about 100 parameters, where it saves overhead (benchmarks/batched_starts.py): the
    products of larger networks take as long either way. On a GPU it always does.

    References
    ----------
    Those of `LevenbergMarquardt`.
    """
    check_integer("n_trials", n_trials, 1)
    if not objective.is_sum_of_squares:
        raise ValueError("objective is no sum of squares: Levenberg-Marquardt's acceleration needs the squared error.")
    if params.ndim != 2 or params.shape[0] == 0 or params.shape[1] != objective.n_params:
        raise ValueError(f"params has shape {tuple(params.shape)}, and must have (s, {objective.n_params}), s >= 1.")
    data, rule, size = _Data(objective), resolve_damping(damping), _group_size(objective, params)
    edges = [*range(0, params.shape[0], size), params.shape[0]]
    groups = [params[start:stop, :] for start, stop in pairwise(edges)]
    results = [_Group(data, group, rule, scaled).run(n_trials) for group in groups]
    reached, *columns = zip(*results, strict=True)
    return BatchResult(namespace(params).concat(reached, axis=0), *[list(chain(*column)) for column in columns])


def _group_size(objective, params):
    doubles = 5 * objective.n_params**2
    for term in objective.terms:
        network, n = term.network, term.weights.shape[0]
        doubles += n * (2 * network.n_inner + 8 * network.n_units + 4 * network.n_outputs)
    return max(1, (_GPU_GROUP_DOUBLES if is_cupy_array(params) else _GROUP_DOUBLES) // doubles)


class _Data:
    """The rows of all terms, one after the other: N of them, with √s as `root` (N,) and targets (m, N)."""

    def __init__(self, objective):
        self.terms, self.network, self.penalty = objective.terms, objective.network, objective.penalty
        self.counts, self.has_penalty = objective.counts, objective.has_penalty
        xp = self.xp = namespace(self.penalty)
        self.root = xp.sqrt(_joined([term.weights for term in self.terms]))
        self.targets = _joined([term.targets for term in self.terms])
        self.is_weighted = not bool(xp.all(self.root == 1.0))


def _joined(arrays):
    """Arrays joined along the samples."""
    return arrays[0] if len(arrays) == 1 else namespace(arrays[0]).concat(arrays, axis=-1)


class _Points:
    """The objective at `params` (t, p), t points at once."""

    def __init__(self, data, params):
        self.params = params
        self._data = data
        self._points = [term.network.at(term.inputs, params) for term in data.terms]
        self._coefs = self._points[0].coefs

    def rows(self, rows):
        """Some of the points."""
        points = _Points(self._data, take_rows(self.params, rows))
        if "gradient" in self.__dict__:
            points.__dict__["gradient"] = take_rows(self.gradient, rows)
        return points

    @cached_property
    def residuals(self):
        """√s (f − y), shape (t, m, N)."""
        return (_joined([point.values for point in self._points]) - self._data.targets) * self._data.root

    def values(self):
        """F, shape (t,)."""
        data, xp, residuals = self._data, self._data.xp, self.residuals
        data.counts.nfev += self.params.shape[0]
        penalty = xp.vecdot(data.penalty, self.params * self.params)
        return 0.5 * (xp.sum(residuals * residuals, axis=(-2, -1)) + penalty)

    @cached_property
    def jacobian(self):
        """√s (∇h, h, 1), shape (t, q k + k + 1, N), of which the Jacobians of all outputs are made."""
        data, xp, net = self._data, self._data.xp, self._data.network
        t, r = self.params.shape[0], net.n_inner
        jacobian = xp.empty((t, r + net.n_units + 1, data.root.shape[0]), dtype=xp.float64, device=device_of(self.params))
        stop = 0
        for point in self._points:
            hidden, start = point.hidden, stop
            stop = start + hidden.values.shape[-1]
            jacobian[:, :r, start:stop] = xp.reshape(hidden.jacobian(), (t, r, stop - start))
            jacobian[:, r:-1, start:stop] = hidden.values
        jacobian[:, -1, :] = 1.0
        if data.is_weighted:
            jacobian *= data.root
        return jacobian

    @cached_property
    def gradient(self):
        """∇F, shape (t, p)."""
        self._data.counts.njev += self.params.shape[0]
        return self._pullback(self.residuals) + self._data.penalty * self.params

    def _pullback(self, u):
        """Σ_i Σ_j √s_i u_ji ∇f_j(x_i), shape (t, p), for `u` (t, m, N)."""
        xp, net, r, t = self._data.xp, self._data.network, self._data.network.n_inner, u.shape[0]
        products = linalg.matmul(self.jacobian, xp.matrix_transpose(u))
        units = xp.reshape(products[:, :r, :], (t, net.n_unit_params, net.n_units, -1))
        units = xp.sum(units * xp.matrix_transpose(self._coefs)[:, None, :, :], axis=-1)
        return net.pack(units, xp.matrix_transpose(products[:, r:, :]))

    def second_directional(self, v):
        """Σ_i s_i J_iᵀ (vᵀ∇²f(x_i)v), shape (t, p), for `v` (t, p): f bends as Σ_k c_k ∂²h_k[v, v] + 2 Σ_k v_k ∂h_k[v]."""
        data, xp, net = self._data, self._data.xp, self._data.network
        units, outer = net.unpack(v)
        straight = _joined([linalg.matmul(point.coefs, point.hidden.second_pushforward(units)) for point in self._points])
        pairs = units[:, None, :, :] * outer[:, :, None, :-1]
        crossed = linalg.matmul(xp.reshape(pairs, (*outer.shape[:2], net.n_inner)), self.jacobian[:, : net.n_inner, :])
        return self._pullback(straight * data.root + 2.0 * crossed)

    def gauss_newton(self):
        """Σ_i s_i J_iᵀJ_i + penalty, shape (t, p, p): one symmetric product serves all outputs, as in `SharedAssembly`."""
        data, xp, net, coefs = self._data, self._data.xp, self._data.network, self._coefs
        data.counts.nhev += self.params.shape[0]
        product = linalg.matmul(self.jacobian, xp.matrix_transpose(self.jacobian))
        if net.n_outputs == 1:
            shape = (coefs.shape[0], net.n_unit_params, net.n_units)
            scale = net.pack(xp.broadcast_to(coefs, shape), xp.ones_like(self._points[0].coefs_and_intercepts))
            product *= scale[:, :, None] * scale[:, None, :]
        else:
            product = _expanded(net, product, coefs)
        if data.has_penalty:
            product += data.penalty * xp.eye(net.n_params, dtype=xp.float64, device=device_of(product))
        return product


def _expanded(network, product, coefs):
    """M of `SharedAssembly` to the matrix of several outputs, a stack of them."""
    xp, r, q, k, m = namespace(product), network.n_inner, network.n_unit_params, network.n_units, network.n_outputs
    t, p = product.shape[0], network.n_params
    matrix = xp.zeros((t, p, p), dtype=product.dtype, device=device_of(product))
    mixing = linalg.matmul(xp.matrix_transpose(coefs), coefs)
    inner = xp.reshape(product[:, :r, :r], (t, q, k, q, k)) * mixing[:, None, :, None, :]
    matrix[:, :r, :r] = xp.reshape(inner, (t, r, r))
    cross = xp.reshape(product[:, :r, r:], (t, q, k, k + 1))
    for j in range(m):
        block = slice(r + j * (k + 1), r + (j + 1) * (k + 1))
        border = xp.reshape(cross * coefs[:, j, :][:, None, :, None], (t, r, k + 1))
        matrix[:, :r, block] = border
        matrix[:, block, :r] = xp.matrix_transpose(border)
        matrix[:, block, block] = product[:, r:, r:]
    return matrix


class _Models(NamedTuple):
    """Where t starts are, and the quadratic models there, matrices in the norm's variables."""

    params: Any
    gradient: Any
    matrix: Any
    scale: Any
    """Diagonal of S in p = S q, (t, p); (t, 1) where it is the identity."""
    squares: Any
    """Running maximum of squared column norms, (t, p)."""


@dataclass
class _Control:
    """What steers one start: numbers on the host."""

    index: int
    value: float
    damping: float = math.nan
    growth: float = 2.0
    largest: float = math.nan
    exhausted: bool = False
    accepted: list = field(default_factory=list)


class _Member(NamedTuple):
    """One of several points as `reduction_ratio` sees it, which looks at a gradient only in the last digits."""

    value: float
    points: Any
    row: int

    @property
    def gradient(self):
        return self.points.gradient[self.row, :]


class _Group:
    """Starts side by side. Those still on their way are `_live`; arrays have a row for each of these, in their order."""

    def __init__(self, data, params, rule, scaled):
        self._data, self._rule, self._scaled, self._xp = data, rule, scaled, namespace(params)
        self._reached = self._xp.asarray(params, copy=True)
        points, self._models = _Points(self._data, self._xp.asarray(params, copy=True)), None
        self._live = self._all = [_Control(i, value) for i, value in enumerate(fetch(points.values())[0])]
        rows = list(range(len(self._all)))
        self._parts = [(rows, points)]
        moved = set(self._move(rows, points))
        for row, control in enumerate(self._all):
            control.damping = _INITIAL_DAMPING * control.largest
            control.exhausted = row not in moved or not math.isfinite(control.value)
        self._leave_exhausted()

    def run(self, n_trials):
        """`BatchResult` after so many trials."""
        for _ in range(n_trials):
            if not self._live:
                break
            self._step()
            self._leave_exhausted()
        self._keep()
        columns = [[getattr(control, name) for control in self._all] for name in ("value", "damping", "accepted", "exhausted")]
        return BatchResult(self._reached, *columns)

    def _keep(self):
        put_rows(self._reached, [control.index for control in self._live], self._models.params)

    def _leave_exhausted(self):
        rows = [row for row, control in enumerate(self._live) if not control.exhausted]
        if len(rows) < len(self._live):
            self._keep()
            self._models = _Models(*[take_rows(array, rows) for array in self._models])
            self._live = [self._live[row] for row in rows]
            self._parts = [(list(range(len(rows))), None)]

    def _step(self):
        """One trial of each start."""
        models = self._models
        factors = cholesky(models.matrix, [control.damping for control in self._live])
        gradient = models.scale * models.gradient
        half, step = factors.half_solve(gradient), -factors.solve(gradient)
        acceleration = -factors.solve(models.scale * self._second_directional(models.scale * step))
        lengths = [self._xp.linalg.vector_norm(array, axis=-1) for array in (half, step, acceleration)]
        predicted, tried = {}, []
        for row, (control, numbers) in enumerate(zip(self._live, zip(*fetch(*lengths), strict=True), strict=True)):
            half_norm, step_norm, acceleration_norm = numbers
            reduction = 0.5 * (half_norm * half_norm + control.damping * step_norm * step_norm)
            # NaN where the factorization has failed
            if math.isfinite(reduction):
                predicted[row] = reduction
                tried += [row] if acceleration_norm <= _ACCELERATION_LIMIT * step_norm else []
        self._data.counts.nhvp += len(predicted)
        moved = self._try(tried, models.scale * (step + 0.5 * acceleration), predicted) if tried else {}
        for row, control in enumerate(self._live):
            self._steer(control, moved.get(row))

    def _steer(self, control, outcome):
        """Adapt the damping of a start to its trial: value and ratio of one that was accepted, else None."""
        control.accepted.append(outcome is not None)
        if outcome is not None:
            control.value, ratio = outcome
            damping, control.growth = self._rule.accepted(control.damping, control.growth, ratio)
            control.damping = max(damping, _LEAST_DAMPING * control.largest)
        else:
            control.damping, control.growth = self._rule.rejected(control.damping, control.growth)
            # negated, so that NaN ends a run
            control.exhausted = not control.damping < _HOPELESS * control.largest

    def _second_directional(self, v):
        """Σ_i s_i J_iᵀ (vᵀ∇²f(x_i)v), shape (t, p), where the starts are."""
        params = self._models.params
        self._parts = [(rows, points or _Points(self._data, take_rows(params, rows))) for rows, points in self._parts]
        if len(self._parts) == 1:
            return self._parts[0][1].second_directional(v)
        bend = self._xp.empty_like(v)
        for rows, points in self._parts:
            put_rows(bend, rows, points.second_directional(take_rows(v, rows)))
        return bend

    def _try(self, rows, displacement, predicted):
        """Move `rows` by their `displacement` where that lowers F: value and ratio of those that moved, by row."""
        start = take_rows(self._models.params, rows)
        trial = _Points(self._data, start + take_rows(displacement, rows))
        displacement, values, ratios = trial.params - start, fetch(trial.values())[0], []
        for at, row in enumerate(rows):
            old, new = _Member(self._live[row].value, self._models, row), _Member(values[at], trial, at)
            ratios.append(reduction_ratio(old, new, displacement[at, :], predicted[row]))
        better = [at for at, ratio in enumerate(ratios) if ratio > 0.0]
        if not better:
            return {}
        outcomes = {rows[at]: (values[at], ratios[at]) for at in better}
        points = trial if len(better) == len(rows) else trial.rows(better)
        moved = self._move(list(outcomes), points)
        known = set(moved) if len(moved) == len(better) else set()
        others = [row for row in range(len(self._live)) if row not in known]
        self._parts = [part for part in ((moved if known else [], points), (others, None)) if part[0]]
        return {row: outcomes[row] for row in moved}

    def _move(self, rows, points):
        """Put `rows` to `points`, with the models there; returns those of them whose gradient is finite: the others stay."""
        xp = self._xp
        # the matrix may be scaled in place, so its diagonal is taken first
        gradient, matrix = points.gradient, points.gauss_newton()
        scale = squares = xp.ones_like(gradient[:, :1])
        curvatures = xp.abs(xp.linalg.diagonal(matrix))
        if self._scaled:
            squares = curvatures if self._models is None else xp.maximum(curvatures, take_rows(self._models.squares, rows))
            scale = _column_scale(squares)
            matrix *= scale[:, :, None] * scale[:, None, :]
            curvatures = curvatures * scale * scale
        norms = [xp.linalg.vector_norm(array, axis=-1) for array in (scale * gradient, gradient)]
        found = list(zip(*fetch(xp.max(curvatures, axis=-1), *norms), strict=True))
        finite = [at for at, (_, _, norm) in enumerate(found) if math.isfinite(norm)]
        for at in finite:
            control, (largest, slope, _) = self._live[rows[at]], found[at]
            control.largest = slope if largest == 0.0 else largest
        moved = [rows[at] for at in finite]
        self._put(moved, finite, _Models(points.params, gradient, matrix, scale, squares))
        return moved

    def _put(self, rows, finite, models):
        if self._models is None or len(rows) == len(self._live):
            self._models = models
            return
        for array, new in zip(self._models, models, strict=True):
            put_rows(array, rows, take_rows(new, finite))


def _column_scale(squares):
    """`ColumnScaling` for the running maxima `squares` (t, p): 1 / √D², and what had no influence yet counts as the largest."""
    xp = namespace(squares)
    top = xp.max(squares, axis=-1, keepdims=True)
    floored = xp.where(squares > _IDLE * top, squares, top)
    return 1.0 / xp.sqrt(xp.where(top > 0.0, floored, xp.ones_like(floored)))
