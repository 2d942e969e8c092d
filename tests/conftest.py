"""Fixtures of the test suite; set SCIPY_ARRAY_API before SciPy and scikit-learn are imported, or array API checks are skipped."""

import os

os.environ["SCIPY_ARRAY_API"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import array_api_compat.numpy
import array_api_strict
import hypothesis
import numpy as np
import pytest
from array_api_compat import is_cupy_array

# Deadlines are clocks and random examples make a red CI unrepeatable.
hypothesis.settings.register_profile("newtonreg", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("newtonreg")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def _cupy_namespace():
    """`array_api_compat.cupy` where CuPy is installed and sees a device, else None."""
    try:
        import array_api_compat.cupy
        import cupy
    except ImportError:
        return None
    try:
        return array_api_compat.cupy if cupy.cuda.runtime.getDeviceCount() else None
    except cupy.cuda.runtime.CUDARuntimeError:
        return None


def _namespaces():
    """The array libraries at hand; CuPy without a device is left out, not skipped."""
    params = [
        pytest.param(array_api_compat.numpy, id="numpy"),
        pytest.param(array_api_strict, id="array_api_strict"),
    ]
    cupy_namespace = _cupy_namespace()
    if cupy_namespace is not None:
        params.append(pytest.param(cupy_namespace, id="cupy", marks=pytest.mark.gpu))
    return params


@pytest.fixture(params=_namespaces())
def xp(request):
    """Each array namespace the core runs on."""
    return request.param


@pytest.fixture
def to_numpy():
    """Function from an array of any library, on any of its devices, to a NumPy array."""

    def convert(array):
        if is_cupy_array(array):
            return array.get()
        if isinstance(array, array_api_strict._array_object.Array):
            array = array.to_device(array_api_strict.Device("CPU_DEVICE"))
        return np.asarray(array)

    return convert


@pytest.fixture(scope="session")
def shared_data():
    """Directory of the reference data sets that lie beside the checkout; skips the test where they do not."""
    if not SHARED_DATA.is_dir():
        pytest.skip("reference data sets not found in ../shared/data")
    return SHARED_DATA


class Counter:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return self.function(*args, **kwargs)


@pytest.fixture
def counted(monkeypatch):
    """Replace `module.name` by a `Counter` of it."""

    def count(module, name):
        counter = Counter(getattr(module, name))
        monkeypatch.setattr(module, name, counter)
        return counter

    return count
