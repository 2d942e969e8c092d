"""NIST's nonlinear regression problems: the reader, the model functions, and the certified values as properties of a minimum."""

import math
import warnings

import numpy as np
import pytest

from newtonreg import Analytic, LeastSquares
from newtonreg.testing import check_hessian, nist

FILES = (
    *("BoxBOD", "Chwirut1", "Chwirut2", "DanWood", "ENSO", "Gauss1", "Gauss2", "Kirby2", "Lanczos1"),
    *("Lanczos3", "MGH10", "Misra1a", "Misra1b", "Misra1c", "Nelson", "Rat42", "Thurber"),
)
"""What lies beside the checkout."""

TEXT = """\
NIST/ITL StRD
Dataset Name:  DanWood           (DanWood.dat)

File Format:   ASCII
               Starting Values   (lines 14 to  15)
               Certified Values  (lines 14 to  20)
               Data              (lines 23 to 25)

Model:         2 Parameters (b1 and b2)

          Starting values                  Certified Values

        Start 1     Start 2           Parameter     Standard Deviation
  b1 =   1           0.7           3.0000000000E+00  1.5E-02
  b2 =   5           4            -2.0000000000E-01  2.5E-03

Residual Sum of Squares:                    1.2500000000E-01
Residual Standard Deviation:                3.5355339059E-01
Degrees of Freedom:                                9
Number of Observations:                            3

Data:  y              x
      .25E0          1.0E0
      4.0            2.0E+00
     16              4
"""
"""A file in NIST's layout; the degrees of freedom are wrong, as they are in NIST's Rat43."""


@pytest.fixture
def folder(shared_data):
    """Where the files are; skips the test where they are not."""
    if not (shared_data / "nist_strd").is_dir():
        pytest.skip("NIST's files not found in ../shared/data/nist_strd")
    return shared_data / "nist_strd"


@pytest.fixture
def write(tmp_path):
    """Function from a text to the path of a file of it."""

    def path_of(text):
        path = tmp_path / "Some.dat"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return path_of


# -- the reader


def test_a_file_is_read_by_the_lines_its_header_announces(write):
    record = nist.read(write(TEXT))
    assert record.name == "DanWood"
    np.testing.assert_array_equal(record.x, [1.0, 2.0, 4.0])
    np.testing.assert_array_equal(record.y, [0.25, 4.0, 16.0])
    np.testing.assert_array_equal(record.starts, [[1.0, 5.0], [0.7, 4.0]])
    np.testing.assert_array_equal(record.certified, [3.0, -0.2])
    np.testing.assert_array_equal(record.standard_deviations, [0.015, 0.0025])
    assert (record.residual_sum_of_squares, record.residual_standard_deviation) == (0.125, 0.35355339059)
    assert record.degrees_of_freedom == 3 - 2
    with pytest.raises(AttributeError):
        record.y = record.x


def test_two_predictors_and_windows_line_ends(write):
    rows = TEXT.replace(".25E0   ", ".25E0  8").replace("4.0     ", "4.0   9 ").replace("16    ", "16 7  ").replace("\n", "\r\n")
    record = nist.read(write(rows))
    np.testing.assert_array_equal(record.x, [[8.0, 1.0], [9.0, 2.0], [7.0, 4.0]])
    np.testing.assert_array_equal(record.y, [0.25, 4.0, 16.0])


FAULTS = {
    "empty": ("", "'Dataset Name:'"),
    "binary": (bytes(range(256)), "'Dataset Name:'"),
    "no ranges": (TEXT.replace("(lines 23 to 25)", ""), "the line numbers of 'Data'"),
    "truncated": (TEXT[: TEXT.index("     16")], "lines 23 to 25, where 'Data' are announced"),
    "a row fewer": (TEXT.replace("(lines 23 to 25)", "(lines 23 to 24)"), "3 rows of data, of which it has 2"),
    "shifted": (TEXT.replace("(lines 23 to 25)", "(lines 22 to 24)"), "rows of a response and one or two predictors"),
    "ragged": (TEXT.replace("16   ", "16 17"), "rows of a response and one or two predictors"),
    "one start": (TEXT.replace(" 0.7 ", "").replace(" 4    ", " "), "two starts, an estimate and its deviation"),
    "no sum of squares": (TEXT.replace("Residual Sum", "Sum"), "what follows 'Residual Sum of Squares:'"),
    "words for numbers": (TEXT.replace("1.2500000000E-01", "small"), "a number after 'Residual Sum of Squares:'"),
}


@pytest.mark.parametrize("text, missing", FAULTS.values(), ids=FAULTS)
def test_another_file_is_refused_with_its_name_and_what_it_lacks(write, text, missing):
    path = write(text)
    with pytest.raises(ValueError, match="Some.dat is not a file of NIST's .* lacks ") as error:
        nist.read(path)
    assert str(path) in str(error.value) and missing in str(error.value)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        nist.read(tmp_path / "None.dat")


