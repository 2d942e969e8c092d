"""Objectives: a function of a parameter vector that counts what is asked of it."""

from newtonreg.objectives.analytic import Analytic
from newtonreg.objectives.counts import Counts
from newtonreg.objectives.empirical_risk import EmpiricalRisk, Term

__all__ = ["Analytic", "Counts", "EmpiricalRisk", "Term"]
