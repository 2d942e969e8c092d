"""From what the user passes to what the core takes: float64, samples last, standardized, rows of weight zero dropped."""

from typing import NamedTuple

from newtonreg.backend.arrays import contiguous, cuda_array, namespace
from newtonreg.estimators._scaling import Scaling, check_range, fit_input_scaling, fit_scaling, identity_scaling

__all__ = ["Problem", "Rows", "prepare", "standardize"]


class Rows(NamedTuple):
    """Samples in the user's units: `inputs` (d, n), `targets` (m, n), `weights` (n,), float64, on the device of the fit."""

    inputs: object
    targets: object
    weights: object

    def take(self, index):
        """The samples at `index`, in that order."""
        xp = namespace(self.inputs)
        return Rows(xp.take(self.inputs, index, axis=1), xp.take(self.targets, index, axis=1), xp.take(self.weights, index))


class Problem(NamedTuple):
    """Standardized `rows` and the scalings that made them."""

    rows: Rows
    inputs: Scaling
    targets: Scaling


def prepare(X, targets, weights, device):
    """`Rows` of X (n, d), targets (n, m) and weights (n,) or None, arrays of one library; `device` "cuda" moves them."""
    if device == "cuda":
        X, targets, weights = (None if a is None else cuda_array(a) for a in (X, targets, weights))
    xp = namespace(X)
    inputs = contiguous(xp.matrix_transpose(xp.astype(X, xp.float64)))
    targets = contiguous(xp.matrix_transpose(xp.astype(targets, xp.float64)))
    if weights is None:
        return Rows(inputs, targets, xp.ones_like(inputs[0, :]))
    weights = xp.astype(weights, xp.float64)
    rows = Rows(inputs, targets, weights)
    kept = xp.nonzero(weights > 0.0)[0]
    if kept.shape[0] == 0:
        raise ValueError("sample_weight times class_weight is zero for every row; no row is left to fit.")
    return rows if kept.shape[0] == weights.shape[0] else rows.take(kept)


def standardize(rows, scale_targets, scalings=None):
    """`Problem` of `rows`; `scalings` (inputs, targets) of an earlier fit are kept where given.

    Targets are standardized only where the link is the identity: counts and labels stay what they are.
    """
    check_range("X", rows.inputs)
    check_range("y", rows.targets)
    if scalings is None:
        inputs = fit_input_scaling(rows.inputs, rows.weights)
        m = rows.targets.shape[0]
        targets = fit_scaling(rows.targets, rows.weights) if scale_targets else identity_scaling(m, rows.targets)
    else:
        inputs, targets = scalings
    return Problem(Rows(inputs.transform(rows.inputs), targets.transform(rows.targets), rows.weights), inputs, targets)
