"""Linear differential operators that read like mathematics: ``D("t") - 0.1 * D("x", "x")``."""

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from newtonreg.physics.pointwise import as_number, evaluate_function, format_point, function_name, is_number

__all__ = ["D", "Operator", "evaluate", "output_index", "variable_index"]


class _Term(NamedTuple):
    """number · Π functions(X) · dᵒ/dxᵒ · ∂/∂names of one output; `order` counts derivatives of the only input, unnamed."""

    number: float
    functions: tuple
    order: int
    names: tuple
    output: str | int | None

    @property
    def total_order(self):
        return self.order + len(self.names)


def D(*derivatives):
    """A derivative: the building block of operators.

    Parameters
    ----------
    *derivatives : int, or str each
        An order >= 0 where there is one input only, ``D(2)`` for u''; or the names of the variables, one a derivative:
        ``D("x", "x")`` for ∂²u/∂x², ``D("x", "t")`` for ∂²u/∂x∂t. ``D(0)`` is u itself, with any number of inputs.

    Returns
    -------
    Operator
        Add, subtract, scale and multiply these; multiply by functions of the points from the left.

    Raises
    ------
    ValueError
        Where the arguments are neither an order >= 0 nor names.

    Examples
    --------
    >>> from newtonreg.physics.operators import D
    >>> D("t") - 0.1 * D("x", "x")
    D('t') - 0.1*D('x', 'x')
    >>> (D(1) + 2) ** 2
    D(2) + 4*D(1) + 4*D(0)
    """
    if derivatives and all(isinstance(name, str) and name for name in derivatives):
        return Operator((_Term(1.0, (), 0, derivatives, None),))
    order = derivatives[0] if len(derivatives) == 1 else None
    if not isinstance(order, numbers.Integral) or isinstance(order, bool) or order < 0:
        shown = ", ".join(repr(one) for one in derivatives)
        raise ValueError(
            f"D({shown}) is no derivative; pass one order >= 0, as in D(2), or names of variables, as in D('x', 'x'); D(0) is u "
            "itself."
        )
    return Operator((_Term(1.0, (), int(order), (), None),))


@dataclass(frozen=True, eq=False, repr=False)
class Operator:
    """A linear differential operator, a sum of derivatives with coefficients.

    (L u)(x) = Σ_k c_k(x) ∂^{α_k} u_{m_k}(x), with c_k a number or a function of the points and u_m the m-th output.

    Made by `D` and algebra: ``+``, ``-``, ``*`` and ``/`` by numbers, ``function * L`` for a coefficient function of
    X (n, d) -> (n,), ``L * M`` for L applied to M u (M with constant coefficients) and ``L**n``. A number added means that number
    times ``D(0)``. Operators are values: nothing changes them.

    Parameters
    ----------
    terms : tuple
        The terms of the sum; `D` makes them.
    """

    terms: tuple

    # NumPy's scalars and arrays then leave `number * operator` to this class.
    __array_ufunc__ = None
    __hash__ = None

    @property
    def order(self):
        """The largest total order of a derivative in it."""
        return max((term.total_order for term in self.terms), default=0)

    def of(self, output):
        """This operator applied to an output, by name or index; without it, to the first one.

        Raises
        ------
        ValueError
            Where it says already that it is of another output, or `output` is neither a name nor an index >= 0.
        """
        is_index = isinstance(output, numbers.Integral) and not isinstance(output, bool) and output >= 0
        if not is_index and not (isinstance(output, str) and output):
            raise ValueError(f"({self!r}).of({output!r}): pass the name of an output, or its index >= 0.")
        if any(term.output not in (None, output) for term in self.terms):
            raise ValueError(f"({self!r}).of({output!r}): it says already of which output it is; apply `of` to its parts.")
        output = int(output) if is_index else output
        return Operator(tuple(term._replace(output=output) for term in self.terms))

    def __eq__(self, other):
        if not isinstance(other, Operator):
            return NotImplemented
        pairs = [[mine for mine in self.terms if _is_like(mine, term) and mine.number == term.number] for term in other.terms]
        return len(self.terms) == len(other.terms) and all(pairs)

    def __add__(self, other):
        return _merged(self.terms + _as_operator(self, other, "+").terms)

    __radd__ = __add__

    def __sub__(self, other):
        return self + -_as_operator(self, other, "-")

    def __rsub__(self, other):
        return -self + other

    def __pos__(self):
        return self

    def __neg__(self):
        return _scaled(self, -1.0)

    def __mul__(self, other):
        if isinstance(other, Operator):
            return _composed(self, other)
        if callable(other):
            raise ValueError(
                f"({self!r}) * {function_name(other)}: a coefficient function stands on the left, {function_name(other)} * D(...)"
                "; for the derivative of a product write the product rule out."
            )
        return _scaled(self, _factor(self, other))

    def __rmul__(self, other):
        if callable(other):
            return Operator(tuple(term._replace(functions=(other, *term.functions)) for term in self.terms))
        return _scaled(self, _factor(self, other))

    def __truediv__(self, other):
        if not is_number(other):
            raise TypeError(f"({self!r}) / {_shown(other)}: divide by a number; for a function of the points multiply by 1 / it.")
        divisor = as_number(other, f"divisor of {self!r}: it")
        if divisor == 0.0:
            raise ZeroDivisionError(f"({self!r}) / 0.")
        return Operator(tuple(term._replace(number=term.number / divisor) for term in self.terms))

    def __pow__(self, exponent):
        if not isinstance(exponent, numbers.Integral) or isinstance(exponent, bool) or exponent < 0:
            raise ValueError(f"({self!r}) ** {exponent!r}: the exponent must be an integer >= 0.")
        power = D(0)
        for _ in range(exponent):
            power = power * self
        return power

    def __repr__(self):
        if not self.terms:
            return "0*D(0)"
        first, *others = self.terms
        text = ("-" if first.number < 0 else "") + _term_text(first)
        return text + "".join((" - " if term.number < 0 else " + ") + _term_text(term) for term in others)

    def resolve(self, variables, outputs):
        """The operator in terms of indices.

        Parameters
        ----------
        variables : sequence of str, length d
            Names of the inputs.
        outputs : sequence of str
            Names of the unknown functions.

        Returns
        -------
        dict
            {(multi-index, index of the output): coefficient}: a multi-index holds d orders, one a variable; a coefficient is a
            float or a callable of the points (n, d) -> (n,).

        Raises
        ------
        ValueError
            On an unknown variable or output, on ``D(2)`` with several variables, and where all terms cancel.
        """
        parts = {}
        for term in self.terms:
            key = (_multi_index(term, tuple(variables)), _output_of(term, tuple(outputs)))
            parts.setdefault(key, []).append(_Part(term.number, term.functions))
        resolved = {key: _coefficient(tuple(of_key)) for key, of_key in parts.items()}
        resolved = {key: coefficient for key, coefficient in resolved.items() if callable(coefficient) or coefficient != 0.0}
        if not resolved:
            raise ValueError(f"operator={self!r} is zero: its terms cancel, or all of its coefficients are 0.")
        return resolved