# -- digits


def test_digits_are_the_log_relative_error_between_0_and_11():
    certified = np.array([2.0, -4e-9, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    estimate = np.array([2.0, -4e-9 * (1 + 1e-5), 1e-3, 0.0, 1.0 + 1e-14, 30.0, math.nan, math.inf])
    np.testing.assert_allclose(nist.digits(estimate, certified), [11.0, 5.0, 3.0, 11.0, 11.0, 0.0, 0.0, 0.0], rtol=1e-8)
    assert not np.signbit(nist.digits([2.0], [1.0]))[0]


# -- models and problems without the files


def test_all_27_problems_have_a_model():
    assert len(nist.MODELS) == 27 and set(FILES) < set(nist.MODELS)


# Certified parameters, the residual standard deviation, and two observations (x, y), for the models that no file here is of.
POINTS = {
    "Bennett5": ([-2523.5058043, 46.736564644, 0.93218483193], 1.9e-3, [7.447168, 11.59442], [-34.834702, -32.183601]),
    "Eckerle4": ([1.5543827178, 4.0888321754, 451.54121844], 6.8e-3, [444.0, 451.5], [0.0712559, 0.3698049]),
    "MGH09": ([0.19280693458, 0.19128232873, 0.12305650693, 0.13606233068], 6.6e-3, [4.0, 0.167], [0.1957, 0.0627]),
    "MGH17": ([0.37541005211, 1.9358469127, -1.4646871366, 0.01286753464, 0.022122699662], 1.4e-3, [0.0, 160.0], [0.844, 0.58]),
    "Misra1d": ([437.36970754, 0.00030227324449], 6.9e-2, [77.6, 760.0], [10.07, 81.78]),
    "Rat43": ([699.6415127, 5.2771253025, 0.75962938329, 1.2792483859], 28.3, [8.0, 15.0], [520.53, 717.41]),
    "Roszman1": (
        [0.20196866396, -6.1953516256e-6, 1204.4556708, -181.34269537],
        4.9e-3,
        [-1495.85, -464.17],
        [0.434887, 0.624169],
    ),
}


def without_file(name):
    """A record of the two observations, with starting values one percent from the certified ones."""
    b, deviation, x, y = (np.array(column) for column in POINTS[name])
    return nist.Record(name, x, y, np.stack([b, 1.01 * b]), b, np.zeros_like(b), math.nan, float(deviation), 0)


@pytest.mark.parametrize("name", POINTS)
def test_certified_curves_pass_by_the_observations(name):
    record = without_file(name)
    residuals = nist.problem(record).residuals(record.certified)
    assert np.max(np.abs(residuals)) < 2.5 * record.residual_standard_deviation


def test_a_record_without_a_model_is_refused():
    record = without_file("MGH09")
    other = nist.Record("Longley", *(value for name, value in vars(record).items() if name != "name"))
    with pytest.raises(ValueError, match="no model for the data set 'Longley'; MODELS has Bennett5, "):
        nist.problem(other)


def test_a_transformed_response_is_transformed():
    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([2.0, 5.0])
    record = nist.Record("Nelson", x, y, np.zeros((2, 3)), np.zeros(3), np.zeros(3), 0.0, 0.0, 0)
    b = np.array([2.0, 0.5, 0.25])
    expected = 2.0 - 0.5 * x[:, 0] * np.exp(-0.25 * x[:, 1]) - np.log(y)
    np.testing.assert_allclose(nist.problem(record).residuals(b), expected, rtol=1e-14)


@pytest.mark.parametrize(
    "name, b", [("Bennett5", [1.0, -9.0, 0.3]), ("Eckerle4", [1.0, 0.0, 400.0]), ("MGH17", [0.0, 1.0, -1.0, -9.0, -9.0])]
)
def test_a_step_to_where_the_model_is_undefined_gives_nan_or_inf_and_no_warning(name, b):
    problem, b = nist.problem(without_file(name)), np.array(b)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not math.isfinite(problem.half_square(b)) and not np.all(np.isfinite(problem.residuals(b)))


# -- every model, at hand or not


@pytest.fixture(params=sorted({*FILES, *POINTS}))
def record(request):
    if request.param in POINTS:
        return without_file(request.param)
    return nist.read(request.getfixturevalue("folder") / f"{request.param}.dat")


def test_derivatives_at_the_second_start(record):
    problem, start = nist.problem(record), record.starts[1]
    # Directions that are as long as the parameters, which differ by factors of 1e9.
    check_hessian(LeastSquares(lambda t: problem.residuals(start * (1.0 + t)), len(start)), np.zeros(len(start)))


def test_half_the_square_is_the_same_objective(record):
    problem, start = nist.problem(record), record.starts[1]
    scale = np.abs(start)
    squares = LeastSquares(problem.residuals, problem.n_params).at(start)
    analytic = Analytic(problem.half_square, problem.n_params).at(start)
    np.testing.assert_allclose(analytic.value, squares.value, rtol=1e-13)
    expected = scale[:, None] * squares.hessian * scale
    np.testing.assert_allclose(scale[:, None] * analytic.hessian * scale, expected, rtol=0, atol=1e-11 * np.max(np.abs(expected)))


def test_outer_parameters_are_linear_together_and_no_other_joins_them(record):
    problem, start = nist.problem(record), record.starts[1]
    weights = np.random.default_rng(0).standard_normal(len(record.y))
    bend = start[:, None] * LeastSquares(problem.residuals).weighted_hessians(start, weights) * start
    bend = np.abs(bend) / np.max(np.abs(bend))
    outer = list(problem.outer)
    assert np.max(bend[np.ix_(outer, outer)], initial=0.0) <= 1e-14
    others = [j for j in range(len(start)) if j not in outer]
    assert all(np.max(bend[j, [*outer, j]]) > 1e-6 for j in others)


# -- certified values


@pytest.fixture(params=FILES)
def certified(request, folder):
    """A record of a file, and its objective at the certified parameters."""
    record = nist.read(folder / f"{request.param}.dat")
    problem = nist.problem(record)
    return record, LeastSquares(problem.residuals, problem.n_params, outer=problem.outer).at(record.certified)


def half_unit(number):
    """Half of the eleventh significant digit: what a certified value may be off by."""
    return 0.5 * 10.0 ** (np.floor(np.log10(np.abs(number))) - 10.0)


def test_every_file_beside_the_checkout_is_tested(folder):
    assert sorted(path.stem for path in folder.glob("*.dat")) == sorted(FILES)


def test_residual_sum_of_squares_is_the_certified_one(certified):
    """To its own rounding and that of the parameters, δᵀ∇²F δ, which is 5e4 times the sum of Lanczos1 and nothing elsewhere."""
    record, point = certified
    delta = half_unit(record.certified)
    squares = record.residual_sum_of_squares
    allowed = half_unit(squares) + delta @ np.abs(point.hessian) @ delta
    assert abs(point.residuals @ point.residuals - squares) <= allowed
    np.testing.assert_allclose(record.residual_standard_deviation, np.sqrt(squares / record.degrees_of_freedom), rtol=1e-10)
    if record.name != "Lanczos1":
        assert allowed < 1e-10 * squares


def test_sum_of_squares_of_lanczos1_appears_one_gauss_newton_step_from_the_certified_parameters(folder):
    """Its data are rounded to 13 digits, so residuals are 8e-14; eleven digits of the parameters leave 1e-11.

    The step moves no parameter by more than a unit in the eleventh digit. What then remains is the rounding of the model itself,
    4e-16 beside residuals of 8e-14.
    """
    record = nist.read(folder / "Lanczos1.dat")
    problem = nist.problem(record)
    objective = LeastSquares(problem.residuals, problem.n_params)
    point = objective.at(record.certified)
    assert 2.0 * point.value > 1e4 * record.residual_sum_of_squares
    step = -np.linalg.lstsq(point.jacobian, point.residuals)[0]
    assert np.all(np.abs(step) <= 2.0 * half_unit(record.certified))
    squares = 2.0 * objective.at(record.certified + step).value
    np.testing.assert_allclose(squares, record.residual_sum_of_squares, rtol=5e-3)


def test_gradient_at_the_certified_parameters_is_that_of_their_rounding(certified):
    """|∇F| ≤ |∇²F| δ, with the rounding of its own sum of parts, parameter by parameter."""
    record, point = certified
    parts = np.abs(point.jacobian).T @ np.abs(point.residuals)
    assert np.all(np.abs(point.gradient) <= np.abs(point.hessian) @ half_unit(record.certified) + 1e-15 * parts)
    if record.name != "Lanczos1":
        # where residuals are 1e-11 of the response, their sum has no digits left
        assert np.all(np.abs(point.gradient) <= 1e-5 * parts)


def test_standard_deviations_follow_from_the_jacobian(certified):
    """s² (JᵀJ)⁻¹ by an SVD of J with unit columns, whose condition number is at most 1e4."""
    record, point = certified
    norms = np.linalg.norm(point.jacobian, axis=0)
    _, values, rows = np.linalg.svd(point.jacobian / norms, full_matrices=False)
    deviations = record.residual_standard_deviation * np.linalg.norm(rows.T / values, axis=1) / norms
    np.testing.assert_allclose(deviations, record.standard_deviations, rtol=1e-8)
