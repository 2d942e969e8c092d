"""Array namespaces and transfers: NumPy, array-api-strict and CuPy behind one small door."""

import array_api_compat
import numpy as np
from array_api_compat import array_namespace, is_cupy_array

__all__ = [
    "add_at",
    "add_diagonal",
    "as_floats",
    "contiguous",
    "cuda_array",
    "device_of",
    "free_memory",
    "index_add_diagonal",
    "is_cupy_array",
    "is_device_array",
    "is_numpy_array",
    "namespace",
    "outer_rows",
    "to_device",
    "to_floats",
    "to_host",
]

_NUMPY_NAMESPACE = array_namespace(np.empty(0))


def namespace(array):
    """Array API namespace of `array`; the NumPy answer is immediate because the hot loop asks often."""
    if type(array) is np.ndarray:
        return _NUMPY_NAMESPACE
    return array_namespace(array)


def is_numpy_array(array):
    """Whether `array` is NumPy's; the usual answer is immediate because the hot loop asks often."""
    return type(array) is np.ndarray or array_api_compat.is_numpy_array(array)


def is_device_array(array):
    """Whether `array` is an array of another array API library than NumPy."""
    return array_api_compat.is_array_api_obj(array) and not is_numpy_array(array)


def device_of(array):
    """Device of `array`, for creation functions that must place a new array beside it."""
    return array_api_compat.device(array)


def to_floats(*scalars):
    """Python floats of 0-d arrays and numbers, fetched from the device in one transfer.

    Comparing device scalars one by one costs a synchronization each; a step of a solver calls this once.
    """
    arrays = [s for s in scalars if not isinstance(s, (int, float))]
    if not arrays or is_numpy_array(arrays[0]) or isinstance(arrays[0], np.generic):
        return [float(s) for s in scalars]
    xp = namespace(arrays[0])
    fetched = iter(to_host(xp.stack([xp.astype(a, xp.float64) for a in arrays])).tolist())
    return [float(s) if isinstance(s, (int, float)) else next(fetched) for s in scalars]


def to_host(array):
    """NumPy copy of `array` (a view where it already is NumPy)."""
    if is_numpy_array(array):
        return array
    if is_cupy_array(array):
        return array.get()
    if array_api_compat.is_torch_array(array):
        return array.detach().cpu().numpy()
    if hasattr(array, "to_device"):
        array = array.to_device(namespace(array).__array_namespace_info__().default_device())
    return np.asarray(array)


def to_device(array, like):
    """`array` (host or device) as an array of the library and on the device of `like`, dtype kept."""
    xp = namespace(like)
    if is_numpy_array(like):
        return to_host(array)
    if type(array) is type(like):
        return xp.asarray(array, device=device_of(like))
    return xp.asarray(to_host(array), device=device_of(like))


def index_add_diagonal(matrix, diagonal):
    """`matrix` + diag(`diagonal`), a new array; `diagonal` a vector or a Python number."""
    if is_numpy_array(matrix) or is_cupy_array(matrix):
        return add_diagonal(matrix.copy(), diagonal)
    xp = namespace(matrix)
    if isinstance(diagonal, (int, float)):
        diagonal = xp.full((matrix.shape[0],), float(diagonal), dtype=matrix.dtype, device=device_of(matrix))
    return matrix + xp.eye(matrix.shape[0], dtype=matrix.dtype, device=device_of(matrix)) * diagonal[None, :]


def add_diagonal(matrix, diagonal):
    """The contiguous `matrix` + diag(`diagonal`), in place where the library can; returned either way."""
    if not (is_numpy_array(matrix) or is_cupy_array(matrix)):
        return index_add_diagonal(matrix, diagonal)
    # a strided view of the diagonal, whichever of the two orders the matrix is in
    (matrix if matrix.flags.c_contiguous else matrix.T).reshape(-1)[:: matrix.shape[0] + 1] += diagonal
    return matrix


def outer_rows(out, left, right):
    """out[a k, i] = left[a, i] right[k, i], row pairs in order; `out` (q k, n), `left` (q, n), `right` (k, n).

    Written without a temporary where the library can: building Jacobian rows is bound by memory traffic.
    """
    q, n = left.shape
    if is_numpy_array(out) or is_cupy_array(out):
        namespace(out).multiply(left[:, None, :], right[None, :, :], out=out.reshape(q, -1, n))
    else:
        out[...] = namespace(out).reshape(left[:, None, :] * right[None, :, :], out.shape)


def add_at(matrix, rows, cols, values):
    """matrix[rows, cols] += values, in place; the index pairs are distinct.

    The array API standard has no assignment by index arrays, so other libraries than NumPy and CuPy go entry by entry: they are
    for tests.
    """
    if is_numpy_array(matrix) or is_cupy_array(matrix):
        matrix[rows, cols] += values
        return
    xp = namespace(matrix)
    flat = [xp.reshape(array, (-1,)) for array in (rows, cols, values)]
    for entry in range(flat[0].shape[0]):
        row, col = int(flat[0][entry]), int(flat[1][entry])
        matrix[row, col] = matrix[row, col] + flat[2][entry]


def as_floats(values):
    """`values` as an array of float64 in its own library; lists and numbers become NumPy arrays."""
    if not array_api_compat.is_array_api_obj(values):
        return np.asarray(values, dtype=np.float64)
    xp = namespace(values)
    return xp.astype(values, xp.float64, copy=False)


def contiguous(array):
    """A C-contiguous copy, the same numbers in the same order whatever the layout was: sums then round alike."""
    if is_numpy_array(array) or is_cupy_array(array):
        return array.copy(order="C")
    return namespace(array).asarray(array, copy=True)


def cuda_array(array):
    """CuPy copy of a host array on the current GPU; RuntimeError with what to install where that cannot be."""
    try:
        import cupy
    except ImportError as error:
        raise RuntimeError("device='cuda' needs CuPy: pip install 'newtonreg[cuda13]' (or [cuda12] for CUDA 12).") from error
    try:
        return cupy.asarray(array)
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise RuntimeError(f"device='cuda' needs a working NVIDIA GPU and driver; CUDA answered: {error}") from error


def free_memory(like):
    """Bytes that can still be allocated where `like` lives, or None where the system does not tell."""
    if is_cupy_array(like):
        import cupy

        pool = cupy.get_default_memory_pool()
        return cupy.cuda.runtime.memGetInfo()[0] + pool.free_bytes()
    try:
        with open("/proc/meminfo", encoding="ascii") as table:
            return next(1024 * int(line.split()[1]) for line in table if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
