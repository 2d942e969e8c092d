"""Manifold regression: how many stationary points there are, what they are, and where Newton's method ends."""

import math

import autograd.numpy as anp
import numpy as np
import pytest

from newtonreg import BFGS, Newton, TrustRegion, classify, minimize
from newtonreg.landscape import elliptic_torus, manifold_regression, unit_circle
from newtonreg.solvers import NewtonMR
from newtonreg.testing import check_gradient, check_hessian

TWO_PI = 2.0 * math.pi
N_STARTS = 2000


def stationary_points(objective, per_axis):
    """`StationaryPoint` of each distinct end (angles from 0 to 2π) of NewtonMR from a grid of starts."""
    axis = TWO_PI * (np.arange(per_axis) + 0.37) / per_axis
    found = {}
    for start in np.stack(np.meshgrid(*[axis] * objective.n_params), axis=-1).reshape(-1, objective.n_params):
        end = minimize(objective, start, NewtonMR(), gtol=1e-14).x
        point = classify(objective, end)
        if point.kind != "not stationary":
            found.setdefault(tuple(np.round(end % TWO_PI, 6) % round(TWO_PI, 6)), point)
    return found


def sorted_values(points, kind):
    return sorted(point.value for point in points.values() if point.kind == kind)


# -- derivatives


@pytest.mark.parametrize("objective", [unit_circle((0.3, -2.0)), elliptic_torus(3.0, 0.5, 1.7, (0.2, 0.1, -0.4))])
def test_derivatives_of_the_ready_made_manifolds(objective):
    params = np.array([0.7, 2.1])[: objective.n_params]
    check_gradient(objective, params)
    check_hessian(objective, params)


def test_a_bare_embedding_is_differentiated():
    stretch, v = 1.5, (0.2, 0.1, 0.1)

    def embedding(t):
        radius = 2.0 + anp.cos(t[1])
        return anp.stack([stretch * radius * anp.cos(t[0]), radius * anp.sin(t[0]), anp.sin(t[1])])

    bare, ready = manifold_regression(embedding, v), elliptic_torus(v=v)
    for params in np.random.default_rng(0).uniform(0.0, TWO_PI, (3, 2)):
        assert bare.at(params).value == pytest.approx(ready.at(params).value, rel=1e-14)
        np.testing.assert_allclose(bare.at(params).hessian, ready.at(params).hessian, atol=1e-13)


def test_every_array_library_gives_the_same_derivatives(xp, to_numpy):
    for make, params in ((unit_circle, [0.7]), (elliptic_torus, [0.7, 2.1])):
        here, there = make().at(np.asarray(params)), make().at(xp.asarray(params, dtype=xp.float64))
        np.testing.assert_allclose(to_numpy(there.gradient), here.gradient, rtol=1e-14)
        np.testing.assert_allclose(to_numpy(there.hessian), here.hessian, rtol=1e-13, atol=1e-14)


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match=r"^r=2.0 must be"):
        elliptic_torus(r=2.0)
    with pytest.raises(ValueError, match=r"target has \(3,\)"):
        unit_circle((1.0, 2.0, 3.0)).at(np.zeros(1)).value  # noqa: B018


# -- the stationary points, all of them


def test_circle_has_a_minimum_and_a_maximum():
    points = stationary_points(unit_circle(), per_axis=12)
    assert {angles: point.kind for angles, point in points.items()} == {
        (round(math.pi / 4, 6),): "minimum",
        (round(5 * math.pi / 4, 6),): "maximum",
    }
    (low,), (high,) = sorted_values(points, "minimum"), sorted_values(points, "maximum")
    assert low == pytest.approx(0.5 * (2 * math.sqrt(2) - 1) ** 2, rel=1e-12)
    assert high == pytest.approx(0.5 * (2 * math.sqrt(2) + 1) ** 2, rel=1e-12)


def test_elliptic_torus_has_eight_points():
    points = stationary_points(elliptic_torus(), per_axis=12)
    assert len(points) == 8
    assert sorted_values(points, "minimum") == pytest.approx([0.5, 0.5], rel=1e-12)
    assert sorted_values(points, "maximum") == pytest.approx([10.125, 10.125], rel=1e-12)
    assert sorted_values(points, "saddle") == pytest.approx([1.125, 1.125, 4.5, 4.5], rel=1e-12)
    right = {round(k * math.pi / 2, 6) for k in range(4)}
    assert all(first in right and second in (0.0, round(math.pi, 6)) for first, second in points)


