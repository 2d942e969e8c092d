"""Conditions by construction: they hold whatever the network is, and derivatives of the output are those of G + B N."""

import doctest

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from newtonreg.physics import hard
from newtonreg.physics.collocation import chebyshev
from newtonreg.physics.conditions import Data, Dirichlet, Initial, Neumann
from newtonreg.physics.hard import HardOutput
from newtonreg.physics.interpolation import ChebyshevTensor, end_polynomials
from newtonreg.physics.operators import D
from newtonreg.physics.requirements import Requirement

INTERVAL = [(-1.0, 2.0)]
BOX = [(-1.0, 1.5), (0.0, 0.7)]
CUBE = [(0.0, 1.0), (-1.0, 0.5), (0.2, 1.0)]
VARIABLES = {1: ("x",), 2: ("x", "t"), 3: ("x", "y", "z")}


class Wave:
    """Σ_k sin(w_k·x + b_k), random, one function an output: a network all of whose derivatives are known."""

    def __init__(self, d, n_outputs=1, seed=0):
        rng = np.random.default_rng(seed)
        self.weights, self.phases = rng.normal(size=(n_outputs, 3, d)), rng.normal(size=(n_outputs, 3))

    def __call__(self, X, index=None, output=0):
        index = (0,) * X.shape[1] if index is None else index
        w = self.weights[output]
        angles = X @ w.T + self.phases[output] + 0.5 * np.pi * sum(index)
        return np.sum(np.prod(w ** np.asarray(index), axis=1) * np.sin(angles), axis=1)

    def slope(self, *index):
        return lambda X: self(X, index)


def hard_conditions(conditions, domain, outputs=("u",)):
    return [r for condition in conditions for r in condition.resolve(VARIABLES[len(domain)], outputs, domain)]


def transformed(*conditions, domain=INTERVAL, outputs=("u",)):
    requirements = hard_conditions(conditions, domain, outputs)
    return HardOutput(requirements, VARIABLES[len(domain)], outputs, domain), requirements


def solution(transform, network, index, X, output=0):
    """∂^index u from the terms."""
    coefficients, offset = transform.terms(index, output, X)
    assert list(coefficients) == transform.indices(index, output)
    return offset + sum(coefficient * network(X, beta, output) for beta, coefficient in coefficients.items())


def inner_points(domain, n=40, seed=3):
    low, high = np.asarray(domain).T
    return np.random.default_rng(seed).uniform(low + 0.02, high - 0.02, size=(n, len(domain)))


# Values come from a second wave: compatible at all corners. The network is a third thing.
TRUE = {d: Wave(d, seed=d) for d in (1, 2, 3)}
CASES = {
    "one end": (INTERVAL, [Dirichlet(-1.0, 3.0, how="hard")]),
    "both ends": (INTERVAL, [Dirichlet(-1.0, 3.0, how="hard"), Dirichlet(2.0, -1.0, how="hard")]),
    "points": (INTERVAL, [Dirichlet([2.0, -1.0], [-1.0, 5.0], how="hard")]),
    "boundary of an interval": (INTERVAL, [Dirichlet("boundary", TRUE[1], how="hard")]),
    "initial": (INTERVAL, [Initial(-1.0, [3.0, -2.0], how="hard")]),
    "initial, three orders, at the high end": (INTERVAL, [Initial(2.0, [3.0, -2.0, 7.0], how="hard")]),
    "clamped": (INTERVAL, [f for end in (-1.0, 2.0) for f in (Dirichlet(end, end, how="hard"), Neumann(end, 4.0, how="hard"))]),
    "mixed": (INTERVAL, [Neumann(-1.0, 4.0, how="hard"), Dirichlet([-1.0, 2.0], 1.0, how="hard")]),
    "four sides": (BOX, [Dirichlet("boundary", TRUE[2], how="hard")]),
    "one side": (BOX, [Dirichlet({"x": 1.5}, TRUE[2], how="hard")]),
    "heat": (BOX, [Initial({"t": 0.0}, TRUE[2], how="hard"), *[Dirichlet({"x": x}, TRUE[2], how="hard") for x in BOX[0]]]),
    "wave": (
        BOX,
        [
            Dirichlet({"x": -1.0}, TRUE[2], how="hard", n_points=20),
            Initial({"t": 0.0}, [TRUE[2], TRUE[2].slope(0, 1)], how="hard"),
            Dirichlet({"x": 1.5}, TRUE[2], how="hard", n_points=30),
        ],
    ),
    "cube": (CUBE, [Dirichlet("boundary", TRUE[3], how="hard", n_points=12)]),
    "initial values in three variables": (
        CUBE,
        [
            Initial({"z": 0.2}, [TRUE[3], TRUE[3].slope(0, 0, 1)], how="hard"),
            Dirichlet({"x": 1.0}, TRUE[3], how="hard", n_points=18),
            Dirichlet({"y": -1.0}, TRUE[3], how="hard"),
        ],
    ),
}
every_case = pytest.mark.parametrize(("domain", "conditions"), CASES.values(), ids=CASES)


