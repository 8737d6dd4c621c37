"""Threads: workers parked inside one generated function, and a kernel dealt out to them in chunks.

The caller opens a job, works on it itself, closes it and waits for those who have joined: a worker that the system
has put to sleep delays nobody. When a lane needs the ordinary way, nobody takes another chunk. Where another thread
has a job open, the call stays on its own thread. A chunk is a part of what is left: few large ones, as each begins with
reads that the processor has not foreseen, and then small ones, so that none waits long for another. The last lanes come
first: whoever made the arrays came there last, so that these are in the cache, which the first ones would drive out.

Linux wakes a worker where it has slept, though the caller may have come to that core meanwhile and another one be idle
(with two cores it looks for none): all the work would be the caller's. So who slept there may not go on there.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .. import settings
from .native import PLAIN, address_of, machine

SPIN = 3000  # how often a worker looks for the next job before it sleeps
_CALLS = {"x86_64": (202, 203, 204), "aarch64": (98, 122, 123)}
_FUTEX, _SET, _GET = _CALLS.get(platform.machine(), (None,) * 3) if sys.platform == "linux" else (None,) * 3
"""The numbers of system calls: to sleep and to wake, and for the cores where a thread may run."""

# The fields of a pool, in bytes.
_LOCK, _STATE, _EPOCH, _SLEEPERS, _NEXT, _FLAGS, _WORKERS = range(0, 448, 64)
_SIZE, _CHUNK, _SPAN, _KERNEL, _OBJECTS = range(448, 488, 8)
# The fields of a worker: its pool, the worker before it, the number of its thread, and the core where it sleeps.
_POOL_OF, _BEFORE, _THREAD, _CORE = range(0, 32, 8)

_WANTED: ContextVar[int | None] = ContextVar("lanewise_threads", default=None)


def default_threads() -> int:
    """How many threads work on a kernel: ``LANEWISE_NUM_THREADS``, or one for each core."""
    if (wanted := settings.threads()) is not None:
        return wanted
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_now() -> int:
    """How many threads the next kernel may use."""
    wanted = _WANTED.get()
    return default_threads() if wanted is None else wanted


def team() -> tuple[int, int]:
    """Who may work on the next kernel: how many threads, and of which process."""
    return threads_now(), _FORKS


@contextmanager
def num_threads(count: int) -> Iterator[None]:
    """Let compiled functions use so many threads within a block.

    Parameters
    ----------
    count : int
        At least 1. The default is one for each core, or ``LANEWISE_NUM_THREADS``.

    Returns
    -------
    context manager
        For a ``with`` block; blocks may nest.

    Raises
    ------
    ValueError
        If ``count`` is no integer of 1 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import jit, num_threads, vmap
    >>> with num_threads(1):
    ...     jit(vmap(np.sum))(np.ones((4, 3)))
    array([3., 3., 3., 3.])
    """
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError(f"num_threads: count must be a positive integer, not {count!r}.")
    token = _WANTED.set(count)
    try:
        yield
    finally:
        _WANTED.reset(token)


def rouse() -> None:
    """Wake workers for what comes soon: that takes some 20 us, in which this thread makes things ready."""
    if _POOL is not None and _WANTED.get() != 1:
        _POOL.rouse(_POOL.address)


_WORK = f"""\
  %nextp = getelementptr i8, ptr %pool, i64 {_NEXT}
  %sizep = getelementptr i8, ptr %pool, i64 {_SIZE}
  %chunkp = getelementptr i8, ptr %pool, i64 {_CHUNK}
  %kernelp = getelementptr i8, ptr %pool, i64 {_KERNEL}
  %objectsp = getelementptr i8, ptr %pool, i64 {_OBJECTS}
  %flagsp = getelementptr i8, ptr %pool, i64 {_FLAGS}
"""  # where the pool says what is to be done


def runtime_text() -> str:
    """The code of callers and workers."""
    return f"""
declare i64 @syscall(i64, ...)
declare i32 @sched_getcpu()
declare void @llvm.x86.sse2.pause()

