"""Mini-batches as an estimator's parameters ask for them."""

import numpy as np

from newtonreg.solvers import MiniBatches

__all__ = ["make_batches"]


def make_batches(estimator, size, rng):
    """A function from a solver to its epochs of batches of `size` rows, all with one seed drawn from `rng`."""
    seed = int(rng.randint(np.iinfo(np.int32).max))

    def batches(solver):
        return MiniBatches(
            solver,
            size,
            curvature_size=getattr(estimator, "curvature_batch_size", None),
            shuffle=getattr(estimator, "shuffle", True),
            seed=seed,
            pivot_every=getattr(estimator, "pivot_epochs", None),
        )

    return batches
