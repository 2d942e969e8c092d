"""Orders of rows, drawn on the host."""

import numpy as np

from newtonreg.backend.arrays import device_of, namespace

__all__ = ["random_order"]


def random_order(n, seed, number, like):
    """A permutation of 0 … n − 1, int64 (n,), beside the array `like`: a function of `seed` and `number`, two integers >= 0.

    A run that goes on later draws what it would have drawn, without a generator to keep.
    """
    order = np.random.RandomState([seed, number]).permutation(n).astype(np.int64)
    return namespace(like).asarray(order, device=device_of(like))
