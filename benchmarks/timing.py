"""Times that can be compared: candidates take turns, so that a slow minute of the machine hits all of them."""

import math
import time

import numpy as np

__all__ = ["Times", "interleave", "seconds_of"]

_SHORTEST = 0.02
"""Seconds a sample should last; a faster call is repeated inside one sample."""


class Times:
    """Seconds a call of each candidate in each round."""

    def __init__(self, samples):
        self._samples = {name: np.asarray(values) for name, values in samples.items()}

    def median(self, name):
        """Median over the rounds."""
        return float(np.median(self._samples[name]))

    def ratio(self, name, other, factor=1.0):
        """Median over the rounds of `name` / (`factor` × `other`); `other` is a candidate or several, then their sum."""
        others = [other] if isinstance(other, str) else other
        return float(np.median(self._samples[name] / (factor * sum(self._samples[o] for o in others))))


def seconds_of(call):
    """Seconds of one call; its result is dropped."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def interleave(candidates, budget, least=3, most=51):
    """`Times` of `candidates` (name to callable) in turn, A B C A B C …, for about `budget` seconds.

    Every candidate is called once beforehand, which brings in pages and caches and says how often to repeat it. The order is
    reversed every other round: what comes after a call that leaves the caches cold should not always be the same.
    """
    loops, total = {}, 0.0
    for name, call in candidates.items():
        first = seconds_of(call)
        typical = first if first > 1.0 else seconds_of(call)
        loops[name] = max(1, math.ceil(_SHORTEST / typical))
        total += loops[name] * typical
    samples = {name: [] for name in candidates}
    for turn in range(int(min(max(least, budget / total), most))):
        names = list(candidates)
        for name in names if turn % 2 == 0 else reversed(names):
            samples[name].append(seconds_of(lambda name=name: [candidates[name]() for _ in range(loops[name])]) / loops[name])
    return Times(samples)
