"""BLAS threads: none for small matrices, where handing work over costs more than the work."""

from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController

__all__ = ["threads_for"]

_SERIAL_FLOPS = 2e8
"""Flops of one matrix product below which a second thread does not pay on a busy machine."""


@lru_cache(maxsize=1)
def _controller():
    return ThreadpoolController()


@contextmanager
def threads_for(flops):
    """One BLAS thread inside the block where its typical product has fewer than about 2e8 `flops`, else as many as there are."""
    if flops >= _SERIAL_FLOPS:
        yield
        return
    with _controller().limit(limits=1, user_api="blas"):
        yield
