"""Conditions on a solution: boundary values, derivatives there, initial values, periodicity, measured data.

They are values, like the other components: constructors store their arguments, `resolve` checks them.
"""

import numbers
from collections.abc import Mapping

import numpy as np

from newtonreg.physics.observations import Data, MultiPoint
from newtonreg.physics.operators import D
from newtonreg.physics.pointwise import as_number, is_number
from newtonreg.physics.requirements import Requirement, conflicting
from newtonreg.physics.resolvable import Resolvable, check_operator
from newtonreg.physics.where import axis_index, resolve_values, resolve_where, sweep

__all__ = [
    "Condition",
    "Data",
    "Dirichlet",
    "Initial",
    "MultiPoint",
    "Neumann",
    "Periodic",
    "Requirement",
    "Robin",
    "conflicting",
]


class Condition(Resolvable):
    """Any linear condition at points, (L u)(x) = value.

    Parameters
    ----------
    where : number, array (n, d) or (n,) where d = 1, dict, or "boundary"
        The points. A dict fixes variables, ``{"x": 0.0}``, and sweeps the others over the domain; "boundary" means all of its
        faces.
    operator : Operator
        L, for instance ``D("x") + 2 * D("t")``; of another output than the first with ``.of("v")``.
    value : number, array (n,), or callable of the points (n, d) -> (n,), default=0.0
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss, where `how` is "soft".
    how : {"soft", "exact"}, default="soft"
        A term of the loss, or a linear constraint that is met to rounding.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each swept variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    def __init__(self, where, operator, value=0.0, *, weight="auto", how="soft", name=None, n_points=None):
        self.where = where
        self.operator = operator
        self.value = value
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def _requirements(self, frame):
        check_operator(self.operator, self._described)
        return self._at(self.operator, f"Condition {self.operator!r}", frame)


class Dirichlet(Resolvable):
    """u = value at points.

    Parameters
    ----------
    where : number, array (n, d) or (n,) where d = 1, dict, or "boundary"
        The points. A dict fixes variables, ``{"x": 0.0}``, and sweeps the others over the domain; "boundary" means all of its
        faces.
    value : number, array (n,), or callable of the points (n, d) -> (n,), default=0.0
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss, where `how` is "soft".
    how : {"soft", "hard", "exact"}, default="soft"
        A term of the loss; by construction of the output, on faces of the domain; or a linear constraint.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each swept variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    _can_be_hard = True

    def __init__(self, where, value=0.0, *, output=0, weight="auto", how="soft", name=None, n_points=None):
        self.where = where
        self.value = value
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def _requirements(self, frame):
        title = f"Dirichlet{self._output_text(frame)}"
        requirements = self._at(D(0).of(self.output), title, frame)
        if self.how == "hard" and len(frame.variables) > 1 and not requirements[0].faces:
            raise ValueError(
                f"{self._described}: how='hard' in several variables is for faces, such as where={{{frame.variables[0]!r}: "
                f"{frame.domain[0][0]:g}}}, or 'boundary'; pass 'soft' or 'exact' for single points."
            )
        return requirements


class Neumann(Resolvable):
    """∂u/∂x = value at points, x the variable `axis`.

    In the direction in which the coordinate increases, at both ends: at the lower one the outward derivative is the negative.

    Parameters
    ----------
    where : number, array (n, d) or (n,) where d = 1, dict, or "boundary"
        The points. A dict fixes variables, ``{"x": 0.0}``, and sweeps the others over the domain; "boundary" means all of its
        faces.
    value : number, array (n,), or callable of the points (n, d) -> (n,), default=0.0
    axis : str or int, optional
        The variable; by default the one that an edge fixes, or the only one.
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss, where `how` is "soft".
    how : {"soft", "hard", "exact"}, default="soft"
        A term of the loss; by construction of the output, at an end of an interval where u is given in this way too; or a
        linear constraint.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each swept variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    _can_be_hard = True

    def __init__(self, where, value=0.0, *, axis=None, output=0, weight="auto", how="soft", name=None, n_points=None):
        self.where = where
        self.value = value
        self.axis = axis
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def _requirements(self, frame):
        title = f"Neumann{self._output_text(frame)}"
        slope = D(frame.variables[self._axis(frame)]).of(self.output)
        requirements = self._at(slope, title, frame)
        if self.how == "hard" and not _are_ends(requirements[0].points[0], frame):
            raise ValueError(f"{self._described}: how='hard' is for the ends of an interval here; pass 'soft' or 'exact'.")
        return requirements


class Robin(Resolvable):
    """a u + b ∂u/∂x = value at points, x the variable `axis`, in the direction in which the coordinate increases.

    Parameters
    ----------
    where : number, array (n, d) or (n,) where d = 1, dict, or "boundary"
        The points. A dict fixes variables, ``{"x": 0.0}``, and sweeps the others over the domain; "boundary" means all of its
        faces.
    a, b : number, or callable of the points (n, d) -> (n,)
    value : number, array (n,), or callable of the points (n, d) -> (n,), default=0.0
    axis : str or int, optional
        The variable; by default the one that an edge fixes, or the only one.
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss, where `how` is "soft".
    how : {"soft", "exact"}, default="soft"
        A term of the loss, or a linear constraint that is met to rounding.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each swept variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    def __init__(self, where, a, b, value=0.0, *, axis=None, output=0, weight="auto", how="soft", name=None, n_points=None):
        self.where = where
        self.a = a
        self.b = b
        self.value = value
        self.axis = axis
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def _requirements(self, frame):
        title = f"Robin{self._output_text(frame)}"
        a, b = self._factor("a"), self._factor("b")
        operator = (a * D(0) + b * D(frame.variables[self._axis(frame)])).of(self.output)
        if not operator.terms:
            raise ValueError(f"{self._described}: a and b are both 0, which requires nothing of u.")
        return self._at(operator, title, frame)

    def _factor(self, argument):
        factor = getattr(self, argument)
        return factor if callable(factor) else as_number(factor, f"{self._described}: {argument}")