# -- what holds


@every_case
@pytest.mark.parametrize("seed", [10, 11])
def test_conditions_hold_for_any_network(domain, conditions, seed):
    transform, requirements = transformed(*conditions, domain=domain)
    for requirement in requirements:
        ((index, output, _),) = requirement.operators[0]
        u = solution(transform, Wave(len(domain), seed=seed), index, requirement.points[0], output)
        assert_allclose(u, requirement.values, rtol=1e-12, atol=1e-12)


@every_case
def test_derivatives_are_those_of_the_values(domain, conditions):
    transform, _ = transformed(*conditions, domain=domain)
    network, X, d, h = Wave(len(domain), seed=10), inner_points(domain), len(domain), 1e-3
    for lower in [(0,) * d, (1,) + (0,) * (d - 1), (0,) * (d - 1) + (1,), (1,) * d]:
        for axis, unit in enumerate(np.eye(d, dtype=int)):
            steps = {k: solution(transform, network, lower, X + k * h * unit) for k in (-2, -1, 1, 2)}
            difference = (8.0 * (steps[1] - steps[-1]) - (steps[2] - steps[-2])) / (12.0 * h)
            upper = tuple(order + (a == axis) for a, order in enumerate(lower))
            u = solution(transform, network, upper, X)
            assert_allclose(u, difference, rtol=1e-7, atol=1e-7 * np.max(np.abs(u)))


def test_between_the_points_smooth_values_are_met_too():
    for name in ("four sides", "heat", "wave"):
        domain, conditions = CASES[name]
        transform, requirements = transformed(*conditions, domain=domain)
        for requirement in requirements:
            ((index, _, _),) = requirement.operators[0]
            ((axis, coordinate),) = requirement.faces[:1]
            X = inner_points(BOX)
            X[:, axis] = coordinate
            assert_allclose(solution(transform, Wave(2, seed=9), index, X), TRUE[2](X, index), rtol=1e-12, atol=1e-12)


def test_tangential_derivatives_at_a_face_are_those_of_the_values():
    domain, conditions = CASES["heat"]
    transform, _ = transformed(*conditions, domain=domain)
    X = inner_points(BOX)
    X[:, 1] = 0.0
    for order in (1, 2):
        assert_allclose(
            solution(transform, Wave(2, seed=9), (order, 0), X), TRUE[2](X, (order, 0)), atol=10.0 ** (4 * order - 15)
        )


# -- G and B


def test_values_of_the_interpolated_kind_are_reproduced():
    def exact(X):
        return 2.0 + X[:, 0] * np.exp(X[:, 1]) + X[:, 1] * np.cos(X[:, 0])

    transform, _ = transformed(Dirichlet("boundary", exact, how="hard"), domain=BOX)
    X = inner_points(BOX)
    assert_allclose(transform.terms((0, 0), 0, X)[1], exact(X), rtol=1e-13)
    assert_allclose(transform.terms((2, 0), 0, X)[1], -X[:, 1] * np.cos(X[:, 0]), atol=1e-9)


def test_the_line_between_two_ends():
    transform, _ = transformed(*CASES["both ends"][1])
    X = np.linspace(-1.0, 2.0, 13)[:, None]
    s = (X[:, 0] + 1.0) / 3.0
    coefficients, offset = transform.terms((2,), 0, X)
    assert_allclose(transform.terms((0,), 0, X)[1], 3.0 - 4.0 * s, atol=1e-14)
    assert_allclose(offset, 0.0, atol=1e-14)
    assert_allclose(coefficients[(0,)], -8.0 / 9.0)
    assert_allclose(coefficients[(1,)], 2.0 * 4.0 * (1.0 - 2.0 * s) / 3.0, atol=1e-14)
    assert_allclose(coefficients[(2,)], 4.0 * s * (1.0 - s), atol=1e-14)


@every_case
def test_the_factor_of_the_network_is_between_zero_and_one(domain, conditions):
    transform, _ = transformed(*conditions, domain=domain)
    zero = (0,) * len(domain)
    factor = transform.terms(zero, 0, chebyshev(domain, 21))[0][zero]
    assert np.min(factor) == 0.0
    assert 0.9 < np.max(factor) < 1.0 + 1e-14


