"""The contract of a loss."""

import math

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.testing.claims import check_value_object, host, require, require_close, require_slopes
from newtonreg.testing.derivatives import taylor_slopes

__all__ = ["check_loss"]


def check_loss(loss, y, xp=np):
    """Check that a loss keeps the promises of `protocols.Loss` at the targets `y`.

    Shapes follow `hessian_structure`; gradient and Hessian pass the Taylor test; ℓ is convex, nonnegative and has the minimum
    zero; the constant model is stationary and takes weights for repetition; NaN is refused; the component is a value object.

    Parameters
    ----------
    loss : Loss
    y : array-like of shape (m, n)
        Admissible targets: some at the edge of the domain (classes, counts of zero), some inside.
    xp : module, default=numpy
        Array API namespace.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> from newtonreg.losses import Poisson
    >>> from newtonreg.testing import check_loss
    >>> check_loss(Poisson(), [[0.0, 1.0, 2.5, 7.0]])
    """
    targets = np.array(y, dtype=float)
    before = dict(vars(loss))
    f, direction = (xp.asarray(array) for array in np.random.default_rng(0).standard_normal((2, *targets.shape)))
    _check_attributes(loss)
    _check_shapes(loss, xp.asarray(targets), f)
    _check_derivatives(loss, xp.asarray(targets), f, direction)
    _check_convexity(loss, xp.asarray(targets), f)
    _check_constant_model(loss, targets, xp)
    _check_minimum(loss, targets, xp)
    _check_target(loss, targets, xp)
    require(vars(loss) == before, loss, "no method changes the component")
    check_value_object(loss)


def _check_attributes(loss):
    links, structures = ("identity", "exp", "logistic", "softmax"), ("shared", "diagonal", "full")
    require(loss.out_activation in links, loss, f"`out_activation` is one of {links}")
    require(loss.hessian_structure in structures, loss, f"`hessian_structure` is one of {structures}")
    require(not loss.is_sum_of_squares or loss.hessian_structure == "shared", loss, "a sum of squares has a shared Hessian")


def _check_shapes(loss, y, f):
    m, n = f.shape
    results = {
        "value": (loss.value(y, f), (n,)),
        "gradient": (loss.gradient(y, f), (m, n)),
        "hessian": (loss.hessian(y, f), {"shared": (n,), "diagonal": (m, n), "full": (m, m, n)}[loss.hessian_structure]),
        "predict": (loss.predict(f), (m, n)),
    }
    for name, (result, shape) in results.items():
        require(type(result) is type(f) and result.dtype == f.dtype, loss, f"{name} is an array of the library and dtype of f")
        require(result.shape == shape, loss, f"{name} has the shape {shape}, not {tuple(result.shape)}")
    if loss.is_sum_of_squares:
        squares = 0.5 * np.sum(host(f - y) ** 2, axis=0)
        require_close(loss.value(y, f), squares, loss, "a sum of squares is ½ Σ_j (f_j − y_j)²")


def _check_derivatives(loss, y, f, direction):
    xp, gradient, hessian = namespace(f), loss.gradient(y, f), loss.hessian(y, f)
    full = loss.hessian_structure == "full"
    product = xp.sum(hessian * direction[None, :, :], axis=1) if full else hessian * direction
    terms = [loss.value(y, f), xp.sum(gradient * direction, axis=0), xp.sum(product * direction, axis=0)]
    slopes = taylor_slopes(lambda step: loss.value(y, f + step * direction), terms)
    require_slopes(slopes, loss, "gradient and hessian are the derivatives of the value")
    slopes = taylor_slopes(lambda step: loss.gradient(y, f + step * direction), [gradient, product])
    require_slopes(slopes, loss, "hessian is the derivative of the gradient")


def _check_convexity(loss, y, f):
    value, hessian = host(loss.value(y, f)), host(loss.hessian(y, f))
    require(np.all(np.isfinite(value)) and np.all(value >= 0.0), loss, "the value is finite and nonnegative")
    if loss.hessian_structure == "full":
        require(np.array_equal(hessian, np.swapaxes(hessian, 0, 1)), loss, "hessian is symmetric")
        hessian = np.linalg.eigvalsh(np.moveaxis(hessian, -1, 0))
    # The assembly takes square roots of weights, so where they are numbers they are not even a little negative.
    least = -1e-14 * np.max(hessian) if loss.hessian_structure == "full" else 0.0
    require(np.min(hessian) >= least, loss, "the loss is convex")


def _check_constant_model(loss, targets, xp):
    y, counts = xp.asarray(targets), 1 + np.arange(targets.shape[1]) % 3
    raw = loss.initial_raw_prediction(y, xp.asarray(counts.astype(float)))
    require(raw.shape == targets.shape[:1], loss, "initial_raw_prediction has the shape (m,)")
    require(np.all(np.isfinite(host(raw))), loss, "initial_raw_prediction is finite")
    pull = counts * host(loss.gradient(y, xp.broadcast_to(raw[:, None], y.shape)))
    balanced = np.abs(np.sum(pull, axis=1)) <= 1e-8 * np.sum(np.abs(pull)) + 1e-12
    require(np.all(balanced), loss, "initial_raw_prediction minimizes the weighted loss")
    repeated = np.repeat(targets, counts, axis=1)
    again = loss.initial_raw_prediction(xp.asarray(repeated), xp.ones(repeated.shape[1], dtype=xp.float64))
    require_close(again, raw, loss, "initial_raw_prediction takes weights for repetition")


def _check_minimum(loss, targets, xp):
    """The constant model of one sample is the minimizer of its loss."""
    for i in range(targets.shape[1]):
        y = xp.asarray(targets[:, i : i + 1])
        best = loss.initial_raw_prediction(y, xp.ones(1, dtype=xp.float64))
        least = float(loss.value(y, best[:, None])[0])
        tolerance = 1e-10 * (1.0 + np.max(np.abs(targets[:, i])))
        require(least <= tolerance, loss, f"the minimum of the loss is zero; at y = {targets[:, i].tolist()} it is {least:.1e}")


def _check_target(loss, targets, xp):
    loss.check_target(xp.asarray(targets))
    spoiled = targets.copy()
    spoiled[0, 0] = math.nan
    try:
        loss.check_target(xp.asarray(spoiled))
    except ValueError as error:
        require("y" in str(error).split(), loss, "check_target names y")
    else:
        require(False, loss, "check_target raises ValueError where y is NaN")
