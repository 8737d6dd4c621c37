"""Threads, re-entrance, exceptions at any point, functions that are none, values that escape, and memory."""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import operator
import pickle
import sys
import threading
import tracemalloc
import warnings
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import optree
import pytest

import lanewise.numpy as lnp
from lanewise import PerformanceWarning, custom_vmap, jit, vmap

X = np.array([1.5, -2.0, 3.25, 0.0, -0.5, 1.5])
A = np.arange(12.0).reshape(4, 3) - 5


def nothing_is_left(*arrays):
    """Whether no mapped function is at work any more, and arrays can be written again."""
    assert type(lnp.zeros(3)) is np.ndarray
    assert all(array.flags.writeable for array in arrays)
    assert vmap(lambda x: -x if x < 0 else x, strict=True)(X).tolist() == abs(X).tolist()


@pytest.fixture(autouse=True)
def _slow_is_fine():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerformanceWarning)
        yield


# ---- threads ----


def in_threads(work, count=8):
    """Run ``work(n)`` in many threads at once."""
    barrier = threading.Barrier(count)

    def start(n):
        barrier.wait()
        return work(n)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(start, range(count)))
    finally:
        sys.setswitchinterval(before)


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def writes(x):
    x[0] = x[1:].sum()
    if x[0] > 0:
        x[1] = 7.0
    return x * 2


def nested(x):
    return vmap(lambda row: row * x.sum() if row > 0 else row)(x)


SHARED = vmap(collatz)  # one mapped function for all threads


def test_one_mapped_function_in_many_threads():
    n = np.arange(1, 20)
    expected = [collatz(k) for k in n.tolist()]
    assert all(all(SHARED(n).tolist() == expected for _ in range(3)) for _ in in_threads(lambda _: 0, 2))
    assert all(in_threads(lambda _: all(SHARED(n).tolist() == expected for _ in range(3))))


@pytest.mark.parametrize("function", [writes, nested])
def test_calls_in_many_threads_are_independent(function):
    def work(seed):
        x = np.random.default_rng(seed).normal(size=(20, 3))
        for _ in range(10):
            mine, theirs = x.copy(), x.copy()
            if not np.array_equal(vmap(function)(mine), [np.array(function(row)) for row in theirs]):
                return False
            if not np.array_equal(mine, theirs):
                return False
        return True

    assert all(in_threads(work))


def test_a_closure_that_many_threads_read_stays_writable_and_right():
    table = np.arange(5.0)

    def reads(x):
        y = np.zeros(5)
        y[2] = x  # it can write, so the table is read-only for the length of each call
        return (y * table).sum()

    stop = threading.Event()
    seen = set()

    def reader():
        while not stop.is_set():
            seen.add(float(table.sum()))

    watcher = threading.Thread(target=reader)
    watcher.start()
    try:
        assert all(in_threads(lambda _: all(vmap(reads)(X).tolist() == (X * 2).tolist() for _ in range(10))))
    finally:
        stop.set()
        watcher.join()
    assert seen == {10.0}
    nothing_is_left(table)


def test_a_thread_that_fails_does_not_disturb_the_others():
    table = np.arange(3.0)

    def work(n):
        def f(x):
            y = x.copy()
            y[0] = table[0]
            if n % 2 and x[0] > 0:
                raise KeyError(n)
            return y

        for _ in range(10):
            if n % 2:
                with pytest.raises(KeyError, match=str(n)):
                    vmap(f)(A)
            else:
                assert np.array_equal(vmap(f)(A), [f(row) for row in A])
        return True

    assert all(in_threads(work))
    nothing_is_left(table)


def test_lane_values_used_in_another_thread():
    def f(x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x * 2 if x > 0 else -x).result()

    assert vmap(f)(X).tolist() == [f(x) for x in X]


def test_maps_inside_of_asyncio_tasks():
    async def task(k):
        await asyncio.sleep(0)
        found = vmap(lambda x: x * k if x > 0 else -x)(X)
        await asyncio.sleep(0)
        return found.tolist() == [x * k if x > 0 else -x for x in X.tolist()]

    async def main():
        return await asyncio.gather(*map(task, range(20)))

    assert all(asyncio.run(main()))


# ---- re-entrance ----


def inner(x):
    return vmap(lambda v: v * 2 if v > 0 else v - 1)(x).sum()


class Wrapped:
    """An object that takes part in NumPy's dispatch, with a map inside."""

    def __init__(self, value):
        self.value = value

    def __array_function__(self, func, types, args, kwargs):
        return vmap(lambda v: v + 1 if v > 0 else v)(self.value)


