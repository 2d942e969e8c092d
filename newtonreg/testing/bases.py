"""The contract of a basis."""

from typing import Any, NamedTuple

import numpy as np

from newtonreg.backend.arrays import namespace
from newtonreg.testing.claims import check_value_object, host, require, require_close, require_slopes
from newtonreg.testing.derivatives import taylor_slopes

__all__ = ["check_basis"]


class _Case(NamedTuple):
    """A basis at inputs (d, n) and units (q, k), with a cotangent u (k, n) and a tangent v (q, k)."""

    basis: Any
    inputs: Any
    units: Any
    u: Any
    v: Any

    def point(self, step=0.0):
        """The basis, moved by `step` times v."""
        return self.basis.at(self.inputs, self.units + step * self.v)

    def moved(self, axis, step):
        """The basis, with input `axis` moved by `step`."""
        one = namespace(self.inputs).asarray(np.eye(self.inputs.shape[0])[:, axis : axis + 1])
        return self.basis.at(self.inputs + step * one, self.units)

    @property
    def largest(self):
        """Largest step of a Taylor test: small enough to pass no kink where there are kinks."""
        return 2.0**-4 if getattr(self.basis, "is_smooth", True) else 2.0**-14


_MEMBERS = {
    "values": lambda point, u, v: point.values,
    "jacobian()": lambda point, u, v: point.jacobian(),
    "pullback(u)": lambda point, u, v: point.pullback(u),
    "pushforward(v)": lambda point, u, v: point.pushforward(v),
    "second_pushforward(v)": lambda point, u, v: point.second_pushforward(v),
    "curvature(u)": lambda point, u, v: point.curvature(u),
    "input_derivative(0)": lambda point, u, v: point.input_derivative(0),
    "input_derivative(0, 0)": lambda point, u, v: point.input_derivative(0, 0),
}


def check_basis(basis, n_features=3, xp=np):
    """Check that a basis keeps the promises of `protocols.Basis` and `protocols.BasisPoint`.

    Every member of a point agrees with the others and with Taylor slopes, in the parameters and in the inputs; units may have
    leading axes; `init_units` depends neither on the order of the rows nor on whether a row of weight two is one row or two;
    the component is a value object. A basis whose `is_smooth` is False is checked away from its kinks.

    Parameters
    ----------
    basis : Basis
    n_features : int, default=3
        d.
    xp : module, default=numpy
        Array API namespace.

    Raises
    ------
    AssertionError

    Examples
    --------
    >>> from newtonreg.bases import Ridge, Tanh
    >>> from newtonreg.testing import check_basis
    >>> check_basis(Tanh())
    >>> class Cube(Ridge):
    ...     name = "cube"
    ...     def function(self, z):
    ...         return z**3
    ...     def derivative(self, z, value):
    ...         return 3 * z**2
    ...     def second_derivative(self, z, value, slope):
    ...         return 3 * z
    >>> check_basis(Cube())
    Traceback (most recent call last):
    AssertionError: Cube() violates: jacobian() and curvature(u) are the derivatives of `values` in the units; the Taylor ...
    """
    before = dict(vars(basis))
    rng, n_units, n_samples = np.random.default_rng(0), 4, 9
    seen, fresh = (xp.asarray(rng.standard_normal((n_features, n_samples))) for _ in range(2))
    units = _check_init_units(basis, seen, n_units)
    u, v = (xp.asarray(rng.standard_normal(shape)) for shape in ((n_units, n_samples), units.shape))
    # Not where units were drawn from: a basis with kinks may have them exactly there.
    case = _Case(basis, fresh, units, u, v)
    _check_types(case)
    _check_products(case)
    _check_curvature(case)
    _check_input_derivatives(case)
    _check_stacked_units(case)
    require(vars(basis) == before, basis, "no method changes the component")
    check_value_object(basis)


def _check_init_units(basis, inputs, n_units):
    xp, columns = namespace(inputs), np.array(host(inputs))
    shape = (basis.n_params(inputs.shape[0]), n_units)

    def draw(rows, weights):
        rng = np.random.default_rng(1)
        return host(basis.init_units(xp.asarray(columns[:, rows]), n_units, rng, xp.asarray(weights.astype(float))))

    rows = np.arange(columns.shape[1])
    counts = rows % 4
    units = draw(rows, counts)
    require(units.shape == shape, basis, f"init_units has the shape (n_params, n_units) = {shape}, not {units.shape}")
    require(np.all(np.isfinite(units)), basis, "init_units is finite")
    require_close(draw(rows[::-1], counts[::-1]), units, basis, "init_units does not depend on the order of the rows")
    repeated = np.repeat(rows, counts)
    require_close(draw(repeated, np.ones(repeated.size)), units, basis, "init_units takes weights for repetition")
    require(len(basis.penalized(inputs.shape[0])) == shape[0], basis, "`penalized` has a flag for each parameter")
    return xp.asarray(units)


