"""Conditions that hold by construction: outputs u = G + B N, G with the values, B with zeros where N must have no say."""

import math
from itertools import product

import numpy as np

from newtonreg.physics.faces import hard_faces
from newtonreg.physics.interpolation import end_polynomials
from newtonreg.physics.where import Frame

__all__ = ["HardOutput"]


class HardOutput:
    """u_j(x) = G_j(x) + B_j(x) N_j(x), which meets the conditions with how="hard" whatever the network N is.

    B is a product over the variables of c s^p (1 − s)^q, s from 0 to 1 between the ends of the domain and c such that the largest
    value is 1: the power is 1 where u is given at an end, p + 1 where u, ∂u, ..., ∂^p u are. G interpolates: by Hermite's
    polynomial along one variable; along several by their Boolean sum (Gordon 1971),

        G = G_d      G_a = G_{a−1} + P_a (f_a − G_{a−1})      P_a f = Σ_i h_ai(x_a) ∂^k_i f at end_i

    with the cardinal polynomials h, and f_a, the values on the faces of variable a, as polynomials through Chebyshev–Lobatto
    points. Between these points the conditions hold for the polynomials; how close those are to the functions meant is a matter
    of `n_points` of the condition and of how smooth the functions are. Outside of the domain G and B grow like polynomials.

    Parameters
    ----------
    requirements : sequence of Requirement
        Those with how="hard" are met; others are left out.
    variables : sequence of str, length d
    outputs : sequence of str
    domain : sequence of (low, high), length d

    Raises
    ------
    ValueError
        Naming the condition: where it cannot be met by construction, is one of two for the same, or disagrees with another at a
        corner by more than 1e-6 (1 + |v|).

    References
    ----------
    Lagaris, Likas, Fotiadis, IEEE Trans. Neural Netw. 9 (1998) 987: trial solutions of this form. Gordon, SIAM J. Numer. Anal. 8
    (1971) 158: Boolean sums of projectors.

    Examples
    --------
    >>> import numpy as np
    >>> from newtonreg.physics.conditions import Dirichlet
    >>> from newtonreg.physics.hard import HardOutput
    >>> left, right = Dirichlet(0.0, 1.0, how="hard"), Dirichlet(2.0, 5.0, how="hard")
    >>> frame = ("x",), ("u",), [(0.0, 2.0)]
    >>> transform = HardOutput([*left.resolve(*frame), *right.resolve(*frame)], *frame)
    >>> coefficients, offset = transform.terms((0,), 0, np.asarray([[0.0], [1.0], [2.0]]))
    >>> coefficients[0,].tolist(), offset.tolist()
    ([0.0, 1.0, 0.0], [1.0, 3.0, 5.0])
    """

    def __init__(self, requirements, variables, outputs, domain):
        frame = Frame.checked(variables, outputs, domain)
        by_output = hard_faces(requirements, frame)
        self._factors = [_zeros(faces, frame.domain) for faces in by_output]
        self._blends = [_blends(faces, frame.domain) for faces in by_output]

    def indices(self, multi_index, output):
        """Derivatives of the network that ∂^α u_j is made of: the β <= α whose coefficient is not zero everywhere; α is one.

        Parameters
        ----------
        multi_index : tuple of int, length d
            α.
        output : int
            j.

        Returns
        -------
        list of tuple of int
        """
        lower = product(*(range(order + 1) for order in multi_index))
        pairs = [(beta, zip(self._factors[output], multi_index, beta, strict=True)) for beta in lower]
        return [beta for beta, axes in pairs if not any(factor.vanishes(high - low) for factor, high, low in axes)]

    def terms(self, multi_index, output, X):
        """∂^α u_j = Σ_β c_β ∂^β N_j + offset at points: c_β = C(α, β) ∂^(α−β) B_j, offset = ∂^α G_j.

        Parameters
        ----------
        multi_index : tuple of int, length d
            α.
        output : int
            j.
        X : array (n, d)
            In the domain.

        Returns
        -------
        dict of tuple to array (n,)
            c_β for each β of `indices`.
        array (n,)
            The offset.
        """
        X = np.asarray(X, dtype=np.float64)
        coefficients = {beta: self._coefficient(multi_index, beta, output, X) for beta in self.indices(multi_index, output)}
        offset = np.zeros(X.shape[0])
        for blend in self._blends[output]:
            offset += blend.values(multi_index, X)
        return coefficients, offset

    def _coefficient(self, alpha, beta, output, X):
        value = np.ones(X.shape[0])
        for axis, factor in enumerate(self._factors[output]):
            high, low = alpha[axis], beta[axis]
            value *= math.comb(high, low) * factor.values(high - low, X[:, axis])
        return value


def _zeros(faces, domain):
    """B as one factor a variable, with a zero for each condition at each end."""
    counts = [[sum((face.axis, face.end) == (axis, end) for face in faces) for end in (0, 1)] for axis in range(len(domain))]
    return [EndPowers(tuple(powers), ends) for powers, ends in zip(counts, domain, strict=True)]


def _blends(faces, domain):
    """G as a sum of tensors, one for each variable whose ends carry conditions."""
    blends = []
    for axis, ends in enumerate(domain):
        own = [face for face in faces if face.axis == axis]
        if own:
            blends.append(_blend(own, axis, ends, blends))
    return blends


def _blend(faces, axis, ends, earlier):
    """P_a (f_a − Σ of the earlier ones)."""
    polynomials = end_polynomials([(face.end, face.order) for face in faces], ends)
    total = None
    for face, polynomial in zip(faces, polynomials, strict=True):
        rest = face.values
        for blend in earlier:
            rest = rest.plus(blend.at(axis, face.end, face.order), -1.0)
        part = rest.times(axis, polynomial)
        total = part if total is None else total.plus(part)
    return total


class EndPowers:
    """b(x) = c s^p (1 − s)^q, s = (x − low) / (high − low): p zeros at the low end, q at the high one, 1 at most between.

    Parameters
    ----------
    powers : (p, q), int >= 0
    ends : (low, high)
    """

    def __init__(self, powers, ends):
        self.powers = powers
        self.ends = ends
        p, q = powers
        self._scale = (p + q) ** (p + q) / (p**p * q**q)

    def vanishes(self, order):
        """Whether the derivative of this order is zero everywhere."""
        return order > sum(self.powers)

    def values(self, order, x):
        """∂^order b at `x` (n,); exactly zero at an end of more zeros than that."""
        (low, high), (p, q) = self.ends, self.powers
        s, rest = (x - low) / (high - low), (high - x) / (high - low)
        total = np.zeros_like(x)
        for i in range(max(0, order - q), min(p, order) + 1):
            factor = math.comb(order, i) * math.perm(p, i) * math.perm(q, order - i) * (-1) ** (order - i)
            total += factor * s ** (p - i) * rest ** (q - order + i)
        return self._scale * total / (high - low) ** order
