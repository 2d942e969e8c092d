"""Raw Newton and methods with a safeguard on a physics-informed network, as in Rowan (2025), arXiv 2510.11987.

A trivial zero there has a basis that the operator makes orthogonal to the right-hand side. The paper's problem is not known.
"""

import numpy as np
from raw import write_rows
from tables import Table

from landscape.curves import draw_params
from landscape.no_intercept import last_point
from landscape.trivial import RANK, RESTARTS, ZERO, restart_values
from newtonreg import Newton, TrustRegion, classify
from newtonreg.bases import Tanh
from newtonreg.networks import ShallowNetwork
from newtonreg.physics.assembling import linear_term
from newtonreg.physics.objective import PhysicsRisk
from newtonreg.physics.setting import Setting
from newtonreg.solvers import BFGS, LevenbergMarquardt, SaddleFreeNewton

__all__ = ["run"]

N_POINTS, WIDTH, WEIGHT, SCALES, LOOKED_AT = 64, 6, 100.0, (1.0, 1e-3), 2
METHODS = {
    "raw Newton": (Newton(singular="pinv"), 200, 1e-12, 100),
    "saddle-free": (SaddleFreeNewton(), 100, 1e-8, 20),
    "BFGS": (BFGS(), 200, 1e-8, 20),
    "trust region": (TrustRegion(), 100, 1e-8, 20),
    "Levenberg-Marquardt": (LevenbergMarquardt(), 100, 1e-8, 20),
}
"""Solver, trials, tolerance, starts."""
KINDS = ("trivial zero", "constant", "saddle", "minimum", "other")
"""Trivial zero: stationary, and the coefficients vanish. Constant: the equation sees nothing of N, for another reason. Saddle,
minimum (degenerate ones included): any other stationary point. Other: not stationary."""
UNSEEN = 1e-8
"""Mean square of D N, the right-hand side's being one, below which N is a constant."""


class Poisson:
    """−u'' = f on [0, 1] at equidistant points, f = √2 sin 3πx; with `has_ends` also u(0) = u(1) = 0, softly."""

    def __init__(self, has_ends):
        setting = Setting(("x",), ("u",), ((0.0, 1.0),))
        x, weights = np.linspace(0.0, 1.0, N_POINTS)[:, None], np.full(N_POINTS, 1.0 / N_POINTS)
        f = np.sin(3.0 * np.pi * x.T)
        f = f / np.sqrt(np.mean(f**2))
        terms = [linear_term("equation", setting, [(x, [[((2,), 0, -np.ones(N_POINTS))]])], f, weights)]
        if has_ends:
            ends = [(np.array([[0.0], [1.0]]), [[((0,), 0, np.ones(2))]])]
            terms.append(linear_term("ends", setting, ends, np.zeros((1, 2)), np.full(2, WEIGHT / 2)))
        self.network = ShallowNetwork(Tanh(), 1, WIDTH, 1)
        self.objective = PhysicsRisk(self.network, terms, np.zeros(self.network.n_params))
        self._left = self.objective.with_terms([terms[0]._replace(targets=np.zeros_like(f))])
        self._n_seen = WIDTH + has_ends

    def kind(self, params):
        """A word of `KINDS`."""
        found = classify(self.objective, params)
        if found.trivial_zero:
            return "trivial zero"
        if 2.0 * self._left.at(params).value <= UNSEEN:
            return "constant"
        if found.kind in ("saddle", "maximum"):
            return "saddle"
        return "minimum" if found.kind in ("minimum", "degenerate", "global minimum") else "other"

    def inertia(self, params):
        """Positive, negative, zero eigenvalues where the coefficients are zero, and k (+ 1), rank C, the rest, as text."""
        hessian = self.objective.at(params).hessian
        values = np.linalg.eigvalsh(hessian)
        zero, n_inner, size = ZERO * np.max(np.abs(values)), self.network.n_inner, len(values)
        positive, negative = int(np.sum(values > zero)), int(np.sum(values < -zero))
        slopes = np.linalg.svd(hessian[:n_inner, n_inner:], compute_uv=False)
        rank = int(np.sum(slopes > RANK * slopes[0]))
        formula = f"{self._n_seen} {rank} {size - self._n_seen - rank}"
        return f"{positive} {negative} {size - positive - negative}", formula


def run(options):
    """Print where the methods end, and the trivial zeros of raw Newton closely."""
    columns = [("conditions", "", 10), ("scale", "g", 6), ("method", "", 19), ("starts", "d"), *((k, ".0f") for k in KINDS)]
    notes = [
        f"-u'' = f at {N_POINTS} points, tanh, width {WIDTH}, f of mean square 1: constants have F = 0.5; percent of runs",
        "scale: factor of the coefficients of the starts",
    ]
    table, rows, zeros = Table("A physics-informed network", [*columns, ("median F", ".1e")], notes), [], []
    for label, problem in (("none", Poisson(False)), ("ends", Poisson(True))):
        for scale, name in ((scale, name) for scale in SCALES for name in METHODS):
            ends = _ends(problem, name, scale, options)
            kinds = [problem.kind(end) for end in ends]
            value = float(np.median([problem.objective.at(end).value for end in ends]))
            cells = (label, scale, name, len(ends), *(100.0 * kinds.count(kind) / len(ends) for kind in KINDS), value)
            table.row(*cells)
            rows.append(dict(zip([*(column[0] for column in columns), "median F"], cells, strict=True)))
            ended = [end for end, kind in zip(ends, kinds, strict=True) if kind == KINDS[0] and name == "raw Newton"]
            zeros += [(label, scale, problem, end) for end in ended[:LOOKED_AT]]
    write_rows("rowan-pinn", rows, options.quick)
    if zeros:
        write_rows("rowan-pinn-restarts", _look_at(zeros, options.seed), options.quick)


def _ends(problem, name, scale, options):
    """The last parameters of a run from each start; all methods share the starts."""
    solver, max_iter, gtol, n_starts = METHODS[name]
    ends = []
    for i in range(3 if options.quick else n_starts):
        start = draw_params(problem.network, np.random.RandomState(options.seed + i))
        start[problem.network.n_inner :] *= scale
        ends.append(last_point(problem.objective, start, solver, max_iter, gtol))
    return ends


def _look_at(zeros, seed):
    columns = [("conditions", "", 10), ("scale", "g", 6), ("F", ".6f"), ("|coefs|", ".0e"), ("inertia", "", 8)]
    columns += [("formula", "", 8), *((name, ".1e") for name in RESTARTS)]
    notes = [
        f"the first {LOOKED_AT} a row above; inertia: positive, negative, zero eigenvalues, the coefficients set to zero exactly",
        "last columns: F after 500 trials from the end + noise, trust region and saddle-free",
    ]
    table, rows = Table("Its trivial zeros", columns, notes), []
    for label, scale, problem, end in zeros:
        emptied = np.where(np.arange(len(end)) < problem.network.n_inner, end, 0.0)
        length = float(np.linalg.norm(problem.network.unpack(end).outer[:, :-1]))
        cells = (label, scale, problem.objective.at(end).value, length, *problem.inertia(emptied))
        cells += tuple(restart_values(problem.objective, end, seed).values())
        table.row(*cells)
        rows.append(dict(zip([column[0] for column in columns], cells, strict=True)))
    return rows
