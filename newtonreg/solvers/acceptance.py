"""Is a trial point better? The ratio of actual to predicted reduction, safe in the last digits."""

import math

__all__ = ["MAX_NOISE_TRIALS", "NEGLIGIBLE_CURVATURE", "count_noise", "reduction_ratio", "rounding_noise"]

_EPS = 2.220446049250313e-16
MAX_NOISE_TRIALS = 4
"""Trials in a row that promise less than rounding noise, after which a solver is exhausted: Newton needs one or two of them
to bring the gradient, which is known more exactly than F, to its own rounding level."""

NEGLIGIBLE_CURVATURE = 1e-10
"""Of the largest eigenvalue: below this an eigenvalue of an assembled Hessian is rounding (switched-off units give -1e-12), and
a stationary point is not worth leaving along it."""


def rounding_noise(value):
    """What a sum of the size of `value` is uncertain by."""
    return 10.0 * _EPS * abs(value)


def count_noise(so_far, value, predicted_reduction):
    """Number of trials in a row whose predicted reduction cannot be told from the rounding of F."""
    return so_far + 1 if predicted_reduction <= rounding_noise(value) else 0


def reduction_ratio(value, trial_value, predicted_reduction):
    """(F − F_trial) / predicted, where both are shifted by the rounding noise of F; −inf where the trial is not finite.

    Near a minimizer with F ≠ 0 both reductions fall below the rounding error of F and their quotient is noise. Adding a few
    units in the last place of F to both (Conn, Gould & Toint 2000, §17.4.2) makes the ratio tend to 1 there.
    """
    if not math.isfinite(trial_value):
        return -math.inf
    noise = rounding_noise(value)
    denominator = predicted_reduction + noise
    if denominator <= 0.0:
        return 1.0 if trial_value <= value else -math.inf
    return (value - trial_value + noise) / denominator
