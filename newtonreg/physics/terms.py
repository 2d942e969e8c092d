"""Terms of a physics objective: an equation at points, a condition at points, each a sum of weighted squares."""

from functools import cached_property
from typing import Any, NamedTuple

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, to_device, to_host
from newtonreg.networks.second_order import SecondOrder

__all__ = ["Affine", "Lift", "PointSet", "Pointwise", "Term", "TermPoint", "filled_rows"]


class PointSet(NamedTuple):
    """Where a network is observed, and which of its derivatives.

    `inputs` (d, n) as the network takes them, `channels`, and `lift`: a `Lift` from the network's channels to those of the
    solution, or None where they are the same.
    """

    inputs: Any
    channels: Any
    lift: Any = None

    def part(self, rows):
        """Some of the points, a slice."""
        lift = None if self.lift is None else self.lift.part(rows)
        return PointSet(namespace(self.inputs).asarray(self.inputs[:, rows], copy=True), self.channels, lift)


class Lift(NamedTuple):
    """Channels of the solution (C, n) as affine functions of the network's (K, n), at each point its own.

    u_c = Σ_k matrix_cki g_k + offset_ci: scalings of the inputs, and outputs transformed so that conditions hold.
    `matrix` (C, K, n) or (C, K, 1), `offset` (C, n) or (C, 1).
    """

    matrix: Any
    offset: Any

    def part(self, rows):
        """That at some of the points."""
        matrix = self.matrix if self.matrix.shape[-1] == 1 else self.matrix[..., rows]
        return Lift(matrix, self.offset if self.offset.shape[-1] == 1 else self.offset[:, rows])

    def values(self, fields):
        """u (C, n) of g (K, n)."""
        return self.straight(fields) + self.offset

    def straight(self, fields):
        """The linear part alone."""
        if self.matrix.shape[-1] == 1:
            return linalg.matmul(self.matrix[..., 0], fields)
        return namespace(fields).sum(self.matrix * fields[None, :, :], axis=1)

    def pull(self, jacobian):
        """Derivatives by g (K, n) from those by u (C, n)."""
        xp = namespace(jacobian)
        if self.matrix.shape[-1] == 1:
            return linalg.matmul(xp.matrix_transpose(self.matrix[..., 0]), jacobian)
        return xp.sum(jacobian[:, None, :] * self.matrix, axis=0)


class Affine(NamedTuple):
    """Residuals that are affine in the channels, Σ_c coefficients_eci g_ci − target_ei.

    `coefficients` (E, C, n) or (E, C, 1).
    """

    coefficients: Any
    is_affine = True

    def part(self, rows):
        """At some of the points."""
        return self if self.coefficients.shape[-1] == 1 else Affine(self.coefficients[..., rows])

    def values(self, fields, scalars):
        """(E, n)."""
        return namespace(fields).sum(self.coefficients * fields[None, :, :], axis=1)

    def linearized(self, fields, scalars):
        """Values (E, n) and derivatives by the channels (E, C, n)."""
        xp, (e, c, _) = namespace(fields), self.coefficients.shape
        return self.values(fields, scalars), xp.broadcast_to(self.coefficients, (e, c, fields.shape[1]))

    def second(self, fields, scalars, weights):
        """None: nothing bends."""
        return None


class Pointwise(NamedTuple):
    """Residuals of an `Equation` at points `x`.

    Autograd works on the host: channels of arrays elsewhere go there and derivatives come back, C n and E (C + S) n doubles.
    """

    equation: Any
    x: Any
    is_affine = False

    def part(self, rows):
        """At some of the points."""
        return Pointwise(self.equation, self.x[rows if isinstance(rows, slice) else to_host(rows)])

    def values(self, fields, scalars):
        """(E, n)."""
        return to_device(self.equation.values(self.x, to_host(fields), to_host(scalars)), fields)

    def linearized(self, fields, scalars):
        """Values (E, n) and derivatives by channels and scalars (E, C + S, n)."""
        values, jacobian = self.equation.linearized(self.x, to_host(fields), to_host(scalars))
        return to_device(values, fields), to_device(jacobian, fields)

    def second(self, fields, scalars, weights):
        """Σ_e weights_e ∂²r_e, (C + S, C + S, n)."""
        return to_device(self.equation.second(self.x, to_host(fields), to_host(scalars), to_host(weights)), fields)