def test_eight_points_stay_where_the_target_leaves_the_center():
    kinds = [point.kind for point in stationary_points(elliptic_torus(v=(0.2, 0.1, 0.1)), per_axis=12).values()]
    assert sorted(kinds) == ["maximum"] * 2 + ["minimum"] * 2 + ["saddle"] * 4


def test_circular_torus_with_a_generic_target_has_four():
    points = stationary_points(elliptic_torus(stretch=1.0, v=(0.9, 0.5, 0.3)), per_axis=12)
    assert sorted(point.kind for point in points.values()) == ["maximum", "minimum", "saddle", "saddle"]
    # in the half plane through v and the axis: a circle around (2, 0) seen from (±√1.06, 0.3)
    near, far = (math.hypot(2.0 - sign * math.sqrt(1.06), 0.3) for sign in (1.0, -1.0))
    assert sorted_values(points, "minimum") == pytest.approx([0.5 * (near - 1.0) ** 2], rel=1e-12)
    assert sorted_values(points, "maximum") == pytest.approx([0.5 * (far + 1.0) ** 2], rel=1e-12)


# -- where Newton's method ends


def circle_derivatives(t):
    """Gradient (n, 1) and Hessian (n, 1, 1) of ½ ‖N − (2, 2)‖² = 4.5 − 2 (cos t + sin t)."""
    return 2.0 * (np.sin(t) - np.cos(t)), 2.0 * (np.cos(t) + np.sin(t))[:, :, None]


def torus_derivatives(t):
    """Gradient (n, 2) and Hessian (n, 2, 2) of ½ (ρ² (a² cos² t₁ + sin² t₁) + sin² t₂), a = 1.5, ρ = 2 + cos t₂."""
    (first, second), a2 = t.T, 2.25
    shape, slope, bend = (
        a2 * np.cos(first) ** 2 + np.sin(first) ** 2,
        (1 - a2) * np.sin(2 * first),
        2 * (1 - a2) * np.cos(2 * first),
    )
    radius, d, dd = 2.0 + np.cos(second), -np.sin(second), -np.cos(second)
    gradient = np.stack([0.5 * radius**2 * slope, radius * d * shape + 0.5 * np.sin(2 * second)], axis=1)
    mixed = radius * d * slope
    last = (d * d + radius * dd) * shape + np.cos(2 * second)
    rows = [np.stack([0.5 * radius**2 * bend, mixed], axis=1), np.stack([mixed, last], axis=1)]
    return gradient, np.stack(rows, axis=1)


def newton_ends(derivatives, starts, n_steps=100):
    """Ends (n, p) of the raw iteration t ← t − (∇²F)⁻¹∇F."""
    t = starts
    for _ in range(n_steps):
        gradient, hessian = derivatives(t)
        t = t - np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
    return t


CASES = [
    pytest.param(unit_circle, circle_derivatives, 1, {"minimum": 0.5, "maximum": 0.5}, id="circle"),
    pytest.param(elliptic_torus, torus_derivatives, 2, {"minimum": 0.32, "maximum": 0.13, "saddle": 0.55}, id="torus"),
]


@pytest.mark.parametrize("make, derivatives, size, expected", CASES)
def test_raw_newton_has_no_preference(make, derivatives, size, expected):
    ends = newton_ends(derivatives, np.random.default_rng(0).uniform(0.0, TWO_PI, (N_STARTS, size)))
    gradient, hessian = derivatives(ends)
    assert np.abs(gradient).max() < 1e-9
    index = (np.linalg.eigvalsh(hessian) < 0.0).sum(axis=1)
    for kind, share in expected.items():
        wanted = {"minimum": 0, "saddle": 1, "maximum": size}[kind]
        assert np.mean(index == wanted) == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("make, derivatives, size, expected", CASES)
def test_the_solver_ends_where_the_loop_does(make, derivatives, size, expected):
    starts = np.random.default_rng(1).uniform(0.0, TWO_PI, (12, size))
    ends = newton_ends(derivatives, starts)
    kinds = set()
    for start, end in zip(starts, ends, strict=True):
        found = minimize(make(), start, Newton(), max_iter=100)
        np.testing.assert_allclose(found.x, end, atol=1e-8)
        kinds.add(classify(make(), found.x).kind)
    assert kinds == set(expected)


@pytest.mark.parametrize("solver", [TrustRegion(), BFGS()], ids=["trust region", "BFGS"])
@pytest.mark.parametrize("make, derivatives, size, expected", CASES)
def test_safeguards_reach_minima_only(solver, make, derivatives, size, expected):
    for start in np.random.default_rng(2).uniform(0.0, TWO_PI, (20, size)):
        assert classify(make(), minimize(make(), start, solver).x).kind == "minimum"
