"""Large results of compiled functions: memory that is used again."""

import gc
import os
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

from lanewise import jit, settings, vmap
from lanewise.compile import buffers
from lanewise.compile.emit import Region

COUNT = buffers.LARGE // 8 + 5


@pytest.fixture(autouse=True)
def _empty_pool():
    buffers.POOL.clear()
    yield
    buffers.POOL.clear()


def doubled():
    return jit(lambda x: x * 2.0)


def test_memory_is_used_again():
    f, x = doubled(), np.arange(float(COUNT))
    first = f(x)
    place = first.ctypes.data
    np.testing.assert_array_equal(first, x * 2)
    assert first.flags.writeable
    assert place % 64 == 0
    del first
    second = f(x + 1)
    assert second.ctypes.data == place
    np.testing.assert_array_equal(second, (x + 1) * 2)
    third = f(x)  # the second is still in use
    assert not np.shares_memory(second, third)
    np.testing.assert_array_equal(second, (x + 1) * 2)


def test_a_view_keeps_its_memory():
    f, x = doubled(), np.arange(float(COUNT))
    part = f(x)[10:20].reshape(2, 5)[:, ::2]
    gc.collect()
    other = f(-x)
    assert not np.shares_memory(part, other)
    np.testing.assert_array_equal(part, [[20, 24, 28], [30, 34, 38]])


def test_what_is_idle_is_bounded(monkeypatch):
    f, x = doubled(), np.arange(float(COUNT))
    monkeypatch.setattr(settings, "pool_bytes", lambda: 3 * buffers.LARGE)
    results = [f(x) for _ in range(5)]
    del results
    assert len(buffers.POOL.idle) == 2
    monkeypatch.setattr(settings, "pool_bytes", lambda: 0)
    f(x)
    assert not buffers.POOL.idle


@pytest.mark.parametrize("size", [buffers.LARGE, 2 * buffers.HUGE, 5 * buffers.HUGE + 4096, 20 * buffers.HUGE + 999])
def test_blocks_are_aligned_and_writable_to_their_ends(size):
    lease = buffers.Lease((size,), np.dtype(np.uint8), size)
    found = np.asarray(lease)
    assert found.ctypes.data % 64 == 0
    found[:] = 7
    assert found[0] == found[-1] == 7
    assert lease.block.size == size


def test_memory_differs_little_in_size_where_it_is_used_again():
    f = doubled()
    place = f(np.arange(1.25 * COUNT)).ctypes.data
    assert f(np.arange(float(COUNT) / 2)).ctypes.data != place
    assert f(np.arange(1.1 * COUNT)).ctypes.data == place


def test_small_results_are_not_pooled():
    found = doubled()(np.ones(1000))
    assert found.flags.owndata
    assert not buffers.POOL.idle


def test_threads_share_the_pool():
    f, x = doubled(), np.arange(float(COUNT))
    wrong = []

    def work(k):
        for _ in range(5):
            found = f(x + k)
            if not np.array_equal(found[::999], (x[::999] + k) * 2):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    total = sum(block.size for block in buffers.POOL.idle)
    assert total == buffers.POOL.total <= settings.pool_bytes()


FORK = """
import os
import subprocess
import sys
import numpy as np
from lanewise import jit, vmap
from lanewise.compile import buffers
x = np.arange(buffers.LARGE / 8)
found = jit(vmap(lambda x: x * 2))(x)
with buffers.POOL.lock:  # as if another thread had it when the process forked
    child = os.fork()
    if not child:
        os._exit(0 if buffers.POOL.lock.acquire(blocking=False) and np.array_equal(found, x * 2) else 1)
assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_has_a_pool_of_its_own():
    subprocess.run([sys.executable, "-c", FORK], check=True)  # a process without the threads of other packages


def test_nothing_is_left_of_writing_code() -> None:
    def regions() -> int:
        gc.collect()
        return sum(type(x) is Region for x in gc.get_objects())

    def recursive(x: Any, n: Any) -> Any:
        return x if n <= 0 else recursive(x * 0.5, n - 1) + 1

    before = regions()
    x, n = np.arange(8.0), np.arange(8)
    for k in range(3):
        jit(vmap(lambda x, n, k=k: x * k + n if x > n else np.sort(np.stack([x, n, x]))[1]))(x, n)
    jit(vmap(recursive))(x, n)
    assert regions() <= before
