"""Microseconds a trial of the damped least-squares solvers, and how many of them the bare kernels take."""

import numpy as np
from scipy.linalg import blas, lapack
from timing import interleave

from newtonreg.bases import Tanh
from newtonreg.losses import SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term
from newtonreg.solvers import LevenbergMarquardt, VariableProjection

_SECONDS = 6.0
_TRIALS = 25
"""Trials from one start: before most runs end, and after the first point has paid for itself."""
_CASES = (
    (LevenbergMarquardt(method="cholesky"), (1, 20, 256)),
    (LevenbergMarquardt(method="cholesky"), (8, 50, 2000)),
    (VariableProjection(), (1, 20, 256)),
)
"""Solver, and (features, units, rows)."""


def make_problem(n_features, n_units, n_rows):
    """An `EmpiricalRisk` of a smooth target with noise, and a start."""
    rng = np.random.default_rng(0)
    network = ShallowNetwork(Tanh(), n_features, n_units, 1)
    inputs = rng.uniform(-1.0, 1.0, (n_features, n_rows))
    targets = np.sin(3.0 * inputs.sum(axis=0, keepdims=True)) + 0.1 * rng.normal(size=(1, n_rows))
    units = 2.0 * rng.normal(size=(n_features + 1, n_units))
    outer = 0.1 * rng.normal(size=(1, n_units + 1))
    penalty = 1e-6 * network.penalty_mask(inputs)
    risk = EmpiricalRisk([Term(network, inputs, targets, SquaredError(), np.ones(n_rows))], penalty)
    return risk, network.pack(units, outer)


def run(solver, objective, start):
    """`_TRIALS` trials from `start`, as `minimize` takes them; how many were accepted."""
    state, accepted = solver.init(objective, start), 0
    for _ in range(_TRIALS):
        state = solver.step(objective, state)
        accepted += state.accepted
    return accepted


def kernels(n_features, n_units, n_rows, accepted):
    """A call that does the arithmetic of an average trial of Levenberg–Marquardt and nothing else.

    tanh once a trial; dpotrf once, two pairs of triangular solves (step and acceleration) and a half one (prediction); dsyrk as
    often as a trial is accepted, a fraction `accepted`.
    """
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n_units, n_rows))
    rows = rng.normal(size=((n_features + 2) * n_units + 1, n_rows))
    matrix = blas.dsyrk(1.0, rows.T, trans=1, lower=1) + np.eye(rows.shape[0])
    vector, out = rows[:, 0].copy(), np.empty_like(z)

    def trial():
        np.tanh(z, out=out)
        lower = lapack.dpotrf(matrix, lower=1, clean=0)[0]
        lapack.dpotrs(lower, vector, lower=1)
        lapack.dpotrs(lower, vector, lower=1)
        lapack.dtrtrs(lower, vector, lower=1)

    def call():
        for _ in range(_TRIALS):
            trial()
        for _ in range(round(accepted * _TRIALS)):
            blas.dsyrk(1.0, rows.T, trans=1, lower=1)

    return call


def main():
    """Print a line a case."""
    print(f"{'solver':24}{'(d, k, n)':16}{'accepted':>10}{'trial':>10}{'kernels':>10}{'overhead':>10}   microseconds a trial")
    for solver, sizes in _CASES:
        objective, start = make_problem(*sizes)
        accepted = run(solver, objective, start) / _TRIALS
        candidates = {"trial": lambda s=solver, o=objective, x=start: run(s, o, x)}
        if isinstance(solver, LevenbergMarquardt):
            candidates["kernels"] = kernels(*sizes, accepted)
        times = interleave(candidates, _SECONDS)
        micro = {name: 1e6 * times.median(name) / _TRIALS for name in candidates}
        line = f"{solver.name:24}{sizes!s:16}{accepted:10.2f}{micro['trial']:10.0f}"
        if "kernels" in micro:
            line += f"{micro['kernels']:10.0f}{micro['trial'] - micro['kernels']:10.0f}"
        print(line)


if __name__ == "__main__":
    main()
