"""Kernels, threads and the cache of machine code."""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import struct
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from lanewise import jit, num_threads, vmap
from lanewise.compile import cache, native, onepiece, run
from lanewise.compile.emit import Emitter
from lanewise.compile.memory import transpose
from lanewise.compile.rows.reductions import network, pairwise


def test_instructions_are_hoisted_and_shared():
    e = Emitter(4)
    loop = e.enter(e.index(0), e.index(10), 1)
    x, y = e.index(3), e.index(4)
    a = e.op("add", x, y)
    assert a.region is e.root
    assert e.op("add", x, y) is a
    assert e.op("add", loop.counter, a).region is loop.region
    loop.close()


def test_transpose_is_one():
    e = Emitter(8)
    rows = [e.load(e.alloca("double", 8), "double", 8) for _ in range(8)]
    lanes = {row.name: [(n, k) for k in range(8)] for n, row in enumerate(rows)}

    def shuffle(a, b, order):
        ref = e.add(f"x{len(lanes)}", "double", 8, [a, b])
        both = lanes[a.name] + lanes[b.name]
        lanes[ref.name] = [both[n] for n in order]
        return ref

    e.shuffle = shuffle
    for k, row in enumerate(transpose(e, rows)):
        assert lanes[row.name] == [(n, k) for n in range(8)]


@pytest.mark.parametrize("size", range(1, 17))
def test_sorting_networks(size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        items = rng.integers(0, 9, size).tolist()
        wanted = sorted(items)
        for a, b in network(size):
            if items[b] < items[a]:
                items[a], items[b] = items[b], items[a]
        assert items == wanted


@pytest.mark.parametrize("size", [1, 3, 8, 13, 100, 129, 200])
def test_sums_are_in_the_order_of_numpy(size):
    x = np.random.default_rng(size).normal(size=size) * 10.0 ** np.arange(size).clip(0, 12)
    assert pairwise(list(x), lambda a, b: a + b) == x.sum()


# ---- kernels stay within their arrays ----


class Guarded:
    """Memory that ends where a page begins that nobody may touch."""

    def __init__(self, size: int) -> None:
        page = mmap.PAGESIZE
        self.pages = -(-size // page)
        self.map = mmap.mmap(-1, (self.pages + 1) * page)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mprotect(ctypes.c_void_p(self.address + self.pages * page), page, 0) == 0
        self.start = self.pages * page - size

    def array(self, like: np.ndarray) -> np.ndarray:
        """A copy of an array that ends at the guard."""
        found = np.frombuffer(self.map, like.dtype, like.size, self.start).reshape(like.shape)
        found[...] = like
        return found


def guarded(x: np.ndarray) -> np.ndarray:
    return Guarded(x.nbytes).array(x)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 31, 33])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 7, 8, 9, 13])
def test_kernels_stay_within_their_arrays(n, width, monkeypatch):
    x = np.arange(n * width, dtype=float).reshape(n, width)
    made = []

    def empty(shape, dtype):
        made.append(guarded(np.zeros(shape, dtype)))
        return made[-1]

    import lanewise.compile.jit as module

    monkeypatch.setattr(module, "_EMPTY", empty)
    for f, arg in ((lambda v: v * 2, guarded(x)), (lambda v: v[0] + v[-1], guarded(x))):
        for dtype in (np.float64, np.float32, np.int8, bool):
            given = guarded(arg.astype(dtype)) if dtype is not np.float64 else arg
            if dtype is bool:
                found = jit(vmap(lambda v: ~v))(given)
                assert np.array_equal(found, ~given)
            else:
                assert np.array_equal(jit(vmap(f))(given), vmap(f)(given))
    assert made


# ---- threads ----


@pytest.fixture
def many(monkeypatch):
    """Every kernel long enough for threads."""
    monkeypatch.setattr(run, "SHORT", 1)


def test_threads_agree(many):
    x = np.random.default_rng(0).normal(size=(100_003, 3))
    f = lambda v: np.sqrt((v * v).sum())  # noqa: E731
    with num_threads(1):
        alone = jit(vmap(f))(x)
    for count in (2, 3, 5):
        with num_threads(count):
            g = jit(vmap(f))
            for _ in range(20):
                assert np.array_equal(g(x), alone)