REENTRANT = {
    "np.vectorize": lambda x: np.vectorize(lambda v: vmap(lambda w: w + v)(np.arange(3.0)).sum())(A).sum() + x.sum(),
    "sorted by a key": lambda x: sorted([2.0, 1.0, 3.0], key=lambda k: float(inner(A[0] * k)))[0] + x.sum(),
    "a key of lanes": lambda x: sorted([x[0], x[1], x[2]], key=lambda v: -v)[0],
    "__array_function__": lambda x: np.sum(Wrapped(A[1])).sum() + x[0],
    "map and filter": lambda x: sum(map(inner, filter(lambda row: row[0] > -5, [x, x + 1]))),
    "a generator": lambda x: sum(inner(x * k) for k in range(3)),
    "functools.reduce": lambda x: functools.reduce(lambda a, b: a + inner(b), [x, x * 2], 0.0),
    "apply_along_axis": lambda x: np.apply_along_axis(inner, 0, x),
    "a method of an object": lambda x: operator.methodcaller("sum")(vmap(np.abs)(x)),
    "the same function": lambda x: inner(x) if x.ndim else x,
    "np.frompyfunc": lambda x: float(np.frompyfunc(lambda v: inner(A[0]) * v, 1, 1)(2.0)) + x[0],
}


@pytest.mark.parametrize("name", REENTRANT)
def test_maps_inside_of_callbacks(name):
    function = REENTRANT[name]
    assert np.array_equal(vmap(function)(A), [function(row) for row in A])
    nothing_is_left(A)


def test_a_generator_that_is_drawn_from_inside_and_outside():
    def numbers():
        for k in range(100):
            yield vmap(lambda v: v + k if v > 0 else v)(X)[0]

    source = numbers()
    assert next(source) == 1.5
    assert vmap(lambda x: x + next(source), strict=True)(X).tolist() == (X + 2.5).tolist()
    assert next(source) == 3.5


# ---- exceptions ----

RAISED = [KeyboardInterrupt, SystemExit, MemoryError, RecursionError, GeneratorExit, StopIteration, ZeroDivisionError]


@pytest.mark.parametrize("error", RAISED)
@pytest.mark.parametrize("place", ["all", "some", "inner", "behind a split", "lane by lane", "write", "finally"])
def test_exceptions_leave_nothing_behind(error, place):
    table = np.arange(3.0)
    x = A.copy()

    def f(x):
        x[0] = x[0] * 1 + table[0]
        if place == "all":
            raise error("stop")
        if place == "some" and x[1] > 0:
            raise error("stop")
        if place == "inner":

            def g(v):
                if v > 3:
                    raise error("stop")
                return v

            return vmap(g)(x)
        if place == "behind a split":
            if x[1] > 0:
                x = x + 1
            if x[1] > 2:
                raise error("stop")
        if place == "lane by lane" and np.frombuffer(x)[0] > 0:
            raise error("stop")
        if place == "write":
            table[0] = 1
            raise error("stop")
        if place == "finally":
            try:
                return x * 2
            finally:
                raise error("stop")
        return x

    for _ in range(2):
        with pytest.raises(error) as caught:
            vmap(f)(x)
        assert caught.value.args == ("stop",)
        nothing_is_left(table, x)


def test_endless_recursion():
    def f(x):
        return f(x + 1)

    with pytest.raises(RecursionError):
        vmap(f)(X)
    nothing_is_left()


@optree.register_pytree_node_class(namespace="lanewise")
class Refuses:
    """A container whose flattening can fail."""

    fail = True

    def __init__(self, value):
        self.value = value

    def tree_flatten(self):
        if Refuses.fail:
            raise RuntimeError("no flattening today")
        return (self.value,), None

    @classmethod
    def tree_unflatten(cls, _, children):
        return cls(*children)


def test_exceptions_while_pytrees_are_taken_apart():
    with pytest.raises(RuntimeError, match="no flattening today"):
        vmap(lambda x: x.value)(Refuses(X))
    nothing_is_left()
    with pytest.raises(RuntimeError, match="no flattening today"):
        vmap(lambda x: Refuses(x))(X)
    nothing_is_left()
    with pytest.raises(RuntimeError, match="no flattening today"):
        vmap(lambda x: vmap(Refuses)(x))(A)
    nothing_is_left()
    Refuses.fail = False
    try:
        assert vmap(lambda x: Refuses(x.value + 1))(Refuses(X)).value.tolist() == (X + 1).tolist()
    finally:
        Refuses.fail = True


def test_finalizers_that_map_and_raise(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: seen.append(found.exc_value))

    class Final:
        def __del__(self):
            vmap(lambda v: v + 1 if v > 0 else v)(X)
            raise ValueError("in __del__")

    def f(x):
        Final()
        return x * 2 if x > 0 else x

    assert vmap(f)(X).tolist() == np.where(X > 0, X * 2, X).tolist()
    assert {str(error) for error in seen} == {"in __del__"}
    nothing_is_left()


