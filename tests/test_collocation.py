"""Points of collocation: grids by their formulas, samples by their strata, refinement where the residual is large."""

import doctest

import numpy as np
import pytest

from newtonreg.physics import collocation
from newtonreg.physics.collocation import chebyshev, latin_hypercube, random, refine, uniform

BOX = [(-2.0, 1.0), (0.3, 0.7), (5.0, 5.5)]


class Known:
    """A model whose residual is a function."""

    def __init__(self, residual):
        self.residual = residual


def bump(X):
    return np.exp(-200.0 * np.sum((X - 0.7) ** 2, axis=1))


GRID = uniform([(0.0, 1.0), (0.0, 1.0)], 5)


# -- grids


@pytest.mark.parametrize("rule", [uniform, chebyshev])
def test_grids_hit_the_ends_exactly_and_increase(rule):
    for low, high in ((0.1, 0.7), (-1e-3, 1e8), (3.0, np.nextafter(3.0, 4.0) + 1e-12)):
        x = rule((low, high), 7).ravel()
        assert x[0] == low and x[-1] == high and (np.diff(x) > 0.0).all()


def test_uniform_points_are_equidistant():
    np.testing.assert_allclose(np.diff(uniform((-1.0, 2.0), 13).ravel()), 0.25, rtol=1e-14)


@pytest.mark.parametrize("n", [2, 3, 8, 33])
def test_chebyshev_nodes_are_extrema_and_roots_of_their_polynomial(n):
    lobatto = chebyshev((-1.0, 1.0), n).ravel()
    np.testing.assert_allclose(np.abs(np.polynomial.Chebyshev.basis(n - 1)(lobatto)), 1.0, rtol=1e-12)
    gauss = chebyshev((-1.0, 1.0), n, "gauss").ravel()
    np.testing.assert_allclose(np.polynomial.Chebyshev.basis(n)(gauss), 0.0, atol=1e-12)
    for nodes in (lobatto, gauss):
        assert (nodes == -nodes[::-1]).all() and (np.diff(nodes) > 0.0).all()
    assert chebyshev((1.0, 3.0), 1, kind="gauss").tolist() == [[2.0]]


def test_tensor_grids_hold_every_combination_once_the_last_variable_fastest():
    for grid in (uniform(BOX, [2, 3, 4]), chebyshev(BOX, (2, 3, 4))):
        assert grid.shape == (24, 3) and len(np.unique(grid, axis=0)) == 24
        assert (grid[:4, :2] == [-2.0, 0.3]).all()
        assert sorted(len(np.unique(column)) for column in grid.T) == [2, 3, 4]
        np.testing.assert_array_equal(np.lexsort(grid.T[::-1]), np.arange(24))


# -- samples


def test_every_slice_of_a_latin_hypercube_has_one_point():
    n = 41
    X = latin_hypercube(BOX, n, random_state=3)
    low, high = np.array(BOX).T
    slices = np.floor((X - low) / (high - low) * n).astype(int)
    np.testing.assert_array_equal(np.sort(slices, axis=0), np.arange(n)[:, None] * np.ones((1, 3), dtype=int))


@pytest.mark.parametrize("draw", [latin_hypercube, random])
def test_samples_lie_in_the_box_and_follow_the_random_state(draw):
    X = draw(BOX, 50, random_state=0)
    low, high = np.array(BOX).T
    assert X.shape == (50, 3) and (low <= X).all() and (high >= X).all()
    np.testing.assert_array_equal(X, draw(BOX, 50, random_state=np.random.RandomState(0)))
    assert not np.array_equal(X, draw(BOX, 50, random_state=1))
    assert draw((0.0, 1.0), 1, random_state=0).shape == (1, 1)


def test_a_single_pair_is_a_domain_of_one_variable():
    for rule in (uniform, chebyshev, lambda domain, n: random(domain, n, 0), lambda domain, n: latin_hypercube(domain, n, 0)):
        np.testing.assert_array_equal(rule((0.0, 2.0), 6), rule([(0.0, 2.0)], 6))


# -- refinement


def test_refinement_keeps_the_points_and_adds_where_the_residual_is_large():
    X = refine(Known(bump), GRID, 200, offset=0.0, random_state=0)
    assert X.shape == (225, 2)
    np.testing.assert_array_equal(X[:25], GRID)
    assert (np.abs(X[25:] - 0.7) < 0.3).all()
    assert len(np.unique(X[25:], axis=0)) == 200


