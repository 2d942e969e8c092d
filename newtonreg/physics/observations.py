"""Conditions on a solution at points given one by one: at several of them at once, and measured data."""

import numpy as np

from newtonreg.physics.operators import D, output_index
from newtonreg.physics.pointwise import as_array
from newtonreg.physics.resolvable import Resolvable, check_operator
from newtonreg.physics.where import check_inside, resolve_points, resolve_values

__all__ = ["Data", "MultiPoint"]


class MultiPoint(Resolvable):
    """Σ_l (L_l u)(p_l) = value: one condition on u at several points at once.

    Parameters
    ----------
    points : list of arrays (n, d), or (n,) where d = 1, or numbers
        p_1, p_2, ...; row i of each makes the i-th condition.
    operators : list of Operator
        L_1, L_2, ..., one for each entry of `points`.
    value : number, array (n,), or callable of the first points (n, d) -> (n,), default=0.0
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss, where `how` is "soft".
    how : {"soft", "exact"}, default="soft"
        A term of the loss, or a linear constraint that is met to rounding.
    name : str, optional
        For messages and plots.

    Examples
    --------
    The mean of u at 0 and at 1 is 3:

    >>> from newtonreg.physics.conditions import MultiPoint
    >>> from newtonreg.physics.operators import D, output_index
    >>> MultiPoint([0.0, 1.0], [D(0) / 2, D(0) / 2], 3.0).resolve(("x",), ("u",), [(0.0, 1.0)])[0].name
    'MultiPoint of 2 points'
    """

    def __init__(self, points, operators, value=0.0, *, weight="auto", how="soft", name=None):
        self.points = points
        self.operators = operators
        self.value = value
        self.weight = weight
        self.how = how
        self.name = name

    def coordinates(self, variables):
        """Coordinates that the condition gives: d arrays, one a variable."""
        return list(np.concatenate(self._points(tuple(variables))).T)

    def _requirements(self, frame):
        points = self._points(frame.variables)
        for one in points:
            check_inside(one, frame, self._described)
        values = resolve_values(self.value, points[0], frame, self._described)
        title = self.name or f"MultiPoint of {len(points)} points"
        return [self._requirement(title, points, self.operators, values, frame)]

    def _points(self, variables):
        for argument in ("points", "operators"):
            given = getattr(self, argument)
            is_array = isinstance(given, np.ndarray) and given.ndim > 0
            if not (is_array or isinstance(given, (list, tuple))) or not len(given):
                raise ValueError(f"{self._described}: {argument} must be a list, one entry for each point.")
        if len(self.points) != len(self.operators):
            raise ValueError(
                f"{self._described}: {len(self.points)} points and {len(self.operators)} operators; pass one operator for "
                "each point."
            )
        for operator in self.operators:
            check_operator(operator, self._described)
        points = [resolve_points(p, variables, self._described, f"points[{i}]") for i, p in enumerate(self.points)]
        sizes = [len(one) for one in points]
        if len(set(sizes)) > 1:
            raise ValueError(f"{self._described}: the arrays of points have {sizes} rows; they must have the same number.")
        return points


class Data(Resolvable):
    """Measured values of u, or of L u, at points.

    Parameters
    ----------
    X : array (n, d), or (n,) where d = 1
    y : array (n,)
    operator : Operator, optional
        L, for instance ``D("x")`` where slopes are measured; default ``D(0)``, u itself.
    noise_std : number > 0 or array (n,), optional
        Standard deviation of the noise in y, in the units of y; None where it is unknown.
    output : str or int, default=0
        Which of the unknown functions.
    weight : "auto" or number > 0, default="auto"
        Of the mean square of its residuals in the loss.
    how : {"soft", "exact"}, default="soft"
        A term of the loss, or interpolation.
    name : str, optional
        For messages and plots.
    """

    def __init__(self, X, y, operator=None, *, noise_std=None, output=0, weight="auto", how="soft", name=None):
        self.X = X
        self.y = y
        self.operator = operator
        self.noise_std = noise_std
        self.output = output
        self.weight = weight
        self.how = how
        self.name = name

    def coordinates(self, variables):
        """Coordinates of the points: d arrays, one a variable."""
        return list(resolve_points(self.X, tuple(variables), self._described, "X").T)

    def _requirements(self, frame):
        points = resolve_points(self.X, frame.variables, self._described, "X")
        check_inside(points, frame, self._described)
        operator, text = self._measured_operator(frame)
        values = resolve_values(self._measured_values(), points, frame, self._described, "y")
        title = self.name or f"Data{text} at {len(points)} points"
        fields = {"noise_std": self._noise(len(points)), "is_data": True}
        return [self._requirement(title, [points], [operator], values, frame, **fields)]

    def _measured_operator(self, frame):
        """The operator, and what the title says of it."""
        text = self._output_text(frame)
        if self.operator is None:
            return D(0).of(self.output), text
        check_operator(self.operator, self._described)
        is_first = output_index(self.output, frame.outputs) == 0
        try:
            operator = self.operator if is_first else self.operator.of(self.output)
        except ValueError as error:
            raise ValueError(f"{self._described}: output={self.output!r}: {error}") from None
        return operator, f" of {operator!r}"

    def _measured_values(self):
        if callable(self.y):
            raise ValueError(f"{self._described}: y is a function; pass the measured values, one for each row of X.")
        return np.atleast_1d(as_array(self.y, f"{self._described}: y"))

    def _noise(self, n):
        if self.noise_std is None:
            return None
        noise = as_array(self.noise_std, f"{self._described}: noise_std")
        if noise.shape not in ((), (n,)):
            raise ValueError(
                f"{self._described}: noise_std has shape {noise.shape}, and y has {n} values; pass a number, or one each."
            )
        if not (np.isfinite(noise).all() and (noise > 0.0).all()):
            raise ValueError(f"{self._described}: noise_std={self.noise_std!r} must be finite and > 0.")
        return noise if noise.ndim else float(noise)
