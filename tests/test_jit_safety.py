"""No kernel reads or writes outside of its arrays, whatever their layout; jit under forks, threads and bad caches.

How strays are found: an array is laid out so that its last byte (or, for the second way, its first) is the last byte
before (or the first after) a page that may be neither read nor written. A load or a store that goes astray by a byte
kills the process, so these tests run in subprocesses and look at their exit status. The bytes of the page on the other
side of the array, as well as the gaps of strided arrays, are filled with a pattern that has to be there afterwards.
Outputs are laid out in the same way: what makes them for kernels is replaced. A row of every shape, batch sizes around
those of vectors, and a few layouts of each drawn at random are tried for every dtype.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from lanewise import PerformanceWarning, jit, num_threads, settings, vmap
from lanewise.compile import cache, native, run, threads
from lanewise.compile import jit as jit_module

PAGE = mmap.PAGESIZE
DTYPES = ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"]


# ---- arrays beside pages that nobody may touch ----


class Fenced:
    """Memory of a few pages between two that may be neither read nor written."""

    def __init__(self, size):
        pages = -(-size // PAGE)
        self.map = mmap.mmap(-1, (pages + 2) * PAGE)
        self.start = ctypes.addressof(ctypes.c_char.from_buffer(self.map))
        protect = ctypes.CDLL(None, use_errno=True).mprotect
        protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for page in (0, pages + 1):
            assert protect(self.start + page * PAGE, PAGE, 0) == 0
        self.size, self.room = size, pages * PAGE
        self.bytes = np.frombuffer(self.map, np.uint8, self.room, PAGE)
        self.bytes[:] = 0xA5

    def array(self, shape, dtype, strides=None, *, at_end=True):
        """An array of this layout that touches one of the two pages."""
        dtype = np.dtype(dtype)
        if strides is None:
            strides = tuple(dtype.itemsize * int(np.prod(shape[n + 1 :])) for n in range(len(shape)))
        low = sum(min(step * (count - 1), 0) for step, count in zip(strides, shape, strict=True) if count)
        high = sum(max(step * (count - 1), 0) for step, count in zip(strides, shape, strict=True) if count)
        first = self.room - (high + dtype.itemsize) if at_end else -low
        found = np.ndarray(shape, dtype, self.bytes, first, strides)
        self.used = np.zeros(self.room, bool)
        places = np.full(shape, first)
        for n, step in enumerate(strides if found.size else ()):
            places = places + (np.arange(shape[n]) * step).reshape([-1 if m == n else 1 for m in range(len(shape))])
        for byte in range(dtype.itemsize if found.size else 0):
            self.used[(places + byte).ravel()] = True
        return found

    def untouched(self):
        """Whether every byte outside of the array is as it was."""
        return bool((self.bytes[~self.used] == 0xA5).all())


KEPT = []


def fenced(shape, dtype, strides=None, *, at_end=True):
    """An array beside a page that nobody may touch."""
    size = np.dtype(dtype).itemsize
    steps = strides or [size * int(np.prod(shape[n + 1 :])) for n in range(len(shape))]
    place = Fenced(sum(abs(s) * max(c - 1, 0) for s, c in zip(steps, shape, strict=True)) + size)
    found = place.array(shape, dtype, strides, at_end=at_end)
    KEPT.append((place, found))
    return found


def layouts(shape, itemsize):
    """Strides of every kind for this shape."""
    sizes = range(len(shape))
    c = [itemsize * int(np.prod(shape[n + 1 :])) for n in sizes]
    f = [itemsize * int(np.prod(shape[:n])) for n in sizes]
    yield "c", c
    yield "f", f
    yield "strided", [3 * s for s in c]
    yield "rows apart", [c[0] + 8 * itemsize, *c[1:]]
    yield "backwards", [-s for s in c]
    yield "rows backwards", [-c[0], *c[1:]]
    yield "unaligned", [s + 1 if n == 0 else s for n, s in enumerate(c)]
    yield "broadcast", [0, *c[1:]]  # the first axis has one row in memory


SHAPES = [(0, (3,)), (1, (2,)), (0, ()), (1, (9, 2)), (2, (2, 4)), (0, (17,)), (0, (20, 5))]
"""The batch axis, and an example's shape."""


