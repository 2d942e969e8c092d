"""From a point to the quadratic model that a trust region, a damped or a cubic method minimizes: curvature, then norm."""

from dataclasses import replace

__all__ = ["at_new_point", "at_point", "at_same_point", "deferred"]

_IS_NEW = "is_new"


def at_new_point(state, curvature, norm, needs_matrix=True):
    """`state`, just moved to its point, with `memory` of curvature and norm brought up to date and `cache` = (model, scaling).

    Once an accepted point: a running sum or mean would count a point twice otherwise.
    """
    at = curvature.at(state.point, state.memory.get("curvature"))
    scaling = norm.scaling(state.point, at, state.memory.get("scaling"))
    memory = {**state.memory, "curvature": at.memory, "scaling": scaling}
    return replace(state, memory=memory, cache=(_model(state.point, at, scaling, needs_matrix), scaling))


def at_same_point(state, curvature, needs_matrix=True):
    """`state`, attached again, with its `cache` made anew from its memory."""
    at, scaling = curvature.at(state.point, state.memory["curvature"]), state.memory["scaling"]
    return replace(state, cache=(_model(state.point, at, scaling, needs_matrix), scaling))


def deferred(state):
    """`state`, just moved on a sample of rows, with the model left to the next step, which will see other rows."""
    return replace(state, memory={**state.memory, _IS_NEW: True}, cache=None)


def at_point(state, curvature, norm, needs_matrix=True):
    """`state` with its `cache` made: as at a new point where that was `deferred`, else anew from its memory."""
    if _IS_NEW not in state.memory:
        return at_same_point(state, curvature, needs_matrix)
    memory = {name: value for name, value in state.memory.items() if name != _IS_NEW}
    return at_new_point(replace(state, memory=memory), curvature, norm, needs_matrix)


def _model(point, at, scaling, needs_matrix):
    """gᵀp + ½ pᵀBp in the variables of the norm."""
    if needs_matrix:
        return scaling.model(point.gradient, at.matrix)
    return scaling.model(point.gradient, product=at.product)