class Initial(Resolvable):
    """u = u₀, ∂u/∂t = u₁, ... at one instant: one requirement an order.

    Parameters
    ----------
    where : number (d = 1), or dict of one variable
        The instant, ``0.0`` or ``{"t": 0.0}``; the other variables are swept over the domain.
    values : number, callable of the points (n, d) -> (n,), or list
        u₀, or a list of u₀, u₁, ..., each a number, an array (n,) or a callable.
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of the residuals of each order in the loss, where `how` is "soft".
    how : {"soft", "hard", "exact"}, default="soft"
        Terms of the loss; by construction of the output, at an end of the domain; or linear constraints.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each swept variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    _can_be_hard = True

    def __init__(self, where, values, *, output=0, weight="auto", how="soft", name=None, n_points=None):
        self.where = where
        self.values = values
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def _requirements(self, frame):
        if not is_number(self.where) and not (isinstance(self.where, Mapping) and len(self.where) == 1):
            example = f"{{{frame.variables[-1]!r}: 0.0}}"
            raise ValueError(
                f"{self._described}: where={self.where!r} is no instant; pass a number (one variable) or a dict of one variable, "
                f"{example}."
            )
        place = resolve_where(self.where, frame, self.n_points, self._described)
        output_text = self._output_text(frame)
        return [self._of_order(order, value, place, output_text, frame) for order, value in enumerate(self._listed(frame))]

    def _of_order(self, order, value, place, output_text, frame):
        values = resolve_values(value, place.points, frame, self._described, f"values[{order}]")
        ((axis, _),) = place.faces
        operator = (D(frame.variables[axis]) ** order).of(self.output)
        title = f"{self.name or f'Initial{output_text} at {place.label}'}, order {order}"
        return self._requirement(title, [place.points], [operator], values, frame, faces=place.faces)

    def _listed(self, frame):
        """One entry an order."""
        if is_number(self.values) or callable(self.values):
            return [self.values]
        is_array = isinstance(self.values, np.ndarray)
        if is_array and self.values.ndim == 1 and len(frame.variables) > 1:
            raise ValueError(
                f"{self._described}: values is one array of {len(self.values)} numbers; pass a list of one entry an order, "
                "[u0] or [u0, u1]."
            )
        if not (is_array or isinstance(self.values, (list, tuple))) or not len(self.values):
            raise ValueError(
                f"{self._described}: values={self.values!r} must be a number, a function, or a list of one an order."
            )
        return list(self.values)


class Periodic(Resolvable):
    """∂ᵒu/∂xᵒ is the same at both ends of the domain along x, for each order o: one requirement each.

    Parameters
    ----------
    axis : str or int
        The variable x.
    orders : tuple of int >= 0, default=(0, 1)
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of the residuals of each order in the loss, where `how` is "soft".
    how : {"soft", "exact"}, default="soft"
        Terms of the loss, or linear constraints that are met to rounding.
    name : str, optional
        For messages and plots.
    n_points : int >= 2, optional
        Chebyshev–Lobatto points along each other variable; by default 64 where there is one, 16 for two, 8 for three.
    """

    def __init__(self, axis, orders=(0, 1), *, output=0, weight="auto", how="soft", name=None, n_points=None):
        self.axis = axis
        self.orders = orders
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name
        self.n_points = n_points

    def coordinates(self, variables):
        """None: the ends of the domain are not known here."""
        return [np.empty(0)] * len(tuple(variables))

    def _requirements(self, frame):
        axis = axis_index(self.axis, frame.variables, self._described)
        of_output = self._output_text(frame)
        title = self.name or f"Periodic{of_output} in {frame.variables[axis]}"
        faces = tuple((axis, end) for end in frame.domain[axis])
        points = [sweep({axis: end}, frame, self.n_points, self._described) for _, end in faces]
        slopes = [(order, (D(frame.variables[axis]) ** order).of(self.output)) for order in self._listed()]
        return [
            self._requirement(f"{title}, order {order}", points, [slope, -slope], np.zeros(len(points[0])), frame, faces=faces)
            for order, slope in slopes
        ]

    def _listed(self):
        orders = [self.orders] if isinstance(self.orders, numbers.Integral) else self.orders
        is_list = isinstance(orders, (list, tuple, range, np.ndarray)) and len(orders) == len(set(orders)) > 0
        if not is_list or any(not isinstance(o, numbers.Integral) or isinstance(o, bool) or o < 0 for o in orders):
            raise ValueError(f"{self._described}: orders={self.orders!r} must be different integers >= 0, for instance (0, 1).")
        return [int(order) for order in orders]


def _are_ends(points, frame):
    """Whether all points are ends of the only variable's interval."""
    if len(frame.variables) > 1:
        return False
    low, high = frame.domain[0]
    return bool(np.isclose(points, [[low, high]], rtol=0.0, atol=1e-9 * (high - low)).any(axis=1).all())
