"""Conditions: the points, operators and values that they resolve to, contradictions, copies."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, clone

from newtonreg.physics.conditions import (
    Condition,
    Data,
    Dirichlet,
    Initial,
    MultiPoint,
    Neumann,
    Periodic,
    Robin,
    conflicting,
)
from newtonreg.physics.operators import D

INTERVAL = [(0.0, 2.0)]
BOX = [(-1.0, 1.0), (0.0, 0.7)]
CUBE = [(0.0, 1.0), (0.0, 2.0), (-1.0, 1.0)]
VARIABLES = {1: ("x",), 2: ("x", "t"), 3: ("x", "y", "z")}


def resolve(condition, domain=INTERVAL, outputs=("u",)):
    return condition.resolve(VARIABLES[len(domain)], outputs, domain)


def only(condition, domain=INTERVAL, outputs=("u",)):
    """The one requirement, and the multi-index, output and coefficients of its one observation."""
    (requirement,) = resolve(condition, domain, outputs)
    ((term,),) = requirement.operators
    return requirement, term


def wave(X):
    return np.sin(X[:, 0])


# -- where


def test_a_number_is_a_point():
    requirement, (index, output, coefficient) = only(Dirichlet(0.5, 3.0))
    assert_array_equal(requirement.points[0], [[0.5]])
    assert (index, output, requirement.name, requirement.faces) == ((0,), 0, "Dirichlet at x=0.5", ((0, 0.5),))
    assert_array_equal(coefficient, [1.0])
    assert_array_equal(requirement.values, [3.0])


@pytest.mark.parametrize("points", [[0.0, 1.0, 2.0], np.asarray([[0.0], [1.0], [2.0]]), [[0], [1], [2]]])
def test_points_of_one_variable(points):
    requirement, _ = only(Dirichlet(points, [1, 2, 3]))
    assert_array_equal(requirement.points[0], [[0.0], [1.0], [2.0]])
    assert_array_equal(requirement.values, [1.0, 2.0, 3.0])
    assert (requirement.name, requirement.faces) == ("Dirichlet at 3 points", ())


def test_an_edge_sweeps_the_other_variable_and_hits_its_ends():
    requirement, _ = only(Dirichlet({"x": -1.0}), BOX)
    (points,) = requirement.points
    assert points.shape == (64, 2)
    assert_array_equal(points[:, 0], -1.0)
    assert (points[0, 1], points[-1, 1]) == BOX[1]
    assert_allclose(points[:, 1], 0.35 - 0.35 * np.cos(np.pi * np.arange(64) / 63), atol=1e-15)
    assert (requirement.name, requirement.faces) == ("Dirichlet at x=-1", ((0, -1.0),))


def test_a_face_of_a_cube_is_a_tensor_product():
    (points,) = only(Dirichlet({"y": 2.0}), CUBE)[0].points
    assert points.shape == (256, 3)
    assert len(np.unique(points[:, 0])) == len(np.unique(points[:, 2])) == 16
    assert len(np.unique(points, axis=0)) == 256
    assert_array_equal(points.min(axis=0), [0.0, 2.0, -1.0])
    assert_array_equal(points.max(axis=0), [1.0, 2.0, 1.0])


def test_n_points():
    assert only(Neumann({"x": 0.0}, n_points=5), BOX)[0].points[0].shape == (5, 2)
    assert only(Dirichlet({"x": 0.0}, n_points=3), CUBE)[0].points[0].shape == (9, 3)
    assert only(Dirichlet({"x": 0.0, "z": 0.5}, n_points=3), CUBE)[0].points[0].shape == (3, 3)


def test_all_variables_fixed_is_a_point():
    requirement, _ = only(Dirichlet({"t": 0.5, "x": 0.0}, 2.0), BOX)
    assert_array_equal(requirement.points[0], [[0.0, 0.5]])
    assert (requirement.name, requirement.faces) == ("Dirichlet at x=0, t=0.5", ())


@pytest.mark.parametrize(("domain", "n"), [(INTERVAL, 2), (BOX, 4 * 64), (CUBE, 6 * 256)])
def test_the_boundary_is_all_faces(domain, n):
    requirement, _ = only(Dirichlet("boundary"), domain)
    (points,) = requirement.points
    low, high = np.asarray(domain).T
    assert points.shape == (n, len(domain))
    assert ((points == low) | (points == high)).any(axis=1).all()
    assert requirement.faces == tuple((axis, end) for axis, ends in enumerate(domain) for end in ends)
    for part, (axis, end) in zip(np.split(points, len(requirement.faces)), requirement.faces, strict=True):
        assert_array_equal(part[:, axis], end)
    assert requirement.name == "Dirichlet at the boundary"


def test_a_tenth_of_the_width_outside_is_allowed():
    resolve(Dirichlet(-0.19))
    with pytest.raises(
        ValueError, match=r"Dirichlet\(where=-0.21\): the point \(x=-0.21\) lies outside of the domain, x in \[0, 2\]"
    ):
        resolve(Dirichlet(-0.21))


def test_coordinates_known_without_a_domain():
    def known(condition, d=2):
        return [x.tolist() for x in condition.coordinates(VARIABLES[d])]

    assert known(Dirichlet({"t": 0.5})) == [[], [0.5]]
    assert known(Dirichlet("boundary")) == known(Periodic("x")) == [[], []]
    assert known(Initial(3.0, 1.0), 1) == [[3.0]]
    assert known(Data([[0.0, 1.0], [2.0, 3.0]], [0.0, 0.0])) == [[0.0, 2.0], [1.0, 3.0]]
    assert known(MultiPoint([0.0, 2.0], [D(0), D(0)]), 1) == [[0.0, 2.0]]


# -- values


def test_values_from_a_function_an_array_and_a_number():
    points = np.linspace(0.0, 2.0, 5)
    for value in (wave, np.sin(points), np.sin(points)[:, None], np.sin, lambda X: np.sin(X)):
        assert_allclose(only(Dirichlet(points, value))[0].values, np.sin(points))
    assert_array_equal(only(Dirichlet(points, np.float32(2)))[0].values, np.full(5, 2.0))


# -- kinds


def test_condition_evaluates_its_operator():
    operator = wave * D("x", "x") - 2 * D("t").of("v")
    (requirement,) = resolve(Condition({"t": 0.7}, operator, 1.0, how="exact", weight=3), BOX, ("u", "v"))
    ((first, second),) = requirement.operators
    assert (first[:2], second[:2]) == (((2, 0), 0), ((0, 1), 1))
    assert_allclose(first[2], wave(requirement.points[0]))
    assert_array_equal(second[2], np.full(64, -2.0))
    assert (requirement.how, requirement.weight) == ("exact", 3.0)
    assert requirement.name == "Condition wave*D('x', 'x') - 2*D('t').of('v') at t=0.7"


def test_outputs():
    requirement, (_, output, _) = only(Dirichlet(0.0, output="v"), outputs=("u", "v"))
    assert (output, requirement.name) == (1, "Dirichlet of v at x=0")
    assert only(Neumann(0.0, output=1), outputs=("u", "v"))[1][:2] == ((1,), 1)


def test_neumann_takes_the_axis_from_the_edge():
    assert only(Neumann(2.0))[1][0] == (1,)
    assert only(Neumann({"t": 0.0}), BOX)[1][0] == (0, 1)
    assert only(Neumann({"t": 0.0}, axis="x"), BOX)[1][0] == (1, 0)
    assert only(Neumann([[0.0, 0.1]], axis=1), BOX)[1][0] == (0, 1)
    with pytest.raises(ValueError, match=r"by which of the variables 'x', 't'\? Pass axis, or an edge such as where=\{'x': -1\}"):
        resolve(Neumann([[0.0, 0.1]]), BOX)
    with pytest.raises(ValueError, match=r"by which of the variables"):
        resolve(Neumann("boundary"), BOX)


def test_robin():
    (requirement,) = resolve(Robin({"x": 1.0}, 2.0, lambda X: X[:, 1], 5.0), BOX)
    ((of_value, of_slope),) = requirement.operators
    assert (of_value[0], of_slope[0]) == ((0, 0), (1, 0))
    assert_array_equal(of_value[2], np.full(64, 2.0))
    assert_array_equal(of_slope[2], requirement.points[0][:, 1])
    assert requirement.name == "Robin at x=1"


def test_initial_values_have_one_requirement_an_order():
    first, second = resolve(Initial({"t": 0.0}, [wave, 2.0], how="hard"), BOX)
    assert [r.operators[0][0][0] for r in (first, second)] == [(0, 0), (0, 1)]
    assert_allclose(first.values, wave(first.points[0]))
    assert_array_equal(second.values, np.full(64, 2.0))
    assert [r.name for r in (first, second)] == ["Initial at t=0, order 0", "Initial at t=0, order 1"]
    assert first.faces == second.faces == ((1, 0.0),)


@pytest.mark.parametrize("values", [1.5, lambda X: np.full(len(X), 1.5), [1.5], (1.5,), np.asarray([1.5])])
def test_one_initial_value(values):
    requirement, (index, _, _) = only(Initial(0.0, values))
    assert (index, requirement.values.tolist()) == ((0,), [1.5])


def test_initial_values_as_arrays_along_an_edge():
    along = np.linspace(0.0, 1.0, 4)
    first, second = resolve(Initial({"t": 0.0}, [along, 0.0], n_points=4), BOX)
    assert_array_equal(first.values, along)
    with pytest.raises(ValueError, match=r"values is one array of 4 numbers; pass a list of one entry an order"):
        resolve(Initial({"t": 0.0}, along, n_points=4), BOX)


def test_periodic():
    first, second = resolve(Periodic("x", output="v"), BOX, ("u", "v"))
    for order, requirement in enumerate((first, second)):
        low, high = requirement.points
        assert_array_equal(low[:, 0], -1.0)
        assert_array_equal(high[:, 0], 1.0)
        assert_array_equal(low[:, 1], high[:, 1])
        ((index, output, plus),), ((other, _, minus),) = requirement.operators
        assert (index, other, output) == ((order, 0), (order, 0), 1)
        assert_array_equal(plus, np.ones(64))
        assert_array_equal(minus, -np.ones(64))
        assert_array_equal(requirement.values, np.zeros(64))
        assert requirement.name == f"Periodic of v in x, order {order}"
        assert requirement.faces == ((0, -1.0), (0, 1.0))


def test_periodic_in_one_dimension_is_one_point_at_each_end():
    (requirement,) = resolve(Periodic(0, 2, how="exact"))
    assert [points.tolist() for points in requirement.points] == [[[0.0]], [[2.0]]]
    assert requirement.name == "Periodic in x, order 2"


def test_multi_point():
    condition = MultiPoint([[0.0, 0.5], [1.0, 1.5], [2.0, 2.0]], [D(0), -2 * D(1), wave * D(0)], wave)
    (requirement,) = resolve(condition)
    assert [len(points) for points in requirement.points] == [2, 2, 2]
    assert [operator[0][0] for operator in requirement.operators] == [(0,), (1,), (0,)]
    assert_allclose(requirement.operators[2][0][2], np.sin([2.0, 2.0]))
    assert_allclose(requirement.values, np.sin([0.0, 0.5]))
    assert only(MultiPoint([1.0], [D(0)], 2.0))[0].points[0].shape == (1, 1)


def test_data():
    X, y = np.asarray([[0.0, 0.1], [0.5, 0.2], [1.0, 0.3]]), [1.0, 2.0, 3.0]
    requirement, (index, output, _) = only(Data(X, y, D("x"), noise_std=[0.1, 0.2, 0.1], output="v"), BOX, ("u", "v"))
    assert (index, output, requirement.is_data, requirement.weight) == ((1, 0), 1, True, "auto")
    assert_array_equal(requirement.noise_std, [0.1, 0.2, 0.1])
    assert_array_equal(requirement.values, y)
    assert requirement.name == "Data of D('x').of('v') at 3 points"
    requirement, (index, _, _) = only(Data(X, y, noise_std=0.1, weight=2), BOX)
    assert (index, requirement.noise_std, requirement.weight) == ((0, 0), 0.1, 2.0)
    assert not only(Dirichlet(0.0))[0].is_data
    assert only(Dirichlet(0.0))[0].noise_std is None


def test_data_of_an_operator_that_says_its_output():
    assert only(Data([0.0], [1.0], D(1).of("v")), outputs=("u", "v"))[1][:2] == ((1,), 1)


def test_names():
    assert only(Dirichlet(0.0, name="wall"))[0].name == "wall"
    assert [r.name for r in resolve(Periodic("x", name="ring"))] == ["ring, order 0", "ring, order 1"]
    assert resolve(Initial(0.0, 1.0, name="start"))[0].name == "start, order 0"


# -- contradictions


def both(*conditions, domain=BOX):
    variables = VARIABLES[len(domain)]
    conflicting([r for condition in conditions for r in resolve(condition, domain)], variables)


@pytest.mark.parametrize("how", ["hard", "exact"])
def test_contradicting_conditions_at_a_corner(how):
    message = (
        r"'Dirichlet at x=-1' \(how='hard'\) and 'Initial at t=0, order 0' \(how='\w+'\) contradict each other at \(x=-1, t=0\): "
        r"0 and 1\."
    )
    with pytest.raises(ValueError, match=message):
        both(Dirichlet({"x": -1.0}, how="hard"), Initial({"t": 0.0}, 1.0, how=how))


def test_contradictions_despite_rounding_of_points():
    third = [(0.0, 1.0)]
    with pytest.raises(ValueError, match=r"\(x=0.3\): 1 and 2"):
        both(Dirichlet(0.1 + 0.2, 1.0, how="exact"), Dirichlet(0.3, 2.0, how="exact"), domain=third)


def test_contradictions_within_one_condition():
    with pytest.raises(ValueError, match=r"\(x=1\): 1 and 2"):
        both(Dirichlet([1.0, 0.5, 1.0], [1.0, 1.0, 2.0], how="exact"), domain=INTERVAL)


def test_contradictions_of_conditions_at_several_points():
    ring = Periodic("x", 0, how="exact")
    with pytest.raises(ValueError, match=r"\(x=0\) and \(x=2\): 0 and 1"):
        both(ring, MultiPoint([0.0, 2.0], [D(0), -D(0)], 1.0, how="exact"), domain=INTERVAL)


def test_conditions_that_agree():
    both(Dirichlet("boundary", wave, how="hard"), Initial({"t": 0.0}, wave, how="hard"))
    both(Dirichlet({"x": -1.0}, how="hard"), Initial({"t": 0.0}, 1e-9, how="hard"))


def test_conditions_that_do_not_meet():
    both(Dirichlet(0.0, 1.0, how="hard"), Neumann(0.0, 2.0, how="hard"), Dirichlet(2.0, 3.0, how="hard"), domain=INTERVAL)
    both(Robin(0.0, 1.0, 2.0, 1.0, how="exact"), Robin(0.0, 2.0, 1.0, 2.0, how="exact"), domain=INTERVAL)
    both(Dirichlet({"x": -1.0}), Initial({"t": 0.0}, 1.0, how="hard"))
    both()


# -- copies


class Fit(BaseEstimator):
    def __init__(self, conditions=()):
        self.conditions = conditions


CONDITIONS = [
    Condition({"x": 0.0}, D("x") + wave * D(0), wave),
    Dirichlet("boundary", [1.0, 2.0], name="wall"),
    Neumann([[0.0, 1.0]], axis="x"),
    Robin(0.0, 1.0, wave),
    Initial({"t": 0.0}, [wave, 0.0], how="hard"),
    Periodic("x"),
    MultiPoint([0.0, 1.0], [D(0), -D(0)]),
    Data(np.zeros((3, 2)), np.zeros(3), D("x"), noise_std=np.ones(3)),
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: type(condition).__name__)
def test_conditions_clone_and_pickle(condition):
    fit = clone(Fit([condition]))
    for again in (clone(condition), pickle.loads(pickle.dumps(condition)), fit.conditions[0]):
        assert type(again) is type(condition)
        assert repr(again) == repr(condition)
        assert again.get_params().keys() == condition.get_params().keys()


def test_resolving_changes_no_argument():
    where, values = np.asarray([0.0, 1.0]), [wave, 0.0]
    condition = Dirichlet(where, [1.0, 2.0])
    resolve(condition)[0].points[0][:] = 7.0
    assert condition.where is where
    assert_array_equal(where, [0.0, 1.0])
    initial = Initial(0.0, values)
    resolve(initial)
    assert initial.values is values


def test_requirements_pickle():
    for requirement in resolve(Periodic("x"), BOX):
        assert pickle.loads(pickle.dumps(requirement)).name == requirement.name