def evaluate(resolved, X):
    """Coefficients of a resolved operator at points.

    Parameters
    ----------
    resolved : dict
        From `Operator.resolve`.
    X : array (n, d)

    Returns
    -------
    list of (multi_index, output_index, coefficient)
        With coefficients (n,).

    Raises
    ------
    ValueError
        Naming the coefficient function, where it returns another shape than (n,), no real numbers, NaN or infinity.
    """
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}; pass points (n, d).")
    return [(*key, _coefficient_values(coefficient, X)) for key, coefficient in resolved.items()]


def variable_index(name, variables):
    """The index of a variable; ValueError with the names that exist."""
    if name not in variables:
        parts = ", ".join(repr(letter) for letter in name)
        hint = f"; for a derivative of higher order write D({parts})" if len(name) > 1 and set(name) <= set(variables) else ""
        raise ValueError(f"{name!r} is no variable; there {_listing('variable', variables)}{hint}.")
    return variables.index(name)


def output_index(output, outputs):
    """The index of an output given by name, by index, or None for the first; ValueError with the names that exist."""
    if output is None:
        return 0
    if isinstance(output, str) and output in outputs:
        return outputs.index(output)
    if isinstance(output, numbers.Integral) and not isinstance(output, bool) and 0 <= output < len(outputs):
        return int(output)
    raise ValueError(f"{output!r} is no output; there {_listing('output', outputs)}.")


class _Part(NamedTuple):
    """number · Π functions(X), a part of a coefficient."""

    number: float
    functions: tuple

    def __call__(self, points):
        product = np.full(points.shape[0], self.number)
        for function in self.functions:
            product = product * _finite(evaluate_function(function, points, "coefficient of the operator"), function, points)
        return product


class _Coefficient(NamedTuple):
    """c(X) = Σ parts: what stands before one derivative."""

    parts: tuple

    def __call__(self, points):
        return sum(part(points) for part in self.parts)


def _coefficient(parts):
    """A float where no function is in it."""
    return _Coefficient(parts) if any(part.functions for part in parts) else math.fsum(part.number for part in parts)


