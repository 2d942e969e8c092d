"""Some rows of an empirical risk, as an objective: what a step on a mini-batch sees."""

from copy import copy
from typing import Any, NamedTuple

from newtonreg.backend.arrays import contiguous, namespace, to_floats

__all__ = ["n_rows", "sample", "taken"]

_IN_ONE_PIECE = 4096
"""Rows up to which value and gradient of a sample are taken in one pass: for a thousand units about 150 MB."""


def n_rows(objective):
    """Rows of an `EmpiricalRisk` of one term.

    Raises
    ------
    TypeError
        Where `objective` has no rows of data.
    ValueError
        Where it has several terms, whose rows belong to different equations.
    """
    return _single_term(objective).weights.shape[0]


def _single_term(objective):
    terms = getattr(objective, "terms", None)
    if terms is None:
        raise TypeError(f"{type(objective).__name__} has no rows of data to draw from; pass an EmpiricalRisk of one term.")
    if len(terms) != 1:
        raise ValueError(f"objective has {len(terms)} terms; rows are drawn from one. Take all rows in every step.")
    return terms[0]


def taken(term, index):
    """`term` at the rows `index` (b,), contiguous. For a subset that stays; `sample` is faster for many."""
    xp = namespace(term.inputs)
    return term._replace(
        inputs=xp.take(term.inputs, index, axis=1),
        targets=xp.take(term.targets, index, axis=1),
        weights=xp.take(term.weights, index),
    )


class _RowMajor(NamedTuple):
    """`inputs` (n, d) and `targets` (n, m) of `term`: a row is contiguous, and a batch of them is gathered at memory speed.

    With d = 784 the gathering of 200 columns out of 8000 takes 6.5 times as long, and a third of the time of a gradient.
    """

    term: Any
    inputs: Any
    targets: Any

    def taken(self, index):
        """The term at the rows `index`; transposed views, which BLAS takes as they are."""
        xp = namespace(self.inputs)
        return self.term._replace(
            inputs=xp.matrix_transpose(xp.take(self.inputs, index, axis=0)),
            targets=xp.matrix_transpose(xp.take(self.targets, index, axis=0)),
            weights=xp.take(self.term.weights, index),
        )


def _row_major(objective):
    """The `_RowMajor` of `objective`, made once and kept there; copies under another penalty share it."""
    term = _single_term(objective)
    kept = vars(objective).get("row_major")
    if kept is None or kept.term is not term:
        kept = objective.row_major = _RowMajor(term, _by_rows(term.inputs), _by_rows(term.targets))
    return kept


def _by_rows(array):
    """(n, d) of (d, n); no copy where that lies in memory so already."""
    rows = namespace(array).matrix_transpose(array)
    return rows if getattr(getattr(rows, "flags", None), "c_contiguous", False) else contiguous(rows)


def sample(objective, index, curvature_index=None):
    """`objective` on some of its rows, its penalty reduced to their share of the weight.

    Over batches that part the rows, values, gradients and curvatures add up to those of `objective`. What is asked of the sample
    counts as asked of `objective`: one of each, however few the rows.

    Parameters
    ----------
    objective : EmpiricalRisk
        Of one term.
    index : integer array of shape (b,)
    curvature_index : integer array of shape (c,), optional
        Other rows, or some of the same, from which matrices and products come, brought to the same total weight. Value and
        gradient stay those of `index`. None where there is one sample for all.

    Returns
    -------
    EmpiricalRisk, or what has its attributes
        With `is_sampled = True`: the next step will see other rows, so nothing should be asked of it that the step does not need.

    Raises
    ------
    TypeError, ValueError
        Where `objective` is no `EmpiricalRisk` of one term.
    """
    rows = _row_major(objective)
    risk = _risk(objective, rows.taken(index))
    if curvature_index is None:
        return risk
    part = rows.taken(curvature_index)
    (weight,) = to_floats(namespace(part.weights).sum(part.weights))
    if not weight > 0.0:
        return risk
    weights = part.weights * (risk.total_weight / weight)
    return _TwoSamples(risk, _risk(objective, part._replace(weights=weights)))


def _risk(objective, part):
    """`objective` on the term `part`."""
    risk = type(objective)([part], objective.penalty)
    risk.penalty = objective.penalty * (risk.total_weight / objective.total_weight)
    risk.counts, risk.is_sampled = objective.counts, True
    if len(risk.batches) == 1 or part.weights.shape[0] > _IN_ONE_PIECE:
        return risk
    # pieces are cut for exact curvature, with many features into so few rows that a gradient takes 2.5 times as long
    whole = copy(risk)
    whole.batches = [part]
    return _TwoSamples(whole, risk)


class _TwoSamples:
    """A sampled risk whose curvature is that of another sample; all else is the first one's."""

    def __init__(self, risk, curvature_risk):
        self._risk = risk
        self._curvature_risk = curvature_risk

    def __getattr__(self, name):
        if name == "_risk":
            raise AttributeError(name)
        return getattr(self._risk, name)

    def at(self, params):
        """Both at `params` (p,)."""
        return _TwoPoints(self._risk.at(params), self._curvature_risk.at(params))


class _TwoPoints:
    """An evaluation of the one sample, with matrices and products of the other."""

    def __init__(self, point, curvature_point):
        self._point = point
        self._curvature_point = curvature_point

    def __getattr__(self, name):
        if name == "_point":
            raise AttributeError(name)
        return getattr(self._point, name)

    @property
    def hessian(self):
        """∇²F of the curvature's sample, (p, p)."""
        return self._curvature_point.hessian

    @property
    def gauss_newton(self):
        """Gauss–Newton matrix of the curvature's sample, (p, p)."""
        return self._curvature_point.gauss_newton

    def hvp(self, v):
        """∇²F v by the curvature's sample."""
        return self._curvature_point.hvp(v)

    def gnvp(self, v):
        """Gauss–Newton matrix of the curvature's sample times v."""
        return self._curvature_point.gnvp(v)