def _check_types(case):
    for name, member in _MEMBERS.items():
        result = member(case.point(), case.u, case.v)
        same = type(result) is type(case.inputs) and result.dtype == case.inputs.dtype
        require(same, case.basis, f"{name} is a float64 array of the library of the inputs")


def _check_products(case):
    basis, xp, point = case.basis, namespace(case.inputs), case.point()
    jacobian, u, v = host(point.jacobian()), host(case.u), host(case.v)
    shape, n_rows = (*v.shape, u.shape[-1]), v.size
    require(jacobian.shape == shape, basis, f"jacobian() has the shape (q, k, n) = {shape}, not {jacobian.shape}")
    require_close(point.pullback(case.u), np.sum(u * jacobian, axis=-1), basis, "pullback(u) is Σ_i u_ki jacobian_aki")
    pushed = np.sum(v[..., None] * jacobian, axis=0)
    require_close(point.pushforward(case.v), pushed, basis, "pushforward(v) is Σ_a v_ak jacobian_aki")
    rows = xp.zeros((n_rows + 1, shape[-1]), dtype=xp.float64)
    point.fill_jacobian(rows[:n_rows, :], case.u)
    filled = np.concatenate([np.reshape(u * jacobian, (n_rows, -1)), np.zeros((1, shape[-1]))])
    require_close(rows, filled, basis, "fill_jacobian(out, scale) writes scale_ki jacobian_aki into `out`, and nowhere else")


def _check_curvature(case):
    basis, point, v = case.basis, case.point(), host(case.v)
    terms = [point.values, point.pushforward(case.v), point.second_pushforward(case.v)]
    slopes = taylor_slopes(lambda step: case.point(step).values, terms, case.largest)
    require_slopes(slopes, basis, "jacobian() and curvature(u) are the derivatives of `values` in the units")
    curvature = host(point.curvature(case.u))
    require_close(curvature, np.swapaxes(curvature, 0, 1), basis, "curvature(u) is symmetric", rtol=1e-14)
    form = np.sum(v[:, None] * v[None, :] * curvature, axis=(0, 1))
    bend = np.sum(host(case.u) * host(terms[2]), axis=-1)
    require_close(form, bend, basis, "vᵀ curvature(u) v is Σ_i u_ki second_pushforward(v)_ki")


def _check_input_derivatives(case):
    basis, point = case.basis, case.point()
    for a in range(case.inputs.shape[0]):
        terms = [point.values, point.input_derivative(a), point.input_derivative(a, a)]
        slopes = taylor_slopes(lambda step, a=a: case.moved(a, step).values, terms, case.largest)
        require_slopes(slopes, basis, f"input_derivative({a}) and ({a}, {a}) are the derivatives of `values` in the inputs")
        for b in range(a):
            mixed = point.input_derivative(b, a)
            require_close(point.input_derivative(a, b), mixed, basis, f"input_derivative({a}, {b}) is ({b}, {a})", rtol=1e-14)
            first = point.input_derivative(b)
            slopes = taylor_slopes(lambda step, a=a, b=b: case.moved(a, step).input_derivative(b), [first, mixed], case.largest)
            require_slopes(slopes, basis, f"input_derivative({b}, {a}) is the derivative of input_derivative({b})")


def _check_stacked_units(case):
    xp = namespace(case.units)
    units, u, v = [case.units, case.units + 0.1 * case.v], [case.u, 2.0 * case.u], [case.v, case.units]
    stacked = case.basis.at(case.inputs, xp.stack(units))
    for name, member in _MEMBERS.items():
        one_by_one = [member(case.basis.at(case.inputs, units[i]), u[i], v[i]) for i in range(2)]
        result = member(stacked, xp.stack(u), xp.stack(v))
        require_close(result, xp.stack(one_by_one), case.basis, f"{name} broadcasts over leading axes of the units")
