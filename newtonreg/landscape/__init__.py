"""Stationary points: what a fit found, and finding all of them."""

from newtonreg.landscape.classify import StationaryPoint, classify
from newtonreg.landscape.escape import escape
from newtonreg.landscape.geometry import elliptic_torus, manifold_regression, unit_circle
from newtonreg.landscape.linear_autoencoder import DeepLinearAutoencoder
from newtonreg.landscape.newton_tr import NewtonTR
from newtonreg.landscape.search import StationaryPoints, find_stationary_points
from newtonreg.landscape.spectrum import Spectrum, diagonal_share, effective_rank, least_squares_share, spectrum, wigner_share
from newtonreg.landscape.symmetry import canonicalize

__all__ = [
    "DeepLinearAutoencoder",
    "NewtonTR",
    "Spectrum",
    "StationaryPoint",
    "StationaryPoints",
    "canonicalize",
    "classify",
    "diagonal_share",
    "effective_rank",
    "elliptic_torus",
    "escape",
    "find_stationary_points",
    "least_squares_share",
    "manifold_regression",
    "spectrum",
    "unit_circle",
    "wigner_share",
]
