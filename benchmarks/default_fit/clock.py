"""Caps of seconds: a clock that raises, and the best point on the way."""

import time

import numpy as np

__all__ = ["BestPoint", "Clock", "Deadline"]


class Deadline(KeyboardInterrupt):
    """Time is up, or the goal is reached. A KeyboardInterrupt: no library takes that for an error of the user's."""


class Clock:
    """Seconds since it was made; `check` raises `Deadline` beyond `cap`."""

    def __init__(self, cap):
        self._cap = cap
        self._start = time.perf_counter()

    @property
    def seconds(self):
        """Seconds so far."""
        return time.perf_counter() - self._start

    def check(self):
        """Raise where time is up."""
        if self.seconds > self._cap:
            raise Deadline


class BestPoint:
    """The lowest value and its parameters, and when each new lowest value was seen; stops a run at the `goal`."""

    def __init__(self, clock, goal=-np.inf):
        self.params, self.value, self.trace = None, np.inf, []
        self._clock, self._goal = clock, goal

    def see(self, params, value):
        """Take note of a point; raises `Deadline` where the time is up or the goal is reached."""
        if value < self.value:
            self.params, self.value = np.array(params), float(value)
            self.trace.append((self._clock.seconds, self.value))
        if self.value <= self._goal:
            raise Deadline
        self._clock.check()

    def seconds_to(self, value):
        """Seconds until a value of at most `value` was seen; infinite where it never was."""
        return next((seconds for seconds, reached in self.trace if reached <= value), np.inf)
