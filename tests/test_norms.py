"""Norms: the identity costs nothing, the running maximum only grows, steps do not depend on the units of the parameters."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from newtonreg.backend.arrays import to_floats, to_host
from newtonreg.curvatures import CurvaturePoint
from newtonreg.norms import ColumnScaling, Scaling, Spherical
from newtonreg.subproblems import Damped, MoreSorensen, Spectral

P = 5
SUBPROBLEMS = [(Spectral(), 0.3), (MoreSorensen(rtol=1e-10), 0.3), (Damped(), 0.3)]


def given(matrix):
    """The `CurvaturePoint` of a matrix."""
    return CurvaturePoint(lambda: matrix)


def points(seed=0, n_points=3, indefinite=False):
    """Gradients and matrices of a few successive points."""
    rng = np.random.default_rng(seed)
    spread = 10.0 ** np.linspace(-1, 1, P)
    for _ in range(n_points):
        jacobian = rng.standard_normal((8, P)) * spread * rng.uniform(0.3, 3.0)
        matrix = jacobian.T @ jacobian
        if indefinite:
            matrix = matrix - 0.9 * np.diag(np.diag(matrix))
        yield jacobian.T @ rng.standard_normal(8), matrix


def trajectory(norm, scale=1.0, **kwargs):
    """Scaling, gradient and matrix at each point, with every parameter multiplied by 1 / `scale`."""
    scaling = None
    for gradient, matrix in points(**kwargs):
        gradient, matrix = gradient * scale, matrix * scale * np.reshape(scale, (-1, 1))
        scaling = norm.scaling(None, given(matrix), scaling)
        yield scaling, gradient, matrix


def test_identity_hands_its_arguments_back(xp):
    gradient, matrix = xp.ones(P), xp.eye(P)
    scaling = Spherical().scaling(None, given(matrix), None)
    model = scaling.model(gradient, matrix)
    assert model.gradient is gradient and model.matrix is matrix
    assert scaling.step(gradient) is gradient and scaling.gradient(gradient) is gradient
    assert to_floats(scaling.norm(gradient)) == pytest.approx([P**0.5])
    assert scaling.state == {}


def test_scaling_changes_variables_consistently(xp):
    rng = np.random.default_rng(0)
    s, q, gradient, matrix = rng.uniform(0.1, 9.0, P), rng.standard_normal(P), rng.standard_normal(P), rng.standard_normal((P, P))
    matrix = matrix + matrix.T
    scaling = Scaling(diagonal=xp.asarray(s))
    model = scaling.model(xp.asarray(gradient), xp.asarray(matrix))
    p = to_host(scaling.step(xp.asarray(q)))
    np.testing.assert_allclose(p, s * q)
    np.testing.assert_allclose(to_host(model.gradient) @ q, gradient @ p)
    np.testing.assert_allclose(to_host(model.gradient), to_host(scaling.gradient(xp.asarray(gradient))))
    np.testing.assert_allclose(q @ to_host(model.matrix) @ q, p @ matrix @ p)
    assert to_floats(scaling.norm(xp.asarray(p))) == pytest.approx([np.linalg.norm(q)])


def test_scaled_matrix_is_exactly_symmetric():
    for scaling, gradient, matrix in trajectory(ColumnScaling()):
        scaled = scaling.model(gradient, (matrix + matrix.T) / 2).matrix
        assert np.array_equal(scaled, scaled.T)


def test_column_scaling_starts_from_the_column_norms(xp):
    jacobian = np.random.default_rng(1).standard_normal((8, P))
    scaling = ColumnScaling().scaling(None, given(xp.asarray(jacobian.T @ jacobian)), None)
    np.testing.assert_allclose(to_host(scaling.diagonal), 1.0 / np.linalg.norm(jacobian, axis=0))


def test_column_scaling_is_a_running_maximum(xp):
    previous, largest = None, np.zeros(P)
    for _, matrix in points(n_points=6, indefinite=True):
        scaling = ColumnScaling().scaling(None, given(xp.asarray(matrix)), previous)
        largest = np.maximum(largest, np.abs(np.diag(matrix)))
        np.testing.assert_allclose(to_host(scaling.diagonal) ** -2.0, largest)
        assert previous is None or np.all(to_host(scaling.diagonal) <= to_host(previous.diagonal))
        previous = scaling


def test_same_point_again_changes_nothing():
    (_, first), (_, second) = points(n_points=2)
    once = ColumnScaling().scaling(None, given(second), ColumnScaling().scaling(None, given(first), None))
    again = ColumnScaling().scaling(None, given(second), once)
    assert np.array_equal(once.diagonal, again.diagonal) and np.array_equal(once.memory, again.memory)


def test_a_parameter_without_influence_is_bounded_and_the_bound_does_not_outlive_its_point(xp):
    norm = ColumnScaling(idle=1e-4)
    first = norm.scaling(None, given(xp.asarray(np.diag([1e6, 1.0, 0.0]))), None)
    np.testing.assert_allclose(to_host(first.diagonal) ** -2.0, [1e6, 1.0, 1e2])
    second = norm.scaling(None, given(xp.asarray(np.diag([1e6, 5.0, 3e3]))), first)
    np.testing.assert_allclose(to_host(second.diagonal) ** -2.0, [1e6, 5.0, 3e3])


def test_no_curvature_at_all_is_the_identity(xp):
    scaling = ColumnScaling().scaling(None, given(xp.zeros((P, P))), None)
    assert to_host(scaling.diagonal).tolist() == [1.0] * P


@pytest.mark.parametrize("indefinite", [False, True])
@pytest.mark.parametrize("subproblem", [Spectral(), MoreSorensen(rtol=1e-10)], ids=repr)
def test_step_is_optimal_in_the_scaled_norm(xp, subproblem, indefinite):
    scaling, radius = None, 0.3
    for gradient, matrix in points(indefinite=indefinite):
        scaling = ColumnScaling().scaling(None, given(xp.asarray(matrix)), scaling)
        step = subproblem.solve(scaling.model(xp.asarray(gradient), xp.asarray(matrix)), radius)
        p, s = to_host(scaling.step(step.p)), to_host(scaling.diagonal)
        residual = s * (matrix @ p + step.multiplier * p / s**2 + gradient)
        assert np.linalg.norm(residual) <= 1e-10 * (np.linalg.norm(s * gradient) + step.multiplier * radius)
        assert np.linalg.norm(p / s) == pytest.approx(radius, rel=1e-9) == to_floats(scaling.norm(scaling.step(step.p)))[0]
        assert step.predicted_reduction == pytest.approx(-(gradient @ p + 0.5 * p @ matrix @ p), rel=1e-9)


@pytest.mark.parametrize(("subproblem", "control"), SUBPROBLEMS, ids=repr)
def test_steps_do_not_depend_on_the_units_of_the_parameters(subproblem, control):
    units = 10.0 ** np.array([-2.0, 3.0, 0.0, 1.0, -1.0])
    pairs = zip(trajectory(ColumnScaling()), trajectory(ColumnScaling(), scale=units), strict=True)
    for (one, gradient, matrix), (other, other_gradient, other_matrix) in pairs:
        step = one.step(subproblem.solve(one.model(gradient, matrix), control).p)
        other_step = other.step(subproblem.solve(other.model(other_gradient, other_matrix), control).p)
        np.testing.assert_allclose(units * other_step, step, rtol=1e-6, atol=1e-9 * np.linalg.norm(step))


@pytest.mark.parametrize("norm", [Spherical(), ColumnScaling()], ids=repr)
def test_scaling_survives_pickling_and_is_its_arrays(norm):
    for scaling, gradient, _ in trajectory(norm):
        assert all(isinstance(array, np.ndarray) for array in scaling.state.values())
        for copy in (pickle.loads(pickle.dumps(scaling)), Scaling(**scaling.state)):
            assert np.array_equal(copy.step(gradient), scaling.step(gradient))
            assert copy.state.keys() == scaling.state.keys()


@pytest.mark.parametrize("norm", [Spherical(), ColumnScaling(), ColumnScaling(idle=1e-3)], ids=repr)
def test_norms_are_value_objects(norm):
    before = dict(norm.get_params())
    list(trajectory(norm))
    assert repr(clone(norm)) == repr(norm) and norm.get_params() == before == vars(norm)