class Term(NamedTuple):
    """½ Σ_i s_i Σ_e r_ei², r = function(channels at the sets) − targets.

    `name` for messages; `sets` of points, n each: the i-th of every set belongs to residual i; `function`, `Affine` or
    `Pointwise`; `targets` (E, n); `weights` s (n,).
    """

    name: str
    sets: list
    function: Any
    targets: Any
    weights: Any

    @property
    def n_residuals(self):
        """E n."""
        return self.targets.shape[0] * self.targets.shape[1]

    def part(self, rows):
        """Some of the samples, a slice."""
        sets = [one.part(rows) for one in self.sets]
        return Term(self.name, sets, self.function.part(rows), self.targets[:, rows], self.weights[rows])

    def mapped(self, move):
        """The term with its arrays moved, for instance to another device."""
        sets = [one._replace(inputs=move(one.inputs), lift=_mapped(one.lift, move)) for one in self.sets]
        function = _mapped(self.function, move) if self.function.is_affine else self.function
        return Term(self.name, sets, function, move(self.targets), move(self.weights))

    def at(self, network, params):
        """The term at `params` (p,), those of the `network` followed by scalars; a `TermPoint`."""
        return TermPoint(self, network, params)


def _mapped(arrays, move):
    return None if arrays is None else type(arrays)(*map(move, arrays))


def filled_rows(points, n_rows, method, like):
    """Rows (n_rows, N) of all `TermPoint`s, one after the other, as their `method` "fill_rows" or "fill_outer" writes them."""
    sizes, xp = [point.n_residuals for point in points], namespace(like)
    rows, start = xp.empty((n_rows, sum(sizes)), dtype=xp.float64, device=device_of(like)), 0
    for point, size in zip(points, sizes, strict=True):
        getattr(point, method)(rows[:, start : start + size])
        start += size
    return rows


