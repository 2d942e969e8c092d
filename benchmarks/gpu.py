"""On a machine with an NVIDIA GPU: exact Hessians on CuPy beside NumPy, and default fits on either device."""

import time

import numpy as np

from newtonreg import NewtonMLPClassifier, NewtonMLPRegressor
from newtonreg.bases import Tanh
from newtonreg.losses import Multinomial, SquaredError
from newtonreg.networks import ShallowNetwork
from newtonreg.objectives import EmpiricalRisk, Term

SIZES = [(1, 20, 256), (1, 100, 2000), (8, 50, 10000), (8, 200, 10000), (20, 200, 20000), (8, 300, 200000)]


def _risk(xp, d, k, n, m=1, loss=None):
    rng = np.random.RandomState(0)
    network = ShallowNetwork(Tanh(), d, k, m)
    inputs, targets = rng.normal(size=(d, n)), rng.normal(size=(m, n))
    if m > 1:
        targets = np.eye(m)[:, rng.randint(m, size=n)]
    params = 0.3 * rng.normal(size=network.n_params)
    arrays = [xp.asarray(np.ascontiguousarray(a)) for a in (inputs, targets, np.ones(n), params)]
    term = Term(network, arrays[0], arrays[1], loss or SquaredError(), arrays[2])
    return EmpiricalRisk([term], network.penalty_mask(arrays[0])), arrays[3]


def _seconds(function, wait, repetitions):
    function()
    wait()
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        wait()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def hessians(cupy):
    """Median milliseconds of one exact Hessian on the GPU, its rate, and the difference to NumPy."""
    print(f"{'(d, k, n)':>20} {'p':>6} {'GPU ms':>9} {'syrk ms':>9} {'ratio':>6} {'difference':>11}")
    wait = cupy.cuda.Device().synchronize
    for d, k, n in SIZES:
        risk, params = _risk(cupy, d, k, n)
        p = risk.n_params
        seconds = _seconds(lambda risk=risk, params=params: risk.at(params).hessian, wait, 7)
        rows, out = cupy.ones((p, n)), cupy.zeros((p, p))
        syrk = _seconds(lambda rows=rows, out=out: cupy.cublas.syrk("N", rows, out=out, lower=True), wait, 7)
        difference = float("nan")
        if n * p < 3e7:
            host_risk, host_params = _risk(np, d, k, n)
            host = host_risk.at(host_params).hessian
            difference = float(np.abs(risk.at(params).hessian.get() - host).max() / np.abs(host).max())
        print(f"{(d, k, n)!s:>20} {p:>6} {1e3 * seconds:>9.2f} {1e3 * syrk:>9.2f} {seconds / syrk:>6.2f} {difference:>11.1e}")
    risk, params = _risk(cupy, 64, 20, 1797, 10, Multinomial())
    print(f"softmax (64, 20, 1797), 10 classes: {1e3 * _seconds(lambda: risk.at(params).hessian, wait, 7):.2f} ms")


def fits():
    """Seconds of default fits with device=None and device="cuda", and how far their predictions differ."""
    rng = np.random.RandomState(0)
    print(f"{'fit':>34} {'CPU s':>8} {'GPU s':>8} {'trials':>13} {'difference':>11}")
    for d, k, n in [(1, 20, 256), (8, 50, 10000), (8, 200, 20000)]:
        X = rng.uniform(-1.0, 1.0, (n, d))
        y = np.sin(3.0 * X[:, 0]) + X[:, -1] ** 2 + 0.1 * rng.normal(size=n)
        results = []
        for device in (None, "cuda"):
            model = NewtonMLPRegressor(k, alpha=1.0, random_state=0, n_restarts=1, max_iter=30, device=device)
            model.fit(X[:50], y[:50])
            start = time.perf_counter()
            model.fit(X, y)
            results.append((time.perf_counter() - start, model))
        (cpu, one), (gpu, other) = results
        assert isinstance(other.predict(X), np.ndarray)
        difference = np.abs(one.predict(X) - other.predict(X)).max()
        trials = f"{one.n_iter_} / {other.n_iter_}"
        print(f"{f'regression {(d, k, n)}':>34} {cpu:>8.2f} {gpu:>8.2f} {trials:>13} {difference:>11.1e}")
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    results = []
    for device in (None, "cuda"):
        model = NewtonMLPClassifier(random_state=0, device=device)
        start = time.perf_counter()
        model.fit(X, y)
        results.append((time.perf_counter() - start, model))
    (cpu, one), (gpu, other) = results
    difference = np.abs(one.predict_proba(X) - other.predict_proba(X)).max()
    print(f"{'digits, softmax':>34} {cpu:>8.2f} {gpu:>8.2f} {f'{one.n_iter_} / {other.n_iter_}':>13} {difference:>11.1e}")


def main():
    """Print versions and both tables."""
    import warnings

    import cupy
    import cupy.cublas
    import sklearn

    warnings.simplefilter("ignore")
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    print(f"{name}; CuPy {cupy.__version__}, NumPy {np.__version__}, scikit-learn {sklearn.__version__}")
    hessians(cupy)
    fits()


if __name__ == "__main__":
    main()