def check_layouts(dtype, seed=0, each=1):
    """Some layouts of every shape and batch size, in this process."""
    rng = np.random.default_rng(seed)
    width = 32 if np.dtype(dtype).itemsize == 8 else 64
    made = []

    def fresh(shape, dtype):
        made.append(fenced(shape, dtype, at_end=bool(rng.integers(2))))
        return made[-1]

    jit_module._EMPTY = run.fresh = fresh
    warnings.simplefilter("ignore", PerformanceWarning)  # after many traces
    functions = {}  # each is called with every size and layout: what was compiled for one may serve another
    for axis, rest in SHAPES:
        for size in (0, 1, width - 1, width, width + 1, int(rng.integers(2, 70))):
            shape = (*rest[:axis], size, *rest[axis:])
            kinds = list(layouts(shape, np.dtype(dtype).itemsize))
            for n in rng.permutation(len(kinds))[:each]:
                name, strides = kinds[n]
                x = fenced(shape, dtype, strides, at_end=bool(rng.integers(2)))
                values = (rng.normal(size=shape) * 5).astype(dtype)
                x[...] = np.broadcast_to(values[:1], shape) if name == "broadcast" else values
                x.flags.writeable = bool(rng.integers(2))
                out = int(rng.integers(len(rest) + 1))
                if (axis, rest, out) not in functions:
                    functions[axis, rest, out] = jit(vmap(lambda x: x + x, in_axes=axis, out_axes=out))
                found = functions[axis, rest, out](x)
                wanted = np.moveaxis(x + x, axis, out)
                assert np.array_equal(found, wanted, equal_nan=dtype[0] in "fc"), (name, shape, out)
                assert all(place.untouched() for place, _ in KEPT), (name, shape, out)
                KEPT.clear()
    assert len(made) > 30


