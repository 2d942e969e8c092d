"""A shallow network of ridge functions and its derivatives in the inputs: what differential equations are made of."""

from functools import cached_property

from newtonreg.backend import linalg
from newtonreg.backend.arrays import device_of, namespace, outer_rows

__all__ = ["ChannelPoint", "Channels"]


class Channels:
    """Derivatives ∂^α f_j, one channel a multi-index α and an output j, ordered by α first.

    A derivative of a ridge function is a ridge function with a polynomial factor,

        ∂^α σ(w·x + b) = w^α σ^(|α|)(w·x + b)        w^α = Π_a w_a^α_a

    so a linear differential operator applied to a basis is again a basis with the same parameters. Channels of one order |α|
    share σ^(|α|), and sums over them are matrix products.

    Parameters
    ----------
    indices : sequence of tuple of int
        Multi-indices α, one order a feature; all of one length, none twice.
    """

    def __init__(self, indices):
        self.indices = [tuple(index) for index in indices]
        self.order = max(map(sum, self.indices))
        orders = sorted({sum(index) for index in self.indices})
        self.groups = [(n, [r for r, index in enumerate(self.indices) if sum(index) == n]) for n in orders]

    def __len__(self):
        return len(self.indices)

    def at(self, network, inputs, params, n_more=2):
        """The channels at `inputs` (d, n) and `params` (p,) of a `ShallowNetwork` of ridge functions, a `ChannelPoint`.

        `n_more` derivatives of σ are known beyond the order of the channels: none are needed for values and for derivatives by
        the coefficients, one for rows of the Jacobian, two for curvature.
        """
        return ChannelPoint(self, network, inputs, params, n_more)


