"""Stationary points: what a fit found."""

from newtonreg.landscape.classify import StationaryPoint, classify

__all__ = ["StationaryPoint", "classify"]