def in_subprocess(code, **environment):
    """Run some code of this file on its own; it must not be killed."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-W", "error", "-W", "ignore::DeprecationWarning", "-c",
         f"import sys; sys.path.insert(0, {here!r})\nimport numpy as np\nimport test_jit_safety as t\n{code}"],
        capture_output=True, text=True, env={**os.environ, **environment}, timeout=500,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-3000:]
    return found.stdout


def test_fences_are_seen():
    """A read one byte too far does kill the process: the tests below can fail."""
    with pytest.raises(AssertionError):
        in_subprocess("import ctypes\nx = t.fenced((3,), 'f8')\nctypes.string_at(x.ctypes.data + 8, 17)")


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_layout(dtype):
    in_subprocess(f"t.check_layouts({dtype!r})")


# ---- indices ----

BAD = [np.iinfo(np.int64).min, -(2**40), -6, 5, 7, 2**31, 2**40, np.iinfo(np.int64).max]


def read_in_a_loop(x, i):
    total = 0.0
    n = 0
    while n < 3:
        total = total + x[i]
        n = n + 1
    return total


def write(x, i):
    y = np.zeros(5)
    y[i] = x[0]
    return y


def write_in_a_loop(x, i):
    y = np.zeros(5)
    for n in range(12):
        y[i] = x[0] + n
    return y


def read_after_a_branch(x, i):
    if x[0] > 10:
        return x[0]
    return x[i]


def two_places(x, i):
    return x[i] * x[i - 1]


INDEXED = [
    lambda x, i: x[i], lambda x, i: np.take(x, i), lambda x, i: np.take_along_axis(x, np.array([0, 1]) * 0 + i, 0),
    lambda x, i: x.reshape(5, 1)[i], lambda x, i: x[np.array([i, 0])], read_in_a_loop, write, write_in_a_loop,
    read_after_a_branch, two_places,
]  # fmt: skip


def check_indices(number):
    """What indexes out of an array raises as in NumPy, and touches nothing."""
    fun = INDEXED[number]
    warnings.simplefilter("ignore", PerformanceWarning)
    for lanes in (1, 8, 33):
        x, i = fenced((lanes, 5), "f8"), fenced((lanes,), "i8")
        x[...], i[...] = np.arange(lanes * 5.0).reshape(lanes, 5) % 7, np.arange(lanes) % 10 - 5
        function = jit(vmap(fun))
        i[i == -5] = 1
        np.testing.assert_array_equal(function(x, i), [fun(a, b) for a, b in zip(x, i, strict=True)])
        for bad in BAD:
            i[lanes // 2] = bad
            try:
                fun(x[lanes // 2], i[lanes // 2])
            except Exception as problem:
                kind = type(problem)
            else:
                raise AssertionError(bad)
            with pytest.raises(kind) as caught:
                function(x, i)
            assert lanes == 1 or f"lane {lanes // 2} of {lanes}" in caught.value.__notes__[0]
        assert all(place.untouched() for place, _ in KEPT)
        KEPT.clear()


@pytest.mark.parametrize("number", range(len(INDEXED)))
def test_indices_never_lead_outside(number):
    in_subprocess(f"t.check_indices({number})")


def check_tables():
    """Tables that all lanes share, too large for registers."""
    warnings.simplefilter("ignore", PerformanceWarning)
    for size in (3, 65, 1000):
        table, i = fenced((size,), "f8"), fenced((40,), "i8")
        table[...], i[...] = np.arange(size), np.arange(40) % size
        function = jit(vmap(lambda table, i: table[i] * 2, in_axes=(None, 0)))
        np.testing.assert_array_equal(function(table, i), table[i] * 2)
        for bad in (*BAD[:2], -size - 1, size, *BAD[5:]):
            i[7] = bad
            with pytest.raises(IndexError):
                function(table, i)
        KEPT.clear()


def test_tables():
    in_subprocess("t.check_tables()")


# ---- linear algebra, collectives and long rows beside forbidden pages ----


def check_algorithms():
    """Algorithms that read and write by blocks."""
    from lanewise import lax

    warnings.simplefilter("ignore", PerformanceWarning)
    rng = np.random.default_rng(0)
    for dtype in ("f4", "f8", "c16"):
        for size in (3, 9):
            for lanes in (1, 11):
                for at_end in (True, False):
                    for name, strides in layouts((lanes, size, size), np.dtype(dtype).itemsize):
                        if name not in ("c", "backwards"):
                            continue
                        a = fenced((lanes, size, size), dtype, strides, at_end=at_end)
                        a[...] = (rng.normal(size=a.shape) + 3 * np.eye(size)).astype(dtype)
                        found = jit(vmap(lambda a: np.linalg.inv(a) @ a))(a)
                        np.testing.assert_allclose(found, np.broadcast_to(np.eye(size), a.shape), atol=1e-3)
                        jit(vmap(lambda a: np.linalg.eigvalsh(a)))(a)
                        assert all(place.untouched() for place, _ in KEPT)
                        KEPT.clear()
    for lanes in (1, 9, 40):
        x = fenced((lanes, 70), "f8")
        x[...] = rng.normal(size=x.shape)
        np.testing.assert_allclose(jit(vmap(lambda x: x.sum() + np.cumsum(x)))(x), x.sum(1)[:, None] + np.cumsum(x, 1))
        np.testing.assert_allclose(
            jit(vmap(lambda x: x - lax.psum(x, "i"), axis_name="i"))(x), x - x.sum(0), atol=1e-12
        )
        np.testing.assert_array_equal(jit(vmap(np.sort))(x), np.sort(x))
        KEPT.clear()


def test_algorithms():
    in_subprocess("t.check_algorithms()")


def check_products():
    """Products with shared matrices, whose tiles are wider than the matrix, and what passes from one to the next."""
    run.fresh = lambda shape, dtype: fenced(shape, dtype, at_end=shape[0] % 2 == 0)
    rng = np.random.default_rng(0)
    for dtype in ("f4", "f8"):
        for size, columns in ((33, 17), (40, 30), (8, 65)):
            function = jit(vmap(lambda x, w, v: (np.tanh(x @ w) @ v) * 2, in_axes=(0, None, None)))
            alone = jit(vmap(lambda x, w, v: x @ w, in_axes=(0, None, None)))
            for lanes in (64, 67, 130, 400):
                for name, strides in layouts((lanes, size), np.dtype(dtype).itemsize):
                    x = fenced((lanes, size), dtype, strides, at_end=lanes % 2 == 0)
                    w, v = fenced((size, columns), dtype), fenced((columns, 50), dtype)
                    for a in (x, w, v):
                        a[...] = rng.normal(size=a.shape[-1:]) / 4
                    rtol = 1e-3 if dtype == "f4" else 1e-12
                    np.testing.assert_allclose(function(x, w, v), np.tanh(x @ w) @ v * 2, rtol, rtol, err_msg=name)
                    np.testing.assert_allclose(alone(x, w, v), x @ w, rtol, rtol, err_msg=name)
                    assert all(place.untouched() for place, _ in KEPT)
                    KEPT.clear()


def test_products():
    in_subprocess("t.check_products()")


def check_buffers(dtype):
    """Results that are written past the cache, those by way of a buffer among them: every size and alignment."""
    run.fresh = jit_module._EMPTY = lambda shape, dtype: fenced(shape, dtype, at_end=bool(rng.integers(2)))
    run.cache_size, run.SHORT = lambda: 1, 1
    rng = np.random.default_rng(0)
    functions = {
        (3,): lambda x: x + x, (17,): lambda x: x + x, (35,): lambda x: x[1:] + x[:-1], (64,): lambda x: x[::-1],
        (2, 25): lambda x: x[:, 1:] + x[1:, 1:], (37,): lambda x: vmap(lambda a: a + x[0])(x),
        (40,): lambda x: (x[0] + x[1], x[3:]), (98,): lambda x: x[5:] + x[0],
    }  # fmt: skip
    for shape, fun in functions.items():
        function = jit(vmap(fun))
        for threads_ in (1, 2):
            for lanes in (0, 1, 2, 7, 8, 9, 31, 32, 33, 64, 100, 129, 1000):
                x = fenced((lanes, *shape), dtype, at_end=bool(rng.integers(2)))
                x[...] = (rng.normal(size=x.shape) * 5).astype(dtype)
                with num_threads(threads_):
                    found = function(x)
                rows = [row if type(row) is tuple else (row,) for row in map(fun, x)]
                for n, part in enumerate(found if type(found) is tuple else (found,)):
                    assert all(np.array_equal(one, row[n]) for one, row in zip(part, rows, strict=True)), (shape, lanes)
                assert all(place.untouched() for place, _ in KEPT), (shape, lanes)
                KEPT.clear()
    kinds = [text for text in run.KERNELS if "nontemporal" in text]
    assert not native.machine().triple.startswith("x86_64") or {"@staged" in text for text in kinds} == {True, False}


@pytest.mark.parametrize("dtype", ["i1", "i2", "f4", "f8", "c16"])
def test_buffers(dtype):
    in_subprocess(f"t.check_buffers({dtype!r})")


# ---- threads and forks ----


def test_calls_from_many_threads():
    x = np.random.default_rng(0).normal(size=(50_000, 3))
    function = jit(vmap(lambda x, s: np.tanh(x * s).sum(), in_axes=(0, None)))
    wanted = {n: vmap(lambda x, n=n: np.tanh(x * float(n)).sum())(x) for n in range(6)}
    wrong = []

    def work(n):
        for _ in range(10):
            if not np.allclose(function(x, float(n)), wanted[n], rtol=1e-12):
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    with num_threads(2):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


FORKS = """
import os, warnings
warnings.simplefilter("ignore")
from lanewise import jit, vmap, num_threads
x = np.arange(300_000.0).reshape(100_000, 3)
f = jit(vmap(lambda x: np.exp(-x).sum()))
wanted = f(x)
for turn in range(5):
    pid = os.fork()
    if pid == 0:
        g = jit(vmap(lambda x: x * 2.0))
        good = np.array_equal(f(x), wanted) and np.array_equal(g(x), 2 * x)
        inner = os.fork()
        if inner == 0:
            os._exit(0 if np.array_equal(f(x), wanted) else 1)
        good = good and os.waitpid(inner, 0)[1] == 0
        os._exit(0 if good else 1)
    assert np.array_equal(f(x), wanted)
    assert os.waitpid(pid, 0)[1] == 0
