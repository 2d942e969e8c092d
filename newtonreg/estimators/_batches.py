"""Mini-batches as an estimator's parameters ask for them."""

import numpy as np

from newtonreg.solvers import MiniBatches

__all__ = ["make_batches", "method_of", "resized"]


def make_batches(estimator, size, rng):
    """A function from a solver to its epochs of batches of `size` rows, all with one seed drawn from `rng`."""
    seed = int(rng.randint(np.iinfo(np.int32).max))
    curvature_size = getattr(estimator, "curvature_batch_size", None)
    if curvature_size is not None and curvature_size > size:
        raise ValueError(f"curvature_batch_size={curvature_size} must be at most the {size} rows of a batch.")

    def batches(solver):
        return MiniBatches(
            solver,
            size,
            curvature_size=curvature_size,
            shuffle=getattr(estimator, "shuffle", True),
            seed=seed,
            pivot_every=getattr(estimator, "pivot_epochs", None),
        )

    return batches


def method_of(solver):
    """What has to be the same for a state of another fit to go on: whether in batches, and how each one is stepped from."""
    return type(solver).__name__, repr(getattr(solver, "solver", solver))


def resized(state, solver):
    """`state` with the batches of `solver`, where it has some: the rows are others, and perhaps more, than they were."""
    if "batch_size" not in state.memory:
        return state
    return state.replaced(memory={**state.memory, "batch_size": solver.batch_size})