define internal void @work(ptr %pool) {{
entry:
{_WORK}  %size = load i64, ptr %sizep
  %chunk = load i64, ptr %chunkp
  %kernel = load ptr, ptr %kernelp
  %objects = load ptr, ptr %objectsp
  %spanp = getelementptr i8, ptr %pool, i64 {_SPAN}
  %span = load i64, ptr %spanp
  %more = add i64 %size, %chunk
  %last = sub i64 %more, 1
  %over = urem i64 %last, %chunk
  %whole = sub i64 %last, %over
  br label %head
head:
  %first = load atomic i64, ptr %nextp seq_cst, align 8
  br label %look
look:
  %done = phi i64 [ %first, %head ], [ %now, %take ]
  %rest = sub i64 %whole, %done
  %some = icmp sgt i64 %rest, 0
  br i1 %some, label %take, label %exit
take:
  %share = udiv i64 %rest, %span
  %few = icmp eq i64 %share, 0
  %chunks = select i1 %few, i64 1, i64 %share
  %lanes = mul i64 %chunks, %chunk
  %then = add i64 %done, %lanes
  %pair = cmpxchg ptr %nextp, i64 %done, i64 %then seq_cst seq_cst
  %now = extractvalue {{ i64, i1 }} %pair, 0
  %mine = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %mine, label %run, label %look
run:
  %lo = sub i64 %rest, %lanes
  %short = icmp sgt i64 %rest, %size
  %hi = select i1 %short, i64 %size, i64 %rest
  %flags = call i64 %kernel(ptr %objects, i64 %lo, i64 %hi)
  %old = atomicrmw or ptr %flagsp, i64 %flags seq_cst
  %failed = icmp ne i64 %flags, 0
  br i1 %failed, label %stop, label %head
stop:
  %skipped = atomicrmw max ptr %nextp, i64 %whole seq_cst
  br label %exit
exit:
  ret void
}}

define i64 @parallel(ptr %pool, ptr %kernel, ptr %objects, i64 %size, i64 %chunk, i64 %span) {{
entry:
  %lock = cmpxchg ptr %pool, i64 0, i64 1 seq_cst seq_cst
  %mine = extractvalue {{ i64, i1 }} %lock, 1
  br i1 %mine, label %open, label %alone
alone:
  %direct = call i64 %kernel(ptr %objects, i64 0, i64 %size)
  ret i64 %direct
open:
  %statep = getelementptr i8, ptr %pool, i64 {_STATE}
{_WORK}  store atomic i64 0, ptr %nextp seq_cst, align 8
  store i64 %size, ptr %sizep
  store i64 %chunk, ptr %chunkp
  %spanp = getelementptr i8, ptr %pool, i64 {_SPAN}
  store i64 %span, ptr %spanp
  store ptr %kernel, ptr %kernelp
  store ptr %objects, ptr %objectsp
  store atomic i64 0, ptr %flagsp seq_cst, align 8
  %opened = atomicrmw or ptr %statep, i64 1 seq_cst
  call void @rouse(ptr %pool)
  call void @work(ptr %pool)
  %closed = atomicrmw and ptr %statep, i64 -2 seq_cst
  br label %wait
wait:
  %state = load atomic i64, ptr %statep seq_cst, align 8
  %busy = icmp ne i64 %state, 0
  br i1 %busy, label %pause, label %done
pause:
  {_pause()}
  br label %wait
done:
  %flags = load atomic i64, ptr %flagsp seq_cst, align 8
  store atomic i64 0, ptr %pool seq_cst, align 8
  ret i64 %flags
}}

define void @rouse(ptr %pool) {{
entry:
  %epochp = getelementptr i8, ptr %pool, i64 {_EPOCH}
  %sleepersp = getelementptr i8, ptr %pool, i64 {_SLEEPERS}
  %bumped = atomicrmw add ptr %epochp, i32 1 seq_cst
  %sleepers = load atomic i64, ptr %sleepersp seq_cst, align 8
  %asleep = icmp sgt i64 %sleepers, 0
  br i1 %asleep, label %wake, label %exit
wake:
  call void @part(ptr %pool)
  %woken = call i64 (i64, ...) @syscall(i64 {_FUTEX}, ptr %epochp, i32 129, i32 1024, ptr null, ptr null, i32 0)
  br label %exit
exit:
  ret void
}}

define void @part(ptr %pool) {{
entry:
  %mask = alloca [16 x i64]
  %here = call i32 @sched_getcpu()
  %workersp = getelementptr i8, ptr %pool, i64 {_WORKERS}
  %last = load atomic ptr, ptr %workersp seq_cst, align 8
  %known = icmp ult i32 %here, 1024
  br i1 %known, label %look, label %exit
look:
  %worker = phi ptr [ %last, %entry ], [ %before, %check ], [ %before, %move ]
  %none = icmp eq ptr %worker, null
  br i1 %none, label %exit, label %check
check:
  %beforep = getelementptr i8, ptr %worker, i64 {_BEFORE}
  %before = load ptr, ptr %beforep
  %corep = getelementptr i8, ptr %worker, i64 {_CORE}
  %core = load atomic i32, ptr %corep seq_cst, align 4
  %same = icmp eq i32 %core, %here
  br i1 %same, label %move, label %look
move:
  %threadp = getelementptr i8, ptr %worker, i64 {_THREAD}
  %thread = load i64, ptr %threadp
  store [16 x i64] zeroinitializer, ptr %mask
  %got = call i64 (i64, ...) @syscall(i64 {_GET}, i64 0, i64 128, ptr %mask)
  %byte = lshr i32 %here, 3
  %bytep = getelementptr i8, ptr %mask, i32 %byte
  %bit = and i32 %here, 7
  %old = load i8, ptr %bytep
  %shift = trunc i32 %bit to i8
  %one = shl i8 1, %shift
  %others = xor i8 %one, -1
  %new = and i8 %old, %others
  store i8 %new, ptr %bytep
  %set = call i64 (i64, ...) @syscall(i64 {_SET}, i64 %thread, i64 128, ptr %mask)
  br label %look
exit:
  ret void
}}

