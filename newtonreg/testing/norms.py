"""The contract of a norm."""

import pickle

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.testing.claims import check_value_object, host, require, require_close
from newtonreg.testing.problems import rosenbrock

__all__ = ["check_norm"]


def check_norm(norm, xp=np):
    """Check that a norm is a diagonal, positive change of variables p = S q, at convex, indefinite and flat models.

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
            scaling = norm.scaling(point, matrix, previous)
            _check_scaling(norm, scaling, point.gradient, matrix)
            ones = xp.ones_like(point.gradient)
            for other in (norm.scaling(point, matrix, previous), pickle.loads(pickle.dumps(scaling))):
                require_close(other.step(ones), scaling.step(ones), norm, "same question, same answer, and pickle", 0.0)
        previous = scaling
    require(vars(norm) == before, norm, "no method changes the component")
    check_value_object(norm)


def _check_scaling(norm, scaling, gradient, matrix):
    xp = namespace(gradient)
    diagonal = host(scaling.step(xp.ones_like(gradient)))
    require(np.all(np.isfinite(diagonal)) and np.all(diagonal > 0.0), norm, "S is finite and positive")
    q = xp.asarray(np.random.default_rng(0).standard_normal(diagonal.size))
    step = scaling.step(q)
    require_close(step, diagonal * host(q), norm, "step(q) is S q with S diagonal")
    require_close(scaling.norm(step), np.linalg.norm(host(q)), norm, "norm(S q) is the length of q")
    require_close(scaling.gradient(gradient), diagonal * host(gradient), norm, "gradient(g) is S g")
    model = scaling.model(gradient, matrix)
    require_close(model.gradient, diagonal * host(gradient), norm, "the gradient of model(g, B) is S g")
    require_close(model.matrix, diagonal[:, None] * host(matrix) * diagonal, norm, "the matrix of model(g, B) is S B S")
    require(np.array_equal(host(model.matrix), host(model.matrix).T), norm, "S B S is exactly symmetric where B is")
