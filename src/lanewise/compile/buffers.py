"""Memory for large arrays, used again: a fresh one costs a page fault for every 4 KB that is first written.

An array from here has a `Lease` for its base. When the last array that looks at the memory is garbage, the lease
gives it back, for the next array of about that size. What is idle is bounded by ``LANEWISE_POOL_BYTES`` (default 512
MB; 0: nothing is kept), and the oldest go first. Nobody waits for the lock: who does not get it does without the pool.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

LARGE = 32 * 2**20  # bytes; smaller arrays get memory that is used again from the C library
_ROOM = 64  # what an array is aligned to


def limit() -> int:
    """How many bytes may be idle."""
    text = os.environ.get("LANEWISE_POOL_BYTES", "")
    return int(text) if text.isdigit() else 512 * 2**20


class Pool:
    """Idle memory, the oldest first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[Any] = []

    def take(self, size: int) -> Any:
        """Memory of at least so many bytes and at most a quarter more; fresh if there is none."""
        if self.lock.acquire(blocking=False):
            try:
                for n in range(len(self.idle) - 1, -1, -1):
                    if size <= self.idle[n].size <= size + size // 4:
                        return self.idle.pop(n)
            finally:
                self.lock.release()
        return np.empty(size, np.uint8)

    def give(self, block: Any) -> None:
        """Keep memory for later, and let go of the oldest if it is too much."""
        if self.lock.acquire(blocking=False):
            try:
                most = limit()
                self.idle.append(block)
                while self.idle and sum([x.size for x in self.idle]) > most:
                    del self.idle[0]
            finally:
                self.lock.release()

    def clear(self) -> None:
        """Let go of everything."""
        self.idle = []
        self.lock = threading.Lock()  # after a fork nobody may be there to release it


POOL = Pool()


class Lease:
    """Memory in use by an array."""

    __slots__ = ("__array_interface__", "__weakref__", "block")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
        self.block = POOL.take(size + _ROOM)
        start = -self.block.ctypes.data % _ROOM
        self.__array_interface__ = {
            "version": 3, "shape": shape, "typestr": dtype.str, "data": (self.block.ctypes.data + start, False),
        }  # fmt: skip

    def __del__(self, give: Any = POOL.give) -> None:
        give(self.block)


def fresh(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array with nothing in it yet."""
    size = dtype.itemsize
    for count in shape:
        size *= count
    return np.empty(shape, dtype) if size < LARGE else np.asarray(Lease(shape, dtype, size))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.clear)
