"""Derivatives of a user's own functions, by autograd; NumPy arrays only."""

import warnings

import autograd
from autograd.differential_operators import make_jvp, make_jvp_reversemode

from newtonreg.backend.arrays import is_numpy_array, namespace
from newtonreg.objectives.answers import checked_number

__all__ = ["gradient_of", "hessian_of", "jacobian_of", "product_of", "second_directional_of"]


def gradient_of(function):
    """x (p,) to ∇f (p,)."""
    return _on_numpy(autograd.grad(function), function)


def hessian_of(function, advice=None, shown=None):
    """x (p,) to ∇²f (p, p). `shown` is what messages call the function, for instance what it is made of."""
    return _on_numpy(autograd.hessian(function), function, sees_input=False, advice=advice, shown=shown)


def jacobian_of(function):
    """x (p,) to ∂r/∂x (n, p), a forward pass for each column: curves have few parameters and many points."""

    def jacobian(x):
        xp = namespace(x)
        return xp.stack([_directional(function, column)(x) for column in xp.eye(x.shape[0])], axis=1)

    return _on_numpy(jacobian, function, is_scalar=False)


def product_of(function):
    """x (p,) and v (p,) to ∇²f v (p,), without ∇²f."""

    def product(x, v):
        return _directional(autograd.grad(function), v)(x)

    return _on_numpy(product, function, sees_input=False)


def second_directional_of(function, advice=None):
    """x (p,) and v (p,) to ∂²r[v, v] (n,)."""

    def second(x, v):
        return _directional(_directional(function, v), v)(x)

    # the first derivative of an affine function does not depend on x, and rightly so
    return _on_numpy(second, function, sees_input=False, is_scalar=False, advice=advice)


def _directional(function, v):
    """x to ∂r[v]: forward where autograd has the rules for it, else by two backward passes."""
    forward, backward = make_jvp(function), make_jvp_reversemode(function)

    def derivative(x):
        try:
            return forward(x)(v)[1]
        except NotImplementedError:
            return backward(x)(v)

    return derivative


def _on_numpy(derivative, function, sees_input=True, is_scalar=True, advice=None, shown=None):
    """`derivative` with the traps of automatic differentiation turned into errors; the costly checks on the first call only.

    `sees_input`: a derivative that does not depend on x shows a function that autograd cannot follow. `is_scalar`: the function
    returns a number. `advice` ends the message.
    """
    checked, shown = False, shown or function

    def guarded(x, *args):
        nonlocal checked
        if not is_numpy_array(x):
            raise TypeError(
                f"{shown!r} is a Python callable, which autograd differentiates on NumPy arrays only, and x is a "
                f"{type(x).__module__}.{type(x).__name__}. Pass its derivatives as well, or NumPy arrays."
            )
        if checked:
            return derivative(x, *args)
        result = _first_call(derivative, function, shown, sees_input, is_scalar, advice or "Or pass the derivatives.", x, args)
        checked = True
        return result

    return guarded


def _first_call(derivative, function, shown, sees_input, is_scalar, advice, x, args):
    trouble = (
        f"autograd cannot differentiate {shown!r}. NumPy's ufuncs are understood, but np.array, np.stack, np.concatenate and "
        f"the like must be autograd's (import autograd.numpy as np); float(), math.* and assignments to entries are not. {advice}"
    )
    if is_scalar:
        checked_number(function(x))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error" if sees_input else "ignore", message="Output seems independent of input")
            result = derivative(x, *args)
    except (TypeError, AttributeError, ValueError, UserWarning) as error:
        raise TypeError(trouble) from error
    if result.dtype == object:
        raise TypeError(trouble)
    return result