def _coefficient_values(coefficient: Callable | float, points):
    if not callable(coefficient):
        return np.full(points.shape[0], float(coefficient))
    return _finite(evaluate_function(coefficient, points, "coefficient of the operator"), coefficient, points)


def _finite(values, function, points):
    if not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values)))
        raise ValueError(
            f"coefficient of the operator: {function_name(function)}(X) is {values[first]} at the point "
            f"{format_point(points[first])}; it must be finite at all points."
        )
    return values


def _multi_index(term, variables):
    if term.order and len(variables) > 1:
        names = ", ".join([repr(variables[0])] * term.order)
        raise ValueError(
            f"D({term.order}) is for one input, and there {_listing('variable', variables)}; name them, for instance D({names})."
        )
    orders = [0] * len(variables)
    orders[0] += term.order
    for name in term.names:
        try:
            orders[variable_index(name, variables)] += 1
        except ValueError as error:
            raise ValueError(f"{_derivative_text(term)}: {error}") from None
    return tuple(orders)


def _output_of(term, outputs):
    try:
        return output_index(term.output, outputs)
    except ValueError as error:
        raise ValueError(f"{_derivative_text(term)}: {error}") from None


def _listing(kind, names):
    if len(names) == 1:
        return f"is one {kind}, {names[0]!r}"
    return f"are the {kind}s {', '.join(repr(name) for name in names[:-1])} and {names[-1]!r}"


def _has_output(operator):
    return any(term.output is not None for term in operator.terms)


def _has_functions(operator):
    return any(term.functions for term in operator.terms)


def _is_like(one, other):
    """Whether two terms differ by a number at most."""
    is_same = one.order == other.order and sorted(one.names) == sorted(other.names) and one.output == other.output
    functions = zip(one.functions, other.functions, strict=False)
    return is_same and len(one.functions) == len(other.functions) and all(f is g or (f == g) is True for f, g in functions)


def _merged(terms):
    """The sum of terms, like ones in one; those that cancel are left out."""
    merged = []
    for term in terms:
        place = next((i for i, other in enumerate(merged) if _is_like(term, other)), None)
        if place is None:
            merged.append(term)
        else:
            merged[place] = merged[place]._replace(number=merged[place].number + term.number)
    return Operator(tuple(term for term in merged if term.number != 0.0))


def _scaled(operator, number):
    return _merged(term._replace(number=number * term.number) for term in operator.terms)


def _composed(left, right):
    """L(M u), term by term; no derivative of a coefficient function is known, so M must have constant ones."""
    if _has_output(left):
        raise ValueError(
            f"({left!r}) * ({right!r}): the left factor is applied to the right one, so only the right one says of which output "
            "it is. A product of unknown functions is nonlinear: pass a residual function as the operator."
        )
    if left.order and _has_functions(right):
        raise ValueError(
            f"({left!r}) * ({right!r}): the right factor has coefficient functions, whose derivatives are not known; write the "
            "product rule out by hand, for instance D('x') * (c * D('x')) as c * D('x', 'x') + c_x * D('x')."
        )
    return _merged(_product(one, other) for one in left.terms for other in right.terms)


def _product(one, other):
    return _Term(
        one.number * other.number,
        one.functions + other.functions,
        one.order + other.order,
        one.names + other.names,
        other.output,
    )


def _as_operator(operator, other, sign):
    if isinstance(other, Operator):
        return other
    if is_number(other):
        return _scaled(D(0), as_number(other, f"number in {operator!r} {sign} number: it"))
    if callable(other):
        name = function_name(other)
        raise TypeError(f"({operator!r}) {sign} {name}: a function of the points is no operator; write {name} * D(0).")
    raise TypeError(f"({operator!r}) {sign} {_shown(other)}: add operators and numbers.")


def _factor(operator, other):
    if not is_number(other):
        raise TypeError(
            f"{_shown(other)} times ({operator!r}): multiply by a real number, by an operator, or from the left by a function of "
            "the points X (n, d) -> (n,)."
        )
    return as_number(other, f"factor of {operator!r}: it")


def _shown(value):
    return " ".join(f"{value!r:.100}".split())


def _term_text(term):
    """A term without its sign."""
    number = abs(term.number)
    numbers_text = [] if number == 1.0 else [repr(number).removesuffix(".0")]
    return "*".join([*numbers_text, *(function_name(function) for function in term.functions), _derivative_text(term)])


def _derivative_text(term):
    names = [f"D({', '.join(repr(name) for name in term.names)})"] if term.names else []
    orders = [f"D({term.order})"] if term.order or not names else []
    text = "*".join(orders + names)
    if term.output is None:
        return text
    return f"{f'({text})' if len(orders + names) > 1 else text}.of({term.output!r})"
