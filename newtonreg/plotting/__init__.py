"""Displays in the manner of scikit-learn: a constructor stores what is drawn, `plot` draws it. Needs Matplotlib only to draw."""

from newtonreg.plotting.basis import BasisDisplay
from newtonreg.plotting.convergence import ConvergenceDisplay
from newtonreg.plotting.index import IndexDisplay
from newtonreg.plotting.landscape import LandscapeDisplay
from newtonreg.plotting.model import ModelDisplay
from newtonreg.plotting.physics import ResidualDisplay, SolutionDisplay
from newtonreg.plotting.spectrum import SpectrumDisplay

__all__ = [
    "BasisDisplay",
    "ConvergenceDisplay",
    "IndexDisplay",
    "LandscapeDisplay",
    "ModelDisplay",
    "ResidualDisplay",
    "SolutionDisplay",
    "SpectrumDisplay",
]
