"""Where a function varies: the metric, and units and points drawn after it."""

import numpy as np
import pytest

from newtonreg.physics.frozen import Frozen, jet
from newtonreg.physics.setting import Setting
from newtonreg.physics.variation import Variation

STEEP = 60.0


def front(Z):
    """tanh(60 z₀), its gradient and its second derivatives."""
    u = np.tanh(STEEP * Z[:, 0])
    slope = STEEP * (1.0 - u**2)
    slopes, bends = np.zeros((1, *Z.shape)), np.zeros((1, *Z.shape, Z.shape[1]))
    slopes[0, :, 0], bends[0, :, 0, 0] = slope, -2.0 * STEEP * u * slope
    return u[None], slopes, bends


def flat(Z):
    return np.ones((1, len(Z))), np.zeros((1, *Z.shape)), np.zeros((1, *Z.shape, Z.shape[1]))


def variation(function, d=2, seed=0):
    return Variation(function, d, np.random.RandomState(seed))


@pytest.mark.parametrize("d", [2, 3])
def test_units_are_steep_across_a_front_and_not_along_it(d):
    units = variation(front, d).units(1000, 3.0)
    weights = np.median(np.abs(units[:-1]), axis=1)
    assert weights[0] > 20.0 and (weights[1:] < 5.0).all()


def test_units_and_points_crowd_at_a_front():
    drawn = variation(front)
    units = drawn.units(1000, 3.0)
    points = drawn.points(1000, units)
    # where z vanishes on the middle line z₁ = 0
    knots = -units[2] / units[0]
    assert (np.abs(knots) < 0.1).mean() > 0.5
    assert (np.abs(points[:, 0]) < 0.1).mean() > 0.3
    assert (np.abs(points[:, 0]) > 0.5).mean() > 0.15


def test_without_variation_all_directions_and_places_are_alike():
    drawn = variation(flat)
    units = drawn.units(2000, 3.0)
    points = drawn.points(2000, units)
    lengths = np.sqrt((units[:2] ** 2).sum(axis=0))
    assert 1.0 < np.median(lengths) < 5.0
    assert abs(np.cos(2.0 * np.arctan2(*units[:2])).mean()) < 0.1
    counts = np.histogram2d(*points.T, bins=4, range=[[-1.0, 1.0]] * 2)[0]
    assert counts.sum() == 2000 and counts.min() > 50


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_counts_and_box(n):
    drawn = variation(front)
    units = drawn.units(n, 3.0)
    points = drawn.points(n, units)
    assert units.shape == (3, n) and points.shape == (n, 2)
    assert np.abs(points).max() <= 1.0 and np.isfinite(units).all()


def test_points_lie_where_units_rise_and_elsewhere():
    """Units that rise at z₀ = ½ alone, of a function that varies at z₀ = 0."""
    units = np.stack([np.full(50, 100.0), np.zeros(50), np.full(50, -50.0)])
    points = variation(front).points(1000, units)
    assert 0.3 < (np.abs(points[:, 0] - 0.5) < 0.05).mean() < 0.6
    # where no unit rises inside the box they are anywhere
    assert np.isfinite(variation(front).points(100, units + [[0.0], [0.0], [1e6]])).all()


def test_the_scale_of_the_function_is_of_no_account():
    def larger(Z):
        return tuple(1e6 * part for part in front(Z))

    np.testing.assert_allclose(variation(larger).units(50, 3.0), variation(front).units(50, 3.0), rtol=1e-6)


def test_the_same_seed_draws_the_same():
    np.testing.assert_array_equal(variation(front).units(30, 3.0), variation(front).units(30, 3.0))
    assert not np.array_equal(variation(front).units(30, 3.0), variation(front, seed=1).units(30, 3.0))


class Polynomial:
    """u = x² t as a solution."""

    known = {(0, 0): lambda x, t: x**2 * t, (1, 0): lambda x, t: 2 * x * t, (0, 1): lambda x, t: x**2, (2, 0): lambda x, t: 2 * t,
             (1, 1): lambda x, t: 2 * x, (0, 2): lambda x, t: 0 * x}  # fmt: skip

    def fields(self, X, wanted):
        return np.stack([self.known[index](*X.T) + 0.0 for index, _ in wanted])


def test_jet_is_in_coordinates_of_the_box():
    setting = Setting(("x", "t"), ("u",), ((0.0, 4.0), (1.0, 3.0)))
    values, slopes, bends = jet(Polynomial(), setting)(np.asarray([[0.0, 0.0], [1.0, -1.0]]))
    # x = 2, t = 2 and x = 4, t = 1; dx = 2 dz, dt = dz
    np.testing.assert_allclose(values, [[8.0, 16.0]])
    np.testing.assert_allclose(slopes, [[[16.0, 4.0], [16.0, 16.0]]])
    np.testing.assert_allclose(bends, [[[[16.0, 8.0], [8.0, 0.0]], [[8.0, 16.0], [16.0, 0.0]]]])


@pytest.mark.parametrize(("first", "last", "later"), [(0.0, 1.0, 5.0), (1.0, 0.5, -3.0)])
def test_frozen_stays_where_it_was(first, last, later):
    frozen, before = Frozen(Polynomial(), 1, first, last), 0.5 * (first + last)
    X, wanted = np.asarray([[2.0, before], [2.0, later]]), [((0, 0), 0), ((1, 0), 0), ((0, 1), 0)]
    np.testing.assert_allclose(frozen.fields(X, wanted), [[4 * before, 4 * last], [4 * before, 4 * last], [4.0, 0.0]])