def test_calls_from_many_threads(many):
    x = np.random.default_rng(0).normal(size=20_001)
    f = jit(vmap(lambda v: v * v + 1))
    wanted = f(x)
    wrong = []

    def work():
        with num_threads(3):
            wrong.extend(1 for _ in range(30) if not np.array_equal(f(x), wanted))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("blas", [1, 2])
def test_threads_of_blas(many, blas):
    """Kernels and matrix products take turns, whatever threads BLAS has, also where many threads call them."""
    rng = np.random.default_rng(0)
    x, w = rng.integers(-3, 4, (40, 120, 90)).astype(float), rng.integers(-3, 4, (90, 110)).astype(float)
    f = jit(vmap(lambda a, b: np.maximum(a * 2 @ b, 0).sum(axis=0) + 1, in_axes=(0, None)))
    wanted = np.stack([np.maximum(a * 2 @ w, 0).sum(axis=0) + 1 for a in x])
    with threadpool_limits(blas), ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: f(x, w), range(40)):
            assert np.array_equal(found, wanted)


def test_the_number_of_threads():
    with pytest.raises(ValueError, match="positive integer"), num_threads(0):
        pass


SCRIPT = """
import os
import numpy as np
from lanewise import jit, num_threads, vmap
from lanewise.compile import run
from lanewise.compile.native import machine
run.SHORT = 1
x = np.arange(10_000.0)
f = jit(vmap(lambda v: v * 3))
with num_threads(2):
    f(x)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if np.array_equal(f(x), x * 3) else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert np.array_equal(f(x), x * 3)
print(machine().compiled)
"""


def run_script(directory):
    environment = {**os.environ, "LANEWISE_CACHE_DIR": str(directory)}
    found = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT], capture_output=True, text=True,
        env=environment, check=True,
    )  # fmt: skip
    return int(found.stdout)


def test_forks_and_second_processes(tmp_path):
    place = tmp_path / "cache"
    assert run_script(place) == 3  # the kernel, the workers, and how long kernels are entered
    assert place.stat().st_mode & 0o777 == 0o700
    assert run_script(place) == 0
    for path in place.iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert run_script(place) == 3  # damaged entries are made again
    assert run_script(place) == 0


def test_the_cache_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("LANEWISE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "LIMIT", 1000)
    for n in range(20):
        cache.write(f"{n:x}0", bytes(200))
        os.utime(tmp_path / "cache" / f"{n:x}0.o", (n, n))
    assert cache.read("00") is None
    assert cache.read("130") == bytes(200)
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) <= 1000 + 232


def test_a_directory_that_others_write_is_not_used(tmp_path, monkeypatch):
    place = tmp_path / "cache"
    place.mkdir()
    place.chmod(0o777)
    monkeypatch.setenv("LANEWISE_CACHE_DIR", str(place))
    cache.write("x", b"code")
    assert not list(place.iterdir())
    assert cache.read("x") is None


# ---- code in one piece ----


def far(code):
    """The relocations of an object file that are distances to another section of it."""
    table, count = struct.unpack_from("<Q", code, 40)[0], struct.unpack_from("<H", code, 60)[0]
    sections = [onepiece.Section(*struct.unpack_from("<IIQQQQIIQQ", code, table + 64 * n)) for n in range(count)]
    found = []
    for section in sections:
        for at in range(section.offset, section.offset + section.size, 24) if section.type == 4 else ():
            _, info, _ = struct.unpack_from("<QQq", code, at)
            home = struct.unpack_from("<H", code, sections[section.link].offset + 24 * (info >> 32) + 6)[0]
            if home not in (0, section.info):
                found.append(at)
    return found


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have other object files")
def test_constants_lie_behind_the_code():
    """Apart, in a process with gigabytes of arrays, they may be too far away: LLVM's linker aborts there."""
    f = jit(vmap(lambda x: np.sin(x * 1.25) + np.tanh(x + 0.1) * 3.7))
    f(np.ones(100))
    (step,) = next(iter(f.known.values())).plan.steps
    code = native.machine().compile(step.text)
    assert far(code)
    made = onepiece.one_piece(code)
    assert not far(made)
    assert onepiece.one_piece(made) == made or not far(onepiece.one_piece(made))
    assert onepiece.one_piece(b"no object") == b"no object"
