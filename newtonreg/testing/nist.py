"""NIST's nonlinear regression problems: curves with certified parameters, on which solvers of least squares are compared.

The data files are not part of the package; whoever has them passes their paths. They are at
https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import autograd.numpy as anp
import numpy as np

from newtonreg.testing.nist_models import MODELS, Model

__all__ = ["MODELS", "Model", "Problem", "Record", "digits", "problem", "read"]

_CERTIFIED_DIGITS = 11.0


@dataclass(frozen=True, eq=False)
class Record:
    """What a data file says.

    Attributes
    ----------
    name : str
        Of the data set, a key of `MODELS`.
    x : array of shape (n,) or (n, 2)
        Predictors.
    y : array of shape (n,)
        Response, as it is in the file.
    starts : array of shape (2, p)
        Starting values, the harder ones first.
    certified : array of shape (p,)
        The minimizer, to 11 digits.
    standard_deviations : array of shape (p,)
        Of the certified parameters.
    residual_sum_of_squares, residual_standard_deviation : float
        ‖r‖² and (‖r‖² / (n − p))^½ at the minimizer.
    degrees_of_freedom : int
        n − p.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    certified: np.ndarray
    standard_deviations: np.ndarray
    residual_sum_of_squares: float
    residual_standard_deviation: float
    degrees_of_freedom: int


class Problem(NamedTuple):
    """A record with its model, as functions of the parameters b (p,) that autograd can differentiate.

    Attributes
    ----------
    residuals : callable
        b to f(b, x) − y (n,), for `LeastSquares(residuals, n_params, outer=outer)`. Overflow gives inf or NaN and no warning.
    half_square : callable
        b to ½ ‖r‖², for `Analytic(half_square, n_params)`.
    n_params : int
        p.
    outer : tuple of int
        Parameters in which r is affine.
    """

    residuals: Callable
    half_square: Callable
    n_params: int
    outer: tuple


def problem(record):
    """The least-squares problem of a record.

    Parameters
    ----------
    record : Record

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        Where `MODELS` has no model of that name.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg import LeastSquares, LevenbergMarquardt, minimize
    >>> from newtonreg.testing import nist
    >>> x = np.arange(1.0, 6.0)
    >>> record = nist.Record("DanWood", x, 3.0 * x**2, np.ones((2, 2)), np.array([3.0, 2.0]), np.zeros(2), 0.0, 0.0, 3)
    >>> curve = nist.problem(record)
    >>> objective = LeastSquares(curve.residuals, curve.n_params, outer=curve.outer)
    >>> minimize(objective, record.starts[1], LevenbergMarquardt()).x.round(9)
    array([3., 2.])
    """
    if record.name not in MODELS:
        raise ValueError(f"There is no model for the data set {record.name!r}; MODELS has {', '.join(MODELS)}.")
    model = MODELS[record.name]
    y = record.y if model.transformation is None else model.transformation(record.y)

    def residuals(b):
        with np.errstate(all="ignore"):
            return model.function(b, record.x) - y

    def half_square(b):
        with np.errstate(all="ignore"):
            return 0.5 * anp.sum(residuals(b) ** 2)

    return Problem(residuals, half_square, record.certified.shape[0], model.outer)


def digits(estimate, certified):
    """Correct digits of each parameter: −log10(|b − c| / |c|), the log relative error.

    Parameters
    ----------
    estimate : array of shape (p,)
        b.
    certified : array of shape (p,)
        c. Where it is 0, the absolute error counts.

    Returns
    -------
    array of shape (p,)
        Between 0, which also stands for NaN, and 11, which is how many digits are certified.

    Examples
    --------
    >>> from newtonreg.testing import nist
    >>> nist.digits([1.001, 5.0, 2.0], [1.0, 0.5, 2.0]).round(3)
    array([ 3.,  0., 11.])
    """
    estimate, certified = np.asarray(estimate, dtype=float), np.asarray(certified, dtype=float)
    with np.errstate(all="ignore"):
        error = np.abs(estimate - certified) / np.where(certified == 0.0, 1.0, np.abs(certified))
        # 0 is added because −log10(1) is −0
        correct = np.clip(-np.log10(error), 0.0, _CERTIFIED_DIGITS) + 0.0
    return np.where(np.isnan(correct), 0.0, correct)


def read(path):
    """Read a data file.

    Parameters
    ----------
    path : str or path-like
        For instance "Misra1a.dat".

    Returns
    -------
    Record

    Raises
    ------
    FileNotFoundError
    ValueError
        Naming the file and what it lacks, where it is not such a file.
    """
    text = _Text(path)
    name = text.word("Dataset Name:")
    rows = [line.partition("=")[2] for line in text.announced("Starting Values")]
    start_1, start_2, certified, deviations = text.table(rows, "two starts, an estimate and its deviation a parameter", (4,)).T
    summary = text.announced("Certified Values")
    squares = text.number("Residual Sum of Squares:", summary)
    spread = text.number("Residual Standard Deviation:", summary)
    n_rows = int(text.number("Number of Observations:", summary))
    data = text.table(text.announced("Data"), "rows of a response and one or two predictors", (2, 3))
    x, y = data[:, 1:], data[:, 0]
    x = x[:, 0] if x.shape[1] == 1 else x
    text.require(len(y) == n_rows, f"{n_rows} rows of data, of which it has {len(y)}")
    # Not the number in the file: for Rat43 that is 9, with 15 observations and 4 parameters.
    freedom = len(y) - len(certified)
    return Record(name, x, y, np.stack([start_1, start_2]), certified, deviations, squares, spread, freedom)


class _Text:
    """Lines of a file, with complaints that name it."""

    def __init__(self, path):
        self._path = path
        # A file of another kind need not be text; it gets the same complaint.
        self._lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()

    def require(self, condition, what):
        """Raise ValueError unless `condition`."""
        if not condition:
            raise ValueError(f"{self._path} is not a file of NIST's nonlinear regression data: it lacks {what}.")

    def word(self, label, lines=None):
        """The first word after `label`, which begins a line."""
        lines = self._lines if lines is None else lines
        tails = [line.strip().removeprefix(label).split() for line in lines if line.strip().startswith(label)]
        self.require(tails and tails[0], f"what follows '{label}'")
        return tails[0][0]

    def number(self, label, lines):
        """The number after `label`."""
        return self.table([self.word(label, lines)], f"a number after '{label}'", (1,))[0, 0]

    def announced(self, title):
        """The lines in which, says the header, `title` are."""
        pattern = re.compile(rf"{title} *\(lines +(\d+) +to +(\d+)\)", re.IGNORECASE)
        ranges = [match for line in self._lines if (match := pattern.search(line))]
        self.require(ranges, f"the line numbers of '{title}'")
        first, last = (int(number) for number in ranges[0].groups())
        self.require(1 <= first <= last <= len(self._lines), f"lines {first} to {last}, where '{title}' are announced")
        return self._lines[first - 1 : last]

    def table(self, lines, what, widths):
        """Array of the numbers in `lines`, as many in each as one of `widths` says."""
        try:
            table = np.array([[float(word) for word in line.split()] for line in lines])
        except ValueError:
            # no numbers, or not equally many in each line
            table = np.empty((0, 0))
        self.require(table.ndim == 2 and table.shape[1] in widths, what)
        return table
