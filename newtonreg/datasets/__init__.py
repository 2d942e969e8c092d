"""Images of digits from files at hand; nothing is downloaded."""

from newtonreg.datasets.idx import read_idx
from newtonreg.datasets.mnist import load_digits_split, load_mnist

__all__ = ["load_digits_split", "load_mnist", "read_idx"]
