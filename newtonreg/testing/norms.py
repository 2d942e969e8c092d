"""The contract of a norm."""

import pickle

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.curvatures import CurvaturePoint
from newtonreg.testing.claims import check_value_object, host, require, require_close
from newtonreg.testing.problems import rosenbrock

__all__ = ["check_norm"]


def check_norm(norm, xp=np):
    """Check that a norm is an invertible change of variables p = S q, at convex, indefinite and flat models.

    The scaling's `step`, `gradient`, `norm` and `model` are those of one S, also when a previous scaling is handed on; the same
    question has the same answer; a scaling can be pickled; the component is a value object.

    Parameters
    ----------
    norm : Norm
    xp : module, default=numpy
        Array API namespace.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> from newtonreg.norms import ColumnScaling
    >>> from newtonreg.testing import check_norm
    >>> check_norm(ColumnScaling())
    """
    before = dict(vars(norm))
    objective, previous = rosenbrock(xp), None
    for x in ([-1.2, 1.0], [0.0, 2.0], [1.0, 1.0]):
        point = objective.at(xp.asarray(x))
        for matrix in (point.hessian, xp.zeros_like(point.hessian), point.gauss_newton):
            curvature = CurvaturePoint(lambda matrix=matrix: matrix)
            scaling = norm.scaling(point, curvature, previous)
            _check_scaling(norm, scaling, point.gradient, matrix)
            ones = xp.ones_like(point.gradient)
            for other in (norm.scaling(point, curvature, previous), pickle.loads(pickle.dumps(scaling))):
                require_close(other.step(ones), scaling.step(ones), norm, "same question, same answer, and pickle", 0.0)
        previous = scaling
    require(vars(norm) == before, norm, "no method changes the component")
    check_value_object(norm)


def _check_scaling(norm, scaling, gradient, matrix):
    xp, size = namespace(gradient), gradient.shape[0]
    change = np.stack([host(scaling.step(unit)) for unit in xp.eye(size, dtype=xp.float64)], axis=1)
    require(np.all(np.isfinite(change)) and np.linalg.cond(change) < np.inf, norm, "S is finite and invertible")
    q = xp.asarray(np.random.default_rng(0).standard_normal(size))
    step = scaling.step(q)
    require_close(step, change @ host(q), norm, "step(q) is S q with S linear")
    require_close(scaling.norm(step), np.linalg.norm(host(q)), norm, "norm(S q) is the length of q")
    require_close(scaling.gradient(gradient), change.T @ host(gradient), norm, "gradient(g) is Sᵀg")
    require_close(scaling.columns(matrix), host(matrix) @ change, norm, "columns(A) is A S")
    model = scaling.model(gradient, matrix)
    free = scaling.model(gradient, product=lambda v: xp.matmul(matrix, v))
    require_close(model.gradient, change.T @ host(gradient), norm, "the gradient of model(g, B) is Sᵀg")
    require_close(model.matrix, change.T @ host(matrix) @ change, norm, "the matrix of model(g, B) is SᵀBS")
    require_close(free.product(q), host(model.matrix) @ host(q), norm, "model(g, product=...) multiplies by SᵀBS")
    require(np.array_equal(host(model.matrix), host(model.matrix).T), norm, "SᵀBS is exactly symmetric where B is")
