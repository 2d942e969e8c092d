"""SciPy's `solve_bvp` and `solve_ivp` on the ordinary differential equations: error on 1001 points, seconds, evaluations.

A run solves the equation and evaluates its own interpolant on the points, as a fit is fitted and predicts.
"""

import time
from typing import NamedTuple

import numpy as np
from scipy.integrate import solve_bvp, solve_ivp

from physics.references import DOMAINS, SOLUTIONS, relative_l2

__all__ = ["IVP_METHODS", "TOLERANCES", "run_peers"]

TOLERANCES = (1e-6, 1e-9, 1e-12)
IVP_METHODS = ("RK45", "DOP853", "LSODA", "Radau")
"""The default, the one of highest order, the one that switches to a stiff method by itself, and a stiff one."""
_N_POINTS = 1001
_MAX_NODES = 10_000
"""Of `solve_bvp`: its default, 1000, is too few at 1e-9. At 1e-12 its estimate meets rounding and it gives up on any number, with
an error of 2e-16."""


class _InitialValue(NamedTuple):
    """y' = slope(t, y), y(0) = start; y_0 is the function that is asked for."""

    start: tuple
    slope: object


def _lane_emden_slope(x, y):
    """At x = 0, where 2u'/x is 0/0, u'' tends to −u⁵/3."""
    u, du = y
    return (du, -(u**5) - 2 * du / x) if x > 0.0 else (du, -(u**5) / 3)


_INITIAL_VALUE = {
    "oscillator": _InitialValue((1.0, 0.0), lambda t, y: (y[1], -4 * y[0])),
    "logistic": _InitialValue((0.1,), lambda t, y: (y[0] * (1 - y[0]),)),
    "lane_emden": _InitialValue((1.0, 0.0), _lane_emden_slope),
    "van_der_pol": _InitialValue((2.0, 0.0), lambda t, y: (y[1], (1 - y[0] ** 2) * y[1] - y[0])),
}


class _Run(NamedTuple):
    """u (1001,), evaluations of the right-hand side as SciPy counts them (None where it does not), and whether it succeeded."""

    u: np.ndarray
    nfev: int | None
    success: bool


def run_peers(repeats=5, tolerances=TOLERANCES):
    """A dict for every problem, method and tolerance.

    Parameters
    ----------
    repeats : int
        Runs of each; `seconds` is their median.
    tolerances : sequence of float
        Both `rtol` and `atol` of `solve_ivp`, and `tol` of `solve_bvp`.

    Returns
    -------
    rows : list of dict
        With the keys problem, method, tolerance, error (‖û − u‖/‖u‖ on 1001 equidistant points), seconds, nfev (None for
        `solve_bvp`), success.
    """
    rows = [_row("poisson_1d", "solve_bvp", _boundary_value, tol, repeats) for tol in tolerances]
    for name, problem in _INITIAL_VALUE.items():
        for method in IVP_METHODS:
            rows += [_row(name, f"solve_ivp {method}", _initial_value(problem, method), tol, repeats) for tol in tolerances]
    return rows


def _row(name, label, solver, tolerance, repeats):
    points = np.linspace(*DOMAINS[name][0], _N_POINTS)
    seconds = []
    for _ in range(repeats):
        before = time.perf_counter()
        run = solver(points, tolerance)
        seconds.append(time.perf_counter() - before)
    error = relative_l2(run.u, SOLUTIONS[name](points[:, None]))
    result = {"problem": name, "method": label, "tolerance": tolerance, "error": error, "seconds": float(np.median(seconds))}
    return result | {"nfev": run.nfev, "success": run.success}


def _boundary_value(points, tolerance):
    """−u'' = π² sin πx from zero on 11 nodes."""

    def slope(x, y):
        return np.stack([y[1], -(np.pi**2) * np.sin(np.pi * x)])

    def ends(left, right):
        return np.array([left[0], right[0]])

    nodes = np.linspace(points[0], points[-1], 11)
    result = solve_bvp(slope, ends, nodes, np.zeros((2, nodes.shape[0])), tol=tolerance, max_nodes=_MAX_NODES)
    return _Run(result.sol(points)[0], None, bool(result.success))


def _initial_value(problem, method):
    """Function from (points, tolerance) to a `_Run`."""

    def solver(points, tolerance):
        span = (points[0], points[-1])
        result = solve_ivp(problem.slope, span, problem.start, method=method, rtol=tolerance, atol=tolerance, dense_output=True)
        return _Run(result.sol(points)[0], int(result.nfev), bool(result.success))

    return solver
