"""Units that rise between two data points."""

from sklearn.base import BaseEstimator

from newtonreg.backend.arrays import device_of, namespace, to_host
from newtonreg.bases.initialization import draw_rows

__all__ = ["SampledPairs"]


class SampledPairs(BaseEstimator):
    """Ridge units placed between pairs of data points (i, j), the likelier the steeper the targets are between them.

        w = (z₂ − z₁) (x_j − x_i) / ‖x_j − x_i‖²      b = z₁ − w·x_i      P(i, j) ∝ ‖y_j − y_i‖ / ‖x_j − x_i‖

    so that z goes from z₁ to z₂, where the activation rises: −½ ln 3 to ½ ln 3 for tanh, where it is ∓½.

    Parameters
    ----------
    n_pairs : int, default=6
        Random pairs to choose from, for each unit.

    References
    ----------
    Bolager et al., *Sampling weights of deep neural networks* (2023), arXiv 2306.16830.
    """

    name = "sampled-pairs"
    needs_ridge = True

    def __init__(self, n_pairs=6):
        self.n_pairs = n_pairs

    def units(self, basis, data, n_units, rng):
        """Units (d + 1, k) for `data` with `inputs` (d, n), `targets` (m, n) and `weights` (n,)."""
        xp = namespace(data.inputs)
        n_draws = max(1, self.n_pairs) * n_units
        first, second = (draw_rows(data.inputs, n_draws, rng, data.weights) for _ in range(2))
        start = xp.take(data.inputs, first, axis=1)
        way = xp.take(data.inputs, second, axis=1) - start
        rise = xp.take(data.targets, second, axis=1) - xp.take(data.targets, first, axis=1)
        length = xp.linalg.vector_norm(way, axis=0)
        chosen = _draw(to_host(xp.linalg.vector_norm(rise, axis=0)), to_host(length), n_units, rng)
        if chosen is None:
            return basis.init_units(data.inputs, n_units, rng, data.weights)
        index = xp.asarray(chosen, device=device_of(way))
        way, start, length = (xp.take(array, index, axis=-1) for array in (way, start, length))
        low, high = basis.rise
        weights = (high - low) * way / length**2
        return xp.concat([weights, (low - xp.sum(weights * start, axis=0))[None, :]], axis=0)


def _draw(rises, lengths, n_units, rng):
    """Indices of pairs, drawn by steepness; None where no two points differ.

    Points closer than a thousandth of the usual distance count as that far apart: one noisy pair must not take all units.
    """
    usable = (lengths > 0.0).nonzero()[0]
    if usable.size == 0:
        return None
    rises, lengths = rises[usable], lengths[usable]
    steepness = rises / lengths.clip(min=1e-3 * lengths.mean()) + 1e-12 * max(1.0, rises.max())
    return usable[rng.choice(usable.size, size=n_units, p=steepness / steepness.sum())]
