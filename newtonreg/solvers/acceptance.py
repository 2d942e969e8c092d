"""Is a trial point better? The ratio of actual to predicted reduction, safe in the last digits."""

import math

from newtonreg.backend.arrays import namespace, to_floats

__all__ = ["NEGLIGIBLE_CURVATURE", "reduction_ratio", "rounding_noise", "seen_rounding"]

_EPS = 2.220446049250313e-16
_TAIL = 1e-8
"""Of F, below which a reduction is read off gradients."""

_UNEXPLAINED = 10.0
"""Times its promise that a step must miss it by: no model of a smooth function is that wrong over a step that short."""
_ROUNDING = 1e-5
"""Of F, more than which is not taken for rounding: residuals of 1e-11 of the targets have it."""

NEGLIGIBLE_CURVATURE = 1e-10
"""Of the largest eigenvalue: below this an eigenvalue of an assembled Hessian is rounding (switched-off units give -1e-12), and
a stationary point is not worth leaving along it."""


def rounding_noise(value):
    """What a sum of the size of `value` is uncertain by."""
    return 10.0 * _EPS * abs(value)


def reduction_ratio(point, trial, displacement, predicted_reduction):
    """(F − F_trial) / predicted; −inf where the trial is not finite.

    Near a minimizer with F ≠ 0 the reduction falls below the rounding error of F and the quotient is noise, which may be far
    larger than the last place of F where F is small by cancellation, as with a curve that fits its data to many digits. Where
    less than 1e-8 of F is promised the actual reduction is therefore taken from the gradients at both ends, −½ (g + g_trial)ᵀp,
    whose error is of third order in p. Both reductions are also shifted by a few units in the last place of F (Conn, Gould &
    Toint 2000, §17.4.2), so that the ratio tends to 1 where nothing is left.
    """
    value, trial_value = point.value, trial.value
    if not math.isfinite(trial_value):
        return -math.inf
    actual, size = value - trial_value, abs(value)
    if predicted_reduction <= _TAIL * size and abs(actual) <= _TAIL * size:
        xp = namespace(displacement)
        before, after = to_floats(xp.vecdot(point.gradient, displacement), xp.vecdot(trial.gradient, displacement))
        actual = -0.5 * (before + after)
        if not math.isfinite(actual):
            return -math.inf
    noise = rounding_noise(value)
    denominator = predicted_reduction + noise
    if denominator <= 0.0:
        return 1.0 if actual >= 0.0 else -math.inf
    return (actual + noise) / denominator


def seen_rounding(value, predicted_reduction, ratio, before):
    """The rounding of reductions of F = `value` that a rejected step has shown, or `before`, the largest seen so far.

    A step that promises next to nothing and misses that by much more shows rounding, not a model that is wrong.
    """
    most = _ROUNDING * abs(value)
    error = -ratio * predicted_reduction
    is_shown = ratio < -_UNEXPLAINED and predicted_reduction <= most / _UNEXPLAINED and error <= most
    return max(before, error) if is_shown else min(before, most)