class ChannelPoint:
    """Channels of a network at one batch of inputs, each derivative in the parameters computed on first use.

    With x̃ = (x, 1), z = w·x + b and m_r = w^α_r all of them are sums of m_r, ∂m_r, ∂²m_r times σ^(n), σ^(n+1) x̃, σ^(n+2) x̃x̃ᵀ.
    `coefficients` A (R m, n) below belong to channels: a row of a Jacobian is that of Σ_rj A_rj g_rj, at every sample its own A.
    """

    def __init__(self, channels, network, inputs, params, n_more):
        self._n_more = n_more
        self._channels = channels
        self._network = network
        self._inputs = inputs
        self._xp = namespace(inputs)
        self._units, outer = network.unpack(params)
        self._coefs, self._intercepts = outer[:, :-1], outer[:, -1]
        weights, bias = self._units[:-1, :], self._units[-1, :]
        self._z = linalg.matmul(self._xp.matrix_transpose(weights), inputs) + bias[:, None]

    @cached_property
    def _derivatives(self):
        """σ, σ', ... up to the order that is needed."""
        return self._network.basis.derivatives(self._z, self._channels.order + self._n_more)

    @cached_property
    def _extended(self):
        return self._xp.concat([self._inputs, self._xp.ones_like(self._inputs[:1, :])], axis=0)

    # -- the polynomial factors -----------------------------------------------------------------------------------------------

    def _monomial(self, index):
        """w^α, shape (k,), times its integer factor where `index` carries one; None where it vanishes."""
        factor, exponents = index
        if factor == 0:
            return None
        value = factor * self._xp.ones_like(self._units[0, :])
        for a, exponent in enumerate(exponents):
            if exponent:
                value = value * self._units[a, :] ** exponent
        return value

    def _factors(self, group, axes=()):
        """∂m_r/∂w_a…, a list over the channels of a group, None where it vanishes."""
        return [self._monomial(_differentiated(self._channels.indices[r], axes)) for r in group]

    def _weights(self, group, coefs, axes=()):
        """∂m_rk c_jk as rows (R m, k) over the channels of a group, and whether there is any."""
        factors = self._factors(group, axes)
        if all(factor is None for factor in factors):
            return None
        nothing = self._xp.zeros_like(self._units[0, :])
        rows = [coefs * (nothing if factor is None else factor)[None, :] for factor in factors]
        return self._xp.concat(rows, axis=0) if len(rows) > 1 else rows[0]

    def _of_group(self, coefficients, group):
        """Rows of `coefficients` (R m, n) that belong to the channels of a group."""
        m = self._network.n_outputs
        if len(group) == len(self._channels):
            return coefficients
        parts = [coefficients[r * m : (r + 1) * m, :] for r in group]
        return self._xp.concat(parts, axis=0) if len(parts) > 1 else parts[0]

    # -- values and directional derivatives -----------------------------------------------------------------------------------

    @cached_property
    def values(self):
        """g_rj = ∂^α_r f_j, shape (R m, n)."""
        return self._assembled(
            {n: linalg.matmul(self._weights(group, self._coefs), self._derivatives[n]) for n, group in self._channels.groups},
            self._intercepts,
        )

    def _assembled(self, sums, intercepts):
        """Rows in the order of the channels, from those of each group; channels without a derivative get the intercepts."""
        xp, m = self._xp, self._network.n_outputs
        rows = [None] * len(self._channels)
        for n, group in self._channels.groups:
            for place, r in enumerate(group):
                part = sums[n][place * m : (place + 1) * m, :]
                rows[r] = part if n or intercepts is None else part + intercepts[:, None]
        return xp.concat(rows, axis=0) if len(rows) > 1 else rows[0]

    def _direction(self, v):
        """A direction (p,) as units, coefficients, intercepts, and dz = v_w·x + v_b."""
        xp = self._xp
        units, outer = self._network.unpack(v)
        dz = linalg.matmul(xp.matrix_transpose(units[:-1, :]), self._inputs) + units[-1, :][:, None]
        return units, outer[:, :-1], outer[:, -1], dz

    def _along(self, group, units, coefs):
        """Σ_a ∂m_rk/∂w_a v_ak c_jk, rows (R m, k)."""
        parts = [self._weights(group, coefs * units[a, :][None, :], (a,)) for a in range(self._network.n_features)]
        return _sum(part for part in parts if part is not None)

    def pushforward(self, v):
        """d/dt of the channels along `v` (p,), shape (R m, n)."""
        units, coefs, intercepts, dz = self._direction(v)
        sums = {}
        for n, group in self._channels.groups:
            sigma, slope = self._derivatives[n], self._derivatives[n + 1]
            straight = _sum([self._weights(group, coefs), self._along(group, units, self._coefs)])
            bent = linalg.matmul(self._weights(group, self._coefs), slope * dz)
            sums[n] = linalg.matmul(straight, sigma) + bent
        return self._assembled(sums, intercepts)

    def second_pushforward(self, v):
        """d²/dt² of the channels along `v` (p,), shape (R m, n)."""
        units, coefs, _, dz = self._direction(v)
        sums = {}
        for n, group in self._channels.groups:
            sigma, slope, bend = self._derivatives[n : n + 3]
            second = self._weights(group, self._coefs), self._along(group, units, self._coefs)
            once = [2.0 * part for part in (self._weights(group, coefs), second[1]) if part is not None]
            total = linalg.matmul(second[0], bend * dz * dz) + linalg.matmul(_sum(once), slope * dz)
            plain = _sum([self._twice_along(group, units), _scaled(2.0, self._along(group, units, coefs))])
            sums[n] = total if plain is None else total + linalg.matmul(plain, sigma)
        return self._assembled(sums, None)

    def _twice_along(self, group, units):
        """Σ_ab ∂²m_rk/∂w_a∂w_b v_ak v_bk c_jk, rows (R m, k); None where it vanishes."""
        d = range(self._network.n_features)
        parts = [self._weights(group, self._coefs * (units[a, :] * units[b, :])[None, :], (a, b)) for a in d for b in d]
        return _sum(part for part in parts if part is not None)

    # -- rows of a Jacobian ---------------------------------------------------------------------------------------------------

    def _mixed(self, coefficients, coefs, axes, shift):
        """Σ_r Σ_j A_rj c_jk ∂m_rk σ^(n_r + shift), shape (k, n); None where it vanishes."""
        xp, total = self._xp, None
        for n, group in self._channels.groups:
            weights = self._weights(group, coefs, axes)
            if weights is not None:
                product = linalg.matmul(xp.matrix_transpose(weights), self._of_group(coefficients, group))
                product *= self._derivatives[n + shift]
                total = product if total is None else total + product
        return total

    def fill_rows(self, out, coefficients):
        """Write Σ_rj A_rj ∂g_rj/∂w into `out` (p, n) for `coefficients` A (R m, n)."""
        net, k = self._network, self._network.n_units
        outer_rows(out[: net.n_inner, :], self._extended, self._mixed(coefficients, self._coefs, (), 1))
        for a in range(net.n_features):
            part = self._mixed(coefficients, self._coefs, (a,), 0)
            if part is not None:
                out[a * k : (a + 1) * k, :] += part
        self.fill_outer(out[net.outer, :], coefficients)

    def fill_outer(self, out, coefficients):
        """Write the part of `fill_rows` that belongs to coefficients and intercepts into `out` (m (k + 1), n)."""
        k, one = self._network.n_units, self._xp.ones_like(self._coefs)
        for j in range(self._network.n_outputs):
            start = j * (k + 1)
            out[start : start + k, :] = self._mixed(self._only(coefficients, j), one, (), 0)
            out[start + k, :] = self._plain(coefficients, j)

    def _only(self, coefficients, j):
        """`coefficients` of output j, the others zero."""
        xp, m = self._xp, self._network.n_outputs
        if m == 1:
            return coefficients
        flags = [float(row % m == j) for row in range(coefficients.shape[0])]
        return coefficients * xp.asarray(flags, dtype=xp.float64, device=device_of(coefficients))[:, None]

    def _plain(self, coefficients, j):
        """A_rj of the channel without a derivative, what multiplies an intercept; zero where there is none."""
        m = self._network.n_outputs
        places = [r for r, index in enumerate(self._channels.indices) if sum(index) == 0]
        return coefficients[places[0] * m + j, :] if places else self._xp.zeros_like(coefficients[0, :])

    def pullback(self, coefficients):
        """Σ_i Σ_rj A_rji ∂g_rj(x_i)/∂w, shape (p,)."""
        xp, net = self._xp, self._network
        inner = self._inner_sums(coefficients, self._coefs)
        one = xp.ones_like(self._coefs)
        outer = []
        for j in range(net.n_outputs):
            single = self._mixed(self._only(coefficients, j), one, (), 0)
            plain = xp.sum(self._plain(coefficients, j))
            outer.append(xp.concat([xp.sum(single, axis=1), xp.reshape(plain, (1,))]))
        return net.pack(inner, xp.stack(outer))

    def _inner_sums(self, coefficients, coefs):
        """Σ_i of the rows of the units, shape (q, k)."""
        xp = self._xp
        sums = linalg.matmul(self._extended, xp.matrix_transpose(self._mixed(coefficients, coefs, (), 1)))
        for a in range(self._network.n_features):
            part = self._mixed(coefficients, coefs, (a,), 0)
            if part is not None:
                sums[a, :] += xp.sum(part, axis=1)
        return sums

    # -- curvature ------------------------------------------------------------------------------------------------------------

    def curvature(self, coefficients):
        """Σ_i Σ_rj A_rji ∂²g_rj(x_i), as blocks (q, q, k) of the units and borders (m, q, k) between units and coefficients."""
        xp, d = self._xp, self._network.n_features
        bend, ends = self._mixed(coefficients, self._coefs, (), 2), range(d + 1)
        x = self._extended
        blocks = [[xp.sum(bend * (x[a, :] * x[b, :])[None, :], axis=1) for b in ends] for a in ends]
        for a in range(d):
            slope = self._mixed(coefficients, self._coefs, (a,), 1)
            if slope is None:
                continue
            for b in ends:
                part = xp.sum(slope * x[b, :][None, :], axis=1)
                blocks[a][b] = blocks[a][b] + part
                blocks[b][a] = blocks[b][a] + part
            for b in range(d):
                plain = self._mixed(coefficients, self._coefs, (a, b), 0)
                if plain is not None:
                    blocks[a][b] = blocks[a][b] + xp.sum(plain, axis=1)
        one = xp.ones_like(self._coefs)
        borders = [self._inner_sums(self._only(coefficients, j), one) for j in range(self._network.n_outputs)]
        return xp.stack([xp.stack(row) for row in blocks]), xp.stack(borders)


def _differentiated(index, axes):
    """Integer factor and exponents of a monomial differentiated along `axes`."""
    exponents, factor = list(index), 1
    for a in axes:
        factor *= exponents[a]
        exponents[a] -= 1
    return factor, exponents


def _sum(parts):
    """Sum of those that are there; None where none is."""
    total = None
    for part in parts:
        if part is not None:
            total = part if total is None else total + part
    return total


def _scaled(factor, part):
    return None if part is None else factor * part