import multiprocessing
def call(x):
    return f(x)
with multiprocessing.get_context("fork").Pool(2) as workers:
    assert all(np.array_equal(found, wanted) for found in workers.map(call, [x, x, x]))
m = np.random.default_rng(0).normal(size=(300, 300))
h = jit(vmap(lambda x, m: np.exp(-x).sum() + m[0, 0], in_axes=(0, None)))
for _ in range(3):
    assert np.allclose(h(x, m @ m), wanted + (m @ m)[0, 0])
"""


def test_forks_and_other_pools_of_threads():
    in_subprocess(FORKS, LANEWISE_NUM_THREADS="2")


FORKS_WHILE_OTHERS_COMPILE = """
import os, signal, threading, warnings
warnings.simplefilter("ignore")
from lanewise import jit, vmap
x = np.arange(3000.0)
jit(vmap(lambda x: x + 1))(x)
going = True
def compile_on():
    k = 0
    while going:
        k += 1
        jit(vmap(lambda x, k=k: x * k + 0.125))(x)
threads = [threading.Thread(target=compile_on) for _ in range(2)]
for thread in threads:
    thread.start()
found = []
for turn in range(12):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        good = np.array_equal(jit(vmap(lambda x: x * turn + 0.5))(x), x * turn + 0.5)
        os._exit(0 if good else 1)
    found.append(os.waitpid(pid, 0)[1])