define void @worker(ptr %self) {{
entry:
  %pool = load ptr, ptr %self
  %corep = getelementptr i8, ptr %self, i64 {_CORE}
  %statep = getelementptr i8, ptr %pool, i64 {_STATE}
  %epochp = getelementptr i8, ptr %pool, i64 {_EPOCH}
  %sleepersp = getelementptr i8, ptr %pool, i64 {_SLEEPERS}
  %first = load atomic i32, ptr %epochp seq_cst, align 4
  br label %look
look:
  %seen = phi i32 [ %first, %entry ], [ %now, %leave ]
  br label %spin
spin:
  %turns = phi i64 [ 0, %look ], [ %more, %idle ]
  %epoch = load atomic i32, ptr %epochp seq_cst, align 4
  %fresh = icmp ne i32 %epoch, %seen
  br i1 %fresh, label %join, label %idle
idle:
  {_pause()}
  %more = add i64 %turns, 1
  %tired = icmp sgt i64 %more, {SPIN}
  br i1 %tired, label %sleep, label %spin
sleep:
  %core = call i32 @sched_getcpu()
  store atomic i32 %core, ptr %corep seq_cst, align 4
  %down = atomicrmw add ptr %sleepersp, i64 1 seq_cst
  %slept = call i64 (i64, ...) @syscall(i64 {_FUTEX}, ptr %epochp, i32 128, i32 %seen, ptr null, ptr null, i32 0)
  %up = atomicrmw sub ptr %sleepersp, i64 1 seq_cst
  store atomic i32 -1, ptr %corep seq_cst, align 4
  br label %join
join:
  %now = load atomic i32, ptr %epochp seq_cst, align 4
  %old = atomicrmw add ptr %statep, i64 2 seq_cst
  %bit = and i64 %old, 1
  %isopen = icmp ne i64 %bit, 0
  br i1 %isopen, label %help, label %leave
help:
  call void @work(ptr %pool)
  br label %leave
leave:
  %left = atomicrmw sub ptr %statep, i64 2 seq_cst
  br label %look
}}
"""


def _pause() -> str:
    return "call void @llvm.x86.sse2.pause()" if platform.machine() == "x86_64" else "fence seq_cst"


class Pool:
    """Workers, and the memory through which they are given jobs."""

    def __init__(self) -> None:
        text = f'target triple = "{machine().triple}"\ntarget datalayout = "{machine().layout}"\n' + runtime_text()
        if platform.machine() != "x86_64":
            text = text.replace("declare void @llvm.x86.sse2.pause()\n", "")
        code = machine().object_code(text, PLAIN)
        symbols = {name: address_of(name) for name in ("syscall", "sched_getcpu")}
        parallel, worker, rouse, part = machine().link(code, symbols, "parallel", "worker", "rouse", "part")
        self.parallel: int = parallel
        self.worker, self.part = [ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address) for address in (worker, part)]
        self.rouse = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)(rouse)
        self.memory = (ctypes.c_int64 * 72)()
        self.address = (ctypes.addressof(self.memory) + 63) & ~63
        self.workers: list[Any] = []
        self.last = ctypes.c_void_p.from_address(self.address + _WORKERS)

    def grow(self, count: int) -> None:
        """See that there are so many workers."""
        while len(self.workers) < count:
            own = (ctypes.c_int64 * 4)(self.address, self.last.value or 0, 0, -1)
            thread = threading.Thread(target=self.worker, args=(own,), name="lanewise", daemon=True)
            thread.start()
            own[2] = thread.native_id or 0
            self.workers.append((thread, own))
            self.last.value = ctypes.addressof(own)  # from now on callers look at it


_POOL: Pool | None = None
_MAKING = threading.Lock()
_FORKS = 0


def pool(workers: int) -> Pool | None:
    """The pool, with at least so many workers; None where this system has no futex."""
    global _POOL
    if _FUTEX is None:
        return None
    with _MAKING:
        if _POOL is None:
            _POOL = Pool()
        _POOL.grow(workers)
        return _POOL


def _forget() -> None:
    """After a fork, the child has no workers."""
    global _POOL, _MAKING, _FORKS
    _POOL = None
    _FORKS += 1
    _MAKING = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
