"""What a benchmark runs: named fits (problem, seed, cap) -> `Fitted`, and what they need."""

from importlib import util
from typing import Any, NamedTuple

__all__ = ["Fitted", "Method", "all_methods", "missing_packages"]


class Fitted(NamedTuple):
    """A fit that is over.

    `predict` takes X (n, d); `predict_std`, where there is one, gives predictive standard deviations with the noise in them;
    `notes` are numbers and words for the record; `model` is newtonreg's estimator.
    """

    predict: Any
    seconds: float
    predict_std: Any = None
    notes: Any = None
    model: Any = None


class Method(NamedTuple):
    """A fit under a name.

    `packages` must be importable; `most_seeds` cuts the number of seeds of what is far behind, `slow_from` is the number of rows
    from which few seeds must do; `is_random` is False where a seed changes nothing but the data.
    """

    name: str
    label: str
    fit: Any
    packages: tuple = ()
    most_seeds: int | None = None
    slow_from: int | None = None
    is_random: bool = True


def all_methods():
    """Name to `Method`, in the order of the tables."""
    from default_fit import jax_fits, linear_methods, newtonreg_fits, pyrenn_fits, scipy_fits, sklearn_fits, torch_fits

    families = (newtonreg_fits, scipy_fits, jax_fits, torch_fits, pyrenn_fits, sklearn_fits, linear_methods)
    return {method.name: method for family in families for method in family.METHODS}


def missing_packages(method):
    """Those of the packages of `method` that are not installed."""
    return [name for name in method.packages if util.find_spec(name) is None]
