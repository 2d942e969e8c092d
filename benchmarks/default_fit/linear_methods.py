"""The honest rows without a nonlinear fit: a spline, Chebyshev polynomials, least squares in fixed random units."""

import time

from linear_fits import Chebyshev, EvenUnits, RandomUnits, Spline

from default_fit.methods import Fitted, Method
from default_fit.networks import Standardized

__all__ = ["METHODS"]


def _fit(make):
    def fit(problem, seed, cap):
        data = Standardized(problem)
        start = time.perf_counter()
        model = make(problem, seed).fit(data.X, data.y)
        return Fitted(data.predictor(model.predict), time.perf_counter() - start)

    return fit


def _same_width(problem, seed):
    return RandomUnits(problem.width or 20, seed)


def _even_units(problem, seed):
    return EvenUnits(problem.width or 20)


def _half_as_many_units_as_rows(problem, seed):
    return RandomUnits(min(len(problem.y) // 2, 1000), seed)


METHODS = [
    Method("spline", "cubic spline", _fit(lambda problem, seed: Spline()), is_random=False),
    Method("chebyshev", "Chebyshev least squares", _fit(lambda problem, seed: Chebyshev()), is_random=False),
    Method("even-units", "least squares, even tanh units, same width", _fit(_even_units), is_random=False),
    Method("random-units", "least squares, random tanh units, same width", _fit(_same_width)),
    Method("random-units-many", "least squares, n/2 random tanh units", _fit(_half_as_many_units_as_rows)),
]