def test_the_users_handlers_see_no_signals():
    """What lanewise raises inside is no ``Exception``; a bare except sees it, and the result is right all the same."""
    seen = []

    def f(x):
        try:
            y = np.asarray(x, dtype=float)[0]
        except Exception as error:
            seen.append(error)
            y = -1.0
        return y if x[0] > 0 else np.array([1.0])[0]

    assert vmap(f)(A).tolist() == [f(row) for row in A]
    assert not seen


# ---- what is no plain function ----


async def coroutine(x):
    return x


def generator(x):
    yield x


async def both(x):
    yield x


class Calls:
    """An object whose call is an async function."""

    async def __call__(self, x):
        return x


@pytest.mark.parametrize("function", [coroutine, generator, both, functools.partial(generator), Calls()])
def test_generators_and_async_functions_are_refused(function):
    with pytest.raises(TypeError, match="whose body does not run when it is called"):
        vmap(function)


@pytest.mark.parametrize("make", [lambda x: generator(x), lambda x: (v for v in x), lambda x: coroutine(x),
                                  lambda x: {"a": (x, coroutine(x))}, lambda x: vmap(lambda v: generator(v))(x),
                                  lambda x: coroutine(np.frombuffer(x))])  # fmt: skip
def test_generators_and_coroutines_as_results_are_refused(make):
    with pytest.raises(TypeError, match=r"returns a (generator|coroutine).*\n.*Return them in a list"):
        vmap(make)(A)
    nothing_is_left()


# ---- values that escape ----


def uses(x):
    return [
        lambda: x + 1, lambda: np.sin(x), lambda: bool(x > 0), lambda: float(x), lambda: vmap(lambda y: y + x)(X),
        lambda: x.sum(), lambda: [x] == [1.0], lambda: np.asarray(x), lambda: vmap(lambda y: x)(X), lambda: x.tolist(),
        lambda: np.stack([x, x]), lambda: hash(x), lambda: copy.deepcopy(x), lambda: x.tobytes(),
        lambda: pickle.dumps(x), lambda: vmap(np.sin)(x), lambda: f"{x}", lambda: operator.iadd(x, 1), lambda: abs(x),
    ]  # fmt: skip


@pytest.mark.parametrize("fails", [False, True])
def test_escaped_values_raise_when_used(fails):
    kept = {}

    @functools.lru_cache
    def remember(key):
        return kept["value"]

    def leaky(x):
        kept["value"] = x * 2
        kept["closure"] = lambda: x + 1
        kept["generator"] = (v for v in [x * 3])
        kept["cached"] = remember(0)
        if fails:
            raise KeyError("end")
        return x

    if fails:
        leaky_map = vmap(leaky, axis_name="i")  # a named axis: no lane runs alone, on plain values
        with pytest.raises(KeyError):
            leaky_map(X)
        return
    vmap(leaky)(X)
    for use in [*uses(kept["value"]), *uses(kept["cached"]), kept["closure"], lambda: next(kept["generator"]) + 1]:
        with pytest.raises(RuntimeError, match=r"vmap\(leaky\) is used after that call has ended"):
            use()
    with ThreadPoolExecutor(1) as pool, pytest.raises(RuntimeError, match=r"vmap\(leaky\)"):
        pool.submit(kept["closure"]).result()


# ---- memory ----


def raises(x):
    if x[0] > 0:
        raise ValueError("positive")
    return x


def splits(x):
    return x * 2 if x[0] > 0 else vmap(lambda v: v + 1 if v > 0 else v)(x)


def lane_by_lane(x):
    return np.frombuffer(x)[0]


@pytest.mark.parametrize("function", [np.sin, raises, splits, lane_by_lane, nested, writes])
def test_no_memory_grows_over_many_calls(function):
    def many(count):
        for _ in range(count):
            try:
                vmap(function)(A.copy())
            except ValueError:
                pass

    many(10)
    gc.collect()
    objects = len(gc.get_objects())
    tracemalloc.start()
    try:
        many(400)  # NumPy keeps some small blocks for later
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        many(200)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 12_000, f"{grown} bytes in 200 calls"
    assert len(gc.get_objects()) - objects < 200


@pytest.mark.parametrize("function", [np.sin, splits, lane_by_lane, nested, writes])
def test_arguments_and_results_die_with_their_last_reference(function):
    vmap(function)(A.copy())
    gc.collect()
    x = A.copy()
    result = vmap(function)(x)
    watched = [weakref.ref(x), weakref.ref(result)]
    del x, result
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


@vmap
def mapped_by_name(x):
    return x * 2 if x > 0 else x


@jit
def compiled_by_name(x):
    return x * 2


@custom_vmap
def ruled_by_name(x):
    return x * 2


def test_decorated_functions_are_pickled_by_name():
    for function in (mapped_by_name, compiled_by_name, ruled_by_name):
        assert pickle.loads(pickle.dumps(function)) is function
        assert copy.deepcopy(function) is function
    again = pickle.loads(pickle.dumps(jit(np.sqrt, static_argnames=())))
    assert again(np.float64(4.0)) == 2.0