going = False
for thread in threads:
    thread.join()
assert not any(found), found
"""


def test_forks_while_other_threads_compile():
    in_subprocess(FORKS_WHILE_OTHERS_COMPILE)


def test_more_threads_than_there_are(monkeypatch):
    function = jit(vmap(lambda x: np.exp(x)))
    monkeypatch.setattr(settings, "threads", lambda: 10**20)
    x = np.ones((200_000, 2))
    np.testing.assert_allclose(function(x), np.exp(x))


@pytest.mark.skipif(threads._FUTEX is None, reason="no workers on this system")
def test_workers_leave_the_core_where_the_caller_is():
    """One sleeper for each core: the one on the caller's, wherever that is, is sent away if there is another core."""
    cores, found = sorted(os.sched_getaffinity(0)), threads.pool(1)
    memory, waits, last = (ctypes.c_int64 * 72)(), threading.Event(), 0
    sleepers = []
    for core in cores:
        thread = threading.Thread(target=waits.wait)
        thread.start()
        own = (ctypes.c_int64 * 4)(ctypes.addressof(memory), last, thread.native_id, core)
        last = ctypes.addressof(own)
        sleepers.append((thread, own))
    memory[threads._WORKERS // 8] = last
    try:
        found.part(ctypes.addressof(memory))
        moved = [core for (thread, _), core in zip(sleepers, cores, strict=True)
                 if os.sched_getaffinity(thread.native_id) == set(cores) - {core}]  # fmt: skip
        kept = [core for (thread, _), core in zip(sleepers, cores, strict=True)
                if os.sched_getaffinity(thread.native_id) == set(cores)]  # fmt: skip
        assert sorted(moved + kept) == cores
        assert len(moved) == (len(cores) > 1)
        os.sched_setaffinity(0, cores[:1])
        found.part(ctypes.addressof(memory))  # who may run nowhere else stays
        assert all(os.sched_getaffinity(thread.native_id) for thread, _ in sleepers)
        os.sched_setaffinity(0, cores)
        x = np.linspace(-2, 2, 300_000)
        np.testing.assert_allclose(jit(vmap(np.tanh))(x), np.tanh(x), rtol=1e-14)
    finally:
        os.sched_setaffinity(0, cores)
        waits.set()


@pytest.mark.skipif(threads._FUTEX is None, reason="no workers on this system")
def test_workers_are_woken_ahead_if_they_are_wanted(monkeypatch):
    own, woken = threads.pool(1), []
    monkeypatch.setattr(own, "rouse", woken.append)
    with num_threads(1):
        threads.rouse()
    assert not woken
    threads.rouse()
    assert woken == [own.address]
    short, long = np.ones(100), np.ones(300_000)
    function = jit(vmap(lambda x: np.tanh(x) * 2))
    function(short), function(short)
    assert len(woken) == 1
    function(long), function(long)
    assert len(woken) == 3
    pairs = jit(vmap(lambda d: {"sum": np.tanh(d["a"]) + d["b"]}))
    pairs({"a": long, "b": long}), pairs({"a": long, "b": long})
    assert len(woken) == 5
    monkeypatch.setattr(threads, "_POOL", None)
    threads.rouse()


@pytest.mark.parametrize("lanes", [5, 50_000])
def test_after_an_exception_all_is_well(lanes):
    def f(x):
        if x[0] < 0:
            raise ValueError("negative")
        return 1.0 / x

    x = np.ones((lanes, 2))
    function = jit(vmap(f))
    assert np.array_equal(function(x), x)
    bad = x.copy()
    bad[3, 0] = -1
    with pytest.raises(ValueError, match="negative"):
        function(bad)
    assert np.array_equal(function(x), x)


# ---- the cache on disk ----

COMPILE = "import numpy as np\nfrom lanewise import jit, vmap\n" \
    "from lanewise.compile.native import machine\n" \
    "f = jit(vmap(lambda x: np.sqrt(x) + 3 * x))\nx = np.ones((9, 3))\nassert np.array_equal(f(x), x * 4)\n" \
    "print(machine().compiled)"  # fmt: skip


def run_with(directory):
    return int(in_subprocess(COMPILE, LANEWISE_CACHE_DIR=str(directory)))


def test_damaged_entries_are_made_anew(tmp_path):
    place = tmp_path / "cache"
    assert run_with(place) == 2  # the kernel, and what calls it
    assert run_with(place) == 0
    entry = max(place.glob("*.o"), key=lambda path: path.stat().st_size)
    whole = entry.read_bytes()
    for damage in (whole[:-1], b"\x7fELF" + bytes(500), whole[:40] + b"?" + whole[41:]):
        entry.write_bytes(damage)
        assert run_with(place) == 1
        assert entry.read_bytes() == whole
    entry.unlink()
    entry.mkdir()  # something else is there
    assert run_with(place) == 1


def test_places_that_hold_no_cache(tmp_path):
    file = tmp_path / "file"
    file.write_text("no directory")
    assert run_with(file) == 2
    assert run_with("/proc/nowhere") == 2
    assert run_with("") == 2
    assert file.read_text() == "no directory"


def test_an_entry_of_another_processor_is_another_entry():
    text = "define void @f() { ret void }"
    names = {cache.key(text, native.machine().cpu), cache.key(text, "another"), cache.key(text + " ", "another")}
    assert len(names) == 3


def test_old_kernels_make_room(monkeypatch):
    """Code that nobody holds is unloaded; what is called again is linked again."""
    monkeypatch.setattr(run, "MOST_KERNELS", 3)
    monkeypatch.setattr(run, "KERNELS", {})
    small, large = np.arange(50.0), np.arange(300_000.0)
    functions = [jit(vmap(lambda x, n=n: np.sin(x) * np.float64(n + 0.125) + x)) for n in range(8)]
    first = [(f(small), f(large)) for f in functions]
    assert len(run.KERNELS) <= 3
    gc.collect()
    for n, (f, (few, many)) in enumerate(zip(functions, first, strict=True)):
        np.testing.assert_array_equal(f(small), few)
        np.testing.assert_array_equal(f(large), many)
        np.testing.assert_allclose(few, np.sin(small) * (n + 0.125) + small, rtol=1e-12)


def test_threads_share_one_code_generator(monkeypatch):
    made = []

    class Slow(native.Machine):
        def __init__(self):
            made.append(self)
            time.sleep(0.05)
            super().__init__()

    monkeypatch.setattr(native, "_MACHINE", None)
    monkeypatch.setattr(native, "Machine", Slow)
    threads = [threading.Thread(target=native.machine) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
