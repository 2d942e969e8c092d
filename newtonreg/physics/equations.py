"""Nonlinear equations as plain functions of named derivatives, differentiated by autograd; NumPy arrays only."""

import warnings
from functools import reduce
from operator import add

from autograd.core import VJPNode, add_outgrads
from autograd.tracer import isbox, new_box, toposort, trace_stack

from newtonreg.backend.arrays import is_numpy_array, namespace
from newtonreg.physics.arguments import Arguments, Names, shown

__all__ = ["Equation"]

_TROUBLES = (TypeError, AttributeError, ValueError, NotImplementedError)


class Equation:
    """Residuals r_e(x, u, ∂u, ...; c) = 0 of a function whose argument names say which derivatives it takes.

    Everything is pointwise: r_e at sample i depends on the fields at sample i alone, so that one reverse pass of autograd gives
    the partial derivatives of r_e by all fields and coefficients at all samples.

    Parameters
    ----------
    function : callable
        Returns the residuals, (n,), or of E equations a tuple or list of E arrays (n,), or an array (n, E). Its arguments:

        - first, where it needs them, the points, called `x` or `X`: (n,) for one input, else (n, d). For one input the name of
          the variable does as well. A first argument with the name of a field is that field.
        - `u`: an output, by its name; (n,) like all that follow.
        - `du`, `d2u`, `d3u`, ...: its derivatives, for one input only.
        - `u_x`, `u_xx`, `u_xt`: its partial derivatives; of variables with longer names `u_x0_x1`.
        - `nu`: a coefficient, by its name; it comes as an array (n,) of equal numbers.
        - any other argument must have a default, and keeps it.

        Written with arithmetic and NumPy's ufuncs, or with `autograd.numpy`.
    variables : sequence of str
        Names of the d inputs.
    outputs : sequence of str
        Names of the unknown functions.
    coefficient_names : sequence of str
        Names of the S unknown scalars.

    Attributes
    ----------
    channels : tuple of (tuple of int, int)
        The C derivatives that the function takes, in the order of its arguments: orders by variable, and which output.
    order : int
        The largest total order among them.

    Raises
    ------
    TypeError
        Where `function` is no function, or takes *args or **kwargs.
    ValueError
        Where an argument name is unknown or can be read in two ways, where no argument is a field, or a coefficient is not used.

    Notes
    -----
    Fields are (C, n), scalars (S,), X is (n, d), or (n,) for one input. Call `check` once before work: the other methods trust
    the function.
    """

    def __init__(self, function, variables, outputs, coefficient_names=()):
        self.function = function
        self.name = shown(function)
        self._n_inputs, self._n_scalars = len(variables), len(coefficient_names)
        self._arguments = Arguments(function, Names(tuple(variables), tuple(outputs), tuple(coefficient_names)))
        self.channels = tuple(self._arguments.channels)
        self.order = max(sum(orders) for orders, _ in self.channels)
        self._labels = (*self._arguments.channels.values(), *coefficient_names)

    # -- values and derivatives

    def values(self, x, fields, scalars):
        """r (E, n) of X, fields (C, n) and scalars (S,)."""
        self._require_numpy(fields)
        return _stacked(self._residuals(x, self._inputs(fields, scalars)), namespace(fields))

    def jacobian(self, x, fields, scalars):
        """∂r_e/∂(u_c, c_s) at each sample, (E, C + S, n)."""
        return self.linearized(x, fields, scalars)[1]

    def linearized(self, x, fields, scalars):
        """`values` (E, n) and `jacobian` (E, C + S, n) from one forward pass and a reverse pass an equation."""
        self._require_numpy(fields)
        xp, inputs = namespace(fields), self._inputs(fields, scalars)
        ends, roots = _traced(lambda boxes: self._residuals(x, boxes), inputs)
        jacobian = xp.zeros((len(ends), len(roots), fields.shape[1]))
        one = xp.ones(fields.shape[1])
        for e, (_, node) in enumerate(ends):
            for c, partial in _partials(node, one, roots):
                jacobian[e, c, :] = partial
        return _stacked([value for value, _ in ends], xp), jacobian

    def second(self, x, fields, scalars, weights):
        """Σ_e weights_e ∂²r_e/∂(u_c, c_s)² at each sample, (C + S, C + S, n), for `weights` (E, n).

        A reverse pass for the gradient, and one more for each of its entries that depends on a field or a scalar: none for what
        enters linearly.
        """
        self._require_numpy(fields)
        xp, inputs = namespace(fields), self._inputs(fields, scalars)
        one = xp.ones(fields.shape[1])

        def gradient(boxes):
            ends, roots = _traced(lambda inner: [self._weighted(x, inner, weights)], boxes)
            found = dict(_partials(ends[0][1], one, roots))
            return [found.get(c) for c in range(len(roots))]

        rows, roots = _traced(gradient, inputs)
        hessian = xp.zeros((len(roots), len(roots), fields.shape[1]))
        for c, (_, node) in enumerate(rows):
            for other, partial in _partials(node, one, roots):
                if other >= c:  # the rest is the same by symmetry, and the same to the last bit this way
                    hessian[c, other, :] = hessian[other, c, :] = partial
        return hessian

    def _weighted(self, x, inputs, weights):
        return reduce(add, [residual * weights[e, :] for e, residual in enumerate(self._residuals(x, inputs))])

    def _inputs(self, fields, scalars):
        """Fields and scalars, one array (n,) each, as the function gets them."""
        shape = (fields.shape[1],)
        spread = [namespace(fields).broadcast_to(scalar, shape) for scalar in scalars]
        # what was in place in a plain call would be a copy under autograd; read-only, it is an error in both
        return [*_read_only(fields), *spread]

    def _residuals(self, x, inputs):
        """The function's answer as a list of E arrays (n,), boxes of autograd where `inputs` are."""
        points = _read_only(x[:, 0] if self._n_inputs == 1 and x.ndim == 2 else x)
        answer = self._arguments.call(points, inputs)
        if isinstance(answer, tuple | list):
            residuals = list(answer)
        else:
            residuals = [answer[:, e] for e in range(answer.shape[1])] if getattr(answer, "ndim", 0) == 2 else [answer]
        n = inputs[0].shape[0]
        if not residuals or any(getattr(residual, "shape", None) != (n,) for residual in residuals):
            raise ValueError(self._shape_trouble(answer, n))
        return residuals

    def _shape_trouble(self, answer, n):
        if isinstance(answer, tuple | list):
            got = f"a {type(answer).__name__} of {', '.join(map(_shape_words, answer)) or 'nothing'}"
        else:
            got = _shape_words(answer)
        return (
            f"The residual function {self.name} must return an array of shape ({n},), one residual a point, or for several "
            f"equations a tuple of such arrays or an array of shape ({n}, n_equations), and returned {got}."
        )

    def _require_numpy(self, array):
        if not is_numpy_array(array):
            raise TypeError(
                f"The residual function {self.name} is a Python callable, which autograd differentiates on NumPy arrays only, "
                f"and the fields are {type(array).__module__}.{type(array).__name__}. Write the equation with "
                "newtonreg.physics.D where it is linear, or pass NumPy data."
            )

    # -- what is asked of the function before work

    def check(self, x, fields, scalars):
        """The number E of equations; an error where the function cannot be worked with.

        Parameters
        ----------
        x : array (n, d) or (n,)
        fields : array (C, n)
            As they are where the work begins: residuals and first derivatives must be finite there.
        scalars : array (S,)

        Raises
        ------
        TypeError
            On arrays of another library than NumPy, and where autograd cannot differentiate the function.
        ValueError
            Where what it returns has the wrong shape or is complex, NaN or infinite, depends on none of its fields, or at one
            point depends on the fields at another.
        """
        self._require_numpy(fields)
        self._check_arguments(x, fields, scalars)
        residuals = self._residuals(x, self._inputs(fields, scalars))
        for e, residual in enumerate(residuals):
            if residual.dtype.kind not in "fiub":
                raise ValueError(f"{self._equation(e, len(residuals))} must be real, and is {residual.dtype}.")
        values = self.values(x, fields, scalars)
        self._check_finite("", values, x)
        self._check_batches(x, fields, scalars, values)
        jacobian = self._differentiated(x, fields, scalars, values)
        for c, label in enumerate(self._labels):
            self._check_finite(f" has a derivative by {label} that", jacobian[:, c, :], x)
        self._check_pointwise(x, fields, scalars, values)
        return values.shape[0]

    def _check_arguments(self, x, fields, scalars):
        n = x.shape[0]
        shapes = {"fields": (fields, (len(self.channels), n)), "scalars": (scalars, (self._n_scalars,))}
        for name, (array, shape) in shapes.items():
            if tuple(array.shape) != shape:
                raise ValueError(f"{name} has shape {tuple(array.shape)} and must have {shape}.")
        d = self._n_inputs
        if not (tuple(x.shape) == (n, d) or (d == 1 and x.ndim == 1)):
            raise ValueError(f"x has shape {tuple(x.shape)} and must have ({n}, {d}).")

    def _check_finite(self, what, array, x):
        xp = namespace(array)
        for e in range(array.shape[0]):
            bad = ~xp.isfinite(array[e, :])
            if xp.any(bad):
                first = int(xp.argmax(bad))
                raise ValueError(
                    f"{self._equation(e, array.shape[0])}{what} is {float(array[e, first])} at {int(xp.sum(bad))} of "
                    f"{array.shape[1]} points, the first of them x = {x[first].tolist()}. See to its logarithms, roots, "
                    "powers and divisions where the unknown functions are near zero."
                )

    def _differentiated(self, x, fields, scalars, values):
        """The Jacobian, after a first run of all derivatives."""
        trouble = (
            f"autograd cannot differentiate the residual function {self.name}. Arithmetic and NumPy's ufuncs (np.sin, np.exp) "
            "are understood, but np.where, np.array, np.stack, np.clip and the like must be autograd's (import autograd.numpy as "
            "np), and functions of scipy.special those of autograd.scipy.special; float(), math.*, changes in place and "
            "assignments to entries are not."
        )
        try:
            ends, _ = _traced(lambda boxes: self._residuals(x, boxes), self._inputs(fields, scalars))
            jacobian = self.jacobian(x, fields, scalars)
            self.second(x, fields, scalars, namespace(fields).ones_like(values))
        except _TROUBLES as error:
            raise TypeError(trouble) from error
        for e, (value, node) in enumerate(ends):
            if value.dtype == object:
                raise TypeError(trouble)
            if node is None:
                raise ValueError(
                    f"{self._equation(e, len(ends))} depends on none of {', '.join(self._labels)}, as far as autograd can see. "
                    "An equation must contain the unknown function, and be written so that autograd can follow it."
                )
        return jacobian

    def _check_batches(self, x, fields, scalars, values):
        """Samples come in batches: an array of the length of X from outside the function would not fit."""
        xp, rows = namespace(fields), slice(None, None, 2)
        try:
            part = self.values(x[rows], fields[:, rows], scalars)
            agrees = part.shape == values[:, rows].shape and bool(xp.all(_close(part, values[:, rows], values, 1e-9)))
        except (ValueError, IndexError):
            agrees = False
        if not agrees:
            raise ValueError(
                f"The residual function {self.name} must take any points, one or many, and return the same at each whatever the "
                "others are; given every second one it did not. Compute known functions from x instead of using arrays of the "
                "length of X, and use no sums or means over the points."
            )

    def _check_pointwise(self, x, fields, scalars, values):
        """Change half of the samples, and see that the residuals at the other half stay.

        The halves are those of the bits of the sample's index: any two samples are in different halves of at least one.
        """
        xp, n = namespace(fields), fields.shape[1]
        inputs = xp.stack(self._inputs(fields, scalars))
        scale = xp.max(xp.abs(inputs), axis=1, keepdims=True)
        moved = inputs + 1e-3 * xp.where(scale > 0.0, scale, 1.0)
        for bit in range((n - 1).bit_length()):
            half = xp.arange(n) // 2**bit % 2 == 1
            for changed in (half, ~half):
                with warnings.catch_warnings():
                    # the moved fields may leave the domain of a logarithm or a root
                    warnings.simplefilter("ignore", RuntimeWarning)
                    answers = self._residuals(x, list(xp.where(changed, moved, inputs)))
                same = _close(_stacked(answers, xp), values, values, 1e-12) | changed
                if not xp.all(same):
                    self._raise_coupled(same)

    def _raise_coupled(self, same):
        xp = namespace(same)
        e = int(xp.argmax(~xp.all(same, axis=1)))
        raise ValueError(
            f"{self._equation(e, same.shape[0])} at one point depends on the fields at other points (seen at sample "
            f"{int(xp.argmax(~same[e, :]))}). Residuals must be pointwise: no sums, means, differences or entries of the arrays. "
            "What couples points is a condition: Periodic, MultiPoint, Initial."
        )

    def _equation(self, e, n_equations):
        """Name of an equation, for messages."""
        return f"The residual function {self.name}" if n_equations == 1 else f"Equation {e} of the residual function {self.name}"


