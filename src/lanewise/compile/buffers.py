"""Memory for large arrays, used again: a fresh one costs a page fault for every 4 KB that is first written.

An array from here has a `Lease` for its base. When the last array that looks at the memory is garbage, the lease
gives it back, for the next array of about that size. What is idle is bounded by ``LANEWISE_POOL_BYTES`` (default 512
MB; 0: nothing is kept), and the oldest go first. Nobody waits for the lock: who does not get it does without the pool.

Fresh memory comes in huge pages where the system has them: a fault for every 2 MB then.
"""

from __future__ import annotations

import mmap
import os
import threading
from typing import Any

import numpy as np

from .. import settings

LARGE = 2**17  # bytes; where the C library begins to give memory back to the system
HUGE = 2**21  # bytes of a huge page
_ROOM = 64  # what an array is aligned to


class Block:
    """A piece of memory: where it begins, what it is a part of, and how many bytes there are."""

    __slots__ = ("address", "owner", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.owner, self.address = _huge(size) or _small(size)


def _small(size: int) -> tuple[Any, int]:
    """Memory from the C library."""
    owner = np.empty(size + _ROOM, np.uint8)
    start = owner.__array_interface__["data"][0]
    return owner, start + -start % _ROOM


def _huge(size: int) -> tuple[Any, int] | None:
    """Memory that begins with a huge page, and ends with one where little of that goes to waste; None without them."""
    if size < 2 * HUGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    try:
        owner = mmap.mmap(-1, size + 2 * HUGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        start = np.frombuffer(owner, np.uint8).__array_interface__["data"][0]
        skipped, waste = -start % HUGE, -size % HUGE
        owner.madvise(mmap.MADV_HUGEPAGE, skipped, size + waste if waste <= size // 16 else size - size % HUGE)
    except OSError:  # so much memory is not to be had, says NumPy better; or this system has no such pages
        return None
    return owner, start + skipped


class Pool:
    """Idle memory, the oldest first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.idle: list[Block] = []
        self.total = 0  # bytes

    def take(self, size: int) -> Block:
        """Memory of at least so many bytes and at most a quarter more; fresh if there is none."""
        if self.lock.acquire(blocking=False):
            try:
                for n in range(len(self.idle) - 1, -1, -1):
                    if size <= self.idle[n].size <= size + size // 4:
                        self.total -= self.idle[n].size
                        return self.idle.pop(n)
            finally:
                self.lock.release()
        return Block(size)

    def give(self, block: Block, most: int) -> None:
        """Keep memory for later, and let go of the oldest if it is too much."""
        if self.lock.acquire(blocking=False):
            try:
                self.idle.append(block)
                self.total += block.size
                while self.total > most:
                    self.total -= self.idle.pop(0).size
            finally:
                self.lock.release()

    def clear(self) -> None:
        """Let go of everything."""
        self.idle, self.total = [], 0
        self.lock = threading.Lock()  # after a fork nobody may be there to release it


POOL = Pool()


class Lease:
    """Memory in use by an array."""

    __slots__ = ("__array_interface__", "__weakref__", "block", "most")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
        self.most = settings.pool_bytes()  # what may be idle later: read here, as nothing can be raised then
        self.block = POOL.take(size)
        self.__array_interface__ = {
            "version": 3, "shape": shape, "typestr": dtype.str, "data": (self.block.address, False),
        }  # fmt: skip

    def __del__(self, give: Any = POOL.give) -> None:
        give(self.block, self.most)


def fresh(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """An array with nothing in it yet."""
    size = dtype.itemsize
    for count in shape:
        size *= count
    return np.empty(shape, dtype) if size < LARGE else np.asarray(Lease(shape, dtype, size))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.clear)