class TermPoint:
    """A term at one parameter vector, each derivative computed on first use. Residuals carry the root of their weight."""

    def __init__(self, term, network, params, linearized=None, n_more=2):
        self._xp = namespace(params)
        if linearized is not None:
            self.__dict__["_linearized"] = linearized
        self._term = term
        self._network = network
        self._root = self._xp.sqrt(term.weights)
        self._scalars = params[network.n_params :]
        own = params[: network.n_params]
        self._points = [one.channels.at(network, one.inputs, own, n_more) for one in term.sets]

    @property
    def n_residuals(self):
        """E n."""
        return self._term.n_residuals

    def _joined(self, parts):
        return parts[0] if len(parts) == 1 else self._xp.concat(parts, axis=0)

    def _lifted(self, arrays, method):
        lifts = [one.lift for one in self._term.sets]
        pairs = zip(arrays, lifts, strict=True)
        return self._joined([array if lift is None else getattr(lift, method)(array) for array, lift in pairs])

    def with_units(self, network, params):
        """The same residuals and linearization, derivatives by the coefficients of other units."""
        return TermPoint(self._term, network, params, self._linearized, n_more=0)

    @cached_property
    def fields(self):
        """Channels of the solution, (C, n)."""
        return self._lifted([point.values for point in self._points], "values")

    @cached_property
    def _linearized(self):
        return self._term.function.linearized(self.fields, self._scalars)

    @cached_property
    def residuals(self):
        """√s r, shape (E, n)."""
        known = self.__dict__.get("_linearized")
        values = known[0] if known else self._term.function.values(self.fields, self._scalars)
        return (values - self._term.targets) * self._root

    def _coefficients(self, jacobian):
        """Derivatives (C, n) of one residual by the channels of the solution, as those by the network's, one a set."""
        start, parts = 0, []
        for one, point in zip(self._term.sets, self._points, strict=True):
            n_own = point.values.shape[0] if one.lift is None else one.lift.matrix.shape[0]
            part = jacobian[start : start + n_own, :]
            parts.append(part if one.lift is None else one.lift.pull(part))
            start += n_own
        return parts, jacobian[start:, :]

    def fill_rows(self, out):
        """Write √s ∂r/∂w into `out` (p, E n), the samples of one residual after those of another."""
        size = self._network.n_params
        for place, parts, scalars in self._linear_parts(out):
            self._fill(place[:size, :], parts, "fill_rows")
            if place.shape[0] > size:
                place[size:, :] = scalars if scalars.shape[0] else 0.0

    def fill_outer(self, out):
        """Write √s ∂r/∂c, by coefficients and intercepts, into `out` (m (k + 1), E n)."""
        for place, parts, _ in self._linear_parts(out):
            self._fill(place, parts, "fill_outer")

    def _linear_parts(self, out):
        """Places in `out` of each residual, and the channels it is made of."""
        _, jacobian = self._linearized
        n = self._root.shape[0]
        for e in range(jacobian.shape[0]):
            yield out[:, e * n : (e + 1) * n], *self._coefficients(jacobian[e, :, :] * self._root)

    def _fill(self, out, parts, method):
        getattr(self._points[0], method)(out, parts[0])
        for point, part in zip(self._points[1:], parts[1:], strict=True):
            more = self._xp.empty_like(out)
            getattr(point, method)(more, part)
            out += more

    def channel_rows(self):
        """∂u_c/∂w of every channel and scalar, (C + S, p, n): what the curvature of a nonlinear equation couples."""
        xp, n, size = self._xp, self._root.shape[0], self._network.n_params
        n_scalars, n_fields = self._scalars.shape[0], self.fields.shape[0]
        rows = xp.zeros((n_fields + n_scalars, size + n_scalars, n), dtype=xp.float64, device=self._root.device)
        for c in range(n_fields):
            unit = xp.zeros((n_fields, n), dtype=xp.float64, device=self._root.device)
            unit[c, :] = 1.0
            self._fill(rows[c, :size, :], self._coefficients(unit)[0], "fill_rows")
        for s in range(n_scalars):
            rows[n_fields + s, size + s, :] = 1.0
        return rows

    def bend(self, v):
        """√s ∂²r[v, v], shape (E n,), for a direction `v` (p,)."""
        xp, own = self._xp, v[: self._network.n_params]
        _, jacobian = self._linearized
        twice = self._lifted([point.second_pushforward(own) for point in self._points], "straight")
        n_fields = twice.shape[0]
        bend = xp.sum(jacobian[:, :n_fields, :] * twice[None, :, :], axis=1)
        if not self._term.function.is_affine:
            once = self._once(v)
            bend = xp.stack([bend[e, :] + self._quadratic(once, e) for e in range(bend.shape[0])])
        return xp.reshape(bend * self._root, (-1,))

    def _once(self, v):
        """d/dt of channels and scalars along `v`, (C + S, n)."""
        xp, size = self._xp, self._network.n_params
        fields = self._lifted([point.pushforward(v[:size]) for point in self._points], "straight")
        scalars = xp.broadcast_to(v[size:][:, None], (v.shape[0] - size, fields.shape[1]))
        return xp.concat([fields, scalars], axis=0)

    def _quadratic(self, once, e):
        """∂²r_e[once, once], shape (n,)."""
        xp = self._xp
        weights = xp.zeros_like(self._term.targets)
        weights[e, :] = 1.0
        second = self._term.function.second(self.fields, self._scalars, weights)
        return xp.sum(xp.sum(second * once[None, :, :], axis=1) * once, axis=0)

    def add_second_order(self, matrix):
        """Add Σ_ie s r ∂²r/∂w∂w to `matrix` (p, p), in place."""
        xp = self._xp
        values, jacobian = self._linearized
        weights = (values - self._term.targets) * self._root**2
        weighted = xp.sum(jacobian * weights[:, None, :], axis=0)
        parts, _ = self._coefficients(weighted)
        bent = SecondOrder(self._network)
        for point, part in zip(self._points, parts, strict=True):
            bent.add_sums(*point.curvature(part))
        matrix = bent.add_to(matrix)
        second = self._term.function.second(self.fields, self._scalars, weights)
        if second is not None:
            self._add_coupled(matrix, second)
        return matrix

    def _add_coupled(self, matrix, second):
        """Σ_i Σ_cc' W_cc'i ∂u_c/∂w ∂u_c'/∂wᵀ for `second` W (C + S, C + S, n)."""
        xp, rows = self._xp, self.channel_rows()
        for c in range(second.shape[0]):
            if not bool(xp.any(second[c, :, :] != 0.0)):
                continue
            mixed = xp.sum(rows * second[c, :, None, :], axis=0)
            matrix += linalg.matmul(rows[c, :, :], xp.matrix_transpose(mixed))
