"""Is the noise what limits a fit, or the network, its start and its time?"""

from newtonreg.training.regularizing import n_excess

__all__ = ["LOOK_TRIALS", "PLAINLY_CLEAN", "can_be_clean", "is_clean"]

PLAINLY_CLEAN = 1e-10
"""Noise variance, of standardized targets, that is none."""
LOOK_TRIALS = 150
"""Trials under evidence that tell something about the noise."""
_CLEAN = 0.5
"""Noise variance of a plain fit over that under evidence, below which the latter was not noise."""
_PLAIN_LAST, _MOVING = 10, 0.9
"""A plain fit that has fallen by a tenth over its last ten trials has not met the noise."""
_STILL_FALLING = 0.7
"""Noise variance at the end of a look over that halfway, below which it is no noise yet."""
_USED_UP = 0.75
"""Of the parameters determined by the data: more parameters would find more to take up."""


def can_be_clean(objective):
    """Whether enough residuals are left to tell noise from what the parameters have taken up."""
    return n_excess(objective) > 0.1 * objective.n_params


def is_clean(look, plain):
    """Whether it is not the noise that limits a fit, by two courses: a `look` under evidence and a `plain` one without.

    Σ s r² / (N − p) of the plain fit is compared with the noise variance of the look. A look that was short may have found more
    noise than there is, and the plain fit then stands still at what there is.
    """
    variance, n_params, excess = look.assessment.noise_variance, look.objective.n_params, n_excess(look.objective)
    if variance < PLAINLY_CLEAN or (look.n_iter >= LOOK_TRIALS and look.noise_fall < _STILL_FALLING):
        return True
    # with several features noise takes up parameters, too
    has_one = look.objective.network.n_features == 1
    if has_one and look.assessment.gamma > _USED_UP * n_params and excess > n_params:
        return True
    values = [record.value for record in plain.run.history[-_PLAIN_LAST:]]
    return values[-1] < _MOVING * values[0] and 2.0 * plain.best.value / excess < _CLEAN * variance