def test_values_do_not_depend_on_how_many_points_are_asked_for_at_once():
    domain, conditions = CASES["heat"]
    transform, _ = transformed(*conditions, domain=domain)
    X = inner_points(BOX, 5000)
    alone = np.concatenate([transform.terms((1, 1), 0, part)[1] for part in np.split(X, 10)])
    assert_allclose(transform.terms((1, 1), 0, X)[1], alone, rtol=0.0, atol=1e-13 * np.max(np.abs(alone)))
    assert transform.terms((1, 1), 0, X[:0])[1].shape == (0,)


# -- interface


def test_indices_leave_out_what_vanishes():
    transform, _ = transformed(Dirichlet({"x": -1.0}, how="hard"), domain=BOX)
    assert transform.indices((2, 1), 0) == [(1, 1), (2, 1)]
    transform, _ = transformed(*CASES["heat"][1], domain=BOX)
    assert transform.indices((2, 0), 0) == [(0, 0), (1, 0), (2, 0)]
    assert transform.indices((0, 1), 0) == [(0, 0), (0, 1)]
    assert transform.indices((0, 0), 0) == [(0, 0)]


def test_outputs_without_hard_conditions_are_the_network():
    transform, _ = transformed(Dirichlet({"x": -1.0}, 1.0), Dirichlet({"x": 1.5}, 1.0, how="exact"), domain=BOX)
    coefficients, offset = transform.terms((2, 1), 0, inner_points(BOX))
    assert list(coefficients) == [(2, 1)]
    assert_array_equal(coefficients[2, 1], np.ones(40))
    assert_array_equal(offset, np.zeros(40))


def test_each_output_has_its_own_conditions():
    ends = [Dirichlet(-1.0, 3.0, how="hard"), Initial(2.0, [5.0, -4.0], output="v", how="hard")]
    transform, requirements = transformed(*ends, outputs=("u", "v", "w"))
    network = Wave(1, 3, seed=10)
    for requirement, value in zip(requirements, (3.0, 5.0, -4.0), strict=True):
        ((index, output, _),) = requirement.operators[0]
        assert_allclose(solution(transform, network, index, requirement.points[0], output), value, rtol=1e-14)
    assert transform.indices((1,), 2) == [(1,)]
    X = np.asarray([[2.0]])
    assert abs(solution(transform, network, (0,), X, 0) - 3.0) > 1e-3


def test_a_constant_coefficient_of_the_operator_is_divided_out():
    (requirement,) = Dirichlet(-1.0, 3.0, how="hard").resolve(("x",), ("u",), INTERVAL)
    ((index, output, _),) = requirement.operators[0]
    doubled = requirement._replace(operators=[[(index, output, np.asarray([2.0]))]])
    X = np.asarray([[-1.0]])
    assert_allclose(solution(HardOutput([doubled], ("x",), ("u",), INTERVAL), Wave(1), (0,), X), 1.5)


def test_ends_within_rounding_of_the_domain():
    domain = [(0.1 + 0.2, 1.0)]
    transform, _ = transformed(Dirichlet(0.3, 2.0, how="hard"), domain=domain)
    assert_allclose(solution(transform, Wave(1), (0,), np.asarray([[0.3]])), 2.0, rtol=1e-14)


def test_end_polynomials_are_cardinal():
    conditions, ends = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)], (0.5, 4.5)
    rows = end_polynomials(conditions, ends)
    observed = [[ChebyshevTensor(row, [ends]).at(0, end, k).coefficients[0] for end, k in conditions] for row in rows]
    assert_allclose(observed, np.eye(5), atol=1e-13)


def test_example():
    assert doctest.testmod(hard).failed == 0


# -- errors


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (
            [Neumann(-1.0, how="hard")],
            r"'Neumann at x=-1': how='hard' for u_x at x=-1 needs u there to be hard too; add that .*'exact'",
        ),
        ([Neumann(-1.0, how="hard"), Dirichlet(2.0, how="hard")], r"u_x at x=-1 needs u there to be hard too"),
        (
            [Dirichlet(0.5, how="hard")],
            r"'Dirichlet at x=0.5': how='hard' is for the ends of the domain, x in \[-1, 2\], and x=0.5",
        ),
        (
            [Initial(-0.5, 1.0, how="hard")],
            r"'Initial at x=-0.5, order 0': how='hard' is for the ends .* or a domain that ends there",
        ),
        ([Dirichlet([-1.0, 0.0], how="hard")], r"x=0 is none; pass how='exact' or how='soft'"),
        (
            [Dirichlet(-1.0, 1.0, how="hard"), Initial(-1.0, 1.0, how="hard")],
            r"conditions 'Dirichlet at x=-1' and 'Initial at x=-1, order 0' \(how='hard'\) are both for u at x=-1; remove one",
        ),
    ],
)
def test_messages(conditions, message):
    with pytest.raises(ValueError, match=message):
        transformed(*conditions)


