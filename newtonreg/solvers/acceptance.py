"""Is a trial point better? The ratio of actual to predicted reduction, safe in the last digits."""

import math

__all__ = ["reduction_ratio"]

_EPS = 2.220446049250313e-16


def reduction_ratio(value, trial_value, predicted_reduction):
    """(F − F_trial) / predicted, where both are shifted by the rounding noise of F; −inf where the trial is not finite.

    Near a minimizer with F ≠ 0 both reductions fall below the rounding error of F and their quotient is noise. Adding a few
    units in the last place of F to both (Conn, Gould & Toint 2000, §17.4.2) makes the ratio tend to 1 there.
    """
    if not math.isfinite(trial_value):
        return -math.inf
    noise = 10.0 * _EPS * abs(value)
    denominator = predicted_reduction + noise
    if denominator <= 0.0:
        return 1.0 if trial_value <= value else -math.inf
    return (value - trial_value + noise) / denominator
