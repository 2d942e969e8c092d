"""From a point to the quadratic model that a trust region, a damped or a cubic method minimizes: curvature, then norm."""

from dataclasses import replace

__all__ = ["at_new_point", "at_same_point"]


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


def _model(point, at, scaling, needs_matrix):
    """gᵀp + ½ pᵀBp in the variables of the norm."""
    if needs_matrix:
        return scaling.model(point.gradient, at.matrix)
    return scaling.model(point.gradient, product=at.product)