def test_faces_are_at_ends_of_the_domain():
    with pytest.raises(ValueError, match=r"'Initial at t=0.1, order 0': .* t in \[0, 0.7\], and t=0.1 is none"):
        transformed(Initial({"t": 0.1}, 1.0, how="hard"), domain=BOX)


def requirement_of(points, index=(0, 0), coefficient=1.0, faces=((0, -1.0),)):
    n = len(points)
    return Requirement("wall", [points], [[(index, 0, np.full(n, coefficient))]], np.zeros(n), "auto", "hard", faces=faces)


SWEEP = Dirichlet({"x": -1.0}, n_points=5).resolve(VARIABLES[2], ("u",), BOX)[0].points[0]
NO_FACE = r"condition 'wall': how='hard' is for whole faces of the domain.*pass how='exact' or how='soft'"


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        (requirement_of(SWEEP, faces=()), NO_FACE),
        (requirement_of(SWEEP[::-1]), NO_FACE),
        (requirement_of(SWEEP[:1]), NO_FACE),
        (requirement_of(SWEEP + [0.0, 1e-6]), NO_FACE),
        (requirement_of(SWEEP, faces=((0, -1.0), (0, 1.5))), NO_FACE),
        (requirement_of(SWEEP)._replace(points=[SWEEP, SWEEP]), NO_FACE),
        (requirement_of(SWEEP, (0, 1)), r"'wall': how='hard' is for derivatives by x, which the face fixes, and u_t is another"),
        (requirement_of(SWEEP, (2, 0)), r"u_xx at x=-1 needs u there to be hard too"),
        (requirement_of(SWEEP, coefficient=0.0), r"with a constant coefficient that is not 0; pass how='exact'"),
        (requirement_of(SWEEP, coefficient=np.arange(1.0, 6.0)), r"with a constant coefficient that is not 0"),
        (
            requirement_of(SWEEP)._replace(operators=[[((0, 0), 0, np.ones(5)), ((1, 0), 0, np.ones(5))]]),
            r"how='hard' is for u or one of its derivatives",
        ),
    ],
)
def test_requirements_that_are_no_faces(requirement, message):
    with pytest.raises(ValueError, match=message):
        HardOutput([requirement], VARIABLES[2], ("u",), BOX)


def test_others_than_hard_ones_may_be_anything():
    transformed(Data([[0.0, 0.1]], [1.0], D("x")), Dirichlet({"x": 0.3}), domain=BOX)


def test_mismatch_at_a_corner():
    message = (
        r"conditions 'Dirichlet at x=1.5' and 'start, order 0' \(how='hard'\) contradict each other at the corner "
        r"\(x=1.5, t=0\): u is 2 by the one and 1 by the other\. Correct one"
    )
    walls = [Dirichlet({"x": -1.0}, 1.0, how="hard"), Dirichlet({"x": 1.5}, 2.0, how="hard")]
    with pytest.raises(ValueError, match=message):
        transformed(Initial({"t": 0.0}, 1.0, how="hard", name="start"), *walls, domain=BOX)


def test_mismatch_of_a_velocity_at_a_corner():
    wall = Dirichlet({"x": -1.0}, lambda X: 3.0 * X[:, 1], how="hard")
    with pytest.raises(ValueError, match=r"at the corner \(x=-1, t=0\): u_t is 3 by the one and 2 by the other"):
        transformed(wall, Initial({"t": 0.0}, [0.0, 2.0], how="hard"), domain=BOX)
    transformed(wall, Initial({"t": 0.0}, [0.0, 3.0], how="hard"), domain=BOX)


def test_mismatch_along_an_edge():
    floor = Dirichlet({"z": 0.2}, lambda X: X[:, 1] ** 2, how="hard")
    with pytest.raises(ValueError, match=r"at the corner \(x=0, y=-1, z=0.2\): u is 0 by the one and 1 by the other"):
        transformed(Dirichlet({"x": 0.0}, how="hard"), floor, domain=CUBE)


def test_mismatch_within_rounding_is_none():
    transformed(Dirichlet({"x": -1.0}, 5e-7, how="hard"), Initial({"t": 0.0}, 0.0, how="hard"), domain=BOX)
    with pytest.raises(ValueError, match=r"contradict each other at the corner"):
        transformed(Dirichlet({"x": -1.0}, 5e-6, how="hard"), Initial({"t": 0.0}, 0.0, how="hard"), domain=BOX)


def test_different_outputs_do_not_contradict():
    start = Initial({"t": 0.0}, 1.0, output="v", how="hard")
    transformed(Dirichlet({"x": -1.0}, 2.0, how="hard"), start, domain=BOX, outputs=("u", "v"))
