"""The only module that imports scikit-learn's private functions."""

from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._array_api import check_same_namespace, get_namespace_and_device, move_to
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

__all__ = [
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "MultiOutputMixin",
    "RegressorMixin",
    "check_same_namespace",
    "check_sample_weight",
    "get_namespace_and_device",
    "move_to",
    "with_callbacks",
]
