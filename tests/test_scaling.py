"""How inputs are standardized: each by its own deviation, those that form a picture by one."""

import numpy as np
import pytest

from newtonreg import NewtonMLPClassifier
from newtonreg.estimators._scaling import check_range, fit_input_scaling, fit_scaling, identity_scaling

RNG = np.random.RandomState(0)
N, SIDE = 80, 4


def pictures(n=N, levels=16):
    """Bright strokes (16, n) on a black background, in whole levels, as scanned digits have them; the corners are always off."""
    rng = np.random.RandomState(1)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    place = rng.uniform(0.5, 2.5, size=(2, n))
    distance = (rows.ravel()[:, None] - place[0]) ** 2 + (columns.ravel()[:, None] - place[1]) ** 2
    image = np.floor(levels * 1.2 * np.exp(-distance)).clip(0, levels)
    image[[0, 3, 12, 15]] = 0.0
    return image


def mixed(n=N):
    """Nine features (9, n) of different units."""
    return RNG.normal(size=(9, n)) * 10.0 ** np.arange(-4, 5)[:, None] + np.arange(9)[:, None]


ONES = np.ones(N)


def varying(rows):
    """Whether a row is not constant."""
    return rows.min(axis=1) < rows.max(axis=1)


def shares_a_scale(rows, weights=ONES):
    """Whether all rows that vary have the same scale."""
    return len(set(fit_input_scaling(rows, weights).scale[varying(rows)])) == 1


def test_pictures_share_one_scale():
    rows = pictures()
    assert (~varying(rows)).sum() == 4 and shares_a_scale(rows)
    scaling, own = fit_input_scaling(rows, ONES), fit_scaling(rows, ONES)
    # the offsets stay each pixel's own, and deviations have the same sum of squares as when standardized
    np.testing.assert_array_equal(scaling.offset, own.offset)
    moved = scaling.transform(rows)[varying(rows)]
    assert np.sum(moved**2) == pytest.approx(moved.size, rel=1e-12)
    np.testing.assert_allclose(moved.mean(axis=1), 0.0, atol=1e-12)


def test_constant_pixels_are_zero_and_count_for_nothing():
    rows = pictures()
    scaling = fit_input_scaling(rows, ONES)
    off = ~varying(rows)
    np.testing.assert_array_equal(scaling.scale[off], 1.0)
    np.testing.assert_array_equal(scaling.transform(rows)[off], 0.0)
    without = fit_input_scaling(rows[~off], ONES)
    np.testing.assert_allclose(scaling.scale[~off], without.scale, rtol=1e-14)
    # whatever they are: a pixel that is always on, a column of another unit
    for value in (16.0, 300.0, -300.0):
        more = np.concatenate([rows, np.full((1, N), value)])
        assert shares_a_scale(more)
        np.testing.assert_array_equal(fit_input_scaling(more, ONES).scale[:-1], scaling.scale)
        np.testing.assert_array_equal(fit_input_scaling(more, ONES).transform(more)[-1], 0.0)


@pytest.mark.parametrize(
    ("make", "is_picture"),
    [
        (lambda rows: rows / 16.0, True),
        (lambda rows: 255.0 - 3.0 * (16.0 - rows), True),
        (lambda rows: (rows > 8.0) * 1.0, True),
        # a photograph's pixels have no background
        (lambda rows: rows + RNG.uniform(0.0, 4.0, size=rows.shape), False),
        # a feature whose least value is another one
        (lambda rows: np.concatenate([rows, 1000.0 + RNG.normal(size=(1, N))]), False),
        (lambda rows: rows * np.where(np.arange(16) % 5 == 2, 1.0, 10.0 ** (np.arange(16) % 5))[:, None], False),
    ],
    ids=["unit interval", "other levels", "two levels", "no background", "a feature above", "other units"],
)
def test_what_makes_a_picture(make, is_picture):
    assert shares_a_scale(make(pictures())) is is_picture


def test_mixed_units_have_their_own_scales():
    rows = mixed()
    scaling = fit_input_scaling(rows, ONES)
    for mine, own in zip(scaling, fit_scaling(rows, ONES), strict=True):
        np.testing.assert_array_equal(mine, own)
    np.testing.assert_allclose(scaling.transform(rows).std(axis=1), 1.0, rtol=1e-12)


def test_features_scaled_to_the_unit_interval_keep_their_own_scales():
    """MinMaxScaler gives all the same least and largest values, but few entries have them."""
    rows = mixed() ** 3
    rows = (rows - rows.min(axis=1)[:, None]) / np.ptp(rows, axis=1)[:, None]
    assert not shares_a_scale(rows)


def test_few_features_are_no_picture():
    rows = pictures()
    rows = rows[varying(rows)]
    assert shares_a_scale(rows[:8]) and not shares_a_scale(rows[:7])


@pytest.mark.parametrize("rows", [pictures(), mixed()], ids=["pictures", "mixed"])
def test_weights_are_repetition(rows):
    weights = np.random.RandomState(2).randint(0, 4, size=N)
    kept = weights > 0
    weighted = fit_input_scaling(rows[:, kept], weights[kept].astype(float))
    repeated = fit_input_scaling(np.repeat(rows, weights, axis=1), np.ones(weights.sum()))
    for mine, other in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-12)


def test_weights_decide_what_the_background_is():
    rows = pictures()
    dark = (rows == 0.0).mean(axis=0) > 0.5
    assert shares_a_scale(rows, np.where(dark, 10.0, 1.0))
    # hardly any weight on the rows that have a background
    full = np.maximum(rows, 1.0)
    full[:, :3] = rows[:, :3]
    assert not shares_a_scale(full, np.where(np.arange(N) < 3, 1e-6, 1.0))


def test_order_of_rows_and_of_samples_is_of_no_account():
    rows = pictures()
    features, samples = np.random.RandomState(3).permutation(16), np.random.RandomState(4).permutation(N)
    scaling = fit_input_scaling(rows, ONES)
    np.testing.assert_allclose(fit_input_scaling(rows[features], ONES).scale, scaling.scale[features], rtol=1e-14)
    np.testing.assert_allclose(fit_input_scaling(rows[:, samples], ONES).scale, scaling.scale, rtol=1e-13)


@pytest.mark.parametrize("make", [pictures, mixed], ids=["pictures", "mixed"])
def test_backends_agree(xp, to_numpy, make):
    rows = make()
    scaling = fit_input_scaling(xp.asarray(rows), xp.asarray(ONES))
    for mine, other in zip(scaling, fit_input_scaling(rows, ONES), strict=True):
        np.testing.assert_allclose(to_numpy(mine), other, rtol=1e-13)
    back = scaling.inverse(scaling.transform(xp.asarray(rows)))
    np.testing.assert_allclose(to_numpy(back), rows, rtol=1e-12, atol=1e-12)


def test_a_scaling_that_changes_nothing():
    rows = mixed()
    np.testing.assert_array_equal(identity_scaling(9, rows).transform(rows), rows)


def test_huge_values_do_not_overflow():
    scaling = fit_scaling(1e200 * mixed(), ONES)
    assert np.isfinite(scaling.scale).all()
    check_range("X", np.full((1, 2), 1e307))
    with pytest.raises(ValueError, match=r"X contains 1e\+308: its range is beyond the largest float64.*rescale it"):
        check_range("X", np.full((1, 2), 1e308))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_on_pictures_has_one_scale():
    X = pictures().T
    model = NewtonMLPClassifier(3, random_state=0, max_iter=5).fit(X, X[:, 5] > 4.0)
    np.testing.assert_array_equal(model._model.inputs.scale, fit_input_scaling(X.T, ONES).scale)