def test_power_and_offset_say_how_much_it_is_drawn_to_large_residuals():
    def distance(**how):
        added = refine(Known(bump), GRID, 300, random_state=0, **how)[25:]
        return np.median(np.linalg.norm(added - 0.7, axis=1))

    far = distance(power=0.0)
    assert distance(power=4.0, offset=0.0) < distance(offset=0.0) < distance(offset=1.0) < distance(offset=10.0) <= far * 1.05
    nowhere = refine(Known(lambda X: np.zeros(len(X))), GRID, 300, random_state=0)[25:]
    assert abs(np.median(np.linalg.norm(nowhere - 0.7, axis=1)) - far) < 0.05


def test_refinement_is_a_function_of_the_random_state_and_not_of_the_unit_of_the_residual():
    first = refine(Known(bump), GRID, 20, random_state=5)
    np.testing.assert_array_equal(first, refine(Known(bump), GRID, 20, random_state=5))
    np.testing.assert_array_equal(first, refine(Known(lambda X: 2.0**600 * bump(X)), GRID, 20, random_state=5))
    assert not np.array_equal(first, refine(Known(bump), GRID, 20, random_state=6))


def test_of_several_equations_the_norm_counts():
    pair = Known(lambda X: np.stack([0.6 * bump(X), -0.8 * bump(X)], axis=1))
    np.testing.assert_allclose(refine(pair, GRID, 20, random_state=0), refine(Known(bump), GRID, 20, random_state=0))


def test_candidates_lie_in_the_domain():
    X = refine(Known(bump), GRID, 50, domain=[(2.0, 3.0), (4.0, 6.0)], n_candidates=50, random_state=0)[25:]
    assert (X > [2.0, 4.0]).all() and (X < [3.0, 6.0]).all()


# -- errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: uniform((1.0, 0.0), 3), r"domain=\(1.0, 0.0\) must be a list of pairs"),
        (lambda: uniform([(0.0, 1.0), (0.0,)], 3), "domain=.* must be a list of pairs"),
        (lambda: random([(0.0, np.inf)], 3), "domain=.*inf.* finite"),
        (lambda: random("ab", 3), "domain='ab'"),
        (lambda: uniform((0.0, 1.0), 1), "n=1 must be an integer >= 2"),
        (lambda: uniform((0.0, 1.0), 4.0), "n=4.0 must be an integer"),
        (lambda: chebyshev(BOX, [3, 4]), r"n=\[3, 4\] has 2 entries, and domain has 3 variables"),
        (lambda: chebyshev((0.0, 1.0), 3, "radau"), "kind='radau' is unknown; pass one of 'lobatto', 'gauss'"),
        (lambda: latin_hypercube((0.0, 1.0), 0), "n=0 must be an integer >= 1"),
        (lambda: refine(Known(bump), GRID[:, 0], 3), r"X has shape \(25,\)"),
        (lambda: refine(Known(bump), GRID * np.nan, 3), "X must be finite"),
        (lambda: refine(Known(bump), GRID * [1.0, 0.0], 3), "X does not vary in column 1; pass domain"),
        (lambda: refine(Known(bump), GRID, 3, domain=(0.0, 1.0)), "has 1 variables, and X has 2"),
        (lambda: refine(Known(bump), GRID, 0), "n_new=0"),
        (lambda: refine(Known(bump), GRID, 5, n_candidates=4), "n_candidates=4 must be an integer >= 5"),
        (lambda: refine(Known(bump), GRID, 5, power=-1.0), "power=-1.0"),
        (lambda: refine(Known(bump), GRID, 5, offset=np.nan), "offset=nan"),
        (lambda: refine(Known(lambda X: X[:3, 0]), GRID, 5), r"model.residual\(X\) has shape \(3,\)"),
        (lambda: refine(Known(lambda X: np.full(len(X), np.nan)), GRID, 5), "NaN or infinite at 10000 of 10000"),
        (lambda: refine(Known(lambda X: 1.0 * (X[:, 0] == X[0, 0])), GRID, 5, offset=0.0), "leave 1 of 10000 candidates"),
    ],
)
def test_errors_name_the_argument_and_its_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_examples_run():
    assert doctest.testmod(collocation).failed == 0
