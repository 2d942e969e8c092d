"""Losses ℓ(y, f): value, gradient and Hessian in the raw prediction f. A new one is a new file and a line here."""

from newtonreg.losses.binomial import Binomial
from newtonreg.losses.multinomial import Multinomial
from newtonreg.losses.poisson import Poisson
from newtonreg.losses.pseudo_huber import PseudoHuber
from newtonreg.losses.squared_error import SquaredError

__all__ = ["Binomial", "Multinomial", "Poisson", "PseudoHuber", "SquaredError"]
