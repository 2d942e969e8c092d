"""IDX, the file format of MNIST and its relatives: a magic number, the dimensions, the numbers."""

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

__all__ = ["read_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_GZIP = b"\x1f\x8b"


def read_idx(path):
    """The array in an IDX file, plain or compressed by gzip, whatever the file is called.

    A file is two zero bytes, a type (0x08 unsigned byte, 0x09 signed byte, 0x0B int16, 0x0C int32, 0x0D float32, 0x0E
    float64), the number of dimensions, each dimension as an unsigned 32-bit integer, and the numbers, last dimension fastest.
    All of them are big-endian.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    array
        Of the type and shape that the file announces, in native byte order, writable.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        Naming the path, where the file is no IDX file, of an unknown type, truncated, or longer than it announces.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "The IDX file format".
    """
    content = _decompressed(path)
    dtype, shape, start = _header(path, content)
    expected, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found < expected:
        raise _fault(path, f"is truncated: shape {shape} needs {expected} bytes of data, found {found}")
    if found > expected:
        raise _fault(path, f"has trailing bytes: shape {shape} needs {expected} bytes of data, found {found}")
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def _decompressed(path):
    content = Path(path).read_bytes()
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise _fault(path, f"is truncated: its gzip stream ends early, after {len(content)} bytes") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _fault(path, f"is damaged: gzip answered {str(error)!r}") from error


def _header(path, content):
    """Type, shape, and where the numbers begin."""
    if len(content) < 4:
        raise _fault(path, f"is truncated: the magic number has 4 bytes, found {len(content)}")
    if content[:2] != b"\x00\x00":
        raise _fault(path, f"is no IDX file: its first bytes are 0x{content[:4].hex()}, and the first two must be zero")
    code, n_dimensions = content[2], content[3]
    if code not in _TYPES:
        raise _fault(path, f"has the unknown type 0x{code:02x}; known are {', '.join(f'0x{known:02x}' for known in _TYPES)}")
    start = 4 + 4 * n_dimensions
    if len(content) < start:
        raise _fault(path, f"is truncated: a header of {n_dimensions} dimensions has {start} bytes, found {len(content)}")
    shape = np.frombuffer(content, ">u4", count=n_dimensions, offset=4)
    return np.dtype(_TYPES[code]), tuple(shape.tolist()), start


def _fault(path, what):
    return ValueError(f"{path} {what}. Get the file again.")
