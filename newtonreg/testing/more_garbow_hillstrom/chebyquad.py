"""Problem 35: nodes of Chebyshev quadrature with equal weights."""

from newtonreg.objectives import LeastSquares
from newtonreg.testing.known import Problem, known_points
from newtonreg.testing.more_garbow_hillstrom.assembling import diagonals

__all__ = ["PROBLEMS"]


def _polynomials(x, degree):
    """T_i(2 x − 1), i = 1, …, degree, and the first and second derivatives in x, each a list of arrays of the shape of x."""
    z = 2.0 * x - 1.0
    values, slopes, bends = [1.0 + 0.0 * z, z], [0.0 * z, 2.0 + 0.0 * z], [0.0 * z, 0.0 * z]
    for _ in range(2, degree + 1):
        # before `values` and `slopes` grow: the recurrence T_i = 2 z T_{i−1} − T_{i−2}, differentiated twice
        bends.append(8.0 * slopes[-1] + 2.0 * z * bends[-1] - bends[-2])
        slopes.append(4.0 * values[-1] + 2.0 * z * slopes[-1] - slopes[-2])
        values.append(2.0 * z * values[-1] - values[-2])
    return values[1:], slopes[1:], bends[1:]


def _chebyquad(n_params):
    """r_i = Σ_j T_i(x_j) / p − ∫_0^1 T_i, T_i shifted to [0, 1], i = 1, …, p; the integral is −1/(i² − 1) for i even, else 0."""
    integrals = [0.0 if i % 2 else -1.0 / (i * i - 1.0) for i in range(1, n_params + 1)]

    def make(xp):
        integral = xp.asarray(integrals)

        def residuals(x):
            return xp.sum(xp.stack(_polynomials(x, n_params)[0]), axis=1) / n_params - integral

        def jacobian(x):
            return xp.stack(_polynomials(x, n_params)[1]) / n_params

        def hessians(x):
            return diagonals(xp.stack(_polynomials(x, n_params)[2]) / n_params)

        return LeastSquares(residuals, n_params, jacobian, hessians)

    return make


def _start(n_params):
    return tuple(j / (n_params + 1) for j in range(1, n_params + 1))


_MINIMA_8 = known_points(
    8,
    """
    0.0017584368628389658 0.04315276015101663 0.1930908403841861 0.26632870689027294 0.5 0.5 0.7336712931097271
        0.8069091596158139 0.9568472398489833
    """,
)
_MINIMA_9 = known_points(
    9,
    """
    0.0 0.044205346135782767 0.19949067230988096 0.23561910847106 0.416046907892598 0.5 0.583953092107402 0.76438089152894
        0.8005093276901191 0.9557946538642172
    """,
)
_MINIMA_10 = known_points(
    10,
    """
    0.0023863568481876747 0.032993373018074465 0.15514535775907337 0.20018919846138622 0.38326166496125497 0.38326166496125497
        0.5292494771334065 0.6403535493710659 0.7135658474159999 0.8284818230519073 0.9252518337853975
    0.003251977400441153 0.0596199005358127 0.16670828183586142 0.2391706589426085 0.3988842923060445 0.3988842923060445
        0.6011157076939555 0.6011157076939555 0.7608293410573915 0.8332917181641386 0.9403800994641873
    0.0047503144251108366 0.027114937835897843 0.1317982884599488 0.20768401404493092 0.3851156074102685 0.3851156074102685
        0.6148843925897315 0.6148843925897315 0.7923159859550691 0.8682017115400512 0.9728850621641022
    """,
)

_NOTE = "And in every order of the nodes, and mirrored at ½."

PROBLEMS = (
    Problem("chebyquad-8", _start(8), _chebyquad(8), _MINIMA_8, note=_NOTE),
    Problem("chebyquad-9", _start(9), _chebyquad(9), _MINIMA_9, note=_NOTE),
    Problem("chebyquad-10", _start(10), _chebyquad(10), _MINIMA_10, note=_NOTE),
)
