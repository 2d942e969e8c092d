"""Objectives: a function of a parameter vector that counts what is asked of it."""

from newtonreg.objectives.analytic import Analytic
from newtonreg.objectives.counts import Counts
from newtonreg.objectives.empirical_risk import EmpiricalRisk, Term
from newtonreg.objectives.least_squares import LeastSquares, SquareRoot

__all__ = ["Analytic", "Counts", "EmpiricalRisk", "LeastSquares", "SquareRoot", "Term"]
