"""Quadratic models to test subproblem solvers on, and what is to be said of their answers."""

import numpy as np

from newtonreg.backend.arrays import to_host
from newtonreg.subproblems import QuadraticModel


def rotated(values, coefficients, seed=0):
    """Symmetric B with these eigenvalues, and g with these coefficients in its eigenbasis."""
    values, coefficients = np.asarray(values, dtype=float), np.asarray(coefficients, dtype=float)
    basis = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))[0]
    matrix = (basis * values) @ basis.T
    return (matrix + matrix.T) / 2, basis @ coefficients


INDEFINITE = [-2.0, -0.5, 0.3, 1.0, 4.0]
POSITIVE = [0.1, 0.5, 1.0, 3.0, 7.0]
# (B, g), radius, whether the solution is on the boundary
CASES = {
    "easy": (rotated(INDEFINITE, [1.0, -0.3, 0.5, 2.0, -1.0]), 0.7, True),
    "easy, positive definite": (rotated(POSITIVE, [1.0, -0.3, 0.5, 2.0, -1.0]), 0.7, True),
    "interior": (rotated(POSITIVE, [0.1, -0.3, 0.5, 2.0, -1.0]), 5.0, False),
    "interior, no gradient": (rotated(POSITIVE, [0.0] * 5), 5.0, False),
    "hard": (rotated(INDEFINITE, [0.0, -0.3, 0.5, 0.2, -1.0]), 2.0, True),
    "hard, lowest eigenvalue twice": (rotated([-2.0, -2.0, 0.3, 1.0, 4.0], [0.0, 0.0, 0.5, 0.2, -1.0]), 2.0, True),
    "orthogonal, not hard": (rotated(INDEFINITE, [0.0, -0.3, 0.5, 0.2, -1.0]), 0.1, True),
    "saddle": (rotated(INDEFINITE, [0.0] * 5), 3.0, True),
    "one parameter, convex": (rotated([2.0], [1.0]), 3.0, False),
    "one parameter, concave": (rotated([-2.0], [1.0]), 3.0, True),
    "one parameter, no gradient": (rotated([-2.0], [0.0]), 3.0, True),
    "linear": (rotated([0.0, 0.0, 0.0], [1.0, 2.0, -1.0]), 3.0, True),
    "singular, bounded": (rotated([0.0, 0.0, 1.0, 2.0], [0.0, 0.0, 1.0, 2.0]), 9.0, False),
    "singular, unbounded": (rotated([0.0, 0.0, 1.0, 2.0], [0.1, 0.0, 1.0, 2.0]), 9.0, True),
    "badly scaled": (rotated([1e-8, 1e-4, 1.0, 1e4, 1e8], [1e-4, 1e-2, 1.0, 1e2, 1e4]), 1.0, True),
    "badly scaled, indefinite": (rotated([-1e-4, 1e-8, 1.0, 1e4, 1e8], [1e-4, 1e-2, 1.0, 1e2, 1e4]), 10.0, True),
    "tiny radius": (rotated(INDEFINITE, [1.0, -0.3, 0.5, 2.0, -1.0]), 1e-9, True),
    "large radius": (rotated(INDEFINITE, [1.0, -0.3, 0.5, 2.0, -1.0]), 1e9, True),
    **{
        f"nearly hard, 1e-{k}": (rotated(INDEFINITE, [10.0**-k, -0.3, 0.5, 0.2, -1.0], seed=k), 2.0, True)
        for k in (6, 8, 10, 12, 14)
    },
}
DIAGONAL_GRADED = np.diag([1e8, 1e4, 1.0, 1e-4, 1e-8]), np.array([1e7, 1e4, 1.0, 1e-4, 1e-9])


def model_of(problem, xp=np):
    matrix, gradient = problem
    return QuadraticModel(xp.asarray(gradient), xp.asarray(matrix))


def products_of(problem, xp=np):
    """The same model without its matrix, and the list of vectors that it is asked to multiply."""
    matrix, asked = xp.asarray(problem[0]), []

    def product(v):
        asked.append(v)
        return xp.matmul(matrix, v)

    return QuadraticModel(xp.asarray(problem[1]), product=product), asked


def violation(problem, radius, step):
    """Largest violation of the optimality conditions, relative to ‖g‖ + ‖B + λI‖ ‖p‖."""
    (matrix, gradient), p, multiplier = problem, to_host(step.p), step.multiplier
    values, length = np.linalg.eigvalsh(matrix), np.linalg.norm(p)
    size = max(abs(values[0]), abs(values[-1]))
    scale = np.linalg.norm(gradient) + (size + multiplier) * length
    residual = np.linalg.norm(matrix @ p + multiplier * p + gradient)
    conditions = [
        residual / scale if scale else residual,
        multiplier * abs(radius - length) / scale if scale else multiplier,
        (length - radius) / radius,
        -(values[0] + multiplier) / size if size else -multiplier,
        -multiplier,
        abs(length - step.norm) / radius,
    ]
    return max(0.0, *conditions)


def random_problem(seed, max_size=12):
    """(B, g) and a radius of one of several kinds."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, max_size + 1))
    values, coefficients = np.sort(rng.standard_normal(size)), rng.standard_normal(size)
    kind = seed % 7
    if kind == 1:
        values = values * 10.0 ** rng.uniform(-8, 8, size)
    elif kind == 2:
        values = np.abs(values)
    elif kind == 3:
        values = np.where(np.arange(size) < size // 2, 0.0, np.abs(values))
    elif kind == 4:
        values[: size // 2 + 1] = values[0]
    elif kind == 5:
        values = 10.0 ** np.linspace(-8, 2, size) * np.where(np.arange(size) < size // 3, -1.0, 1.0)
        coefficients *= np.sqrt(np.abs(values))
    lowest = values == values.min()
    if kind in (4, 6):
        coefficients[lowest] *= 0.0 if kind == 4 else 10.0 ** rng.uniform(-14, -6)
    return rotated(values, coefficients, seed), 10.0 ** rng.uniform(-3, 3)
