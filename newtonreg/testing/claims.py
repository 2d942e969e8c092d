"""What every check is made of: a component, a claim about it, and the evidence."""

import pickle

import numpy as np
from sklearn.base import clone

from newtonreg.backend.arrays import to_host

__all__ = ["check_value_object", "host", "require", "require_close", "require_slopes"]

_MARGIN = 0.25
"""A slope may fall short of its order by this; a wrong derivative makes it one less."""


def host(array):
    """NumPy array of an array of any library, or of a number."""
    return np.asarray(to_host(array))


def require(condition, component, claim):
    """Raise AssertionError unless `condition`; not an assert statement, which `python -O` would drop."""
    if not condition:
        raise AssertionError(f"{component!r} violates: {claim}.")


def require_close(actual, expected, component, claim, rtol=1e-10):
    """Raise AssertionError unless shapes are equal and values within rtol (1 + max |expected|); NaN is close to nothing."""
    actual, expected = host(actual), host(expected)
    require(actual.shape == expected.shape, component, f"{claim}; the shape is {actual.shape}, not {expected.shape}")
    error = np.max(np.abs(actual - expected), initial=0.0)
    scale = 1.0 + np.max(np.abs(expected), initial=0.0)
    require(error <= rtol * scale, component, f"{claim}; the largest difference is {error:.1e}")


def require_slopes(slopes, component, claim):
    """Raise AssertionError unless the remainder of `order` terms falls as h^order, from order 2 on (1 is mere continuity)."""
    for order, slope in enumerate(slopes, start=1):
        met = order == 1 or slope >= order - _MARGIN
        require(met, component, f"{claim}; the Taylor remainder of order {order} falls with slope {slope:.2f}")


def check_value_object(component):
    """Constructor arguments are stored as they are, and nothing else: clone, repr, pickle and grid searches then work."""
    params = component.get_params(deep=False)
    require(isinstance(component.name, str), component, "`name` is a string")
    require(set(vars(component)) == set(params), component, "the constructor stores its arguments and nothing else")
    for copy in (clone(component), pickle.loads(pickle.dumps(component))):
        require(repr(copy) == repr(component), component, "clone and pickle give the same component")
