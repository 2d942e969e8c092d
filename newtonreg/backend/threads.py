"""BLAS threads: none for small matrices, where handing work over costs more than the work."""

import threading
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

__all__ = ["threads_for"]

_SERIAL_FLOPS = 1e9
"""Flops of one matrix product below which a second thread does not pay on a busy machine."""


_LOCK = threading.Lock()
_active = {"blocks": 0, "limit": None}


@lru_cache(maxsize=1)
def _controller():
    return ThreadpoolController()


@contextmanager
def threads_for(flops):
    """One BLAS thread inside the block where its typical product has fewer than about 1e9 `flops`, else as many as there are."""
    if flops >= _SERIAL_FLOPS:
        yield
        return
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter():
    """The limit is the process's, and fits may overlap in threads: the first one in sets it, the last one out takes it back."""
    with _LOCK:
        if _active["blocks"] == 0:
            _active["limit"] = _controller().limit(limits=1, user_api="blas")
        _active["blocks"] += 1


def _leave():
    with _LOCK:
        _active["blocks"] -= 1
        if _active["blocks"] == 0:
            _active["limit"].restore_original_limits()