def _shape_words(answer):
    return f"an array of shape {tuple(answer.shape)}" if hasattr(answer, "shape") else f"{answer!r:.100}"


def _read_only(array):
    view = array.view()
    view.flags.writeable = False
    return view


def _stacked(rows, xp):
    stacked = xp.empty((len(rows), rows[0].shape[0]))
    for e, row in enumerate(rows):
        stacked[e, :] = row
    return stacked


def _close(values, others, scale, tolerance):
    """Whether entries of (E, m) arrays agree, relative to the largest of each row of `scale` (E, n)."""
    xp = namespace(values)
    return xp.abs(values - others) <= tolerance * xp.max(xp.abs(scale), axis=1, keepdims=True)


# -- reverse mode from several arrays to several: autograd's own `make_vjp` takes one of each, so that the fields would have to be
#    entries of one array, whose derivatives are scattered back one by one, and several equations as many forward passes.


def _traced(function, inputs):
    """[(value, node)] of the list that `function` makes of `inputs`, and the nodes of these; node None for a constant."""
    with trace_stack.new_trace() as trace:
        roots = [VJPNode.new_root() for _ in inputs]
        answers = function([new_box(value, trace, root) for value, root in zip(inputs, roots, strict=True)])
    is_ours = [isbox(answer) and answer._trace == trace for answer in answers]
    ends = [(a._value, a._node) if ours else (a, None) for a, ours in zip(answers, is_ours, strict=True)]
    return ends, roots


def _partials(end, seed, roots):
    """(index, derivative) of those of `roots` on which `end` depends, weighted by `seed` (n,); none for a constant, None."""
    if end is None:
        return []
    gradients, places, found = {end: (seed, False)}, {root: index for index, root in enumerate(roots)}, []
    for node in toposort(end):
        gradient = gradients.pop(node)
        if node in places:
            found.append((places[node], gradient[0]))
        for parent, part in zip(node.parents, node.vjp(gradient[0]), strict=True):
            gradients[parent] = add_outgrads(gradients.get(parent), part)
    return found
